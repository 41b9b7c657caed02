//! A client's connection: the data that its requests share, and the stream of bytes that hyper reads and writes.
//!
//! For a service with [`Watch::On`], the stream does two things that hyper does not: it sends interim answers between
//! the bytes of hyper, and it notices at once that a client has broken off. A client that only closes its half of the
//! connection is still answered.

use std::fmt;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf as _, Bytes, BytesMut};
use hyper::StatusCode;
use hyper::header::HeaderMap;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::opening::Transport;
use super::{Interception, Origin, Tunnel, Watch};

/// How many bytes are read before hyper reads them.
const READ_AHEAD: usize = 1024;

/// The use of a connection in place of further HTTP.
pub(crate) enum Takeover {
    /// A reset (TCP RST).
    Reset,
    /// These bytes, and then the end of the connection.
    Raw(Bytes),
    Tunnel(Tunnel),
}

impl fmt::Debug for Takeover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reset => "Reset",
            Self::Raw(_) => "Raw",
            Self::Tunnel(_) => "Tunnel",
        })
    }
}

/// A client's connection, as its requests know it.
#[derive(Debug)]
pub(crate) struct Connection {
    /// The end of the tunnel that its requests come through.
    pub(super) tunnel: Option<Origin>,
    /// The hosts that its listener is a forward proxy for.
    pub(super) interception: Option<Arc<Interception>>,
    takeover: Mutex<Option<Takeover>>,
    interim: Mutex<Interim>,
}

/// Interim answers that have not been written (RFC 9110 section 15.2).
#[derive(Debug, Default)]
struct Interim {
    bytes: BytesMut,
    /// Waits until there are no more bytes.
    writer: Option<Waker>,
}

impl Connection {
    pub(super) fn new(tunnel: Option<Origin>, interception: Option<Arc<Interception>>) -> Self {
        Self {
            tunnel,
            interception,
            takeover: Mutex::default(),
            interim: Mutex::default(),
        }
    }

    /// Leaves the connection, once hyper has written the answer to the request that is being answered.
    /// If the service returns an error, no answer is written before. Only HTTP/1.1 can be left.
    pub(crate) fn take_over(&self, takeover: Takeover) {
        *lock(&self.takeover) = Some(takeover);
    }

    pub(super) fn take_takeover(&self) -> Option<Takeover> {
        lock(&self.takeover).take()
    }

    /// Sends an interim answer, to its last byte: the answer itself must not begin before that.
    /// The connection must be one of HTTP/1.1 that is watched.
    pub(crate) async fn send_interim(&self, status: StatusCode, fields: &HeaderMap) {
        let reason = status.canonical_reason().unwrap_or_default();
        {
            let bytes = &mut lock(&self.interim).bytes;
            bytes.extend(format!("HTTP/1.1 {} {reason}\r\n", status.as_str()).as_bytes());
            for (name, value) in fields {
                let parts = [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"];
                bytes.extend(parts.concat());
            }
            bytes.extend(b"\r\n");
        }
        poll_fn(|cx| {
            let mut interim = lock(&self.interim);
            if interim.bytes.is_empty() {
                return Poll::Ready(());
            }
            interim.writer = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) struct ClientStream<T> {
    io: T,
    connection: Arc<Connection>,
    watch: Watch,
    is_within_interim: bool,
    /// Bytes that were read before hyper wanted them.
    read_ahead: BytesMut,
    has_ended: bool,
}

impl<T: Transport> ClientStream<T> {
    pub(super) fn new(io: T, connection: Arc<Connection>, watch: Watch) -> Self {
        Self {
            io,
            connection,
            watch,
            is_within_interim: false,
            read_ahead: BytesMut::new(),
            has_ended: false,
        }
    }

    /// Puts bytes back that were read, to be read again.
    pub(super) fn unread(&mut self, bytes: &[u8]) {
        let after = self.read_ahead.split();
        self.read_ahead.extend_from_slice(bytes);
        self.read_ahead.unsplit(after);
    }

    /// Writes the interim answers that wait. hyper must have written all that it had.
    fn poll_interim(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut interim = lock(&self.connection.interim);
        while !interim.bytes.is_empty() {
            match ready!(Pin::new(&mut self.io).poll_write(cx, &interim.bytes))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                length => interim.bytes.advance(length),
            }
            self.is_within_interim = true;
        }
        self.is_within_interim = false;
        if let Some(writer) = interim.writer.take() {
            writer.wake();
        }
        Poll::Ready(Ok(()))
    }

    /// Reads a little, where hyper may not be reading: an error is that of a client that is gone.
    fn look_ahead(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if self.has_ended || !self.read_ahead.is_empty() {
            return Ok(());
        }
        // Mostly nothing is read: the room is not worth clearing.
        let mut space = [MaybeUninit::uninit(); READ_AHEAD];
        let mut read = ReadBuf::uninit(&mut space);
        if Pin::new(&mut self.io).poll_read(cx, &mut read)?.is_ready() {
            self.has_ended = read.filled().is_empty();
            self.read_ahead.extend_from_slice(read.filled());
            // hyper may wait for these bytes; nothing else wakes it.
            cx.waker().wake_by_ref();
        }
        Ok(())
    }
}

impl<T: Transport> AsyncRead for ClientStream<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.read_ahead.is_empty() {
            let length = self.read_ahead.len().min(into.remaining());
            into.put_slice(&self.read_ahead.split_to(length));
            return Poll::Ready(Ok(()));
        }
        if self.has_ended {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.io).poll_read(cx, into)
    }
}

impl<T: Transport> AsyncWrite for ClientStream<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_within_interim {
            ready!(self.poll_interim(cx))?;
        }
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    /// hyper flushes when it has written all that it had: here is room for others.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.watch == Watch::On {
            ready!(self.poll_interim(cx))?;
            self.look_ahead(cx)?;
        }
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
        if self.is_within_interim {
            ready!(self.poll_interim(cx))?;
        }
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }
}

impl<T: Transport> Transport for ClientStream<T> {
    fn reset(&self) {
        self.io.reset();
    }
}
