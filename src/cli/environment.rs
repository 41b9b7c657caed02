//! The variables of the environment that confcall reads beside those of its options.

use std::env;

use crate::report::text::Look;

pub(crate) fn columns() -> usize {
    let columns = env::var("COLUMNS").ok();
    let columns = columns.and_then(|it| it.parse().ok());
    columns.unwrap_or(Look::PLAIN.width)
}

pub(crate) fn is_github_actions() -> bool {
    env::var_os("GITHUB_ACTIONS").is_some_and(|it| it == "true")
}

/// True in continuous integration. Azure Pipelines sets `TF_BUILD` alone; insta looks
/// at both.
pub(crate) fn is_ci() -> bool {
    match env::var_os("CI") {
        Some(value) => !value.is_empty() && value != "false" && value != "0",
        None => env::var_os("TF_BUILD").is_some(),
    }
}

pub(crate) fn forces_passes() -> bool {
    env::var_os("INSTA_FORCE_PASS").is_some_and(|it| !it.is_empty() && it != "0")
}

pub(crate) fn is_nextest() -> bool {
    env::var_os("NEXTEST_EXECUTION_MODE").is_some_and(|it| it == "process-per-test")
}
