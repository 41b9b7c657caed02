//! A whole recording, judged.

use std::cmp::Reverse;
use std::sync::Arc;

use super::segment;
use super::segment::Segment;
use super::transcript::{CapturedExchange, Transcript};
use super::{evaluation, grouping};
use rayon::prelude::*;

use crate::cassette::format::{Direction, Exchange};
use crate::cassette::recording::Recording;
use crate::judge::page::Page;
use crate::judge::verdict::{ScenarioResult, Verdict};
use crate::judge::{Case, Options, Outcome};
use crate::scenario::format::{Scenario, Step};

/// What a recording shows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Checked {
    /// The conversations, in the order in which they began, each party by itself. Those that pass come
    /// without their messages, which no report shows.
    pub results: Vec<ScenarioResult>,
    /// The exchanges that fit no scenario.
    pub not_covered: Vec<NotCovered>,
}

/// An exchange that fits no scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotCovered {
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
pub(crate) fn check(recording: Recording, cases: &[Case], options: &Options) -> Checked {
    let cases = recorded_parts(&recording, cases);
    let mut groups = groups(recording.into_exchanges()).into_iter();
    let mut judged = Vec::new();
    let mut page = None;
    while page.is_none()
        && let Some(group) = groups.next()
    {
        let group = group.judge(&cases, options, None);
        let first = group.conversations.first();
        page = first.map(|it| &cases[it.case].page);
        judged.push(group);
    }
    // Groups are about different calls: each is judged by itself.
    let rest: Vec<Group> = groups.collect();
    let rest = rest.into_par_iter();
    judged.par_extend(rest.map(|group| group.judge(&cases, options, page)));
    let (mut conversations, mut not_covered) = (Vec::new(), Vec::new());
    for group in judged {
        conversations.extend(group.conversations);
        not_covered.extend(group.not_covered);
    }
    conversations.sort_by_key(|it| it.first);
    not_covered.sort_by_key(|(place, _)| *place);
    let results = conversations.into_iter().flat_map(|it| it.results);
    Checked {
        results: results.collect(),
        not_covered: not_covered
            .into_iter()
            .map(|(_, not_covered)| not_covered)
            .collect(),
    }
}

/// Exchanges that are about the same calls, in order.
#[derive(Debug)]
struct Group {
    exchanges: Vec<Exchange>,
    /// The place of each in the recording.
    places: Vec<usize>,
}

/// What a group shows.
#[derive(Debug)]
struct Judged {
    conversations: Vec<Conversation>,
    /// Each with its place in the recording.
    not_covered: Vec<(usize, NotCovered)>,
}

#[derive(Debug)]
struct Conversation {
    /// The place of the exchange that it begins with in the recording.
    first: usize,
    /// The scenario that it follows.
    case: usize,
    results: Vec<ScenarioResult>,
}

fn groups(exchanges: Vec<Exchange>) -> Vec<Group> {
    let places = grouping::groups(&exchanges);
    let mut exchanges: Vec<Option<Exchange>> = exchanges.into_iter().map(Some).collect();
    let groups = places.into_iter().map(|places| {
        let exchanges = places.iter().filter_map(|place| exchanges[*place].take());
        Group {
            exchanges: exchanges.collect(),
            places,
        }
    });
    groups.collect()
}

impl Group {
    /// Judges the conversations. Of the messages nothing stays but what the results hold.
    fn judge<'a>(
        self,
        cases: &'a [Case],
        options: &Options,
        mut page: Option<&'a Arc<Page>>,
    ) -> Judged {
        let transcript = Transcript::new(self.exchanges);
        let heard = transcript.heard();
        let mut fits = vec![false; heard.len()];
        let mut conversations = Vec::new();
        for at in 0..heard.len() {
            if fits[at] {
                continue;
            }
            let left: Vec<usize> = (at..heard.len()).filter(|index| !fits[*index]).collect();
            let Some(followed) = best(cases, &transcript, &left, options, page) else {
                continue;
            };
            for index in &followed.segment.exchanges {
                fits[*index] = true;
            }
            let case = followed.case;
            page = Some(&cases[case].page);
            conversations.push(Conversation {
                first: self.places[at],
                case,
                results: followed.results(&cases[case], heard),
            });
        }
        let not_covered = self.places.into_iter().zip(heard).zip(fits);
        let not_covered = not_covered.filter(|(_, fits)| !fits);
        Judged {
            conversations,
            not_covered: not_covered
                .map(|((place, heard), _)| (place, NotCovered::new(heard)))
                .collect(),
        }
    }
}

impl NotCovered {
    fn new(heard: &CapturedExchange) -> Self {
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
        let conforming =
            evaluation::evaluate_conforming(&cases[*case], transcript, segment, options);
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
        outcomes: evaluation::evaluate(&cases[case], transcript, &segment, options),
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

    fn results(self, case: &Case, heard: &[CapturedExchange]) -> Vec<ScenarioResult> {
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
                if result.verdict == Verdict::Pass {
                    result.traffic = Vec::new();
                }
                result
            })
            .collect()
    }
}
