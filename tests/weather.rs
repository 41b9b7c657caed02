//! The built-in pair in all weather, over real sockets.

use std::collections::BTreeSet;

use confcall::entry::pair::{self, Manners};
use confcall::entry::run::setup;
use confcall::io::net::Shutdown;
use confcall::io::store;
use confcall::logic::judge;
use confcall::logic::verdict::{Role, ScenarioResult, Verdict};
use confcall::logic::weather::{Kind, with_weather};
use confcall::model::scenario::ScenarioId;

/// Plays every built-in scenario in these kinds of weather, and in fair weather.
fn play(kinds: &[Kind], seed: u64) -> Vec<ScenarioResult> {
    let plain = store::built_in().expect("the built-in scenarios");
    let cases = judge::cases(&plain, &with_weather(&plain, kinds));
    let mut setup = setup(cases, Shutdown::new());
    setup.judge.strict = true;
    setup.seed = seed;
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let played = pair::play(&setup, &[Role::Service, Role::Bot], Manners::default());
    runtime.block_on(played).expect("sockets on loopback")
}

fn assert_passes(results: &[ScenarioResult]) {
    for result in results {
        let findings = (&result.failures, &result.warnings);
        assert_eq!(
            result.verdict,
            Verdict::Pass,
            "{} {}: {} {findings:#?}",
            result.role,
            result.scenario,
            result.reason
        );
    }
}

#[test]
fn the_pair_meets_all_weather() {
    let results = play(&Kind::ALL, 1);
    assert_passes(&results);
    let met: BTreeSet<(Kind, Role)> = results
        .iter()
        .filter_map(|it| Some((Kind::of(&ScenarioId::new(&*it.scenario))?, it.role)))
        .collect();
    let all: BTreeSet<(Kind, Role)> = Kind::ALL.map(|kind| (kind, kind.role())).into();
    assert_eq!(
        met, all,
        "each kind is met by the party that it is for, and by no other"
    );
}

#[test]
fn whatever_the_seed() {
    let chosen = [
        Kind::ReorderedNotifications,
        Kind::UnknownProperties,
        Kind::UnknownResource,
        Kind::UnknownWord,
    ];
    for seed in [0, 2, u64::MAX] {
        assert_passes(&play(&chosen, seed));
    }
}
