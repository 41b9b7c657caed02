//! The coverage of a run: which requirements were met, broken or not tested.

use std::fmt::Write as _;

use strum::VariantArray as _;

use super::list::counted;
use super::text::Look;
use crate::api::party::Party;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Level;
use crate::judge::verdict::{Basis, Run, ScenarioResult};

/// The coverage of one requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coverage {
    /// The number of scenarios that tested it; it held in all.
    Met(usize),
    /// The number of scenarios that broke it.
    Broken(usize),
    /// The reason why no scenario tested it.
    Untested(&'static str),
}

/// The requirements of the parties that the run judged, one a line. `of` is the word for a result: `scenario`.
pub(crate) fn render(run: &Run, of: &'static str, look: Look) -> String {
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
            line(*requirement, coverage(*requirement, &results), of, look)
        );
    }
    text
}

fn coverage(requirement: Requirement, results: &[&ScenarioResult]) -> Coverage {
    let breaks = |result: &&&ScenarioResult| {
        let mut findings = result.failures.iter().chain(&result.warnings);
        findings.any(|finding| finding.requirement == Basis::Requirement(requirement))
    };
    let checks = |result: &&&ScenarioResult| result.checked.contains(&requirement);
    let is_empty = |it: &&ScenarioResult| it.traffic.is_empty() && it.checked.is_empty();
    let broken = results.iter().filter(breaks).count();
    let checked = results.iter().filter(checks).count();
    match (broken, checked) {
        (0, 0) if results.iter().all(is_empty) => Coverage::Untested("nothing was played"),
        (0, 0) => Coverage::Untested("no message was tested for it"),
        (0, checked) => Coverage::Met(checked),
        (broken, _) => Coverage::Broken(broken),
    }
}

fn line(requirement: Requirement, coverage: Coverage, of: &'static str, look: Look) -> String {
    let in_results = |count| format!("in {}", counted(count, of));
    let level = match requirement.level() {
        Level::Must => "MUST",
        Level::Should => "SHOULD",
    };
    let role = match requirement.party() {
        Party::Bot => "bot",
        Party::Service => "service",
    };
    let (word, how) = match coverage {
        Coverage::Met(count) => (look.success("met     "), in_results(count)),
        Coverage::Broken(count) => (look.failure("broken  "), in_results(count)),
        Coverage::Untested(why) => (look.warning("untested"), why.to_owned()),
    };
    let standard = match requirement.standard() {
        "" => String::new(),
        standard => format!(" [{standard}]"),
    };
    format!(
        "{word} {role:<7} {level:<6} {:<24} {}{standard} {}",
        requirement.id(),
        requirement.text(),
        look.dim(&format!("({how})"))
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
        let text = render(&Run::new(target, vec![result]), "scenario", Look::PLAIN);
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
