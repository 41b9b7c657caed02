//! The proof that the judge judges: every mutant is caught by the rule that names it, no variant is
//! blamed, every rule has a mutant that only it names, and every kind of fault injection has a mutant
//! that shows under no other and not without.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::api::party::Party;
use crate::contract::rule::Rule;
use crate::inject::InjectionKind;
use crate::runner::self_check::proof::{self, Proof, Trial};
use crate::scenario::store;
use strum::VariantArray as _;
use tokio_util::sync::CancellationToken;

/// Rules that neither built-in party can break by a mutant of its own: the service has no documented
/// limit of its own to break.
const OF_BOTS_ONLY: [Rule; 1] = [Rule::Limit];

/// Rules that no mutant breaks: the monitor alone judges what a request brings about, and the recordings of `traffic`
/// break it.
const OF_RECORDINGS: [Rule; 1] = [Rule::Effect];

#[test]
fn every_mutant_is_caught_and_no_variant_is_blamed() {
    let trials: Vec<Trial> = proof::trials().collect();
    let scenarios = store::invitations().expect("scenarios");
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let (deadline, interrupt) = (Duration::from_millis(500), CancellationToken::new());
    let proofs = proof::prove(&trials, &scenarios, deadline, &interrupt);
    let proofs = runtime.block_on(proofs).expect("sockets on loopback");
    runtime.shutdown_background();
    let wrong: Vec<String> = proofs
        .iter()
        .filter(|proof| !proof.is_right)
        .map(|proof| format!("{}: {:?}", proof.name, proof.odd))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let count = |role: Party, is_mutant: bool| {
        let is_counted =
            |proof: &&Proof| proof.role == role && proof.expected.is_some() == is_mutant;
        proofs.iter().filter(is_counted).count()
    };
    assert!(count(Party::Service, true) >= 35);
    assert!(count(Party::Bot, true) >= 20);
    assert!(count(Party::Service, false) >= 15);
    assert!(count(Party::Bot, false) >= 15);
    for kind in InjectionKind::ALL {
        let shows = |proof: &Proof| proof.injection == Some(kind.name());
        assert!(proofs.iter().any(shows), "{kind:?}");
    }
    let named: BTreeSet<Rule> = proofs.iter().filter_map(|proof| proof.expected).collect();
    let unnamed: Vec<Rule> = Rule::VARIANTS
        .iter()
        .filter(|rule| !named.contains(rule) && !OF_RECORDINGS.contains(rule))
        .copied()
        .collect();
    assert_eq!(unnamed, []);
    let of_service: BTreeSet<Rule> = proofs
        .iter()
        .filter(|proof| proof.role == Party::Service)
        .filter_map(|proof| proof.expected)
        .collect();
    assert!(OF_BOTS_ONLY.iter().all(|rule| !of_service.contains(rule)));
}
