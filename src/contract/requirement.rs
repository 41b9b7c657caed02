//! The requirement catalogue: what the pages ask of a bot and of a service, in our own words, with
//! the page and line that each rests on.
//!
//! This is data. Every check names the requirement that it checks; what no sentence of a page
//! asks but an example shows has the line of that example instead.

use super::rule::Level;
use crate::api::party::Party;

/// One sentence of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requirement {
    /// Its stable name.
    pub id: &'static str,
    /// Whom it binds.
    pub role: Party,
    /// How binding it is.
    pub level: Level,
    /// The sentence, in our own words.
    pub text: &'static str,
    /// The pages and lines that say it; where the scenario's page is not among them, the line of
    /// the example counts.
    pub sources: &'static [(&'static str, usize)],
    /// The section of a standard that says it, where no page does or beside one; else empty.
    pub standard: &'static str,
}

const P2019_05: &str = "ru-RU/2019-05/beta/participant-invite.md";
const P2019_09: &str = "zh-CN/2019-09/beta/participant-invite.md";
const P2020_12: &str = "zh-CN/2020-12/beta/participant-invite.md";
const P2021_PT: &str = "pt-BR/2021-02/beta/participant-invite.md";
const P2021_ZH: &str = "zh-CN/2021-02/beta/participant-invite.md";
/// The page that prints an error object.
const ERRORS: &str = "ru-RU/beta-group-validateproperties.md";

const fn must(
    id: &'static str,
    role: Party,
    text: &'static str,
    sources: &'static [(&'static str, usize)],
) -> Requirement {
    Requirement {
        id,
        role,
        level: Level::Must,
        text,
        sources,
        standard: "",
    }
}

const fn should(
    id: &'static str,
    role: Party,
    text: &'static str,
    sources: &'static [(&'static str, usize)],
) -> Requirement {
    Requirement {
        id,
        role,
        level: Level::Should,
        text,
        sources,
        standard: "",
    }
}

/// What a service must refuse.
const fn refuse(
    id: &'static str,
    text: &'static str,
    sources: &'static [(&'static str, usize)],
    standard: &'static str,
) -> Requirement {
    Requirement {
        standard,
        ..must(id, Service, text, sources)
    }
}

use Party::{Bot, Service};

