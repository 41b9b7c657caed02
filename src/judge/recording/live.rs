//! Judges traffic as it happens. The conversations that are over are kept as results alone.

use std::collections::HashMap;

use super::check::{Checked, NotCovered, ending};
use super::results;
use crate::api::party::Party;
use crate::cassette::format::{Direction, Exchange};
use crate::http::message::Response;
use crate::judge::monitor;
use crate::judge::monitor::Monitor;
use crate::judge::monitor::conversation::Conversation;
use crate::judge::verdict::{ScenarioResult, Violation};

/// What stands before the names of the conversations: `monitor/invite-2`.
pub(crate) const NAME: &str = "monitor";

/// The most exchanges outside of the contract that are listed.
const MOST_NOT_COVERED: usize = 100;

#[derive(Debug)]
pub(crate) struct Live {
    monitor: Monitor,
    is_strict: bool,
    /// The exchanges of conversations that go on.
    exchanges: HashMap<u64, Exchange>,
    /// The results of conversations that are over, each with the number of its first exchange.
    results: Vec<(u64, Vec<ScenarioResult>)>,
    not_covered: Vec<NotCovered>,
    /// The number of exchanges outside of the contract that are not listed.
    unlisted: usize,
}

/// A violation that has just happened.
#[derive(Debug)]
pub(crate) struct Fresh {
    /// `monitor/invite-2`
    pub conversation: String,
    pub party: Party,
    pub violation: Violation,
}

/// How the exchange of a live party ended.
#[derive(Debug)]
pub(crate) enum End {
    Answered(Response),
    /// The connection broke, with the cause.
    Broke(String),
    /// The party is not there any more, or the end of the run cut the exchange off.
    Unknown,
}

impl Live {
    pub(crate) fn new(options: monitor::Options, is_strict: bool) -> Self {
        Self {
            monitor: Monitor::new(options),
            is_strict,
            exchanges: HashMap::new(),
            results: Vec::new(),
            not_covered: Vec::new(),
            unlisted: 0,
        }
    }

    /// An exchange begins: `exchange` has its request. Exchanges come in the order of time, by their `at_ms`.
    pub(crate) fn began(&mut self, exchange: Exchange) {
        let (at, number) = (exchange.at_ms, exchange.number);
        match exchange.direction {
            Direction::Request => self.monitor.request(at, number, &exchange.request),
            Direction::Notification => self.monitor.notification(at, number, &exchange.request),
        }
        self.exchanges.insert(number, exchange);
    }

    /// An exchange has ended.
    pub(crate) fn ended(&mut self, at: u64, number: u64, end: End) {
        let Some(exchange) = self.exchanges.get_mut(&number) else {
            return;
        };
        exchange.took_ms = at.saturating_sub(exchange.at_ms);
        match end {
            End::Answered(response) => exchange.response = Some(response),
            End::Broke(cause) => exchange.broke = Some(cause),
            End::Unknown => {}
        }
        match exchange.direction {
            Direction::Request => self.monitor.answer(at, number, ending(exchange)),
            Direction::Notification => {
                self.monitor.acknowledgement(at, number, ending(exchange));
            }
        }
        if self.monitor.takes_not_covered(number)
            && let Some(exchange) = self.exchanges.remove(&number)
        {
            list(&exchange, &mut self.not_covered, &mut self.unlisted);
        }
    }

    /// The violations since the last call. Must be called again and again, for it also lets go of conversations that
    /// are over.
    pub(crate) fn fresh(&mut self) -> Vec<Fresh> {
        let news = self.monitor.news().into_iter().map(|news| Fresh {
            conversation: format!("{NAME}/{}", news.conversation),
            party: news.party,
            violation: results::violation(news.breach, news.operation),
        });
        let news = news.collect();
        for conversation in self.monitor.take_ended() {
            let numbers = conversation.exchanges.clone();
            let results = results_of(conversation, &self.exchanges, self.is_strict);
            self.results.push(results);
            for number in numbers {
                if !self.monitor.holds(number) {
                    self.exchanges.remove(&number);
                }
            }
        }
        news
    }

