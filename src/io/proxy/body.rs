//! The bodies that the proxy passes on.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::exchange::Pending;
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

/// A request's body on its way to the upstream.
#[derive(Debug)]
pub(super) enum Outward {
    /// Read whole before, and perhaps rewritten.
    Whole(Option<Bytes>),
    /// Passed on as it comes.
    Streamed(Incoming, Tee),
}

impl Body for Outward {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|it| Ok(Frame::data(it)))),
            Self::Streamed(body, tee) => {
                let next = ready!(Pin::new(body).poll_frame(cx));
                if let Some(Ok(frame)) = &next {
                    tee.frame(frame);
                }
                Poll::Ready(next)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_none(),
            Self::Streamed(body, _) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |it| it.len() as u64))
            }
            Self::Streamed(body, _) => body.size_hint(),
        }
    }
}

/// A response's body on its way back. Its end goes out only after the exchange is written.
#[derive(Debug)]
pub(super) enum Homeward {
    /// confcall's own words.
    Whole(Option<Bytes>),
    /// The upstream's, with the exchange that its end ends.
    Streamed(Incoming, Arc<Pending>),
}

impl Body for Homeward {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let (body, pending) = match self.get_mut() {
            Self::Whole(bytes) => {
                return Poll::Ready(bytes.take().map(|it| Ok(Frame::data(it))));
            }
            Self::Streamed(body, pending) => (body, pending),
        };
        let next = match ready!(Pin::new(&mut *body).poll_frame(cx)) {
            Some(Ok(frame)) => {
                pending.passed.frame(&frame);
                let is_last = frame.is_trailers() || body.is_end_stream();
                let written = if is_last { pending.end(None) } else { Ok(()) };
                Some(written.map(|()| frame).map_err(Broken::from))
            }
            Some(Err(error)) => {
                let broken = Broken::from(error);
                let written = pending.end(Some(broken.to_string()));
                Some(Err(written.map_or_else(Broken::from, |()| broken)))
            }
            None => pending.end(None).err().map(|error| Err(error.into())),
        };
        Poll::Ready(next)
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_none(),
            Self::Streamed(body, _) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |it| it.len() as u64))
            }
            Self::Streamed(body, _) => body.size_hint(),
        }
    }
}
