//! The voice menu: how the bot reacts to incoming calls without triggers.
//!
//! It answers, plays a prompt and subscribes to tones. `1` transfers the caller to a user, `2` invites that user, `9`
//! and `#` hang up. The bot keeps the call alive until the call ends.
//!
//! [`MenuCalls`] decides what the bot does, without sockets and clock. [`Bot::follow_menu`] does it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::Bot;
use super::notification::Entry;
use super::operation::Operation;
use super::trigger::Intention;
use super::value::{Given, Person, Prompt};
use crate::api::identifier;
use crate::api::resource::Resource;

/// The default user whom the menu transfers to and invites.
pub(crate) const USER: &str = "00000000-0000-4000-8000-0000000000a1";

/// The default prompt.
pub(crate) const PROMPT: &str = "https://bot.example/menu.wav";

/// The shortest interval of `keepAlive`.
const SHORTEST: Duration = Duration::from_millis(10);

const TRANSFEREE: &str = "#microsoft.graph.participantInfo";
const TARGET: &str = "#microsoft.graph.invitationParticipantInfo";

#[derive(Debug, Clone)]
pub(crate) struct VoiceMenu {
    /// The URL before `/communications`, without a slash at the end.
    pub service: String,
    /// The id of the user whom the menu transfers to and invites.
    pub user: String,
    /// The URL of the prompt.
    pub prompt: String,
    /// The interval of `keepAlive`.
    pub keep_alive: Duration,
}

#[derive(Debug)]
pub(super) struct Menu {
    options: VoiceMenu,
    calls: Mutex<MenuCalls>,
}

/// The calls that the menu has answered.
#[derive(Debug, Default)]
struct MenuCalls(HashMap<String, MenuCall>);

#[derive(Debug)]
struct MenuCall {
    id: String,
    caller: Option<Person>,
    /// A transfer from a group call names its transferee.
    is_group: bool,
    is_established: bool,
    ended: CancellationToken,
}

/// What the menu does next.
#[derive(Debug)]
enum Act {
    Send(Vec<Intention>),
    /// The call is established: send, and keep the call alive until it ends.
    Begin(Vec<Intention>, CancellationToken),
}

impl Menu {
    pub(super) fn new(options: VoiceMenu) -> Self {
        Self {
            options,
            calls: Mutex::default(),
        }
    }
}

impl VoiceMenu {
    fn calls_url(&self) -> String {
        format!("{}/communications/calls", self.service)
    }

    fn about(
        &self,
        operation: Operation,
        call: &str,
        given: Vec<(&'static str, Given)>,
    ) -> Intention {
        Intention::about(operation, &self.calls_url(), call, given)
    }

    /// A prompt, then tones.
    fn greeting(&self, call: &str) -> Vec<Intention> {
        let prompt = Prompt {
            uri: self.prompt.clone(),
            resource: None,
        };
        let context = ("clientContext", Given::Context);
        let prompts = ("prompts", Given::Prompts(vec![prompt]));
        vec![
            self.about(Operation::PlayPrompt, call, vec![prompts, context.clone()]),
            self.about(Operation::SubscribeToTone, call, vec![context]),
        ]
    }

    fn on_tone(&self, call: &MenuCall, tone: &str) -> Option<Intention> {
        let user = || Person::user(&self.user);
        let context = ("clientContext", Given::Context);
        Some(match tone.to_ascii_lowercase().as_str() {
            "tone1" => {
                let target = ("transferTarget", Given::Person(user(), TARGET));
                let transferee = call.caller.clone().filter(|_| call.is_group);
                let transferee = transferee.map(|it| ("transferee", Given::Person(it, TRANSFEREE)));
                let given = [target].into_iter().chain(transferee).chain([context]);
                self.about(Operation::Transfer, &call.id, given.collect())
            }
            "tone2" => {
                let people = ("participants", Given::People(vec![user()]));
                self.about(Operation::Invite, &call.id, vec![people, context])
            }
            "tone9" | "pound" => self.about(Operation::Delete, &call.id, Vec::new()),
            _ => return None,
        })
    }
}

impl MenuCalls {
    fn react(&mut self, menu: &VoiceMenu, entry: &Entry<'_>) -> Option<Act> {
        let Some(Resource::Call(id)) = &entry.resource else {
            return None;
        };
        let key = identifier::normal(id);
        let text = |pointer: &str| entry.data.pointer(pointer).and_then(Value::as_str);
        let state = text("/state").unwrap_or_default().to_ascii_lowercase();
        if entry.change == "deleted" || state == "terminated" {
            if let Some(call) = self.0.remove(&key) {
                call.ended.cancel();
            }
            return None;
        }
        if state == "incoming" {
            self.0.insert(key, MenuCall::incoming(id, entry.data));
            return Some(Act::Send(vec![Intention::answer(&menu.calls_url(), id)]));
        }
        let call = self.0.get_mut(&key)?;
        if state == "established" && !call.is_established {
            call.is_established = true;
            return Some(Act::Begin(menu.greeting(id), call.ended.clone()));
        }
        let tone = text("/toneInfo/tone")?;
        Some(Act::Send(vec![menu.on_tone(call, tone)?]))
    }
}

impl MenuCall {
    fn incoming(id: &str, data: &Value) -> Self {
        let has = |name: &str| data.get(name).is_some_and(Value::is_object);
        Self {
            id: id.to_owned(),
            caller: data.get("source").and_then(Person::read),
            is_group: has("chatInfo") || has("meetingInfo"),
            is_established: false,
            ended: CancellationToken::new(),
        }
    }
}

impl Bot {
    /// Does what the menu does on a change, if the bot has a menu.
    pub(super) fn follow_menu(self: &Arc<Self>, entry: &Entry<'_>) {
        let Some(menu) = &self.menu else { return };
        let mut calls = menu.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let intentions = match calls.react(&menu.options, entry) {
            None => return,
            Some(Act::Send(intentions)) => intentions,
            Some(Act::Begin(intentions, ended)) => {
                if let Some(call) = entry.resource.as_ref().and_then(Resource::call) {
                    let keep = menu.options.about(Operation::KeepAlive, call, Vec::new());
                    let interval = menu.options.keep_alive;
                    tokio::spawn(Arc::clone(self).keep_alive(keep, interval, ended));
                }
                intentions
            }
        };
        let bot = Arc::clone(self);
        tokio::spawn(async move {
            for intention in intentions {
                Arc::clone(&bot).perform(intention).await;
            }
        });
    }

    /// Keeps a call alive until it has ended, as the bot is notified or as the service answers.
    async fn keep_alive(
        self: Arc<Self>,
        keep: Intention,
        interval: Duration,
        ended: CancellationToken,
    ) {
        loop {
            tokio::select! {
                () = ended.cancelled() => return,
                () = self.shutdown.cancelled() => return,
                () = sleep(interval.max(SHORTEST)) => {}
            }
            let answer = Arc::clone(&self).perform(keep.clone()).await;
            if answer.is_some_and(|answer| answer.status == 404) {
                return;
            }
        }
    }
}
