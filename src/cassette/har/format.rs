//! The fields of HAR 1.2 that a recording uses. A field that is `null` counts as missing. Some tools write numbers as
//! texts, or texts as numbers: both are read.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::cassette::format::Direction;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Har {
    pub(super) log: Log,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Log {
    #[serde(default, deserialize_with = "text")]
    pub(super) version: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) creator: Creator,
    /// The directions that were recorded, where confcall wrote the file.
    #[serde(
        rename = "_directions",
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub(super) directions: Vec<Direction>,
    pub(super) entries: Vec<Entry>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Creator {
    #[serde(default, deserialize_with = "text")]
    pub(super) name: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) version: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    #[serde(rename = "startedDateTime", default, deserialize_with = "text")]
    pub(super) started: String,
    /// In milliseconds.
    #[serde(default, deserialize_with = "number")]
    pub(super) time: f64,
    pub(super) request: Request,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) response: Response,
    #[serde(default)]
    pub(super) cache: Value,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) timings: Timings,
    /// An extension of HAR: network panels filter by it.
    #[serde(
        rename = "_resourceType",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) resource_type: Option<Value>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Timings {
    #[serde(default, deserialize_with = "number")]
    pub(super) send: f64,
    #[serde(default, deserialize_with = "number")]
    pub(super) wait: f64,
    #[serde(default, deserialize_with = "number")]
    pub(super) receive: f64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) url: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) http_version: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) cookies: Vec<Value>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) headers: Vec<Field>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) query_string: Vec<Field>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) post_data: Option<PostData>,
    #[serde(default = "unknown", deserialize_with = "size")]
    pub(super) headers_size: i64,
    #[serde(default = "unknown", deserialize_with = "size")]
    pub(super) body_size: i64,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PostData {
    #[serde(default, deserialize_with = "text")]
    pub(super) mime_type: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) text: String,
    /// The fields of a form, in place of the text.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "or_default"
    )]
    pub(super) params: Vec<Param>,
    /// The name of a file beside the HAR file that has the body, as Playwright writes it.
    #[serde(rename = "_file", default, skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<String>,
    /// An extension of HAR, which has an encoding for answers only.
    #[serde(
        rename = "_encoding",
        alias = "encoding",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) encoding: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    /// 0 or -1 without a response.
    #[serde(default, deserialize_with = "integer")]
    pub(super) status: i64,
    #[serde(default, deserialize_with = "text")]
    pub(super) status_text: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) http_version: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) cookies: Vec<Value>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) headers: Vec<Field>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) content: Body,
    #[serde(rename = "redirectURL", default, deserialize_with = "text")]
    pub(super) redirect_url: String,
    #[serde(default = "unknown", deserialize_with = "size")]
    pub(super) headers_size: i64,
    #[serde(default = "unknown", deserialize_with = "size")]
    pub(super) body_size: i64,
    /// An extension of HAR, as in Chromium and mitmproxy: how the exchange broke.
    #[serde(rename = "_error", default, skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Body {
    /// The length without the content coding.
    #[serde(default = "unknown", deserialize_with = "size")]
    pub(super) size: i64,
    #[serde(default, deserialize_with = "text")]
    pub(super) mime_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) encoding: Option<String>,
    /// As in [`PostData`].
    #[serde(rename = "_file", default, skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<String>,
}

impl Default for Body {
    fn default() -> Self {
        Self {
            size: unknown(),
            mime_type: String::new(),
            text: None,
            encoding: None,
            file: None,
        }
    }
}

/// A field of a form.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Param {
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) file_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content_type: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Field {
    pub(super) name: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) value: String,
}

pub(super) const fn unknown() -> i64 {
    -1
}

/// A text, or a number or a truth value as text.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    })
}

/// A number, or a text of one; 0 for anything else.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(number_in(&value).unwrap_or_default())
}

fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    number(deserializer).map(whole)
}

/// A number of bytes; -1 for one that is unknown.
fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(number_in(&value).map_or(-1, whole))
}

fn number_in(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "sizes and statuses are far below that"
)]
const fn whole(number: f64) -> i64 {
    number as i64
}

fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}
