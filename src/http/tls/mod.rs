//! TLS: the local authority, which signs the certificates of listeners and of intercepted hosts, and the certificates
//! that confcall trusts as a client.
//!
//! For: keys, certificates and configurations of rustls. Not for: sockets, and the choice of hosts that are
//! intercepted.

mod authority;
pub(crate) mod secret;
mod trust;

pub(crate) use self::authority::{Authority, AuthorityError, CertificateError};
pub(crate) use self::secret::Secret;
pub(crate) use self::trust::{Trust, TrustError};

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};

/// The name of HTTP/2 in a handshake that settles the version (RFC 9113 section 3.2).
pub(crate) const HTTP_2: &[u8] = b"h2";

/// The only implementation of cryptography in confcall.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
