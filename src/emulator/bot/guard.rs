//! Who a notification comes from: the token that it bears is verified by published keys.
//!
//! A token is a JSON Web Token (RFC 7519) signed with RS256 (RFC 7515, RFC 7518 section 3.3). An
//! `OpenID` configuration says who issues it and where the keys are; both are fetched when they are needed
//! first, and again for a token that names a key which is not known.

use std::sync::{Arc, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::mutant::BotMutant as Mutant;
use super::mutation;
use super::token::{Published, Token, bearer};
use crate::http::Client;
use crate::http::message::Headers;

/// By what a bot verifies notifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The address of the `OpenID` configuration of who signs them.
    pub configuration: String,
    /// The bot's application id, for which they are meant.
    pub application: String,
}

/// How far the clock of who signs may be from the bot's, in seconds.
const LEEWAY: f64 = 60.0;

/// Verifies notifications.
#[derive(Debug)]
pub(super) struct Guard {
    verification: Verification,
    mutant: Option<Mutant>,
    client: Client,
    published: tokio::sync::Mutex<Option<Arc<Published>>>,
    /// The token that was verified last, with the second in which it expires: many notifications bear
    /// it.
    verified: std::sync::Mutex<Option<(String, f64)>>,
}

/// What is wrong with a notification's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    Missing,
    Malformed,
    Unsigned,
    Signature,
    Issuer,
    Expired,
    NotYet,
    Audience,
}

/// Why a notification is not taken.
#[derive(Debug)]
pub(super) enum Stopped {
    Flawed(Flaw),
    /// The keys are out of reach, in words.
    NoKeys(String),
}

impl Guard {
    pub(super) fn new(verification: Verification, mutant: Option<Mutant>, client: Client) -> Self {
        Self {
            verification,
            mutant,
            client,
            published: tokio::sync::Mutex::default(),
            verified: std::sync::Mutex::default(),
        }
    }

    /// Whether a notification with this `Authorization` comes from who it has to, and is for this bot.
    pub(super) async fn check(&self, headers: &Headers) -> Result<(), Stopped> {
        let Some(text) = headers.get("Authorization").and_then(bearer) else {
            return self.unless_overlooked(Flaw::Missing);
        };
        if self.was_verified(text) {
            return Ok(());
        }
        let token = Token::read(text).ok_or(Stopped::Flawed(Flaw::Malformed))?;
        let published = self.check_signature(&token).await?;
        self.check_claims(&token.claims, &published)?;
        if let Some(end) = token.claims.get("exp").and_then(Value::as_f64) {
            *self.last_verified() = Some((text.to_owned(), end));
        }
        Ok(())
    }

    async fn check_signature(&self, token: &Token<'_>) -> Result<Arc<Published>, Stopped> {
        let text = |name: &str| token.header.get(name).and_then(Value::as_str);
        // What is critical, nobody here understands (RFC 7515 section 4.1.11).
        if text("alg") != Some("RS256") || token.header.get("crit").is_some() {
            self.unless_overlooked(Flaw::Unsigned)?;
            return self.published(None).await;
        }
        let id = text("kid").unwrap_or_default();
        let published = self.published(Some(id)).await?;
        let mut keys = published.keys.iter();
        let key = keys.find(|key| key.id == id);
        if !key.is_some_and(|key| key.has_signed(token)) {
            self.unless_overlooked(Flaw::Signature)?;
        }
        Ok(published)
    }

    /// RFC 7519 sections 4.1.1 and 4.1.3 to 4.1.5.
    fn check_claims(&self, claims: &Value, published: &Published) -> Result<(), Stopped> {
        let now = now();
        let time = |name: &str| claims.get(name).and_then(Value::as_f64);
        let is_meant = |it: &Value| it.as_str() == Some(&self.verification.application);
        let is_for_bot = match claims.get("aud") {
            Some(Value::Array(several)) => several.iter().any(is_meant),
            one => one.is_some_and(is_meant),
        };
        for (holds, flaw) in [
            (
                claims.get("iss") == Some(&Value::from(published.issuer.as_str())),
                Flaw::Issuer,
            ),
            (is_for_bot, Flaw::Audience),
            (
                time("exp").is_some_and(|end| now < end + LEEWAY),
                Flaw::Expired,
            ),
            (
                time("nbf").is_none_or(|begin| begin <= now + LEEWAY),
                Flaw::NotYet,
            ),
        ] {
            if !holds {
                self.unless_overlooked(flaw)?;
            }
        }
        Ok(())
    }

