//! `confcall init`: writes a `confcall.toml` to begin with.
//!
//! It finds what it can (`found`), prompts for the rest on a terminal, and writes the file (`text`).

mod found;
mod text;

use std::io::{self, BufRead, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;

use self::found::{PORT, Start, USUAL_PORTS, port_in_use};
use self::text::Answers;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::usage::InitError;
use super::{output, schema, target};
use crate::api::party::Party;
use crate::config;
use crate::config::values;
use crate::diagnostic::path::Shown as _;
use crate::files;

pub(crate) const EXAMPLES: &str = "\
On a terminal, confcall prompts for each value that no option gives. It proposes a command that fits the files in the \
folder: package.json, pyproject.toml, requirements.txt, *.csproj, go.mod, pom.xml or Cargo.toml. For a target that is \
already running, it proposes a port. Without a terminal, confcall prompts for nothing. If the URL then has {port} and \
there is no COMMAND, confcall uses the command that fits the files.

URLs and COMMAND may have placeholders. {port} is a free port that confcall picks for each run. {service} is the URL at \
which confcall plays the service.

Examples:
  confcall init
  confcall init --role bot --url http://127.0.0.1:{port}/callback \\
    --trigger http://127.0.0.1:{port}/trigger -- node bot.js
  confcall init --role service --url http://127.0.0.1:{port} --edition 2021-02 \\
    -- ./emulator --port {port}";

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The party that is judged: bot, service
    #[arg(long, value_name = "ROLE", hide_possible_values = true)]
    role: Option<Party>,
    /// The service's address, or the bot's callback
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// The bot's address for triggers
    #[arg(long, value_name = "URL")]
    trigger: Option<String>,
    /// How to set up a service's provider states: create (by requests), assume (they exist), or the URL of a hook
    #[arg(long, value_name = "HOW")]
    given: Option<String>,
    /// Claim only this edition of the pages, such as 2021-02 (repeatable)
    #[arg(long = "edition", value_name = "EDITION")]
    editions: Vec<String>,
    /// Write this file
    #[arg(long, value_name = "FILE", default_value = config::FILE)]
    out: PathBuf,
    /// The command with which confcall starts the target
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// The JSON Schema of the file, for editors. It is written beside the file.
const SCHEMA: &str = "confcall.schema.json";

/// The answer for a target that runs already, in the place of a command.
const NO_COMMAND: &str = "-";

pub(crate) fn command(arguments: Arguments, output: Output) -> Result<Exit, Failure> {
    let path = arguments.out.clone();
    if path.exists() {
        return Err(InitError::Exists(path).into());
    }
    // The target is started in the folder of the file.
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    let found = Found {
        start: Start::of(folder),
        port: port_in_use(&USUAL_PORTS),
    };
    let is_there = io::stdin().is_terminal() && io::stderr().is_terminal();
    let mut lines = io::stdin().lock();
    let mut prompts = Prompts {
        lines: is_there.then_some(&mut lines),
    };
    let answers = answers(arguments, found, &mut prompts)?;
    let text = answers.text();
    // confcall reads the files that it writes.
    config::read(&path.shown(), text.as_bytes()).map_err(InitError::NoConfiguration)?;
    let schema = path.with_file_name(SCHEMA);
    files::write(&schema, &schema::text(schema::What::Config))?;
    files::write(&path, &text)?;
    let (path_name, schema) = (path.shown(), schema.shown());
    output.print(&format!("{path_name}\n{schema}\n{}", next_step(&path)))?;
    Ok(Exit::Success)
}

/// The proposals for the prompts.
#[derive(Debug, Default)]
struct Found {
    start: Option<Start>,
    /// A port on which a program listens.
    port: Option<u16>,
}

fn answers(
    arguments: Arguments,
    found: Found,
    prompts: &mut Prompts<'_>,
) -> Result<Answers, Failure> {
    let role = match arguments.role {
        Some(role) => role,
        None => prompts.role()?,
    };
    if role == Party::Bot && arguments.given.is_some() {
        return Err(InitError::BotHasNoStates.into());
    }
    if role == Party::Service && arguments.trigger.is_some() {
        return Err(InitError::ServiceHasNoTrigger.into());
    }
    let uses_port = |url: &String| url.contains("{port}");
    let takes_found = arguments.url.as_ref().is_some_and(uses_port);
    let start = start(arguments.command, found.start, takes_found, prompts)?;
    let (what, path) = match role {
        Party::Bot => ("The bot's callback", "/callback"),
        Party::Service => ("The service's address", ""),
    };
    let port = match (&start, found.port) {
        (Some(_), _) => "{port}".to_owned(),
        (None, port) => port.unwrap_or(USUAL_PORTS[0]).to_string(),
    };
    let proposal = format!("http://127.0.0.1:{port}{path}");
    let url = prompts.or_prompt(arguments.url, "--url", what, &proposal)?;
    if uses_port(&url) && start.is_none() {
        return Err(InitError::NothingStarts(url).into());
    }
    let trigger = match arguments.trigger {
        None if role == Party::Bot && prompts.lines.is_some() => {
            let question = "The address that receives its triggers (empty: it needs none)";
            Some(prompts.prompt(question, "")?).filter(|it| !it.is_empty())
        }
        trigger => trigger,
    };
    for address in [Some(&url), trigger.as_ref()].into_iter().flatten() {
        values::url(&with_port(address)?).map_err(InitError::Form)?;
    }
    if let Some(given) = &arguments.given {
        target::given(&with_port(given)?).map_err(InitError::Form)?;
    }
    Ok(Answers {
        role,
        url,
        trigger,
        given: arguments.given,
        editions: arguments.editions,
        start,
    })
}

/// The way in which the target is started: the given one, else the answer of the user, else the one that was found, if it
/// is to be taken.
fn start(
    given: Vec<String>,
    found: Option<Start>,
    takes_found: bool,
    prompts: &mut Prompts<'_>,
) -> Result<Option<Start>, Failure> {
    let variables = found.as_ref().map_or(PORT, |it| it.variables);
    let words = if !given.is_empty() {
        given
    } else if prompts.lines.is_some() {
        let proposal = found.as_ref().map(|it| it.words.join(" "));
        let proposal = proposal.as_deref().unwrap_or(NO_COMMAND);
        let question = "The command that starts it (`-`: it is already running)";
        match prompts.prompt(question, proposal)?.as_str() {
            NO_COMMAND => Vec::new(),
            line => words(line)?,
        }
    } else {
        return Ok(found.filter(|_| takes_found));
    };
    Ok((!words.is_empty()).then_some(Start { words, variables }))
}

fn words(line: &str) -> Result<Vec<String>, InitError> {
    // On Windows, a backslash escapes nothing: it separates folders.
    let escape = if cfg!(windows) { r"\\" } else { r"\" };
    shlex::split(&line.replace('\\', escape)).ok_or(InitError::OpenQuote)
}

/// An address with some port for its placeholder; there is no other placeholder in it.
fn with_port(address: &str) -> Result<String, InitError> {
    let filled = address.replace("{port}", "1");
    if filled.contains(['{', '}']) {
        return Err(InitError::Braces(address.to_owned()));
    }
    Ok(filled)
}

/// Prompts the user, and reads the answers.
struct Prompts<'a> {
    /// None where there is no terminal.
    lines: Option<&'a mut dyn BufRead>,
}

impl Prompts<'_> {
    fn role(&mut self) -> Result<Party, Failure> {
        self.must_be_there("--role")?;
        loop {
            match self
                .prompt("The party that is judged, bot or service", "bot")?
                .as_str()
            {
                "bot" => return Ok(Party::Bot),
                "service" => return Ok(Party::Service),
                other => output::say(&format!("`{other}` is neither `bot` nor `service`")),
            }
        }
    }

    fn or_prompt(
        &mut self,
        given: Option<String>,
        flag: &'static str,
        question: &str,
        default: &str,
    ) -> Result<String, Failure> {
        if let Some(given) = given {
            return Ok(given);
        }
        self.must_be_there(flag)?;
        self.prompt(question, default)
    }

    fn must_be_there(&self, flag: &'static str) -> Result<(), InitError> {
        if self.lines.is_some() {
            return Ok(());
        }
        Err(InitError::NoTerminal { flag })
    }

    fn prompt(&mut self, question: &str, default: &str) -> Result<String, Failure> {
        let shown = if default.is_empty() {
            String::new()
        } else {
            format!(" [{default}]")
        };
        let mut error = io::stderr().lock();
        write!(error, "{question}{shown}: ")?;
        error.flush()?;
        let mut line = String::new();
        let lines = self.lines.as_mut().ok_or(InitError::NoAnswer)?;
        if lines.read_line(&mut line)? == 0 {
            return Err(InitError::NoAnswer.into());
        }
        let line = line.trim();
        Ok(if line.is_empty() { default } else { line }.to_owned())
    }
}

