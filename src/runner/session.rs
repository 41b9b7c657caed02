//! A session: one target with the listeners that are open for it, and the conversations that are
//! played against it.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use super::around::Around;
use super::conversation::Conversation;
use super::observer::{Ending, RunEvent};
use super::options::Options;
use super::process::Tail;
use super::reception::{Addresses, Entrance};
use super::router::Router;
use super::target::{ANY_PORT, Target};
use super::{PlayError, reach, skeleton};
use crate::api::party::Party;
use crate::contract::rule::Rule;
use crate::http::message::{Headers, Request};
use crate::http::{BindError, Client, Listener, Reply};
use crate::judge::Case;
use crate::judge::verdict::{ScenarioResult, Verdict, Violation};
use crate::scenario::format::Scenario;

/// Plays every scenario against a target, side by side where their messages can be distinguished,
/// and one by one where not. Results come in the order of the cases.
pub(crate) async fn play(
    options: &Arc<Options>,
    target: Target,
    cases: &[Case],
    stop: Stop,
) -> Result<Vec<ScenarioResult>, PlayError> {
    let session = Session::open(options, target).await?;
    session.play(cases, stop).await
}

/// Ends a run early.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop {
    pub token: CancellationToken,
    reason: Arc<OnceLock<(Verdict, String)>>,
    /// The scenarios that failed so far, and are not known to.
    failed: Arc<AtomicUsize>,
}

impl From<CancellationToken> for Stop {
    fn from(token: CancellationToken) -> Self {
        Self {
            token,
            ..Self::default()
        }
    }
}

impl Stop {
    /// Ends the run for a reason. The first reason counts.
    pub(crate) fn because(&self, reason: String) {
        self.with(Verdict::Inconclusive, reason);
    }

    /// The same, with the verdict on what was not played to its end.
    pub(super) fn with(&self, verdict: Verdict, reason: String) {
        // Another reason that came first is as good.
        let _ = self.reason.set((verdict, reason));
        self.token.cancel();
    }

    pub(crate) fn reason(&self) -> Option<&str> {
        self.reason.get().map(|(_, reason)| reason.as_str())
    }

    /// The verdict on what was not played to its end, and the reason.
    pub(super) fn verdict(&self) -> (Verdict, &str) {
        match self.reason.get() {
            Some((verdict, reason)) => (*verdict, reason),
            None => (Verdict::Inconclusive, "interrupted"),
        }
    }

    /// Counts a scenario that failed, and ends the run with the last of `most`.
    fn count_failure(&self, most: Option<NonZeroUsize>) {
        let failed = self.failed.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(most) = most
            && failed >= most.get()
        {
            let reason = format!("not played, as the run ends after {failed} failed");
            self.with(Verdict::Skip, reason);
        }
    }
}

/// A listener for a party, which may know it under another address.
pub(super) async fn listen(
    options: &Options,
    address: std::net::SocketAddr,
    public: Option<&Url>,
) -> Result<Listener, BindError> {
    let listener = Listener::bind(&address.to_string()).await?;
    match &options.authority {
        Some(authority) => listener.behind(authority, public),
        None => Ok(listener),
    }
}

/// A listener for a built-in party.
pub(super) async fn listen_anywhere(options: &Options) -> Result<Listener, BindError> {
    listen(options, ANY_PORT, None).await
}

/// A target, and the listeners that are open for it. Messages that come before the play are
/// answered as messages of no conversation.
#[derive(Debug)]
pub(crate) struct Session {
    options: Arc<Options>,
    target: Target,
    router: Arc<Router>,
    around: Arc<Around>,
    own_url: String,
    proxy_url: Option<String>,
    closing: CancellationToken,
    /// Ended with the session: a target that keeps its connection open is not waited for.
    servers: JoinSet<()>,
    /// The output of the target, where confcall started it.
    output: Option<Tail>,
    echo: Arc<Echo>,
}

/// A request that shows whether an address leads to a session: nobody else knows the answer.
#[derive(Debug)]
pub(super) struct Echo {
    /// It follows the path of the address.
    pub path: String,
    pub answer: String,
}

impl Echo {
    fn new() -> Self {
        Self {
            path: format!("/confcall/{}", Uuid::new_v4()),
            answer: Uuid::new_v4().to_string(),
        }
    }

    fn reply(&self, request: &Request) -> Option<Reply> {
        let answer = || Reply::text(200, Headers::new(), self.answer.clone());
        request.target.ends_with(&self.path).then(answer)
    }
}

