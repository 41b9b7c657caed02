//! Judges a whole recording.

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

#[derive(Debug, Clone, Default)]
pub(crate) struct Checked {
    /// The conversations in the order of their start, one result for each party. A passing result
    /// has no messages, as no report shows them.
    pub results: Vec<ScenarioResult>,
    pub not_covered: Vec<NotCovered>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotCovered {
    pub number: u64,
    /// The direction of its request.
    pub direction: Direction,
    /// `POST /app/calls`
    pub request: String,
    /// None if there was no answer.
    pub status: Option<u16>,
}

/// Judges a recording against the scenarios that its conversations follow.
///
/// Of several matching scenarios, the one with the fewest violations counts: first the one that
/// covers most of the conversation, then the one of the page that the first conversation follows.
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
    // Groups share no call; each is judged separately.
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

/// Exchanges about the same calls, in order.
#[derive(Debug)]
struct Group {
    exchanges: Vec<Exchange>,
    /// Indices in the recording.
    places: Vec<usize>,
}

#[derive(Debug)]
struct Judged {
    conversations: Vec<Conversation>,
    /// Each with its index in the recording.
    not_covered: Vec<(usize, NotCovered)>,
}

#[derive(Debug)]
struct Conversation {
    /// The index of its first exchange in the recording.
    first: usize,
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
    /// Judges the conversations; only results keep messages.
    fn judge<'a>(
        self,
        cases: &'a [Case],
        options: &Options,
        mut page: Option<&'a Arc<Page>>,
    ) -> Judged {
        let transcript = Transcript::new(self.exchanges);
        let captured = transcript.exchanges();
        let mut fits = vec![false; captured.len()];
        let mut conversations = Vec::new();
        for at in 0..captured.len() {
            if fits[at] {
                continue;
            }
            let left: Vec<usize> = (at..captured.len()).filter(|index| !fits[*index]).collect();
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
                results: followed.results(&cases[case], captured),
            });
        }
        let not_covered = self.places.into_iter().zip(captured).zip(fits);
        let not_covered = not_covered.filter(|(_, fits)| !fits);
        Judged {
            conversations,
            not_covered: not_covered
                .map(|((place, exchange), _)| (place, NotCovered::new(exchange)))
                .collect(),
        }
    }
}

impl NotCovered {
    fn new(exchange: &CapturedExchange) -> Self {
        let request = &exchange.request;
        Self {
            number: exchange.number,
            direction: exchange.direction,
            request: format!("{} {}", request.method, request.target),
            status: exchange.response.as_ref().map(|response| response.status),
        }
    }
}

/// The scenarios of both parties, limited to recorded directions: other steps are untested. A
/// refused bot is wrong in a recording, even if the conversation judges the service alone.
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

/// The scenario of a conversation, with the outcomes.
struct Followed {
    case: usize,
    segment: Segment,
    outcomes: Vec<Outcome>,
}

/// The scenario with the fewest violations for the conversation at the start of a group.
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
    // Most conversations conform to a scenario; the distance is computed only if none matches.
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
    let violating = candidates.into_iter().map(|(case, segment)| Followed {
        outcomes: evaluation::evaluate(&cases[case], transcript, &segment, options),
        case,
        segment,
    });
    violating.min_by_key(Followed::distance)
}

impl Followed {
    /// The number of violations, weighted.
    fn distance(&self) -> usize {
        let of = |outcome: &Outcome| match outcome.verdict {
            Verdict::Pass => 0,
            _ => 1 + outcome.failures.len() * 2,
        };
        self.outcomes.iter().map(of).sum()
    }

    fn results(self, case: &Case, captured: &[CapturedExchange]) -> Vec<ScenarioResult> {
        let of_segment = || self.segment.exchanges.iter().map(|index| &captured[*index]);
        let numbers: Vec<String> = of_segment().map(|it| it.number.to_string()).collect();
        let note = format!("exchanges {} of the recording", numbers.join(", "));
        let omitted = of_segment().find_map(|exchange| {
            let reason = exchange.omitted?;
            Some(format!("a body of exchange {} {reason}", exchange.number))
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
