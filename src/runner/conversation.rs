//! One conversation: a judge, its sockets, its clock.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Instant as TokioInstant, sleep_until};

use super::observer::{Ending, Playing, RunEvent};
use super::options::Options;
use super::provider_state::StateProvider;
use super::router::{Message, Registration, callback_path, lock};
use super::session::Context;
use super::target::{Target, Triggered, address_of, is_same_origin};
use super::trigger::{Cause, Expected};
use super::{provider_state, variables};
use crate::api::resource::behind_scheme;
use crate::http::message::{Body, Headers, Request};
use crate::http::{OutgoingRequest, Reply, SendError};
use crate::inject::{Act, Cut, Forgery, InjectedJudge, InjectionKind};
use crate::judge;
use crate::judge::bindings::Bindings;
use crate::judge::verdict::Verdict;
use crate::judge::{Action, Case, Event, ExchangeId, Outcome, TransportFailure, TriggerAnswer};
use crate::scenario::format::{Kind, ProviderState, Step};
use tokio_util::sync::CancellationToken;

/// The reason to skip a scenario with forged tokens.
const UNSIGNED: &str = "notifications are not signed, so no token can be forged: give the application id of the bot with `--application`";

#[derive(Debug)]
pub(super) struct Conversation {
    context: Arc<Context>,
    case: Case,
    judge: Arc<Mutex<InjectedJudge>>,
    registration: Registration,
    replies: HashMap<ExchangeId, oneshot::Sender<Reply>>,
    is_ambiguous: bool,
    /// The number of its messages that the observer has.
    shown: usize,
    /// Triggers and messages under way, which end with the conversation.
    tasks: JoinSet<()>,
    /// Closes when the last trigger was answered.
    last_trigger: Option<oneshot::Receiver<()>>,
    /// The name of that trigger.
    pub triggered_by: Option<String>,
}

impl Conversation {
    /// Registers a conversation at the session's router. Nothing is sent yet.
    pub(super) fn open(context: &Arc<Context>, case: &Case) -> Self {
        let script = &case.scenario.script;
        let options = &context.options;
        let variables = Arc::clone(case.outline().variables(options.judge.literal));
        let mut bindings = Bindings::new(variables, variables::values(script));
        let number = context.router.number();
        let callback = context.callback(number);
        for (name, variable) in &script.variables {
            match variable.kind {
                Kind::Callback => bindings.bind(name, callback.as_str()),
                Kind::Token => bindings.bind(name, options.judge.token.as_str()),
                _ => {}
            }
        }
        let judge = InjectedJudge::new(
            case,
            bindings,
            judge::Options {
                callback: Some(context.judged_callback(callback)),
                ..options.judge.clone()
            },
            context.target.role(),
            options.seed,
        );
        let judge = Arc::new(Mutex::new(judge));
        let registration = context.router.register(number, Arc::clone(&judge));
        context.router.update(number, &lock(&judge));
        Self {
            context: Arc::clone(context),
            case: case.clone(),
            judge,
            registration,
            replies: HashMap::new(),
            is_ambiguous: false,
            shown: 0,
            tasks: JoinSet::new(),
            last_trigger: None,
            triggered_by: None,
        }
    }

    /// Plays until the judge has finished, or the run is interrupted.
    pub(super) async fn play(&mut self) {
        if self.context.stop.token.is_cancelled() {
            self.stop();
            return self.update_router();
        }
        if self.forges() && self.context.target.notifier().is_none() {
            lock(&self.judge).give_up(Verdict::Skip, UNSIGNED);
        }
        self.event(|it| RunEvent::Waiting(it, None));
        let early = self.bring_about().await;
        self.update_router();
        if !lock(&self.judge).is_finished() {
            self.handle(Event::Start);
            for request in early {
                // It was acknowledged when it came.
                let exchange = self.context.router.number();
                self.handle(Event::Received { exchange, request });
            }
        }
        let context = Arc::clone(&self.context);
        while !lock(&self.judge).is_finished() && !self.is_ambiguous {
            let deadline = lock(&self.judge).deadline();
            let begun = TokioInstant::from_std(context.begun);
            tokio::select! {
                biased;
                () = context.stop.token.cancelled() => self.stop(),
                Some(message) = self.registration.inbox.recv() => self.take(message),
                () = sleep_until(begun + deadline.unwrap_or_default()), if deadline.is_some() => {
                    self.handle(Event::Elapsed);
                }
            }
        }
        self.update_router();
    }

