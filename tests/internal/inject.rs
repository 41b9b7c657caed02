//! The built-in pair in all fault injection, over real sockets.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::api::party::Party;
use crate::inject::{InjectionKind, with_injected};
use crate::judge;
use crate::judge::verdict::{ScenarioResult, Verdict};
use crate::runner::self_check::{self, PairOptions};
use crate::runner::{Options, Stop};
use crate::scenario::format::ScenarioId;
use crate::scenario::store;

/// Plays every built-in scenario under these kinds of fault injection, and without any.
fn play(kinds: &[InjectionKind], seed: u64) -> Vec<ScenarioResult> {
    let plain = store::built_in().expect("the built-in scenarios");
    let cases = judge::cases(&plain, &with_injected(&plain, kinds));
    let mut options = Options {
        jobs: NonZeroUsize::new(16),
        seed,
        ..Options::default()
    };
    options.judge.strict = true;
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let (options, stop) = (Arc::new(options), Stop::default());
    let parties = [Party::Service, Party::Bot];
    let played = self_check::play(&options, &cases, &parties, PairOptions::default(), &stop);
    runtime.block_on(played).expect("sockets on loopback")
}

/// The recording is at an address of its own: the service gives it, a bot would have to be told.
const ELSEWHERE: &str = "/retrieving-the-recording-file";

fn assert_passes(results: &[ScenarioResult]) {
    for result in results {
        let is_elsewhere = result.role == Party::Bot && result.scenario.contains(ELSEWHERE);
        let expected = if is_elsewhere {
            Verdict::Skip
        } else {
            Verdict::Pass
        };
        let findings = (&result.failures, &result.warnings);
        assert_eq!(
            result.verdict, expected,
            "{} {}: {} {findings:#?}",
            result.role, result.scenario, result.reason
        );
    }
}

#[test]
fn the_pair_meets_every_injection() {
    let results = play(&InjectionKind::ALL, 1);
    assert_passes(&results);
    let met: BTreeSet<(InjectionKind, Party)> = results
        .iter()
        .filter_map(|it| Some((InjectionKind::of(&ScenarioId::new(&*it.scenario))?, it.role)))
        .collect();
    let all: BTreeSet<(InjectionKind, Party)> =
        InjectionKind::ALL.map(|kind| (kind, kind.party())).into();
    assert_eq!(
        met, all,
        "each kind is met by the party that it is for, and by no other"
    );
}

#[test]
fn whatever_the_seed() {
    let chosen = [
        InjectionKind::ReorderedNotifications,
        InjectionKind::UnknownProperties,
        InjectionKind::UnknownResource,
        InjectionKind::UnknownWord,
    ];
    for seed in [0, 2, u64::MAX] {
        assert_passes(&play(&chosen, seed));
    }
}