    /// The end of the traffic. Also returns the number of exchanges outside of the contract that are not listed.
    pub(crate) fn finish(self, at: u64) -> (Checked, usize) {
        let Self {
            monitor,
            is_strict,
            exchanges,
            mut results,
            mut not_covered,
            mut unlisted,
        } = self;
        let observed = monitor.finish(at);
        let open = observed.conversations.into_iter();
        results.extend(open.map(|it| results_of(it, &exchanges, is_strict)));
        results.sort_by_key(|(first, _)| *first);
        let open = observed.not_covered.iter();
        for exchange in open.filter_map(|number| exchanges.get(number)) {
            list(exchange, &mut not_covered, &mut unlisted);
        }
        let results = results.into_iter().flat_map(|(_, results)| results);
        let checked = Checked {
            results: results.collect(),
            not_covered,
        };
        (checked, unlisted)
    }
}

/// The results of a conversation, with the number of its first exchange.
fn results_of(
    conversation: Conversation,
    exchanges: &HashMap<u64, Exchange>,
    is_strict: bool,
) -> (u64, Vec<ScenarioResult>) {
    let numbers = conversation.exchanges.iter();
    let own: Vec<&Exchange> = numbers.filter_map(|it| exchanges.get(it)).collect();
    let first = conversation.exchanges.first().copied().unwrap_or_default();
    let results = results::of_conversation(conversation, (NAME, "run"), &own, is_strict);
    (first, results)
}

