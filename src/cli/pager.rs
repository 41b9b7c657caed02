//! A pager for long text on a terminal, as git has one.

use std::io::Write as _;
use std::process::{Command, Stdio};

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::{environment, interrupt_on_signals, runtime};

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Paging {
    /// On a terminal, write the text without a pager
    #[arg(long)]
    no_pager: bool,
}

impl Paging {
    /// Shows a text in the pager. Returns false if there is none, or no terminal.
    pub(crate) fn shows(self, text: &str) -> bool {
        let is_paged = !self.no_pager && environment::has_terminal();
        let pager = is_paged.then(|| pager(environment::pager())).flatten();
        pager.is_some_and(|pager| is_shown(&pager, text))
    }
}

/// The words of a command.
type Pager = Vec<String>;

/// The pager of this value of `PAGER`. As for git, an empty value and `cat` are none.
fn pager(variable: Option<String>) -> Option<Pager> {
    let Some(variable) = variable else {
        return Some(vec!["less".to_owned(), "-FRX".to_owned()]);
    };
    let words = shlex::split(&variable)?;
    let is_pager = !words.is_empty() && words != ["cat"];
    is_pager.then_some(words)
}

/// Starts the pager, and waits for its end. Returns false if it cannot be started.
fn is_shown(pager: &Pager, text: &str) -> bool {
    let mut command = Command::new(&pager[0]);
    command.args(&pager[1..]).stdin(Stdio::piped());
    for (name, value) in environment::of_pager() {
        command.env(name, value);
    }
    let Ok(mut child) = command.spawn() else {
        return false;
    };
    // Ctrl-C is for the pager, which outlives it.
    let runtime = runtime().ok();
    let _entered = runtime.as_ref().map(tokio::runtime::Runtime::enter);
    if runtime.is_some() {
        interrupt_on_signals(&CancellationToken::new());
    }
    if let Some(mut input) = child.stdin.take() {
        // A pager that ends early has shown enough.
        let _ = input.write_all(text.as_bytes());
    }
    child.wait().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_names_the_pager() {
        for (variable, expected) in [
            (None, Some(&["less", "-FRX"][..])),
            (Some("more"), Some(&["more"])),
            (Some("less -R '+/a b'"), Some(&["less", "-R", "+/a b"])),
            (Some(""), None),
            (Some("cat"), None),
            (Some("'"), None),
        ] {
            let found = pager(variable.map(str::to_owned));
            let found = found
                .as_ref()
                .map(|it| it.iter().map(String::as_str).collect());
            assert_eq!(found, expected.map(<[&str]>::to_vec), "{variable:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_pager_that_ends_early_or_does_not_exist_is_no_failure() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("shown");
        let words = |all: &[&str]| all.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let keep = words(&["sh", "-c", "cat > \"$0\"", file.to_str().unwrap()]);
        assert!(is_shown(&keep, "a\n"));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "a\n");
        assert!(is_shown(&words(&["true"]), &"a\n".repeat(100_000)));
        assert!(!is_shown(&words(&["a-program-that-does-not-exist"]), "a\n"));
    }
}
