//! The reference bot: does what it is triggered to do in its own words, and acknowledges notifications.
//!
//! It has two addresses. `/callback`, and every path below it, takes notifications and checks
//! them, on demand also who sends them (`guard`). `/trigger` takes `POST {"scenario", "step", "request"}`: the bot reads from the request what
//! is wanted (`intention`), answers 202 and sends a request of its own (`builder`), or 501 and
//! `{"reason"}` where it does not do such a thing. What is answered 429 or 503, or not at all, it
//! sends again. `mischief` puts the deliberate faults in.

mod callback;
mod guard;
mod intention;
mod memory;
mod mutant;
mod mutation;
mod request_builder;
#[cfg(test)]
mod tests;
mod token;
mod variant;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub use self::callback::PATH as CALLBACK;
pub use self::guard::Verification;
pub use self::mutant::BotMutant;
pub use self::variant::BotVariant;

use self::guard::Guard;
use self::intention::Intention;
use self::memory::Memory;
use self::request_builder::{RequestBuilder, operation_of};
use super::content::Content;
use crate::api::resource::{Resource, path_of};
use crate::http::message::{Headers, Payload, Request, Response};
use crate::http::{Client, Listener, Reply};
use tokio_util::sync::CancellationToken;

/// How long the bot waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The token that requests bear where none is configured.
const TOKEN: &str = "reference-bot";

/// What the bot is to be.
#[derive(Debug, Clone, Default)]
pub struct BotOptions {
    /// The bearer token of its requests.
    pub token: Option<String>,
    /// The callback that it tells services, where that is not its listener's own.
    pub callback_url: Option<String>,
    /// What it does wrong.
    pub mutant: Option<BotMutant>,
    /// What it does in another way.
    pub variant: Option<BotVariant>,
    /// By what it verifies notifications; none where it takes them from anybody.
    pub verification: Option<Verification>,
    /// What it sends with.
    pub client: Client,
}

/// The reference bot.
#[derive(Debug)]
pub struct ReferenceBot {
    url: String,
    bot: Arc<Bot>,
    served: JoinHandle<()>,
}

impl ReferenceBot {
    /// Starts the bot on the listener. It ends when the shutdown begins. Must be called inside a
    /// tokio runtime.
    pub fn start(listener: Listener, options: BotOptions, shutdown: CancellationToken) -> Self {
        let url = listener.url();
        let bot = Arc::new(Bot {
            callback: options
                .callback_url
                .unwrap_or_else(|| format!("{url}{}", callback::PATH)),
            token: options.token.unwrap_or_else(|| TOKEN.to_owned()),
            mutant: options.mutant,
            variant: options.variant,
            guard: options
                .verification
                .map(|it| Guard::new(it, options.mutant, options.client.clone())),
            client: options.client,
            memory: Mutex::default(),
            news: Notify::new(),
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

    /// The URL that the bot listens on, without a slash at its end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where the bot takes notifications.
    pub fn callback_url(&self) -> &str {
        &self.bot.callback
    }

    /// Where the bot takes triggers.
    pub fn trigger_url(&self) -> String {
        format!("{}{TRIGGER}", self.url)
    }

    /// The state of a call as the bot was told last, `deleted` after its end.
    pub fn call_state(&self, call: &str) -> Option<String> {
        self.bot.memory().state(call).map(str::to_owned)
    }

    /// The status of an operation as the bot was told last.
    pub fn operation_status(&self, operation: &str) -> Option<String> {
        self.bot.memory().status(operation).map(str::to_owned)
    }

    /// Waits until the bot has ended, which it does after its shutdown has begun.
    pub async fn ended(self) {
        // A panic of the bot has been printed; there is nothing to wait for any more.
        let _ = self.served.await;
    }
}

/// The path where triggers go.
pub const TRIGGER: &str = "/trigger";

/// The running bot.
#[derive(Debug)]
struct Bot {
    callback: String,
    token: String,
    mutant: Option<BotMutant>,
    variant: Option<BotVariant>,
    guard: Option<Guard>,
    client: Client,
    memory: Mutex<Memory>,
    /// Told after each notification that was taken.
    news: Notify,
}

impl Bot {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn reply(self: &Arc<Self>, request: &Request) -> Reply {
        let path = path_of(&request.target);
        if path == TRIGGER {
            return self.triggered(request);
        }
        if callback::is_below(path) {
            return self.called_back(request).await;
        }
        refusal(404, &format!("nothing is at {path}"))
    }

    /// Takes a trigger.
    fn triggered(self: &Arc<Self>, request: &Request) -> Reply {
        if request.method != "POST" {
            return refusal(405, "a trigger is a POST");
        }
        let Some(trigger) = request.body.json().and_then(|body| body.get("request")) else {
            return refusal(400, "a trigger is a JSON object with a `request`");
        };
        let text = |name: &str| trigger.get(name).and_then(Value::as_str);
        let (Some(method), Some(url)) = (text("method"), text("url")) else {
            return refusal(400, "a triggered request has a `method` and a `url`");
        };
        match Intention::read(method, url, trigger.get("body").unwrap_or(&Value::Null)) {
            Ok(intention) => {
                tokio::spawn(Arc::clone(self).carry_out(intention, url.to_owned()));
                Reply::status(202)
            }
            Err(reason) => refusal(501, &reason),
        }
    }

    /// Sends the bot's own request, and what it sends after it.
    async fn carry_out(self: Arc<Self>, intention: Intention, url: String) {
        let body = intention.body(&self.callback, self.variant);
        let builder = RequestBuilder::new("POST", url.clone(), &self.token, Content::Json(body));
        let mut builders = vec![builder];
        mutation::builders(self.mutant, &mut builders);
        for (index, builder) in builders.into_iter().enumerate() {
            let url_asked = builder.url.clone();
            self.memory().ask(&builder);
            let sent = self.deliver(builder).await;
            self.memory().answered(&url_asked);
            self.news.notify_waiters();
            if let (0, Ok(response), Intention::Invite(_)) = (index, sent, &intention) {
                self.invited(&response, &intention, &url).await;
            }
        }
    }

    /// Remembers the operation of an invitation, and reads it back where the bot does such things.
    async fn invited(&self, response: &Response, intention: &Intention, url: &str) {
        let operation = operation_of(&response.headers, response.body.json());
        let (Some(operation), Some(call)) = (operation, url.strip_suffix("/participants/invite"))
        else {
            return;
        };
        if let Some(id) = Resource::parse(call).as_ref().and_then(Resource::call) {
            self.memory().begin(&operation, id, !intention.replaces());
        }
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
            self.hang_up_when_over(&operation, call.to_owned()).await;
        }
    }

    /// Deletes the call when the operation is over. Gives up when that takes too long.
    async fn hang_up_when_over(&self, operation: &str, call: String) {
        let over = async {
            loop {
                let news = self.news.notified();
                if self.memory().is_over(operation) {
                    break;
                }
                news.await;
            }
        };
        if timeout(PATIENCE, over).await.is_ok() {
            self.read(call, "DELETE").await;
        }
    }

    async fn read(&self, url: String, method: &'static str) {
        let builder = RequestBuilder::new(method, url, &self.token, Content::Nothing);
        // The answer tells the bot nothing that it needs.
        let _ = self.deliver(builder).await;
    }
}

/// A refusal that says why.
fn refusal(status: u16, reason: &str) -> Reply {
    Reply::from(Response {
        status,
        headers: Headers::from_iter([("Content-Type", "application/json")]),
        body: Payload::Json(json!({"reason": reason})),
    })
}
