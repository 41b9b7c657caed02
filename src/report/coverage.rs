//! The coverage of a run: which requirements of the catalogue were met, broken, or not put to the
//! test.

use std::fmt::Write as _;

use strum::VariantArray as _;

use super::color::Look;
use super::list::counted;
use crate::api::party::Party;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Level;
use crate::judge::verdict::{Basis, Run, ScenarioResult};

/// What a run says of one requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It was put to the test by so many scenarios, and held in all.
    Met(usize),
    /// It was broken in so many scenarios.
    Broken(usize),
    /// No scenario put it to the test.
    Untested(&'static str),
}

/// The requirements of the parties that the run judged, one a line.
pub fn render(run: &Run, look: Look) -> String {
    let mut text = String::from("\ncoverage\n");
    for requirement in Requirement::VARIANTS {
        let of_role = |result: &&ScenarioResult| result.role == requirement.party();
        let results: Vec<&ScenarioResult> = run.results.iter().filter(of_role).collect();
        if results.is_empty() {
            continue;
        }
        let _ = writeln!(
            text,
            "{}",
            line(*requirement, standing(*requirement, &results), look)
        );
    }
    text
}

fn standing(requirement: Requirement, results: &[&ScenarioResult]) -> Standing {
    let breaks = |result: &&&ScenarioResult| {
        let mut findings = result.failures.iter().chain(&result.warnings);
        findings.any(|finding| finding.requirement == Basis::Requirement(requirement))
    };
    let checks = |result: &&&ScenarioResult| result.checked.contains(&requirement);
    let broken = results.iter().filter(breaks).count();
    let checked = results.iter().filter(checks).count();
    match (broken, checked) {
        (0, 0) if results.iter().all(|result| result.traffic.is_empty()) => {
            Standing::Untested("no scenario was played")
        }
        (0, 0) => Standing::Untested("no message of the played scenarios shows it"),
        (0, checked) => Standing::Met(checked),
        (broken, _) => Standing::Broken(broken),
    }
}

fn in_scenarios(count: usize) -> String {
    format!("in {}", counted(count, "scenario"))
}

fn line(requirement: Requirement, standing: Standing, look: Look) -> String {
    let level = match requirement.level() {
        Level::Must => "MUST",
        Level::Should => "SHOULD",
    };
    let role = match requirement.party() {
        Party::Bot => "bot",
        Party::Service => "service",
    };
    let (word, how) = match standing {
        Standing::Met(count) => (look.good("met     "), in_scenarios(count)),
        Standing::Broken(count) => (look.bad("broken  "), in_scenarios(count)),
        Standing::Untested(why) => (look.odd("untested"), why.to_owned()),
    };
    let standard = match requirement.standard() {
        "" => String::new(),
        standard => format!(" [{standard}]"),
    };
    format!(
        "{word} {role:<7} {level:<6} {:<24} {}{standard} {}",
        requirement.id(),
        requirement.text(),
        look.faint(&format!("({how})"))
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::verdict::{JudgedTarget, Verdict};

    #[test]
    fn a_requirement_is_met_broken_or_untested() {
        let result = ScenarioResult {
            checked: vec![Requirement::RequestToken],
            ..ScenarioResult::new("a", Party::Bot, Verdict::Pass, "")
        };
        let target = JudgedTarget {
            role: Some(Party::Bot),
            url: None,
        };
        let text = render(&Run::new(target, vec![result]), Look::PLAIN);
        let of = |id: &str| {
            text.lines()
                .find(|line| line.contains(id))
                .unwrap_or_default()
        };
        assert!(of("request.token").starts_with("met"));
        assert!(of("request.method").starts_with("untested"));
        assert!(
            !text.contains("answer.status"),
            "the service was not judged"
        );
    }
}
