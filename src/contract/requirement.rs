//! Requirements of the pages for bots and services, one sentence each, with their page and line.
//!
//! Every check of the judge names the requirement that it checks. A requirement without a source
//! follows from an example; a violation then shows the line of that example.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use super::rule::Level;
use crate::api::party::Party;

const P2019_05: &str = "ru-RU/2019-05/beta/participant-invite.md";
const P2019_09: &str = "zh-CN/2019-09/beta/participant-invite.md";
const P2020_12: &str = "zh-CN/2020-12/beta/participant-invite.md";
const P2021_PT: &str = "pt-BR/2021-02/beta/participant-invite.md";
const P2021_ZH: &str = "zh-CN/2021-02/beta/participant-invite.md";
const CALLING_ZH: &str = "calling/zh-CN/v1.0/api/participant-invite.md";
/// The page that prints an error object.
const ERRORS: &str = "ru-RU/beta-group-validateproperties.md";

/// One row of the table.
struct Row {
    party: Party,
    level: Level,
    text: &'static str,
    sources: &'static [(&'static str, usize)],
    standard: &'static str,
}

/// Generates the enum, its names and its rows from one table.
macro_rules! requirements {
    ($(
        $(#[doc = $doc:literal])*
        $group:ident { $(
            $variant:ident = $id:literal, $level:ident $party:ident, $text:literal
            $(, pages [$($page:ident: $line:literal),*])?
            $(, standard $standard:literal)?;
        )* }
    )*) => {
        /// One sentence of the contract. Its name in files and reports never changes.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord,
            Serialize, Deserialize, JsonSchema, Display, EnumString, IntoStaticStr, VariantArray,
        )]
        pub enum Requirement {
            $($(
                #[doc = $text]
                #[serde(rename = $id)]
                #[strum(serialize = $id)]
                $variant,
            )*)*
        }

        impl Requirement {
            $(
                $(#[doc = $doc])*
                pub const $group: &[Self] = &[$(Self::$variant),*];
            )*

            const fn row(self) -> &'static Row {
                match self {
                    $($(Self::$variant => &Row {
                        party: Party::$party,
                        level: Level::$level,
                        text: $text,
                        sources: &[$($(($page, $line)),*)?],
                        standard: concat!($($standard)?),
                    },)*)*
                }
            }
        }
    };
}

impl Requirement {
    /// The name in files and reports.
    pub fn id(self) -> &'static str {
        self.into()
    }

    /// The party that it binds.
    pub const fn party(self) -> Party {
        self.row().party
    }

    pub const fn level(self) -> Level {
        self.row().level
    }

    /// The sentence, in our own words.
    pub const fn text(self) -> &'static str {
        self.row().text
    }

    /// The section of a standard that requires it; empty if only a page does.
    pub const fn standard(self) -> &'static str {
        self.row().standard
    }

    /// The pages and lines that require it.
    pub(crate) const fn sources(self) -> &'static [(&'static str, usize)] {
        self.row().sources
    }

    /// The line of a page that requires it; `None` for another page.
    pub fn line_in(self, page: &str) -> Option<usize> {
        let mut sources = self.row().sources.iter();
        let (_, line) = sources.find(|(file, _)| page.ends_with(file))?;
        Some(*line)
    }
}

