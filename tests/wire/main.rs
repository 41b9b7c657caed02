//! Raw bytes through `confcall record`, as a process between two sockets, and what RFC 9110 and
//! RFC 9112 say of them: a trial for each row, named after the sentence that it holds.
//!
//! A row says what the client sends and the upstream answers, what either must get, and where it
//! matters what the cassette says. hyper writes the names of fields in lower case and adds `Date`
//! where there is none; names have no case (RFC 9110 section 5.1), and rows read them so.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails, and the place says why"
)]
#![expect(
    clippy::too_many_lines,
    reason = "a table is one function, a row a case"
)]

mod bodies;
mod broken;
mod fields;
mod framing;
mod interim;
mod must;
mod order;
mod play;
#[path = "../recorder/mod.rs"]
mod recorder;
mod refused;
mod row;
mod switching;
mod targets;

use std::process::ExitCode;

use confcall_test_support::run_trials;
use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let tables = [
        ("bodies", bodies::rows()),
        ("broken", broken::rows()),
        ("fields", fields::rows()),
        ("framing", framing::rows()),
        ("interim", interim::rows()),
        ("order", order::rows()),
        ("refused", refused::rows()),
        ("switching", switching::rows()),
        ("targets", targets::rows()),
    ];
    let trials = tables.into_iter().flat_map(|(subject, rows)| {
        rows.into_iter().map(move |row| {
            let name = format!("{subject}::{}", row.sentence.replace(' ', "_"));
            Trial::test(name, move || play::play(&row))
        })
    });
    run_trials(&arguments, trials.collect())
}
