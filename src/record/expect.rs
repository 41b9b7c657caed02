//! `Expect: 100-continue` (RFC 9110 section 10.1.1): a client that waits gets its 100 when the upstream sends one. It
//! gets none if the upstream has answered without the body.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Version;
use hyper::header::{EXPECT, HeaderMap, HeaderValue};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::http::server::Task;

/// How long an upstream may take before the body is sent without a 100: many do not implement
/// expectations.
const PATIENCE: Duration = Duration::from_secs(1);

/// The value of `Expect` of a client that waits for a 100.
pub(super) const CONTINUE: &str = "100-continue";

/// Removes this expectation, and returns whether the client waits before it sends a body. In
/// HTTP/1.0 nobody does, and in HTTP/2 hyper asks at once.
pub(super) fn take(version: Version, headers: &mut HeaderMap) -> bool {
    let expected = headers.get(EXPECT).map(HeaderValue::as_bytes);
    let expects = expected.is_some_and(|it| it.eq_ignore_ascii_case(CONTINUE.as_bytes()));
    if expects {
        headers.remove(EXPECT);
    }
    expects && version == Version::HTTP_11
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Silent,
    Continue,
    Answered,
}

/// The upstream's side of an expectation. The body is never sent once this is dropped.
#[derive(Debug)]
pub(super) struct Expectation(watch::Sender<State>);

/// The side of the body that waits.
pub(super) struct Waiting(Task<bool>);

pub(super) fn expectation() -> (Expectation, Waiting) {
    let (sender, state) = watch::channel(State::Silent);
    (Expectation(sender), Waiting(Box::pin(is_wanted(state))))
}

async fn is_wanted(mut state: watch::Receiver<State>) -> bool {
    match timeout(PATIENCE, state.wait_for(|it| *it != State::Silent)).await {
        Ok(Ok(it)) if *it == State::Continue => return true,
        Ok(Ok(_)) => {}
        Ok(Err(_)) => return false,
        Err(_) => return true,
    }
    // The answer has not ended yet; an error now would break it off.
    let _ = state.wait_for(|_| false).await;
    false
}

impl Expectation {
    pub(super) fn go_on(&self) {
        self.set(State::Continue);
    }

    /// True until the upstream has answered in any way.
    pub(super) fn is_waited_for(&self) -> bool {
        !self.0.is_closed()
    }

    pub(super) fn answered(&self) {
        self.set(State::Answered);
    }

    /// The first change counts.
    fn set(&self, new: State) {
        self.0.send_if_modified(|state| {
            let is_first = *state == State::Silent;
            if is_first {
                *state = new;
            }
            is_first
        });
    }
}

impl Waiting {
    /// True if the body is to be sent; pending until the upstream has decided.
    pub(super) fn poll_wanted(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Waiting")
    }
}
