//! The bodies that the proxy passes on.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::Response;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::HeaderMap;

use super::RecordError;
use super::exchange::{Pending, Tee};
use super::expect::Waiting;
use super::hop;

/// Why an answer breaks off, and the connection with it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    /// The upstream broke it off.
    #[error("the response ended too early: {0}")]
    Upstream(#[from] hyper::Error),
    /// It could not be written down.
    #[error(transparent)]
    Journal(#[from] RecordError),
    #[error("fault injection")]
    Injected,
}

/// Why a request ends before its body does.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unsent {
    /// The client broke it off, or what it sent is no body.
    #[error("the body ended too early: {0}")]
    Client(#[from] hyper::Error),
    /// The upstream has answered without it.
    #[error("the other party responded without reading the body")]
    Unasked,
}

#[derive(Debug)]
pub(super) enum RequestBody {
    /// Read whole before, and perhaps rewritten.
    Whole {
        bytes: Option<Bytes>,
        trailers: Option<HeaderMap>,
    },
    /// Passed on frame by frame.
    Streamed {
        body: Incoming,
        tee: Tee,
        /// Present while the client waits for a 100.
        waiting: Option<Waiting>,
    },
}

impl Body for RequestBody {
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
                    if !ready!(waits.poll_wanted(cx)) {
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
pub(super) enum ResponseBody {
    /// confcall's own answer.
    Whole(Option<Bytes>),
    /// None, of a 304 that names this length. hyper writes the field only of a body that it might
    /// send.
    Measured(u64),
    /// The upstream's.
    Streamed(Streamed),
}

impl Default for ResponseBody {
    fn default() -> Self {
        Self::Whole(None)
    }
}

impl From<Bytes> for ResponseBody {
    fn from(bytes: Bytes) -> Self {
        Self::Whole(Some(bytes))
    }
}

impl ResponseBody {
    /// The response with this body. Its head announces the fields behind the body, where they have come.
    pub(super) fn behind(self, mut head: Response<()>) -> Response<Self> {
        if let Self::Streamed(streamed) = &self
            && let Some(trailers) = streamed.trailers()
        {
            hop::announce(head.headers_mut(), trailers);
        }
        head.map(|()| self)
    }

    /// The upstream's body, with the exchange that its end ends. What came together with the head
    /// goes out together with it: where that is all, the exchange is written when this returns.
    pub(super) async fn streamed(
        body: Incoming,
        pending: Arc<Pending>,
    ) -> Result<Self, RecordError> {
        let mut streamed = Streamed {
            left: body.size_hint().exact(),
            body,
            pending,
            arrived: VecDeque::new(),
            has_ended: false,
        };
        let all = poll_fn(|cx| Poll::Ready(streamed.gather(cx))).await;
        if streamed.trailers().is_some() {
            streamed.pending.response_body.announce();
        }
        if all.is_ready() {
            streamed.pending.ended().await?;
        }
        Ok(Self::Streamed(streamed))
    }

    /// The same for a body whose beginning was collected.
    pub(super) async fn collected(
        body: Incoming,
        collected: Collected,
        pending: Arc<Pending>,
    ) -> Result<Self, Broken> {
        let mut arrived = VecDeque::new();
        for frame in collected.frames {
            pending.response_body.frame(&frame);
            if frame.is_trailers() {
                pending.response_body.announce();
            }
            arrived.push_back(Ok(frame));
        }
        let has_ended = !matches!(collected.end, CollectedEnd::Open);
        match collected.end {
            CollectedEnd::Whole => pending.ended().await?,
            CollectedEnd::Open => {}
            CollectedEnd::Broken(error) => {
                let broken = Broken::from(error);
                pending.end(Some(&broken.to_string()))?;
                arrived.push_back(Err(broken));
            }
        }
        Ok(Self::Streamed(Streamed {
            left: collected.exact,
            body,
            pending,
            arrived,
            has_ended,
        }))
    }
}

/// The beginning of an upstream's body, mostly all of it.
#[derive(Debug)]
pub(super) struct Collected {
    frames: Vec<Frame<Bytes>>,
    /// The length that the upstream named.
    exact: Option<u64>,
    end: CollectedEnd,
}

#[derive(Debug)]
enum CollectedEnd {
    /// All of it.
    Whole,
    /// It is too long.
    Open,
    Broken(hyper::Error),
}

impl Collected {
    /// Reads a body that has at most `limit` bytes to its end.
    pub(super) async fn read(body: &mut Incoming, limit: usize) -> Self {
        let (mut frames, mut length) = (Vec::new(), 0);
        let exact = body.size_hint().exact();
        let end = loop {
            match body.frame().await {
                None => break CollectedEnd::Whole,
                Some(Err(error)) => break CollectedEnd::Broken(error),
                Some(Ok(frame)) => {
                    length += frame.data_ref().map_or(0, Bytes::len);
                    frames.push(frame);
                }
            }
            if length > limit {
                break CollectedEnd::Open;
            }
        };
        Self { frames, exact, end }
    }

    /// The bytes of a whole body.
    pub(super) fn bytes(&self) -> Option<Bytes> {
        let is_whole = matches!(self.end, CollectedEnd::Whole);
        let data = self.frames.iter().filter_map(Frame::data_ref);
        is_whole.then(|| match *data.collect::<Vec<_>>() {
            // Most bodies come at once.
            [all] => all.clone(),
            ref pieces => pieces.iter().flat_map(|it| it.iter().copied()).collect(),
        })
    }

    /// Puts other bytes in the place of those of a whole body.
    pub(super) fn replace(&mut self, bytes: Bytes) {
        self.exact = self.exact.map(|_| bytes.len() as u64);
        self.frames.retain(Frame::is_trailers);
        self.frames.insert(0, Frame::data(bytes));
    }

    /// The length of the body, where the upstream named one.
    pub(super) const fn length(&self) -> Option<u64> {
        self.exact
    }
}

/// An upstream's body, with the exchange that its end ends.
///
/// A receiver that knows the length stops reading after the last byte. HTTP/2 sends the end in a later
/// frame: the last bytes are held until it has arrived.
#[derive(Debug)]
pub(super) struct Streamed {
    body: Incoming,
    pending: Arc<Pending>,
    /// Frames that came in and are still to go out.
    arrived: VecDeque<Result<Frame<Bytes>, Broken>>,
    has_ended: bool,
    /// How many bytes are to go out, where that is known.
    left: Option<u64>,
}

/// How many frames are gathered before the first goes out: data, and trailers.
const GATHERED: usize = 2;

impl Streamed {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        while !self.has_ended && (self.arrived.is_empty() || self.is_held()) {
            ready!(self.read_frame(cx));
            if self.has_ended {
                self.pending.end(None)?;
            }
        }
        let next = self.arrived.pop_front();
        if let (Some(left), Some(Ok(frame))) = (&mut self.left, &next) {
            *left = left.saturating_sub(frame.data_ref().map_or(0, |it| it.len() as u64));
        }
        Poll::Ready(next)
    }

    /// Reads the frames that are there already; ready where the body has ended.
    fn gather(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while !self.has_ended && self.arrived.len() < GATHERED {
            ready!(self.read_frame(cx));
        }
        if self.has_ended {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    fn read_frame(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            Some(Ok(frame)) => {
                self.pending.response_body.frame(&frame);
                self.has_ended = frame.is_trailers() || self.body.is_end_stream();
                self.arrived.push_back(Ok(frame));
            }
            Some(Err(error)) => {
                let broken = Broken::from(error);
                let written = self.pending.end(Some(&broken.to_string()));
                let broken = written.map_or_else(Broken::from, |()| broken);
                self.arrived.push_back(Err(broken));
                self.has_ended = true;
            }
            None => self.has_ended = true,
        }
        Poll::Ready(())
    }

    /// The fields behind the body, where they have come.
    fn trailers(&self) -> Option<&HeaderMap> {
        let mut arrived = self.arrived.iter().flatten();
        arrived.find_map(Frame::trailers_ref)
    }

    /// The last bytes are here, and the end is not.
    fn is_held(&self) -> bool {
        !self.has_ended && self.body.size_hint().exact() == Some(0)
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|it| Ok(Frame::data(it)))),
            Self::Measured(_) => Poll::Ready(None),
            Self::Streamed(streamed) => streamed.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_none(),
            Self::Measured(_) => false,
            Self::Streamed(it) => {
                it.arrived.is_empty() && (it.has_ended || it.body.is_end_stream())
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |it| it.len() as u64))
            }
            Self::Measured(length) => SizeHint::with_exact(*length),
            Self::Streamed(it) => it.left.map_or_else(SizeHint::default, SizeHint::with_exact),
        }
    }
}
