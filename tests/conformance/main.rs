//! The suite: each built-in scenario and role is a test of its own, played against the built-in
//! pair over real sockets, judged, and held against its snapshot.
//!
//! A snapshot is the documented conversation and the actual one laid over each other: lines that
//! begin with `-` are documented only, lines with `+` came only. Review changes with
//! `cargo insta review`.

mod conversation;

use std::process::ExitCode;
use std::sync::Arc;

use confcall::entry::pair::{self, Manners};
use confcall::entry::run::setup;
use confcall::io::net::Shutdown;
use confcall::io::store;
use confcall::logic::judge::{self, Case};
use confcall::logic::verdict::{Role, Run, ScenarioResult, Target, Verdict};
use confcall::report::paint::Look;
use confcall::report::terminal;
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
            let judged = |role: &Role| judge::judges(&case.scenario.script, *role);
            let roles = [Role::Service, Role::Bot].into_iter().filter(judged);
            roles
                .map(|role| trial(case.clone(), role))
                .collect::<Vec<_>>()
        })
        .collect();
    if let (true, Some(name)) = (arguments.exact, &arguments.filter)
        && !trials.iter().any(|trial| trial.name() == name)
    {
        eprintln!("error: no scenario is named `{name}`\n  = help: `--list` shows them all");
        return ExitCode::FAILURE;
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(case: Case, role: Role) -> Trial {
    let name = format!("{}::{role}", case.scenario.id.as_str().replace('/', "::"));
    Trial::test(name, move || judge(&case, role))
}

/// Plays one scenario for one role, and says what departs.
fn judge(case: &Case, role: Role) -> Result<(), Failed> {
    let setup = setup(vec![case.clone()], Shutdown::new());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let results = runtime.block_on(pair::play(&setup, &[role], Manners::default()))?;
    runtime.shutdown_background();
    let [result] = results.as_slice() else {
        return Err(format!("{} results instead of one", results.len()).into());
    };
    if result.verdict != Verdict::Pass {
        // A scenario that could not run is never green.
        return Err(report(result).into());
    }
    hold_against_snapshot(case, result);
    Ok(())
}

fn report(result: &ScenarioResult) -> String {
    let target = Target {
        role: Some(result.role),
        url: None,
    };
    let elapsed = std::time::Duration::from_millis(result.duration_ms);
    terminal::render(
        &Run::new(target, vec![result.clone()]),
        elapsed,
        Look::PLAIN,
    )
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
