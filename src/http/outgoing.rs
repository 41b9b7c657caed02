//! The body of a message on its way out: how it is coded, and how its end is told.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::reply::Sent;

/// How the bytes of a body are coded (RFC 9110 section 8.4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Coding {
    /// As they are.
    #[default]
    Identity,
    /// gzip, announced in `Content-Encoding`.
    Gzip,
}

/// How the end of a body is told (RFC 9112 section 6).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Framing {
    /// `Content-Length`.
    #[default]
    Length,
    /// `Transfer-Encoding: chunked`, in two chunks where there are two bytes.
    Chunked,
}

/// A body that is whole in memory, framed as asked.
#[derive(Debug)]
pub(super) struct Outgoing {
    pieces: [Option<Bytes>; 2],
    framing: Framing,
    /// Dropped with the body, which hyper does when it has taken the last piece.
    sent: Option<Sent>,
}

impl Outgoing {
    /// A body of these bytes.
    pub(super) fn new(mut bytes: Bytes, framing: Framing) -> Self {
        let is_split = framing == Framing::Chunked && bytes.len() > 1;
        let first = is_split.then(|| bytes.split_to(bytes.len() / 2));
        let pieces = [first, (!bytes.is_empty()).then_some(bytes)];
        Self {
            pieces,
            framing,
            sent: None,
        }
    }

    /// Keeps what tells that the body has gone.
    pub(super) fn tell(&mut self, sent: Option<Sent>) {
        self.sent = sent;
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.pieces.iter_mut().find_map(Option::take);
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.framing == Framing::Length && self.pieces.iter().all(Option::is_none)
    }

    fn size_hint(&self) -> SizeHint {
        match self.framing {
            Framing::Length => {
                let pieces = self.pieces.iter().flatten();
                SizeHint::with_exact(pieces.map(|piece| piece.len() as u64).sum())
            }
            Framing::Chunked => SizeHint::new(),
        }
    }
}
