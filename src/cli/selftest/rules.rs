//! Which rule names which fault, and in which fault injection. Here, and not in the references, because they know no rules.

use crate::contract::rule::Rule;
use crate::emulator::bot::BotMutant;
use crate::emulator::service::ServiceMutant;
use crate::inject::Kind;

/// The rule that names a fault of the service.
#[expect(
    clippy::too_many_lines,
    reason = "a table is one function, a fault a word"
)]
pub(super) const fn of_service(mutant: ServiceMutant) -> Rule {
    use ServiceMutant as F;
    match mutant {
        F::AnswerOk201
        | F::AnswerNoContent
        | F::AnswerAcceptedWithBody
        | F::AnswerServerError
        | F::AnswerBadRequest
        | F::CreateOk
        | F::PickUpServerError
        | F::TokenIgnored
        | F::TokenUnchecked
        | F::UnknownCallTaken
        | F::EndedCallTaken
        | F::MalformedTaken
        | F::EmptyTaken
        | F::MediaTypeIgnored
        | F::NobodyTaken
        | F::SixTaken
        | F::LongContextTaken
        | F::ContextLimitEarly
        | F::SeveralReplacingRefused
        | F::DeprecatedPathGone
        | F::MethodIgnored
        | F::RefusalServerError => Rule::ResponseStatus,
        F::AnswerNotJson
        | F::AnswerUntyped
        | F::LocationNowhere
        | F::CreateWithoutLocation
        | F::CreateLocationNowhere => Rule::ResponseHeader,
        F::AnswerInvalidJson
        | F::AnswerEmpty
        | F::AnswerArray
        | F::AnswerIdMissing
        | F::AnswerIdNull
        | F::AnswerIdNumber
        | F::AnswerStatusMissing
        | F::AnswerStatusUnknown
        | F::AnswerStatusCompleted
        | F::AnswerStatusNumber
        | F::AnswerTypeWrong
        | F::AnswerContextDropped
        | F::AnswerContextNumber
        | F::AnswerParticipantsMissing
        | F::AnswerParticipantsObject
        | F::RefusalWithoutError
        | F::RefusalWithoutCode
        | F::RefusalMessageEmpty
        | F::RefusalTorn => Rule::ResponseBody,
        F::Hang => Rule::ResponseMissing,
        F::Reset | F::Truncated | F::Noise => Rule::Transport,
        F::LocationOtherCall
        | F::LocationOtherOperation
        | F::AnswerContextChanged
        | F::AnswerParticipantExtra
        | F::AnswerParticipantOther
        | F::AnswerParticipantKind
        | F::EndOtherOperation
        | F::EndOtherCall
        | F::EndIdOther
        | F::EndContextChanged
        | F::EndParticipantOther
        | F::EndParticipantExtra
        | F::ResourcesDisagree
        | F::RosterOtherCall
        | F::RosterEmpty
        | F::RosterWithoutInvited
        | F::RosterIncomplete
        | F::RosterOtherKind
        | F::RosterInfoMissing
        | F::OtherCallEnds => Rule::Correlation,
        F::NoEnd
        | F::WaitsForEver
        | F::NeverAgain
        | F::NoRoster
        | F::RosterReplacedCall
        | F::NotTerminated
        | F::NotDeleted
        | F::NeverEstablished => Rule::NotificationMissing,
        F::EndTwice | F::AfterEnd | F::Stranger | F::RefusesAndInvites => {
            Rule::NotificationUnexpected
        }
        F::Put | F::Get => Rule::NotificationMethod,
        F::NotificationNotJson | F::NotificationUntyped => Rule::NotificationHeader,
        F::DeletedFirst | F::EstablishedFirst => Rule::NotificationOrder,
        F::EndAsUpdate
        | F::EndAsCreation
        | F::EndFailed
        | F::EndRunning
        | F::EndStatusMissing
        | F::EndStatusUnknown
        | F::EndTypeWrong
        | F::EndContextNumber
        | F::EndParticipantsMissing
        | F::EndDataMissing
        | F::EndDataText
        | F::ResourceMissing
        | F::ResourceNumber
        | F::ChangeMissing
        | F::ChangeUnknown
        | F::ValueMissing
        | F::ValueObject
        | F::ValueEmpty
        | F::NotificationInvalidJson
        | F::NotificationEmpty
        | F::RosterAsDeletion
        | F::RosterMutedText
        | F::RosterServerMutedNumber
        | F::RosterStreamsObject
        | F::StreamDirection
        | F::StreamMedia
        | F::StreamSourceNumber
        | F::StateUnknown
        | F::IncomingAsUpdate
        | F::IncomingOutgoing
        | F::FailedWithoutResult
        | F::FailedCodeText
        | F::FailedMessageNumber
        | F::FailureCompletes => Rule::NotificationBody,
    }
}

