//! Requests of a bot under test outside of the calling API. Not for: tokens, discovery and keys, which `platform` has.
//!
//! A stub answers such a request. Without a stub, the response is 404, and the request is listed. No such request is
//! judged.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::json;

use crate::api::resource;
use crate::contract::prefix::prefix_of;
use crate::http::message::{Body, Headers, Request, Response};
use crate::replay::stubs::SharedStubs;

#[derive(Debug)]
pub(super) struct Around {
    stubs: Option<SharedStubs>,
    unanswered: Mutex<Unanswered>,
}

/// The requests that no stub answers, by method and path.
#[derive(Debug, Default)]
struct Unanswered {
    listed: BTreeMap<(String, String), usize>,
    /// The number of those that are not listed any more.
    more: usize,
}

/// The most paths that are listed.
const MOST_LISTED: usize = 100;

impl Around {
    pub(super) fn new(stubs: Option<SharedStubs>) -> Self {
        Self {
            stubs,
            unanswered: Mutex::default(),
        }
    }

    /// True for a request outside of the calling API. The root of the service is no other API.
    pub(super) fn takes(request: &Request) -> bool {
        let has_path = resource::path_of(&request.target) != "/";
        has_path && prefix_of(&request.target).is_none()
    }

    pub(super) fn answer(&self, request: &Request) -> Response {
        let found = self.stubs.as_ref().map(|stubs| {
            let mut stubs = stubs.lock().unwrap_or_else(PoisonError::into_inner);
            stubs.answer(request)
        });
        match found {
            Some(Ok(Some(response))) => response,
            Some(Err(broken)) => error(500, "confcall", &broken.to_string()),
            Some(Ok(None)) | None => {
                self.list(request);
                let path = resource::path_of(&request.target);
                let why = format!("no stub matches {} {path}", request.method);
                error(404, "NotFound", &why)
            }
        }
    }

    fn list(&self, request: &Request) {
        let key = (
            request.method.clone(),
            resource::path_of(&request.target).to_owned(),
        );
        let mut unanswered = self.unanswered();
        if unanswered.listed.len() < MOST_LISTED || unanswered.listed.contains_key(&key) {
            *unanswered.listed.entry(key).or_default() += 1;
        } else {
            unanswered.more += 1;
        }
    }

    /// One note for each method and path that no stub answers.
    pub(super) fn notes(&self) -> Vec<String> {
        let unanswered = self.unanswered();
        let listed = unanswered.listed.iter().map(|((method, path), count)| {
            let count = match count {
                1 => "once".to_owned(),
                count => format!("{count} times"),
            };
            format!("outside of the calling API, no stub matches {method} {path} ({count}, 404)")
        });
        let more = (unanswered.more > 0).then(|| {
            format!(
                "outside of the calling API, no stub matches {} more requests",
                unanswered.more
            )
        });
        listed.chain(more).collect()
    }

    fn unanswered(&self) -> MutexGuard<'_, Unanswered> {
        self.unanswered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn error(status: u16, code: &str, message: &str) -> Response {
    Response {
        status,
        headers: Headers::from_iter([("Content-Type", "application/json")]),
        body: Body::Json(json!({"error": {"code": code, "message": message}})),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(target: &str) -> Request {
        Request {
            method: "GET".into(),
            target: target.into(),
            headers: Headers::new(),
            body: Body::Empty,
        }
    }

    #[test]
    fn the_calling_api_is_not_taken() {
        for (target, is_taken) in [
            ("/v1.0/users/1", true),
            ("/v1.0/communications/callRecords/1", true),
            ("https://graph.example/v1.0/me?a=/calls", true),
            ("/crm/v2/calls/123", true),
            ("/v1.0/users/5/calls/6", true),
            ("/v1.0/communications/calls", false),
            ("//app/calls/1/answer", false),
            ("/app/calls/1/frobnicate", false),
            ("/", false),
            ("/?a=b", false),
        ] {
            assert_eq!(Around::takes(&request(target)), is_taken, "{target}");
        }
    }

    #[test]
    fn requests_without_a_stub_are_counted_by_path() {
        let around = Around::new(None);
        for target in ["/v1.0/me?token=1", "/v1.0/users", "/v1.0/me?token=2"] {
            let answer = around.answer(&request(target));
            assert_eq!(answer.status, 404);
            assert_eq!(answer.body.json().unwrap()["error"]["code"], "NotFound");
        }
        let notes = around.notes();
        let expected = [
            "outside of the calling API, no stub matches GET /v1.0/me (2 times, 404)",
            "outside of the calling API, no stub matches GET /v1.0/users (once, 404)",
        ];
        assert_eq!(notes, expected);
        for number in 0..=MOST_LISTED {
            around.answer(&request(&format!("/{number}")));
        }
        let last = around.notes().pop().unwrap();
        assert_eq!(
            last,
            "outside of the calling API, no stub matches 3 more requests"
        );
    }
}
