//! The requests that reached confcall during a session. They show why an expected request never came.
//!
//! Not for: the messages of one conversation, whose judge names a request that came in the place of the expected one.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use url::Url;

use super::target::Target;
use crate::api::party::Party;
use crate::contract::requirement::Requirement;
use crate::contract::rule::Rule;
use crate::http::message::Request;
use crate::judge::TriggerAnswer;
use crate::judge::verdict::{Basis, ScenarioResult, TrafficMessage, Verdict, Violation};

/// The listener that a request came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entrance {
    /// The one with the service's, or the callback's, address.
    Own,
    /// The forward proxy of a bot.
    Proxy,
}

/// The requests of a target that were counted.
#[derive(Debug, Default)]
pub(super) struct Reception {
    own: AtomicUsize,
    proxy: AtomicUsize,
    /// The triggers that the bot accepted.
    triggers: AtomicUsize,
    /// The requests that the bot was to send without a trigger.
    untriggered: AtomicUsize,
    /// The connections and requests that were refused before they were read.
    refusals: AtomicUsize,
    /// Those for tokens, discovery and keys.
    platform: AtomicUsize,
    /// Those that belong to no conversation, with their answers.
    strays: Mutex<Vec<String>>,
}

/// The header field of the requests that confcall sends to itself. They are not counted.
pub(super) const OWN: &str = "Confcall-Own";

/// The most requests without a conversation that are listed.
const STRAYS: usize = 5;

/// The addresses by which a target reaches confcall.
#[derive(Debug, Clone)]
pub(super) struct Addresses {
    pub own: String,
    pub proxy: Option<String>,
    /// The address of the service in the requests that triggers have.
    pub service: Url,
    /// The proxies of the environment, by the names of their variables.
    pub environment: Vec<(String, String)>,
}

