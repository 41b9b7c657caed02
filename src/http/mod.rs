//! HTTP/1.1 over TCP: a [`Listener`] that calls a function for each request, and a [`Client`].
//!
//! For: turning [`self::message`] values into bytes on a socket and back, with limits on
//! everything that a peer decides. Not for: what a message means.
//!
//! A [`Reply`] can also misbehave on purpose (hang, reset, bytes that are no HTTP), because the
//! built-in pair shows faults, and the tests of this layer need a peer that has them.

mod client;
mod coding;
pub(crate) mod interception;
pub(crate) mod message;
pub(crate) mod server;
pub(crate) mod tls;
mod wire;

use std::time::Duration;

pub(crate) use self::client::connect;
pub(crate) use self::client::{Client, OutgoingRequest, SendError};
pub(crate) use self::coding::uncoded;
pub(crate) use self::server::{BindError, Listener, Received, Refusal, Reply, free_port};
pub(crate) use self::wire::{Coding, Framing};

/// The versions of HTTP that are spoken in TLS. Without TLS it is HTTP/1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Versions {
    Http1,
    Http1AndHttp2,
}

/// The longest message head that is read, in bytes. A longer one is answered with 431.
pub(crate) const MAX_HEAD: usize = 64 * 1024;

/// The longest message head in HTTP/2, in bytes of names and values and 32 for each field
/// (RFC 9113 section 6.5.2).
pub(crate) const MAX_LIST: u32 = 64 * 1024;

/// How many requests are under way in one connection of HTTP/2 at a time. Further ones wait.
const MAX_STREAMS: u32 = 128;

/// The most header fields that are read in one message. More are answered with 431.
pub(crate) const MAX_FIELDS: usize = 100;

/// The longest body that is read, in bytes, coded and decoded alike. A longer request is answered
/// with 413, a longer response is [`SendError::TooLarge`].
pub(crate) const MAX_BODY: usize = 1024 * 1024;

/// How many connections a listener serves at once. Further ones wait to be accepted.
pub(crate) const MAX_CONNECTIONS: usize = 1024;

/// How long a peer may take to send a message head, idle time of a kept connection included.
pub(crate) const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a peer may take to send a request's body after its head. Later is answered with 408.
pub(crate) const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a listener that shuts down waits for exchanges that are under way.
pub(crate) const GRACE: Duration = Duration::from_secs(2);
