//! `confcall completions`: the script with which a shell completes command lines, and the candidates that confcall
//! gives to the script.
//!
//! The script starts confcall for each completion, so that the candidates are those of this version and of the project
//! in the current folder.

mod bash;
pub(crate) mod candidates;

use std::env;
use std::ffi::OsStr;

use clap::{Args, Command, CommandFactory as _, ValueEnum};
use clap_complete::env::{CompleteEnv, Elvish, EnvCompleter, Fish, Powershell, Shells, Zsh};
use clap_complete::{ArgValueCompleter, CompletionCandidate};

use self::bash::Bash;
use super::arguments::Cli;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;

pub(crate) const EXAMPLES: &str = "\
The script starts confcall for each completion. Ids of scenarios are completed segment by segment, like paths.

Examples:
  confcall completions bash > ~/.local/share/bash-completion/completions/confcall
  confcall completions zsh > ~/.zfunc/_confcall       a folder of $fpath
  confcall completions fish > ~/.config/fish/completions/confcall.fish
  confcall completions powershell >> $PROFILE";

/// The variable by which a script asks for candidates. Its value is the name of the shell.
const VARIABLE: &str = "CONFCALL_COMPLETE";
/// The program that the scripts complete, and that they start.
const PROGRAM: &str = "confcall";

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The shell that the script is for
    shell: Shell,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

impl Shell {
    fn completer(self) -> &'static dyn EnvCompleter {
        match self {
            Self::Bash => &Bash,
            Self::Elvish => &Elvish,
            Self::Fish => &Fish,
            Self::Powershell => &Powershell,
            Self::Zsh => &Zsh,
        }
    }
}

pub(crate) fn command(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    arguments
        .shell
        .completer()
        .write_registration(VARIABLE, PROGRAM, PROGRAM, PROGRAM, &mut script)
        .map_err(|error| Failure::Defect(format!("the script cannot be made: {error}")))?;
    output.print_raw(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Success)
}

/// Prints the candidates if the script of a shell asks for them; `None` if none asks.
pub(crate) fn answer() -> Option<Exit> {
    let shells = Shell::value_variants().iter().map(|it| it.completer());
    let shells: Vec<_> = shells.collect();
    let folder = env::current_dir().ok();
    let answered = CompleteEnv::with_factory(definition)
        .var(VARIABLE)
        .bin(PROGRAM)
        .completer(PROGRAM)
        .shells(Shells(&shells))
        .try_complete(env::args_os(), folder.as_deref());
    match answered {
        Ok(false) => None,
        Ok(true) => Some(Exit::Success),
        // A message would stand in the middle of the line that is typed.
        Err(_) => Some(Exit::Usage),
    }
}

/// The command line, and without a command the options of `run`. A filter is no first word, so none is completed there.
fn definition() -> Command {
    let cli = Cli::command();
    let run = cli.find_subcommand("run").cloned().unwrap_or_default();
    let arguments = run.get_arguments().map(|argument| {
        let argument = argument.clone();
        if argument.is_positional() {
            argument.add(ArgValueCompleter::new(|_: &OsStr| {
                Vec::<CompletionCandidate>::new()
            }))
        } else {
            argument
        }
    });
    cli.args(arguments)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use clap_complete::engine::complete;

    use super::*;

    fn completed(line: &str) -> Vec<String> {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let last = words.len() - 1;
        let candidates = complete(&mut definition(), words, last, None).unwrap();
        let values = candidates.iter().map(|it| it.get_value().to_string_lossy());
        values.map(String::from).collect()
    }

    #[test]
    fn a_line_is_completed() {
        for (line, candidate) in [
            ("confcall expl", "explain"),
            ("confcall --all-ed", "--all-editions"),
            ("confcall --operation redi", "redirect"),
            ("confcall run call-rej", "call-reject/v1.0@2022-04/"),
            (
                "confcall run participant-invite/v1.0@",
                "participant-invite/v1.0@2022-05/",
            ),
            ("confcall run --operation invite,ans", "invite,answer"),
            ("confcall list --operation=ans", "--operation=answer"),
            ("confcall list --api be", "beta"),
            ("confcall list --edition 2021", "2021-02"),
            ("confcall list --locale pt", "pt-BR"),
            ("confcall list --inject thr", "throttled"),
            (
                "confcall show participant-inv",
                "participant-invite/beta@2021-02/",
            ),
            (
                "confcall check --filter call-rej",
                "call-reject/v1.0@2022-04/",
            ),
            ("confcall explain request.tok", "request.token"),
            ("confcall selftest replaced-call-d", "replaced-call-dropped"),
            (
                "confcall serve --mutant replaced-call-d",
                "replaced-call-dropped",
            ),
            ("confcall completions z", "zsh"),
        ] {
            let candidates = completed(line);
            assert!(
                candidates.iter().any(|it| it == candidate),
                "{line}: {candidates:?}"
            );
        }
    }

    #[test]
    fn a_filter_is_no_first_word() {
        assert_eq!(completed("confcall participant-inv"), [""; 0]);
    }
}
