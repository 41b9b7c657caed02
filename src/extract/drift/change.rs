//! One difference between the contracts of two texts.

use strum::IntoStaticStr;

use crate::api::party::Party;

use super::super::remark::{PagePlace, PageRule, Remark, Severity};
use super::rules;
use super::scope::Scope;

/// A difference, with its lines in both texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub kind: ChangeKind,
    pub effect: Effect,
    /// The part of the contract, such as `request` or `operation notification (completed)`. Changes of one kind in one
    /// part are reported in one line.
    pub subject: String,
    /// The thing that changed: a path, a name, a number.
    pub what: String,
    /// The old and the new value, where the thing exists in both texts.
    pub values: Option<(String, String)>,
    /// An addition to the sentence, without a full stop.
    pub remark: Option<String>,
    /// The line of the old text, counted from 1.
    pub old: Option<usize>,
    /// The line of the new text, counted from 1.
    pub new: Option<usize>,
    /// The scenario of the page that the change is about.
    pub scenario: Option<String>,
    /// `None` if it touches no conversation.
    pub scope: Option<Scope>,
}

/// The consequence of a change for a party that was right by the old text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effect {
    /// The party is wrong by the new text, or receives something that it must now understand.
    Breaking(Party),
    Compatible,
    /// The same thing under another name.
    Renamed,
}

impl Effect {
    pub(crate) const fn breaks(self) -> Option<Party> {
        match self {
            Self::Breaking(party) => Some(party),
            Self::Compatible | Self::Renamed => None,
        }
    }
}

/// The kinds of changes. Their names are stable.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, IntoStaticStr, strum::EnumIter,
)]
#[strum(serialize_all = "kebab-case")]
pub(crate) enum ChangeKind {
    PageRemoved,
    PathRemoved,
    PathAdded,
    PathDeprecated,
    PathRestored,
    MethodChanged,
    PermissionRemoved,
    PermissionAdded,
    RequestHeaderRemoved,
    RequestHeaderAdded,
    RequestHeaderChanged,
    ParameterRemoved,
    ParameterAdded,
    ParameterTypeChanged,
    ParameterRequired,
    ParameterOptional,
    WordsRemoved,
    WordsAdded,
    LimitRemoved,
    LimitAdded,
    LimitTightened,
    LimitRelaxed,
    ProseStatusChanged,
    ExampleStatusChanged,
    AnswerTypeChanged,
    AnswerBodyRemoved,
    AnswerBodyAdded,
    HeaderRemoved,
    HeaderAdded,
    PropertyRemoved,
    PropertyAdded,
    PropertyOmitted,
    PropertyTypeChanged,
    ObjectTypeChanged,
    ValueFormChanged,
    WordCaseChanged,
    StepsRemoved,
    StepsAdded,
    OutcomeRemoved,
    OutcomeAdded,
    StateRemoved,
    StateAdded,
    ScenarioRemoved,
    ScenarioAdded,
    ScenarioRenamed,
    ExampleRenamed,
    SectionRemoved,
    SectionAdded,
    NoteRemoved,
    NoteAdded,
}

impl ChangeKind {
    /// The rule of changes of this kind.
    pub(crate) const fn rule(self) -> &'static PageRule {
        &rules::ALL[self as usize]
    }

    /// The end of the sentence about a change without values.
    const fn predicate(self) -> &'static str {
        match self {
            Self::PageRemoved
            | Self::PathRemoved
            | Self::PermissionRemoved
            | Self::RequestHeaderRemoved
            | Self::ParameterRemoved
            | Self::LimitRemoved
            | Self::NoteRemoved
            | Self::ScenarioRemoved
            | Self::OutcomeRemoved
            | Self::SectionRemoved
            | Self::StepsRemoved => "removed",
            Self::PathAdded
            | Self::PermissionAdded
            | Self::RequestHeaderAdded
            | Self::ParameterAdded
            | Self::LimitAdded
            | Self::NoteAdded
            | Self::ScenarioAdded
            | Self::OutcomeAdded
            | Self::SectionAdded
            | Self::StepsAdded => "added",
            Self::PathDeprecated => "deprecated",
            Self::PathRestored => "no longer deprecated",
            Self::ParameterRequired => "now required",
            Self::ParameterOptional => "no longer required",
            Self::WordsRemoved => "no longer allowed",
            Self::WordsAdded => "now allowed",
            Self::LimitTightened => "tighter",
            Self::LimitRelaxed => "relaxed",
            Self::AnswerBodyRemoved => "no longer in the example",
            Self::AnswerBodyAdded => "now in the example",
            Self::HeaderRemoved | Self::PropertyRemoved => "no longer shown",
            Self::HeaderAdded | Self::PropertyAdded => "now shown",
            Self::PropertyOmitted => "no longer in every example",
            Self::StateRemoved => "no longer needed",
            Self::StateAdded => "now needed",
            Self::ScenarioRenamed | Self::ExampleRenamed => "renamed",
            Self::MethodChanged
            | Self::RequestHeaderChanged
            | Self::ParameterTypeChanged
            | Self::ProseStatusChanged
            | Self::ExampleStatusChanged
            | Self::AnswerTypeChanged
            | Self::PropertyTypeChanged
            | Self::ObjectTypeChanged
            | Self::ValueFormChanged
            | Self::WordCaseChanged => "changed",
        }
    }
}

