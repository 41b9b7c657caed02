//! The bot's callback address in a request, and the proxy's in its place.

use serde_json::Value;
use url::Url;

use crate::diagnostic::json::{self, locate};
use crate::diagnostic::pointer::Pointer;
use crate::http::message::unmarked;

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
#[derive(Debug, Clone)]
pub(crate) struct Callbacks {
    pub bot: Url,
    /// The URL under which the service reaches the listener that stands in for it, without a slash at
    /// its end.
    pub listener: String,
}

impl Callbacks {
    /// The text of this JSON with every callback address replaced by the listener's with the same
    /// credentials, path and query; none where it holds no such address. Everything else stays to the
    /// letter.
    pub(crate) fn rewritten(&self, text: &str, value: &Value) -> Option<String> {
        let (mark, text) = text.split_at(text.len() - unmarked(text).len());
        let document = json::parse(text).ok()??;
        let mut found = Vec::new();
        self.find(value, &Pointer::default(), Property::Other, &mut found);
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
        &self,
        value: &Value,
        at: &Pointer,
        property: Property,
        found: &mut Vec<(Pointer, String)>,
    ) {
        match value {
            Value::String(text) => {
                if let Some(address) = self.stand_in(text, property) {
                    found.push((at.clone(), address));
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.find(item, &at.index(index), property, found);
                }
            }
            Value::Object(properties) => {
                for (name, property) in properties {
                    self.find(property, &at.key(name), Property::named(name), found);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// The listener's address for one that is the bot's.
    fn stand_in(&self, text: &str, property: Property) -> Option<String> {
        let url = Url::parse(text).ok()?;
        if !matches!(url.scheme(), "http" | "https") {
            return None;
        }
        let path = self.bot.path().trim_end_matches('/');
        let is_bots = url.origin() == self.bot.origin()
            && url
                .path()
                .strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        (property == Property::Callback || is_bots).then(|| {
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
        })
    }

    /// The URL of a notification: at the bot's origin, whatever its path.
    pub(crate) fn target(&self, path: &str) -> String {
        format!("{}{path}", self.bot.origin().ascii_serialization())
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
        Callbacks {
            bot: "http://127.0.0.1:3978/callback".parse().unwrap(),
            listener: "http://127.0.0.1:1".into(),
        }
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