fn list(exchange: &Exchange, not_covered: &mut Vec<NotCovered>, unlisted: &mut usize) {
    if not_covered.len() < MOST_NOT_COVERED {
        not_covered.push(NotCovered::new(exchange));
    } else {
        *unlisted += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::message::{Body, Request};
    use crate::judge::monitor::AtEnd;
    use crate::judge::verdict::Verdict;
    use serde_json::{Value, json};

    /// Traffic that comes message by message.
    struct Traffic {
        live: Live,
        number: u64,
        at: u64,
        /// The violations so far, by conversation and requirement.
        fresh: Vec<(String, String)>,
    }

    impl Traffic {
        fn new() -> Self {
            let options = monitor::Options {
                sees_notifications: true,
                patience: monitor::PATIENCE,
                edition: None,
                callback: None,
                at_end: AtEnd::Note,
            };
            Self {
                live: Live::new(options, false),
                number: 0,
                at: 0,
                fresh: Vec::new(),
            }
        }

        fn begins(&mut self, direction: Direction, mut request: Request, body: Value) -> u64 {
            self.number += 1;
            self.at += 10;
            request.headers.push("Authorization", "Bearer abcdefgh");
            if !body.is_null() {
                request.headers.push("Content-Type", "application/json");
                request.body = Body::Json(body);
            }
            let at_ms = self.at;
            self.live.began(Exchange {
                at_ms,
                ..Exchange::new(self.number, direction, request)
            });
            self.note_fresh();
            self.number
        }

        fn ends(&mut self, number: u64, end: End) {
            self.at += 10;
            self.live.ended(self.at, number, end);
            self.note_fresh();
        }

        fn note_fresh(&mut self) {
            let fresh = self.live.fresh().into_iter();
            self.fresh
                .extend(fresh.map(|it| (it.conversation, it.violation.requirement.to_string())));
        }

        fn asks(&mut self, method: &str, path: &str, body: Value, status: u16, answer: Value) {
            let target = format!("/v1.0/communications/calls{path}");
            let request = Request::new(method, target);
            let number = self.begins(Direction::Request, request, body);
            self.ends(number, End::Answered(response(status, answer)));
        }

        fn tells(&mut self, change: &str, call: &str, state: &str, end: End) {
            let request = Request::new("POST", "/callback");
            let body = json!({"value": [{"changeType": change,
                "resourceUrl": format!("/communications/calls/{call}"),
                "resourceData": {"state": state}}]});
            let number = self.begins(Direction::Notification, request, body);
            self.ends(number, end);
        }

        fn creates(&mut self, call: &str) {
            self.asks(
                "POST",
                "",
                create(),
                201,
                json!({"id": call, "state": "establishing"}),
            );
        }

        fn results(self) -> Vec<ScenarioResult> {
            self.live.finish(self.at).0.results
        }
    }

    fn response(status: u16, answer: Value) -> Response {
        let mut response = Response::new(status);
        if !answer.is_null() {
            response.headers.push("Content-Type", "application/json");
            response.body = Body::Json(answer);
        }
        response
    }

    fn acknowledged() -> End {
        End::Answered(Response::new(202))
    }

    fn create() -> Value {
        json!({"callbackUri": "https://bot.example/callback", "requestedModalities": ["audio"],
            "targets": [{"identity": {"user": {"id": "b2e50934-7fb2-4e99-9143-4a5b6c7d8e9f"}}}],
            "mediaConfig": {"@odata.type": "#microsoft.graph.serviceHostedMediaConfig"}})
    }

    #[test]
    fn memory_does_not_grow_with_ended_calls() {
        let mut traffic = Traffic::new();
        let mut sizes = Vec::new();
        for round in 0..1000 {
            let call = format!("00000000-0000-4000-8000-{round:012}");
            traffic.creates(&call);
            traffic.tells("updated", &call, "established", acknowledged());
            traffic.tells("deleted", &call, "terminated", acknowledged());
            traffic.asks("GET", &format!("/{call}"), Value::Null, 404, Value::Null);
            sizes.push(traffic.live.monitor.size() + traffic.live.exchanges.len());
        }
        assert_eq!(sizes[199], sizes[999], "{sizes:?}");
        let results = traffic.results();
        assert_eq!(results.len(), 2000);
        assert_eq!(results[0].scenario, "monitor/create");
        assert_eq!(results[1999].scenario, "monitor/create-1000");
        for result in results {
            assert_eq!(result.verdict, Verdict::Pass, "{result:?}");
            assert!(result.traffic.is_empty());
        }
    }

    #[test]
    fn a_violation_is_told_once_when_it_happens() {
        let mut traffic = Traffic::new();
        traffic.asks(
            "POST",
            "/1/participants/invite",
            json!({}),
            400,
            Value::Null,
        );
        let told = [("monitor/invite".to_owned(), "request.body".to_owned())];
        assert_eq!(traffic.fresh, told);
        traffic.creates("2");
        traffic.tells(
            "updated",
            "2",
            "established",
            End::Broke("reset".to_owned()),
        );
        let broke = ("monitor/create".to_owned(), "acknowledgement".to_owned());
        assert_eq!(traffic.fresh[1..], [broke]);
        let results = traffic.results();
        let failed = results.iter().filter(|it| it.verdict == Verdict::Fail);
        assert!(failed.clone().all(|it| it.role == Party::Bot));
        assert!(failed.clone().all(|it| !it.traffic.is_empty()));
        assert_eq!(failed.count(), 2);
    }

    #[test]
    fn open_ends_are_notes() {
        let mut traffic = Traffic::new();
        traffic.creates("1");
        traffic.tells("updated", "1", "establishing", End::Unknown);
        let request = Request::new("POST", "/v1.0/communications/calls/1/keepAlive");
        traffic.begins(Direction::Request, request, Value::Null);
        let results = traffic.results();
        assert!(
            results.iter().all(|it| it.verdict == Verdict::Pass),
            "{results:#?}"
        );
        let notes = results.iter().flat_map(|it| &it.notes);
        let notes: Vec<_> = notes.map(String::as_str).collect();
        assert!(notes.contains(&"exchange 3 has no answer"), "{notes:?}");
        assert!(
            notes.iter().any(|it| it.contains("did not come")),
            "{notes:?}"
        );
    }

    /// A notification brings the call before its creation is answered, and the bot goes on at once.
    #[test]
    fn a_request_in_flight_follows_its_conversation() {
        let mut traffic = Traffic::new();
        let calls = "/v1.0/communications/calls";
        let creation = traffic.begins(Direction::Request, Request::new("POST", calls), create());
        traffic.tells("updated", "1", "established", acknowledged());
        let keep_alive = Request::new("POST", format!("{calls}/1/keepAlive"));
        let keep_alive = traffic.begins(Direction::Request, keep_alive, Value::Null);
        let created = response(201, json!({"id": "1", "state": "establishing"}));
        traffic.ends(creation, End::Answered(created));
        traffic.ends(keep_alive, End::Answered(Response::new(200)));
        let results = traffic.results();
        assert_eq!(results.len(), 2, "{results:#?}");
        assert!(
            results.iter().all(|it| it.verdict == Verdict::Pass),
            "{results:#?}"
        );
    }

    #[test]
    fn traffic_outside_of_the_contract_is_listed_to_a_limit() {
        let mut traffic = Traffic::new();
        for _ in 0..MOST_NOT_COVERED + 5 {
            let request = Request::new("GET", "/me");
            let number = traffic.begins(Direction::Request, request, Value::Null);
            traffic.ends(number, End::Answered(Response::new(200)));
        }
        assert_eq!(traffic.live.exchanges.len(), 0);
        let (checked, unlisted) = traffic.live.finish(traffic.at);
        assert_eq!(checked.not_covered.len(), MOST_NOT_COVERED);
        assert_eq!(checked.not_covered[0].status, Some(200));
        assert_eq!(unlisted, 5);
    }
}
