//! A whole recording, judged.

use std::cmp::Reverse;
use std::sync::Arc;

use foldhash::HashSet;

use super::segment::{self, Segment};
use super::transcript::{Heard, Transcript};
use super::{Recording, grouping, hearing};
use crate::logic::judge::page::Page;
use crate::logic::judge::{Case, Options, Outcome};
use crate::logic::verdict::{ScenarioResult, Verdict};
use crate::model::cassette::Direction;
use crate::model::scenario::{Scenario, Step};

/// What a recording shows.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    /// The conversations, in the order in which they began, each party by itself.
    pub results: Vec<ScenarioResult>,
    /// The exchanges that fit no scenario.
    pub unfit: Vec<Unfit>,
}

/// An exchange that fits no scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// Its number in the recording.
    pub number: u64,
    /// Which way its request went.
    pub direction: Direction,
    /// `POST /app/calls`
    pub request: String,
    /// The status of the answer; none where there was none.
    pub status: Option<u16>,
}

/// Judges a recording against the scenarios that its conversations follow.
///
/// Of several scenarios that a conversation may follow, the one counts from which it departs least:
/// the one with most of the conversation in it first, then the one of the page that the recording's
/// first conversation follows.
pub fn check(recording: Recording, cases: &[Case], options: &Options) -> Checked {
    check_by(recording, cases, options, |count, judge| {
        (0..count).map(judge).collect()
    })
}

/// The same, with a function that makes a list of what another makes of the numbers from 0 to below
/// a number. It may call that on several threads.
pub fn check_by(
    recording: Recording,
    cases: &[Case],
    options: &Options,
    each: impl FnOnce(usize, &(dyn Fn(usize) -> Group + Sync)) -> Vec<Group>,
) -> Checked {
    let cases = recorded_parts(&recording, cases);
    let groups = grouping::groups(recording.exchanges());
    let transcript = Transcript::new(recording.exchanges);
    let mut conversations = Vec::new();
    let mut begun = 0;
    while conversations.is_empty()
        && let Some(group) = groups.get(begun)
    {
        begun += 1;
        conversations = of_group(&cases, &transcript, group, options, None).0;
    }
    let first = conversations.first();
    let page = first.map(|(_, followed)| &cases[followed.case].page);
    // Groups are about different calls: each is judged by itself.
    let left = &groups[begun..];
    let judged = each(left.len(), &|at| {
        of_group(&cases, &transcript, &left[at], options, page)
    });
    conversations.extend(judged.into_iter().flat_map(|group| group.0));
    conversations.sort_by_key(|(first, _)| *first);
    let heard = transcript.heard();
    let mut fits = vec![false; heard.len()];
    let mut checked = Checked::default();
    for (_, followed) in conversations {
        for index in &followed.segment.exchanges {
            fits[*index] = true;
        }
        let case = &cases[followed.case];
        checked.results.extend(followed.results(case, heard));
    }
    let unfit = heard.iter().zip(&fits).filter(|(_, fits)| !**fits);
    checked.unfit = unfit.map(|(heard, _)| Unfit::new(heard)).collect();
    checked
}

/// The conversations in a group of exchanges, each with the exchange that it begins with.
pub struct Group(Vec<(usize, Followed)>);

fn of_group<'a>(
    cases: &'a [Case],
    transcript: &Transcript,
    group: &[usize],
    options: &Options,
    mut page: Option<&'a Arc<Page>>,
) -> Group {
    let mut fits = HashSet::default();
    let mut found = Vec::new();
    for at in 0..group.len() {
        if fits.contains(&group[at]) {
            continue;
        }
        let left = group[at..].iter().copied();
        let left: Vec<usize> = left.filter(|index| !fits.contains(index)).collect();
        if let Some(followed) = best(cases, transcript, &left, options, page) {
            fits.extend(followed.segment.exchanges.iter().copied());
            page = Some(&cases[followed.case].page);
            found.push((group[at], followed));
        }
    }
    Group(found)
}

impl Unfit {
    fn new(heard: &Heard) -> Self {
        let request = &heard.request;
        Self {
            number: heard.number,
            direction: heard.direction,
            request: format!("{} {}", request.method, request.target),
            status: heard.response.as_ref().map(|response| response.status),
        }
    }
}

