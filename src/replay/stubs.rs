//! Stubs: recorded answers to what a bot asks around the calling API. Not for the conversations that are
//! judged.
//!
//! A stub is found by method, path and query, as a replay finds it. Each request is on its own: its ids
//! may differ from the recorded ones, whatever other requests had in their place.

use super::matching::comparison::{Comparison, Part};
use super::matching::fingerprint::{Fingerprint, Precision, PrecisionHashes};
use super::matching::request_index::RequestIndex;
use super::outgoing::Outgoing;
use super::recording::{Index, Indexed};
use super::values;
use super::values::mapping::Mapping;
use crate::api::identifier;
use crate::diagnostic::Diagnostic;
use crate::http::message::{Body, Request, Response};

/// The recorded exchanges of some files, in the order of the files.
#[derive(Debug)]
pub(crate) struct Stubs(Vec<StubFile>);

#[derive(Debug)]
struct StubFile {
    recorded: Index,
    request_index: RequestIndex,
}

/// A recorded exchange whose request is the live one.
struct Stub {
    file: usize,
    exchange: usize,
    /// The recorded ids with those of the live request.
    mapping: Mapping,
    has_same_ids: bool,
}

impl Stubs {
    pub(crate) fn new(files: impl IntoIterator<Item = Indexed>) -> Self {
        let file = |Indexed {
                        index,
                        request_index,
                        ..
                    }| StubFile {
            recorded: index,
            request_index,
        };
        Self(files.into_iter().map(file).collect())
    }

    /// The recorded answer to a request: the first that was not given yet, else the last. `None` where no
    /// stub fits.
    /// Errors: a file was changed since it was opened.
    pub(crate) fn answer(&mut self, request: &Request) -> Result<Option<Response>, Diagnostic> {
        let fingerprint = Fingerprint::of(&request.method, &request.target, &request.body);
        let hashes: Vec<PrecisionHashes> = self
            .0
            .iter()
            .map(|it| it.request_index.hashes(&fingerprint))
            .collect();
        for precision in Precision::ALL {
            let mut found = self.matching(precision, &hashes, request)?;
            // The stubs of the ids that the bot asks about are its own.
            if found.iter().any(|it| it.has_same_ids) {
                found.retain(|it| it.has_same_ids);
            }
            let is_open = |it: &Stub| !self.0[it.file].request_index.is_served(it.exchange);
            let at = found.iter().position(is_open);
            let at = at.or_else(|| found.len().checked_sub(1));
            if let Some(at) = at {
                return self.give(&found[at]).map(Some);
            }
        }
        Ok(None)
    }

    /// The stubs with this hash of a request that have its method, path and query.
    fn matching(
        &self,
        precision: Precision,
        hashes: &[PrecisionHashes],
        request: &Request,
    ) -> Result<Vec<Stub>, Diagnostic> {
        let mut found = Vec::new();
        for (file, (stubs, hashes)) in self.0.iter().zip(hashes).enumerate() {
            for exchange in stubs.request_index.with_hash(precision, hashes) {
                let recorded = stubs.recorded.load(exchange)?;
                if recorded.response.is_none() || recorded.broke.is_some() {
                    continue;
                }
                let mut mapping = Mapping::default();
                let comparison = Comparison::of_requests(&mapping, &recorded.request, request);
                let mut differences = comparison.differences.iter();
                if differences.any(|it| it.part == Part::RequestLine) {
                    continue;
                }
                comparison.commit(&mut mapping);
                let ids = [&recorded.request, request].map(|it| values::ids_of_path(&it.target));
                let [of_recorded, of_live] = &ids;
                let mut pairs = of_recorded.iter().zip(of_live);
                let same_ids = pairs.all(|(recorded, live)| identifier::same(recorded, live));
                for (recorded, live) in of_recorded.iter().zip(of_live) {
                    if mapping.agrees(recorded, live) {
                        mapping.learn(recorded, live);
                    }
                }
                found.push(Stub {
                    file,
                    exchange,
                    mapping,
                    has_same_ids: of_recorded.len() == of_live.len() && same_ids,
                });
            }
        }
        Ok(found)
    }

    fn give(&mut self, stub: &Stub) -> Result<Response, Diagnostic> {
        let file = &mut self.0[stub.file];
        file.request_index.mark_served(stub.exchange);
        let answer = file.recorded.load_raw(stub.exchange, |exchange, _| {
            Outgoing::answer(exchange, &stub.mapping)
        })?;
        let (status, message) = answer.map_err(|why| Diagnostic {
            file: file.recorded.file().to_owned(),
            line: file.recorded.line(stub.exchange),
            column: 0,
            message: format!("the recorded answer cannot be given: {why}"),
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
            ("GET /beta/me", Some(3)),
            ("GET /v1.0/me?a=1&b=2", Some(2)),
            ("GET /v1.0/me", Some(4)),
            ("GET /v1.0/me", Some(4)),
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
