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
    "The prose promises one status, but the example shows another. A client that accepts only one of them rejects the other.",
    "Correct the prose or the example: both need the status that the service sends.",
);

pub(super) static HEADER_PROMISED: PageRule = finding(
    "header-promised",
    Severity::Warning,
    "The prose promises a header field that no example of the response shows.",
    "Add the field to the examples, or remove the promise.",
);

pub(super) static PATH_DIFFERS: PageRule = finding(
    "path-differs",
    Severity::Error,
    "The path of an example request is none of the paths that the page documents.",
    "Correct the example, or add its path to the path templates.",
);

pub(super) static METHOD_DIFFERS: PageRule = finding(
    "method-differs",
    Severity::Error,
    "An example request has another method than the path template.",
    "Correct the example or the template.",
);

pub(super) static ANNOTATION_DIFFERS: PageRule = finding(
    "annotation-differs",
    Severity::Warning,
    "An annotation names another kind or type than its code block has, so it misleads tools that read annotations.",
    "Correct the type or the kind in the annotation.",
);

pub(super) static CONTENT_LENGTH: PageRule = finding(
    "content-length",
    Severity::Note,
    "The printed `Content-Length` is not the length of the printed body. A client that sends both breaks the connection.",
    "Correct the length, or leave the field out.",
);

pub(super) static INVALID_JSON: PageRule = finding(
    "invalid-json",
    Severity::Error,
    "A body that is marked as JSON, or begins like JSON, is not valid JSON.",
    "Correct the JSON.",
);

pub(super) static REPAIRED_JSON: PageRule = finding(
    "repaired-json",
    Severity::Error,
    "A body has a comment or a trailing comma, which JSON does not allow (RFC 8259). A reader who copies the body gets an error.",
    "Remove the comment or the comma.",
);

pub(super) static HEAD: PageRule = finding(
    "head",
    Severity::Error,
    "A line in the header of a message is not a header field, so the message cannot be read.",
    "Correct the line, or put an empty line in front of the body.",
);

pub(super) static SHARED_CODE_BLOCK: PageRule = finding(
    "shared-code-block",
    Severity::Note,
    "A code block has several messages. A tool that reads one message from each code block misses the others.",
    "Give each message a code block of its own.",
);

pub(super) static ANNOTATION: PageRule = finding(
    "annotation",
    Severity::Note,
    "An annotation cannot be read, has no code block, or is followed by a nearer annotation of the same code block.",
    "Correct the annotation, or remove it.",
);

pub(super) static UNCLOSED: PageRule = finding(
    "unclosed",
    Severity::Error,
    "A code block, a comment or the metadata is not closed, so the text below is read as a part of it.",
    "Close the code block, the comment or the metadata.",
);

pub(super) static ORPHAN: PageRule = finding(
    "orphan",
    Severity::Warning,
    "A message belongs to no conversation of the page.",
    "Show the request or the call that the message belongs to.",
);

pub(super) static NOTIFICATION_WITHOUT_HEAD: PageRule = finding(
    "notification-without-head",
    Severity::Warning,
    "A notification has no start line and no header, so the page does not say how the notification arrives.",
    "Put the start line and the header in front of the body, as for other notifications.",
);

pub(super) static ACKNOWLEDGEMENT_MISSING: PageRule = finding(
    "acknowledgement-missing",
    Severity::Note,
    "The page shows the acknowledgements of only some notifications, so a reader may believe that the others have none.",
    "Show the acknowledgement of every notification, or of none.",
);

pub(super) static OPERATION_DIFFERS: PageRule = finding(
    "operation-differs",
    Severity::Warning,
    "Two messages have different ids of the same operation, so a reader cannot match the messages.",
    "Use one id for the operation in the answer, in `Location` and in the notifications.",
);

pub(super) static CALL_DIFFERS: PageRule = finding(
    "call-differs",
    Severity::Warning,
    "A message is about another call than the request that it belongs to.",
    "Use the call id of the request.",
);

pub(super) static LOCATION_CALL: PageRule = finding(
    "location-call",
    Severity::Note,
    "The request has a placeholder for the call, but `Location` has an id, so a reader cannot see that both are the same call.",
    "Use the id, or the placeholder, in both.",
);

pub(super) static ROSTER_OF_OTHER_CALL: PageRule = finding(
    "roster-of-other-call",
    Severity::Warning,
    "A roster is about another call than the request that it belongs to.",
    "Use the call id of the request in the roster.",
);

pub(super) static PARTICIPANT_DIFFERS: PageRule = finding(
    "participant-differs",
    Severity::Warning,
    "A message names another person than the request.",
    "Use the id of the invited person in the roster and in the operation.",
);

pub(super) static IDENTITY_KIND: PageRule = finding(
    "identity-kind",
    Severity::Warning,
    "A person has one kind of identity in the request, and another kind in a later message.",
    "Use one kind of identity, such as `user`, for the person.",
);

pub(super) static CONTEXT_DIFFERS: PageRule = finding(
    "context-differs",
    Severity::Warning,
    "A message has another client context than the request, but the service returns the client context unchanged.",
    "Repeat the client context of the request.",
);

pub(super) static ID_DIFFERS: PageRule = finding(
    "id-differs",
    Severity::Warning,
    "Two messages have different ids of the same thing.",
    "Use one id in both messages.",
);

pub(super) static MISNAMED_PATH: PageRule = finding(
    "misnamed-path",
    Severity::Error,
    "A notification has a path that is not the path of the resource in its data.",
    "Write the path of the resource, such as `operations/{id}` or `participants`.",
);

pub(super) static MALFORMED_ID: PageRule = finding(
    "malformed-id",
    Severity::Warning,
    "An id looks like a GUID, but is not one.",
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
    "A property has a value in the request, but `null` in the answer.",
    "Repeat the value in the answer, or leave the property out of the request.",
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
    "The name of a property has another case than on the resource page, but names are case-sensitive.",
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
    "A property in an example has an `@odata.type` that is neither the type on the resource page nor derived from that type.",
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
