//! HTTP messages on sockets: a [`Listener`] that calls a function for each request, and a [`Client`].
//!
//! For: turning [`self::message`] values into bytes of HTTP/1.1 or HTTP/2 and back, within [`limits`]. Not for: the
//! meaning of messages.
//!
//! A [`Reply`] can also misbehave on purpose (hang, reset, bytes that are no HTTP), because mutants of the built-in
//! pair do so, and because the tests of this layer need such a peer.

mod client;
mod coding;
pub(crate) mod interception;
pub(crate) mod limits;
pub(crate) mod message;
pub(crate) mod server;
pub(crate) mod tls;
mod wire;

pub(crate) use self::client::connect;
pub(crate) use self::client::{Answer, Client, Flaw, OutgoingRequest, SendError};
pub(crate) use self::coding::{coded, uncoded};
pub(crate) use self::server::{BindError, Listener, Received, Reply, free_port};
pub(crate) use self::wire::{Coding, Framing, read_fields, reason_of};

/// The versions of HTTP that are spoken in TLS. Without TLS it is HTTP/1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Versions {
    Http1,
    Http1AndHttp2,
}
