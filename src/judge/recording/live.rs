//! Judges exchanges as they come. Of conversations that are over, only the results are kept.

use std::sync::Arc;

use foldhash::HashMap;

use super::check::{Checked, NotCovered, ending};
use super::coverage::{Coverage, Steps};
use super::{Shared, results};
use crate::api::identifier::Normal;
use crate::api::party::Party;
use crate::cassette::format::{Direction, Exchange};
use crate::contract::requirement::Requirement;
use crate::http::message::Response;
use crate::judge::Breach;
use crate::judge::monitor;
use crate::judge::monitor::conversation::Conversation;
use crate::judge::monitor::{Ending, Injected, Monitor};
use crate::judge::verdict::{ScenarioResult, Violation};

/// The most exchanges outside of the contract that are listed.
const MOST_NOT_COVERED: usize = 100;

#[derive(Debug)]
pub(crate) struct Live {
    monitor: Monitor,
    options: Options,
    coverage: Arc<Coverage>,
    /// The ids of scenarios, by their places: conversations that show the same ones share them.
    shown: HashMap<Vec<usize>, Arc<[String]>>,
    /// The exchanges of conversations that go on.
    exchanges: HashMap<u64, Shared>,
    /// The results of the conversations that are over, each with the number of the first exchange.
    ended: Vec<(u64, ScenarioResult)>,
    /// The conversations about calls that replace each other, which show scenarios together.
    related: Vec<Related>,
    not_covered: Vec<NotCovered>,
    /// The number of exchanges outside of the contract that are not listed.
    unlisted: usize,
}

/// What results say of the exchanges.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// The beginning of the names of the conversations: `monitor` in `monitor/invite-2`.
    pub name: String,
    /// The word for where the exchanges are: `recording`.
    pub of: &'static str,
    pub is_strict: bool,
}

/// A conversation that is over, and may show a scenario together with others.
#[derive(Debug)]
struct Related {
    /// The number of its first exchange.
    first: u64,
    /// Its calls, and those that its requests replace.
    calls: Vec<Normal<'static>>,
    steps: Steps,
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
    /// Fault injection answered for the service, or reset the connection.
    Refused(Option<Response>),
    /// Fault injection lost the service's answer.
    Lost(Response),
    /// The party is not there any more, or the end of the run cut the exchange off.
    Unknown,
}

impl Live {
    pub(crate) fn new(
        monitor: monitor::Options,
        coverage: Arc<Coverage>,
        options: Options,
    ) -> Self {
        Self {
            monitor: Monitor::new(monitor),
            options,
            coverage,
            shown: HashMap::default(),
            exchanges: HashMap::default(),
            ended: Vec::new(),
            related: Vec::new(),
            not_covered: Vec::new(),
            unlisted: 0,
        }
    }

    /// An exchange begins: `exchange` has its request. Exchanges come in the order of time, by their `at_ms`.
    pub(crate) fn began(&mut self, exchange: Exchange) {
        let exchange = Shared::from(exchange);
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
        let injected = match end {
            End::Answered(response) => {
                exchange.response = Some(response.into());
                None
            }
            End::Broke(cause) => {
                exchange.broke = Some(cause);
                None
            }
            End::Unknown => None,
            End::Refused(None) => {
                exchange.broke = Some("fault injection reset the connection".to_owned());
                Some(Injected::Refused(None))
            }
            End::Refused(Some(response)) => {
                let response = exchange.response.insert(response.into());
                Some(Injected::Refused(Some(response)))
            }
            End::Lost(response) => {
                let response = exchange.response.insert(response.into());
                Some(Injected::Lost(response))
            }
        };
        exchange.took_ms = at.saturating_sub(exchange.at_ms);
        exchange.is_injected = injected.is_some();
        if let Some(injected) = injected {
            self.monitor.answer(at, number, Ending::Injected(injected));
        } else {
            self.ended_as_recorded(at, number);
        }
    }

    /// The bot answered a notification that fault injection sent before or after that of an exchange, and met a
    /// requirement by it or broke it.
    pub(crate) fn notified_besides(
        &mut self,
        number: u64,
        requirement: Requirement,
        breach: Option<Breach>,
    ) {
        self.monitor.extra_notification(number, requirement, breach);
    }

    /// An exchange that had its end when it [began](Self::began) has ended.
    pub(super) fn ended_as_recorded(&mut self, at: u64, number: u64) {
        let Some(exchange) = self.exchanges.get(&number) else {
            return;
        };
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
        let (name, exchanges) = (&self.options.name, &self.exchanges);
        let news = self.monitor.news().into_iter().map(|news| {
            let number = news.breach.step.and_then(|it| u64::try_from(it).ok());
            let exchange = number.and_then(|it| exchanges.get(&it));
            let api = exchange.and_then(results::api_of);
            Fresh {
                conversation: format!("{name}/{}", news.conversation),
                party: news.party,
                violation: results::violation(news.breach, news.operation, api),
            }
        });
        let news = news.collect();
        self.settle();
        news
    }

    /// Lets go of conversations that are over.
    pub(super) fn settle(&mut self) {
        for conversation in self.monitor.take_ended() {
            let numbers = conversation.exchanges.clone();
            self.end(conversation);
            for number in numbers {
                if !self.monitor.holds(number) {
                    self.exchanges.remove(&number);
                }
            }
        }
    }

    /// The number of scenarios that the traffic may show.
    pub(crate) fn scenarios(&self) -> usize {
        self.coverage.len()
    }

