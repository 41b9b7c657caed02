//! Replaces the bot's callback address in a request by the proxy's.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use tokio::net::TcpStream;
use url::{Origin, Url};

use crate::diagnostic::json::{self, locate};
use crate::diagnostic::pointer::Pointer;
use crate::http::message::unmarked;
use crate::http::tls::Authority;
use crate::http::{BindError, Listener};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Property {
    Callback,
    Other,
}

impl Property {
    fn named(name: &str) -> Self {
        match name {
            "callback" | "callbackUri" => Self::Callback,
            _ => Self::Other,
        }
    }
}

/// The two addresses of notifications: the bot's own, and the listener's in its place.
#[derive(Debug)]
pub(crate) struct Callbacks {
    pub bot: Url,
    /// The URL under which the service reaches the listener that stands in for it, without a slash at
    /// its end.
    pub listener: String,
    /// The bot has answered a notification.
    has_answered: AtomicBool,
}

impl Callbacks {
    pub(crate) const fn new(bot: Url, listener: String) -> Self {
        Self {
            bot,
            listener,
            has_answered: AtomicBool::new(false),
        }
    }

    /// The text of this JSON with every callback address replaced by the listener's with the same
    /// credentials, path and query; none where it holds no such address. Everything else stays to the
    /// letter.
    pub(crate) fn rewritten(&self, text: &str, value: &Value) -> Option<String> {
        rewritten(text, value, &|text, property| self.stand_in(text, property))
    }

    /// The listener's address for one that is the bot's.
    fn stand_in(&self, text: &str, property: Property) -> Option<String> {
        let url = web_address(text)?;
        let path = self.bot.path().trim_end_matches('/');
        let is_bots = url.origin() == self.bot.origin()
            && url
                .path()
                .strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        (property == Property::Callback || is_bots).then(|| self.moved(text, &url))
    }

    /// The address at the listener.
    fn moved(&self, text: &str, url: &Url) -> String {
        let query = url.query().map(|it| format!("?{it}")).unwrap_or_default();
        // Credentials are what the service authorizes itself with: the bot waits for them.
        let credentials = text
            .split_once("://")
            .and_then(|(_, rest)| rest.split(['/', '?', '#']).next()?.rsplit_once('@'))
            .map(|(credentials, _)| format!("://{credentials}@"));
        let listener = match credentials {
            Some(credentials) => self.listener.replacen("://", &credentials, 1),
            None => self.listener.clone(),
        };
        format!("{listener}{}{query}", url.path())
    }

    /// The URL of a notification: at the bot's origin, whatever its path.
    pub(crate) fn target(&self, path: &str) -> String {
        format!("{}{path}", self.bot.origin().ascii_serialization())
    }

    pub(super) fn note_answer(&self) {
        self.has_answered.store(true, Ordering::Relaxed);
    }

    pub(super) fn has_answered(&self) -> bool {
        self.has_answered.load(Ordering::Relaxed)
    }

    /// True if somebody takes connections at the bot's address.
    pub(super) async fn is_there(&self) -> bool {
        match self.bot.socket_addrs(|| None) {
            Ok(addresses) => TcpStream::connect(&addresses[..]).await.is_ok(),
            Err(_) => false,
        }
    }
}

/// The callbacks of any bots: a listener stands in for each origin that a request names as a callback.
#[derive(Debug)]
pub(super) struct LearntCallbacks {
    pub authority: Option<Arc<Authority>>,
    by_origin: tokio::sync::Mutex<HashMap<Origin, Arc<Callbacks>>>,
}

impl LearntCallbacks {
    pub(super) fn new(authority: Option<Arc<Authority>>) -> Self {
        Self {
            authority,
            by_origin: tokio::sync::Mutex::default(),
        }
    }

    /// As [`Callbacks::rewritten`]. `serve` gets the listener of an origin that is new.
    pub(super) async fn rewritten(
        &self,
        text: &str,
        value: &Value,
        serve: impl Fn(Listener, Arc<Callbacks>),
    ) -> Result<Option<String>, BindError> {
        let mut named = Vec::new();
        let note = |text: &str, property| {
            let is_callback = property == Property::Callback;
            is_callback.then(|| text.to_owned())
        };
        find(
            value,
            &Pointer::default(),
            Property::Other,
            &note,
            &mut named,
        );
        let mut by_origin = self.by_origin.lock().await;
        for (_, address) in named {
            let Some(url) = web_address(&address) else {
                continue;
            };
            let is_own = by_origin.values().any(|it| has_origin(&it.listener, &url));
            if is_own || by_origin.contains_key(&url.origin()) {
                continue;
            }
            let mut listener = Listener::bind("127.0.0.1:0").await?;
            if let Some(authority) = &self.authority {
                listener = listener.behind(authority, None)?;
            }
            let origin = url.origin();
            let callbacks = Arc::new(Callbacks::new(url, listener.url()));
            by_origin.insert(origin, Arc::clone(&callbacks));
            serve(listener, callbacks);
        }
        let stand_in = |text: &str, property| {
            let url = web_address(text).filter(|_| property == Property::Callback)?;
            Some(by_origin.get(&url.origin())?.moved(text, &url))
        };
        Ok(rewritten(text, value, &stand_in))
    }
}

