//! Verification of the token of a notification, by published keys.
//!
//! A token is a JSON Web Token (RFC 7519) signed with RS256 (RFC 7515, RFC 7518 section 3.3). An
//! `OpenID` configuration names its issuer and the address of the keys. Both are fetched when they are first
//! needed, and again for a token that names an unknown key.

use std::sync::{Arc, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::Value;

use super::TIMEOUT;
use crate::http::message::Headers;
use crate::http::{Client, OutgoingRequest, SendError};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verification {
    /// URL of the issuer's `OpenID` configuration.
    pub configuration: String,
    /// The bot's application id, the audience of the tokens.
    pub application: String,
}

/// The largest difference between the clocks of issuer and bot, in seconds.
const LEEWAY: f64 = 60.0;

#[derive(Debug)]
pub(super) struct TokenVerifier {
    verification: Verification,
    overlooked: Option<Flaw>,
    client: Client,
    published: tokio::sync::Mutex<Option<Arc<Published>>>,
    /// The last verified token, and its expiry in seconds since 1970. Many notifications have the same token.
    verified: std::sync::Mutex<Option<(String, f64)>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Flaw {
    #[error("the notification has no bearer token")]
    Missing,
    #[error("the token is not a JSON Web Token")]
    Malformed,
    #[error("the token is not signed with RS256")]
    Unsigned,
    #[error("the token is not signed by a published key")]
    Signature,
    #[error("the token has another issuer")]
    Issuer,
    #[error("the token has expired")]
    Expired,
    #[error("the token is not valid yet")]
    NotYet,
    #[error("the token is for another application")]
    Audience,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum VerificationError {
    #[error(transparent)]
    Flaw(#[from] Flaw),
    #[error("no keys: {0}")]
    Keys(#[from] KeysError),
}

#[derive(Debug, thiserror::Error)]
pub(super) enum KeysError {
    #[error(transparent)]
    Send(#[from] SendError),
    #[error("the response of {url} is {status}")]
    Answer { url: String, status: u16 },
    #[error("the OpenID configuration has no `{0}`")]
    Property(&'static str),
}

impl TokenVerifier {
    pub(super) fn new(
        verification: Verification,
        overlooked: Option<Flaw>,
        client: Client,
    ) -> Self {
        Self {
            verification,
            overlooked,
            client,
            published: tokio::sync::Mutex::default(),
            verified: std::sync::Mutex::default(),
        }
    }

    /// Accepts a token from the issuer for this bot.
    pub(super) async fn check(&self, headers: &Headers) -> Result<(), VerificationError> {
        let Some(text) = headers.get("Authorization").and_then(bearer) else {
            return self.unless_overlooked(Flaw::Missing);
        };
        if self.was_verified(text) {
            return Ok(());
        }
        let token = Token::read(text).ok_or(Flaw::Malformed)?;
        let published = self.check_signature(&token).await?;
        self.check_claims(&token.claims, &published)?;
        if let Some(end) = token.claims.get("exp").and_then(Value::as_f64) {
            *self.last_verified() = Some((text.to_owned(), end));
        }
        Ok(())
    }

    async fn check_signature(
        &self,
        token: &Token<'_>,
    ) -> Result<Arc<Published>, VerificationError> {
        let text = |name: &str| token.header.get(name).and_then(Value::as_str);
        // No critical extension is supported (RFC 7515 section 4.1.11).
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
    fn check_claims(&self, claims: &Value, published: &Published) -> Result<(), VerificationError> {
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

    fn unless_overlooked(&self, flaw: Flaw) -> Result<(), VerificationError> {
        if self.overlooked == Some(flaw) {
            Ok(())
        } else {
            Err(flaw.into())
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

    /// The published keys. They are fetched again for a key id that is not among them.
    async fn published(&self, key: Option<&str>) -> Result<Arc<Published>, VerificationError> {
        let mut published = self.published.lock().await;
        if let Some(cached) = &*published
            && key.is_none_or(|id| cached.keys.iter().any(|key| key.id == id))
        {
            return Ok(Arc::clone(cached));
        }
        let fetched = Published::fetch(&self.client, &self.verification.configuration).await;
        Ok(Arc::clone(published.insert(Arc::new(fetched?))))
    }
}

#[derive(Debug)]
pub(super) struct Published {
    pub issuer: String,
    pub keys: Vec<PublicKey>,
}

/// A key and its id in tokens.
#[derive(Debug)]
pub(super) struct PublicKey {
    pub id: String,
    components: RsaPublicKeyComponents<Vec<u8>>,
}

#[derive(Debug)]
pub(super) struct Token<'t> {
    pub header: Value,
    pub claims: Value,
    /// The signed part.
    message: &'t str,
    signature: Vec<u8>,
}

impl Published {
    /// Fetches the configuration and the keys (`OpenID` Connect Discovery 1.0 section 4, RFC 7517 section 5).
    pub(super) async fn fetch(client: &Client, configuration: &str) -> Result<Self, KeysError> {
        let configuration = get(client, configuration).await?;
        let text = |name: &'static str| {
            let value = configuration.get(name).and_then(Value::as_str);
            value.ok_or(KeysError::Property(name))
        };
        let set = get(client, text("jwks_uri")?).await?;
        let keys = set.get("keys").and_then(Value::as_array);
        Ok(Self {
            issuer: text("issuer")?.to_owned(),
            keys: keys
                .into_iter()
                .flatten()
                .filter_map(PublicKey::read)
                .collect(),
        })
    }
}

impl PublicKey {
    /// Reads an RSA key for signatures (RFC 7518 section 6.3.1).
    fn read(key: &Value) -> Option<Self> {
        let text = |name: &str| key.get(name).and_then(Value::as_str);
        let number = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
        let is_for_signatures = text("use").is_none_or(|it| it == "sig");
        (text("kty") == Some("RSA") && is_for_signatures).then_some(())?;
        Some(Self {
            id: text("kid")?.to_owned(),
            components: RsaPublicKeyComponents {
                n: number("n")?,
                e: number("e")?,
            },
        })
    }

    pub(super) fn has_signed(&self, token: &Token<'_>) -> bool {
        let message = token.message.as_bytes();
        let algorithm = &RSA_PKCS1_2048_8192_SHA256;
        let verified = self.components.verify(algorithm, message, &token.signature);
        verified.is_ok()
    }
}

impl<'t> Token<'t> {
    /// The compact serialization (RFC 7515 section 7.1).
    pub(super) fn read(text: &'t str) -> Option<Self> {
        let (message, signature) = text.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let json = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
        Some(Self {
            header: json(header)?,
            claims: json(claims)?,
            message,
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }
}

/// The token of a `Bearer` authorization (RFC 6750 section 2.1).
pub(super) fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

async fn get(client: &Client, url: &str) -> Result<Value, KeysError> {
    let request = OutgoingRequest::new("GET", url);
    let answer = client.send(request, TIMEOUT).await?;
    match (answer.status, answer.body.json()) {
        (200, Some(body)) => Ok(body.clone()),
        (status, _) => Err(KeysError::Answer {
            url: url.to_owned(),
            status,
        }),
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
    fn issuer_audience_and_times_are_checked() {
        let verification = Verification {
            configuration: "http://127.0.0.1:9/".to_owned(),
            application: "bot".to_owned(),
        };
        let verifier = TokenVerifier::new(verification, None, Client::new());
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
            let found = match verifier.check_claims(&claims, &published) {
                Ok(()) => None,
                Err(VerificationError::Flaw(flaw)) => Some(flaw),
                Err(VerificationError::Keys(error)) => panic!("{error}"),
            };
            assert_eq!(found, flaw, "{claims}");
        }
    }

    #[test]
    fn other_text_is_not_read_as_a_token() {
        for text in [
            "",
            "a",
            "a.b",
            "a.b.c",
            "e30.e30",
            "e30.e30.!",
            "e30.e30.e30.e30",
        ] {
            assert!(Token::read(text).is_none(), "{text}");
        }
        assert!(Token::read("e30.e30.").is_some());
        for (authorization, token) in [
            ("Bearer a.b.c", Some("a.b.c")),
            ("bearer  a", Some("a")),
            ("Basic a", None),
            ("Bearer", None),
        ] {
            assert_eq!(bearer(authorization), token, "{authorization}");
        }
    }
}
