//! Cassettes as `schemas/cassette.schema.json` describes them, read by other code than confcall's.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

/// A cassette file.
#[derive(Debug)]
pub struct Cassette {
    pub exchanges: Vec<Exchange>,
    /// The number of the last line, counted from 1, where that line was cut off.
    pub torn: Option<usize>,
}

/// Reads a cassette.
pub fn load(path: &Path) -> Cassette {
    let text = fs::read(path).unwrap();
    let text = String::from_utf8_lossy(&text);
    let whole = text.rfind('\n').map_or(0, |at| at + 1);
    let mut lines = text[..whole].lines();
    let header: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    assert_eq!(header["version"], 2);
    let exchanges =
        lines.map(|it| serde_json::from_str(it).unwrap_or_else(|e| panic!("{e}: {it}")));
    let exchanges: Vec<_> = exchanges.collect();
    let torn = (whole < text.len()).then_some(exchanges.len() + 2);
    Cassette { exchanges, torn }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    Request,
    Notification,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    pub number: u64,
    pub direction: Direction,
    pub cause: Option<Cause>,
    pub at_ms: u64,
    pub took_ms: u64,
    pub request: Request,
    pub response: Option<Response>,
    pub broke: Option<String>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    pub exchange: u64,
    pub by: String,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    #[serde(default)]
    pub body: Content,
    #[serde(default)]
    pub wire: Wire,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    #[serde(default)]
    pub body: Content,
    #[serde(default)]
    pub wire: Wire,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    #[default]
    Empty,
    Json(Value),
    Text(String),
    Base64(String),
    Omitted {
        length: u64,
        sha256: String,
    },
}

impl Content {
    pub const fn json(&self) -> Option<&Value> {
        match self {
            Self::Json(value) => Some(value),
            _ => None,
        }
    }
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Wire {
    pub version: String,
    pub is_chunked: bool,
    pub coding: Option<String>,
    pub trailers: Vec<(String, String)>,
    pub reason: Option<String>,
    pub scheme: Option<String>,
    pub authority: Option<String>,
}
