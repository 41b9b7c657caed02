//! The requirements of the pages for bots and services, one sentence each, with their page and line.
//!
//! Every check of the judge names its requirement. A requirement without a source follows from an
//! example; a violation then shows the line of that example.

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
const CREATE: &str = "calling/en-US/v1.0/api/application-post-calls.md";
const REJECT: &str = "calling/en-US/v1.0/api/call-reject.md";
const REDIRECT: &str = "calling/en-US/v1.0/api/call-redirect.md";
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
        /// A requirement of the contract. The names in files and reports never change.
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

    /// The party that must meet it.
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
            "The service answers every request.";
        AnswerStatus = "answer.status", Must Service,
            "The status of a response is one that the page documents for the request.",
            pages [P2019_05: 50, P2019_09: 54, P2020_12: 59, P2021_PT: 59, P2021_ZH: 59];
        AnswerMediaType = "answer.media-type", Must Service,
            "A response with a body has the media type that the page prints.";
        AnswerLocation = "answer.location", Must Service,
            "A `Location` header names the created call or operation. A response without a body has this header.",
            pages [P2019_05: 50];
        AnswerBody = "answer.body", Must Service,
            "The body of a response has the documented types and enumeration values, and the id and the status of the created resource.";
        OperationIdentity = "operation.identity", Must Service,
            "The body of an operation, its `Location` and its resource path have the same operation id.";
        CallIdentity = "call.identity", Must Service,
            "A request, its response and its notifications are about the same call.";
        ResourceOne = "resource.one", Must Service,
            "`resource`, `resourceUrl` and the data of a change name the same resource.";
        ContextUnchanged = "context.unchanged", Must Service,
            "The service returns a client context unchanged.",
            pages [P2020_12: 56, P2021_PT: 56, P2021_ZH: 56];
        OperationPeople = "operation.people", Must Service,
            "An operation names exactly the people that the request invites.";
        RosterPeople = "roster.people", Must Service,
            "A roster names each invited person by id.",
            pages [P2020_12: 61, P2021_PT: 61, P2021_ZH: 61];
        ValuesCorrelate = "values.correlate", Must Service,
            "A value that the scenario repeats is the same in every message.";
        NotificationArrives = "notification.arrives", Must Service,
            "The service sends every documented notification.";
        NotificationAbout = "notification.about", Must Service,
            "A notification is about a call or an operation of the conversation, and does not follow the end of that resource.";
        NotificationMethod = "notification.method", Must Service,
            "A notification is a POST to the callback.";
        NotificationMediaType = "notification.media-type", Must Service,
            "A notification has the media type `application/json`.";
        NotificationBody = "notification.body", Must Service,
            "The body of a notification is a collection of changes with the documented types, properties and enumeration values.";
        NotificationOrder = "notification.order", Must Service,
            "The state of a call changes in this order: incoming, establishing, established, terminated, deleted.";
        NotificationToken = "notification.token", Should Service,
            "A notification has a bearer token if the page prints one.";
        TypeKind = "type.kind", Must Service,
            "An `@odata.type` of the service is one that a page prints for this kind of object.";
        MessageShown = "message.shown", Should Service,
            "A response or a notification has every property that all examples of it show.";
        ServiceTransport = "service.transport", Must Service,
            "The service sends complete, valid HTTP messages.";
        Refusal = "refusal", Must Service,
            "The service refuses an invalid request.",
            standard "RFC 9110 section 15.5";
        RefusalError = "refusal.error", Must Service,
            "The JSON body of a refusal has an error object with a code and a message.",
            pages [ERRORS: 158];
        RefusalNoSequel = "refusal.no-sequel", Must Service,
            "A refused request has no effect: nobody is invited, and no notification is sent.",
            standard "RFC 9110 section 15.5";
        RefusalNoToken = "refusal.no-token", Must Service,
            "A request without a bearer token is refused.",
            pages [P2019_05: 39, P2019_09: 43, P2020_12: 47, P2021_PT: 47, P2021_ZH: 47],
            standard "RFC 6750 section 3.1";
        RefusalForeignToken = "refusal.foreign-token", Must Service,
            "A request with a token that the service did not issue is refused.",
            standard "RFC 6750 section 3.1";
        RefusalUnknownCall = "refusal.unknown-call", Must Service,
            "A request for a call that never existed is refused.",
            standard "RFC 9110 section 15.5.5";
        RefusalEndedCall = "refusal.ended-call", Must Service,
            "A request for a call that has ended is refused.",
            standard "RFC 9110 section 15.5.5";
        RefusalMalformedBody = "refusal.malformed-body", Must Service,
            "A request whose body is not JSON is refused.",
            pages [P2020_12: 51, P2021_PT: 51, P2021_ZH: 51],
            standard "RFC 9110 section 15.5.1";
        RefusalEmptyBody = "refusal.empty-body", Must Service,
            "An invitation without a body is refused.",
            pages [P2020_12: 51, P2021_PT: 51, P2021_ZH: 51],
            standard "RFC 9110 section 15.5.1";
        RefusalMediaType = "refusal.media-type", Must Service,
            "A request whose body has a media type other than `application/json` is refused.",
            pages [P2020_12: 48, P2021_PT: 48, P2021_ZH: 48],
            standard "RFC 9110 section 15.5.16";
        RefusalNobody = "refusal.nobody", Must Service,
            "An invitation that names no people is refused.",
            pages [P2019_05: 46, P2019_09: 50, P2020_12: 55, P2021_PT: 55, P2021_ZH: 55];
        RefusalTooMany = "refusal.too-many", Must Service,
            "An invitation of more than five people is refused.",
            pages [P2020_12: 257, P2021_PT: 257, P2021_ZH: 257];
        RefusalLongContext = "refusal.long-context", Must Service,
            "A client context of more than 256 characters is refused.",
            pages [P2020_12: 56, P2021_PT: 56, P2021_ZH: 56];
        RefusalMethod = "refusal.method", Must Service,
            "A request with a method that the path does not support is refused.",
            standard "RFC 9110 section 15.5.6";
        ContextLongest = "context.longest", Must Service,
            "A client context of 256 characters is accepted.",
            pages [P2020_12: 56, P2021_PT: 56, P2021_ZH: 56];
        ReplacesSeveral = "replaces.several", Must Service,
            "If several invited people each replace a call, only the first person is invited.",
            pages [P2020_12: 510, P2021_PT: 510, P2021_ZH: 510];
        PathDeprecated = "path.deprecated", Must Service,
            "A request to the deprecated path has the same effect as one to the new path.",
            pages [P2020_12: 42, P2021_PT: 42, P2021_ZH: 42];
        RequestSent = "request.sent", Must Bot,
            "The bot sends the request of each trigger.";
        RequestMethod = "request.method", Must Bot,
            "A request has the documented method.",
            pages [P2019_05: 32, P2019_09: 37, P2020_12: 39, P2021_PT: 39, P2021_ZH: 39];
        RequestTarget = "request.target", Must Bot,
            "A request goes to a documented path with ids from the service.",
            pages [P2019_05: 32, P2019_09: 37, P2020_12: 39, P2021_PT: 39, P2021_ZH: 39];
        RequestToken = "request.token", Must Bot,
            "A request has a bearer token.",
            pages [P2019_05: 39, P2019_09: 43, P2020_12: 47, P2021_PT: 47, P2021_ZH: 47];
        RequestMediaType = "request.media-type", Must Bot,
            "A request with a body has the media type `application/json`.",
            pages [P2020_12: 48, P2021_PT: 48, P2021_ZH: 48];
        RequestBody = "request.body", Must Bot,
            "The body of a request has the documented types and properties.";
        RequestOnce = "request.once", Must Bot,
            "The bot sends each request only once, and only after a trigger or for another documented reason.";
        InvitePeople = "invite.people", Must Bot,
            "An invitation names exactly the people to invite, by kind and id.",
            pages [P2019_05: 46, P2019_09: 50, P2020_12: 55, P2021_PT: 55, P2021_ZH: 55];
        InviteReplaces = "invite.replaces", Must Bot,
            "An invitation that replaces a call names that call by its id or its path.",
            pages [P2019_09: 285, P2020_12: 514, P2021_PT: 514, P2021_ZH: 514];
        InviteContextLimit = "invite.context-limit", Must Bot,
            "A client context has at most 256 characters.",
            pages [P2020_12: 56, P2021_PT: 56, P2021_ZH: 56];
        InvitePeopleLimit = "invite.people-limit", Must Bot,
            "An invitation names at most five people.",
            pages [P2020_12: 257, P2021_PT: 257, P2021_ZH: 257];
        IdsUnchanged = "ids.unchanged", Must Bot,
            "The bot uses the ids of the service unchanged.";
        MediaAvoided = "media.avoided", Should Bot,
            "A bot that joins a call only to transfer it requests no media.",
            pages [P2019_05: 421];
        Acknowledgement = "acknowledgement", Must Bot,
            "The bot acknowledges every notification with a 2xx status.";
        BotTransport = "bot.transport", Must Bot,
            "The bot sends complete, valid HTTP messages.";
    }

    /// The requirements that only the plan of a scenario checks.
    OF_PLANS {
        RequestShown = "request.shown", Should Bot,
            "A request has every property that all examples of it show.";
        RequestVersion = "request.version", Should Bot,
            "A request uses the API version of its trigger.";
        RequestTriggered = "request.triggered", Must Bot,
            "A request has the people, targets, prompts, reasons and enumeration values of its trigger, and its callback leads to the bot.";
    }

    /// The requirements that only the monitor checks, the service's first.
    OF_TRAFFIC {
        Effect = "effect", Must Service,
            "A request has its documented effect, with exactly the people and the values that it names.";
        OperationOnce = "operation.once", Must Service,
            "A comms operation ends exactly once: in the response or in one notification.";
        OperationResult = "operation.result", Should Service,
            "A completed operation has the properties that the bot needs to fetch the result.";
        CallbackAddress = "callback.address", Must Service,
            "Notifications about a call go to the callback that the bot gave for that call.";
        CallPeople = "call.people", Must Service,
            "The source and the targets of a call never change.";
        ResourceRequested = "resource.requested", Must Service,
            "The response to a read or a change has the resource that the path names, with everything that exists in it.";
        PromptsLimit = "prompts.limit", Must Bot,
            "A prompt list has no more prompts than the page of the operation allows.";
        ParameterRange = "parameter.range", Must Bot,
            "Numbers and list lengths in a request are within the limits on the page of the operation.",
            pages [CREATE: 396];
        PhoneNumber = "people.phone-number", Must Bot,
            "A phone id in a request is a number in E.164 format: `+` and at most 15 digits.",
            pages [CALLING_ZH: 730];
        RequestPlausible = "request.plausible", Should Bot,
            "The token and the path of a request have no unset variable, such as `Bearer undefined` or an empty segment.";
        RequestType = "request.type", Should Bot,
            "An `@odata.type` in a request is one that a page prints.";
        CallIncoming = "call.incoming", Must Bot,
            "The bot answers, rejects or redirects only an incoming call that it has not answered, rejected or redirected yet.",
            pages [REJECT: 18, REDIRECT: 14];
        OperationVersion = "operation.version", Should Bot,
            "A request that changes something uses an API version whose pages document its operation.";
        AnswerInTime = "answer.in-time", Should Bot,
            "The bot answers, rejects or redirects an incoming call within 15 s, or within 5 s for policy-based recording.";
    }

    /// The requirements under fault injection ([`crate::inject`]). The level is MUST if the requirement follows from
    /// the pages, and SHOULD if it follows from an RFC or a convention.
    UNDER_INJECTION {
        RedeliverySent = "redelivery.sent", Should Service,
            "A notification that was not acknowledged is sent again.";
        RedeliverySame = "redelivery.same", Should Service,
            "A notification that is sent again is unchanged.";
        RedeliveryOrder = "redelivery.order", Should Service,
            "Until a failed notification has been sent again, no later notification about the same resource is sent.";
        NotificationEarly = "notification.early", Must Bot,
            "The bot acknowledges a notification that arrives before the response to its request.";
        NotificationTwice = "notification.twice", Must Bot,
            "The bot acknowledges both copies of a duplicate notification, and acts on it once.";
        NotificationBatched = "notification.batched", Must Bot,
            "The bot acknowledges a notification with several changes, because its body is a collection.";
        NotificationAnyOrder = "notification.any-order", Must Bot,
            "The bot acknowledges notifications about different resources in any order.";
        UnknownProperties = "unknown.properties", Should Bot,
            "The bot ignores unknown properties (OData 4.01 part 1 section 5.2).";
        UnknownResource = "unknown.resource", Should Bot,
            "The bot acknowledges a notification about an unknown resource.";
        UnknownWord = "unknown.word", Should Bot,
            "The bot acknowledges a notification with an unknown enumeration value, because enumerations may grow.";
        RetrySame = "retry.same", Must Bot,
            "A request that is sent again after a lost or late response is unchanged, so that nobody is invited twice (RFC 9110 section 9.2.2).";
        RetryThrottled = "retry.throttled", Should Bot,
            "A request with the response 429 is sent again (RFC 6585 section 4).";
        RetryNotBefore = "retry.not-before", Should Bot,
            "A request with the response 429 is not sent again before the time in `Retry-After` (RFC 9110 section 10.2.3).";
        RetryUnavailable = "retry.unavailable", Should Bot,
            "A request with the response 503 is sent again, because 503 is temporary (RFC 9110 section 15.6.4).";
        RetryReset = "retry.reset", Should Bot,
            "A request whose connection is reset before the response is sent again.";
        TokenSigned = "token.signed", Must Bot,
            "A notification without a token, or with an unsigned token, is refused with 401 or 403 (RFC 6750 section 3.1, RFC 8725 section 3.2).";
        TokenKey = "token.key", Must Bot,
            "A notification whose token is signed with another key is refused with 401 or 403 (RFC 6750 section 3.1, RFC 7515 section 5.2).";
        TokenExpired = "token.expired", Must Bot,
            "A notification whose token has expired is refused with 401 or 403 (RFC 6750 section 3.1, RFC 7519 section 4.1.4).";
        TokenAudience = "token.audience", Must Bot,
            "A notification whose token is for another application is refused with 401 or 403 (RFC 6750 section 3.1, RFC 7519 section 4.1.3).";
        OutcomeFailed = "outcome.failed", Must Bot,
            "The bot acknowledges the notification that an operation has failed, and does not repeat the request.",
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