/// The scenarios that judge both parties, as far as they were recorded: steps of another direction
/// are untested. In a recording a bot that is refused has done something wrong, whatever a
/// conversation that judges the service alone makes of it.
fn recorded_parts(recording: &Recording, cases: &[Case]) -> Vec<Case> {
    let is_of_both = |case: &&Case| case.scenario.script.judges.is_none();
    let cases: Vec<Case> = cases.iter().filter(is_of_both).cloned().collect();
    if recording.records(Direction::Notification) {
        return cases;
    }
    let without = |scenario: &Scenario| {
        let mut scenario = scenario.clone();
        let steps = &mut Arc::make_mut(&mut scenario.script).steps;
        steps.retain(|step| !matches!(step, Step::Notification(_)));
        scenario
    };
    let cases = cases
        .iter()
        .map(|case| Case::new(without(&case.scenario).into(), Arc::clone(&case.page)));
    cases.collect()
}

/// A scenario that a conversation follows, with what the judge says.
struct Followed {
    case: usize,
    segment: Segment,
    outcomes: Vec<Outcome>,
}

/// The scenario that the conversation at the front of a group follows best.
fn best(
    cases: &[Case],
    transcript: &Transcript,
    group: &[usize],
    options: &Options,
    page: Option<&Arc<Page>>,
) -> Option<Followed> {
    let mut candidates: Vec<(usize, Segment)> = cases
        .iter()
        .enumerate()
        .filter_map(|(at, case)| {
            let segment = segment::begin(case, transcript, group)?;
            Some((at, segment))
        })
        .collect();
    candidates.sort_by_cached_key(|(at, segment)| {
        let is_page = page.is_some_and(|page| Arc::ptr_eq(&cases[*at].page, page));
        Reverse((segment.is_complete, segment.requests.len(), is_page))
    });
    // Most conversations depart from nothing; how far the others do is told when none does.
    for (at, (case, segment)) in candidates.iter().enumerate() {
        let conforming = hearing::hear_conforming(&cases[*case], transcript, segment, options);
        if let Some(outcomes) = conforming {
            let (case, segment) = candidates.swap_remove(at);
            return Some(Followed {
                case,
                segment,
                outcomes,
            });
        }
    }
    let heard = candidates.into_iter().map(|(case, segment)| Followed {
        outcomes: hearing::hear(&cases[case], transcript, &segment, options),
        case,
        segment,
    });
    heard.min_by_key(Followed::departures)
}

impl Followed {
    /// How far the conversation is from the scenario.
    fn departures(&self) -> usize {
        let of = |outcome: &Outcome| match outcome.verdict {
            Verdict::Pass => 0,
            _ => 1 + outcome.failures.len() * 2,
        };
        self.outcomes.iter().map(of).sum()
    }

    fn results(self, case: &Case, heard: &[Heard]) -> Vec<ScenarioResult> {
        let of_segment = || self.segment.exchanges.iter().map(|index| &heard[*index]);
        let numbers: Vec<String> = of_segment().map(|it| it.number.to_string()).collect();
        let note = format!("exchanges {} of the recording", numbers.join(", "));
        let omitted = of_segment().find_map(|heard| {
            let said = heard.omitted?;
            Some(format!("a body of exchange {} {said}", heard.number))
        });
        let times = || of_segment().map(|it| (it.at_ms, it.at_ms.saturating_add(it.took_ms)));
        let began = times().map(|(began, _)| began).min().unwrap_or(0);
        let ended = times().map(|(_, ended)| ended).max().unwrap_or(0);
        let duration = std::time::Duration::from_millis(ended.saturating_sub(began));
        self.outcomes
            .into_iter()
            .map(|outcome| {
                let mut result = outcome.into_result(&case.scenario.id, duration);
                result.notes.insert(0, note.clone());
                if let (Some(omitted), Verdict::Fail) = (&omitted, result.verdict) {
                    result.verdict = Verdict::Inconclusive;
                    result.reason.clone_from(omitted);
                }
                result
            })
            .collect()
    }
}
