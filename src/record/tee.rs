//! A body on its way through: passed on as it comes, kept up to a limit, counted and digested.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::body::Frame;
use hyper::header::{CONTENT_ENCODING, HeaderMap};
use sha2::{Digest as _, Sha256};

use crate::cassette::format::CapturedBody;
use crate::http::uncoded;

/// What has passed of one body. Clones are the same tee.
#[derive(Debug, Clone)]
pub(super) struct Tee(Arc<Mutex<Passed>>);

/// What has passed of one body.
#[derive(Debug)]
pub(super) struct Passed {
    kept: Vec<u8>,
    limit: usize,
    length: u64,
    /// The digest of a body that is longer than the limit; of others it is made when it is asked
    /// for.
    digest: Option<Sha256>,
    /// The fields after it.
    pub(super) trailers: Vec<(String, String)>,
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
        let mut passed = self.passed();
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
        let mut passed = self.passed();
        let fields = fields(trailers).into_iter();
        let fields = fields.map(|(name, value)| (name.to_owned(), value.into_owned()));
        passed.trailers = fields.collect();
    }

    /// What has passed, held meanwhile.
    pub(super) fn passed(&self) -> MutexGuard<'_, Passed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Passed {
    /// The body as it is recorded.
    pub(super) fn body(&self, headers: &HeaderMap) -> CapturedBody<'_> {
        if self.length <= self.limit as u64
            && let Ok(Some(bytes)) = uncoded(codings(headers), &self.kept)
        {
            return CapturedBody::Bytes(bytes);
        }
        let mut sha256 = String::new();
        let digest = self.digest.clone();
        let digest = digest.unwrap_or_else(|| Sha256::new_with_prefix(&self.kept));
        for byte in digest.finalize() {
            // Writing to a string cannot fail.
            let _ = write!(sha256, "{byte:02x}");
        }
        CapturedBody::Omitted {
            length: self.length,
            sha256,
        }
    }
}

/// The values of `Content-Encoding`.
pub(super) fn codings(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(CONTENT_ENCODING).into_iter();
    values.filter_map(|value| value.to_str().ok())
}

/// Header fields as they are recorded. Bytes that are no UTF-8 are replaced.
pub(super) fn fields(headers: &HeaderMap) -> Vec<(&str, Cow<'_, str>)> {
    let fields = headers.iter();
    let fields = fields.map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        (name.as_str(), value)
    });
    fields.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cassette::format::Content;

    #[test]
    fn a_body_is_kept_to_the_limit_and_then_counted() {
        let plain = HeaderMap::new();
        let passed = |bytes: &[u8]| {
            let tee = Tee::new(8);
            bytes.chunks(3).for_each(|chunk| tee.data(chunk));
            tee
        };
        let content = |tee: Tee, headers| Content::from(tee.passed().body(headers));
        assert_eq!(content(passed(b""), &plain), Content::Empty);
        assert_eq!(
            content(passed(b"text"), &plain),
            Content::Text("text".into())
        );
        assert_eq!(
            content(passed(b"\xff"), &plain),
            Content::Base64("/w==".into())
        );
        assert_eq!(
            content(passed(b"[1]"), &plain),
            Content::Json(serde_json::json!([1]))
        );
        let is_omitted = |content| matches!(content, Content::Omitted { length: 9, sha256 } if sha256.len() == 64);
        assert!(is_omitted(content(passed(b"123456789"), &plain)));
        let mut unknown = HeaderMap::new();
        unknown.insert(CONTENT_ENCODING, "br".parse().unwrap());
        assert!(matches!(
            content(passed(b"[1]"), &unknown),
            Content::Omitted { length: 3, .. }
        ));
    }
}
