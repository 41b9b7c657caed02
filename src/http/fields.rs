//! Header fields between hyper's map and the model.

use hyper::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};

use super::message::Headers;

/// The fields of a message that came in. Bytes that are no UTF-8 are replaced.
pub(super) fn read(map: &HeaderMap) -> Headers {
    map.iter()
        .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
        .collect()
}

/// The fields of a message that goes out, without those that tell its length: these are computed
/// anew. An error names the field that HTTP has no place for.
pub(super) fn write(headers: &Headers) -> Result<HeaderMap, String> {
    let mut map = HeaderMap::new();
    for (name, value) in headers.iter() {
        let field = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| format!("`{name}` is no name of a header field"))?;
        let value = HeaderValue::from_bytes(value.as_bytes())
            .map_err(|_| format!("the value of `{name}` holds a control character"))?;
        if field != CONTENT_LENGTH && field != TRANSFER_ENCODING {
            map.append(field, value);
        }
    }
    Ok(map)
}
