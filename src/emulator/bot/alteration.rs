//! Alterations: one change to the request of one operation. The mutants and the variants of operations are
//! rows of tables; this module has the type of a row, and applies it.

use serde_json::{Value, json};

use super::operation::Operation;
use super::request::{RequestBuilder, under};
use super::trigger::{Address, NAMESPACE};
use crate::emulator::body::{Edit, each_object};
use crate::emulator::new_id;
use crate::http::message::Body;

/// An operation with one change to its request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct AlteredRequest {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// The requirement that a mutant breaks, by its name in reports. Empty for a variant.
    pub(crate) breaks: &'static str,
    pub(super) operation: Operation,
    pub(super) alteration: Alteration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alteration {
    Never,
    Twice,
    /// Another method; without a body where it takes none.
    Method(&'static str),
    /// Another last segment of the path.
    Action(&'static str),
    /// Another path below the call.
    Below(&'static str),
    OtherCall,
    /// Another thing below the call.
    OtherItem,
    /// An empty segment in the path.
    EmptySegment,
    /// Another segment before `calls`.
    Prefix(&'static str),
    /// The name of the action has its namespace in front.
    Qualified,
    /// Another `Authorization`, or none.
    Authorization(Option<&'static str>),
    /// Another `Content-Type`.
    MediaType(&'static str),
    /// The header fields that bots of the .NET library send.
    LibraryHeaders,
    NoBody,
    /// This JSON as body.
    Whole(&'static str),
    /// An edit of the body.
    Body(&'static str, Edit),
    /// The people at the pointer are others.
    OtherPeople(&'static str),
    /// The collection at the pointer is in an object with `$values`.
    Values(&'static str),
}

impl AlteredRequest {
    /// The method and the path of the operation, below the prefix. `{}` is an identifier.
    pub(crate) const fn request(&self) -> (&'static str, &'static str) {
        (self.operation.method(), self.operation.path())
    }
}

impl Alteration {
    fn apply(self, builders: &mut Vec<RequestBuilder>) {
        match self {
            Self::Never => builders.clear(),
            Self::Twice => builders.extend(builders.clone()),
            _ => builders.iter_mut().for_each(|it| self.change(it)),
        }
    }

    fn change(self, builder: &mut RequestBuilder) {
        match self {
            Self::Method(method) => {
                builder.method = method;
                match (method, &builder.content) {
                    ("GET" | "DELETE", _) => builder.content = Body::Empty,
                    (_, Body::Empty) => builder.content = Body::Json(json!({})),
                    _ => {}
                }
            }
            Self::Authorization(field) => builder.authorization = field.map(str::to_owned),
            Self::MediaType(media_type) => builder.media_type = Some(media_type),
            Self::LibraryHeaders => {
                for name in ["Scenario-Id", "Client-Request-Id"] {
                    builder.more.push((name, new_id()));
                }
                let agent = "GraphCommunicationsClient-1.2.0.3742".to_owned();
                builder.more.push(("User-Agent", agent));
            }
            Self::NoBody => builder.content = Body::Empty,
            Self::Whole(text) => builder.content = Body::Text(text.to_owned()),
            _ => {
                self.address(builder);
                if let Body::Json(body) = &mut builder.content {
                    self.edit(body);
                }
            }
        }
    }

    fn address(self, builder: &mut RequestBuilder) {
        let Some(address) = Address::read(&builder.url) else {
            return;
        };
        let (calls, query) = (address.calls, address.query);
        let mut segments: Vec<String> = address.segments.iter().map(|&it| it.to_owned()).collect();
        let above = calls.strip_suffix("/calls").unwrap_or(calls);
        match self {
            Self::Action(name) if segments.len() > 2 => {
                segments.pop();
                segments.push(name.to_owned());
            }
            Self::Action(name) => segments.push(name.to_owned()),
            Self::Below(path) => {
                segments.truncate(2);
                segments.push(path.to_owned());
            }
            Self::OtherCall if segments.len() > 1 => segments[1] = new_id(),
            Self::OtherItem if segments.len() > 3 => segments[3] = new_id(),
            Self::EmptySegment => segments.insert(1, String::new()),
            Self::Qualified => {
                if let Some(last) = segments.last_mut() {
                    last.insert_str(0, NAMESPACE);
                }
            }
            Self::Prefix(name) => {
                builder.url = under(&builder.url, name);
                return;
            }
            _ => return,
        }
        builder.url = format!("{above}/{}{query}", segments.join("/"));
    }

    fn edit(self, body: &mut Value) {
        match self {
            Self::Body(pointer, edit) => edit.apply(body, pointer),
            Self::OtherPeople(pointer) => {
                if let Some(people) = body.pointer_mut(pointer) {
                    each_object(people, &mut |object| {
                        if object.contains_key("id") {
                            object.insert("id".to_owned(), new_id().into());
                        }
                    });
                }
            }
            Self::Values(pointer) => {
                if let Some(collection) = body.pointer_mut(pointer) {
                    *collection = json!({"$id": "2", "$values": collection.take()});
                }
            }
            _ => {}
        }
    }
}

/// Alters the requests of an operation.
pub(super) fn alter(
    altered: Option<&AlteredRequest>,
    operation: Operation,
    builders: &mut Vec<RequestBuilder>,
) {
    if let Some(altered) = altered.filter(|it| it.operation == operation) {
        altered.alteration.apply(builders);
    }
}
