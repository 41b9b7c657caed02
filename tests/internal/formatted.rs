//! Cassettes that a person has formatted: every reader reads them as it reads the lines of a recorder.

use std::path::Path;

use serde_json::Value;

use crate::cassette::format::{Exchange, Form};
use crate::cassette::ordered::Ordered;
use crate::cassette::recording::Recording;
use crate::cassette::{open, read};
use crate::diagnostic::Diagnostic;
use crate::files::FileError;
use crate::replay::recording::file::index;

/// A cassette with values on several lines, blank lines and comments, and the lines at which its exchanges begin.
fn formatted(plain: &str, line_end: &str) -> (String, Vec<usize>) {
    let mut text = String::from("// Recorded by hand.\n\n");
    let mut begin = Vec::new();
    for (at, line) in plain.lines().enumerate() {
        begin.push(text.lines().count() + 1);
        let value: Value = serde_json::from_str(line).expect("JSON");
        let pretty = format!("{value:#}");
        let written = match at % 3 {
            0 => format!("{pretty} // }} {{ \"\n"),
            1 => format!("{value}\n\n  // \"An {{ exchange\n"),
            _ => format!("{}\n", pretty.replace("{\n", "{ // a comment\n\n")),
        };
        text += &written;
    }
    begin.remove(0);
    (text.replace('\n', line_end), begin)
}

fn written(plain: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(plain);
    std::fs::read_to_string(path).expect("a cassette")
}

const CASSETTES: [&str; 2] = [
    "tests/fixtures/cassettes/version-1.jsonl",
    "cassettes/participant-invite/beta@2021-02/invite-one-participant-to-an-existing-group-call.jsonl",
];

/// As `check` reads a file: the exchanges by time.
fn by_time(text: &str) -> Result<(Vec<Exchange>, Option<Diagnostic>), FileError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a");
    std::fs::write(&path, text).expect("a file");
    let (mut ordered, torn) = Ordered::open(&path)?;
    Ok((ordered.batch(|it| it)?, torn))
}

/// As `show` and `replay` read a file. Both must agree.
fn by_number(text: &str) -> Result<(Recording, Option<Diagnostic>), FileError> {
    let (recording, torn) = read::parse("a", text.as_bytes(), &|_| None, Form::Decoded)?;
    let (indexed, too) = index("a", open::open_bytes(text.into()))?;
    assert_eq!(torn, too);
    for (at, exchange) in recording.exchanges().iter().enumerate() {
        assert_eq!(indexed.index().load(at).as_ref(), Ok(exchange));
        assert_eq!(indexed.index().line(at), recording.line(at));
    }
    Ok((recording, torn))
}

#[test]
fn a_formatted_cassette_is_the_same_recording() {
    for plain in CASSETTES.map(written) {
        let (whole, _) = by_number(&plain).expect("a cassette");
        let (ordered, _) = by_time(&plain).expect("a cassette");
        for line_end in ["\n", "\r\n"] {
            let (text, mut begin) = formatted(&plain, line_end);
            let (recording, torn) = by_number(&text).expect("the same");
            assert_eq!((recording.exchanges(), torn), (whole.exchanges(), None));
            let numbered = (0..).zip(recording.exchanges());
            let mut lines: Vec<_> = numbered.map(|(at, _)| recording.line(at)).collect();
            lines.sort_unstable();
            begin.sort_unstable();
            assert_eq!(lines, begin);
            assert_eq!(by_time(&text).expect("the same"), (ordered.clone(), None));
        }
    }
}

#[test]
fn an_error_in_a_formatted_cassette_has_its_place() {
    let header = "{\n  \"version\": 1,\n  \"directions\": []\n}\n\n";
    let exchange =
        "{\n  \"number\": 1,\n  \"direction\": \"request\", // é\n  \"at_ms\": 0, \"took\": 1\n}\n";
    let text = format!("{header}{exchange}");
    for wrong in [by_number(&text).map(drop), by_time(&text).map(drop)] {
        let wrong = wrong.expect_err("no exchange").to_string();
        assert!(wrong.contains(":9:20: unknown field `took`"), "{wrong}");
    }
    let wrong = by_number(&header.replace("1,", "1;")).expect_err("no header");
    assert!(wrong.to_string().starts_with("a:2:15: "), "{wrong}");
}

#[test]
fn the_torn_end_of_a_formatted_cassette_is_passed_over() {
    let plain = written(CASSETTES[0]);
    let line = plain.lines().nth(1).expect("an exchange");
    let (text, _) = formatted(&plain, "\n");
    let count = by_number(&text).expect("a cassette").0.exchanges().len();
    let pretty = serde_json::from_str::<Value>(line).map(|it| format!("{it:#}"));
    let pretty = pretty.expect("JSON");
    for torn in [&line[..40], &pretty[..40], &pretty[..pretty.len() - 2]] {
        let text = format!("{text}{torn}");
        for (exchanges, printed) in [
            by_number(&text)
                .map(|(it, printed)| (it.exchanges().len(), printed))
                .expect("torn"),
            by_time(&text)
                .map(|(it, printed)| (it.len(), printed))
                .expect("torn"),
        ] {
            assert_eq!(exchanges, count);
            assert!(
                printed.is_some_and(|it| it.message.contains("incomplete")),
                "{torn}"
            );
        }
    }
    // What follows is not lost.
    let text = format!(
        "{}{{\n\"number\": 9,\n{}",
        text,
        plain.lines().nth(2).unwrap_or_default()
    );
    assert!(by_number(&text).is_err() && by_time(&text).is_err());
}
