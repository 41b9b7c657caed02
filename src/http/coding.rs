//! Content codings: gzip, deflate (RFC 9110 section 8.4.1), br (RFC 7932) and zstd (RFC 8878), read
//! within limits and written.

use std::borrow::Cow;
use std::io::{self, Read, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};
use ruzstd::decoding::StreamingDecoder;
use ruzstd::encoding::CompressionLevel;

use super::message::{Body, Headers, Omission};

/// Why a coded body could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DecodeError {
    /// The bytes are not in the coding of `Content-Encoding`.
    #[error("the body is not {0}: {1}")]
    Corrupt(String, io::Error),
    /// The decoded body is longer than this many bytes.
    #[error("the decoded body is longer than {0} bytes")]
    TooLarge(usize),
}

/// Takes the content codings away that the headers name, and reads what remains.
///
/// A body in an unknown coding is [`Omission::UnknownCoding`].
pub(super) fn decode(headers: &Headers, body: &[u8], limit: usize) -> Result<Body, DecodeError> {
    let fields = headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("content-encoding"))
        .map(|(_, value)| value);
    Ok(match uncoded(fields, body, limit)? {
        Some(bytes) => Body::from_bytes(&bytes),
        None => Body::Omitted(Omission::UnknownCoding { length: body.len() }),
    })
}

/// Takes the content codings away that the values of `Content-Encoding` name; none where one of
/// them is unknown. The result has at most `limit` bytes.
pub(crate) fn uncoded<'a, 'b>(
    fields: impl Iterator<Item = &'a str>,
    body: &'b [u8],
    limit: usize,
) -> Result<Option<Cow<'b, [u8]>>, DecodeError> {
    let mut bytes = Cow::Borrowed(body);
    if body.is_empty() {
        return Ok(Some(bytes));
    }
    let named: Vec<String> = fields.flat_map(named).collect();
    for coding in named.iter().rev() {
        let corrupt = |error| DecodeError::Corrupt(coding.clone(), error);
        let from = &*bytes;
        bytes = Cow::Owned(match coding.as_str() {
            "gzip" | "x-gzip" => read(MultiGzDecoder::new(from), coding, limit)?,
            "deflate" => inflate(from, limit)?,
            "br" => read(brotli::Decompressor::new(from, BUFFER), coding, limit)?,
            "zstd" => {
                let decoder = StreamingDecoder::new(from);
                let decoder = decoder.map_err(|error| corrupt(io::Error::other(error)))?;
                read(decoder, coding, limit)?
            }
            _ => return Ok(None),
        });
    }
    Ok(Some(bytes))
}

/// The codings that a value of `Content-Encoding` names, in the order in which they were applied.
fn named(value: &str) -> impl Iterator<Item = String> {
    let codings = value.split(',');
    let codings = codings.map(|it| it.trim().to_ascii_lowercase());
    codings.filter(|it| !it.is_empty() && it != "identity")
}

/// The body in the codings that a value of `Content-Encoding` names; none where one of them is
/// unknown.
pub(crate) fn coded(codings: &str, body: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = body.to_owned();
    for coding in named(codings) {
        bytes = match coding.as_str() {
            "gzip" | "x-gzip" => gzip(&bytes).into(),
            "deflate" => {
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(&bytes).ok()?;
                encoder.finish().ok()?
            }
            "br" => {
                let mut coded = Vec::new();
                let quality = brotli::enc::BrotliEncoderParams {
                    quality: 1,
                    ..Default::default()
                };
                brotli::BrotliCompress(&mut &*bytes, &mut coded, &quality).ok()?;
                coded
            }
            "zstd" => ruzstd::encoding::compress_to_vec(&*bytes, CompressionLevel::Fastest),
            _ => return None,
        };
    }
    Some(bytes)
}

pub(super) fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    match encoder.write_all(bytes).and_then(|()| encoder.finish()) {
        Ok(coded) => coded.into(),
        Err(error) => unreachable!("a vector takes every byte: {error}"),
    }
}

/// `deflate` is the zlib format, but some senders write raw deflate (RFC 9110 section 8.4.1.2).
fn inflate(bytes: &[u8], limit: usize) -> Result<Vec<u8>, DecodeError> {
    match read(ZlibDecoder::new(bytes), "deflate", limit) {
        Err(DecodeError::Corrupt(..)) => read(DeflateDecoder::new(bytes), "deflate", limit),
        other => other,
    }
}

const BUFFER: usize = 4096;

fn read(from: impl Read, coding: &str, limit: usize) -> Result<Vec<u8>, DecodeError> {
    let mut decoded = Vec::new();
    from.take(limit as u64 + 1)
        .read_to_end(&mut decoded)
        .map_err(|error| DecodeError::Corrupt(coding.to_owned(), error))?;
    if decoded.len() > limit {
        return Err(DecodeError::TooLarge(limit));
    }
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::limits::MAX_BODY;
    use flate2::write::DeflateEncoder;
    use serde_json::json;

    fn decoded(coding: &str, body: &[u8]) -> Result<Body, DecodeError> {
        let headers = Headers::from_iter([("Content-Encoding", coding)]);
        decode(&headers, body, MAX_BODY)
    }

    #[test]
    fn every_known_coding_is_read() {
        let body = br#"{"a":1}"#;
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
        raw.write_all(body).unwrap();
        let want = Body::Json(json!({"a": 1}));
        for codings in [
            "gzip", "X-GZIP", "deflate", "br", "zstd", "gzip, br", "identity",
        ] {
            let bytes = coded(codings, body).unwrap();
            assert_eq!(decoded(codings, &bytes).unwrap(), want, "{codings}");
        }
        assert_eq!(decoded("deflate", &raw.finish().unwrap()).unwrap(), want);
        assert_eq!(
            decoded("x-packed", body).unwrap(),
            Body::Omitted(Omission::UnknownCoding { length: 7 })
        );
        assert_eq!(coded("x-packed", body), None);
    }

    #[test]
    fn what_is_not_in_its_coding_and_what_grows_without_end_are_refused() {
        for coding in ["gzip", "deflate", "br", "zstd"] {
            assert!(
                matches!(decoded(coding, b"{\"a\":1}"), Err(DecodeError::Corrupt(..))),
                "{coding}"
            );
            let long = coded(coding, &vec![b' '; MAX_BODY + 1]).unwrap();
            assert!(
                matches!(decoded(coding, &long), Err(DecodeError::TooLarge(_))),
                "{coding}"
            );
        }
    }
}
