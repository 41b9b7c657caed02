//! Stubs: recorded answers to a bot's requests outside of the calling API. Not for: conversations that are judged.
//!
//! A stub is found by method, path and query, like a recorded request in a replay. Requests are independent of each
//! other: the ids of a request may differ from the recorded ones, whatever ids earlier requests had.

use std::sync::{Arc, Mutex};

use super::matching::compared::ComparedRequest;
use super::matching::comparison::{Comparison, Part};
use super::matching::requests::Requests;
use super::outgoing::Outgoing;
use super::recording::{Index, Indexed};
use super::translation::Translation;
use super::values;
use super::values::mapping::Mapping;
use crate::api::identifier;
use crate::diagnostic::Diagnostic;
use crate::http::message::{Body, Request, Response};

/// Stubs that the sessions of a run share.
pub(crate) type SharedStubs = Arc<Mutex<Stubs>>;

/// The recorded exchanges of some files, in the order of the files.
#[derive(Debug)]
pub(crate) struct Stubs(Vec<StubFile>);

#[derive(Debug)]
struct StubFile {
    recorded: Index,
    requests: Requests,
}

/// A recorded exchange whose request is the live one.
struct Stub {
    file: usize,
    exchange: usize,
    /// The recorded ids with those of the live request.
    mapping: Mapping,
    has_same_ids: bool,
    /// The body is the recorded one too.
    is_equal: bool,
}

impl Stubs {
    pub(crate) fn new(files: impl IntoIterator<Item = Indexed>) -> Self {
        let file = |Indexed {
                        index, requests, ..
                    }| StubFile {
            recorded: index,
            requests,
        };
        Self(files.into_iter().map(file).collect())
    }

    /// The recorded answer to a request: the first that was not given yet, else the last. `None` where no
    /// stub fits.
    /// Errors: a file was changed since it was opened.
    pub(crate) fn answer(&mut self, request: &Request) -> Result<Option<Response>, Diagnostic> {
        let bytes = request.body.clone().into_bytes().unwrap_or_default();
        let Request {
            method,
            target,
            headers,
            ..
        } = request;
        let mut found = self.matching(&ComparedRequest::live(method, target, headers, &bytes))?;
        // The stubs of the ids that the bot asks about are its own, and so are those of what it sends.
        for is_nearer in [|it: &Stub| it.has_same_ids, |it: &Stub| it.is_equal] {
            if found.iter().any(is_nearer) {
                found.retain(is_nearer);
            }
        }
        let is_open = |it: &Stub| !self.0[it.file].requests.is_served(it.exchange);
        let at = found.iter().position(is_open);
        let at = at.or_else(|| found.len().checked_sub(1));
        at.map(|at| self.give(&found[at])).transpose()
    }

    /// The stubs that have the method, path and query of a request.
    fn matching(&self, live: &ComparedRequest<'_>) -> Result<Vec<Stub>, Diagnostic> {
        let mut found = Vec::new();
        for (file, stubs) in self.0.iter().enumerate() {
            let rules = stubs.recorded.rules();
            for exchange in stubs.requests.at_path(&live.path_keys()) {
                let stub = stubs.recorded.load_raw(exchange, |it| {
                    let is_whole = it.response.is_some() && it.broke.is_none();
                    let recorded = is_whole.then(|| ComparedRequest::recorded(&it.request))?;
                    let mut mapping = Mapping::default();
                    let comparison = Comparison::of_extended(rules, &mapping, &recorded, live);
                    let mut differences = comparison.differences.iter();
                    if differences.any(|it| it.part == Part::RequestLine) {
                        return None;
                    }
                    let is_equal = comparison.differences.is_empty();
                    comparison.commit(&mut mapping);
                    let [of_recorded, of_live] =
                        [recorded.target, live.target].map(values::ids_of_path);
                    let mut pairs = of_recorded.iter().zip(&of_live);
                    let same_ids = pairs.all(|(recorded, live)| identifier::same(recorded, live));
                    for (recorded, live) in of_recorded.iter().zip(&of_live) {
                        if mapping.agrees(recorded, live) {
                            mapping.learn(recorded, live);
                        }
                    }
                    Some(Stub {
                        file,
                        exchange,
                        mapping,
                        has_same_ids: of_recorded.len() == of_live.len() && same_ids,
                        is_equal,
                    })
                })?;
                found.extend(stub);
            }
        }
        Ok(found)
    }