    /// The end of the traffic.
    pub(crate) fn finish(mut self, at: u64) -> Checked {
        let observed = self.monitor.finish(at);
        for conversation in observed.conversations {
            self.end(conversation);
        }
        for number in observed.not_covered {
            if let Some(exchange) = self.exchanges.get(&number) {
                list(exchange, &mut self.not_covered, &mut self.unlisted);
            }
        }
        self.ended.sort_by_key(|(first, _)| *first);
        for (first, steps) in together(std::mem::take(&mut self.related)) {
            let covers = self.covers(&steps);
            let from = self.ended.partition_point(|(other, _)| *other < first);
            let own = self.ended[from..].iter_mut();
            for (_, result) in own.take_while(|(other, _)| *other == first) {
                result.covers.clone_from(&covers);
            }
        }
        let results = self.ended.into_iter().map(|(_, result)| result);
        Checked {
            results: results.collect(),
            not_covered: self.not_covered,
            unlisted: self.unlisted,
        }
    }

    fn covers(&mut self, steps: &Steps) -> Arc<[String]> {
        let places = self.coverage.of(steps);
        if let Some(known) = self.shown.get(&places) {
            return Arc::clone(known);
        }
        let ids = self.coverage.ids(&places);
        self.shown.insert(places, Arc::clone(&ids));
        ids
    }

    /// Keeps what a conversation that is over has shown.
    fn end(&mut self, mut conversation: Conversation) {
        let numbers = conversation.exchanges.iter();
        let own: Vec<&Shared> = numbers.filter_map(|it| self.exchanges.get(it)).collect();
        let first = conversation.exchanges.first().copied().unwrap_or_default();
        let steps = self.coverage.steps(own.iter().copied());
        let calls = std::mem::take(&mut conversation.calls);
        let replaces = std::mem::take(&mut conversation.replaces);
        let results = results::of_conversation(conversation, &self.options, &own);
        let from = self.ended.len();
        self.ended.extend(results.map(|result| (first, result)));
        let is_replaced = |call| self.monitor.is_replaced(call);
        if replaces.is_empty() && !calls.iter().any(is_replaced) {
            let covers = self.covers(&steps);
            for (_, result) in &mut self.ended[from..] {
                result.covers.clone_from(&covers);
            }
        } else {
            let calls = calls.into_iter().chain(replaces).collect();
            self.related.push(Related {
                first,
                calls,
                steps,
            });
        }
    }
}

/// The steps of conversations about calls that replace each other, with the number of the first exchange.
fn together(mut related: Vec<Related>) -> Vec<(u64, Steps)> {
    related.sort_by_key(|it| it.first);
    let mut by_call = HashMap::default();
    let mut groups: Vec<(u64, Steps)> = Vec::new();
    for conversation in related {
        let known = conversation.calls.iter().find_map(|call| by_call.get(call));
        let group = known.copied().unwrap_or(groups.len());
        if group == groups.len() {
            groups.push((conversation.first, Steps::default()));
        }
        groups[group].1.absorb(conversation.steps);
        by_call.extend(conversation.calls.into_iter().map(|call| (call, group)));
    }
    groups
}

fn list(exchange: &Shared, not_covered: &mut Vec<NotCovered>, unlisted: &mut usize) {
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
    use crate::judge::monitor::{AtEnd, KnownIds};
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
                sees_requests: true,
                patience: monitor::PATIENCE,
                edition: None,
                callback: None,
                application_callback: None,
                at_end: AtEnd::Note,
                ids: KnownIds::All,
            };
            Self {
                live: Live::new(
                    options,
                    Arc::default(),
                    Options {
                        name: "monitor".to_owned(),
                        of: "run",
                        is_strict: false,
                    },
                ),
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
            self.live.finish(self.at).results
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
    fn a_violation_is_reported_once_when_it_happens() {
        let mut traffic = Traffic::new();
        traffic.asks(
            "POST",
            "/1/participants/invite",
            json!({}),
            400,
            Value::Null,
        );
        let expected = [("monitor/invite".to_owned(), "request.body".to_owned())];
        assert_eq!(traffic.fresh, expected);
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
    fn an_id_that_the_service_never_gave_is_made_up() {
        let mut traffic = Traffic::new();
        traffic.creates("00000000-0000-4000-8000-000000000001");
        traffic.tells(
            "deleted",
            "00000000-0000-4000-8000-000000000001",
            "terminated",
            acknowledged(),
        );
        for (path, status, is_made_up) in [
            (
                "/00000000-0000-4000-8000-000000000001/keepAlive",
                404,
                false,
            ),
            (
                "/00000000-0000-4000-8000-000000000001/participants/2/mute",
                404,
                true,
            ),
            ("/00000000-0000-4000-8000-000000000002/keepAlive", 404, true),
            (
                "/00000000-0000-4000-8000-000000000003/keepAlive",
                403,
                false,
            ),
            ("/{id}/keepAlive", 404, true),
        ] {
            traffic.fresh.clear();
            traffic.asks("POST", path, Value::Null, status, Value::Null);
            let found = traffic
                .fresh
                .iter()
                .map(|(_, requirement)| requirement.as_str());
            let expected = is_made_up.then_some("request.target");
            assert_eq!(
                found.collect::<Vec<_>>(),
                Vec::from_iter(expected),
                "{path}"
            );
        }
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
        assert!(notes.contains(&"exchange 3 has no response"), "{notes:?}");
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
        let checked = traffic.live.finish(traffic.at);
        assert_eq!(checked.not_covered.len(), MOST_NOT_COVERED);
        assert_eq!(checked.not_covered[0].status, Some(200));
        assert_eq!(checked.unlisted, 5);
    }
}
