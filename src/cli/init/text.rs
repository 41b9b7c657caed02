//! The text of a first `confcall.toml`, with the keys that it does not set in comments.

use super::SCHEMA;
use super::found::{PORT, Start};
use crate::api::party::Party;

/// The things that a first `confcall.toml` says.
#[derive(Debug)]
pub(super) struct Answers {
    pub role: Party,
    pub url: String,
    pub trigger: Option<String>,
    pub given: Option<String>,
    pub editions: Vec<String>,
    /// None for a target that runs already.
    pub start: Option<Start>,
}

impl Answers {
    pub(super) fn text(&self) -> String {
        let role = match self.role {
            Party::Bot => "bot",
            Party::Service => "service",
        };
        let mut text = format!(
            "\
#:schema ./{SCHEMA}
# The target of confcall. `confcall` in this folder plays the scenarios against it; `confcall doctor` tries what a run needs.

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
        let example = Start {
            words: vec!["./start".to_owned(), "--port={port}".to_owned()],
            variables: PORT,
        };
        let (mark, start) = match &self.start {
            Some(start) => ("", start),
            None => ("# ", &example),
        };
        let words = list(&start.words);
        let own = match self.role {
            Party::Bot => ("SERVICE_URL", "{service}"),
            Party::Service => ("CALLBACK_URL", "{callback}"),
        };
        let variables = start.variables.iter().chain([&own]);
        let variables =
            variables.map(|(name, value)| format!("{mark}{name} = {}\n", quoted(value)));
        let variables: String = variables.collect();
        format!(
            "
# How confcall starts and stops the target. It is ready when it accepts connections at its address, or prints the text
# of `ready`.
{mark}[target.command]
{mark}run = [{words}]
# folder = \".\"
# ready = \"listening\"
# ready-within = \"30s\"
# log = \"target.log\"
# end-within = \"5s\"
# Variables with the port of the target and the address of confcall. Use the names that the target reads.
{mark}[target.command.environment]
{variables}"
        )
    }
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
    use crate::config;
    use crate::config::target::HookSetting;

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
            start: Some(Start {
                words: vec!["node".into(), "a \"bot\".js".into()],
                variables: PORT,
            }),
        };
        assert_eq!(read(&bot.text()).claims.editions, bot.editions.clone());
        let target = read(&bot.text()).target.unwrap();
        assert_eq!((target.role, &target.url), (Party::Bot, &bot.url));
        assert_eq!(target.trigger, bot.trigger.map(HookSetting::Text));
        let command = target.command.unwrap();
        assert_eq!(Some(command.run), bot.start.map(|it| it.words));
        assert_eq!(command.environment["PORT"], "{port}");
        assert_eq!(command.environment["SERVICE_URL"], "{service}");
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
                start: None,
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
