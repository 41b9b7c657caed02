//! The texts of a message that may be ids of its conversation.

use serde_json::Value;

use crate::api::identifier::{Ids, Normal};
use crate::http::message::Request;

/// The segments of its path, and of every text in its body.
pub(super) fn ids(request: &Request) -> Ids<'_> {
    let mut ids = Ids::default();
    take_ids(&request.target, &mut ids);
    if let Some(body) = request.body.json() {
        collect(body, &mut ids);
    }
    ids
}

fn collect<'a>(body: &'a Value, ids: &mut Ids<'a>) {
    match body {
        Value::String(text) => take_ids(text, ids),
        Value::Array(items) => items.iter().for_each(|item| collect(item, ids)),
        Value::Object(properties) => properties.values().for_each(|item| collect(item, ids)),
        _ => {}
    }
}

fn take_ids<'a>(text: &'a str, ids: &mut Ids<'a>) {
    ids.extend(
        text.split(['/', '?', '#'])
            .filter(|segment| !segment.is_empty())
            .map(Normal::of),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::message::{Body, Headers};

    #[test]
    fn ids_are_found_in_paths_and_bodies() {
        let request = Request {
            method: "POST".into(),
            target: "/app/calls/57DAB8B1894C409AB240BD8BEAE78896/answer".into(),
            headers: Headers::new(),
            body: Body::Json(serde_json::json!({"a": [{"b": "/x/one"}]})),
        };
        let ids = ids(&request);
        assert!(ids.contains(&Normal::of("57dab8b1-894c-409a-b240-bd8beae78896")));
        assert!(ids.contains(&Normal::of("one")));
    }
}
