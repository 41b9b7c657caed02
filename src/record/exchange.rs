//! An exchange under way: what is known of it, and its one end, which writes it down.

use std::borrow::Cow;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Poll;
use std::time::Instant;

use hyper::header::{HeaderMap, TRANSFER_ENCODING};
use hyper::http::uri::PathAndQuery;
use hyper::{Version, http};

use super::Recorder;
use super::expect;
use super::expect::{Waiting, Word};
use super::tee::{Passed, Tee, codings, fields};
use crate::cassette::causes;
use crate::cassette::causes::Mark;
use crate::cassette::format::{CapturedExchange, CapturedMessage, Cause, Content, Direction, Wire};
use crate::cassette::journal::{JournalError, Queued};
use crate::redact::{Line, Redacted};

/// An exchange that has begun. Where it is dropped before its end, it broke.
#[derive(Debug)]
pub(super) struct Pending {
    /// The recording that it is part of.
    pub recorder: Arc<Recorder>,
    number: u64,
    /// Which way the request goes.
    pub direction: Direction,
    began: Instant,
    /// The request's head, as it came.
    pub head: http::request::Parts,
    /// What has passed of the request's body.
    pub sent: Tee,
    /// What the request names, where it was read before the end.
    asked: Mutex<Option<Vec<Mark>>>,
    /// The response's head, once it is there, and when it was.
    answered: OnceLock<(http::response::Parts, Instant)>,
    /// What has passed of the response's body.
    pub passed: Tee,
    progress: Mutex<Progress>,
    /// The upstream's word, where the client's body waits for it.
    word: Mutex<Option<Word>>,
}

/// How far the writing of an exchange has come.
#[derive(Debug, Default, Clone, Copy)]
enum Progress {
    #[default]
    Open,
    /// It goes to the operating system with others.
    Queued(Queued),
    Written,
}

impl Pending {
    /// An exchange that begins now.
    pub(super) fn begin(
        recorder: &Arc<Recorder>,
        direction: Direction,
        head: http::request::Parts,
    ) -> Arc<Self> {
        Arc::new(Self {
            recorder: Arc::clone(recorder),
            number: recorder.journal.number(),
            direction,
            began: Instant::now(),
            head,
            sent: Tee::new(recorder.max_body),
            asked: Mutex::default(),
            answered: OnceLock::new(),
            passed: Tee::new(recorder.max_body),
            progress: Mutex::default(),
            word: Mutex::new(None),
        })
    }

    /// Remembers what the request names, so that what it brings about is told. Its body has passed
    /// whole.
    pub(super) fn note_request(&self) {
        if self.recorder.tells_causes() {
            let target = target_of(&self.head.uri);
            let marks = marks(&target, &self.head.headers, &self.sent.passed());
            let mut causes = self.recorder.causes();
            causes.note(self.direction, self.number, &marks);
            *self.asked() = Some(marks);
        }
    }

    fn asked(&self) -> MutexGuard<'_, Option<Vec<Mark>>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds the request's body back until the upstream asks for it.
    pub(super) fn hold(&self) -> Waiting {
        let (word, waiting) = expect::word();
        *self.word() = Some(word);
        waiting
    }

    /// The upstream says 100. Whether a body waited for it: hyper says so to the client when it asks
    /// for the body.
    pub(super) fn go_on(&self) -> bool {
        let word = self.word();
        word.as_ref().inspect(|it| it.go_on()).is_some()
    }

    /// Whether the request's body has not been asked for.
    pub(super) fn holds(&self) -> bool {
        self.word().as_ref().is_some_and(Word::is_waited_for)
    }

    fn word(&self) -> MutexGuard<'_, Option<Word>> {
        self.word.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The response's head has come.
    pub(super) fn answered(&self, head: http::response::Parts) {
        if let Some(word) = &*self.word() {
            word.answered();
        }
        // It comes once.
        let _ = self.answered.set((head, Instant::now()));
    }

    /// The end: the exchange is written. Another end changes nothing.
    ///
    /// # Errors
    ///
    /// A journal that takes no more; the recorder is told too.
    pub(super) fn end(&self, broke: Option<&str>) -> Result<(), JournalError> {
        self.queue(broke);
        self.settle()
    }

