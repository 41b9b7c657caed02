//! An exchange under way: what is known of it, and its one end, which writes it down.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use hyper::header::{HeaderMap, TRANSFER_ENCODING};
use hyper::{Version, http};

use super::Recorder;
use super::tee::{Tee, codings, fields};
use crate::io::journal::JournalError;
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
    direction: Direction,
    began: Instant,
    head: http::request::Parts,
    /// What has passed of the request's body.
    pub sent: Tee,
    /// The request's body and what it names, where it was read before the end.
    asked: Mutex<Option<Named>>,
    /// The response's head, once it is there, and when it was.
    answered: OnceLock<(http::response::Parts, Instant)>,
    /// What has passed of the response's body.
    pub passed: Tee,
    has_ended: Mutex<bool>,
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
            has_ended: Mutex::new(false),
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

    /// The response's head has come.
    pub(super) fn answered(&self, head: http::response::Parts) {
        // It comes once.
        let _ = self.answered.set((head, Instant::now()));
    }

    /// The end: the exchange is written. Another end changes nothing.
    ///
    /// # Errors
    ///
    /// A journal that takes no more; the recorder is told too.
    pub(super) fn end(&self, broke: Option<String>) -> Result<(), JournalError> {
        let mut has_ended = self
            .has_ended
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if std::mem::replace(&mut *has_ended, true) {
            return Ok(());
        }
        let exchange = self.exchange(broke);
        let recorder = &self.recorder;
        let redacted = recorder.redactor.redact(exchange);
        recorder.journal.write(&redacted).inspect_err(|error| {
            // The first failure is the one that is told.
            let _ = recorder.failure.set(error.to_string());
            recorder.shutdown.begin();
        })
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
