//! `confcall init`: writes a `confcall.toml` to begin with.

use std::io::{self, BufRead, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::Exit;
use super::failure::Failure;
use super::output;
use super::output::Output;
use super::target;
use super::usage::InitError;
use crate::api::party::Party;
use crate::config;
use crate::config::values;
use crate::files;

pub(crate) const EXAMPLES: &str = "\
On a terminal, confcall prompts for each value that is not given by an option. \
In addresses and in the command, {port} is a free port that confcall picks for each run. \
{service} is confcall's address when it plays the service.

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
    /// How to set up the provider states of a service: create, assume, or the URL of a hook
    #[arg(long, value_name = "HOW")]
    given: Option<String>,
    /// Claim only this edition, such as 2021-02 (repeatable)
    #[arg(long = "edition", value_name = "EDITION")]
    editions: Vec<String>,
    /// Write this file
    #[arg(long, value_name = "FILE", default_value = config::FILE)]
    out: PathBuf,
    /// The command with which confcall starts the target; without it, confcall starts nothing
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

#[derive(Debug)]
struct Answers {
    role: Party,
    url: String,
    trigger: Option<String>,
    given: Option<String>,
    editions: Vec<String>,
    command: Vec<String>,
}

pub(crate) fn command(arguments: Arguments, output: Output) -> Result<Exit, Failure> {
    let path = arguments.out.clone();
    if path.exists() {
        return Err(InitError::Exists(path).into());
    }
    let answers = answers(arguments)?;
    let text = answers.text();
    // confcall reads the files that it writes.
    config::read(&path.display().to_string(), text.as_bytes())
        .map_err(InitError::NoConfiguration)?;
    files::write(&path, &text)?;
    output.print(&format!("{}\n{}", path.display(), next_step(&path)))?;
    Ok(Exit::Success)
}

fn answers(arguments: Arguments) -> Result<Answers, Failure> {
    let prompts = Prompts {
        is_there: io::stdin().is_terminal() && io::stderr().is_terminal(),
    };
    let role = match arguments.role {
        Some(role) => role,
        None => prompts.role()?,
    };
    let (what, example) = match role {
        Party::Bot => ("The bot's callback", "http://127.0.0.1:{port}/callback"),
        Party::Service => ("The service's address", "http://127.0.0.1:{port}"),
    };
    let url = prompts.or_prompt(arguments.url, "--url", what, example)?;
    if role == Party::Bot && arguments.given.is_some() {
        return Err(InitError::BotHasNoStates.into());
    }
    let trigger = match (role, arguments.trigger) {
        (Party::Service, Some(_)) => {
            return Err(InitError::ServiceHasNoTrigger.into());
        }
        (Party::Bot, None) if prompts.is_there => {
            let trigger = prompt(
                "The address that receives its triggers (empty: it needs none)",
                "",
            )?;
            Some(trigger).filter(|it| !it.is_empty())
        }
        (_, trigger) => trigger,
    };
    for address in [Some(&url), trigger.as_ref()].into_iter().flatten() {
        values::url(&with_port(address)?).map_err(InitError::Form)?;
    }
    if let Some(given) = &arguments.given {
        target::given(&with_port(given)?).map_err(InitError::Form)?;
    }
    let command = if arguments.command.is_empty() && prompts.is_there {
        let line = prompt(
            "The command that starts it (empty: it is already running)",
            "",
        )?;
        words(&line)?
    } else {
        arguments.command
    };
    Ok(Answers {
        role,
        url,
        trigger,
        given: arguments.given,
        editions: arguments.editions,
        command,
    })
}

fn words(line: &str) -> Result<Vec<String>, InitError> {
    shlex::split(line).ok_or(InitError::OpenQuote)
}

/// An address with some port for its placeholder; there is no other placeholder in it.
fn with_port(address: &str) -> Result<String, InitError> {
    let filled = address.replace("{port}", "1");
    if filled.contains(['{', '}']) {
        return Err(InitError::Braces(address.to_owned()));
    }
    Ok(filled)
}

struct Prompts {
    is_there: bool,
}

impl Prompts {
    fn role(&self) -> Result<Party, Failure> {
        self.must_be_there("--role")?;
        loop {
            match prompt("The party that is judged, bot or service", "bot")?.as_str() {
                "bot" => return Ok(Party::Bot),
                "service" => return Ok(Party::Service),
                other => output::say(&format!("`{other}` is neither")),
            }
        }
    }

    fn or_prompt(
        &self,
        given: Option<String>,
        flag: &'static str,
        question: &str,
        default: &str,
    ) -> Result<String, Failure> {
        if let Some(given) = given {
            return Ok(given);
        }
        self.must_be_there(flag)?;
        prompt(question, default)
    }

    fn must_be_there(&self, flag: &'static str) -> Result<(), InitError> {
        if self.is_there {
            return Ok(());
        }
        Err(InitError::NoTerminal { flag })
    }
}

fn prompt(question: &str, default: &str) -> Result<String, Failure> {
    let shown = if default.is_empty() {
        String::new()
    } else {
        format!(" [{default}]")
    };
    let mut error = io::stderr().lock();
    write!(error, "{question}{shown}: ")?;
    error.flush()?;
    let mut line = String::new();
    if io::stdin().lock().read_line(&mut line)? == 0 {
        return Err(InitError::NoAnswer.into());
    }
    let line = line.trim();
    Ok(if line.is_empty() { default } else { line }.to_owned())
}

impl Answers {
    /// The text of the file, with its other keys in comments.
    fn text(&self) -> String {
        let role = match self.role {
            Party::Bot => "bot",
            Party::Service => "service",
        };
        let mut text = format!(
            "\
# The target of confcall. `confcall` in this folder plays the scenarios against it.
# `confcall schema config` prints the schema of this file for editors.

[target]
role = \"{role}\"
url = {}
",
            quoted(&self.url)
        );
        match self.role {
            Party::Bot => text.push_str(&self.of_bot()),
            Party::Service => text.push_str(&self.of_service()),
        }
        text.push_str(&self.of_command());
        text.push_str(SELECTION);
        text.push_str(&self.of_claims());
        text.push_str(REST);
        text
    }

    fn of_bot(&self) -> String {
        let trigger = match &self.trigger {
            Some(trigger) => format!("trigger = {}", quoted(trigger)),
            None => "# trigger = \"http://127.0.0.1:{port}/trigger\"".to_owned(),
        };
        format!(
            "\
# The receiver of triggers: a URL, or a command that reads the trigger on its standard input, [\"./trigger.sh\"].
# `[[trigger]]` tables use requests of the bot's own API instead. A bot that needs no triggers has neither.
{trigger}
# The bot sends its next request after a notification, without a trigger:
# acts-by-itself = true
# The bot's application id, for which notifications are signed:
# application = \"11111111-2222-3333-4444-555555555555\"
"
        )
    }

    fn of_service(&self) -> String {
        let given = quoted(self.given.as_deref().unwrap_or("create"));
        format!(
            "\
# How to set up provider states: \"create\" (confcall creates calls with the documented request),
# \"assume\", the URL of a hook, or a command that reads the request on its standard input.
given = {given}
"
        )
    }

    fn of_claims(&self) -> String {
        let editions = if self.editions.is_empty() {
            "# editions = [\"2023-02\"]".to_owned()
        } else {
            format!("editions = [{}]", list(&self.editions))
        };
        format!(
            "
# The part of the contract that the target follows: API versions, editions of the pages (the newest up to that
# month), features. Without `features`, the target claims all features except `verified-notifications`, the refusal of
# notifications with forged tokens.
[claims]
# api = [\"v1.0\", \"beta\"]
{editions}
"
        )
    }

    fn of_command(&self) -> String {
        let (mark, words) = if self.command.is_empty() {
            ("# ", vec!["./start".to_owned(), "--port={port}".to_owned()])
        } else {
            ("", self.command.clone())
        };
        let words = list(&words);
        let address = match self.role {
            Party::Bot => "# SERVICE_URL = \"{service}\"",
            Party::Service => "# CALLBACK_URL = \"{callback}\"",
        };
        format!(
            "
# How confcall starts and stops it. It is ready when it accepts connections at its address, or prints `ready`.
{mark}[target.command]
{mark}run = [{words}]
# folder = \".\"
# ready = \"listening\"
# ready-within = \"30s\"
# log = \"target.log\"
# end-within = \"5s\"
{mark}[target.command.environment]
{mark}PORT = \"{{port}}\"
{address}
"
        )
    }
}

fn next_step(path: &Path) -> String {
    let named = if path == Path::new(config::FILE) {
        String::new()
    } else {
        format!(" run --config {}", path.display())
    };
    format!("`confcall{named}` plays every scenario against the target\n")
}

const SELECTION: &str = "
[scenarios]
# filters = [\"*@2021-02/*\"]
# editions = [\"2021-02\"]
# inject = [\"fast\"]

[judging]
# deadline = \"5s\"
# strict = true
";

const REST: &str = "\
# features = [\"peer-call\", \"chat\", \"number\", \"incoming-call\", \"operation-fails\", \"verified-notifications\"]

# A failure that is known. It does not fail the run; the run fails once the failure is gone.
# [[known]]
# scenario = \"*/invite-one-pstn-*\"
# rule = \"request.body\"
# pointer = \"/participants/*\"
# reason = \"numbers come with the next release\"

[reports]
# junit = \"confcall.xml\"
";

/// A text as TOML writes it: basic strings are those of JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The elements of a TOML array of texts, without its brackets.
fn list(texts: &[String]) -> String {
    let texts: Vec<_> = texts.iter().map(|text| quoted(text)).collect();
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::party::Party;
    use crate::config::target::HookSetting;
    use crate::diagnostic::render;

    fn read(text: &str) -> config::Config {
        config::read("confcall.toml", text.as_bytes()).unwrap()
    }

    #[test]
    fn what_is_written_says_what_was_answered() {
        let bot = Answers {
            role: Party::Bot,
            url: "http://127.0.0.1:{port}/callback".into(),
            trigger: Some("http://127.0.0.1:{port}/trigger".into()),
            given: None,
            editions: vec!["2021-02".into()],
            command: vec!["node".into(), "a \"bot\".js".into()],
        };
        assert_eq!(read(&bot.text()).claims.editions, bot.editions.clone());
        let target = read(&bot.text()).target.unwrap();
        assert_eq!((target.role, &target.url), (Party::Bot, &bot.url));
        assert_eq!(target.trigger, bot.trigger.map(HookSetting::Text));
        let command = target.command.unwrap();
        assert_eq!(command.run, bot.command);
        assert_eq!(command.environment["PORT"], "{port}");
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

    #[test]
    fn what_is_commented_out_fits_too() {
        for role in [Party::Bot, Party::Service] {
            let answers = Answers {
                role,
                url: "http://127.0.0.1:1".into(),
                trigger: None,
                given: None,
                editions: Vec::new(),
                command: Vec::new(),
            };
            let text = answers.text();
            assert!(read(&text).target.unwrap().command.is_none());
            let setting = |line: &str| {
                let first = line.split_whitespace().next().unwrap_or_default();
                (first.starts_with('[') && line.ends_with(']')) || line.contains(" = ")
            };
            let line = |line: &str| match line.strip_prefix("# ") {
                Some(rest) if setting(rest) => format!("{rest}\n"),
                _ => format!("{line}\n"),
            };
            let whole: String = text.lines().map(line).collect();
            assert_eq!(read(&whole).known.len(), 1, "{whole}");
        }
    }
}