/// The reason of a result whose messages could be another's.
pub(super) const ALIKE: &str =
    "the messages of this scenario cannot be distinguished from those of other scenarios";

/// How long answers that are on their way have to go out at the end.
const LAST_ANSWERS: Duration = Duration::from_millis(200);

impl Session {
    pub(crate) async fn open(options: &Arc<Options>, target: Target) -> Result<Self, PlayError> {
        let listener = listen(options, target.listen(), target.public()).await?;
        let proxy = match target.proxy() {
            Some(proxy) => {
                let listener = listen(options, proxy.listen, None).await?;
                Some(listener.intercepting(Arc::clone(&proxy.interception)))
            }
            None => None,
        };
        let own_url = listener.url();
        let public = target.public().map_or(own_url.as_str(), Url::as_str);
        let around = Arc::new(Around::new(options.stubs.clone()));
        let router = Router::new(
            target.role(),
            target.identity(),
            Arc::clone(&around),
            public.to_owned(),
        );
        let router = Arc::new(router);
        let proxy_url = proxy.as_ref().map(Listener::url);
        let closing = CancellationToken::new();
        let mut servers = JoinSet::new();
        let echo = Arc::new(Echo::new());
        let serve = |listener, prefix, entrance| {
            let (router, echo) = (Arc::clone(&router), Arc::clone(&echo));
            serve(listener, router, echo, (prefix, entrance), closing.clone())
        };
        servers.spawn(serve(listener, target.prefix(), Entrance::Own));
        if let Some(proxy) = proxy {
            servers.spawn(serve(proxy, String::new(), Entrance::Proxy));
        }
        Ok(Self {
            options: Arc::clone(options),
            target,
            router,
            around,
            own_url,
            proxy_url,
            closing,
            servers,
            output: None,
            echo,
        })
    }

    pub(super) fn echo(&self) -> &Echo {
        &self.echo
    }

    /// Shows the end of this output beside each failure.
    pub(super) fn watch(&mut self, output: Option<Tail>) {
        self.output = output;
    }

    pub(crate) fn url(&self) -> &str {
        &self.own_url
    }

    /// The address of confcall that the target is given.
    pub(crate) fn public_url(&self) -> &str {
        let public = self.target.public();
        public.map_or(&self.own_url, |url| url.as_str())
    }

    /// The address of the forward proxy, where there is one, and the certificate that its clients
    /// trust.
    pub(crate) fn proxy(&self) -> Option<(&str, &Path)> {
        let proxy = self.target.proxy()?;
        let certificate = proxy.interception.authority.path();
        Some((self.proxy_url.as_deref()?, certificate))
    }

    /// The requests of the bot outside of the calling API.
    pub(super) fn around(&self) -> Arc<Around> {
        Arc::clone(&self.around)
    }

    /// Plays every scenario, as [`play`] does.
    pub(crate) async fn play(
        mut self,
        cases: &[Case],
        stop: Stop,
    ) -> Result<Vec<ScenarioResult>, PlayError> {
        let party = self.target.role().as_str();
        for url in self.target.addresses() {
            reach(party, &url, &self.options.client).await?;
        }
        let context = Arc::new(Context {
            options: self.options,
            target: self.target,
            own_url: self.own_url,
            router: self.router,
            begun: Instant::now(),
            stop,
            output: self.output,
        });
        let mut results = context.play(cases).await;
        let addresses = Addresses {
            own: context.own_url.clone(),
            proxy: self.proxy_url,
            service: context.service_url(),
            environment: context.options.environment(),
        };
        let reception = context.router.reception();
        reception.explain(&mut results, &context.target, &addresses);
        if !context.stop.token.is_cancelled() {
            explain_tls(&mut results, &context.options.client, context.target.url()).await;
        }
        self.closing.cancel();
        let last = async { while self.servers.join_next().await.is_some() {} };
        let _ = timeout(LAST_ANSWERS, last).await;
        Ok(results)
    }
}

