//! `confcall::suite` in somebody's project, through processes as cargo and nextest start them. This
//! test is both: started by itself with a project's folder, it is that project's
//! `tests/conformance.rs`.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails, and the place says why"
)]

mod failing;
mod ignored;
mod project;
mod targets;

use std::env;
use std::process::ExitCode;

use confcall_test_support::run_trials;
use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    if let Some(folder) = env::var_os(project::FOLDER) {
        return project::conformance(folder.into());
    }
    let arguments = Arguments::from_args();
    let tests = [targets::ALL, ignored::ALL, failing::ALL].concat();
    let trials = tests.into_iter().map(|(name, test)| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    });
    run_trials(&arguments, trials.collect())
}

/// Tests by their names.
type Tests = &'static [(&'static str, fn())];

/// The tests of a module, each under its own name.
macro_rules! tests {
    ($($name:ident),+ $(,)?) => {
        pub(crate) const ALL: crate::Tests = &[$((stringify!($name), $name)),+];
    };
}
use tests;