    /// Ends the conversation with the run.
    fn stop(&self) {
        let (verdict, why) = self.context.stop.verdict();
        lock(&self.judge).give_up(verdict, why);
    }

    /// True if it failed so far, or could not be judged.
    pub(super) fn has_failed(&self) -> bool {
        lock(&self.judge).has_failed()
    }

    /// Answers late messages until others are over, too.
    pub(super) async fn linger(&mut self, over: &CancellationToken) {
        while !over.is_cancelled() {
            tokio::select! {
                () = over.cancelled() => {}
                Some(message) = self.registration.inbox.recv() => self.take(message),
            }
        }
        while let Ok(message) = self.registration.inbox.try_recv() {
            self.take(message);
        }
    }

    pub(super) const fn number(&self) -> u64 {
        self.registration.number
    }

    /// True if messages could not be distinguished from another conversation's.
    pub(super) const fn is_ambiguous(&self) -> bool {
        self.is_ambiguous
    }

    pub(super) async fn end(mut self) -> Outcome {
        // A command that has not ended is killed.
        self.tasks.shutdown().await;
        lock(&self.judge).take_outcome()
    }

    /// Brings about the provider states. Notifications that come meanwhile are acknowledged at once
    /// and judged later, when their subject is known.
    async fn bring_about(&mut self) -> Vec<Arc<Request>> {
        let context = Arc::clone(&self.context);
        let Target::Service { url, given, .. } = &context.target else {
            return Vec::new();
        };
        let setting_up = provider_state::Setup {
            client: &context.options.client,
            case: &self.case,
            judge: &self.judge,
            options: &context.options.judge,
            service: url,
            callback: &context.callback(self.registration.number),
        };
        let bringing = setting_up.bring_about(given);
        tokio::pin!(bringing);
        let mut early = Vec::new();
        loop {
            tokio::select! {
                () = context.stop.token.cancelled() => return early,
                () = &mut bringing => return early,
                Some(message) = self.registration.inbox.recv() => match message {
                    Message::Received(_, request, answer) => {
                        // The target may have gone away meanwhile.
                        let _ = answer.send(Reply::status(202));
                        early.push(request);
                    }
                    Message::Ambiguous => self.is_ambiguous = true,
                    // Nothing was sent yet.
                    Message::Happened(_) => {}
                },
            }
        }
    }

    fn update_router(&self) {
        let judge = lock(&self.judge);
        self.context.router.update(self.registration.number, &judge);
    }

    /// True if its fault injection sends notifications with wrong tokens.
    fn forges(&self) -> bool {
        let injection = InjectionKind::of(&self.case.scenario.id);
        injection.is_some_and(InjectionKind::forges)
    }

    /// Keeps the way back for the answer of a received request, and gives the judge its event.
    fn take(&mut self, message: Message) {
        match message {
            Message::Received(exchange, request, answer) => {
                self.replies.insert(exchange, answer);
                self.handle(Event::Received { exchange, request });
            }
            Message::Happened(event) => self.handle(event),
            Message::Ambiguous => self.is_ambiguous = true,
        }
    }

    /// Gives the judge an event, and does what it wants done.
    fn handle(&mut self, event: Event) {
        let now = self.context.begun.elapsed();
        let acts: Vec<Act> = {
            let mut judge = lock(&self.judge);
            judge.handle(now, event);
            self.context.router.update(self.registration.number, &judge);
            std::iter::from_fn(|| judge.next_act()).collect()
        };
        self.show();
        for act in acts {
            match act {
                Act::Do(Action::Send { exchange, request }) => self.send(exchange, &request, None),
                Act::Forge {
                    exchange,
                    request,
                    forgery,
                } => self.send(exchange, &request, Some(forgery)),
                Act::Do(Action::Trigger { step, request }) => self.trigger(step, &request),
                Act::Do(Action::BringAbout(state)) => self.bring_about_now(state),
                Act::Do(Action::Reply { exchange, response }) => {
                    if !self.reply(exchange, Reply::from(Arc::unwrap_or_clone(response))) {
                        // The target went away before it was answered: it may come again.
                        let lost = Event::ReplyLost { exchange };
                        lock(&self.judge).handle(now, lost);
                    }
                }
                Act::Cut { exchange, how } => {
                    let cut = match how {
                        Cut::Close => Reply::raw(Bytes::new()),
                        Cut::Reset => Reply::reset(),
                    };
                    // A target that has gone away needs no cut.
                    self.reply(exchange, cut);
                }
            }
        }
    }

