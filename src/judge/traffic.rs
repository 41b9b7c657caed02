//! The messages of a conversation, as reports have them.
//!
//! In the JSON report, a message is an object with one of `request`, `response` and `event`; bodies have the form that
//! they have in cassettes.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::party::Party;
use crate::http::message::{Request, Response};

/// One message of the conversation, for reports of failures and for snapshots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Traffic {
    /// The sender.
    pub from: Party,
    /// The step that it matches, counted from 1; of a recording, the number of its exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
    /// When it came or went, in milliseconds since the run or the recording began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_ms: Option<u64>,
    /// True if fault injection made it, or kept it from the other party.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub injected: bool,
    /// The message.
    #[serde(flatten)]
    pub message: TrafficMessage,
}

/// The kinds of messages in [`Traffic`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TrafficMessage {
    /// A bot's request, or a service's notification.
    #[serde(with = "file::request")]
    #[schemars(with = "file::Request")]
    Request(Arc<Request>),
    /// A service's response, or a bot's acknowledgement.
    #[serde(with = "file::response")]
    #[schemars(with = "file::Response")]
    Response(Arc<Response>),
    /// An event without a message, such as a broken connection.
    Event(String),
}

impl Traffic {
    /// A message of which nothing else is known.
    pub(crate) const fn new(from: Party, step: Option<usize>, message: TrafficMessage) -> Self {
        Self {
            from,
            step,
            at_ms: None,
            injected: false,
            message,
        }
    }
}

/// Messages as reports have them.
mod file {
    use std::borrow::Cow;

    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    use crate::cassette::format::{Content, FieldTexts};
    use crate::http::message::Headers;

    /// A request.
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[schemars(rename = "Request")]
    pub(super) struct Request<'a> {
        /// The method.
        method: Cow<'a, str>,
        /// The path and the query.
        target: Cow<'a, str>,
        /// The header fields, in the order of the message. A field may be repeated.
        #[schemars(with = "Vec<FieldTexts>")]
        headers: Cow<'a, Headers>,
        /// The body.
        #[serde(default, skip_serializing_if = "Content::is_empty")]
        body: Content<'a>,
    }

    /// A response.
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[schemars(rename = "Response")]
    pub(super) struct Response<'a> {
        /// The status code.
        status: u16,
        /// The header fields, in the order of the message. A field may be repeated.
        #[schemars(with = "Vec<FieldTexts>")]
        headers: Cow<'a, Headers>,
        /// The body.
        #[serde(default, skip_serializing_if = "Content::is_empty")]
        body: Content<'a>,
    }

    pub(super) mod request {
        use std::borrow::Cow;
        use std::sync::Arc;

        use serde::{Deserialize, Deserializer, Serialize, Serializer};

        use super::Request;
        use crate::http::message;

        pub(in super::super) fn serialize<S: Serializer>(
            request: &Arc<message::Request>,
            to: S,
        ) -> Result<S::Ok, S::Error> {
            Request {
                method: Cow::Borrowed(&request.method),
                target: Cow::Borrowed(&request.target),
                headers: Cow::Borrowed(&request.headers),
                body: (&request.body).into(),
            }
            .serialize(to)
        }

        pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
            from: D,
        ) -> Result<Arc<message::Request>, D::Error> {
            let read = Request::deserialize(from)?;
            Ok(Arc::new(message::Request {
                method: read.method.into_owned(),
                target: read.target.into_owned(),
                headers: read.headers.into_owned(),
                body: read.body.into(),
            }))
        }
    }

    pub(super) mod response {
        use std::borrow::Cow;
        use std::sync::Arc;

        use serde::{Deserialize, Deserializer, Serialize, Serializer};

        use super::Response;
        use crate::http::message;

        pub(in super::super) fn serialize<S: Serializer>(
            response: &Arc<message::Response>,
            to: S,
        ) -> Result<S::Ok, S::Error> {
            Response {
                status: response.status,
                headers: Cow::Borrowed(&response.headers),
                body: (&response.body).into(),
            }
            .serialize(to)
        }

        pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
            from: D,
        ) -> Result<Arc<message::Response>, D::Error> {
            let read = Response::deserialize(from)?;
            Ok(Arc::new(message::Response {
                status: read.status,
                headers: read.headers.into_owned(),
                body: read.body.into(),
            }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::message::{Body, Headers};
    use serde_json::json;

    #[test]
    fn a_message_is_read_as_it_was_written() {
        for body in [
            Body::Empty,
            Body::Json(json!({"a": [1, "b"]})),
            Body::Text("not JSON".to_owned()),
            Body::Bytes(vec![0xff, 0]),
        ] {
            let request = Request {
                method: "POST".to_owned(),
                target: "/calls".to_owned(),
                headers: Headers::from_iter([("A", "1"), ("a", "2")]),
                body: body.clone(),
            };
            let mut message =
                Traffic::new(Party::Bot, Some(1), TrafficMessage::Request(request.into()));
            message.at_ms = Some(3);
            let mut response = Response::new(503);
            response.body = body;
            let mut injected = Traffic::new(
                Party::Service,
                None,
                TrafficMessage::Response(response.into()),
            );
            injected.injected = true;
            let event = TrafficMessage::Event("broke".to_owned());
            let all = vec![message, injected, Traffic::new(Party::Bot, None, event)];
            let text = serde_json::to_string(&all).unwrap();
            let read: Vec<Traffic> = serde_json::from_str(&text).unwrap();
            assert_eq!(read, all, "{text}");
        }
    }
}
