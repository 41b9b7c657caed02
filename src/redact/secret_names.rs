//! The names of secrets, and of the header fields that are kept. A new name is added here.
//!
//! A project adds further names by its [`ProjectRedaction`].

use schemars::JsonSchema;
use serde::Deserialize;

/// The header fields whose values are kept, in lower case, sorted. Secrets inside of them are still
/// found by their shape.
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

/// Names of secrets anywhere, in lower case, letters and digits only.
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

/// Endings of names of secrets: `clientSecret`, `x-auth-token`, `bot_password`.
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

/// Names of secrets in URLs and forms only: elsewhere `code` is the number of an error.
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

/// Schemes of credentials, which are kept before the pseudonym.
const SCHEMES: &[&str] = &[
    "basic",
    "bearer",
    "digest",
    "mac",
    "negotiate",
    "ntlm",
    "pop",
];

pub(super) fn is_kept(name: &str) -> bool {
    let is_lower = !name.bytes().any(|byte| byte.is_ascii_uppercase());
    let place = if is_lower {
        KEPT.binary_search(&name)
    } else {
        KEPT.binary_search(&&*name.to_ascii_lowercase())
    };
    place.is_ok()
}

pub(super) fn is_secret(name: &str) -> bool {
    let name = Plain::new(name);
    name.is_one_of(SECRET) || SECRET_ENDS.iter().any(|end| name.ends_with(end))
}

/// True if the field is secret. The values of other fields that are not kept may be known
/// elsewhere.
pub(super) fn is_secret_field(name: &str) -> bool {
    is_secret(name) || Plain::new(name).ends_with("key")
}

pub(super) fn is_secret_parameter(name: &str) -> bool {
    is_secret(name) || Plain::new(name).is_one_of(SECRET_PARAMETER)
}

pub(super) fn is_scheme(word: &[u8]) -> bool {
    SCHEMES
        .iter()
        .any(|scheme| scheme.as_bytes().eq_ignore_ascii_case(word))
}

/// The letters and digits of a name that are compared: more than any name in the lists has.
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

/// Values that are replaced or kept in addition to the built-in rules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ProjectRedaction {
    /// True if names of people are replaced: `displayName`, `userPrincipalName`, `mail` …
    pub people: bool,
    /// True if telephone numbers are replaced: E.164 anywhere, and values under `phone…`.
    pub phones: bool,
    /// True if tenants are replaced: `tenantId`, and then the same id anywhere.
    pub tenants: bool,
    /// Further names whose values are secret: of properties, parameters and header fields. Case,
    /// hyphens and the like do not matter.
    pub secret: Vec<String>,
    /// Further header fields whose values are kept.
    pub keep: Vec<String>,
}

/// Names of properties of people, in lower case, letters and digits only.
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

impl ProjectRedaction {
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

    pub(super) fn keeps(&self, field: &str) -> bool {
        self.keep
            .iter()
            .any(|kept| kept.eq_ignore_ascii_case(field))
    }

    /// True for a telephone number (E.164), if they are replaced.
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
