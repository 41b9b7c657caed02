//! The observer of a monitored run: it judges each exchange as it happens, and prints violations.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};

use crate::api::party::Party;
use crate::cassette::format::{Direction, Exchange};
use crate::cli::output;
use crate::cli::output::Output;
use crate::contract::rule::Level;
use crate::diagnostic::place::printable;
use crate::http::message::Response;
use crate::inject::InjectionKind;
use crate::inject::traffic::{Acknowledgement, ExtraNotification};
use crate::judge::monitor::{self, AtEnd, KnownIds};
use crate::judge::recording::check::Checked;
use crate::judge::recording::coverage::Coverage;
use crate::judge::recording::live;
use crate::judge::recording::live::{End, Fresh, Live};
use crate::judge::verdict::{Traffic, TrafficMessage};
use crate::record::observer::Observer;
use crate::redact::Redactor;
use crate::report::terminal;
use crate::report::terminal::Extent;

const SETTLES_WITHIN: Duration = Duration::from_millis(250);
/// The most lines that are said while the run goes on.
const MOST_SAID: usize = 50;

const LOOKS_EVERY: Duration = Duration::from_millis(5);

#[derive(Debug)]
pub(super) struct Watch {
    /// None once the run is over.
    judging: Mutex<Option<Judging>>,
    redactor: Arc<Redactor>,
    is_strict: bool,
    /// How much is said while the run goes on.
    extent: Extent,
    /// The number of lines that were said.
    said: AtomicUsize,
    began: Instant,
    /// Shows each exchange; none if they are not shown.
    output: Option<Output>,
}

#[derive(Debug)]
struct Judging {
    live: Live,
    /// The time of the last event, in milliseconds: times never go back.
    last: u64,
    /// The number of exchanges.
    seen: usize,
    /// The number of those that go on.
    open: usize,
    /// The number of faults that were injected.
    injected: BTreeMap<InjectionKind, usize>,
    /// The requests of those, if they are shown.
    requests: BTreeMap<u64, Traffic>,
}

/// What a monitored run has shown.
#[derive(Debug)]
pub(super) struct Watched {
    pub checked: Checked,
    /// The number of all exchanges.
    pub seen: usize,
    /// The number of faults that were injected.
    pub injected: BTreeMap<InjectionKind, usize>,
    /// The number of scenarios that the traffic may show.
    pub scenarios: usize,
    pub elapsed: Duration,
}

impl Watch {
    pub(super) fn new(
        edition: Option<String>,
        ids: KnownIds,
        is_strict: bool,
        extent: Extent,
        redactor: Arc<Redactor>,
        coverage: Arc<Coverage>,
        output: Option<Output>,
    ) -> Self {
        let options = monitor::Options {
            sees_notifications: true,
            sees_requests: true,
            patience: monitor::PATIENCE,
            callback: None,
            application_callback: None,
            edition,
            at_end: AtEnd::Note,
            ids,
        };
        let live = Live::new(
            options,
            coverage,
            live::Options {
                name: "monitor".to_owned(),
                of: "run",
                is_strict,
            },
        );
        Self {
            judging: Mutex::new(Some(Judging {
                live,
                last: 0,
                seen: 0,
                open: 0,
                injected: BTreeMap::new(),
                requests: BTreeMap::new(),
            })),
            redactor,
            is_strict,
            extent,
            said: AtomicUsize::new(0),
            began: Instant::now(),
            output,
        }
    }

    /// Waits until no exchange goes on, but not for long: a program that has just ended may have sent the last bytes of
    /// an answer before.
    pub(super) async fn settle(&self) {
        let is_open = || self.judging().as_ref().is_some_and(|it| it.open > 0);
        let settled = async {
            while is_open() {
                sleep(LOOKS_EVERY).await;
            }
        };
        // What goes on after that is a note.
        let _ = timeout(SETTLES_WITHIN, settled).await;
    }

    /// Ends the run: exchanges that go on have no end. Returns nothing the second time.
    pub(super) fn finish(&self) -> Option<Watched> {
        let elapsed = self.began.elapsed();
        let mut judging = self.judging().take()?;
        let at = judging.now(self.began);
        let scenarios = judging.live.scenarios();
        let checked = judging.live.finish(at);
        Some(Watched {
            checked,
            seen: judging.seen,
            injected: judging.injected,
            scenarios,
            elapsed,
        })
    }