requirements! {
    /// The requirements of a conversation without fault injection, the service's first.
    DOCUMENTED {
        AnswerArrives = "answer.arrives", Must Service,
            "A request is answered.";
        AnswerStatus = "answer.status", Must Service,
            "An answer has a status that the page documents for its request.",
            pages [P2019_05: 50, P2019_09: 54, P2020_12: 59, P2021_PT: 59, P2021_ZH: 59];
        AnswerMediaType = "answer.media-type", Must Service,
            "An answer with a body has the media type that the page prints.";
        AnswerLocation = "answer.location", Must Service,
            "A Location names the call or the operation that was made; an answer without a body has one.",
            pages [P2019_05: 50];
        AnswerBody = "answer.body", Must Service,
            "The body of an answer is what a page documents: its types, its words, the id and the status of what was made.";
        OperationIdentity = "operation.identity", Must Service,
            "The id in an operation's body, in Location and in the resource path is one operation.";
        CallIdentity = "call.identity", Must Service,
            "The call in the request's path is the call in its answer and in the notifications about it.";
        ResourceOne = "resource.one", Must Service,
            "resource and resourceUrl of one notification name the same thing.";
        ContextUnchanged = "context.unchanged", Must Service,
            "A client context comes back unchanged.",
            pages [P2020_12: 56, P2021_PT: 56, P2021_ZH: 56];
        OperationPeople = "operation.people", Must Service,
            "An operation names exactly the people invited.";
        RosterPeople = "roster.people", Must Service,
            "A roster update on the call names each person invited, by id.",
            pages [P2020_12: 61, P2021_PT: 61, P2021_ZH: 61];
        ValuesCorrelate = "values.correlate", Must Service,
            "A value that stands in several places of a conversation is the same in all of them.";
        NotificationArrives = "notification.arrives", Must Service,
            "A documented notification is sent.";
        NotificationAbout = "notification.about", Must Service,
            "Notifications are about the calls and operations of the conversation, and none follows an end.";
        NotificationMethod = "notification.method", Must Service,
            "A notification is a POST to the callback.";
        NotificationMediaType = "notification.media-type", Must Service,
            "A notification has the media type application/json.";
        NotificationBody = "notification.body", Must Service,
            "The body of a notification is a collection of changes with the documented types, properties and words.";
        NotificationOrder = "notification.order", Must Service,
            "A call goes incoming, establishing, established, terminated, deleted.";
        NotificationToken = "notification.token", Should Service,
            "A notification carries a bearer token where the page prints one.";
        TypeKind = "type.kind", Must Service,
            "An @odata.type is one that the page prints for this kind of object.";
        MessageShown = "message.shown", Should Service,
            "What every example of a message shows is present.";
        ServiceTransport = "service.transport", Must Service,
            "Connections carry whole HTTP messages.";
        Refusal = "refusal", Must Service,
            "A wrong request is refused.",
            standard "RFC 9110 section 15.5";
        RefusalError = "refusal.error", Must Service,
            "A refusal whose body is JSON has an error object with a code and a message.",
            pages [ERRORS: 158];
        RefusalNoSequel = "refusal.no-sequel", Must Service,
            "A refused request has no effect: nobody is invited, and no notification follows.",
            standard "RFC 9110 section 15.5";
        RefusalNoToken = "refusal.no-token", Must Service,
            "A request without a bearer token is refused.",
            pages [P2019_05: 39, P2019_09: 43, P2020_12: 47, P2021_PT: 47, P2021_ZH: 47],
            standard "RFC 6750 section 3.1";
        RefusalForeignToken = "refusal.foreign-token", Must Service,
            "A request with a foreign token is refused.",
            standard "RFC 6750 section 3.1";
        RefusalUnknownCall = "refusal.unknown-call", Must Service,
            "A request about a call that never existed is refused.",
            standard "RFC 9110 section 15.5.5";
        RefusalEndedCall = "refusal.ended-call", Must Service,
            "A request about a call that has ended is refused.",
            standard "RFC 9110 section 15.5.5";
        RefusalMalformedBody = "refusal.malformed-body", Must Service,
            "A body that is not JSON is refused.",
            pages [P2020_12: 51, P2021_PT: 51, P2021_ZH: 51],
            standard "RFC 9110 section 15.5.1";
        RefusalEmptyBody = "refusal.empty-body", Must Service,
            "An invitation without a body is refused.",
            pages [P2020_12: 51, P2021_PT: 51, P2021_ZH: 51],
            standard "RFC 9110 section 15.5.1";
        RefusalMediaType = "refusal.media-type", Must Service,
            "A body of another media type than application/json is refused.",
            pages [P2020_12: 48, P2021_PT: 48, P2021_ZH: 48],
            standard "RFC 9110 section 15.5.16";
        RefusalNobody = "refusal.nobody", Must Service,
            "An invitation of nobody is refused.",
            pages [P2019_05: 46, P2019_09: 50, P2020_12: 55, P2021_PT: 55, P2021_ZH: 55];
        RefusalTooMany = "refusal.too-many", Must Service,
            "An invitation of more than five people is refused.",
            pages [P2020_12: 257, P2021_PT: 257, P2021_ZH: 257];
        RefusalLongContext = "refusal.long-context", Must Service,
            "A client context of more than 256 characters is refused.",
            pages [P2020_12: 56, P2021_PT: 56, P2021_ZH: 56];
        RefusalMethod = "refusal.method", Must Service,
            "A method that has no meaning for a path is refused.",
            standard "RFC 9110 section 15.5.6";
        ContextLongest = "context.longest", Must Service,
            "A client context of 256 characters is accepted.",
            pages [P2020_12: 56, P2021_PT: 56, P2021_ZH: 56];
        ReplacesSeveral = "replaces.several", Must Service,
            "Of several people who each replace a call, the first is invited.",
            pages [P2020_12: 510, P2021_PT: 510, P2021_ZH: 510];
        PathDeprecated = "path.deprecated", Must Service,
            "The deprecated path has the effect of the new one.",
            pages [P2020_12: 42, P2021_PT: 42, P2021_ZH: 42];
        RequestSent = "request.sent", Must Bot,
            "The bot sends the request that it is triggered for.";
        RequestMethod = "request.method", Must Bot,
            "A request has the documented method.",
            pages [P2019_05: 32, P2019_09: 37, P2020_12: 39, P2021_PT: 39, P2021_ZH: 39];
        RequestTarget = "request.target", Must Bot,
            "A request goes to a documented path, with the ids that the service gave.",
            pages [P2019_05: 32, P2019_09: 37, P2020_12: 39, P2021_PT: 39, P2021_ZH: 39];
        RequestToken = "request.token", Must Bot,
            "A request carries a bearer token.",
            pages [P2019_05: 39, P2019_09: 43, P2020_12: 47, P2021_PT: 47, P2021_ZH: 47];
        RequestMediaType = "request.media-type", Must Bot,
            "A request with a body has the media type application/json.",
            pages [P2020_12: 48, P2021_PT: 48, P2021_ZH: 48];
        RequestBody = "request.body", Must Bot,
            "The body of a request has the documented types and properties.";
        RequestOnce = "request.once", Must Bot,
            "A request is sent once, and none without a trigger or another reason.";
        InvitePeople = "invite.people", Must Bot,
            "An invitation names exactly the people to invite, by kind and id.",
            pages [P2019_05: 46, P2019_09: 50, P2020_12: 55, P2021_PT: 55, P2021_ZH: 55];
        InviteReplaces = "invite.replaces", Must Bot,
            "An invitation that replaces a call names that call, as an id or as a path.",
            pages [P2019_09: 285, P2020_12: 514, P2021_PT: 514, P2021_ZH: 514];
        InviteContextLimit = "invite.context-limit", Must Bot,
            "A client context has at most 256 characters.",
            pages [P2020_12: 56, P2021_PT: 56, P2021_ZH: 56];
        InvitePeopleLimit = "invite.people-limit", Must Bot,
            "An invitation names at most five people.",
            pages [P2020_12: 257, P2021_PT: 257, P2021_ZH: 257];
        IdsUnchanged = "ids.unchanged", Must Bot,
            "Ids that the service gave come back unchanged.";
        MediaAvoided = "media.avoided", Should Bot,
            "A bot that joins only to transfer avoids media negotiation.",
            pages [P2019_05: 421];
        Acknowledgement = "acknowledgement", Must Bot,
            "A notification is answered, with any 2xx.";
        BotTransport = "bot.transport", Must Bot,
            "Connections carry whole HTTP messages.";
    }

    /// The requirements that only the plan of a scenario checks.
    OF_PLANS {
        RequestShown = "request.shown", Should Bot,
            "What every example of a request shows is present.";
        RequestVersion = "request.version", Should Bot,
            "A request uses the API version of its trigger.";
        RequestTriggered = "request.triggered", Must Bot,
            "A triggered request has the people, targets, prompts, reasons and words of its trigger.";
    }

    /// The requirements that only the monitor checks, the service's first.
    OF_TRAFFIC {
        Effect = "effect", Must Service,
            "What a request asks for happens: to exactly the people, and with exactly the values, that it names.";
        OperationOnce = "operation.once", Must Service,
            "A comms operation ends once: in its answer, or in one notification.";
        OperationResult = "operation.result", Should Service,
            "The end of a completed operation has the properties by which the bot fetches the result.";
        CallbackAddress = "callback.address", Must Service,
            "Notifications about a call go to the callback that the bot gave for it.";
        CallPeople = "call.people", Must Service,
            "A call has the same source and the same targets from its beginning to its end.";
        ResourceRequested = "resource.requested", Must Service,
            "The answer to a read, or to a change, is the resource that the path names, with all that exists in it.";
        PromptsLimit = "prompts.limit", Must Bot,
            "A prompt list has at most as many prompts as the page of the operation allows.";
        ParameterRange = "parameter.range", Must Bot,
            "A number in a request, and the length of a list, is within the limits that the page of the operation states.";
        PhoneNumber = "people.phone-number", Must Bot,
            "The id of a phone in a request is a number in E.164 format: `+`, and at most 15 digits.",
            pages [CALLING_ZH: 730];
        RequestPlausible = "request.plausible", Should Bot,
            "A token or a path has no variable without a value: no `Bearer undefined`, no empty segment.";
        RequestType = "request.type", Should Bot,
            "An @odata.type in a request is one that a page prints.";
        AnswerInTime = "answer.in-time", Should Bot,
            "An incoming call is answered, rejected or redirected within 15 s, one of policy-based recording within 5 s.";
    }

    /// The requirements under fault injection ([`crate::inject`]): MUST where it follows from
    /// the pages, SHOULD where an RFC or a convention says so.
    UNDER_INJECTION {
        RedeliverySent = "redelivery.sent", Should Service,
            "A notification whose acknowledgement failed, or never came, is sent again.";
        RedeliverySame = "redelivery.same", Should Service,
            "A notification that is sent again is unchanged.";
        RedeliveryOrder = "redelivery.order", Should Service,
            "No later notification about a resource comes before the one that has to be sent again.";
        NotificationEarly = "notification.early", Must Bot,
            "A notification is acknowledged before the response that it follows from has come.";
        NotificationTwice = "notification.twice", Must Bot,
            "A notification that comes twice is acknowledged twice, and has its effect once.";
        NotificationBatched = "notification.batched", Must Bot,
            "A notification may hold several changes: its body is a collection.";
        NotificationAnyOrder = "notification.any-order", Must Bot,
            "Notifications about different resources are acknowledged in any order.";
        UnknownProperties = "unknown.properties", Should Bot,
            "Unknown properties are ignored (OData 4.01 part 1 section 5.2).";
        UnknownResource = "unknown.resource", Should Bot,
            "A notification about an unknown resource is acknowledged.";
        UnknownWord = "unknown.word", Should Bot,
            "A notification with an unknown word is acknowledged: enumerations grow.";
        RetrySame = "retry.same", Must Bot,
            "A request that is sent again after a lost or late response is unchanged: nobody is invited twice (RFC 9110 section 9.2.2).";
        RetryThrottled = "retry.throttled", Should Bot,
            "A request that is answered 429 is sent again (RFC 6585 section 4).";
        RetryNotBefore = "retry.not-before", Should Bot,
            "A request that is answered 429 is not sent again before the time in Retry-After (RFC 9110 section 10.2.3).";
        RetryUnavailable = "retry.unavailable", Should Bot,
            "A request that is answered 503 is sent again: the condition is temporary (RFC 9110 section 15.6.4).";
        RetryReset = "retry.reset", Should Bot,
            "A request whose connection was reset before an answer is sent again.";
        TokenSigned = "token.signed", Must Bot,
            "A notification without a token, or with one that is not signed, is refused with 401 or 403 (RFC 6750 section 3.1, RFC 8725 section 3.2).";
        TokenKey = "token.key", Must Bot,
            "A notification whose token another key has signed is refused with 401 or 403 (RFC 6750 section 3.1, RFC 7515 section 5.2).";
        TokenExpired = "token.expired", Must Bot,
            "A notification whose token has expired is refused with 401 or 403 (RFC 6750 section 3.1, RFC 7519 section 4.1.4).";
        TokenAudience = "token.audience", Must Bot,
            "A notification whose token is for another application is refused with 401 or 403 (RFC 6750 section 3.1, RFC 7519 section 4.1.3).";
        OutcomeFailed = "outcome.failed", Must Bot,
            "The end of an operation that failed is acknowledged, and no request is sent again for it.",
            pages [P2019_09: 497];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_sentences() {
        for requirement in Requirement::VARIANTS {
            assert!(requirement.text().ends_with('.'), "{requirement}");
        }
    }

    #[test]
    fn a_requirement_has_one_name_everywhere() {
        for requirement in Requirement::VARIANTS {
            assert_eq!(serde_json::json!(requirement), requirement.id());
            assert_eq!(requirement.id().parse(), Ok(*requirement));
        }
    }

    #[test]
    fn a_requirement_knows_its_line() {
        let token = Requirement::RequestToken;
        assert_eq!(token.line_in(&format!("docs/{P2021_ZH}")), Some(47));
        assert_eq!(token.line_in("other.md"), None);
    }
}
