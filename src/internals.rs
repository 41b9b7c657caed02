//! The functions that the benchmarks measure.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use crate::api::identifier;
use crate::api::party::Party;
use crate::cassette::format::{Cause, Exchange, Wire};
use crate::cassette::read;
use crate::cli::extract::extract_files;
use crate::extract::PageDefaults;
use crate::http::message::Headers;
use crate::inject::{InjectionKind, with_injected};
use crate::judge::recording::check;
use crate::judge::verdict::{ScenarioResult, Verdict};
use crate::judge::{self, Case, Options};
use crate::redact::{Redactor, UnredactedBody, UnredactedExchange, UnredactedMessage};
use crate::runner::self_check::{self, PairOptions};
use crate::runner::{self, Stop};
use crate::scenario::store;

pub fn is_extracted(page: &[u8]) -> bool {
    crate::extract::page("pages/page.md", page, &PageDefaults::default()).is_ok()
}

/// Extracts from files on all processors.
pub fn are_extracted(pages: &[PathBuf]) -> bool {
    extract_files(pages, &PageDefaults::default()).is_ok()
}

/// The default run: every built-in scenario, with the fast fault injection, both roles.
#[derive(Debug)]
pub struct DefaultRun(Vec<Case>);

impl DefaultRun {
    #[expect(clippy::new_without_default, reason = "it reads every scenario")]
    pub fn new() -> Self {
        let scenarios = store::built_in().expect("scenarios");
        let fast: Vec<InjectionKind> = InjectionKind::ALL
            .into_iter()
            .filter(|it| it.is_fast())
            .collect();
        Self(judge::cases(&scenarios, &with_injected(&scenarios, &fast)))
    }

    /// Plays it against the built-in pair. Returns whether everything passed.
    pub async fn passes(&self) -> bool {
        let options = Arc::new(runner::Options {
            jobs: NonZeroUsize::new(16),
            ..runner::Options::default()
        });
        let parties = [Party::Service, Party::Bot];
        let (pair, stop) = (PairOptions::default(), Stop::default());
        let played = self_check::play(&options, &self.0, &parties, pair, &stop).await;
        all_pass(&played.expect("sockets"))
    }
}

fn all_pass(results: &[ScenarioResult]) -> bool {
    results
        .iter()
        .all(|it| matches!(it.verdict, Verdict::Pass | Verdict::Skip))
}

/// The inputs of a check beside the recording.
#[derive(Debug)]
pub struct Checking {
    cases: Vec<Case>,
    options: Options,
}

impl Checking {
    #[expect(clippy::new_without_default, reason = "it reads every scenario")]
    pub fn new() -> Self {
        let scenarios = store::built_in().expect("scenarios");
        Self {
            cases: judge::cases(&scenarios, &scenarios),
            options: Options::default(),
        }
    }

    /// How many results a cassette has, all of them passes.
    pub fn passes(&self, cassette: &[u8]) -> usize {
        let (recording, _) = read::parse("tape", cassette).expect("a cassette");
        let checked = check::check("recording", &recording, &self.cases, &self.options);
        assert!(all_pass(&checked.results));
        checked.results.len()
    }
}

/// A recording of one conversation, given as a cassette, so many times, each with other ids.
pub fn repeated(cassette: &str, times: u64) -> String {
    let (header, lines) = cassette.split_once('\n').expect("a header");
    let exchanges = u64::try_from(lines.lines().count()).expect("a number");
    let mut tape = format!("{header}\n");
    for round in 0..times {
        for line in lines.lines() {
            let line = with_other_ids(line, round);
            let mut exchange: Exchange = serde_json::from_str(&line).expect("an exchange");
            exchange.number += round * exchanges;
            if let Some(Cause { exchange, .. }) = &mut exchange.cause {
                *exchange += round * exchanges;
            }
            tape += &serde_json::to_string(&exchange).expect("JSON");
            tape.push('\n');
        }
    }
    tape
}

/// The text with another beginning of each GUID in every round.
fn with_other_ids(text: &str, round: u64) -> String {
    let mut other = text.to_owned();
    for at in 0..text.len() {
        if text.get(at..at + 36).is_some_and(identifier::is_guid) {
            let begin = u32::from_str_radix(&text[at..at + 4], 16).expect("digits");
            let begin = (u64::from(begin) + round) % 0x1_0000;
            other.replace_range(at..at + 4, &format!("{begin:04x}"));
        }
    }
    other
}

/// An exchange as a recorder captures it, and the redactor of that recorder.
#[derive(Debug)]
pub struct Redacting {
    exchange: Exchange,
    bodies: [Vec<u8>; 2],
    redactor: Redactor,
}

impl Redacting {
    pub fn of(cassette: &[u8]) -> Self {
        let (recording, _) = read::parse("tape", cassette).expect("a cassette");
        let exchange = recording.exchanges().first().expect("an exchange").clone();
        let bytes = |body: Option<&Value>| serde_json::to_vec(&body).expect("JSON");
        let response = exchange.response.as_ref();
        Self {
            bodies: [
                bytes(exchange.request.body.json()),
                response.map_or_else(Vec::new, |it| bytes(it.body.json())),
            ],
            exchange,
            redactor: Redactor::new([7; 32]),
        }
    }

    /// The exchange as it was captured.
    pub fn captured(&self) -> Captured<'_> {
        let exchange = &self.exchange;
        let response = exchange.response.as_ref();
        Captured(UnredactedExchange {
            number: exchange.number,
            direction: exchange.direction,
            cause: None,
            at_ms: exchange.at_ms,
            took_ms: exchange.took_ms,
            method: &exchange.request.method,
            target: &exchange.request.target,
            request: captured(&exchange.request.headers, &self.bodies[0]),
            response: response.map(|it| (it.status, captured(&it.headers, &self.bodies[1]))),
            broke: None,
        })
    }

    /// Redacts a captured exchange while its line is written.
    pub fn line(&self, captured: &Captured<'_>) {
        std::hint::black_box(self.redactor.line(&captured.0));
    }

    pub fn copy(&self) -> Recorded {
        Recorded(self.exchange.clone())
    }

    pub fn redact(&self, recorded: Recorded) {
        std::hint::black_box(self.redactor.redact(recorded.0));
    }

    /// Writes the exchange as it is.
    pub fn write(&self) -> Vec<u8> {
        serde_json::to_vec(std::hint::black_box(&self.exchange)).expect("JSON")
    }
}

/// An exchange as a recorder captures it.
#[derive(Debug)]
pub struct Captured<'a>(UnredactedExchange<'a>);

/// An exchange as a cassette holds it.
#[derive(Debug)]
pub struct Recorded(Exchange);

fn captured<'a>(fields: &'a Headers, body: &'a [u8]) -> UnredactedMessage<'a> {
    let fields = fields.iter();
    UnredactedMessage {
        headers: fields.map(|(name, value)| (name, value.into())).collect(),
        body: UnredactedBody::Bytes(body.into()),
        wire: Wire::default(),
    }
}
