//! The rule that names each mutant, and the fault injection that shows it. They stand here and not in the
//! emulator, which knows no rules.

use crate::contract::rule::Rule;
use crate::emulator::bot::BotMutant;
use crate::emulator::service::ServiceMutant;
use crate::inject::Kind;

/// The rule that names a mutant of the service.
#[expect(
    clippy::too_many_lines,
    reason = "a table is one function, a mutant a word"
)]
pub(super) const fn of_service(mutant: ServiceMutant) -> Rule {
    use ServiceMutant as M;
    match mutant {
        M::AnswerOk201
        | M::AnswerNoContent
        | M::AnswerAcceptedWithBody
        | M::AnswerServerError
        | M::AnswerBadRequest
        | M::CreateOk
        | M::PickUpServerError
        | M::TokenIgnored
        | M::TokenUnchecked
        | M::UnknownCallTaken
        | M::EndedCallTaken
        | M::MalformedTaken
        | M::EmptyTaken
        | M::MediaTypeIgnored
        | M::NobodyTaken
        | M::SixTaken
        | M::LongContextTaken
        | M::ContextLimitEarly
        | M::SeveralReplacingRefused
        | M::DeprecatedPathGone
        | M::MethodIgnored
        | M::RefusalServerError => Rule::ResponseStatus,
        M::AnswerNotJson
        | M::AnswerUntyped
        | M::LocationNowhere
        | M::CreateWithoutLocation
        | M::CreateLocationNowhere => Rule::ResponseHeader,
        M::AnswerInvalidJson
        | M::AnswerEmpty
        | M::AnswerArray
        | M::AnswerIdMissing
        | M::AnswerIdNull
        | M::AnswerIdNumber
        | M::AnswerStatusMissing
        | M::AnswerStatusUnknown
        | M::AnswerStatusCompleted
        | M::AnswerStatusNumber
        | M::AnswerTypeWrong
        | M::AnswerContextDropped
        | M::AnswerContextNumber
        | M::AnswerParticipantsMissing
        | M::AnswerParticipantsObject
        | M::RefusalWithoutError
        | M::RefusalWithoutCode
        | M::RefusalMessageEmpty
        | M::RefusalTorn => Rule::ResponseBody,
        M::Hang => Rule::ResponseMissing,
        M::Reset | M::Truncated | M::Noise => Rule::Transport,
        M::LocationOtherCall
        | M::LocationOtherOperation
        | M::AnswerContextChanged
        | M::AnswerParticipantExtra
        | M::AnswerParticipantOther
        | M::AnswerParticipantKind
        | M::EndOtherOperation
        | M::EndOtherCall
        | M::EndIdOther
        | M::EndContextChanged
        | M::EndParticipantOther
        | M::EndParticipantExtra
        | M::ResourcesDisagree
        | M::RosterOtherCall
        | M::RosterEmpty
        | M::RosterWithoutInvited
        | M::RosterIncomplete
        | M::RosterOtherKind
        | M::RosterInfoMissing
        | M::OtherCallEnds => Rule::Correlation,
        M::NoEnd
        | M::WaitsForEver
        | M::NeverAgain
        | M::NoRoster
        | M::RosterReplacedCall
        | M::NotTerminated
        | M::NotDeleted
        | M::NeverEstablished => Rule::NotificationMissing,
        M::EndTwice | M::AfterEnd | M::Stranger | M::RefusesAndInvites => {
            Rule::NotificationUnexpected
        }
        M::Put | M::Get => Rule::NotificationMethod,
        M::NotificationNotJson | M::NotificationUntyped => Rule::NotificationHeader,
        M::DeletedFirst | M::EstablishedFirst => Rule::NotificationOrder,
        M::EndAsUpdate
        | M::EndAsCreation
        | M::EndFailed
        | M::EndRunning
        | M::EndStatusMissing
        | M::EndStatusUnknown
        | M::EndTypeWrong
        | M::EndContextNumber
        | M::EndParticipantsMissing
        | M::EndDataMissing
        | M::EndDataText
        | M::ResourceMissing
        | M::ResourceNumber
        | M::ChangeMissing
        | M::ChangeUnknown
        | M::ValueMissing
        | M::ValueObject
        | M::ValueEmpty
        | M::NotificationInvalidJson
        | M::NotificationEmpty
        | M::RosterAsDeletion
        | M::RosterMutedText
        | M::RosterServerMutedNumber
        | M::RosterStreamsObject
        | M::StreamDirection
        | M::StreamMedia
        | M::StreamSourceNumber
        | M::StateUnknown
        | M::IncomingAsUpdate
        | M::IncomingOutgoing
        | M::FailedWithoutResult
        | M::FailedCodeText
        | M::FailedMessageNumber
        | M::FailureCompletes => Rule::NotificationBody,
    }
}

