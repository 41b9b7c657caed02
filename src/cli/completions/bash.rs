//! The script for Bash.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_complete::env::{Bash as Clap, EnvCompleter};

/// Bash splits the words of a line at the `@` of a scenario's id and the `=` of an option too. The script of
/// `clap_complete` passes on the parts; this one joins them first.
#[derive(Debug)]
pub(super) struct Bash;

impl EnvCompleter for Bash {
    fn name(&self) -> &'static str {
        Clap.name()
    }

    fn is(&self, name: &str) -> bool {
        Clap.is(name)
    }

    fn write_registration(
        &self,
        variable: &str,
        name: &str,
        program: &str,
        completer: &str,
        script: &mut dyn Write,
    ) -> io::Result<()> {
        let text = include_str!("confcall.bash")
            .replace("NAME", name)
            .replace("PROGRAM", program)
            .replace("COMPLETER", completer)
            .replace("VARIABLE", variable);
        script.write_all(text.as_bytes())
    }

    fn write_complete(
        &self,
        command: &mut Command,
        words: Vec<OsString>,
        folder: Option<&Path>,
        candidates: &mut dyn Write,
    ) -> io::Result<()> {
        Clap.write_complete(command, words, folder, candidates)
    }
}
