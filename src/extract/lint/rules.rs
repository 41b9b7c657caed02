//! The rules of findings.

use super::super::inventory::FindingKind;
use super::super::remark::{PageRule, RemarkKind, Severity};

const fn finding(
    id: &'static str,
    level: Severity,
    text: &'static str,
    remedy: &'static str,
) -> PageRule {
    PageRule {
        id,
        kind: RemarkKind::Finding,
        level,
        text,
        remedy,
    }
}

pub(super) static STATUS_DIFFERS: PageRule = finding(
    "status-differs",
    Severity::Warning,
    "The prose promises one status and the example shows another: a reader who takes one of them rejects the other.",
    "Correct the prose or the example, by what the service sends.",
);

pub(super) static HEADER_PROMISED: PageRule = finding(
    "header-promised",
    Severity::Warning,
    "The prose promises a header field that no example of the response shows.",
    "Add the field to the examples, or take the promise back.",
);

pub(super) static PATH_DIFFERS: PageRule = finding(
    "path-differs",
    Severity::Error,
    "The request of an example has none of the paths that the page documents.",
    "Correct the example, or add the path to the section of the request.",
);

pub(super) static METHOD_DIFFERS: PageRule = finding(
    "method-differs",
    Severity::Error,
    "The request of an example has another method than the path template.",
    "Correct the example or the template.",
);

pub(super) static ANNOTATION_DIFFERS: PageRule = finding(
    "annotation-differs",
    Severity::Warning,
    "The annotation of a code block and its content are of different types: tools that read annotations are misled.",
    "Correct the type or the kind in the annotation.",
);

pub(super) static CONTENT_LENGTH: PageRule = finding(
    "content-length",
    Severity::Note,
    "A client that sends the printed length with the printed body breaks the connection.",
    "Correct the length, or leave the field out.",
);

pub(super) static INVALID_JSON: PageRule = finding(
    "invalid-json",
    Severity::Error,
    "A body that says it is JSON cannot be read as JSON.",
    "Correct the JSON.",
);

pub(super) static REPAIRED_JSON: PageRule = finding(
    "repaired-json",
    Severity::Error,
    "JSON has no comments and no trailing commas (RFC 8259); a reader who copies the body gets an error.",
    "Remove the comment or the comma.",
);

pub(super) static HEAD: PageRule = finding(
    "head",
    Severity::Error,
    "A line of the header is no header field, so the message cannot be read.",
    "Correct the field, or put an empty line in front of the body.",
);

pub(super) static SHARED_CODE_BLOCK: PageRule = finding(
    "shared-code-block",
    Severity::Note,
    "A code block has several messages, so tools that take one message of each code block lose some.",
    "Give each message a code block of its own.",
);

pub(super) static ANNOTATION: PageRule = finding(
    "annotation",
    Severity::Note,
    "An annotation cannot be read, has no code block, or shares one with another.",
    "Correct the annotation, or remove it.",
);

pub(super) static UNCLOSED: PageRule = finding(
    "unclosed",
    Severity::Error,
    "A code block, a comment or the metadata is not closed, so the text below it is taken for a part of it.",
    "Close it.",
);

pub(super) static ORPHAN: PageRule = finding(
    "orphan",
    Severity::Warning,
    "A message belongs to no conversation of the page.",
    "Show the request or the call that it belongs to.",
);

pub(super) static NOTIFICATION_WITHOUT_HEAD: PageRule = finding(
    "notification-without-head",
    Severity::Warning,
    "A notification without a start line and header does not say how it arrives.",
    "Put the start line and the header in front of the body, as for other notifications.",
);

pub(super) static ACKNOWLEDGEMENT_MISSING: PageRule = finding(
    "acknowledgement-missing",
    Severity::Note,
    "The page shows the acknowledgement of some notifications; a reader may take it that others have none.",
    "Show the acknowledgement of each outcome, or of none.",
);

pub(super) static OPERATION_DIFFERS: PageRule = finding(
    "operation-differs",
    Severity::Warning,
    "The operation that is notified is not the one that was answered, so a reader cannot match the two.",
    "Use one id for the operation in the answer, in `Location` and in the notifications.",
);

pub(super) static CALL_DIFFERS: PageRule = finding(
    "call-differs",
    Severity::Warning,
    "A message is about another call than the request that it belongs to.",
    "Use the id of the call of the request.",
);

pub(super) static LOCATION_CALL: PageRule = finding(
    "location-call",
    Severity::Note,
    "The request has a placeholder for the call, but `Location` has an id: a reader cannot see that they are one.",
    "Use the id, or the placeholder, in both.",
);

pub(super) static ROSTER_OF_OTHER_CALL: PageRule = finding(
    "roster-of-other-call",
    Severity::Warning,
    "The roster is of another call than the one that people are invited to.",
    "Show the roster of the call of the request.",
);

