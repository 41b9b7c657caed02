//! The proof that the judge judges: every mutant is caught by the rule or the requirement that names it, no variant is
//! blamed, every rule and every requirement has a mutant that it names, and every kind of fault injection has a mutant
//! that shows under no other and not without.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::api::party::Party;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::inject::InjectionKind;
use crate::runner::self_check::proof::{self, Proof, Sign, Trial};
use crate::scenario::store;
use strum::VariantArray as _;
use tokio_util::sync::CancellationToken;

/// Rules that neither built-in party can break by a mutant of its own: the service has no documented
/// limit of its own to break.
const OF_BOTS_ONLY: [Rule; 1] = [Rule::Limit];

/// Requirements that no mutant breaks, with the reason.
const WITHOUT_MUTANT: [(Requirement, &str); 12] = [
    (
        Requirement::RequestShown,
        "the trigger fixes what the examples of a request show; rows of `tests/judge` break it",
    ),
    (
        Requirement::RequestVersion,
        "the variant `other-version` is warned of, and blamed for nothing",
    ),
    (
        Requirement::ValuesCorrelate,
        "no built-in scenario has a variable that is no identifier and no context",
    ),
    (
        Requirement::NotificationToken,
        "no mutant of the built-in service leaves its token out",
    ),
    (
        Requirement::Refusal,
        "each built-in negative scenario names a requirement of its own",
    ),
    (
        Requirement::MediaAvoided,
        "no mutant of the built-in bot negotiates media for a transfer alone",
    ),
    (
        Requirement::CallIncoming,
        "the plan says that a bot answers twice; recordings in `traffic` break it",
    ),
    (
        Requirement::OperationVersion,
        "the trigger has a documented version; recordings in `traffic` break it",
    ),
    (
        Requirement::AnswerInTime,
        "a mutant would take 15 s; recordings in `traffic` break it",
    ),
    (
        Requirement::RedeliverySame,
        "rows of `tests/judge` break it, which send changed notifications again",
    ),
    (
        Requirement::RedeliveryOrder,
        "rows of `tests/judge` break it, which send notifications in another order",
    ),
    (
        Requirement::RetryThrottled,
        "a bot that gives up is caught with 503 and with a reset; rows of `tests/judge` do it with 429",
    ),
];

#[test]
fn every_mutant_is_caught_and_no_variant_is_blamed() {
    let trials: Vec<Trial> = proof::trials().collect();
    let scenarios = store::built_in().expect("scenarios");
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
    let rules = |role: Option<Party>| -> BTreeSet<Rule> {
        let of_role = proofs
            .iter()
            .filter(|it| role.is_none_or(|role| it.role == role));
        of_role.flat_map(rules_of).collect()
    };
    let unnamed: Vec<Rule> = Rule::VARIANTS
        .iter()
        // No judge knows the accepted conversations.
        .filter(|rule| !rules(None).contains(rule) && **rule != Rule::Snapshot)
        .copied()
        .collect();
    assert_eq!(unnamed, []);
    let of_service = rules(Some(Party::Service));
    assert!(OF_BOTS_ONLY.iter().all(|rule| !of_service.contains(rule)));
    let is_broken = |requirement: Requirement| {
        let mut mutants = proofs
            .iter()
            .filter(|it| it.expected.is_some() && it.role == requirement.party());
        mutants.any(|it| it.broken.contains(&requirement))
    };
    let is_excepted = |it: &Requirement| WITHOUT_MUTANT.iter().any(|(other, _)| other == it);
    let unbroken: Vec<Requirement> = Requirement::VARIANTS
        .iter()
        .filter(|it| !is_broken(**it) && !is_excepted(it))
        .copied()
        .collect();
    assert_eq!(unbroken, []);
}

/// The rules that name a mutant.
fn rules_of(proof: &Proof) -> Vec<Rule> {
    match proof.expected {
        Some(Sign::Rule(rule)) => vec![rule],
        Some(Sign::Requirement(_)) => proof.found.keys().copied().collect(),
        None => Vec::new(),
    }
}
