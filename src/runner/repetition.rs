//! Scenarios that are played many times at once. Each conversation is judged. Conversations with the same outcome have
//! one result, so that memory does not grow with their number.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::observer::RunEvent;
use super::session::{ALIKE, Context};
use super::skeleton;
use crate::contract::rule::Rule;
use crate::judge::Case;
use crate::judge::verdict::{Latencies, Load, MixedUp, ScenarioResult, Verdict};

/// The results of one scenario that are kept, at most.
const OUTCOMES: usize = 20;

/// The pairs of ids that are kept, at most.
const MIXED_UP: usize = 100;

/// The longest time that is distinguished from longer ones: an hour, in microseconds.
const LONGEST: u64 = 3_600_000_000;

/// What the sessions of a run with repetitions measure.
#[derive(Debug)]
pub(crate) struct Measured {
    /// The number of times that each scenario is played.
    pub repeat: usize,
    conversations: AtomicUsize,
    /// The times of the target's answers, in microseconds.
    answers: Mutex<Histogram<u64>>,
    mixed_up: Mutex<Vec<MixedUp>>,
}

impl Measured {
    /// None for scenarios that are played once.
    pub(crate) fn of(repeat: usize) -> Option<Arc<Self>> {
        if repeat < 2 {
            return None;
        }
        // Three digits.
        let answers = Histogram::new_with_bounds(1, LONGEST, 3).ok()?;
        Some(Arc::new(Self {
            repeat,
            conversations: AtomicUsize::new(0),
            answers: Mutex::new(answers),
            mixed_up: Mutex::default(),
        }))
    }

    /// The target has answered after this time.
    pub(super) fn answered(&self, after: Duration) {
        let after = u64::try_from(after.as_micros()).unwrap_or(LONGEST);
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.saturating_record(after);
    }

    fn ended(&self, result: &ScenarioResult) {
        self.conversations.fetch_add(1, Ordering::Relaxed);
        let correlation = result.failures.iter();
        let correlation = correlation.filter(|it| it.rule == Rule::Correlation);
        let mut mixed_up = self.mixed_up.lock().unwrap_or_else(PoisonError::into_inner);
        for violation in correlation {
            if mixed_up.len() < MIXED_UP {
                mixed_up.push(MixedUp {
                    scenario: result.scenario.clone(),
                    pointer: violation.pointer.as_str().to_owned(),
                    expected: violation.expected.clone(),
                    actual: violation.actual.clone(),
                });
            }
        }
    }

    pub(super) fn load(&self, jobs: usize) -> Load {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        #[expect(
            clippy::cast_precision_loss,
            reason = "an hour in microseconds has 32 bits"
        )]
        let ms = |micros: u64| micros as f64 / 1000.0;
        let at = |percent| ms(answers.value_at_percentile(percent));
        let mixed_up = self.mixed_up.lock().unwrap_or_else(PoisonError::into_inner);
        Load {
            repeat: self.repeat,
            jobs,
            conversations: self.conversations.load(Ordering::Relaxed),
            answers: answers.len(),
            latency_ms: Latencies {
                p50: at(50.0),
                p90: at(90.0),
                p99: at(99.0),
                max: ms(answers.max()),
            },
            mixed_up: mixed_up.clone(),
        }
    }
}

/// A conversation that is over.
struct Ended {
    index: usize,
    /// None if its messages could not be distinguished from those of others.
    result: Option<ScenarioResult>,
}

/// The results of each case, by outcome, and the number of conversations that are to be played again.
struct Tally {
    results: Vec<Vec<ScenarioResult>>,
    again: Vec<usize>,
}

impl Context {
    /// Plays every case many times, the cases in turn. `is_apart` is false for cases that are played one by one.
    pub(super) async fn play_repeatedly(
        self: &Arc<Self>,
        cases: &[Case],
        measured: &Arc<Measured>,
        is_apart: impl Fn(&Case) -> bool,
    ) -> Vec<ScenarioResult> {
        let count = cases.len() * measured.repeat;
        self.options.observer.event(RunEvent::Planned(count));
        let mut tally = Tally {
            results: vec![Vec::new(); cases.len()],
            again: vec![0; cases.len()],
        };
        let (apart, alike): (Vec<usize>, Vec<usize>) =
            (0..cases.len()).partition(|index| is_apart(&cases[*index]));
        let repeat = measured.repeat;
        for (part, jobs) in [(apart, self.options.jobs()), (alike, 1)] {
            let rounds = (0..repeat).flat_map(|_| part.iter().copied());
            self.play_all(cases, rounds, jobs, measured, &mut tally)
                .await;
        }
        let again = std::mem::replace(&mut tally.again, vec![0; cases.len()]);
        let again = (0..).zip(again);
        let again = again.flat_map(|(index, count)| std::iter::repeat_n(index, count));
        self.play_all(cases, again, 1, measured, &mut tally).await;
        for (index, count) in tally.again.iter().enumerate().filter(|(_, it)| **it > 0) {
            let mut result = self.skeleton(&cases[index], Verdict::Inconclusive, ALIKE);
            result.times = *count;
            tally.results[index].push(result);
        }
        let left = cases.iter().zip(tally.results);
        let results = left.flat_map(|(case, results)| {
            if results.is_empty() {
                let (verdict, reason) = self.stop.verdict();
                return vec![self.skeleton(case, verdict, reason)];
            }
            results
        });
        results.collect()
    }

