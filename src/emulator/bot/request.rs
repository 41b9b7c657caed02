//! A request of the bot before it is sent, and how it is written.

use serde_json::Value;

use super::Bot;
use super::trigger::Address;
use super::variant::BotVariant as Variant;
use crate::emulator::body::{JsonStyle, each_object};
use crate::emulator::new_id;
use crate::http::message::{Body, Headers};
use crate::http::{Coding, Framing, OutgoingRequest};

#[derive(Debug, Clone)]
pub(super) struct RequestBuilder {
    pub(super) method: &'static str,
    pub(super) url: String,
    pub(super) authorization: Option<String>,
    /// Written only with a body.
    pub(super) media_type: Option<&'static str>,
    pub(super) content: Body,
    /// Further header fields.
    pub(super) more: Vec<(&'static str, String)>,
}

impl RequestBuilder {
    pub(super) fn new(method: &'static str, url: String, token: &str, content: Body) -> Self {
        Self {
            method,
            url,
            authorization: Some(format!("Bearer {token}")),
            media_type: Some("application/json"),
            content,
            more: Vec::new(),
        }
    }

    /// True for an invitation that replaces a call.
    pub(super) fn replaces(&self) -> bool {
        let Body::Json(body) = &self.content else {
            return false;
        };
        let invitees = body.get("participants").and_then(Value::as_array);
        let mut invitees = invitees.into_iter().flatten();
        invitees.any(|invitee| invitee.get("replacesCallId").is_some_and(Value::is_string))
    }
}

impl Bot {
    /// The request on the wire, as the bot's variant writes it.
    pub(super) fn write(&self, mut builder: RequestBuilder) -> OutgoingRequest {
        if let (Some(Variant::Untyped), Body::Json(body)) = (self.variant, &mut builder.content) {
            each_object(body, &mut |object| drop(object.shift_remove("@odata.type")));
        }
        let style = self.variant.map_or(JsonStyle::Plain, Variant::style);
        let url = style.path(&self.addressed(&builder.url));
        let mut headers = Headers::new();
        if let Some(authorization) = builder.authorization {
            headers.push(
                "Authorization",
                match self.variant {
                    Some(Variant::LowerScheme) => authorization.replace("Bearer", "bearer"),
                    _ => authorization,
                },
            );
        }
        let has_body = builder.content != Body::Empty;
        if let (true, Some(media_type)) = (has_body, builder.media_type) {
            headers.push(
                "Content-Type",
                match self.variant {
                    Some(Variant::Charset) => "Application/JSON; charset=UTF-8",
                    _ => media_type,
                },
            );
        }
        if self.variant == Some(Variant::ExtraHeaders) {
            headers.push("client-request-id", new_id());
            headers.push("X-Nobody-Knows", "this");
        }
        for (name, value) in builder.more {
            headers.push(name, value);
        }
        let (coding, framing) = match self.variant {
            Some(Variant::Gzip) => (Coding::Gzip, Framing::Length),
            Some(Variant::Chunked) => (Coding::Identity, Framing::Chunked),
            _ => (Coding::Identity, Framing::Length),
        };
        OutgoingRequest {
            headers,
            body: has_body.then(|| style.bytes(&builder.content)),
            coding,
            framing,
            ..OutgoingRequest::new(builder.method, url)
        }
    }

    /// The URL under the prefix of the bot's variant.
    fn addressed(&self, url: &str) -> String {
        match self.variant {
            Some(Variant::AppPrefix) => under(url, "app"),
            Some(Variant::CommunicationsPrefix) => under(url, "communications"),
            Some(Variant::OtherVersion) => url.replacen("/beta/", "/v1.0/", 1),
            _ => url.to_owned(),
        }
    }
}

/// The URL with another prefix before `calls`.
pub(super) fn under(url: &str, name: &str) -> String {
    let Some(Address { calls, .. }) = Address::read(url) else {
        return url.to_owned();
    };
    let rest = &url[calls.len()..];
    let prefix = calls.strip_suffix("/calls").unwrap_or(calls);
    let (above, _) = prefix
        .rsplit_once("/applications/")
        .unwrap_or_else(|| prefix.rsplit_once('/').unwrap_or((prefix, "")));
    format!("{above}/{name}/calls{rest}")
}

/// The operation id in the answer to an invitation: from the body, else from `Location`.
pub(super) fn operation_of(headers: &Headers, body: Option<&Value>) -> Option<String> {
    let id = body.and_then(|body| body.get("id")).and_then(Value::as_str);
    let last = || headers.get("Location")?.rsplit('/').next();
    id.or_else(last).map(str::to_owned)
}
