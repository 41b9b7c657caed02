//! The names of secrets, and of the header fields that are kept. A new name is added here.
//!
//! A project adds further names by its [`Rules`].

use schemars::JsonSchema;
use serde::Deserialize;

/// The header fields whose values are kept, in lower case and in order. Secrets inside them are
/// still found by their shape.
const KEPT: &[&str] = &[
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "accept-ranges",
    "age",
    "allow",
    "cache-control",
    "client-request-id",
    "connection",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-range",
    "content-type",
    "date",
    "etag",
    "expect",
    "expires",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-unmodified-since",
    "keep-alive",
    "last-modified",
    "location",
    "max-forwards",
    "ms-cv",
    "odata-maxversion",
    "odata-version",
    "pragma",
    "prefer",
    "preference-applied",
    "range",
    "request-id",
    "retry-after",
    "scenario-id",
    "server",
    "te",
    "traceparent",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "vary",
    "via",
    "x-correlation-id",
    "x-microsoft-skype-chain-id",
    "x-microsoft-skype-message-id",
    "x-ms-correlation-id",
    "x-ms-correlation-request-id",
    "x-request-id",
];

/// What secrets are called anywhere, in lower case, letters and digits alone.
const SECRET: &[&str] = &[
    "accesskey",
    "apikey",
    "assertion",
    "authorization",
    "clientassertion",
    "cookie",
    "cookies",
    "credential",
    "credentials",
    "instrumentationkey",
    "jsessionid",
    "jwt",
    "passphrase",
    "passwd",
    "password",
    "phpsessid",
    "pin",
    "privatekey",
    "pwd",
    "secret",
    "sessionid",
    "setcookie",
    "sharedkey",
    "sig",
    "signature",
    "token",
];

/// What secrets end with: `clientSecret`, `x-auth-token`, `bot_password`.
const SECRET_ENDS: &[&str] = &[
    "accesskey",
    "accountkey",
    "apikey",
    "encryptionkey",
    "functionskey",
    "masterkey",
    "passphrase",
    "password",
    "privatekey",
    "secret",
    "signature",
    "signingkey",
    "subscriptionkey",
    "token",
];

/// What secrets are called in URLs and forms only: elsewhere `code` is a number of an error.
const SECRET_PARAMETER: &[&str] = &[
    "code",
    "devicecode",
    "hmac",
    "key",
    "otp",
    "rc",
    "rt",
    "samlresponse",
    "ticket",
];

/// The schemes of credentials that are kept before a pseudonym.
const SCHEMES: &[&str] = &[
    "basic",
    "bearer",
    "digest",
    "mac",
    "negotiate",
    "ntlm",
    "pop",
];

/// Whether the value of the header field is kept.
pub(super) fn is_kept(name: &str) -> bool {
    let is_lower = !name.bytes().any(|byte| byte.is_ascii_uppercase());
    let place = if is_lower {
        KEPT.binary_search(&name)
    } else {
        KEPT.binary_search(&&*name.to_ascii_lowercase())
    };
    place.is_ok()
}

/// Whether a value of this name is a secret, wherever it stands.
pub(super) fn is_secret(name: &str) -> bool {
    let name = Plain::new(name);
    name.is_one_of(SECRET) || SECRET_ENDS.iter().any(|end| name.ends_with(end))
}

/// Whether the value of a header field that is not kept is known to be a secret.
pub(super) fn is_secret_field(name: &str) -> bool {
    is_secret(name) || Plain::new(name).ends_with("key")
}

/// Whether a parameter of this name is a secret, in a URL or a form.
pub(super) fn is_secret_parameter(name: &str) -> bool {
    is_secret(name) || Plain::new(name).is_one_of(SECRET_PARAMETER)
}

/// Whether the word is a scheme of credentials.
pub(super) fn is_scheme(word: &[u8]) -> bool {
    SCHEMES
        .iter()
        .any(|scheme| scheme.as_bytes().eq_ignore_ascii_case(word))
}

/// How many letters and digits of a name are looked at: more than any list has.
const LOOK: usize = 24;

/// The last letters and digits of a name, in lower case.
pub(super) struct Plain {
    letters: [u8; LOOK],
    start: usize,
}

impl Plain {
    pub(super) fn new(name: &str) -> Self {
        let mut plain = Self {
            letters: [0; LOOK],
            start: LOOK,
        };
        let letters = name.bytes().rev().filter(u8::is_ascii_alphanumeric);
        for letter in letters.take(LOOK) {
            plain.start -= 1;
            plain.letters[plain.start] = letter.to_ascii_lowercase();
        }
        plain
    }

    pub(super) fn text(&self) -> &[u8] {
        &self.letters[self.start..]
    }

    pub(super) fn is_one_of(&self, names: &[&str]) -> bool {
        names.iter().any(|name| name.as_bytes() == self.text())
    }

    fn ends_with(&self, end: &str) -> bool {
        self.text().ends_with(end.as_bytes())
    }
}

/// What is replaced or kept beside what is always.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Rules {
    /// Whether names of people are replaced: `displayName`, `userPrincipalName`, `mail` …
    pub people: bool,
    /// Whether telephone numbers are replaced: E.164 anywhere, and what stands under `phone…`.
    pub phones: bool,
    /// Whether tenants are replaced: `tenantId`, and then the same id wherever it stands.
    pub tenants: bool,
    /// Further names whose values are secret: of properties, parameters and header fields. Case,
    /// hyphens and the like do not matter.
    pub secret: Vec<String>,
    /// Further header fields whose values are kept.
    pub keep: Vec<String>,
}

/// What names of people are called, in lower case, letters and digits alone.
const PEOPLE: &[&str] = &[
    "displayname",
    "email",
    "emailaddress",
    "familyname",
    "givenname",
    "mail",
    "mailnickname",
    "preferredusername",
    "surname",
    "upn",
    "userprincipalname",
];

const TENANTS: &[&str] = &["tenant", "tenantid", "tid"];

const PHONES: &[&str] = &[
    "businessphones",
    "mobilephone",
    "phone",
    "phonenumber",
    "telephonenumber",
];

impl Rules {
    /// Whether a value of this name is replaced on request.
    pub(super) fn are_about(&self, name: &str) -> bool {
        if *self == Self::default() {
            return false;
        }
        let name = Plain::new(name);
        let is_given = |secret: &String| Plain::new(secret).text() == name.text();
        (self.people && name.is_one_of(PEOPLE))
            || (self.phones && name.is_one_of(PHONES))
            || (self.tenants && name.is_one_of(TENANTS))
            || self.secret.iter().any(is_given)
    }

    /// Whether the value of the header field is kept on request.
    pub(super) fn keeps(&self, field: &str) -> bool {
        self.keep
            .iter()
            .any(|kept| kept.eq_ignore_ascii_case(field))
    }

    /// Whether a word is a telephone number that is replaced on request (E.164).
    pub(super) fn is_phone(&self, word: &str) -> bool {
        self.phones
            && word.strip_prefix('+').is_some_and(|digits| {
                matches!(digits.len(), 7..=15) && digits.bytes().all(|b| b.is_ascii_digit())
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_fields_are_found_in_any_case() {
        assert!(KEPT.is_sorted());
        for kept in KEPT {
            assert!(
                is_kept(kept) && is_kept(&kept.to_ascii_uppercase()),
                "{kept}"
            );
        }
        assert!(!is_kept("") && !is_kept("authorization") && !is_kept("X-Api-Key"));
    }
}
