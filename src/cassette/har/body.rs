//! Bodies of HAR files. A body that is not in the file is missing, and not an empty one.

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use url::form_urlencoded;

use super::format as har;
use super::format::Param;
use crate::cassette::format::{Form, body_of_base64, body_of_bytes, omitted};
use crate::http::message::{Body, Headers, media_type, parameter};

/// The bytes of a file that a HAR file names, where it may be read.
pub(crate) type Attached<'a> = &'a dyn Fn(&str) -> Option<Vec<u8>>;

/// The body of a request. A form without a boundary gets one, in its `Content-Type`.
pub(super) fn posted(
    request: &har::Request,
    headers: &mut Headers,
    (attached, form): (Attached<'_>, Form),
) -> Body {
    // Chromium writes the size of the text, where it has lost bytes too.
    let size = match length(headers) {
        length @ 0.. => length,
        _ => request.body_size,
    };
    // A tool that notes no sizes names the type of a body that it leaves out.
    let left_out = |is_named: bool| {
        if is_named && size < 0 {
            omitted(0, String::new())
        } else {
            absent(size)
        }
    };
    let Some(posted) = &request.post_data else {
        let is_read = matches!(request.method.as_str(), "GET" | "HEAD");
        return left_out(!is_read && headers.get("content-type").is_some());
    };
    name_type(headers, &posted.mime_type);
    if !posted.text.is_empty() {
        return content(
            (&posted.text, size),
            posted.encoding.as_deref(),
            headers,
            form,
        );
    }
    if let Some(name) = &posted.file {
        return file(name, size, headers, (attached, form));
    }
    if !posted.params.is_empty() {
        return of_form(&posted.params, size, headers);
    }
    left_out(!posted.mime_type.is_empty())
}

/// The body of an answer to a request of this method.
pub(super) fn answered(
    response: &har::Response,
    method: &str,
    headers: &mut Headers,
    (attached, form): (Attached<'_>, Form),
) -> Body {
    let body = &response.content;
    name_type(headers, &body.mime_type);
    if let Some(text) = body.text.as_deref().filter(|it| !it.is_empty()) {
        return content((text, body.size), body.encoding.as_deref(), headers, form);
    }
    if let Some(name) = &body.file {
        return file(name, body.size, headers, (attached, form));
    }
    let has_none = has_no_content(method, response.status)
        || [body.size, response.body_size, length(headers)].contains(&0);
    // Tools that note no sizes leave out the text of an answer that leads elsewhere.
    let leads_elsewhere = (300..=399).contains(&response.status);
    let is_unknown = body.size < 0 && body.text.is_none() && !leads_elsewhere;
    match u64::try_from(body.size) {
        _ if has_none => Body::Empty,
        Ok(length) => omitted(length, String::new()),
        Err(_) if is_unknown => omitted(0, String::new()),
        Err(_) => Body::Empty,
    }
}

/// True for an answer that ends with its fields (RFC 9110 section 6.4.1).
pub(super) fn has_no_content(method: &str, status: i64) -> bool {
    method.eq_ignore_ascii_case("HEAD") || matches!(status, 100..=199 | 204 | 205 | 304)
}

/// The `Content-Length` of a message; -1 without one.
fn length(headers: &Headers) -> i64 {
    let length = headers.get("content-length");
    length.and_then(|it| it.trim().parse().ok()).unwrap_or(-1)
}

/// Tools that list no fields name the type of a body beside it.
fn name_type(headers: &mut Headers, mime_type: &str) {
    let is_known = mime_type.contains('/') && !mime_type.eq_ignore_ascii_case("x-unknown");
    if is_known && headers.get("content-type").is_none() {
        headers.push("Content-Type", mime_type);
    }
}

/// The body of a request that the file leaves out. A size below zero is unknown.
fn absent(size: i64) -> Body {
    match u64::try_from(size) {
        Ok(length @ 1..) => omitted(length, String::new()),
        _ => Body::Empty,
    }
}

/// The body in a file. Chromium decodes texts, so that Playwright writes them in UTF-8, whatever their charset: the length
/// of the message is then another one.
fn file(name: &str, size: i64, headers: &Headers, (attached, form): (Attached<'_>, Form)) -> Body {
    match attached(name).map(String::from_utf8) {
        Some(Ok(text)) if u64::try_from(length(headers)) == Ok(text.len() as u64) => {
            text_or_empty(text)
        }
        Some(Ok(text)) => of_text((&text, -1), headers, form),
        Some(Err(error)) => body_of_bytes(error.into_bytes()),
        None => omitted(u64::try_from(size).unwrap_or(0), String::new()),
    }
}

/// Text of a body of this size in an encoding: none, base64 or hexadecimal. A body in another one is missing.
fn content(
    (text, size): (&str, i64),
    encoding: Option<&str>,
    headers: &Headers,
    form: Form,
) -> Body {
    let encoding = encoding.unwrap_or_default().to_ascii_lowercase();
    let bytes = match encoding.as_str() {
        "" | "utf-8" | "utf8" | "none" | "identity" => return of_text((text, size), headers, form),
        "base64" => BASE64
            .decode(text.split_ascii_whitespace().collect::<String>())
            .ok(),
        "hex" => hexadecimal(text),
        _ => return omitted(0, String::new()),
    };
    match bytes {
        Some(bytes) => of_bytes(bytes),
        None => body_of_base64(text.to_owned()),
    }
}

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|it| !it.is_ascii_whitespace())
        .collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits
        .chunks(2)
        .map(|pair| if pair.len() == 2 { byte(pair) } else { None })
        .collect()
}

fn of_bytes(bytes: Vec<u8>) -> Body {
    match String::from_utf8(bytes) {
        Ok(text) => text_or_empty(text),
        Err(error) => body_of_bytes(error.into_bytes()),
    }
}

/// A text that a tool has decoded: the bytes are those of the charset that the message names. Of a body that is no text,
/// some tools write each byte as a character, and others lose bytes. The size shows which.
fn of_text((text, size): (&str, i64), headers: &Headers, form: Form) -> Body {
    let coded = in_charset(text, headers.get("content-type").unwrap_or_default());
    if let Some(bytes) = coded {
        return match form {
            Form::Sent => Body::Bytes(bytes),
            Form::Written | Form::Decoded => text_or_empty(text.to_owned()),
        };
    }
    let size = usize::try_from(size).ok();
    if size.is_none_or(|size| size == text.len()) {
        return text_or_empty(text.to_owned());
    }
    let bytes: Option<Vec<u8>> = text.chars().map(|it| u8::try_from(it).ok()).collect();
    match bytes {
        Some(bytes) if Some(bytes.len()) == size => of_bytes(bytes),
        _ if text.contains(char::REPLACEMENT_CHARACTER) => {
            omitted(size.unwrap_or_default() as u64, String::new())
        }
        _ => text_or_empty(text.to_owned()),
    }
}

fn text_or_empty(text: String) -> Body {
    if text.is_empty() {
        Body::Empty
    } else {
        Body::Text(text)
    }
}

/// The text in the charset of a `Content-Type`. `None` where that is UTF-8, unknown, or does not have the text.
fn in_charset(text: &str, content_type: &str) -> Option<Vec<u8>> {
    let label = parameter(content_type, "charset")?;
    let encoding = Encoding::for_label(label.as_bytes())?;
    if text.is_ascii() && encoding.is_ascii_compatible() || encoding == UTF_8 {
        return None;
    }
    let units = || text.encode_utf16();
    if encoding == UTF_16LE {
        return Some(units().flat_map(u16::to_le_bytes).collect());
    }
    if encoding == UTF_16BE {
        return Some(units().flat_map(u16::to_be_bytes).collect());
    }
    let (bytes, _, has_lost) = encoding.encode(text);
    (!has_lost).then(|| bytes.into_owned())
}

/// A form whose text is left out: it is what a browser sends for these fields. A file without contents is missing.
fn of_form(params: &[Param], size: i64, headers: &mut Headers) -> Body {
    let content_type = headers.get("content-type").unwrap_or_default().to_owned();
    if media_type(&content_type) != "multipart/form-data" {
        let mut text = form_urlencoded::Serializer::new(String::new());
        for param in params {
            text.append_pair(&param.name, param.value.as_deref().unwrap_or_default());
        }
        return text_or_empty(text.finish());
    }
    if params
        .iter()
        .any(|it| it.file_name.is_some() && it.value.is_none())
    {
        return omitted(u64::try_from(size).unwrap_or(0), String::new());
    }
    let boundary = parameter(&content_type, "boundary").unwrap_or_else(|| {
        let boundary = free_boundary(params);
        let mut fields = headers.iter_mut();
        let field = fields.find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        if let Some((_, value)) = field {
            *value = format!("multipart/form-data; boundary={boundary}");
        }
        boundary
    });
    let mut text = String::new();
    for param in params {
        text.push_str(&part(param, &boundary));
    }
    Body::Text(format!("{text}--{boundary}--\r\n"))
}

/// A boundary that is in no value.
fn free_boundary(params: &[Param]) -> String {
    let values = || params.iter().filter_map(|it| it.value.as_deref());
    let mut boundary = "form".to_owned();
    while values().any(|it| it.contains(&boundary)) {
        boundary.push('-');
    }
    boundary
}

/// A part of a form (RFC 7578 section 4.2).
fn part(param: &Param, boundary: &str) -> String {
    let quoted = |it: &str| {
        it.replace('"', "%22")
            .replace('\r', "%0D")
            .replace('\n', "%0A")
    };
    let file = param
        .file_name
        .as_deref()
        .map(|it| format!("; filename=\"{}\"", quoted(it)));
    let kind = param
        .content_type
        .as_deref()
        .map(|it| format!("Content-Type: {it}\r\n"));
    format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"{}\r\n{}\r\n{}\r\n",
        quoted(&param.name),
        file.unwrap_or_default(),
        kind.unwrap_or_default(),
        param.value.as_deref().unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_body_without_a_size_is_missing_where_its_type_is_named() {
        for (method, content_type, size, is_missing) in [
            ("POST", Some("application/json"), -1, true),
            ("POST", Some("application/json"), 0, false),
            ("POST", Some("application/json"), 7, true),
            ("POST", None, -1, false),
            ("GET", Some("application/json"), -1, false),
        ] {
            let request = json!({"method": method, "url": "/", "bodySize": size});
            let request = serde_json::from_value(request).unwrap();
            let mut headers = Headers::from_iter(content_type.map(|it| ("Content-Type", it)));
            let body = posted(&request, &mut headers, (&|_| None, Form::Sent));
            let is_so = matches!(body, Body::Omitted(_));
            assert_eq!(
                is_so, is_missing,
                "{method} {content_type:?} {size}: {body:?}"
            );
        }
    }
}