fn has_origin(listener: &str, url: &Url) -> bool {
    Url::parse(listener).is_ok_and(|it| it.origin() == url.origin())
}

fn web_address(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    matches!(url.scheme(), "http" | "https").then_some(url)
}

/// What stands in for a text that is the value of a property.
type StandIn<'a> = dyn Fn(&str, Property) -> Option<String> + Send + Sync + 'a;

/// The text of this JSON with every text replaced that something stands in for; none where there is none.
fn rewritten(text: &str, value: &Value, stand_in: &StandIn<'_>) -> Option<String> {
    let (mark, text) = text.split_at(text.len() - unmarked(text).len());
    let document = json::parse(text).ok()??;
    let mut found = Vec::new();
    find(
        value,
        &Pointer::default(),
        Property::Other,
        stand_in,
        &mut found,
    );
    let mut places: Vec<_> = found
        .into_iter()
        .filter_map(|(pointer, address)| Some((locate(&document, &pointer)?.value, address)))
        .collect();
    places.sort_by_key(|(place, _)| std::cmp::Reverse(place.start));
    let mut rewritten = text.to_owned();
    for (place, address) in &places {
        rewritten.replace_range(place.clone(), &Value::from(address.as_str()).to_string());
    }
    (!places.is_empty()).then(|| format!("{mark}{rewritten}"))
}

fn find(
    value: &Value,
    at: &Pointer,
    property: Property,
    stand_in: &StandIn<'_>,
    found: &mut Vec<(Pointer, String)>,
) {
    match value {
        Value::String(text) => {
            if let Some(address) = stand_in(text, property) {
                found.push((at.clone(), address));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                find(item, &at.index(index), property, stand_in, found);
            }
        }
        Value::Object(properties) => {
            for (name, property) in properties {
                let (at, kind) = (at.key(name), Property::named(name));
                find(property, &at, kind, stand_in, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::message::read_json;

    fn rewritten(text: &str) -> Option<String> {
        let value = read_json(text.as_bytes())?;
        callbacks().rewritten(text, &value)
    }

    fn callbacks() -> Callbacks {
        let bot = "http://127.0.0.1:3978/callback".parse().unwrap();
        Callbacks::new(bot, "http://127.0.0.1:1".into())
    }

    #[test]
    fn callback_addresses_are_replaced_and_the_rest_stays_to_the_letter() {
        for (text, expected) in [
            (
                r#"{ "callbackUri": "https://bot.example/a?b=1", "n": 1e2 }"#,
                r#"{ "callbackUri": "http://127.0.0.1:1/a?b=1", "n": 1e2 }"#,
            ),
            (
                r#"{"a":[{"callback":"http:\/\/x\/y"},"http://127.0.0.1:3978/callback/2"]}"#,
                r#"{"a":[{"callback":"http://127.0.0.1:1/y"},"http://127.0.0.1:1/callback/2"]}"#,
            ),
            (
                "\u{feff}{\"callbackUri\":\"http://bot.example/a\"}",
                "\u{feff}{\"callbackUri\":\"http://127.0.0.1:1/a\"}",
            ),
            (
                r#"{"callbackUri":"http://user:pass%40word@bot.example/a"}"#,
                r#"{"callbackUri":"http://user:pass%40word@127.0.0.1:1/a"}"#,
            ),
        ] {
            assert_eq!(rewritten(text).as_deref(), Some(expected));
        }
        for text in [
            r#"{"callback":"no address","b":"http://127.0.0.1:3978/callbacks"}"#,
            r#"{"callback":null,"b":"http://127.0.0.1:3979/callback"}"#,
            "{",
        ] {
            assert_eq!(rewritten(text), None);
        }
        assert_eq!(callbacks().target("/a?b"), "http://127.0.0.1:3978/a?b");
    }
}
