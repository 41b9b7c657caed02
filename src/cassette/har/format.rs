//! The fields of HAR 1.2 that a recording uses. A field that is `null` counts as missing.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Har {
    pub(super) log: Log,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Log {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) version: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) creator: Creator,
    pub(super) entries: Vec<Entry>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Creator {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) name: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) version: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    #[serde(rename = "startedDateTime", default, deserialize_with = "or_default")]
    pub(super) started: String,
    /// In milliseconds.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) time: f64,
    pub(super) request: Request,
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
    #[serde(default, deserialize_with = "or_default")]
    pub(super) send: f64,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) wait: f64,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) receive: f64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) url: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) http_version: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) cookies: Vec<Value>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) headers: Vec<Field>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) query_string: Vec<Field>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) post_data: Option<PostData>,
    #[serde(default = "unknown")]
    pub(super) headers_size: i64,
    #[serde(default = "unknown")]
    pub(super) body_size: i64,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PostData {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) mime_type: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) text: String,
    /// An extension of HAR, which has an encoding for answers only.
    #[serde(
        rename = "_encoding",
        alias = "encoding",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) encoding: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    /// 0 or -1 without a response.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) status: i64,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) status_text: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) http_version: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) cookies: Vec<Value>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) headers: Vec<Field>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) content: Body,
    #[serde(rename = "redirectURL", default, deserialize_with = "or_default")]
    pub(super) redirect_url: String,
    #[serde(default = "unknown")]
    pub(super) headers_size: i64,
    #[serde(default = "unknown")]
    pub(super) body_size: i64,
    /// An extension of HAR, as in Chromium and mitmproxy: how the exchange broke.
    #[serde(rename = "_error", default, skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Body {
    /// The length without the content coding.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) size: i64,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) mime_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) encoding: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Field {
    pub(super) name: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) value: String,
}

pub(super) const fn unknown() -> i64 {
    -1
}

fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}
