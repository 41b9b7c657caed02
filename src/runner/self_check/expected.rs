//! The rule or the requirement by which each mutant must fail, and the kind of fault injection that makes it visible.
//!
//! The rules are here because the emulator does not use the contract. The rows of operations in the emulator name the
//! requirement that they break, as text.

use std::fmt;

use serde::Serialize;

use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::emulator::bot::BotMutant;
use crate::emulator::service::ServiceMutant;
use crate::inject::InjectionKind;

/// The expected verdict on a mutant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected {
    pub sign: Sign,
    /// The only fault injection under which the mutant shows; `None` if it shows without any.
    pub injection: Option<InjectionKind>,
    /// The requirement is a SHOULD, so only `--strict` shows the mutant.
    pub is_warning: bool,
}

/// What names a mutant in the failures of a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Sign {
    Rule(Rule),
    Requirement(Requirement),
}

impl fmt::Display for Sign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule(rule) => f.pad(rule.as_str()),
            Self::Requirement(requirement) => f.pad(requirement.id()),
        }
    }
}

/// The expected verdict on the mutant of an operation.
///
/// # Panics
///
/// If no requirement has this name; a test reads every row.
pub(super) fn of_row(breaks: &str) -> Expected {
    let requirement = breaks.parse();
    let requirement = requirement.expect("the name of a requirement, which a test reads");
    Expected {
        sign: Sign::Requirement(requirement),
        injection: None,
        is_warning: false,
    }
}

const fn always(rule: Rule) -> Expected {
    Expected {
        sign: Sign::Rule(rule),
        injection: None,
        is_warning: false,
    }
}

const fn warns(rule: Rule) -> Expected {
    Expected {
        sign: Sign::Rule(rule),
        injection: None,
        is_warning: true,
    }
}

const fn under(kind: InjectionKind, rule: Rule) -> Expected {
    Expected {
        sign: Sign::Rule(rule),
        injection: Some(kind),
        is_warning: true,
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "a table is one function, a mutant a word"
)]
pub(super) const fn of_service(mutant: ServiceMutant) -> Expected {
    use ServiceMutant as M;
    match mutant {
        M::AnswerOk201
        | M::AnswerNoContent
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
        | M::RefusalServerError => always(Rule::ResponseStatus),
        M::AnswerNotJson
        | M::AnswerUntyped
        | M::LocationNowhere
        | M::CreateWithoutLocation
        | M::CreateLocationNowhere => always(Rule::ResponseHeader),
        M::AnswerInvalidJson
        | M::AnswerEmpty
        | M::AnswerArray
        | M::AnswerIdMissing
        | M::AnswerIdNull
        | M::AnswerIdNumber
        | M::AnswerStatusMissing
        | M::AnswerStatusUnknown
        | M::AnswerStatusNumber
        | M::AnswerTypeWrong
        | M::AnswerContextDropped
        | M::AnswerContextNumber
        | M::AnswerParticipantsObject
        | M::RefusalWithoutError
        | M::RefusalWithoutCode
        | M::RefusalMessageEmpty
        | M::RefusalTorn => always(Rule::ResponseBody),
        M::Hang => always(Rule::ResponseMissing),
        M::Reset | M::Truncated | M::Noise => always(Rule::Transport),
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
        | M::OtherCallEnds => always(Rule::Correlation),
        M::RosterEmpty | M::RosterWithoutInvited | M::RosterIncomplete | M::RosterOtherKind => {
            always(Rule::Effect)
        }
        M::AnswerParticipantsMissing => warns(Rule::ResponseBody),
        M::EndParticipantsMissing => warns(Rule::NotificationBody),
        M::NoEnd
        | M::NoRoster
        | M::RosterReplacedCall
        | M::RosterAsDeletion
        | M::NotTerminated
        | M::NotDeleted
        | M::NeverEstablished => always(Rule::NotificationMissing),
        M::AnswerStatusCompleted
        | M::EndTwice
        | M::AfterEnd
        | M::DeletedFirst
        | M::RefusesAndInvites => always(Rule::NotificationUnexpected),
        M::Put | M::Get => always(Rule::NotificationMethod),
        M::NotificationNotJson | M::NotificationUntyped => always(Rule::NotificationHeader),
        M::EstablishedFirst => always(Rule::NotificationOrder),
        M::EndAsUpdate
        | M::EndAsCreation
        | M::EndFailed
        | M::EndRunning
        | M::EndStatusMissing
        | M::EndStatusUnknown
        | M::EndTypeWrong
        | M::EndContextNumber
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
        | M::RosterInfoMissing
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
        | M::FailureCompletes => always(Rule::NotificationBody),
        M::WaitsForEver => under(InjectionKind::SilentCallback, Rule::NotificationMissing),
        M::NeverAgain => under(InjectionKind::FailingCallback, Rule::NotificationMissing),
    }
}