    fn unless_overlooked(&self, flaw: Flaw) -> Result<(), Stopped> {
        if mutation::overlooks(self.mutant, flaw) {
            Ok(())
        } else {
            Err(Stopped::Flawed(flaw))
        }
    }

    fn was_verified(&self, token: &str) -> bool {
        let verified = self.last_verified();
        let last = verified.as_ref();
        last.is_some_and(|(text, end)| text == token && now() < *end)
    }

    fn last_verified(&self) -> std::sync::MutexGuard<'_, Option<(String, f64)>> {
        self.verified.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is published, with the key of this id where it is to be had.
    async fn published(&self, key: Option<&str>) -> Result<Arc<Published>, Stopped> {
        let mut published = self.published.lock().await;
        if let Some(known) = &*published
            && key.is_none_or(|id| known.keys.iter().any(|key| key.id == id))
        {
            return Ok(Arc::clone(known));
        }
        let fetched = Published::fetch(&self.client, &self.verification.configuration).await;
        let fetched = fetched.map_err(Stopped::NoKeys)?;
        Ok(Arc::clone(published.insert(Arc::new(fetched))))
    }
}

impl Flaw {
    /// What is wrong, in words.
    pub(super) const fn describe(self) -> &'static str {
        match self {
            Self::Missing => "the notification has no bearer token",
            Self::Malformed => "the token is no JSON Web Token",
            Self::Unsigned => "the token is not signed with RS256",
            Self::Signature => "the token is not signed by a published key",
            Self::Issuer => "the token is of another issuer",
            Self::Expired => "the token has expired",
            Self::NotYet => "the token is not valid yet",
            Self::Audience => "the token is for another application",
        }
    }
}

/// The seconds since 1970 (RFC 7519 section 2, `NumericDate`).
fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn claims_say_from_whom_for_whom_and_when() {
        let verification = Verification {
            configuration: "http://127.0.0.1:9/".to_owned(),
            application: "bot".to_owned(),
        };
        let guard = Guard::new(verification, None, Client::new());
        let published = Published {
            issuer: "service".to_owned(),
            keys: Vec::new(),
        };
        let now = now();
        for (name, value, flaw) in [
            ("iss", json!("service"), None),
            ("iss", json!("another"), Some(Flaw::Issuer)),
            ("iss", Value::Null, Some(Flaw::Issuer)),
            ("aud", json!(["another", "bot"]), None),
            ("aud", json!(["another"]), Some(Flaw::Audience)),
            ("aud", json!("Bot"), Some(Flaw::Audience)),
            ("aud", Value::Null, Some(Flaw::Audience)),
            ("exp", json!(now - LEEWAY / 2.0), None),
            ("exp", json!(now - LEEWAY * 2.0), Some(Flaw::Expired)),
            ("exp", json!("tomorrow"), Some(Flaw::Expired)),
            ("nbf", json!(now + LEEWAY / 2.0), None),
            ("nbf", json!(now + LEEWAY * 2.0), Some(Flaw::NotYet)),
        ] {
            let mut claims = json!({"iss": "service", "aud": "bot", "exp": now + 100.0});
            claims[name] = value;
            let found = match guard.check_claims(&claims, &published) {
                Ok(()) => None,
                Err(Stopped::Flawed(flaw)) => Some(flaw),
                Err(Stopped::NoKeys(why)) => panic!("{why}"),
            };
            assert_eq!(found, flaw, "{claims}");
        }
    }
}