/// Every requirement in no fault injection, the service's first.
pub const CATALOGUE: &[Requirement] = &[
    must("answer.arrives", Service, "A request is answered.", &[]),
    must(
        "answer.status",
        Service,
        "An answer has a status that the page documents for its request.",
        &[
            (P2019_05, 50),
            (P2019_09, 54),
            (P2020_12, 59),
            (P2021_PT, 59),
            (P2021_ZH, 59),
        ],
    ),
    must(
        "answer.media-type",
        Service,
        "An answer with a body has the media type that the page prints.",
        &[],
    ),
    must(
        "answer.location",
        Service,
        "Where every example of an answer shows a Location, it is there and names what was made.",
        &[(P2019_05, 50)],
    ),
    must(
        "answer.body",
        Service,
        "The body of an answer is one whole documented alternative: its types, its properties, its words.",
        &[],
    ),
    must(
        "operation.identity",
        Service,
        "The id in an operation's body, in Location and in the resource path is one operation.",
        &[],
    ),
    must(
        "call.identity",
        Service,
        "The call in the request's path is the call in its answer and in the notifications about it.",
        &[],
    ),
    must(
        "resource.one",
        Service,
        "resource and resourceUrl of one notification name the same thing.",
        &[],
    ),
    must(
        "context.unchanged",
        Service,
        "A client context comes back unchanged; one that the service makes up stays the same.",
        &[(P2020_12, 56), (P2021_PT, 56), (P2021_ZH, 56)],
    ),
    must(
        "operation.people",
        Service,
        "An operation names exactly the people invited.",
        &[],
    ),
    must(
        "roster.people",
        Service,
        "A roster update on the call names each person invited, by id.",
        &[(P2020_12, 61), (P2021_PT, 61), (P2021_ZH, 61)],
    ),
    must(
        "values.correlate",
        Service,
        "A value that stands in several places of a conversation is the same in all of them.",
        &[],
    ),
    must(
        "notification.arrives",
        Service,
        "A documented notification is sent.",
        &[],
    ),
    must(
        "notification.about",
        Service,
        "Notifications are about the calls and operations of the conversation, and none follows an end.",
        &[],
    ),
    must(
        "notification.method",
        Service,
        "A notification is a POST to the callback.",
        &[],
    ),
    must(
        "notification.media-type",
        Service,
        "A notification has the media type application/json.",
        &[],
    ),
    must(
        "notification.body",
        Service,
        "The body of a notification is a collection of changes with the documented types, properties and words.",
        &[],
    ),
    must(
        "notification.order",
        Service,
        "A call goes incoming, establishing, established, terminated, deleted.",
        &[],
    ),
    should(
        "notification.token",
        Service,
        "A notification carries a bearer token where the page prints one.",
        &[],
    ),
    must(
        "type.kind",
        Service,
        "An @odata.type is one that the page prints for this kind of object.",
        &[],
    ),
    should(
        "type.printed",
        Service,
        "An @odata.type that the page prints is there.",
        &[],
    ),
    must(
        "service.transport",
        Service,
        "Connections carry whole HTTP messages.",
        &[],
    ),
    refuse(
        "refusal",
        "What is wrong is refused.",
        &[],
        "RFC 9110 section 15.5",
    ),
    refuse(
        "refusal.error",
        "A refusal whose body is JSON has an error object with a code and a message.",
        &[(ERRORS, 158)],
        "",
    ),
    refuse(
        "refusal.no-sequel",
        "Nothing follows from what is refused: nobody is invited, and no notification tells of it.",
        &[],
        "RFC 9110 section 15.5",
    ),
    refuse(
        "refusal.no-token",
        "A request without a bearer token is refused.",
        &[
            (P2019_05, 39),
            (P2019_09, 43),
            (P2020_12, 47),
            (P2021_PT, 47),
            (P2021_ZH, 47),
        ],
        "RFC 6750 section 3.1",
    ),
    refuse(
        "refusal.foreign-token",
        "A request with a token that is none of the service's is refused.",
        &[],
        "RFC 6750 section 3.1",
    ),
    refuse(
        "refusal.unknown-call",
        "A request about a call that never was is refused.",
        &[],
        "RFC 9110 section 15.5.5",
    ),
    refuse(
        "refusal.ended-call",
        "A request about a call that has ended is refused.",
        &[],
        "RFC 9110 section 15.5.5",
    ),
    refuse(
        "refusal.malformed-body",
        "A body that is no JSON is refused.",
        &[(P2020_12, 51), (P2021_PT, 51), (P2021_ZH, 51)],
        "RFC 9110 section 15.5.1",
    ),
    refuse(
        "refusal.empty-body",
        "An invitation without a body is refused.",
        &[(P2020_12, 51), (P2021_PT, 51), (P2021_ZH, 51)],
        "RFC 9110 section 15.5.1",
    ),
    refuse(
        "refusal.media-type",
        "A body of another media type than application/json is refused.",
        &[(P2020_12, 48), (P2021_PT, 48), (P2021_ZH, 48)],
        "RFC 9110 section 15.5.16",
    ),
    refuse(
        "refusal.nobody",
        "An invitation of nobody is refused.",
        &[
            (P2019_05, 46),
            (P2019_09, 50),
            (P2020_12, 55),
            (P2021_PT, 55),
            (P2021_ZH, 55),
        ],
        "",
    ),
    refuse(
        "refusal.too-many",
        "An invitation of more than five people is refused.",
        &[(P2020_12, 257), (P2021_PT, 257), (P2021_ZH, 257)],
        "",
    ),
    refuse(
        "refusal.long-context",
        "A client context of more than 256 characters is refused.",
        &[(P2020_12, 56), (P2021_PT, 56), (P2021_ZH, 56)],
        "",
    ),
    refuse(
        "refusal.method",
        "A method that has no meaning for a path is refused.",
        &[],
        "RFC 9110 section 15.5.6",
    ),
    must(
        "context.longest",
        Service,
        "A client context of 256 characters is taken.",
        &[(P2020_12, 56), (P2021_PT, 56), (P2021_ZH, 56)],
    ),
    must(
        "replaces.several",
        Service,
        "Of several people who each replace a call, the first is invited.",
        &[(P2020_12, 510), (P2021_PT, 510), (P2021_ZH, 510)],
    ),
    must(
        "path.deprecated",
        Service,
        "The deprecated path leads where the new one does.",
        &[(P2020_12, 42), (P2021_PT, 42), (P2021_ZH, 42)],
    ),
    must(
        "request.sent",
        Bot,
        "The bot sends the request that it is triggered for.",
        &[],
    ),
    must(
        "request.method",
        Bot,
        "A request has the documented method.",
        &[
            (P2019_05, 32),
            (P2019_09, 37),
            (P2020_12, 39),
            (P2021_PT, 39),
            (P2021_ZH, 39),
        ],
    ),
    must(
        "request.target",
        Bot,
        "A request goes to a documented path, with the ids that the service gave.",
        &[
            (P2019_05, 32),
            (P2019_09, 37),
            (P2020_12, 39),
            (P2021_PT, 39),
            (P2021_ZH, 39),
        ],
    ),
    must(
        "request.token",
        Bot,
        "A request carries a bearer token.",
        &[
            (P2019_05, 39),
            (P2019_09, 43),
            (P2020_12, 47),
            (P2021_PT, 47),
            (P2021_ZH, 47),
        ],
    ),
    must(
        "request.media-type",
        Bot,
        "A request with a body has the media type application/json.",
        &[(P2020_12, 48), (P2021_PT, 48), (P2021_ZH, 48)],
    ),
    must(
        "request.body",
        Bot,
        "The body of a request has the documented types and properties.",
        &[],
    ),
    must(
        "request.once",
        Bot,
        "A request is sent once, and none that nothing asks for.",
        &[],
    ),
    must(
        "invite.people",
        Bot,
        "An invitation names exactly the people to invite, by kind and id.",
        &[
            (P2019_05, 46),
            (P2019_09, 50),
            (P2020_12, 55),
            (P2021_PT, 55),
            (P2021_ZH, 55),
        ],
    ),
    must(
        "invite.replaces",
        Bot,
        "An invitation that replaces a call names that call, as an id or as a path.",
        &[
            (P2019_09, 285),
            (P2020_12, 514),
            (P2021_PT, 514),
            (P2021_ZH, 514),
        ],
    ),
    must(
        "invite.context",
        Bot,
        "A client context is a string.",
        &[
            (P2019_05, 47),
            (P2019_09, 51),
            (P2020_12, 56),
            (P2021_PT, 56),
            (P2021_ZH, 56),
        ],
    ),
    must(
        "invite.context-limit",
        Bot,
        "A client context has at most 256 characters.",
        &[(P2020_12, 56), (P2021_PT, 56), (P2021_ZH, 56)],
    ),
    must(
        "invite.people-limit",
        Bot,
        "An invitation names at most five people.",
        &[(P2020_12, 257), (P2021_PT, 257), (P2021_ZH, 257)],
    ),
    must(
        "ids.unchanged",
        Bot,
        "Ids that the service gave come back unchanged.",
        &[],
    ),
    should(
        "media.avoided",
        Bot,
        "A bot that joins only to transfer avoids media negotiation.",
        &[(P2019_05, 421)],
    ),
    must(
        "acknowledgement",
        Bot,
        "A notification is answered, with any 2xx.",
        &[],
    ),
    must(
        "bot.transport",
        Bot,
        "Connections carry whole HTTP messages.",
        &[],
    ),
];

