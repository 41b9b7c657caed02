//! Tokens: JSON Web Tokens (RFC 7519) as the platform makes them, and forged ones.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::key::Key;
use super::printed::OF_RFC_7515;
use crate::inject::Forgery;

/// The issuer in the tokens of notifications.
pub(crate) const ISSUER: &str = "https://graph.microsoft.com";

pub(super) const LIFETIME: Duration = Duration::from_secs(3600);

/// How long the token of a notification is reused, in seconds.
const REUSED: u64 = 60;

/// Signs the notifications of a service to one bot, as the platform does.
#[derive(Debug, Clone)]
pub(crate) struct Notifier {
    signer: Arc<Signer>,
    audience: String,
    /// An application that is not the bot.
    other: String,
    /// The last value of each kind; `None` is the genuine one.
    issued: Arc<Mutex<HashMap<Option<Forgery>, Issued>>>,
}

#[derive(Debug)]
struct Issued {
    value: String,
    /// The second from which on it is not reused.
    until: u64,
}

impl Notifier {
    pub(super) fn new(signer: Arc<Signer>, audience: String) -> Self {
        Self {
            signer,
            audience,
            other: Uuid::new_v4().to_string(),
            issued: Arc::default(),
        }
    }

    /// The value of `Authorization` for a notification that is sent now. Notifications of one minute
    /// may have the same token.
    pub(crate) fn authorization(&self) -> String {
        self.bearer(None, |now| self.signer.sign(&claims(&self.audience, now)))
    }

    /// The value of `Authorization` for a notification that the bot must refuse; none where it has
    /// no such field.
    pub(crate) fn forged(&self, forgery: Forgery) -> Option<String> {
        let bearer = |token: &dyn Fn(u64) -> String| Some(self.bearer(Some(forgery), token));
        let genuine = |now| claims(&self.audience, now);
        match forgery {
            Forgery::NoToken => None,
            Forgery::Unsigned => bearer(&|now| unsigned(&genuine(now))),
            Forgery::ForeignKey => bearer(&|now| self.signer.sign_by_another(&genuine(now))),
            Forgery::Expired => bearer(&|now| {
                let then = now.saturating_sub(LIFETIME.as_secs() * 2);
                self.signer.sign(&genuine(then))
            }),
            Forgery::OtherAudience => bearer(&|now| self.signer.sign(&claims(&self.other, now))),
        }
    }

    /// The last value of this kind, or one with a new token that is valid from now on.
    fn bearer(&self, kind: Option<Forgery>, token: impl FnOnce(u64) -> String) -> String {
        let now = now();
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = issued.get(&kind).filter(|it| now < it.until) {
            return last.value.clone();
        }
        let value = format!("Bearer {}", token(now));
        let last = Issued {
            value: value.clone(),
            until: now + REUSED,
        };
        issued.insert(kind, last);
        value
    }
}

/// The claims of a notification's token that is valid from this second on.
fn claims(audience: &str, since: u64) -> Value {
    json!({
        "aud": audience,
        "iss": ISSUER,
        "iat": since,
        "nbf": since,
        "exp": since + LIFETIME.as_secs(),
        "tid": tenant_id("common"),
    })
}

/// Signs tokens: with its own key, or with a foreign one for forged tokens.
#[derive(Debug)]
pub(super) struct Signer {
    key: Key,
    /// Read when it is needed first.
    foreign: OnceLock<Key>,
}

impl Signer {
    pub(super) const fn new(key: Key) -> Self {
        Self {
            key,
            foreign: OnceLock::new(),
        }
    }

    /// The keys that signatures are verified by (RFC 7517 section 5).
    pub(super) fn keys(&self) -> Value {
        json!({"keys": [self.key.public()]})
    }

    pub(super) fn sign(&self, claims: &Value) -> String {
        self.signed(claims, &self.key)
    }

    fn sign_by_another(&self, claims: &Value) -> String {
        let foreign = self.foreign.get_or_init(|| Key::printed(&OF_RFC_7515));
        self.signed(claims, foreign)
    }

    /// A token that names this signer's key, whatever key signs it.
    fn signed(&self, claims: &Value, by: &Key) -> String {
        let header = json!({"typ": "JWT", "alg": "RS256", "kid": self.key.id()});
        let message = format!("{}.{}", encoded(&header), encoded(claims));
        let signature = by.sign(&message);
        format!("{message}.{signature}")
    }
}

/// An unsecured token: its signature is empty (RFC 7519 section 6.1).
fn unsigned(claims: &Value) -> String {
    let header = json!({"typ": "JWT", "alg": "none"});
    format!("{}.{}.", encoded(&header), encoded(claims))
}

fn encoded(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

/// The seconds since 1970 (RFC 7519 section 2, `NumericDate`).
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

/// The id of a tenant that is named by id or by name: the same for one name on every machine.
pub(super) fn tenant_id(tenant: &str) -> String {
    let id = Uuid::parse_str(tenant).unwrap_or_else(|_| {
        let hash = Sha256::digest(tenant.to_ascii_lowercase());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    });
    id.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_has_one_id() {
        let id = "57dab8b1-894c-409a-b240-bd8beae78896";
        assert_eq!(tenant_id(&id.to_uppercase()), id);
        assert_eq!(tenant_id("Tenant.example"), tenant_id("tenant.example"));
        assert_ne!(tenant_id("common"), tenant_id("tenant.example"));
        assert!(Uuid::parse_str(&tenant_id("common")).is_ok());
    }
}