/// Notes on each result that the target speaks TLS, if no exchange with it over plain HTTP succeeded.
pub(crate) async fn explain_tls(results: &mut [ScenarioResult], client: &Client, target: &Url) {
    let is_of_tls = |it: &Violation| match it.rule {
        Rule::Transport | Rule::ResponseMissing => true,
        Rule::ResponseStatus | Rule::AcknowledgementStatus => it.actual == 400,
        _ => false,
    };
    let is_broken = |it: &&mut ScenarioResult| match it.verdict {
        Verdict::Inconclusive => true,
        Verdict::Fail => it.failures.iter().any(is_of_tls),
        _ => false,
    };
    let played = results.iter_mut().filter(|it| it.verdict != Verdict::Skip);
    let played: Vec<_> = played.collect();
    if played.is_empty() || !played.iter().all(is_broken) {
        return;
    }
    if let Some(spoken) = client.speaks_tls(target).await {
        let note = format!("{spoken}: use `https://` in its address");
        for result in played {
            result.notes.insert(0, note.clone());
        }
    }
}

/// Takes the target's messages to the router, and requests that are refused before they are
/// messages.
async fn serve(
    listener: Listener,
    router: Arc<Router>,
    echo: Arc<Echo>,
    (prefix, entrance): (String, Entrance),
    closing: CancellationToken,
) {
    let listener = listener.reporting_refusals({
        let router = Arc::clone(&router);
        move |why| {
            router.reception().refuse();
            router.refused(&why);
        }
    });
    let receive = move |mut request: Request| {
        let router = Arc::clone(&router);
        let echoed = echo.reply(&request);
        if echoed.is_none() {
            router.reception().count(entrance, &request);
        }
        if let Some(rest) = below(&prefix, &request.target) {
            request.target = rest;
        }
        async move {
            match echoed {
                Some(reply) => reply,
                None => router.receive(request).await,
            }
        }
    };
    listener.serve(receive, closing).await;
}

/// A target without the path below which confcall is reached, which is no part of the API's.
fn below(prefix: &str, target: &str) -> Option<String> {
    let rest = target.strip_prefix(prefix).filter(|_| !prefix.is_empty())?;
    rest.starts_with('/').then(|| rest.to_owned())
}

/// The things that the conversations of a session share.
#[derive(Debug)]
pub(super) struct Context {
    pub options: Arc<Options>,
    pub target: Target,
    pub own_url: String,
    pub router: Arc<Router>,
    /// Times of judges count from here.
    pub begun: Instant,
    pub stop: Stop,
    /// The output of the target, where confcall started it.
    output: Option<Tail>,
}

impl Context {
    async fn play(self: &Arc<Self>, cases: &[Case]) -> Vec<ScenarioResult> {
        // A service notifies at the callback of each conversation.
        let is_service = self.target.role() == Party::Service;
        let is_apart = |case: &Case| is_service || case.identifies_its_requests();
        if let Some(measured) = &self.options.measured {
            return self.play_repeatedly(cases, measured, is_apart).await;
        }
        let observer = &self.options.observer;
        observer.event(RunEvent::Planned(cases.len()));
        let (apart, alike): (Vec<usize>, Vec<usize>) =
            (0..cases.len()).partition(|index| is_apart(&cases[*index]));
        let all_over = CancellationToken::new();
        let mut lingering = JoinSet::new();
        let mut again = BTreeSet::new();
        for (part, jobs) in [(apart, self.options.jobs()), (alike, 1)] {
            let picked = part.into_iter().map(|index| (index, &cases[index]));
            let part = self.play_together(picked, jobs).await;
            again.extend(part.ambiguous);
            part.played
                .into_iter()
                .for_each(|it| it.linger(&all_over, &mut lingering));
        }
        for index in again {
            if self.stop.token.is_cancelled() {
                break;
            }
            let part = self.play_together([(index, &cases[index])], 1).await;
            part.played
                .into_iter()
                .for_each(|it| it.linger(&all_over, &mut lingering));
        }
        self.settle().await;
        all_over.cancel();
        let mut results = vec![None; cases.len()];
        while let Some(ended) = lingering.join_next().await {
            if let Some((index, result)) = super::joined(ended) {
                results[index] = Some(result);
            }
        }
        self.router.retire();
        let results = cases.iter().zip(results);
        results
            .map(|(case, result)| {
                result.unwrap_or_else(|| {
                    let (verdict, reason) = if self.stop.token.is_cancelled() {
                        self.stop.verdict()
                    } else {
                        (Verdict::Inconclusive, ALIKE)
                    };
                    skeleton(case, self.target.role(), verdict, reason)
                })
            })
            .collect()
    }

