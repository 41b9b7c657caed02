//! The extracted part of the contract: operations and resource types as the reference pages print them.
//!
//! For: the file format (version 1) that `confcall extract --contract` writes, its JSON Schema, and the file
//! that is built in. Not for: requirements that pages state only in prose; these are in tables written by hand.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tables::tables;

/// The version of the format that this confcall writes, and the newest that it reads.
pub(crate) const VERSION: u32 = 1;

/// The extracted contract of the calling API.
pub(crate) fn extracted() -> &'static Extracted {
    &tables().extracted
}

/// The content of an extracted contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "confcall extracted contract")]
pub(crate) struct Extracted {
    /// The address of the JSON Schema of this format, for editors.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The version of the format: 1.
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// The operations, sorted by API version and page.
    pub operations: Vec<Operation>,
    /// The resource types, sorted by API version and name.
    pub types: Vec<ResourceType>,
}

/// A documented request with its responses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Operation {
    /// The stem of the page's file name, in lower case.
    pub page: String,
    /// The API version: v1.0 or beta.
    pub api: String,
    pub method: String,
    /// The path templates, as printed.
    pub paths: Vec<String>,
    /// The resource type of the whole request body, if the page has no table of parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The properties of the request body.
    pub parameters: Vec<Property>,
    /// Every documented response; empty if the page prints no status.
    pub answers: Vec<Answer>,
    /// The texts of the page, one for each edition and locale. The line is that of the path templates.
    pub sources: Vec<Source>,
}

/// The shape of a JSON object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResourceType {
    /// The name, without the namespace `microsoft.graph`.
    pub name: String,
    /// The API version: v1.0 or beta.
    pub api: String,
    /// The type whose properties this one inherits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// True if objects may have further properties.
    #[serde(default, skip_serializing_if = "is_false")]
    pub open: bool,
    pub properties: Vec<Property>,
    /// The texts of the page, one for each edition and locale. The line is that of the JSON representation.
    pub sources: Vec<Source>,
}

/// A property of a resource type or of a request body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Property {
    pub name: String,
    /// The JSON type. For a collection, this is the type of its items.
    pub kind: Kind,
    /// The resource type of an object. A type without a page has no entry in `types`.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// True for an array.
    #[serde(default, skip_serializing_if = "is_false")]
    pub collection: bool,
    /// The allowed words of a string; empty if any text is allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// The maximum number of characters of a string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
    /// The maximum number of items of a collection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_items: Option<u32>,
    /// The line of the property in each of the sources: the line of its table row or, without a row, the line in the
    /// JSON. Null if a text does not have the property.
    pub lines: Vec<Option<usize>>,
}

/// A JSON type that pages print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    String,
    Boolean,
    Number,
    Object,
}

/// A documented response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    pub status: u16,
    /// The resource type of the body. In prose, this is the only type that is linked beside the status.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// True if the body is a collection of that type in `value`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub collection: bool,
    pub from: Origin,
}

/// The part of a page that documents a response.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Origin {
    Prose,
    Example,
}

/// One text of a page.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The edition: the month of the text, such as 2021-02.
    pub edition: String,
    pub locale: String,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
const fn is_false(value: &bool) -> bool {
    !*value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_contract_can_be_read() {
        let extracted = extracted();
        assert_eq!(extracted.version, VERSION);
        for property in extracted.operations.iter().flat_map(|it| &it.parameters) {
            assert_eq!(property.resource.is_some(), property.kind == Kind::Object);
        }
        let lines = |property: &Property| property.lines.len();
        for ty in &extracted.types {
            let texts = ty.sources.len();
            assert!(
                ty.properties.iter().all(|it| lines(it) == texts),
                "{}",
                ty.name
            );
        }
    }
}
