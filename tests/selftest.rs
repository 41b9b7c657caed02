//! The proof that the judge judges: every planted fault is caught by the rule that names it, no
//! harmless variation is blamed, every rule has a fault that only it names, and every kind of fault injection a
//! fault that shows in no other and not in no fault injection.

use std::collections::BTreeSet;
use std::time::Duration;

use confcall::api::party::Party;
use confcall::cli::selftest::{Proof, prove_all};
use confcall::contract::rule::Rule;
use confcall::inject::Kind;
use strum::VariantArray as _;

/// Rules that neither built-in party can break by a fault of its own: the service has no documented
/// limit of its own to break.
const OF_BOTS_ONLY: [Rule; 1] = [Rule::Limit];

#[test]
fn every_mutant_is_caught_and_no_variant_is_blamed() {
    let proofs = prove_all(Duration::from_millis(500)).expect("sockets on loopback");
    let wrong: Vec<String> = proofs
        .iter()
        .filter(|proof| !proof.is_right)
        .map(|proof| format!("{proof:#?}"))
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
    for kind in Kind::ALL {
        let plants = |proof: &&Proof| proof.injection == Some(kind.name());
        assert!(proofs.iter().any(|proof| plants(&proof)), "{kind:?}");
    }
    let named: BTreeSet<Rule> = proofs.iter().filter_map(|proof| proof.expected).collect();
    let unnamed: Vec<Rule> = Rule::VARIANTS
        .iter()
        .filter(|rule| !named.contains(rule))
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