impl Change {
    pub(super) fn new(kind: ChangeKind, effect: Effect, subject: &str, what: &str) -> Self {
        Self {
            kind,
            effect,
            subject: subject.to_owned(),
            what: what.to_owned(),
            values: None,
            remark: None,
            old: None,
            new: None,
            scenario: None,
            scope: None,
        }
    }

    pub(super) const fn at(mut self, old: Option<usize>, new: Option<usize>) -> Self {
        self.old = old;
        self.new = new;
        self
    }

    pub(super) fn values(mut self, old: impl Into<String>, new: impl Into<String>) -> Self {
        self.values = Some((old.into(), new.into()));
        self
    }

    pub(super) fn remark(mut self, remark: impl Into<String>) -> Self {
        self.remark = Some(remark.into());
        self
    }

    /// The change of a conversation, which is its scope, too.
    pub(super) fn of_scenario(mut self, name: &str) -> Self {
        self.scenario = Some(name.to_owned());
        self.within(Scope::Scenario(vec![name.to_owned()]))
    }

    pub(super) fn within(mut self, scope: Scope) -> Self {
        self.scope = Some(scope);
        self
    }

    /// True if one sentence can report both changes.
    fn joins(&self, other: &Self) -> bool {
        let is_plain = |it: &Self| it.values.is_none() && it.remark == self.remark;
        self.kind == other.kind
            && self.effect == other.effect
            && self.subject == other.subject
            && self.scenario == other.scenario
            && !self.what.is_empty()
            && is_plain(self)
            && is_plain(other)
    }

    /// One sentence about all these changes, without a full stop.
    fn sentence(first: &Self, others: &[&Self]) -> String {
        let names = [first].into_iter().chain(others.iter().copied());
        let names = names.map(|change| change.what.as_str());
        let names = names.filter(|what| !what.is_empty());
        let names: Vec<_> = names.map(|what| format!(" `{what}`")).collect();
        let mut text = format!("{}{}", first.subject, names.join(","));
        if let Some((old, new)) = &first.values {
            text.extend([": `", old, "` becomes `", new, "`"]);
        } else {
            text.extend([" ", first.kind.predicate()]);
        }
        if let Some(remark) = &first.remark {
            text.push_str("; ");
            text.push_str(remark);
        }
        text
    }
}

/// The remarks on changes, one for each sentence. A remark has the line of the new page, and beside it the line of the old
/// page.
pub(super) fn remarks(changes: &[Change], old: &str, new: &str) -> Vec<(Remark, Vec<Scope>)> {
    let mut groups: Vec<Vec<&Change>> = Vec::new();
    for change in changes {
        match groups.iter_mut().find(|group| group[0].joins(change)) {
            Some(group) => group.push(change),
            None => groups.push(vec![change]),
        }
    }
    let remark = |group: Vec<&Change>| {
        let (first, others) = group.split_first()?;
        let line = |of: fn(&Change) -> Option<usize>| group.iter().filter_map(|it| of(it)).min();
        let message = Change::sentence(first, others);
        let new_line = line(|it| it.new).unwrap_or_default();
        let mut remark = Remark::new(first.kind.rule(), new, new_line, message);
        remark.other = line(|it| it.old).map(|line| PagePlace {
            page: old.to_owned(),
            line,
        });
        remark.breaks = first.effect.breaks();
        if remark.breaks.is_some() {
            remark.level = Severity::Error;
        }
        let scopes = group.iter().filter_map(|it| it.scope.clone());
        Some((remark, scopes.collect()))
    };
    groups.into_iter().filter_map(remark).collect()
}