pub(super) static PARTICIPANT_DIFFERS: PageRule = finding(
    "participant-differs",
    Severity::Warning,
    "Who joins is not who was invited.",
    "Use the id of the invited person in the roster and in the operation.",
);

pub(super) static IDENTITY_KIND: PageRule = finding(
    "identity-kind",
    Severity::Warning,
    "A person is of one kind in the request, and of another kind in an effect of it.",
    "Use one kind, such as `user`, for the identity.",
);

pub(super) static CONTEXT_DIFFERS: PageRule = finding(
    "context-differs",
    Severity::Warning,
    "The client context comes back unchanged in every message about the operation.",
    "Repeat the context of the request.",
);

pub(super) static ID_DIFFERS: PageRule = finding(
    "id-differs",
    Severity::Warning,
    "Two messages that are about one thing have different ids of it.",
    "Use one id.",
);

pub(super) static MISNAMED_PATH: PageRule = finding(
    "misnamed-path",
    Severity::Error,
    "The path of a notification is not that of the resource in its data.",
    "Write the path of the resource, such as `operations/{id}` or `participants`.",
);

pub(super) static MALFORMED_ID: PageRule = finding(
    "malformed-id",
    Severity::Warning,
    "An id looks like a GUID and is none.",
    "Use 32 hexadecimal digits, in the form of the other ids.",
);

pub(super) static NULL_ID: PageRule = finding(
    "null-id",
    Severity::Note,
    "A resource in a notification has `null` for its id, so a reader cannot tell which resource it is.",
    "Show an id.",
);

pub(super) static NULL_ECHO: PageRule = finding(
    "null-echo",
    Severity::Warning,
    "The request sets a property and the answer, which repeats the rest of it, has `null` there.",
    "Repeat the value, or leave the property out of the request.",
);

pub(super) static NAME_VARIES: PageRule = finding(
    "name-varies",
    Severity::Warning,
    "One property has two names on the page.",
    "Use the name that the resource page lists.",
);

pub(super) static PROPERTY_CASE: PageRule = finding(
    "property-case",
    Severity::Warning,
    "The names of properties are compared with regard to case, and the resource page has another case.",
    "Write the name as the resource page does.",
);

pub(super) static WORD_UNLISTED: PageRule = finding(
    "word-unlisted",
    Severity::Warning,
    "An example has a word that the resource page does not list for the property.",
    "Correct the example, or list the word.",
);

pub(super) static KIND_DIFFERS: PageRule = finding(
    "kind-differs",
    Severity::Warning,
    "A property has another JSON type in an example than on the resource page.",
    "Correct the example or the resource page.",
);

pub(super) static TYPE_DIFFERS: PageRule = finding(
    "type-differs",
    Severity::Warning,
    "A property has another `@odata.type` in an example than on the resource page, and no derived one.",
    "Correct the type in the example, or the resource page.",
);

/// All rules of findings, in the order of the book.
pub(crate) static ALL: [&PageRule; 32] = [
    &STATUS_DIFFERS,
    &HEADER_PROMISED,
    &PATH_DIFFERS,
    &METHOD_DIFFERS,
    &ANNOTATION_DIFFERS,
    &CONTENT_LENGTH,
    &INVALID_JSON,
    &REPAIRED_JSON,
    &HEAD,
    &SHARED_CODE_BLOCK,
    &ANNOTATION,
    &UNCLOSED,
    &ORPHAN,
    &NOTIFICATION_WITHOUT_HEAD,
    &ACKNOWLEDGEMENT_MISSING,
    &OPERATION_DIFFERS,
    &CALL_DIFFERS,
    &LOCATION_CALL,
    &ROSTER_OF_OTHER_CALL,
    &PARTICIPANT_DIFFERS,
    &IDENTITY_KIND,
    &CONTEXT_DIFFERS,
    &ID_DIFFERS,
    &MISNAMED_PATH,
    &MALFORMED_ID,
    &NULL_ID,
    &NULL_ECHO,
    &NAME_VARIES,
    &PROPERTY_CASE,
    &WORD_UNLISTED,
    &KIND_DIFFERS,
    &TYPE_DIFFERS,
];

/// The rule of a finding of extraction; none for what lint finds by itself, or does not report.
pub(super) const fn of_extraction(kind: FindingKind) -> Option<&'static PageRule> {
    Some(match kind {
        FindingKind::Annotation => &ANNOTATION,
        FindingKind::ContentLength => &CONTENT_LENGTH,
        FindingKind::Head => &HEAD,
        FindingKind::InvalidJson => &INVALID_JSON,
        FindingKind::Orphan => &ORPHAN,
        FindingKind::RepairedJson => &REPAIRED_JSON,
        FindingKind::SharedCodeBlock => &SHARED_CODE_BLOCK,
        FindingKind::Unclosed => &UNCLOSED,
        // A page without metadata is no error; contradictions and names have rules of their own.
        FindingKind::Contradiction | FindingKind::DamagedName | FindingKind::Metadata => {
            return None;
        }
    })
}