/// What is asked of either party under fault injection ([`crate::inject`]): MUST where it follows
/// from what the pages show, SHOULD where an RFC or a convention says so.
pub const UNDER_INJECTION: &[Requirement] = &[
    should(
        "redelivery.sent",
        Service,
        "A notification whose acknowledgement failed, or never came, is sent again.",
        &[],
    ),
    should(
        "redelivery.same",
        Service,
        "What is sent again is the same notification.",
        &[],
    ),
    should(
        "redelivery.order",
        Service,
        "Nothing later about a resource comes before what has to be sent again.",
        &[],
    ),
    must(
        "notification.early",
        Bot,
        "A notification is acknowledged before the response that it follows from has come.",
        &[],
    ),
    must(
        "notification.twice",
        Bot,
        "A notification that comes twice is acknowledged twice, and nothing is done twice for it.",
        &[],
    ),
    must(
        "notification.batched",
        Bot,
        "A notification may hold several changes: its body is a collection.",
        &[],
    ),
    must(
        "notification.any-order",
        Bot,
        "Notifications about different resources are acknowledged in any order.",
        &[],
    ),
    should(
        "unknown.properties",
        Bot,
        "Properties that are not known are passed over (OData 4.01 part 1 section 5.2).",
        &[],
    ),
    should(
        "unknown.resource",
        Bot,
        "A notification about a resource that is not known is acknowledged.",
        &[],
    ),
    should(
        "unknown.word",
        Bot,
        "A notification with a word that is not known is acknowledged: enumerations grow.",
        &[],
    ),
    must(
        "retry.same",
        Bot,
        "What is asked again, as its answer was lost or is late, is the same request: nobody is invited twice (RFC 9110 section 9.2.2).",
        &[],
    ),
    should(
        "retry.throttled",
        Bot,
        "A request that is answered 429 is sent again (RFC 6585 section 4).",
        &[],
    ),
    should(
        "retry.not-before",
        Bot,
        "It is not sent again before the time that Retry-After tells (RFC 9110 section 10.2.3).",
        &[],
    ),
    should(
        "retry.unavailable",
        Bot,
        "A request that is answered 503 is sent again: the condition is temporary (RFC 9110 section 15.6.4).",
        &[],
    ),
    should(
        "retry.reset",
        Bot,
        "A request whose connection was reset before an answer is sent again.",
        &[],
    ),
    must(
        "token.signed",
        Bot,
        "A notification without a token, or with one that is not signed, is refused with 401 or 403 (RFC 6750 section 3.1, RFC 8725 section 3.2).",
        &[],
    ),
    must(
        "token.key",
        Bot,
        "A notification whose token another key has signed is refused with 401 or 403 (RFC 6750 section 3.1, RFC 7515 section 5.2).",
        &[],
    ),
    must(
        "token.expired",
        Bot,
        "A notification whose token has expired is refused with 401 or 403 (RFC 6750 section 3.1, RFC 7519 section 4.1.4).",
        &[],
    ),
    must(
        "token.audience",
        Bot,
        "A notification whose token is for another application is refused with 401 or 403 (RFC 6750 section 3.1, RFC 7519 section 4.1.3).",
        &[],
    ),
    must(
        "outcome.failed",
        Bot,
        "The end of an operation that failed is acknowledged, and nothing is asked again for it.",
        &[(P2019_09, 497)],
    ),
];

