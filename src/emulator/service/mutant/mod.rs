//! The mutants of the built-in service: their table, and a function for each kind of message that a mutant changes. The
//! function is called once, where that message is made.
//!
//! Every function does nothing for a service without a mutant.

mod alteration;
mod answer;
mod notification;
mod operation;
mod refusal;

use std::time::Duration;

use ServiceMutant as Mutant;

pub(super) use self::alteration::Alteration;
pub(crate) use self::alteration::AlteredOperation;
pub(super) use self::answer::{call_answered, created, invited};
pub(super) use self::notification::{last_notifications, notifications, post};
pub(crate) use self::operation::OPERATION_MUTANTS;
pub(super) use self::refusal::{accepted_refusal, misread, refused};

catalogue! {
    /// One deliberate fault of the service.
    ServiceMutant {
        AnswerOk201 = "answer-201", "Answers an invitation with 201.";
        AnswerNoContent = "answer-204", "Answers an invitation with 204 and no body.";
        AnswerServerError = "answer-500", "Answers an invitation with 500 and an error.";
        AnswerBadRequest = "answer-400", "Answers an invitation with 400 and an error.";
        AnswerNotJson = "answer-text-plain", "Declares the JSON of the response as text/plain.";
        AnswerUntyped = "answer-without-content-type", "Leaves out the answer's `Content-Type`.";
        LocationOtherCall = "location-of-other-call", "`Location` names the operation under another call.";
        LocationOtherOperation = "location-of-other-operation", "`Location` names another operation than the body.";
        LocationNowhere = "location-of-no-operation", "`Location` names the participants of the call instead of an operation.";
        AnswerInvalidJson = "answer-invalid-json", "The JSON of the response is cut off in the middle, with a matching `Content-Length`.";
        AnswerEmpty = "answer-empty-body", "Answers 200 without a body.";
        AnswerArray = "answer-array", "The answer's body is a collection that holds the operation.";
        AnswerIdMissing = "answer-id-missing", "The operation in the answer has no `id`.";
        AnswerIdNull = "answer-id-null", "The operation's `id` in the answer is null.";
        AnswerIdNumber = "answer-id-number", "The operation's `id` in the answer is a number.";
        AnswerStatusMissing = "answer-status-missing", "The operation in the answer has no `status`.";
        AnswerStatusUnknown = "answer-status-unknown", "The operation's `status` in the answer is not a documented value.";
        AnswerStatusCompleted = "answer-status-completed", "The answer says `completed`, but the end is notified too.";
        AnswerStatusNumber = "answer-status-number", "The operation's `status` in the answer is a number.";
        AnswerTypeWrong = "answer-type-wrong", "The `@odata.type` of the answer is that of a call.";
        AnswerContextChanged = "answer-context-changed", "The answer's `clientContext` is not the request's.";
        AnswerContextDropped = "answer-context-dropped", "The answer has no `clientContext` though the request gave one.";
        AnswerContextNumber = "answer-context-number", "The answer's `clientContext` is a number.";
        AnswerParticipantsMissing = "answer-participants-missing", "The answer has no `participants`, although the edition shows them.";
        AnswerParticipantsObject = "answer-participants-object", "The answer's `participants` is an object instead of a collection.";
        AnswerParticipantExtra = "answer-participant-extra", "The answer names one participant more than was invited.";
        AnswerParticipantOther = "answer-participant-other-id", "The answer names another participant than was invited.";
        AnswerParticipantKind = "answer-participant-other-kind", "The answer names the participant under another kind of identity.";
        Hang = "answer-hangs", "Accepts an invitation and never answers it.";
        Reset = "answer-reset", "Resets the connection instead of an answer.";
        Truncated = "answer-truncated", "The answer ends before the length that it announced.";
        Noise = "answer-no-http", "Answers with bytes that are not HTTP.";
        CreateWithoutLocation = "create-without-location", "A created call has no `Location`.";
        CreateOk = "create-200", "Answers the creation of a call with 200 instead of 201.";
        CreateLocationNowhere = "create-location-of-no-call", "`Location` of a created call names no call.";
        PickUpServerError = "pick-up-500", "Answers the answering of a call with 500.";
        NoEnd = "no-operation-end", "Never notifies that the operation ended.";
        EndTwice = "operation-ends-twice", "Notifies the end of the operation twice, both acknowledged.";
        EndOtherOperation = "end-of-other-operation", "The notified end is of another operation.";
        EndOtherCall = "end-on-other-call", "The notified end is under another call.";
        EndAsUpdate = "end-as-update", "The end of the operation comes as `updated` instead of `deleted`.";
        EndAsCreation = "end-as-creation", "The end of the operation comes as `created` instead of `deleted`.";
        EndFailed = "end-failed", "An invitation that should succeed ends `failed`, with a result.";
        EndRunning = "end-running", "The ended operation is still `running`.";
        EndStatusMissing = "end-status-missing", "The ended operation has no `status`.";
        EndStatusUnknown = "end-status-unknown", "The ended operation's `status` is not a documented value.";
        EndTypeWrong = "end-type-wrong", "The `@odata.type` of the ended operation is that of a call.";
        EndIdOther = "end-id-other", "The ended operation's own `id` is not the one in its path.";
        EndContextChanged = "end-context-changed", "The ended operation's `clientContext` is not the request's.";
        EndContextNumber = "end-context-number", "The ended operation's `clientContext` is a number.";
        EndParticipantOther = "end-participant-other", "The ended operation names another participant than was invited.";
        EndParticipantExtra = "end-participant-extra", "The ended operation names one participant more than was invited.";
        EndParticipantsMissing = "end-participants-missing", "The ended operation has no `participants`, although the edition shows them.";
        EndDataMissing = "end-without-data", "The notified end has no `resourceData`.";
        EndDataText = "end-data-text", "The `resourceData` of the notified end is a string.";
        ResourceMissing = "resource-missing", "The notified end has neither `resource` nor `resourceUrl`.";
        ResourcesDisagree = "resources-disagree", "`resource` and `resourceUrl` of the notified end name different operations.";
        ResourceNumber = "resource-number", "`resource` and `resourceUrl` of the notified end are numbers.";
        ChangeMissing = "change-type-missing", "The notified end has no `changeType`.";
        ChangeUnknown = "change-type-unknown", "The `changeType` of the notified end is not a documented value.";
        ValueMissing = "value-missing", "The notifications have no `value`.";
        ValueObject = "value-object", "The `value` of the notifications is the entry itself instead of a collection.";
        ValueEmpty = "value-empty", "The `value` of the notifications is empty.";
        Put = "notification-put", "Notifies with PUT.";
        Get = "notification-get", "Notifies with GET and no body.";
        NotificationNotJson = "notification-text-plain", "Declares notifications as text/plain.";
        NotificationUntyped = "notification-without-content-type", "Leaves out the `Content-Type` of notifications.";
        NotificationInvalidJson = "notification-invalid-json", "Notifications end with a stray comma before the last brace.";
        NotificationEmpty = "notification-empty-body", "Notifications have no body.";
        NoRoster = "no-roster", "Never notifies the roster.";
        RosterOtherCall = "roster-of-other-call", "The roster is that of a call that does not exist.";
        RosterReplacedCall = "roster-of-replaced-call", "The roster is that of the replaced call only.";
        RosterEmpty = "roster-empty", "The roster has no members.";
        RosterWithoutInvited = "roster-without-invited", "The roster names only people who were not invited.";
        RosterIncomplete = "roster-incomplete", "The roster does not name the last of several invited people.";
        RosterOtherKind = "roster-other-kind", "The roster names the invited people as devices.";
        RosterAsDeletion = "roster-as-deletion", "The roster comes as `deleted` instead of `updated`.";
        RosterInfoMissing = "roster-without-info", "The members of the roster have no `info`.";
        RosterMutedText = "roster-muted-text", "`isMuted` of the members is a string.";
        RosterServerMutedNumber = "roster-server-muted-number", "`serverMuted` of the media streams is a number.";
        RosterStreamsObject = "roster-streams-object", "`mediaStreams` of the members is an object.";
        StreamDirection = "stream-direction-unknown", "The direction of the media streams is not a documented value.";
        StreamMedia = "stream-media-unknown", "The media type of the media streams is not a documented value.";
        StreamSourceNumber = "stream-source-number", "`sourceId` of the media streams is a number.";
        NotTerminated = "replaced-call-not-terminated", "The replaced call is deleted without being terminated.";
        NotDeleted = "replaced-call-not-deleted", "The replaced call is terminated but never deleted.";
        DeletedFirst = "deleted-before-terminated", "The replaced call is deleted, then terminated.";
        OtherCallEnds = "other-call-ends", "Another call than the replaced one is terminated and deleted.";
        EstablishedFirst = "established-before-establishing", "A call is established, then establishing.";
        NeverEstablished = "never-established", "A call is establishing for ever.";
        StateUnknown = "state-unknown", "The state of an established call is not a documented value.";
        IncomingAsUpdate = "incoming-as-update", "An incoming call comes as `updated` instead of `created`.";
        IncomingOutgoing = "incoming-direction-unknown", "The direction of an incoming call is not a documented value.";
        AfterEnd = "update-after-end", "Notifies an update of the operation after its end.";
        FailedWithoutResult = "failed-without-result", "A failed invitation has no `resultInfo`.";
        FailedCodeText = "failed-code-text", "The code of a failed invitation's `resultInfo` is a string.";
        FailedMessageNumber = "failed-message-number", "The message of a failed invitation's `resultInfo` is a number.";
        TokenIgnored = "no-token-accepted", "Accepts requests without a token.";
        TokenUnchecked = "foreign-token-accepted", "Accepts any token.";
        UnknownCallTaken = "unknown-call-accepted", "Answers 202 to an invitation to a call that does not exist.";
        EndedCallTaken = "ended-call-accepted", "Answers 202 to an invitation to a call that has ended.";
        MalformedTaken = "malformed-json-accepted", "Invites somebody although the body is not JSON.";
        EmptyTaken = "empty-body-accepted", "Invites somebody although there is no body.";
        MediaTypeIgnored = "media-type-ignored", "Reads a body of any media type as JSON.";
        NobodyTaken = "nobody-accepted", "Invites somebody although the request names nobody.";
        SixTaken = "six-participants-accepted", "Invites the first five of more than five people.";
        LongContextTaken = "long-context-accepted", "Cuts a client context off after 256 characters.";
        ContextLimitEarly = "context-limit-early", "Refuses a client context of 256 characters.";
        SeveralReplacingRefused = "several-replacing-refused", "Refuses several people who each replace a call.";
        DeprecatedPathGone = "deprecated-path-gone", "Does not support the deprecated path.";
        MethodIgnored = "method-ignored", "Accepts an invitation with any method.";
        RefusesAndInvites = "refuses-and-invites", "Refuses more than five people, but invites the first five.";
        RefusalServerError = "refusal-500", "Refuses every invalid request with 500.";
        RefusalWithoutError = "refusal-without-error", "A refusal has no error object, but a text under `message`.";
        RefusalWithoutCode = "refusal-without-code", "The error of a refusal has no `code`.";
        RefusalMessageEmpty = "refusal-message-empty", "The message of a refusal's error is empty.";
        RefusalTorn = "refusal-torn", "The JSON of a refusal is cut off in the middle.";
        FailureCompletes = "failure-completes", "An invitation that must fail ends `completed`.";
        WaitsForEver = "waits-for-ever", "Waits an hour for an acknowledgement.";
        NeverAgain = "never-again", "Does not send a notification again after the response 500.";
    }
}

pub(super) fn may_fail(mutant: Option<Mutant>) -> bool {
    mutant != Some(Mutant::FailureCompletes)
}

pub(super) fn timeout(mutant: Option<Mutant>) -> Option<Duration> {
    (mutant == Some(Mutant::WaitsForEver)).then_some(Duration::from_secs(3600))
}

/// True if a notification is not sent again after a failure.
pub(super) fn gives_up(mutant: Option<Mutant>) -> bool {
    mutant == Some(Mutant::NeverAgain)
}
