//! `Expect: 100-continue` (RFC 9110 section 10.1.1): the body of a client that waits is asked for
//! when the upstream asks for it, and never where the upstream has answered without it.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Version;
use hyper::header::{EXPECT, HeaderMap, HeaderValue};
use tokio::sync::watch;
use tokio::time::timeout;

use super::Task;

/// How long an upstream may think before the body is asked for without its word: many know nothing
/// of expectations.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a client expects that waits for a 100.
pub(super) const CONTINUE: &str = "100-continue";

/// Takes this expectation away, and says whether the client waits before it sends a body. In
/// HTTP/1.0 nobody does, and in HTTP/2 hyper asks at once.
pub(super) fn take(version: Version, headers: &mut HeaderMap) -> bool {
    let expected = headers.get(EXPECT).map(HeaderValue::as_bytes);
    let expects = expected.is_some_and(|it| it.eq_ignore_ascii_case(CONTINUE.as_bytes()));
    if expects {
        headers.remove(EXPECT);
    }
    expects && version == Version::HTTP_11
}

/// What the upstream has said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Nothing,
    Continue,
    Answer,
}

/// Where the upstream's word is passed on. With it the body's last chance ends.
#[derive(Debug)]
pub(super) struct Word(watch::Sender<Said>);

/// A body that waits for the word.
pub(super) struct Waiting(Task<bool>);

/// A word, and who waits for it.
pub(super) fn word() -> (Word, Waiting) {
    let (word, said) = watch::channel(Said::Nothing);
    (Word(word), Waiting(Box::pin(is_asked_for(said))))
}

async fn is_asked_for(mut said: watch::Receiver<Said>) -> bool {
    match timeout(PATIENCE, said.wait_for(|it| *it != Said::Nothing)).await {
        Ok(Ok(it)) if *it == Said::Continue => return true,
        Ok(Ok(_)) => {}
        Ok(Err(_)) => return false,
        Err(_) => return true,
    }
    // The answer has not ended yet; an error now would break it off.
    let _ = said.wait_for(|_| false).await;
    false
}

impl Word {
    /// The upstream asks for the body.
    pub(super) fn go_on(&self) {
        self.say(Said::Continue);
    }

    /// Whether the body has not been asked for.
    pub(super) fn is_waited_for(&self) -> bool {
        !self.0.is_closed()
    }

    /// The upstream has answered.
    pub(super) fn answered(&self) {
        self.say(Said::Answer);
    }

    /// The first word counts.
    fn say(&self, word: Said) {
        self.0.send_if_modified(|said| {
            let is_first = *said == Said::Nothing;
            if is_first {
                *said = word;
            }
            is_first
        });
    }
}

impl Waiting {
    /// Whether the body is asked for, once that is known.
    pub(super) fn poll_asked(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Waiting")
    }
}