/// The requirement of that name. Every name that a check uses is in the catalogue: a test of this
/// module's callers holds that.
pub fn requirement(id: &str) -> Option<&'static Requirement> {
    all().find(|requirement| requirement.id == id)
}

/// Every requirement, those of fault injection last.
pub fn all() -> impl Iterator<Item = &'static Requirement> {
    CATALOGUE.iter().chain(UNDER_INJECTION)
}

/// The name that a scenario gives, where the catalogue has it; else the other.
pub fn named(name: Option<&str>, other: &'static str) -> &'static str {
    name.and_then(requirement).map_or(other, |it| it.id)
}

impl Requirement {
    /// The line of a page that says it, where that page does.
    pub fn line_in(&self, page: &str) -> Option<usize> {
        self.sources
            .iter()
            .find(|(file, _)| page.ends_with(file))
            .map(|(_, line)| *line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_texts_are_sentences() {
        let ids: HashSet<_> = all().map(|r| r.id).collect();
        assert_eq!(ids.len(), all().count());
        for requirement in all() {
            assert!(requirement.text.ends_with('.'), "{}", requirement.id);
        }
    }

    #[test]
    fn a_requirement_knows_its_line() {
        let token = requirement("request.token").unwrap();
        assert_eq!(token.line_in(&format!("docs/{P2021_ZH}")), Some(47));
        assert_eq!(token.line_in("other.md"), None);
    }
}
