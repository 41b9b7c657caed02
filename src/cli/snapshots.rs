//! What `--snapshots` means, of a run and of a replay.

use std::fmt::Write as _;
use std::path::Path;

use super::environment;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::snapshot_files;
use super::snapshot_files::Standing;
use super::usage::UsageError;
use crate::diagnostic::place::printable;
use crate::report::snapshot;

/// A conversation that is held against the accepted one.
#[derive(Debug)]
pub struct Conversation {
    /// The name of its snapshot: a path below the folder, without `.snap`.
    pub name: String,
    /// What it is, for people.
    pub description: String,
    /// Its text.
    pub content: String,
}

/// insta passes whatever came where it is told to; a conformance run does not.
///
/// # Errors
///
/// A forced pass, where conversations are held against accepted ones.
pub fn refuse_forced_passes(keeps: bool) -> Result<(), UsageError> {
    if keeps && environment::forces_passes() {
        return Err(UsageError::ForcedPass);
    }
    Ok(())
}

/// Holds conversations against the accepted ones. In CI nothing is written.
///
/// # Errors
///
/// A folder that cannot be read or written.
pub fn hold(
    folder: &Path,
    conversations: impl IntoIterator<Item = Conversation>,
    output: Output,
) -> Result<Exit, Failure> {
    let in_ci = environment::is_ci();
    let same = |old: &str, new: &str| compared(old) == compared(new);
    let mut text = String::new();
    let mut differing = 0;
    for conversation in conversations {
        let description = &conversation.description;
        let file = snapshot::file(description, &conversation.content);
        let standing = snapshot_files::hold(folder, &conversation.name, &file, !in_ci, same)?;
        let Standing::Differs { accepted } = standing else {
            continue;
        };
        differing += 1;
        let what = if accepted.is_empty() {
            "NEW"
        } else {
            "CHANGED"
        };
        let _ = writeln!(text, "{} {}", output.look.odd(what), printable(description));
        if !accepted.is_empty() {
            let content = |file| snapshot::content(file).unwrap_or_default();
            let (old, new) = (content(&accepted), content(&file));
            text.push_str(&snapshot::difference(old, new, output.look));
        }
    }
    let told = match differing {
        0 => return Ok(Exit::Success),
        1 => "1 conversation is not the accepted one".to_owned(),
        _ => format!("{differing} conversations are not the accepted ones"),
    };
    let remedy = if in_ci {
        "run it outside of CI, and review".to_owned()
    } else {
        format!("review with `confcall accept {}`", folder.display())
    };
    let _ = writeln!(text, "{told}; {remedy}");
    output.print(&text)?;
    Ok(Exit::Failed)
}

/// What is compared of a snapshot file. As insta has it, line ends at its end make no difference.
fn compared(file: &str) -> Option<&str> {
    snapshot::content(file).map(str::trim_end)
}
