//! An exchange under way: what is known of it, and its one end, which writes it down.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Poll;
use std::time::Instant;

use hyper::header::{HeaderMap, TRANSFER_ENCODING};
use hyper::{Version, http};

use super::Recorder;
use super::expect::{self, Waiting, Word};
use super::tee::{Tee, codings, fields};
use crate::io::journal::{JournalError, Queued};
use crate::logic::recording::causes::{self, Mark};
use crate::model::cassette::{
    Content, Direction, Exchange, RecordedRequest, RecordedResponse, Wire,
};

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
    /// The request's body and what it names, where it was read before the end.
    asked: Mutex<Option<Named>>,
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
        if let Some(mut causes) = self.recorder.causes() {
            let named = self.named();
            causes.note(self.direction, self.number, &named.marks);
            *self.asked() = Some(named);
        }
    }

    fn asked(&self) -> MutexGuard<'_, Option<Named>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn named(&self) -> Named {
        let target = target_of(&self.head.uri);
        Named::read(&self.recorder, &target, &self.head.headers, &self.sent)
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
    pub(super) fn end(&self, broke: Option<String>) -> Result<(), JournalError> {
        self.queue(broke)?;
        self.settle()
    }

    /// The end, for which exchanges that end at the same time wait together.
    ///
    /// # Errors
    ///
    /// A journal that takes no more; the recorder is told too.
    pub(super) async fn ended(&self) -> Result<(), JournalError> {
        self.queue(None)?;
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

    fn queue(&self, broke: Option<String>) -> Result<(), JournalError> {
        let mut progress = self.progress();
        let Progress::Open = *progress else {
            return Ok(());
        };
        *progress = Progress::Written;
        // A body that nobody has asked for is not asked for any more.
        *self.word() = None;
        let redacted = self.recorder.redactor.redact(self.exchange(broke));
        let queued = self.recorder.journal.queue(&redacted);
        *progress = Progress::Queued(queued.inspect_err(|error| self.tell(error))?);
        Ok(())
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
        self.recorder.shutdown.begin();
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn exchange(&self, broke: Option<String>) -> Exchange {
        let answered = self.answered.get();
        let asked = self.asked().take().unwrap_or_else(|| self.named());
        let passed =
            answered.map(|(head, _)| Named::read(&self.recorder, "", &head.headers, &self.passed));
        let cause = self.recorder.causes().and_then(|mut causes| {
            if let Some(passed) = &passed {
                causes.note(self.direction, self.number, &passed.marks);
            }
            causes.of(self.direction, self.number, &asked.marks)
        });
        let milliseconds = |from: Instant, to: Instant| {
            u64::try_from(to.saturating_duration_since(from).as_millis()).unwrap_or(u64::MAX)
        };
        Exchange {
            number: self.number,
            direction: self.direction,
            cause,
            at_ms: milliseconds(self.recorder.began, self.began),
            took_ms: milliseconds(
                self.began,
                answered.map_or_else(Instant::now, |(_, when)| *when),
            ),
            request: RecordedRequest {
                method: self.head.method.to_string(),
                target: target_of(&self.head.uri),
                headers: asked.fields,
                body: asked.body,
                wire: wire(self.head.version, &self.head.headers, &self.sent),
            },
            response: answered
                .zip(passed)
                .map(|((head, _), passed)| RecordedResponse {
                    status: head.status.as_u16(),
                    headers: passed.fields,
                    body: passed.body,
                    wire: wire(head.version, &head.headers, &self.passed),
                }),
            broke,
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        // A failure has been told to the recorder.
        let _ = self.end(Some("the connection ended before the answer did".into()));
    }
}

/// A message as it is recorded, with what it names.
#[derive(Debug)]
struct Named {
    fields: Vec<(String, String)>,
    body: Content,
    marks: Vec<Mark>,
}

impl Named {
    fn read(recorder: &Recorder, target: &str, headers: &HeaderMap, body: &Tee) -> Self {
        let fields = fields(headers);
        let body = body.content(headers);
        let marks = if recorder.tells_causes() {
            causes::marks(target, &fields, body.json())
        } else {
            Vec::new()
        };
        Self {
            fields,
            body,
            marks,
        }
    }
}

/// The path and query of a request's target.
pub(super) fn target_of(uri: &http::Uri) -> String {
    uri.path_and_query()
        .map_or_else(|| "/".to_owned(), ToString::to_string)
}

fn wire(version: Version, headers: &HeaderMap, body: &Tee) -> Wire {
    let coding: Vec<&str> = codings(headers).collect();
    Wire {
        version: match version {
            Version::HTTP_10 => "1.0".to_owned(),
            Version::HTTP_2 => "2".to_owned(),
            // 1.1 is what is meant where nothing is said.
            _ => String::new(),
        },
        is_chunked: headers.contains_key(TRANSFER_ENCODING),
        coding: (!coding.is_empty()).then(|| coding.join(", ")),
        trailers: body.trailers(),
    }
}
