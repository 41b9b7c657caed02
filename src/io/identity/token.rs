//! Tokens: JSON Web Tokens (RFC 7519) as the platform makes them, and such as nobody may take.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::key::Key;
use crate::model::forgery::Forgery;

/// Who sends notifications, as their tokens say.
pub const ISSUER: &str = "https://graph.microsoft.com";

/// How long a token is valid.
pub(super) const LIFETIME: Duration = Duration::from_secs(3600);

/// Signs the notifications of a service to one bot, as the platform does.
#[derive(Debug, Clone)]
pub struct Notifier {
    signer: Arc<Signer>,
    audience: String,
}

impl Notifier {
    pub(super) const fn new(signer: Arc<Signer>, audience: String) -> Self {
        Self { signer, audience }
    }

    /// The value of `Authorization` for a notification that is sent now.
    pub fn authorization(&self) -> String {
        let token = self.signer.sign(&claims(&self.audience, now()));
        format!("Bearer {token}")
    }

    /// The value of `Authorization` for a notification that the bot must refuse; none where it has
    /// no such field. The first [`Forgery::ForeignKey`] makes a key, which takes a moment.
    pub fn forged(&self, forgery: Forgery) -> Option<String> {
        let genuine = claims(&self.audience, now());
        let token = match forgery {
            Forgery::NoToken => return None,
            Forgery::Unsigned => unsigned(&genuine),
            Forgery::ForeignKey => self.signer.sign_by_another(&genuine),
            Forgery::Expired => {
                let then = now().saturating_sub(LIFETIME.as_secs() * 2);
                self.signer.sign(&claims(&self.audience, then))
            }
            Forgery::OtherAudience => {
                let other = Uuid::new_v4().to_string();
                self.signer.sign(&claims(&other, now()))
            }
        };
        Some(format!("Bearer {token}"))
    }
}

/// What a notification's token says that is valid from this second on.
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

/// A key and its like, and what is signed with them.
#[derive(Debug)]
pub(super) struct Signer {
    key: Key,
    /// The key of somebody else, made where it is needed.
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

    /// A signed token.
    pub(super) fn sign(&self, claims: &Value) -> String {
        self.signed(claims, &self.key)
    }

    #[expect(
        clippy::expect_used,
        reason = "the system gave chance when the first key was made or read, and does so again"
    )]
    fn sign_by_another(&self, claims: &Value) -> String {
        let foreign = self.foreign.get_or_init(|| Key::fresh().expect("a key"));
        self.signed(claims, foreign)
    }

    /// A token that names this signer's key, whoever signs it.
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

/// The seconds since 1970, as tokens tell time (RFC 7519 section 2, `NumericDate`).
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
