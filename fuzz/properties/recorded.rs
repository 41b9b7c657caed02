//! What holds of every recording, whatever file it was read from.

use std::sync::LazyLock;
use std::time::Duration;

use crate::cassette::format::Form;
use crate::cassette::format::{Exchange, body_of_bytes, body_of_text};
use crate::cassette::har;
use crate::cassette::recording::Recording;
use crate::http::message::{Body, Headers, Omission};
use crate::judge;
use crate::judge::Case;
use crate::judge::recording::{check, secrets};
use crate::judge::verdict::{JudgedTarget, Run};
use crate::redact::Redactor;
use crate::report::text::Look;
use crate::report::{ReportKind, conversation, covered, junit, terminal};
use crate::scenario::store;

/// The scenarios of two editions: with all of them an execution takes three times as long.
static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let all = store::built_in().expect("the built-in scenarios are sound");
    let is_picked = |id: &str| id.contains("2021-02/pt-BR") || id.contains("2019-05");
    let picked = all.iter().filter(|it| is_picked(it.id.as_str()));
    let picked: Vec<_> = picked.cloned().collect();
    judge::cases(&all, &picked)
});

/// A later moment is past the last year that HAR can write.
const LATEST: u64 = 100_000_000_000_000;

/// It can be shown. Checking gives the same again, blames nobody for exchanges that are not there,
/// and its reports can be written.
pub(crate) fn is_judged(recording: &Recording) {
    conversation::traffic(
        &crate::judge::recording::traffic(recording),
        &conversation::Names::NONE,
    );
    let redactor = Redactor::new([7; 32]);
    for exchange in recording.exchanges() {
        secrets::secrets(&redactor, exchange);
    }
    let report = judged(recording);
    assert_eq!(report, judged(recording), "not deterministic");
}

fn judged(recording: &Recording) -> String {
    let checked = check::check("fuzzed", recording, &CASES, &judge::Options::default());
    let exchanges = recording.exchanges();
    for not_covered in &checked.not_covered {
        assert!(exchanges.iter().any(|it| it.number == not_covered.number));
    }
    let outside = covered::Outside {
        file: "a".to_owned(),
        exchanges: checked.not_covered,
        unlisted: checked.unlisted,
    };
    let strangers = covered::not_covered(&[outside], Look::PLAIN, terminal::Extent::Whole);
    let target = JudgedTarget {
        role: None,
        url: None,
    };
    let run = Run::new(target, checked.results);
    junit::render(&run).expect("JUnit can be written");
    terminal::render(&run, Duration::ZERO, Look::PLAIN, terminal::Extent::Whole);
    let json = ReportKind::Json
        .render(&run, &|_| None)
        .expect("JSON is a report of a run");
    json.expect("a run is JSON") + &strangers
}

/// Written as HAR and read again, it holds the same exchanges, as far as HAR can say them; from
/// then on it stays to the letter.
pub(crate) fn passes_through_har(recording: &Recording) {
    let text = har::write(recording);
    assert!(har::is_har(text.as_bytes()));
    let again = har::read("written.har", text.as_bytes(), &|_| None, Form::Decoded)
        .expect("our own HAR is read");
    let mut exchanges: Vec<&Exchange> = recording.exchanges().iter().collect();
    assert_eq!(again.exchanges().len(), exchanges.len());
    exchanges.sort_by_key(|it| it.at_ms);
    let first = exchanges.first().map_or(0, |it| it.at_ms);
    for (was, is) in exchanges.into_iter().zip(again.exchanges()) {
        if was.at_ms < LATEST {
            assert_eq!(was.at_ms - first, is.at_ms);
        }
        if was.took_ms < LATEST {
            assert_eq!(was.took_ms, is.took_ms);
        }
        assert_eq!(was.request.method, is.request.method);
        if is_plain(&was.request.target) {
            assert_eq!(was.request.target, is.request.target);
        }
        assert_eq!(fields(&was.request.headers), is.request.headers);
        assert_eq!(content(&was.request.body), is.request.body);
        let response = was.response.as_ref().filter(|it| it.status >= 100);
        assert_eq!(response.is_some(), is.response.is_some());
        if let (Some(was), Some(is)) = (response, &is.response) {
            assert_eq!(was.status, is.status);
            assert_eq!(fields(&was.headers), is.headers);
            assert_eq!(content(&was.body), is.body);
        }
    }
    let once_more = har::write(&again);
    let third = har::read(
        "written.har",
        once_more.as_bytes(),
        &|_| None,
        Form::Decoded,
    )
    .expect("our own HAR is read");
    assert_eq!(third.exchanges(), again.exchanges());
    assert_eq!(har::write(&third), once_more);
}

/// Whether a URL holds the target as it stands.
fn is_plain(target: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_~/?=&".contains(&b);
    target.starts_with('/') && target.bytes().all(is_plain)
}

/// Fields of HTTP/2 that are no header fields are not read from HAR.
fn fields(headers: &Headers) -> Headers {
    let fields = headers.iter();
    fields.filter(|(name, _)| !name.starts_with(':')).collect()
}

/// The greatest length that HAR can say.
const LONGEST: u64 = i64::MAX as u64;

/// What HAR makes of a body: it does not tell JSON from text, and of one that was not kept it knows
/// the length alone.
fn content(body: &Body) -> Body {
    match body {
        Body::Omitted(Omission::NotBase64(_)) | Body::Empty => body.clone(),
        Body::Omitted(omission) => match omission.length().min(LONGEST) {
            0 => Body::Empty,
            length => Body::Omitted(Omission::NotInFile { length }),
        },
        Body::Text(text) => body_of_text(text.clone()),
        Body::Json(value) => body_of_text(value.to_string()),
        Body::Bytes(bytes) => body_of_bytes(bytes.clone()),
    }
}
