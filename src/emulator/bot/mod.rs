//! The built-in bot: sends requests on triggers, and acknowledges notifications.
//!
//! It has two addresses:
//!
//! - `/trigger` takes `POST {"scenario", "step", "operation", "request"}`. The bot reads its action from `request`
//!   (`trigger`, `value`), by the table of its operations (`operation`). It answers 202 and sends a request of its own
//!   (`request`). For anything else it answers 501 with `{"reason"}`. A request that is answered 429 or 503, or whose
//!   connection breaks, is sent again.
//! - `/callback`, and every path below it, takes notifications (`callback`, `notification`). With a
//!   [`Verification`] it checks their tokens (`verification`). With a [`VoiceMenu`] it answers incoming calls
//!   by itself (`menu`).
//!
//! `mutant` has the deliberate faults of every request, `operation_mutant` those of one operation; `variant`
//! and `operation_variant` have the harmless differences. `alteration` applies the rows of operations.

mod alteration;
mod callback;
mod menu;
mod mutant;
mod notification;
mod operation;
mod operation_mutant;
mod operation_variant;
mod request;
#[cfg(test)]
mod tests;
mod trigger;
mod value;
mod variant;
mod verification;

use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

pub(crate) use self::alteration::AlteredRequest;
pub(crate) use self::callback::PATH as CALLBACK;
pub(crate) use self::menu::{PROMPT, USER, VoiceMenu};
pub(crate) use self::mutant::BotMutant;
pub(crate) use self::operation_mutant::REQUEST_MUTANTS;
pub(crate) use self::operation_variant::REQUEST_VARIANTS;
pub(crate) use self::variant::BotVariant;
pub(crate) use self::verification::Verification;

use self::menu::Menu;
use self::notification::Memory;
use self::operation::Operation;
use self::request::{RequestBuilder, operation_of};
use self::trigger::Intention;
use self::verification::TokenVerifier;
use crate::api::resource::path_of;
use crate::http::message::{Body, Headers, Request, Response};
use crate::http::{Client, Listener, Reply, SendError};

pub(crate) const TRIGGER: &str = "/trigger";

const TIMEOUT: Duration = Duration::from_secs(10);

/// The delays of further attempts after an answer without `Retry-After`.
const RETRY_DELAYS: [Duration; 3] = [
    Duration::from_millis(10),
    Duration::from_millis(100),
    Duration::from_secs(1),
];

/// The default token of requests.
const TOKEN: &str = "built-in-bot";

#[derive(Debug, Clone, Default)]
pub(crate) struct BotOptions {
    pub token: Option<String>,
    /// The callback URL in its requests. Default: its listener's own.
    pub callback_url: Option<String>,
    pub mutant: Option<BotMutant>,
    pub variant: Option<BotVariant>,
    /// The mutant or variant of one operation.
    pub altered: Option<&'static AlteredRequest>,
    /// Without it the bot waits for triggers.
    pub voice_menu: Option<VoiceMenu>,
    /// Without it every notification is accepted.
    pub verification: Option<Verification>,
    pub client: Client,
}

#[derive(Debug)]
pub(crate) struct BuiltInBot {
    url: String,
    bot: Arc<Bot>,
    served: JoinHandle<()>,
}

impl BuiltInBot {
    /// Starts the bot on the listener. It ends when the shutdown begins. Must be called inside a
    /// tokio runtime.
    pub(crate) fn start(
        listener: Listener,
        options: BotOptions,
        shutdown: CancellationToken,
    ) -> Self {
        let url = listener.url();
        let bot = Arc::new(Bot {
            callback: options
                .callback_url
                .unwrap_or_else(|| format!("{url}{}", callback::PATH)),
            token: options.token.unwrap_or_else(|| TOKEN.to_owned()),
            mutant: options.mutant,
            variant: options.variant,
            altered: options.altered,
            menu: options.voice_menu.map(Menu::new),
            verifier: options.verification.map(|it| {
                let overlooked = mutant::overlooked_flaw(options.mutant);
                TokenVerifier::new(it, overlooked, options.client.clone())
            }),
            client: options.client,
            memory: Mutex::default(),
            changed: Notify::new(),
            shutdown: shutdown.clone(),
        });
        let serving = Arc::clone(&bot);
        let served = tokio::spawn(listener.serve(
            move |request| {
                let bot = Arc::clone(&serving);
                async move { bot.reply(&request).await }
            },
            shutdown,
        ));
        Self { url, bot, served }
    }

    /// Without a slash at the end.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn callback_url(&self) -> &str {
        &self.bot.callback
    }

    pub(crate) fn trigger_url(&self) -> String {
        format!("{}{TRIGGER}", self.url)
    }

    /// The last notified state of a call, `deleted` after its end.
    #[cfg(test)]
    pub(crate) fn call_state(&self, call: &str) -> Option<String> {
        self.bot.memory().state(call).map(str::to_owned)
    }

    /// Waits for the end of the bot after its shutdown.
    pub(crate) async fn ended(self) {
        // A panic of the bot is printed already.
        let _ = self.served.await;
    }
}

#[derive(Debug)]
struct Bot {
    callback: String,
    token: String,
    mutant: Option<BotMutant>,
    variant: Option<BotVariant>,
    altered: Option<&'static AlteredRequest>,
    menu: Option<Menu>,
    verifier: Option<TokenVerifier>,
    client: Client,
    memory: Mutex<Memory>,
    /// Notified when `memory` changes.
    changed: Notify,
    shutdown: CancellationToken,
}

