//! Tokens, and the keys that verify them, as they are published.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::Value;

use super::PATIENCE;
use crate::http::{Client, OutgoingRequest};

/// Who issues tokens, and the keys that verify them.
#[derive(Debug)]
pub(super) struct Published {
    pub issuer: String,
    pub keys: Vec<PublicKey>,
}

/// A key, by the name that tokens give it.
#[derive(Debug)]
pub(super) struct PublicKey {
    pub id: String,
    components: RsaPublicKeyComponents<Vec<u8>>,
}

/// A token that can be read.
#[derive(Debug)]
pub(super) struct Token<'t> {
    pub header: Value,
    pub claims: Value,
    /// What is signed.
    message: &'t str,
    signature: Vec<u8>,
}

impl Published {
    /// `OpenID` Connect Discovery 1.0 section 4, RFC 7517 section 5.
    pub(super) async fn fetch(client: &Client, configuration: &str) -> Result<Self, String> {
        let configuration = get(client, configuration).await?;
        let text = |name: &str| {
            let value = configuration.get(name).and_then(Value::as_str);
            value.ok_or_else(|| format!("the OpenID configuration has no `{name}`"))
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
    /// An RSA key for signatures (RFC 7518 section 6.3.1); none for another.
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

async fn get(client: &Client, url: &str) -> Result<Value, String> {
    let request = OutgoingRequest::new("GET", url);
    let answer = client.send(request, PATIENCE).await;
    let answer = answer.map_err(|error| error.to_string())?;
    match (answer.status, answer.body.json()) {
        (200, Some(body)) => Ok(body.clone()),
        (status, _) => Err(format!("{url} was answered {status}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_token_is_not_read() {
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