    /// Plays the steps of a case. If it fails, that is counted, and the last lines of the target's output are kept.
    pub(super) async fn play_case(
        self: &Arc<Self>,
        index: usize,
        case: &Case,
    ) -> PlayedConversation {
        let begun = Instant::now();
        let mut conversation = Conversation::open(self, case);
        conversation.play().await;
        let duration = begun.elapsed();
        let how = ending(&conversation);
        conversation.has_ended(how);
        let has_failed = how == Ending::Failed;
        if has_failed && !self.knows(case) && !self.stop.token.is_cancelled() {
            self.stop.count_failure(self.options.max_fail);
        }
        let output = self.output.as_ref().filter(|_| has_failed);
        PlayedConversation {
            index,
            duration,
            output: output.map(Tail::lines).unwrap_or_default(),
            scenario: Arc::clone(&case.scenario),
            conversation,
        }
    }

    /// True for a scenario that a known failure is about.
    fn knows(&self, case: &Case) -> bool {
        let (id, role) = (case.scenario.id.as_str(), self.target.role());
        self.options.known.iter().any(|it| it.covers(id, role))
    }

    /// Waits for surplus messages.
    async fn settle(&self) {
        let settle = self.options.settle;
        if !settle.is_zero() && !self.stop.token.is_cancelled() {
            self.options.observer.event(RunEvent::Settling);
            tokio::select! {
                () = sleep(settle) => {}
                () = self.stop.token.cancelled() => {}
            }
        }
    }

    /// Plays cases side by side. Each has its index.
    async fn play_together<'c>(
        self: &Arc<Self>,
        cases: impl IntoIterator<Item = (usize, &'c Case)>,
        jobs: usize,
    ) -> Part {
        let permits = Arc::new(Semaphore::new(jobs.max(1)));
        let over = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let (playing, mut all_played) = tokio::sync::mpsc::channel::<()>(1);
        for (index, case) in cases {
            let case = case.clone();
            let context = Arc::clone(self);
            let permits = Arc::clone(&permits);
            let over = over.clone();
            let playing = playing.clone();
            tasks.spawn(async move {
                let permit = permits.acquire_owned().await;
                let mut played = context.play_case(index, &case).await;
                drop(permit);
                drop(playing);
                played.conversation.linger(&over).await;
                played
            });
        }
        drop(playing);
        // Nothing is ever sent: the channel closes when the last conversation was played.
        let _: Option<()> = all_played.recv().await;
        self.router.end_part();
        over.cancel();
        let mut part = Part::default();
        while let Some(ended) = tasks.join_next().await {
            match super::joined(ended) {
                Some(it) if it.conversation.is_ambiguous() => part.ambiguous.push(it.index),
                Some(it) => part.played.push(it),
                None => {}
            }
        }
        part
    }
}

/// How a conversation was played.
fn ending(conversation: &Conversation) -> Ending {
    if conversation.is_ambiguous() {
        Ending::Postponed
    } else if conversation.has_failed() {
        Ending::Failed
    } else {
        Ending::Good
    }
}

/// The conversations that were played side by side.
#[derive(Debug, Default)]
struct Part {
    played: Vec<PlayedConversation>,
    /// The indexes of the cases whose messages could not be distinguished from another's.
    ambiguous: Vec<usize>,
}

/// A conversation whose steps were played.
#[derive(Debug)]
pub(super) struct PlayedConversation {
    index: usize,
    duration: Duration,
    /// The last lines of the target's output, of a conversation that failed.
    output: Vec<String>,
    scenario: Arc<Scenario>,
    pub conversation: Conversation,
}

impl PlayedConversation {
    /// Answers late messages until the run is over, in a task that gives the index and the result.
    fn linger(
        mut self,
        all_over: &CancellationToken,
        tasks: &mut JoinSet<(usize, ScenarioResult)>,
    ) {
        let all_over = all_over.clone();
        tasks.spawn(async move {
            self.conversation.linger(&all_over).await;
            (self.index, self.end().await)
        });
    }

    /// Judges the conversation.
    pub(super) async fn end(mut self) -> ScenarioResult {
        let trigger = self.conversation.triggered_by.take();
        let outcome = self.conversation.end().await;
        let mut result = outcome.into_result(&self.scenario, self.duration);
        let is_missing = |it: &Violation| it.rule == Rule::RequestMissing;
        if let Some(trigger) = trigger.filter(|_| result.failures.iter().any(is_missing)) {
            result.notes.push(format!("the trigger was `{trigger}`"));
        }
        result.output = self.output;
        result
    }
}