impl Bot {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn reply(self: &Arc<Self>, request: &Request) -> Reply {
        let path = path_of(&request.target);
        if path == TRIGGER {
            return self.on_trigger(request);
        }
        if callback::is_below(path) {
            return self.on_notification(request).await;
        }
        refusal(404, &format_args!("nothing is at {path}"))
    }

    fn on_trigger(self: &Arc<Self>, request: &Request) -> Reply {
        if request.method != "POST" {
            return refusal(405, &"a trigger is a POST");
        }
        let Some(trigger) = request.body.json().and_then(|body| body.get("request")) else {
            return refusal(400, &"a trigger is a JSON object with a `request`");
        };
        let text = |name: &str| trigger.get(name).and_then(Value::as_str);
        let (Some(method), Some(url)) = (text("method"), text("url")) else {
            return refusal(400, &"a triggered request has a `method` and a `url`");
        };
        match Intention::read(method, url, trigger.get("body").unwrap_or(&Value::Null)) {
            Ok(intention) => {
                tokio::spawn(Arc::clone(self).perform(intention));
                Reply::status(202)
            }
            Err(error) => refusal(501, &error),
        }
    }

    /// Sends the bot's own request, and the requests that follow it. Gives the answer to the first one.
    async fn perform(self: Arc<Self>, intention: Intention) -> Option<Response> {
        let (method, url) = (intention.operation.method(), intention.url());
        let body = intention.body(&self.callback, self.variant);
        let mut builders = vec![RequestBuilder::new(method, url, &self.token, body)];
        mutant::change_requests(self.mutant, &mut builders);
        variant::add_requests(self.variant, &mut builders);
        alteration::alter(self.altered, intention.operation, &mut builders);
        let mut first = None;
        for (index, builder) in builders.into_iter().enumerate() {
            let sent_to = builder.url.clone();
            self.memory().begin_request(&builder);
            let sent = self.deliver(builder).await;
            self.memory().end_request(&sent_to);
            self.changed.notify_waiters();
            if let (0, Ok(response)) = (index, sent) {
                if intention.operation == Operation::Invite {
                    self.on_invited(&response, &intention).await;
                }
                first = Some(response);
            }
        }
        first
    }

    /// Records the operation of an invitation, and reads it back or hangs up if the variant does so.
    async fn on_invited(&self, response: &Response, invitation: &Intention) {
        let operation = operation_of(&response.headers, response.body.json());
        let (Some(operation), Some(id), Some(call)) =
            (operation, invitation.call(), invitation.call_url())
        else {
            return;
        };
        self.memory()
            .begin_operation(&operation, id, !invitation.replaces());
        if self.variant == Some(BotVariant::ReadsBack) {
            for path in [
                String::new(),
                "/participants".to_owned(),
                format!("/operations/{operation}"),
            ] {
                self.read(format!("{call}{path}"), "GET").await;
            }
        }
        if self.variant == Some(BotVariant::HangsUp) {
            self.hang_up_when_over(&operation, call).await;
        }
    }

    /// Deletes the call once the operation is over, unless that takes too long.
    async fn hang_up_when_over(&self, operation: &str, call: String) {
        let over = async {
            loop {
                let changed = self.changed.notified();
                if self.memory().is_over(operation) {
                    break;
                }
                changed.await;
            }
        };
        if timeout(TIMEOUT, over).await.is_ok() {
            self.read(call, "DELETE").await;
        }
    }

    async fn read(&self, url: String, method: &'static str) {
        let builder = RequestBuilder::new(method, url, &self.token, Body::Empty);
        // The answer is not needed.
        let _ = self.deliver(builder).await;
    }

    /// Sends a request, and sends it again after a broken connection, 429 or 503.
    async fn deliver(&self, mut builder: RequestBuilder) -> Result<Response, SendError> {
        let timeout = mutant::timeout(self.mutant).unwrap_or(TIMEOUT);
        let mut pauses = RETRY_DELAYS.into_iter();
        loop {
            let request = self.write(builder.clone());
            let sent = self.client.send(request, timeout).await;
            let pause = pauses.next();
            let right = pause.and_then(|pause| retry_delay(&sent, pause));
            match mutant::retry_delay(self.mutant, &sent, (pause, right), &mut builder) {
                Some(delay) => sleep(delay).await,
                None => return sent,
            }
        }
    }
}

/// The delay before a further attempt, if there is one.
fn retry_delay(sent: &Result<Response, SendError>, pause: Duration) -> Option<Duration> {
    match sent {
        Ok(response) if matches!(response.status, 429 | 503) => {
            Some(retry_after(&response.headers).unwrap_or(pause))
        }
        Err(SendError::Broken(_)) => Some(pause),
        _ => None,
    }
}

/// `Retry-After` in seconds (RFC 9110 section 10.2.3).
fn retry_after(headers: &Headers) -> Option<Duration> {
    let seconds = headers.get("Retry-After")?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn refusal(status: u16, reason: &dyn Display) -> Reply {
    Reply::from(Response {
        status,
        headers: Headers::from_iter([("Content-Type", "application/json")]),
        body: Body::Json(json!({"reason": reason.to_string()})),
    })
}
