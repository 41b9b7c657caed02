//! The rules of findings.

use super::super::inventory::FindingKind;
use super::super::remark::{PageRule, page_rules};

page_rules! {
    /// All rules of findings, in the order of the book.
    Finding:
    STATUS_DIFFERS: "status-differs", Warning,
        "The prose promises one status, but the example shows another. A client that accepts only one of them rejects the other.",
        "Correct the prose or the example: both need the status that the service sends.";
    HEADER_PROMISED: "header-promised", Warning,
        "The prose promises a header field that no example of the response shows.",
        "Add the field to the examples, or remove the promise.";
    PATH_DIFFERS: "path-differs", Error,
        "The path of an example request is none of the paths that the page documents.",
        "Correct the example, or add its path to the path templates.";
    METHOD_DIFFERS: "method-differs", Error,
        "An example request has another method than the path template.",
        "Correct the example or the template.";
    ANNOTATION_DIFFERS: "annotation-differs", Warning,
        "An annotation names another kind or type than its code block has, so it misleads tools that read annotations.",
        "Correct the type or the kind in the annotation.";
    CONTENT_LENGTH: "content-length", Note,
        "The printed `Content-Length` is not the length of the printed body. A client that sends both breaks the connection.",
        "Correct the length, or leave the field out.";
    INVALID_JSON: "invalid-json", Error,
        "A body that is marked as JSON, or begins like JSON, is not valid JSON.",
        "Correct the JSON.";
    REPAIRED_JSON: "repaired-json", Error,
        "A body has a comment or a trailing comma, which JSON does not allow (RFC 8259). A reader who copies the body gets an error.",
        "Remove the comment or the comma.";
    HEAD: "head", Error,
        "A line in the header of a message is not a header field, so the message cannot be read.",
        "Correct the line, or put an empty line in front of the body.";
    SHARED_CODE_BLOCK: "shared-code-block", Note,
        "A code block has several messages. A tool that reads one message from each code block misses the others.",
        "Give each message a code block of its own.";
    ANNOTATION: "annotation", Note,
        "An annotation cannot be read, has no code block, or is followed by a nearer annotation of the same code block.",
        "Correct the annotation, or remove it.";
    UNCLOSED: "unclosed", Error,
        "A code block, a comment or the metadata is not closed, so the text below is read as a part of it.",
        "Close the code block, the comment or the metadata.";
    ORPHAN: "orphan", Warning,
        "A message belongs to no conversation of the page.",
        "Show the request or the call that the message belongs to.";
    NOTIFICATION_WITHOUT_HEAD: "notification-without-head", Warning,
        "A notification has no start line and no header, so the page does not say how the notification arrives.",
        "Put the start line and the header in front of the body, as for other notifications.";
    ACKNOWLEDGEMENT_MISSING: "acknowledgement-missing", Note,
        "The page shows the acknowledgements of only some notifications, so a reader may believe that the others have none.",
        "Show the acknowledgement of every notification, or of none.";
    OPERATION_DIFFERS: "operation-differs", Warning,
        "Two messages have different ids of the same operation, so a reader cannot match the messages.",
        "Use one id for the operation in the answer, in `Location` and in the notifications.";
    CALL_DIFFERS: "call-differs", Warning,
        "A message is about another call than the request that it belongs to.",
        "Use the call id of the request.";
    LOCATION_CALL: "location-call", Note,
        "The request has a placeholder for the call, but `Location` has an id, so a reader cannot see that both are the same call.",
        "Use the id, or the placeholder, in both.";
    ROSTER_OF_OTHER_CALL: "roster-of-other-call", Warning,
        "A roster is about another call than the request that it belongs to.",
        "Use the call id of the request in the roster.";
    PARTICIPANT_DIFFERS: "participant-differs", Warning,
        "A message names another person than the request.",
        "Use the id of the invited person in the roster and in the operation.";
    IDENTITY_KIND: "identity-kind", Warning,
        "A person has one kind of identity in the request, and another kind in a later message.",
        "Use one kind of identity, such as `user`, for the person.";
    CONTEXT_DIFFERS: "context-differs", Warning,
        "A message has another client context than the request, but the service returns the client context unchanged.",
        "Repeat the client context of the request.";
    ID_DIFFERS: "id-differs", Warning,
        "Two messages have different ids of the same thing.",
        "Use one id in both messages.";
    MISNAMED_PATH: "misnamed-path", Error,
        "A notification has a path that is not the path of the resource in its data.",
        "Write the path of the resource, such as `operations/{id}` or `participants`.";
    MALFORMED_ID: "malformed-id", Warning,
        "An id looks like a GUID, but is not one.",
        "Use 32 hexadecimal digits, in the form of the other ids.";
    NULL_ID: "null-id", Note,
        "A resource in a notification has `null` for its id, so a reader cannot tell which resource it is.",
        "Show an id.";
    NULL_ECHO: "null-echo", Warning,
        "A property has a value in the request, but `null` in the answer.",
        "Repeat the value in the answer, or leave the property out of the request.";
    NAME_VARIES: "name-varies", Warning,
        "One property has two names on the page.",
        "Use the name that the resource page lists.";
    PROPERTY_CASE: "property-case", Warning,
        "The name of a property has another case than on the resource page, but names are case-sensitive.",
        "Write the name as the resource page does.";
    WORD_UNLISTED: "word-unlisted", Warning,
        "An example has a word that the resource page does not list for the property.",
        "Correct the example, or list the word.";
    KIND_DIFFERS: "kind-differs", Warning,
        "A property has another JSON type in an example than on the resource page.",
        "Correct the example or the resource page.";
    TYPE_DIFFERS: "type-differs", Warning,
        "A property in an example has an `@odata.type` that is neither the type on the resource page nor derived from that type.",
        "Correct the type in the example, or the resource page.";
}

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
