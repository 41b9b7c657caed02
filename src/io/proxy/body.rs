//! The bodies that the proxy passes on.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::HeaderMap;

use super::exchange::Pending;
use super::expect::Waiting;
use super::tee::Tee;
use crate::io::journal::JournalError;

/// Why an answer breaks off, and the connection with it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    /// The upstream broke it off.
    #[error("the answer broke off: {0}")]
    Upstream(#[from] hyper::Error),
    /// It could not be written down.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Why a request ends before its body does.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unsent {
    /// The client broke it off, or what it sent is no body.
    #[error("the body broke off: {0}")]
    Client(#[from] hyper::Error),
    /// The upstream has answered without it.
    #[error("nobody asks for the body")]
    Unasked,
}

/// A request's body on its way to the upstream.
#[derive(Debug)]
pub(super) enum Outward {
    /// Read whole before, and perhaps rewritten.
    Whole {
        /// The bytes, where there are any.
        bytes: Option<Bytes>,
        /// The trailer fields that came after them.
        trailers: Option<HeaderMap>,
    },
    /// Passed on as it comes.
    Streamed {
        /// The client's body.
        body: Incoming,
        /// What has passed of it.
        tee: Tee,
        /// Whether it is asked for, where the client waits for that.
        waiting: Option<Waiting>,
    },
}

impl Body for Outward {
    type Data = Bytes;
    type Error = Unsent;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Unsent>>> {
        match self.get_mut() {
            Self::Whole { bytes, trailers } => {
                let bytes = bytes.take().map(Frame::data);
                Poll::Ready(
                    bytes
                        .or_else(|| trailers.take().map(Frame::trailers))
                        .map(Ok),
                )
            }
            Self::Streamed { body, tee, waiting } => {
                if let Some(waits) = waiting {
                    if !ready!(waits.poll_asked(cx)) {
                        return Poll::Ready(Some(Err(Unsent::Unasked)));
                    }
                    *waiting = None;
                }
                let next = ready!(Pin::new(body).poll_frame(cx));
                if let Some(Ok(frame)) = &next {
                    tee.frame(frame);
                }
                Poll::Ready(next.map(|it| it.map_err(Unsent::from)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole { bytes, trailers } => bytes.is_none() && trailers.is_none(),
            Self::Streamed { body, .. } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            // Trailers follow a body in chunks only.
            Self::Whole {
                trailers: Some(_), ..
            } => SizeHint::default(),
            Self::Whole { bytes, .. } => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |it| it.len() as u64))
            }
            Self::Streamed { body, .. } => body.size_hint(),
        }
    }
}

/// A response's body on its way back. Its end goes out only after the exchange is written.
#[derive(Debug)]
pub(super) enum Homeward {
    /// confcall's own words.
    Whole(Option<Bytes>),
    /// The upstream's.
    Streamed(Streamed),
}

impl Homeward {
    /// The upstream's body, with the exchange that its end ends.
    pub(super) const fn streamed(body: Incoming, pending: Arc<Pending>) -> Self {
        Self::Streamed(Streamed {
            body,
            pending,
            held: None,
            after: None,
        })
    }
}

/// An upstream's body, with the exchange that its end ends.
///
/// A receiver that was told the length asks no more after the last byte. In HTTP/2 the end comes
/// after that byte: the last bytes are held until it is there.
#[derive(Debug)]
pub(super) struct Streamed {
    body: Incoming,
    pending: Arc<Pending>,
    /// The last bytes, while the end is waited for.
    held: Option<Frame<Bytes>>,
    /// What came with the end.
    after: Option<Box<Frame<Bytes>>>,
}

impl Streamed {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if let Some(frame) = self.after.take() {
            return Poll::Ready(Some(Ok(*frame)));
        }
        loop {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    self.pending.passed.frame(&frame);
                    if frame.is_trailers() || self.body.is_end_stream() {
                        self.pending.end(None)?;
                    } else if self.body.size_hint().exact() == Some(0) {
                        // A second frame here has no bytes.
                        self.held.get_or_insert(frame);
                        continue;
                    }
                    let Some(held) = self.held.take() else {
                        return Poll::Ready(Some(Ok(frame)));
                    };
                    self.after = Some(Box::new(frame));
                    return Poll::Ready(Some(Ok(held)));
                }
                Some(Err(error)) => {
                    let broken = Broken::from(error);
                    let written = self.pending.end(Some(broken.to_string()));
                    let broken = written.map_or_else(Broken::from, |()| broken);
                    return Poll::Ready(Some(Err(broken)));
                }
                None => {
                    self.pending.end(None)?;
                    return Poll::Ready(self.held.take().map(Ok));
                }
            }
        }
    }
}

impl Body for Homeward {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|it| Ok(Frame::data(it)))),
            Self::Streamed(streamed) => streamed.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_none(),
            Self::Streamed(it) => {
                it.held.is_none() && it.after.is_none() && it.body.is_end_stream()
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |it| it.len() as u64))
            }
            Self::Streamed(streamed) => streamed.body.size_hint(),
        }
    }
}