    fn judging(&self) -> MutexGuard<'_, Option<Judging>> {
        self.judging.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, fresh: &Fresh) {
        let violation = &fresh.violation;
        let word = match violation.level {
            Level::Should if !self.is_strict => "warning",
            Level::Should | Level::Must => "violation",
        };
        // Writing to a string cannot fail.
        let mut place = String::new();
        if let Some(step) = violation.step {
            let _ = write!(place, " at exchange {step}");
        }
        if !violation.pointer.as_str().is_empty() {
            let _ = write!(place, ", {}", violation.pointer.as_str());
        }
        let (party, conversation) = (fresh.party, &fresh.conversation);
        let (rule, basis) = (violation.rule, violation.requirement);
        let message = &violation.message;
        let line = format!("{word}: {party} {conversation}: {rule}{place}: {message} ({basis})");
        self.say(&printable(&self.redactor.in_text(&line)).replace('\n', " "));
    }

    /// Prints a line about an event, unless there were many.
    fn say(&self, line: &str) {
        match self.said.fetch_add(1, Ordering::Relaxed) {
            before if self.extent == Extent::Whole || before < MOST_SAID => output::say(line),
            MOST_SAID => output::say("… the report has the others (`-v` shows everything)"),
            _ => {}
        }
    }
}

/// Shows an exchange that has ended. `redacted` is its answer without secrets, if it has some.
fn show(output: Output, number: u64, request: Traffic, end: &End, redacted: Option<Response>) {
    let from = match request.from {
        Party::Bot => Party::Service,
        Party::Service => Party::Bot,
    };
    let message = match end {
        End::Answered(response) => {
            TrafficMessage::Response(redacted.unwrap_or_else(|| response.clone()).into())
        }
        End::Broke(cause) => TrafficMessage::Event(cause.clone()),
        End::Refused(_) => TrafficMessage::Event("fault injection answered".to_owned()),
        End::Lost(_) => TrafficMessage::Event("fault injection lost the response".to_owned()),
        End::Unknown => TrafficMessage::Event("no response".to_owned()),
    };
    let messages = [request, Traffic::new(from, None, message)];
    let title = format!("exchange {number}");
    // A reader that went away does not end the run.
    let _ = output.print(&terminal::messages(&title, &messages, output.look));
}

impl Judging {
    fn now(&mut self, began: Instant) -> u64 {
        let now = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last = self.last.max(now);
        self.last
    }
}

impl Observer for Watch {
    fn began(&self, mut exchange: Exchange) {
        // Its secrets are known before anything of it is printed.
        let redacted = self.redactor.request(&exchange.request);
        let mut judging = self.judging();
        if let Some(judging) = &mut *judging {
            exchange.at_ms = judging.now(self.began);
            judging.seen += 1;
            judging.open += 1;
            if self.output.is_some() {
                let request = redacted.unwrap_or_else(|| exchange.request.clone());
                let from = match exchange.direction {
                    Direction::Request => Party::Bot,
                    Direction::Notification => Party::Service,
                };
                let message = TrafficMessage::Request(request.into());
                let request = Traffic::new(from, None, message);
                judging.requests.insert(exchange.number, request);
            }
            judging.live.began(exchange);
            judging.live.fresh().iter().for_each(|it| self.tell(it));
        }
    }

    fn ended(&self, number: u64, end: End) {
        let redacted = match &end {
            End::Answered(response) => self.redactor.response(response),
            _ => None,
        };
        let mut judging = self.judging();
        if let Some(judging) = &mut *judging {
            if let (Some(output), Some(request)) = (self.output, judging.requests.remove(&number)) {
                show(output, number, request, &end, redacted);
            }
            let at = judging.now(self.began);
            judging.open = judging.open.saturating_sub(1);
            judging.live.ended(at, number, end);
            judging.live.fresh().iter().for_each(|it| self.tell(it));
        }
    }

    fn injected(&self, number: u64, kind: InjectionKind) {
        self.say(&format!("injected: {} at exchange {number}", kind.name()));
        if let Some(judging) = &mut *self.judging() {
            *judging.injected.entry(kind).or_default() += 1;
        }
    }

    fn notified_besides(&self, number: u64, extra: ExtraNotification, answer: Acknowledgement) {
        if let Some(judging) = &mut *self.judging() {
            let breach = extra.breach(number, &answer);
            judging
                .live
                .notified_besides(number, extra.requirement(), breach);
            judging.live.fresh().iter().for_each(|it| self.tell(it));
        }
    }

    fn is_over(&self) -> bool {
        self.judging().is_none()
    }
}