    /// Sends an event of this conversation to the observer of the run.
    fn event<'a>(&'a self, event: impl FnOnce(Playing<'a>) -> RunEvent<'a>) {
        let event = event(Playing {
            scenario: self.case.scenario.id.as_str(),
            role: self.context.target.role(),
            number: self.registration.number,
        });
        self.context.options.observer.event(event);
    }

    /// Shows new messages, and what is waited for after them.
    fn show(&mut self) {
        let (new, last) = {
            let judge = lock(&self.judge);
            let traffic = judge.traffic();
            let new = traffic.get(self.shown..).unwrap_or_default().to_vec();
            (new, traffic.iter().filter_map(|it| it.step).max())
        };
        self.shown += new.len();
        if !new.is_empty() {
            self.event(|it| RunEvent::Messages(it, &new));
        }
        let at = last.unwrap_or_default();
        let next = self.case.scenario.script.steps.get(at);
        let next = next.map(|it| (at + 1, it.kind()));
        if next.is_some() {
            self.event(|it| RunEvent::Waiting(it, next));
        }
    }

    /// Says that it was played.
    pub(super) fn has_ended(&self, how: Ending) {
        self.event(|it| RunEvent::Played(it, how));
    }

    /// Answers a received request, unless it was answered when it came. False where the target has
    /// gone away.
    fn reply(&mut self, exchange: ExchangeId, reply: Reply) -> bool {
        let answer = self.replies.remove(&exchange);
        answer.is_none_or(|answer| answer.send(reply).is_ok())
    }

    fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        while self.tasks.try_join_next().is_some() {}
        self.tasks.spawn(task);
    }

    /// Sends a request, or a notification, whose token may be wrong, in a task of its own; the answer
    /// becomes an event.
    fn send(&mut self, exchange: ExchangeId, request: &Request, forgery: Option<Forgery>) {
        let url = match &self.context.target {
            Target::Service { url, .. } if behind_scheme(&request.target).is_some() => {
                if !is_same_origin(&request.target, url) {
                    let reason = format!(
                        "a request of the conversation goes to another host than {url}: {}",
                        request.target
                    );
                    return lock(&self.judge).give_up(Verdict::Skip, reason);
                }
                request.target.clone()
            }
            Target::Service { url, .. } => {
                address_of(url, self.case.scenario.id.api(), &request.target)
            }
            Target::Bot { url, .. } => self.callback_of_bot(url, &request.target),
        };
        let context = Arc::clone(&self.context);
        let sender = self.registration.sender.clone();
        let mut outgoing = outgoing(request, url);
        if let Some(notifier) = context.target.notifier() {
            let authorization = match forgery {
                None => Some(notifier.authorization()),
                Some(forgery) => notifier.forged(forgery),
            };
            outgoing.headers = with_authorization(&outgoing.headers, authorization);
        }
        self.spawn(async move {
            let deadline = context.options.judge.deadline;
            let begun = Instant::now();
            let sent = context.options.client.send(outgoing, deadline).await;
            if let (Some(measured), Ok(_)) = (&context.options.measured, &sent) {
                measured.answered(begun.elapsed());
            }
            let event = match sent {
                Ok(response) => Event::Answered {
                    exchange,
                    response: response.into(),
                },
                Err(error) => Event::Broken {
                    exchange,
                    failure: failure(&error),
                },
            };
            // The conversation may be over.
            let _ = sender.send(Message::Happened(event));
        });
    }

    /// The callback that the bot gave, if it is of the bot's own origin, else the one of the options.
    fn callback_of_bot(&self, named: &url::Url, given: &str) -> String {
        if is_same_origin(given, named) {
            given.to_owned()
        } else {
            lock(&self.judge).note(format!(
                "the bot's callback {given} has another host than {named}; notifications go to {named}"
            ));
            named.to_string()
        }
    }

    /// Brings about a provider state in a task of its own, while the conversation goes on.
    fn bring_about_now(&mut self, state: ProviderState) {
        let context = Arc::clone(&self.context);
        let (case, judge) = (self.case.clone(), Arc::clone(&self.judge));
        let sender = self.registration.sender.clone();
        let callback = context.callback(self.registration.number);
        self.spawn(async move {
            let Target::Service { url, given, .. } = &context.target else {
                return;
            };
            let setup = provider_state::Setup {
                client: &context.options.client,
                case: &case,
                judge: &judge,
                options: &context.options.judge,
                service: url,
                callback: &callback,
            };
            setup.bring_about_one(given, state).await;
            // The conversation may be over now.
            let _ = sender.send(Message::Happened(Event::Elapsed));
        });
    }

    fn trigger(&mut self, step: usize, request: &Request) {
        let Target::Bot {
            triggers,
            triggered,
            ..
        } = &self.context.target
        else {
            return;
        };
        let scenario = &self.case.scenario.id;
        let service = self.context.service_url();
        let url = address_of(&service, scenario.api(), &request.target);
        let expected = Expected::new(scenario.as_str(), step, &url, request);
        let cause = self.cause_of(step);
        let means = match (*triggered, cause) {
            (Triggered::UnlessProvoked, Cause::Notification) => Err(TriggerAnswer::NoAddress),
            _ => triggers.means(&expected, cause),
        };
        self.triggered_by = means.as_ref().ok().map(ToString::to_string);
        let sender = self.registration.sender.clone();
        let message = expected.message();
        let context = Arc::clone(&self.context);
        let (is_answered, answered) = oneshot::channel();
        let earlier = self.last_trigger.replace(answered);
        self.spawn(async move {
            let Options { client, judge, .. } = &*context.options;
            let answer = match means {
                Ok(means) => means.trigger(client, &message, judge.deadline).await,
                Err(answer) => answer,
            };
            context.router.reception().count_trigger(&answer);
            // A request may overtake the answer to its trigger. Answers are in the order of the triggers.
            if let Some(earlier) = earlier {
                let _: Result<(), _> = earlier.await;
            }
            // The conversation may be over.
            let _ = sender.send(Message::Happened(Event::Triggered(answer)));
            drop(is_answered);
        });
    }
}