impl Reception {
    pub(super) fn count(&self, entrance: Entrance, request: &Request) {
        if is_own(request) {
            return;
        }
        let counter = match entrance {
            Entrance::Own => &self.own,
            Entrance::Proxy => &self.proxy,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_trigger(&self, answer: &TriggerAnswer) {
        match answer {
            TriggerAnswer::Accepted => self.triggers.fetch_add(1, Ordering::Relaxed),
            TriggerAnswer::NoAddress => self.untriggered.fetch_add(1, Ordering::Relaxed),
            TriggerAnswer::Declined(_) | TriggerAnswer::Failed(_) => 0,
        };
    }

    pub(super) fn refuse(&self) {
        self.refusals.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_platform(&self, request: &Request) {
        if !is_own(request) {
            self.platform.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A request that belongs to no conversation.
    pub(super) fn stray(&self, request: &Request, status: u16) {
        let text = format!("{} {}, answered {status}", request.method, request.target);
        let mut strays = self.strays.lock().unwrap_or_else(PoisonError::into_inner);
        if strays.len() < STRAYS && !strays.contains(&text) {
            strays.push(text);
        }
    }

    /// Notes on each result the causes that can be seen here.
    pub(super) fn explain(
        &self,
        results: &mut [ScenarioResult],
        target: &Target,
        addresses: &Addresses,
    ) {
        if target.role() != Party::Bot {
            let at = target.public().map_or(addresses.own.as_str(), Url::as_str);
            return self.explain_notifications(results, at);
        }
        let missing = self.causes(addresses);
        for result in results {
            if lacks_a_request(result) {
                result.notes.extend(missing.iter().cloned());
            }
            result.notes.extend(hint(result));
            result.notes.extend(refused(result, target, &addresses.own));
        }
    }

    /// Notes on each result without its notification that none reached the callback, if that is so.
    fn explain_notifications(&self, results: &mut [ScenarioResult], callback: &str) {
        if self.own.load(Ordering::Relaxed) > 0 {
            return;
        }
        let nothing_came = self.none("notification");
        let is_missing = |it: &Violation| it.rule == Rule::NotificationMissing;
        for result in results {
            if result.failures.iter().any(is_missing) {
                let note = format!(
                    "{nothing_came}: the callback was {callback}; `confcall doctor` tries it"
                );
                result.notes.push(note);
            }
        }
    }

    /// The beginning of a sentence, where no message of this kind came.
    fn none(&self, kind: &str) -> String {
        match self.refusals.load(Ordering::Relaxed) {
            0 => format!("no {kind} reached confcall at all"),
            1 => format!("no {kind} came through to confcall, 1 was refused"),
            refused => format!("no {kind} came through to confcall, {refused} were refused"),
        }
    }

    /// The causes of a request that did not come.
    fn causes(&self, addresses: &Addresses) -> Vec<String> {
        let read = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        let (own, proxy, platform) = (read(&self.own), read(&self.proxy), read(&self.platform));
        let triggers = read(&self.triggers);
        if triggers + read(&self.untriggered) == 0 {
            // The reason says why.
            return Vec::new();
        }
        let Addresses {
            own: at, service, ..
        } = addresses;
        let none = self.none("request");
        let leads = match triggers {
            0 => String::new(),
            _ => format!(", and `request.url` of the trigger leads to {service}"),
        };
        let variables = |by: &str| {
            format!(
                "the bot needs `HTTPS_PROXY={by}`, and trust in the authority (`confcall ca` has the variables); confcall sets them for a bot that it starts, but some clients ignore them, such as `fetch` of Node before 22.21"
            )
        };
        let mut causes = Vec::new();
        match &addresses.proxy {
            None if own == 0 => causes.push(format!("{none}: confcall listens at {at}{leads}")),
            Some(by) if own + proxy == 0 => causes.push(format!(
                "{none}: confcall is the proxy at {by} and listens at {at}{leads}; {}",
                variables(by)
            )),
            Some(by) if proxy == 0 => causes.push(format!(
                "no request came through the proxy at {by}, {own} came to {at} itself: {}",
                variables(by)
            )),
            _ if platform == own + proxy => causes.push(format!(
                "every request that reached confcall asked for tokens or keys{leads}"
            )),
            _ => {}
        }
        if own + proxy == 0 {
            causes.extend(bypass(addresses));
        }
        let strays = self.strays.lock().unwrap_or_else(PoisonError::into_inner);
        let strays = strays.iter();
        causes.extend(strays.map(|it| format!("a request of no conversation came: {it}")));
        causes
    }
}

fn is_own(request: &Request) -> bool {
    request.headers.get(OWN).is_some()
}

/// The variables of the environment that take a client elsewhere: a proxy in front of confcall, or, where confcall is the
/// proxy, an exception from it.
pub(super) fn bypass(addresses: &Addresses) -> Option<String> {
    let of = |wanted: &str| {
        let mut all = addresses.environment.iter();
        all.find(|(name, _)| name.eq_ignore_ascii_case(wanted))
    };
    let host = addresses.service.host_str().unwrap_or_default();
    let is_excepted = of("NO_PROXY").is_some_and(|(_, hosts)| {
        let mut hosts = hosts.split(',').map(str::trim);
        hosts.any(|it| !it.is_empty() && (it == "*" || host.ends_with(it.trim_start_matches('.'))))
    });
    let is_set = |(name, value): &(String, String)| format!("`{name}={value}`");
    if addresses.proxy.is_some() {
        let (name, value) = of("NO_PROXY").filter(|_| is_excepted)?;
        return Some(format!(
            "`{name}={value}` is set: a client that honours it does not use the proxy for {host}"
        ));
    }
    let scheme = match addresses.service.scheme() {
        "https" => "HTTPS_PROXY",
        _ => "HTTP_PROXY",
    };
    let proxy = of(scheme).or_else(|| of("ALL_PROXY"))?;
    (!is_excepted).then(|| {
        format!(
            "{} is set, and `NO_PROXY` does not name {host}: a client that honours it sends its requests there",
            is_set(proxy)
        )
    })
}

/// True for a result in which the bot sent no request at all, where it should have.
fn lacks_a_request(result: &ScenarioResult) -> bool {
    let is_missing = match result.verdict {
        Verdict::Fail => result
            .failures
            .iter()
            .any(|it| it.rule == Rule::RequestMissing),
        Verdict::Inconclusive => true,
        _ => false,
    };
    let mut messages = result.traffic.iter();
    is_missing
        && !messages
            .any(|it| it.from == Party::Bot && matches!(it.message, TrafficMessage::Request(_)))
}

/// The remedy for a bot that refuses every notification: it does not have the path, or does not trust the token.
fn refused(result: &ScenarioResult, target: &Target, own: &str) -> Option<String> {
    let statuses = result.failures.iter().filter_map(|it| {
        let is_of_acknowledgement = it.rule == Rule::AcknowledgementStatus;
        it.actual.as_u64().filter(|_| is_of_acknowledgement)
    });
    let callback = target.url();
    statuses.into_iter().find_map(|status| match status {
        404 | 405 => Some(format!(
            "notifications go to {callback}: check that the bot has this path, and the address of the bot (`--bot`)"
        )),
        401 | 403 if target.notifier().is_none() => Some(
            "the notifications are not signed; `--application ID` signs them for the bot with this application id"
                .to_owned(),
        ),
        401 | 403 => Some(format!(
            "the notifications are signed: the bot must take the configuration of their keys from \
             {own}/login/v1/.well-known/OpenIdConfiguration, and have the application id of `--application`"
        )),
        _ => None,
    })
}

/// A rule of an SDK that explains a violation.
fn hint(result: &ScenarioResult) -> Option<String> {
    let token = Basis::Requirement(Requirement::RequestToken);
    let lacks_token = result.failures.iter().any(|it| it.requirement == token);
    let mut requests = result.traffic.iter().filter_map(|it| match &it.message {
        TrafficMessage::Request(request) if it.from == Party::Bot => Some(request),
        _ => None,
    });
    let is_javascript = requests.any(|it| {
        let version = it.headers.get("SdkVersion").unwrap_or_default();
        version.starts_with("graph-js")
    });
    (lacks_token && is_javascript).then(|| JAVASCRIPT.to_owned())
}

/// What `examples/bots/node` had to find out.
const JAVASCRIPT: &str = "the JavaScript Graph client sends its token only to hosts of `customHosts`, and only by https: \
     run with `--tls` or `--intercept`";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::message::{Body, Headers};

    fn addresses(proxy: Option<&str>, service: &str, environment: &[(&str, &str)]) -> Addresses {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Addresses {
            own: "http://127.0.0.1:1".into(),
            proxy: proxy.map(str::to_owned),
            service: Url::parse(service).unwrap(),
            environment: environment.iter().map(owned).collect(),
        }
    }

    fn starts(causes: &[String], expected: &[&str]) {
        assert_eq!(causes.len(), expected.len(), "{causes:?}");
        for (cause, expected) in causes.iter().zip(expected) {
            assert!(cause.contains(expected), "{cause}");
        }
    }

    #[test]
    fn each_cause_has_its_words() {
        const OWN: &str = "http://127.0.0.1:1";
        const GRAPH: &str = "https://graph.example";
        let reception = Reception::default();
        assert!(reception.causes(&addresses(None, OWN, &[])).is_empty());
        reception.count_trigger(&TriggerAnswer::NoAddress);
        let untriggered = reception.causes(&addresses(None, OWN, &[]));
        assert!(!untriggered[0].contains("trigger"), "{untriggered:?}");
        reception.count_trigger(&TriggerAnswer::Accepted);
        let at = |proxy, service, environment: &[(&str, &str)]| {
            reception.causes(&addresses(proxy, service, environment))
        };
        let nothing = "no request reached confcall at all: confcall listens at http://127.0.0.1:1";
        starts(&at(None, OWN, &[]), &[nothing]);
        let elsewhere = "`http_proxy=http://p` is set, and `NO_PROXY` does not name 127.0.0.1";
        starts(
            &at(None, OWN, &[("http_proxy", "http://p")]),
            &[nothing, elsewhere],
        );
        let excepted = [("HTTP_PROXY", "http://p"), ("NO_PROXY", "a, 127.0.0.1")];
        starts(&at(None, OWN, &excepted), &[nothing]);
        let bypassed =
            "`NO_PROXY=.example` is set: a client that honours it does not use the proxy";
        let through = Some("http://127.0.0.1:2");
        starts(
            &at(through, GRAPH, &[("NO_PROXY", ".example")]),
            &["confcall is the proxy at http://127.0.0.1:2", bypassed],
        );
        let asked = at(through, GRAPH, &[]);
        assert!(
            asked[0].contains(
                "leads to https://graph.example/; the bot needs `HTTPS_PROXY=http://127.0.0.1:2`"
            ),
            "{asked:?}"
        );
        let refusing = Reception::default();
        refusing.count_trigger(&TriggerAnswer::Accepted);
        refusing.refuse();
        let refused = refusing.causes(&addresses(None, OWN, &[]));
        starts(
            &refused,
            &["no request came through to confcall, 1 was refused: confcall listens at"],
        );
        let request = |headers| Request {
            method: "PUT".into(),
            target: "/elsewhere".into(),
            headers,
            body: Body::Empty,
        };
        let mut own = Headers::new();
        own.push(super::OWN, "");
        reception.count(Entrance::Own, &request(own.clone()));
        reception.count_platform(&request(own));
        starts(&at(None, OWN, &[]), &[nothing]);
        let request = request(Headers::new());
        reception.count(Entrance::Own, &request);
        starts(
            &at(through, GRAPH, &[]),
            &["no request came through the proxy"],
        );
        starts(&at(None, OWN, &[]), &[]);
        reception.count_platform(&request);
        starts(&at(None, OWN, &[]), &["asked for tokens or keys"]);
        reception.count(Entrance::Own, &request);
        reception.stray(&request, 404);
        reception.stray(&request, 404);
        starts(
            &at(None, OWN, &[]),
            &["no conversation came: PUT /elsewhere, answered 404"],
        );
    }
}