/// The rule that names a fault of the bot.
pub(super) const fn of_bot(mutant: BotMutant) -> Rule {
    use BotMutant as F;
    match mutant {
        F::Get | F::Put | F::Delete => Rule::RequestMethod,
        F::OtherAction | F::OtherCall | F::OutsideApi => Rule::RequestTarget,
        F::NoToken | F::BasicToken | F::EmptyToken | F::NotJson | F::Untyped => Rule::RequestHeader,
        F::InvalidJson
        | F::NoBody
        | F::BodyArray
        | F::ParticipantsMissing
        | F::ParticipantsEmpty
        | F::ParticipantsObject
        | F::ParticipantOther
        | F::ParticipantKind
        | F::ParticipantExtra
        | F::ParticipantLost
        | F::IdentityMissing
        | F::IdentityText
        | F::IdNumber
        | F::ReplacesDropped
        | F::ReplacesNumber
        | F::ContextNumber
        | F::EndpointNumber
        | F::CallbackMissing
        | F::CallbackNumber
        | F::ModalitiesText => Rule::RequestBody,
        F::SixParticipants | F::ContextLong => Rule::Limit,
        F::ReplacesOther => Rule::Correlation,
        F::Twice
        | F::HangsUpEarly
        | F::Mutes
        | F::InvitesAgain
        | F::AsksOtherwise
        | F::TriesFailed
        | F::Impatient
        | F::IgnoresRetryAfter => Rule::RequestUnexpected,
        F::NeverSends | F::GivesUp503 | F::GivesUpBroken => Rule::RequestMissing,
        F::Refuses500
        | F::Refuses404
        | F::Refuses400
        | F::Redirects
        | F::RefusesRoster
        | F::OneChange
        | F::EndFirst
        | F::KnownProperties
        | F::KnownResources
        | F::KnownWords
        | F::TokenOptional
        | F::TakesUnsigned
        | F::AnySignature
        | F::AnyTime
        | F::AnyAudience => Rule::AcknowledgementStatus,
        F::Hangs | F::AnswerFirst => Rule::AcknowledgementMissing,
        F::Resets | F::Noise | F::Truncated => Rule::Transport,
    }
}

/// The fault injection that alone shows a fault of the service; none for one that shows in no fault injection.
pub(super) const fn injection_for_service(mutant: ServiceMutant) -> Option<Kind> {
    use ServiceMutant as F;
    match mutant {
        F::WaitsForEver => Some(Kind::SilentCallback),
        F::NeverAgain => Some(Kind::FailingCallback),
        _ => None,
    }
}

/// The fault injection that alone shows a fault of the bot; none for one that shows in no fault injection.
pub(super) const fn injection_for_bot(mutant: BotMutant) -> Option<Kind> {
    use BotMutant as F;
    Some(match mutant {
        F::AnswerFirst => Kind::EarlyNotification,
        F::InvitesAgain => Kind::DuplicateNotification,
        F::OneChange => Kind::BatchedNotifications,
        F::EndFirst => Kind::ReorderedNotifications,
        F::KnownProperties => Kind::UnknownProperties,
        F::KnownResources => Kind::UnknownResource,
        F::KnownWords => Kind::UnknownWord,
        F::TokenOptional | F::TakesUnsigned => Kind::UnsignedNotification,
        F::AnySignature => Kind::ForeignKey,
        F::AnyTime => Kind::ExpiredToken,
        F::AnyAudience => Kind::OtherAudience,
        F::AsksOtherwise => Kind::LostResponse,
        F::TriesFailed => Kind::FailingOutcome,
        F::Impatient => Kind::SlowResponse,
        F::IgnoresRetryAfter => Kind::Throttled,
        F::GivesUp503 => Kind::Unavailable,
        F::GivesUpBroken => Kind::ConnectionReset,
        _ => return None,
    })
}
