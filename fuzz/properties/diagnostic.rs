//! What holds of every diagnostic about a file.

use crate::diagnostic::Diagnostic;

/// The diagnostic is about this file, its place is in it, and nothing in what is shown of it moves
/// the cursor of a terminal.
pub(crate) fn is_sound(wrong: &Diagnostic, file: &str, bytes: &[u8]) {
    let lines = bytes.split(|byte| *byte == b'\n').count();
    assert_eq!(wrong.file, file);
    assert!(wrong.line <= lines, "line {} of {lines}", wrong.line);
    assert!(
        wrong.column <= bytes.len() + 1,
        "column {} of {} bytes",
        wrong.column,
        bytes.len()
    );
    assert!(!wrong.message.is_empty());
    let shown = wrong.to_string();
    assert!(
        !shown.contains(|c: char| c.is_control() && c != '\n'),
        "{shown:?}"
    );
}