    fn give(&mut self, stub: &Stub) -> Result<Response, Diagnostic> {
        let file = &mut self.0[stub.file];
        file.requests.mark_served(stub.exchange);
        let answer = file.recorded.load_raw(stub.exchange, |exchange| {
            let translation = Translation {
                mapping: &stub.mapping,
                moved: None,
            };
            Outgoing::answer(exchange, translation)
        })?;
        let (status, message) = answer.map_err(|why| Diagnostic {
            file: file.recorded.file().to_owned(),
            line: file.recorded.line(stub.exchange),
            column: 0,
            message: format!("the recorded response cannot be sent: {why}"),
            remedy: None,
            excerpt: None,
        })?;
        Ok(Response {
            status,
            headers: message.headers,
            body: Body::from_bytes(&message.body),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cassette::format::{Direction, Exchange};
    use crate::cassette::recording::Recording;
    use crate::http::message::Headers;
    use serde_json::{Value, json};

    const ANA: &str = "57dab8b1-894c-409a-b240-bd8beae78896";
    const BEN: &str = "278405a3-f568-4b3e-b684-009193463064";
    const EVA: &str = "f2fa86af-3c51-4bc2-8fc0-475452d9764f";

    fn file(exchanges: &[(&str, String, Value)]) -> Indexed {
        let exchange = |(number, (method, target, answer)): (usize, &(&str, String, Value))| {
            let exchange: Exchange = serde_json::from_value(json!({
                "number": number, "direction": "request", "at_ms": 0, "took_ms": 0,
                "request": {"method": method, "target": target, "headers": []},
                "response": {"status": 200, "headers": [["X-Of", "stub"]], "body": {"json": answer}},
            }))
            .unwrap();
            (number + 1, exchange)
        };
        let exchanges = (1..).zip(exchanges).map(exchange);
        Indexed::of(&Recording::new("a", vec![Direction::Request], exchanges))
    }

    fn answer(stubs: &mut Stubs, line: &str) -> Option<Value> {
        let (method, target) = line.split_once(' ').unwrap();
        let request = Request {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Headers::new(),
            body: Body::Empty,
        };
        let response = stubs.answer(&request).unwrap()?;
        assert_eq!(response.headers.get("x-of"), Some("stub"));
        response.body.json().cloned()
    }

    #[test]
    fn answers_come_in_their_order_and_the_last_one_again() {
        let of = |target: &str, answer: u32| ("GET", target.to_owned(), json!(answer));
        let first = file(&[of("/v1.0/me", 1), of("/v1.0/me?a=1", 2), of("/v1.0/me", 3)]);
        let mut stubs = Stubs::new([first, file(&[of("/me", 4), of("/you", 5)])]);
        for (line, expected) in [
            ("GET /v1.0/me", Some(1)),
            ("GET /beta/me", None),
            ("GET /v1.0/me", Some(3)),
            ("GET /v1.0/me?a=1&b=2", Some(2)),
            ("GET /v1.0/me", Some(3)),
            ("GET /me", Some(4)),
            ("GET /me", Some(4)),
            ("GET /you", Some(5)),
            ("POST /me", None),
            ("GET /they", None),
        ] {
            let given = answer(&mut stubs, line);
            assert_eq!(given, expected.map(|it| json!(it)), "{line}");
        }
    }

    #[test]
    fn the_stub_of_an_id_goes_before_those_of_others() {
        let of = |id: &str, name: &str| {
            let answer = json!({"id": id, "name": name});
            ("GET", format!("/v1.0/users/{id}"), answer)
        };
        let mut stubs = Stubs::new([file(&[of(ANA, "Ana")]), file(&[of(BEN, "Ben")])]);
        for (id, name) in [(BEN, "Ben"), (BEN, "Ben"), (ANA, "Ana"), (EVA, "Ben")] {
            let found = answer(&mut stubs, &format!("GET /v1.0/users/{id}?x=1"));
            assert_eq!(found, Some(json!({"id": id, "name": name})));
        }
    }
}
