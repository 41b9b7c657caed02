//! The rules of changes, in the order of [`super::change::ChangeKind`].

use super::super::remark::{PageRule, RemarkKind, Severity};

const KEEP: &str = "If the change is intended, announce it. Otherwise, undo it.";
const SAY: &str = "Mention the change in the release notes.";

const BOTS: &str = "bots";
const READER: &str = "the party that reads it";
const NOBODY: &str = "nobody";

/// The rule of a kind of change. Its level is that of a change that breaks nothing.
const fn change(
    id: &'static str,
    breaks: &'static str,
    text: &'static str,
    remedy: &'static str,
) -> PageRule {
    PageRule {
        id,
        kind: RemarkKind::Change,
        level: Severity::Note,
        breaks: Some(breaks),
        text,
        remedy,
    }
}

/// Every rule of changes.
pub(crate) static ALL: [PageRule; 50] = [
    change(
        "page-removed",
        "bots, if it documents an operation that no added page documents",
        "A page is gone. If it documented an operation, a bot that uses the operation is wrong.",
        KEEP,
    ),
    change(
        "path-removed",
        BOTS,
        "A path template is gone, so a bot that uses the path is wrong.",
        KEEP,
    ),
    change("path-added", NOBODY, "A path template is new.", SAY),
    change(
        "path-deprecated",
        NOBODY,
        "A note deprecates a path that other templates replace.",
        SAY,
    ),
    change(
        "path-restored",
        NOBODY,
        "No note deprecates the path any more.",
        SAY,
    ),
    change(
        "method-changed",
        BOTS,
        "The request has another method, so a bot that sends the old one is wrong.",
        KEEP,
    ),
    change(
        "permission-removed",
        "bots, unless none is needed any more",
        "A permission no longer suffices for a kind of account.",
        KEEP,
    ),
    change(
        "permission-added",
        "bots, if none was needed before",
        "A further permission suffices for a kind of account. If none was needed before, a bot now needs one.",
        KEEP,
    ),
    change(
        "request-header-removed",
        NOBODY,
        "A row of the table of request headers is gone.",
        SAY,
    ),
    change(
        "request-header-added",
        "bots, if the header is required",
        "The table of request headers has a new row. If the header is required, a bot that does not send it is wrong.",
        KEEP,
    ),
    change(
        "request-header-changed",
        "bots, unless the header is no longer required",
        "A request header has another media type, is now required, or is no longer required.",
        KEEP,
    ),
    change(
        "parameter-removed",
        "bots, unless the examples still show it",
        "A parameter, or a property of a resource type, is gone.",
        KEEP,
    ),
    change(
        "parameter-added",
        "bots, if it is required",
        "A parameter or property is new. If it is required, a bot that does not send it is wrong.",
        KEEP,
    ),
    change(
        "parameter-type-changed",
        BOTS,
        "A parameter or property has another type, and neither type can stand for the other.",
        KEEP,
    ),
    change(
        "parameter-required",
        BOTS,
        "A parameter is now required, so a bot that does not send it is wrong.",
        KEEP,
    ),
    change(
        "parameter-optional",
        NOBODY,
        "A parameter is no longer required.",
        SAY,
    ),
    change(
        "words-removed",
        "bots, if the words are those of a parameter",
        "A parameter or property allows fewer words.",
        KEEP,
    ),
    change(
        "words-added",
        NOBODY,
        "A parameter or property allows more words.",
        SAY,
    ),
    change(
        "limit-removed",
        NOBODY,
        "A number in the prose is gone, or a parameter no longer has a list of words.",
        SAY,
    ),
    change(
        "limit-added",
        "bots, unless it limits something new, or it is a list of words of a property",
        "The prose has a new number or format, or a parameter now has a list of words. The requests of a bot may violate it.",
        KEEP,
    ),
    change(
        "limit-tightened",
        BOTS,
        "A number in the prose is smaller, so a bot may exceed it.",
        KEEP,
    ),
    change(
        "limit-relaxed",
        NOBODY,
        "A number in the prose is greater.",
        SAY,
    ),
    change(
        "prose-status-changed",
        BOTS,
        "The prose names another status of success, or none any more, so a bot that accepts only the old one is wrong.",
        KEEP,
    ),
    change(
        "example-status-changed",
        BOTS,
        "An example shows another status for the same request, so a bot that accepts only the old one is wrong.",
        KEEP,
    ),
    change(
        "answer-type-changed",
        "bots, unless the new type is derived from the old one",
        "The prose links to another type of the answer.",
        KEEP,
    ),
    change(
        "answer-body-removed",
        BOTS,
        "The example of an answer lost its body, so a bot that reads the body is wrong.",
        KEEP,
    ),
    change(
        "answer-body-added",
        NOBODY,
        "The example of an answer now has a body.",
        SAY,
    ),
    change(
        "header-removed",
        "bots, if every answer had the field",
        "No example shows a header field any more. If every answer had the field, a bot that reads it is wrong.",
        KEEP,
    ),
    change(
        "header-added",
        NOBODY,
        "Examples show a new header field.",
        SAY,
    ),
    change(
        "property-removed",
        "bots, if every example of an answer or a notification had the property",
        "No example shows a property any more. If every example showed the property, a bot that reads it is wrong.",
        KEEP,
    ),
    change(
        "property-added",
        NOBODY,
        "Examples show a new property.",
        SAY,
    ),
    change(
        "property-omitted",
        "bots, if it is a property of an answer or a notification",
        "Every example showed a property, and some no longer do, so a bot that reads it may be wrong.",
        KEEP,
    ),
    change(
        "property-type-changed",
        READER,
        "A property has another JSON type.",
        KEEP,
    ),
    change(
        "object-type-changed",
        "the party that reads it, unless the new text has both",
        "An object has another `@odata.type`, so a party that recognizes the object by its type is wrong.",
        KEEP,
    ),
    change(
        "value-form-changed",
        READER,
        "A value was a path or a URL and is now an id, or the other way round. A party that reads only the old form is wrong.",
        KEEP,
    ),
    change(
        "word-case-changed",
        NOBODY,
        "A word is written in another case, which both parties should ignore.",
        SAY,
    ),
    change(
        "steps-removed",
        "bots, if the new text lacks a notification that no life cycle allows",
        "A conversation lost messages.",
        KEEP,
    ),
    change(
        "steps-added",
        "bots, if the old text lacks one of these notifications",
        "A conversation gained messages. If one of them is a new notification, a bot must understand it.",
        KEEP,
    ),
    change(
        "outcome-removed",
        "bots, unless a life cycle still allows it",
        "The page no longer shows one of the ends of a conversation.",
        SAY,
    ),
    change(
        "outcome-added",
        BOTS,
        "The page shows one more end of a conversation, which a bot must understand.",
        KEEP,
    ),
    change(
        "state-removed",
        NOBODY,
        "No conversation needs a provider state any more.",
        SAY,
    ),
    change(
        "state-added",
        NOBODY,
        "A conversation needs a provider state that none needed before.",
        SAY,
    ),
    change(
        "scenario-removed",
        "bots, if the new text lacks a notification that no life cycle allows",
        "A conversation is gone.",
        SAY,
    ),
    change("scenario-added", NOBODY, "A conversation is new.", SAY),
    change(
        "scenario-renamed",
        NOBODY,
        "A conversation has another heading, and so another id.",
        SAY,
    ),
    change(
        "example-renamed",
        NOBODY,
        "The annotation of an example has another name.",
        SAY,
    ),
    change(
        "section-removed",
        NOBODY,
        "A section without messages is gone from an example.",
        SAY,
    ),
    change(
        "section-added",
        NOBODY,
        "An example has a new section without messages.",
        SAY,
    ),
    change(
        "note-removed",
        NOBODY,
        "A note is gone. The words of notes are not compared.",
        SAY,
    ),
    change(
        "note-added",
        "bots, if the note names a property that a bot sends",
        "A note is new, and may restrict what a bot does. The words of notes are not compared.",
        KEEP,
    ),
];

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator as _;

    use super::super::change::ChangeKind;
    use super::*;

    #[test]
    fn every_kind_has_its_rule() {
        let kinds: Vec<_> = ChangeKind::iter().map(<&str>::from).collect();
        let rules: Vec<_> = ALL.iter().map(|it| it.id).collect();
        assert_eq!(kinds, rules);
    }
}