    /// The end, for which exchanges that end at the same time wait together.
    ///
    /// # Errors
    ///
    /// A journal that takes no more; the recorder is told too.
    pub(super) async fn ended(&self) -> Result<(), JournalError> {
        self.queue(None);
        // Whatever can go on does so first, and may come to its end.
        let mut has_waited = false;
        poll_fn(|cx| {
            if has_waited {
                return Poll::Ready(());
            }
            has_waited = true;
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        self.settle()
    }

    fn queue(&self, broke: Option<&str>) {
        let mut progress = self.progress();
        let Progress::Open = *progress else {
            return;
        };
        // A body that nobody has asked for is not asked for any more.
        *self.word() = None;
        let line = self.line(broke);
        *progress = Progress::Queued(self.recorder.journal.queue(&line));
    }

    fn settle(&self) -> Result<(), JournalError> {
        // Held meanwhile: who finds the exchange written may let its last byte go.
        let mut progress = self.progress();
        let Progress::Queued(queued) = std::mem::replace(&mut *progress, Progress::Written) else {
            return Ok(());
        };
        let settled = self.recorder.journal.settle(queued);
        settled.inspect_err(|error| self.tell(error))
    }

    /// Tells the recorder of a failure, which ends with it. The first one is the one that is told.
    fn tell(&self, error: &JournalError) {
        let _ = self.recorder.failure.set(error.to_string());
        self.recorder.shutdown.cancel();
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The line that the exchange is written as.
    fn line(&self, broke: Option<&str>) -> Redacted<Line> {
        let answered = self.answered.get();
        let (sent, passed) = (self.sent.passed(), self.passed.passed());
        let milliseconds = |from: Instant, to: Instant| {
            u64::try_from(to.saturating_duration_since(from).as_millis()).unwrap_or(u64::MAX)
        };
        self.recorder.redactor.line(&CapturedExchange {
            number: self.number,
            direction: self.direction,
            cause: self.cause(&sent, &passed),
            at_ms: milliseconds(self.recorder.began, self.began),
            took_ms: milliseconds(
                self.began,
                answered.map_or_else(Instant::now, |(_, when)| *when),
            ),
            method: self.head.method.as_str(),
            target: &target_of(&self.head.uri),
            request: message(self.head.version, &self.head.headers, &sent),
            response: answered.map(|(head, _)| {
                let response = message(head.version, &head.headers, &passed);
                (head.status.as_u16(), response)
            }),
            broke,
        })
    }

    /// What brought the exchange about, where that is told. What its answer names is remembered.
    fn cause(&self, sent: &Passed, passed: &Passed) -> Option<Cause> {
        if !self.recorder.tells_causes() {
            return None;
        }
        let asked = self.asked().take();
        let asked =
            asked.unwrap_or_else(|| marks(&target_of(&self.head.uri), &self.head.headers, sent));
        let answered = self.answered.get();
        let answered = answered.map(|(head, _)| marks("", &head.headers, passed));
        let mut causes = self.recorder.causes();
        if let Some(answered) = answered {
            causes.note(self.direction, self.number, &answered);
        }
        causes.of(self.direction, self.number, &asked)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        // A failure has been told to the recorder.
        let _ = self.end(Some("the connection ended before the answer did"));
    }
}

/// What a message names, with this target.
fn marks(target: &str, headers: &HeaderMap, body: &Passed) -> Vec<Mark> {
    let fields = fields(headers).into_iter();
    let fields: Vec<_> = fields
        .map(|(name, value)| (name.to_owned(), value.into_owned()))
        .collect();
    causes::marks(target, &fields, Content::from(body.body(headers)).json())
}

/// The path and query of a request's target.
pub(super) fn target_of(uri: &http::Uri) -> Cow<'_, str> {
    match uri.path_and_query().map(PathAndQuery::as_str) {
        None => "/".into(),
        Some(target) if target.starts_with(['/', '*']) => target.into(),
        // Of a URL without a path.
        Some(query) => format!("/{query}").into(),
    }
}

/// A message as it is recorded.
fn message<'a>(version: Version, headers: &'a HeaderMap, body: &'a Passed) -> CapturedMessage<'a> {
    let coding: Vec<&str> = codings(headers).collect();
    CapturedMessage {
        headers: fields(headers),
        body: body.body(headers),
        wire: Wire {
            version: match version {
                Version::HTTP_10 => "1.0".to_owned(),
                Version::HTTP_2 => "2".to_owned(),
                // 1.1 is what is meant where nothing is said.
                _ => String::new(),
            },
            is_chunked: headers.contains_key(TRANSFER_ENCODING),
            coding: (!coding.is_empty()).then(|| coding.join(", ")),
            trailers: body.trailers.clone(),
        },
    }
}
