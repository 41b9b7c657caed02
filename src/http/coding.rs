//! Content codings: gzip and deflate (RFC 9110 section 8.4.1), read within limits, gzip written.

use std::borrow::Cow;
use std::io::{self, Read, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use flate2::write::GzEncoder;

use super::limits::MAX_BODY;
use super::message::{Body, Headers, Omission};

/// Why a coded body could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DecodeError {
    /// The bytes are not in the coding of `Content-Encoding`.
    #[error("the body is no {0}: {1}")]
    Corrupt(String, io::Error),
    /// The decoded body is longer than [`MAX_BODY`].
    #[error("the decoded body is longer than {MAX_BODY} bytes")]
    TooLarge,
}

/// Takes the content codings away that the headers name, and reads what remains.
///
/// A body in an unknown coding is [`Omission::UnknownCoding`].
pub(super) fn decode(headers: &Headers, body: &[u8]) -> Result<Body, DecodeError> {
    let fields = headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("content-encoding"))
        .map(|(_, value)| value);
    Ok(match uncoded(fields, body)? {
        Some(bytes) => Body::from_bytes(&bytes),
        None => Body::Omitted(Omission::UnknownCoding { length: body.len() }),
    })
}

/// Takes the content codings away that the values of `Content-Encoding` name; none where one of
/// them is unknown.
pub(crate) fn uncoded<'a, 'b>(
    fields: impl Iterator<Item = &'a str>,
    body: &'b [u8],
) -> Result<Option<Cow<'b, [u8]>>, DecodeError> {
    let mut bytes = Cow::Borrowed(body);
    if body.is_empty() {
        return Ok(Some(bytes));
    }
    let named: Vec<String> = fields
        .flat_map(|value| value.split(','))
        .map(|coding| coding.trim().to_ascii_lowercase())
        .filter(|coding| !coding.is_empty() && coding != "identity")
        .collect();
    for coding in named.iter().rev() {
        bytes = Cow::Owned(match coding.as_str() {
            "gzip" | "x-gzip" => read(MultiGzDecoder::new(&*bytes), coding)?,
            "deflate" => inflate(&bytes)?,
            _ => return Ok(None),
        });
    }
    Ok(Some(bytes))
}

pub(super) fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    match encoder.write_all(bytes).and_then(|()| encoder.finish()) {
        Ok(coded) => coded.into(),
        Err(error) => unreachable!("a vector takes every byte: {error}"),
    }
}

/// `deflate` is the zlib format, but some senders write raw deflate (RFC 9110 section 8.4.1.2).
fn inflate(bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
    match read(ZlibDecoder::new(bytes), "deflate") {
        Err(DecodeError::Corrupt(..)) => read(DeflateDecoder::new(bytes), "deflate"),
        other => other,
    }
}

fn read(from: impl Read, coding: &str) -> Result<Vec<u8>, DecodeError> {
    let mut decoded = Vec::new();
    from.take(MAX_BODY as u64 + 1)
        .read_to_end(&mut decoded)
        .map_err(|error| DecodeError::Corrupt(coding.to_owned(), error))?;
    if decoded.len() > MAX_BODY {
        return Err(DecodeError::TooLarge);
    }
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::write::{DeflateEncoder, ZlibEncoder};
    use serde_json::json;

    fn coded(coding: &str, body: &[u8]) -> Result<Body, DecodeError> {
        decode(&Headers::from_iter([("Content-Encoding", coding)]), body)
    }

    #[test]
    fn every_known_coding_is_read() {
        let body = br#"{"a":1}"#;
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(body).unwrap();
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
        raw.write_all(body).unwrap();
        let want = Body::Json(json!({"a": 1}));
        assert_eq!(coded("gzip", &gzip(body)).unwrap(), want);
        assert_eq!(coded("X-GZIP", &gzip(body)).unwrap(), want);
        assert_eq!(coded("gzip, gzip", &gzip(&gzip(body))).unwrap(), want);
        assert_eq!(coded("deflate", &zlib.finish().unwrap()).unwrap(), want);
        assert_eq!(coded("deflate", &raw.finish().unwrap()).unwrap(), want);
        assert_eq!(coded("identity", body).unwrap(), want);
        assert_eq!(
            coded("br", body).unwrap(),
            Body::Omitted(Omission::UnknownCoding { length: 7 })
        );
    }

    #[test]
    fn what_is_no_gzip_and_what_grows_without_end_are_refused() {
        assert!(matches!(
            coded("gzip", b"{}"),
            Err(DecodeError::Corrupt(..))
        ));
        assert!(matches!(
            coded("gzip", &gzip(&vec![b' '; MAX_BODY + 1])),
            Err(DecodeError::TooLarge)
        ));
    }
}
