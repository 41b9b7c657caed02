//! The suite: each built-in scenario and role is a test of its own, played against the built-in
//! pair over real sockets, judged, and held against its snapshot.
//!
//! A snapshot is the documented conversation and the actual one laid over each other: lines that
//! begin with `-` are documented only, lines with `+` came only. Review changes with
//! `cargo insta review`.

mod conversation;

use std::process::ExitCode;
use std::sync::Arc;

use confcall::api::party::Party;
use confcall::judge;
use confcall::judge::Case;
use confcall::judge::verdict::{ScenarioResult, Verdict};
use confcall::runner::self_check::{self, PairOptions};
use confcall::runner::{Options, Stop};
use confcall::scenario::store;
use confcall::suite::trials;
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let scenarios = match store::built_in() {
        Ok(scenarios) => scenarios,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let trials: Vec<Trial> = judge::cases(&scenarios, &scenarios)
        .into_iter()
        .flat_map(|case| {
            let judged = |role: &Party| judge::judges(&case.scenario.script, *role);
            let roles = [Party::Service, Party::Bot].into_iter().filter(judged);
            roles
                .map(|role| trial(case.clone(), role))
                .collect::<Vec<_>>()
        })
        .collect();
    trials::main(&arguments, trials)
}

fn trial(case: Case, role: Party) -> Trial {
    let name = trials::name(&case.scenario.id, role);
    Trial::test(name, move || judge(&case, role))
}

/// Plays one scenario for one role, and says what departs.
fn judge(case: &Case, role: Party) -> Result<(), Failed> {
    let options = Arc::new(Options::default());
    let cases = [case.clone()];
    let (parties, pair, stop) = ([role], PairOptions::default(), Stop::default());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let played = self_check::play(&options, &cases, &parties, pair, &stop);
    let results = runtime.block_on(played)?;
    runtime.shutdown_background();
    let [result] = results.as_slice() else {
        return Err(format!("{} results instead of one", results.len()).into());
    };
    if result.verdict != Verdict::Pass {
        // A scenario that could not run is never green.
        return Err(trials::failed(result));
    }
    hold_against_snapshot(case, result);
    Ok(())
}

fn hold_against_snapshot(case: &Case, result: &ScenarioResult) {
    let text = conversation::laid_over_each_other(&Arc::clone(&case.scenario), result);
    let name = format!(
        "{}__{}",
        case.scenario.id.as_str().replace('/', "__"),
        result.role
    );
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description(format!(
        "{}: documented (-) and actual (+)",
        case.scenario.script.source
    ));
    settings.bind(|| insta::assert_snapshot!(name, text));
}
