//! A client's connection in HTTP/1.1, and the two things that hyper does not do with it: interim
//! answers go out between hyper's own, and a client that breaks off is noticed at once, while one
//! that only closes its half is still answered.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf as _, BytesMut};
use hyper::StatusCode;
use hyper::header::{CONTENT_LENGTH, HeaderMap};
use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};

use super::hop;

/// How many bytes are read before hyper asks for them.
const AHEAD: usize = 1024;

/// The interim answers of a connection (RFC 9110 section 15.2). Clones are of the same connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Interim(Arc<Mutex<Unwritten>>);

#[derive(Debug, Default)]
struct Unwritten {
    bytes: BytesMut,
    /// Who waits until there are no more bytes.
    writer: Option<Waker>,
}

impl Interim {
    /// Sends an interim answer, to its last byte: the answer itself must not begin before that.
    pub(super) async fn send(&self, status: StatusCode, mut fields: HeaderMap) {
        hop::strip(&mut fields);
        fields.remove(CONTENT_LENGTH);
        let reason = status.canonical_reason().unwrap_or_default();
        {
            let bytes = &mut self.unwritten().bytes;
            bytes.extend(format!("HTTP/1.1 {} {reason}\r\n", status.as_str()).as_bytes());
            for (name, value) in &fields {
                let parts = [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"];
                bytes.extend(parts.concat());
            }
            bytes.extend(b"\r\n");
        }
        poll_fn(|cx| {
            let mut unwritten = self.unwritten();
            if unwritten.bytes.is_empty() {
                return Poll::Ready(());
            }
            unwritten.writer = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn unwritten(&self) -> MutexGuard<'_, Unwritten> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection of a client, as hyper reads and writes it.
pub(super) struct Connection<I> {
    io: I,
    interim: Interim,
    /// Whether an interim answer has gone out in part.
    is_within: bool,
    /// What was read before hyper asked for it.
    ahead: BytesMut,
    /// Whether the client sends no more.
    has_ended: bool,
}

impl<I: Read + Write + Unpin> Connection<I> {
    /// The connection over this transport, with its interim answers.
    pub(super) fn new(io: I, interim: Interim) -> Self {
        Self {
            io,
            interim,
            is_within: false,
            ahead: BytesMut::new(),
            has_ended: false,
        }
    }

    /// Writes the interim answers that wait. hyper must have written all that it had.
    fn poll_interim(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut unwritten = self.interim.unwritten();
        while !unwritten.bytes.is_empty() {
            match ready!(Pin::new(&mut self.io).poll_write(cx, &unwritten.bytes))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                length => unwritten.bytes.advance(length),
            }
            self.is_within = true;
        }
        self.is_within = false;
        if let Some(writer) = unwritten.writer.take() {
            writer.wake();
        }
        Poll::Ready(Ok(()))
    }

    /// Reads a little, where hyper may not be reading: an error is that of a client that is gone.
    fn look_ahead(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if self.has_ended || !self.ahead.is_empty() {
            return Ok(());
        }
        let mut space = [0; AHEAD];
        let mut read = ReadBuf::new(&mut space);
        if Pin::new(&mut self.io)
            .poll_read(cx, read.unfilled())?
            .is_ready()
        {
            self.has_ended = read.filled().is_empty();
            self.ahead.extend_from_slice(read.filled());
            // Where hyper waits for these bytes, nothing else tells it.
            cx.waker().wake_by_ref();
        }
        Ok(())
    }
}

impl<I: Read + Write + Unpin> Read for Connection<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.ahead.is_empty() {
            let length = self.ahead.len().min(into.remaining());
            into.put_slice(&self.ahead.split_to(length));
            return Poll::Ready(Ok(()));
        }
        if self.has_ended {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.io).poll_read(cx, into)
    }
}

impl<I: Read + Write + Unpin> Write for Connection<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_within {
            ready!(self.poll_interim(cx))?;
        }
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    /// hyper flushes when it has written all that it had: here is room for others.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_interim(cx))?;
        self.look_ahead(cx)?;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.is_within {
            ready!(self.poll_interim(cx))?;
        }
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }
}