fn next_step(path: &Path) -> String {
    let (named, run) = if path == Path::new(config::FILE) {
        (String::new(), "")
    } else {
        (format!(" --config {}", path.shown()), " run")
    };
    format!(
        "`confcall doctor{named}` tries what a run needs, then `confcall{run}{named}` plays the selected scenarios against the target\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::render;
    use clap::{Command, FromArgMatches as _};

    /// The answers to these arguments, with these lines typed in where there is a terminal.
    fn answered(arguments: &[&str], found: Found, typed: Option<&str>) -> Result<Answers, Failure> {
        let command = Arguments::augment_args(Command::new("init"));
        let read = command.get_matches_from([&["init"], arguments].concat());
        let mut lines = typed.unwrap_or_default().as_bytes();
        let mut prompts = Prompts {
            lines: typed.map(|_| &mut lines as &mut dyn BufRead),
        };
        answers(
            Arguments::from_arg_matches(&read).unwrap(),
            found,
            &mut prompts,
        )
    }

    fn found(words: &[&str], port: Option<u16>) -> Found {
        let words: Vec<_> = words.iter().map(|&it| it.to_owned()).collect();
        let start = (!words.is_empty()).then_some(Start {
            words,
            variables: PORT,
        });
        Found { start, port }
    }

    #[test]
    fn what_is_found_is_proposed() {
        const FREE: &str = "http://127.0.0.1:{port}/callback";
        const OWN: &str = "http://127.0.0.1:{port}/trigger";
        for (found, typed, url, command, trigger) in [
            (
                found(&["npm", "start"], Some(3000)),
                "\n\n\n\n",
                FREE,
                "npm start",
                None,
            ),
            (
                found(&[], Some(3000)),
                "bot\n\n\n\n",
                "http://127.0.0.1:3000/callback",
                "",
                None,
            ),
            (
                found(&[], None),
                "\nnode 'a b.js'\n\n",
                FREE,
                "node a b.js",
                None,
            ),
            (
                found(&["npm", "start"], None),
                "x\nbot\n-\nhttp://h/c\n",
                "http://h/c",
                "",
                None,
            ),
            (
                found(&["npm", "start"], None),
                "\n\n\nhttp://127.0.0.1:{port}/trigger\n",
                FREE,
                "npm start",
                Some(OWN),
            ),
        ] {
            let typed = format!("{typed}\n");
            let answers = answered(&[], found, Some(&typed)).unwrap();
            let words = answers
                .start
                .map(|it| it.words.join(" "))
                .unwrap_or_default();
            assert_eq!(
                (answers.url.as_str(), words.as_str()),
                (url, command),
                "{typed}"
            );
            assert_eq!(answers.trigger.as_deref(), trigger, "{typed}");
        }
        let service = answered(&["--role", "service"], found(&[], Some(8080)), Some("\n\n"));
        assert_eq!(service.unwrap().url, "http://127.0.0.1:8080");
    }

    #[test]
    fn without_a_terminal_the_command_is_found_for_an_address_with_a_port_to_fill_in() {
        let arguments = |url| ["--role", "service", "--url", url];
        let found = || found(&["go", "run", "."], Some(8080));
        let answers = answered(&arguments("http://h:{port}"), found(), None).unwrap();
        assert_eq!(answers.start.unwrap().words, ["go", "run", "."]);
        let answers = answered(&arguments("http://h:1"), found(), None).unwrap();
        assert_eq!(answers.start, None);
        let failure = answered(&arguments("http://h:{port}"), Found::default(), None).unwrap_err();
        assert!(
            render(&failure).contains("`confcall init … -- COMMAND`"),
            "{failure}"
        );
    }

    #[test]
    fn a_command_that_is_typed_in_is_split_as_by_a_shell() {
        for (line, split) in [
            ("node bot.js", ["node", "bot.js"]),
            ("./bot \"a b\"", ["./bot", "a b"]),
            ("./bot 'a b'", ["./bot", "a b"]),
        ] {
            assert_eq!(words(line).unwrap(), split);
        }
        let text = render(&words("./bot 'a b").unwrap_err());
        assert!(text.contains("`confcall init -- COMMAND`"), "{text}");
    }
}