    fn skeleton(&self, case: &Case, verdict: Verdict, reason: &str) -> ScenarioResult {
        skeleton(case, self.target.role(), verdict, reason)
    }

    /// Plays cases, so many at a time, until the run is stopped.
    async fn play_all(
        self: &Arc<Self>,
        cases: &[Case],
        indexes: impl Iterator<Item = usize>,
        jobs: usize,
        measured: &Arc<Measured>,
        tally: &mut Tally,
    ) {
        let permits = Arc::new(Semaphore::new(jobs.max(1)));
        let mut tasks = JoinSet::new();
        for index in indexes {
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
                break;
            };
            if self.stop.token.is_cancelled() {
                break;
            }
            let (context, case) = (Arc::clone(self), cases[index].clone());
            tasks.spawn(async move {
                let mut played = context.play_case(index, &case).await;
                drop(permit);
                let settle = context.options.settle;
                if !settle.is_zero() {
                    // Until then, surplus messages count.
                    let _ = timeout(settle, played.conversation.linger(&context.stop.token)).await;
                }
                let number = played.conversation.number();
                let is_ambiguous = played.conversation.is_ambiguous();
                let result = played.end().await;
                context.router.leave(number);
                Ended {
                    index,
                    result: (!is_ambiguous).then_some(result),
                }
            });
            while let Some(ended) = tasks.try_join_next() {
                tally.add(super::joined(ended), measured);
            }
        }
        while let Some(ended) = tasks.join_next().await {
            tally.add(super::joined(ended), measured);
        }
    }
}

impl Tally {
    fn add(&mut self, ended: Option<Ended>, measured: &Measured) {
        match ended {
            Some(Ended {
                index,
                result: Some(result),
            }) => {
                measured.ended(&result);
                add(&mut self.results[index], result);
            }
            Some(Ended { index, .. }) => self.again[index] += 1,
            None => {}
        }
    }
}

/// Counts a result with the one that has the same outcome, or keeps it.
fn add(results: &mut Vec<ScenarioResult>, new: ScenarioResult) {
    let is_full = results.len() >= OUTCOMES;
    let same =
        |it: &&mut ScenarioResult| it.verdict == new.verdict && (is_full || is_same(it, &new));
    match results.iter_mut().find(same) {
        Some(kept) => {
            kept.times += 1;
            kept.duration_ms = kept.duration_ms.max(new.duration_ms);
        }
        None => results.push(ScenarioResult {
            traffic: if new.is_plain_pass() {
                Vec::new()
            } else {
                new.traffic
            },
            ..new
        }),
    }
}

/// True if two results of a scenario have the same violations, at the same places.
fn is_same(one: &ScenarioResult, other: &ScenarioResult) -> bool {
    let violations = |it: &ScenarioResult| {
        let all = it.failures.iter().chain(&it.warnings);
        let all = all.map(|it| (it.rule, it.requirement, it.step, it.pointer.clone()));
        all.collect::<Vec<_>>()
    };
    violations(one) == violations(other)
}

/// Lets this process have as many connections as the system allows: each conversation needs some.
#[cfg(unix)]
pub(super) fn allow_connections() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // The limit of before is enough for fewer conversations.
    let _ = setrlimit(Resource::Nofile, limit);
}

#[cfg(not(unix))]
pub(super) const fn allow_connections() {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::party::Party;

    #[test]
    fn results_with_one_outcome_are_counted() {
        let mut results = Vec::new();
        for (verdict, reason, took) in [
            (Verdict::Pass, "", 1),
            (Verdict::Inconclusive, "gone", 2),
            (Verdict::Pass, "", 5),
            (Verdict::Pass, "", 3),
        ] {
            let mut result = ScenarioResult::new("a", Party::Bot, verdict, reason);
            result.duration_ms = took;
            add(&mut results, result);
        }
        let times = results
            .iter()
            .map(|it| (it.verdict, it.times, it.duration_ms));
        let expected = [(Verdict::Pass, 3, 5), (Verdict::Inconclusive, 1, 2)];
        assert_eq!(times.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn latencies_are_percentiles() {
        let measured = Measured::of(2).unwrap();
        for ms in 1..=1000 {
            measured.answered(Duration::from_millis(ms));
        }
        let load = measured.load(1);
        let about = |value: f64, expected: f64| (value - expected).abs() < expected / 100.0;
        assert_eq!(load.answers, 1000);
        assert!(about(load.latency_ms.p50, 500.0), "{load:?}");
        assert!(about(load.latency_ms.p99, 990.0), "{load:?}");
        assert!(about(load.latency_ms.max, 1000.0), "{load:?}");
        assert!(Measured::of(1).is_none());
    }
}