/// The rule that names a mutant of the bot.
pub(super) const fn of_bot(mutant: BotMutant) -> Rule {
    use BotMutant as M;
    match mutant {
        M::Get | M::Put | M::Delete => Rule::RequestMethod,
        M::OtherAction | M::OtherCall | M::OutsideApi => Rule::RequestTarget,
        M::NoToken | M::BasicToken | M::EmptyToken | M::NotJson | M::Untyped => Rule::RequestHeader,
        M::InvalidJson
        | M::NoBody
        | M::BodyArray
        | M::ParticipantsMissing
        | M::ParticipantsEmpty
        | M::ParticipantsObject
        | M::ParticipantOther
        | M::ParticipantKind
        | M::ParticipantExtra
        | M::ParticipantLost
        | M::IdentityMissing
        | M::IdentityText
        | M::IdNumber
        | M::ReplacesDropped
        | M::ReplacesNumber
        | M::ContextNumber
        | M::EndpointNumber
        | M::CallbackMissing
        | M::CallbackNumber
        | M::ModalitiesText => Rule::RequestBody,
        M::SixParticipants | M::ContextLong => Rule::Limit,
        M::ReplacesOther => Rule::Correlation,
        M::Twice
        | M::HangsUpEarly
        | M::Mutes
        | M::InvitesAgain
        | M::AsksOtherwise
        | M::TriesFailed
        | M::Impatient
        | M::IgnoresRetryAfter => Rule::RequestUnexpected,
        M::NeverSends | M::GivesUp503 | M::GivesUpBroken => Rule::RequestMissing,
        M::Refuses500
        | M::Refuses404
        | M::Refuses400
        | M::Redirects
        | M::RefusesRoster
        | M::OneChange
        | M::EndFirst
        | M::KnownProperties
        | M::KnownResources
        | M::KnownWords
        | M::TokenOptional
        | M::TakesUnsigned
        | M::AnySignature
        | M::AnyTime
        | M::AnyAudience => Rule::AcknowledgementStatus,
        M::Hangs | M::AnswerFirst => Rule::AcknowledgementMissing,
        M::Resets | M::Noise | M::Truncated => Rule::Transport,
    }
}

/// The fault injection that alone shows a mutant of the service; none for one that needs none.
pub(super) const fn injection_for_service(mutant: ServiceMutant) -> Option<Kind> {
    use ServiceMutant as M;
    match mutant {
        M::WaitsForEver => Some(Kind::SilentCallback),
        M::NeverAgain => Some(Kind::FailingCallback),
        _ => None,
    }
}

/// The fault injection that alone shows a mutant of the bot; none for one that needs none.
pub(super) const fn injection_for_bot(mutant: BotMutant) -> Option<Kind> {
    use BotMutant as M;
    Some(match mutant {
        M::AnswerFirst => Kind::EarlyNotification,
        M::InvitesAgain => Kind::DuplicateNotification,
        M::OneChange => Kind::BatchedNotifications,
        M::EndFirst => Kind::ReorderedNotifications,
        M::KnownProperties => Kind::UnknownProperties,
        M::KnownResources => Kind::UnknownResource,
        M::KnownWords => Kind::UnknownWord,
        M::TokenOptional | M::TakesUnsigned => Kind::UnsignedNotification,
        M::AnySignature => Kind::ForeignKey,
        M::AnyTime => Kind::ExpiredToken,
        M::AnyAudience => Kind::OtherAudience,
        M::AsksOtherwise => Kind::LostResponse,
        M::TriesFailed => Kind::FailingOutcome,
        M::Impatient => Kind::SlowResponse,
        M::IgnoresRetryAfter => Kind::Throttled,
        M::GivesUp503 => Kind::Unavailable,
        M::GivesUpBroken => Kind::ConnectionReset,
        _ => return None,
    })
}
