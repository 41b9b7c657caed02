//! A body on its way through: passed on as it comes, kept up to a limit, counted and digested.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::body::Frame;
use hyper::header::{CONTENT_ENCODING, HeaderMap};
use sha2::{Digest as _, Sha256};

use crate::io::net::uncoded;
use crate::model::cassette::Content;

/// What has passed of one body. Clones are the same tee.
#[derive(Debug, Clone)]
pub(super) struct Tee(Arc<Mutex<Passed>>);

#[derive(Debug)]
struct Passed {
    kept: Vec<u8>,
    limit: usize,
    length: u64,
    /// The digest of a body that is longer than the limit; of others it is made when it is asked
    /// for.
    digest: Option<Sha256>,
    trailers: Vec<(String, String)>,
}

impl Tee {
    /// A tee that keeps so many bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self(Arc::new(Mutex::new(Passed {
            kept: Vec::new(),
            limit,
            length: 0,
            digest: None,
            trailers: Vec::new(),
        })))
    }

    /// Notes a piece of the body.
    pub(super) fn data(&self, data: &[u8]) {
        let mut passed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        passed.length += data.len() as u64;
        if passed.length <= passed.limit as u64 {
            passed.kept.extend_from_slice(data);
            return;
        }
        let kept = std::mem::take(&mut passed.kept);
        let digest = passed.digest.get_or_insert_default();
        digest.update(&kept);
        digest.update(data);
    }

    /// Notes what a frame holds, data or trailers.
    pub(super) fn frame(&self, frame: &Frame<bytes::Bytes>) {
        if let Some(data) = frame.data_ref() {
            self.data(data);
        } else if let Some(trailers) = frame.trailers_ref() {
            self.trailer_fields(trailers);
        }
    }

    /// Notes the fields after the body.
    pub(super) fn trailer_fields(&self, trailers: &HeaderMap) {
        let mut passed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        passed.trailers = fields(trailers);
    }

    /// The trailer fields.
    pub(super) fn trailers(&self) -> Vec<(String, String)> {
        let passed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        passed.trailers.clone()
    }

    /// The body as it is recorded.
    pub(super) fn content(&self, headers: &HeaderMap) -> Content {
        let passed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let omitted = || {
            let mut sha256 = String::new();
            let digest = passed.digest.clone();
            let digest = digest.unwrap_or_else(|| Sha256::new_with_prefix(&passed.kept));
            for byte in digest.finalize() {
                // Writing to a string cannot fail.
                let _ = write!(sha256, "{byte:02x}");
            }
            Content::Omitted {
                length: passed.length,
                sha256,
            }
        };
        if passed.length > passed.limit as u64 {
            return omitted();
        }
        match uncoded(codings(headers), &passed.kept) {
            Ok(Some(bytes)) => content(bytes),
            Ok(None) | Err(_) => omitted(),
        }
    }
}

/// The values of `Content-Encoding`.
pub(super) fn codings(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(CONTENT_ENCODING).into_iter();
    values.filter_map(|value| value.to_str().ok())
}

/// Header fields as they are recorded. Bytes that are no UTF-8 are replaced.
pub(super) fn fields(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        })
        .collect()
}

fn content(bytes: Cow<'_, [u8]>) -> Content {
    match String::from_utf8(bytes.into_owned()) {
        Ok(text) => Content::of_text(text),
        Err(error) => Content::Base64(STANDARD.encode(error.as_bytes())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_kept_to_the_limit_and_then_counted() {
        let plain = HeaderMap::new();
        let passed = |bytes: &[u8]| {
            let tee = Tee::new(8);
            bytes.chunks(3).for_each(|chunk| tee.data(chunk));
            tee
        };
        assert_eq!(passed(b"").content(&plain), Content::Empty);
        assert_eq!(
            passed(b"text").content(&plain),
            Content::Text("text".into())
        );
        assert_eq!(
            passed(b"\xff").content(&plain),
            Content::Base64("/w==".into())
        );
        assert_eq!(
            passed(b"[1]").content(&plain),
            Content::Json(serde_json::json!([1]))
        );
        let is_omitted = |content| matches!(content, Content::Omitted { length: 9, sha256 } if sha256.len() == 64);
        assert!(is_omitted(passed(b"123456789").content(&plain)));
        let mut unknown = HeaderMap::new();
        unknown.insert(CONTENT_ENCODING, "br".parse().unwrap());
        assert!(matches!(
            passed(b"[1]").content(&unknown),
            Content::Omitted { length: 3, .. }
        ));
    }
}
