//! Limits on everything that a peer decides: bytes, counts and times.

use std::time::Duration;

/// The longest message head that is read, in bytes. A longer one is answered with 431.
pub(crate) const MAX_HEAD: usize = 64 * 1024;

/// The longest head that `record` reads in HTTP/1.1, in bytes: as much for the target as for the fields,
/// so that a long target (414) differs from long fields (431).
pub(crate) const MAX_TARGET_AND_FIELDS: usize = 2 * MAX_HEAD;

/// The longest URL that a request goes to, in bytes: the longest that `http::Uri` reads.
pub(crate) const MAX_URI: usize = u16::MAX as usize - 1;

/// The longest message head in HTTP/2, in bytes of names and values and 32 for each field
/// (RFC 9113 section 6.5.2).
pub(crate) const MAX_HEAD_HTTP2: u32 = 64 * 1024;

/// How many requests are under way in one connection of HTTP/2 at a time. Further ones wait.
pub(super) const MAX_STREAMS: u32 = 128;

/// The most header fields that are read in one message. More are answered with 431.
pub(crate) const MAX_FIELDS: usize = 100;

/// The longest body that is read, in bytes, coded and decoded alike. A longer request is answered
/// with 413, a longer response is [`SendError::TooLarge`](super::SendError::TooLarge).
pub(crate) const MAX_BODY: usize = 1024 * 1024;

/// How many connections a listener serves at once. Further ones wait to be accepted.
pub(crate) const MAX_CONNECTIONS: usize = 1024;

/// How long a peer may take to send a message head, idle time of a kept connection included.
pub(crate) const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a peer may take to send a request's body after its head. Later is answered with 408.
pub(crate) const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a listener that shuts down waits for exchanges that are under way.
pub(crate) const GRACE: Duration = Duration::from_secs(2);