pub(super) const fn of_bot(mutant: BotMutant) -> Expected {
    use BotMutant as M;
    match mutant {
        M::Get | M::Put | M::Delete => always(Rule::RequestMethod),
        M::OtherAction | M::OtherCall | M::OutsideApi => always(Rule::RequestTarget),
        M::NoToken | M::BasicToken | M::EmptyToken | M::NotJson | M::Untyped => {
            always(Rule::RequestHeader)
        }
        M::InvalidJson
        | M::NoBody
        | M::BodyArray
        | M::ParticipantsMissing
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
        | M::CallbackNumber
        | M::ModalitiesText => always(Rule::RequestBody),
        M::ParticipantsEmpty | M::SixParticipants | M::ContextLong => always(Rule::Limit),
        M::ReplacesOther => always(Rule::Correlation),
        M::Twice => always(Rule::RequestUnexpected),
        M::NeverSends => always(Rule::RequestMissing),
        M::Refuses500 | M::Refuses404 | M::Refuses400 | M::Redirects | M::RefusesRoster => {
            always(Rule::AcknowledgementStatus)
        }
        M::Hangs => always(Rule::AcknowledgementMissing),
        M::Resets | M::Noise | M::Truncated => always(Rule::Transport),
        M::InvitesAgain => under(
            InjectionKind::DuplicateNotification,
            Rule::RequestUnexpected,
        ),
        M::AsksOtherwise => under(InjectionKind::LostResponse, Rule::RequestUnexpected),
        M::TriesFailed => under(InjectionKind::FailingOutcome, Rule::RequestUnexpected),
        M::Impatient => under(InjectionKind::SlowResponse, Rule::RequestUnexpected),
        M::IgnoresRetryAfter => under(InjectionKind::Throttled, Rule::RequestUnexpected),
        M::GivesUp503 => under(InjectionKind::Unavailable, Rule::RequestMissing),
        M::GivesUpBroken => under(InjectionKind::ConnectionReset, Rule::RequestMissing),
        M::OneChange => under(
            InjectionKind::BatchedNotifications,
            Rule::AcknowledgementStatus,
        ),
        M::EndFirst => under(
            InjectionKind::ReorderedNotifications,
            Rule::AcknowledgementStatus,
        ),
        M::KnownProperties => under(
            InjectionKind::UnknownProperties,
            Rule::AcknowledgementStatus,
        ),
        M::KnownResources => under(InjectionKind::UnknownResource, Rule::AcknowledgementStatus),
        M::KnownWords => under(InjectionKind::UnknownWord, Rule::AcknowledgementStatus),
        M::TokenOptional | M::TakesUnsigned => under(
            InjectionKind::UnsignedNotification,
            Rule::AcknowledgementStatus,
        ),
        M::AnySignature => under(InjectionKind::ForeignKey, Rule::AcknowledgementStatus),
        M::AnyTime => under(InjectionKind::ExpiredToken, Rule::AcknowledgementStatus),
        M::AnyAudience => under(InjectionKind::OtherAudience, Rule::AcknowledgementStatus),
        M::AnswerFirst => under(
            InjectionKind::EarlyNotification,
            Rule::AcknowledgementMissing,
        ),
    }
}