impl Conversation {
    /// The cause of the request of a step, counted from 1.
    fn cause_of(&self, step: usize) -> Cause {
        let steps = &self.case.scenario.script.steps;
        match step.checked_sub(2).and_then(|at| steps.get(at)) {
            Some(Step::Notification(_)) => Cause::Notification,
            _ => Cause::Nothing,
        }
    }
}

impl Context {
    /// The callback that a judge holds notifications against.
    fn judged_callback(&self, url: String) -> judge::Callback {
        let application = match &self.target {
            Target::Service {
                given: StateProvider::Assume,
                ..
            }
            | Target::Bot { .. } => None,
            Target::Service { callback, .. } => {
                let callback = callback.as_ref().map(ToString::to_string);
                Some(callback.unwrap_or_else(|| self.own_url.clone()))
            }
        };
        judge::Callback { url, application }
    }

    /// The callback that the service is given for a conversation; for a bot under test, its own.
    fn callback(&self, number: u64) -> String {
        match &self.target {
            Target::Service { callback, .. } => {
                let base = callback
                    .as_ref()
                    .map_or(self.own_url.as_str(), |url| url.as_str());
                format!("{}{}", base.trim_end_matches('/'), callback_path(number))
            }
            Target::Bot { url, .. } => url.to_string(),
        }
    }

    /// The service's address that a bot under test is given.
    pub(super) fn service_url(&self) -> url::Url {
        let own = || url::Url::parse(&self.own_url);
        match &self.target {
            Target::Bot {
                proxy: Some(proxy), ..
            } => proxy.service.clone(),
            Target::Bot {
                public: Some(public),
                ..
            } => public.clone(),
            Target::Bot { url, .. } | Target::Service { url, .. } => {
                own().unwrap_or_else(|_| url.clone())
            }
        }
    }
}

fn outgoing(request: &Request, url: String) -> OutgoingRequest {
    let mut outgoing = OutgoingRequest::new(request.method.as_str(), url);
    outgoing.headers = request.headers.clone();
    outgoing.body = match &request.body {
        Body::Empty => None,
        body => body.clone().into_bytes().map(Bytes::from),
    };
    outgoing
}

/// The header fields with another `Authorization`, or without one.
fn with_authorization(headers: &Headers, value: Option<String>) -> Headers {
    let name = "Authorization";
    let mut changed: Headers = headers
        .iter()
        .filter(|(other, _)| !other.eq_ignore_ascii_case(name))
        .collect();
    if let Some(value) = value {
        changed.push(name, value);
    }
    changed
}

fn failure(error: &SendError) -> TransportFailure {
    match error {
        SendError::Refused(_) | SendError::Unreachable(_) | SendError::NoTls(_) => {
            TransportFailure::Gone(error.to_string())
        }
        SendError::Timeout(_) => TransportFailure::Silent,
        SendError::Untrusted { .. }
        | SendError::Unsendable(_)
        | SendError::Broken(_)
        | SendError::TooLarge => TransportFailure::Broken(error.to_string()),
    }
}
