//! Rules: what a project wants replaced beyond secrets, and which header fields it wants kept.

use schemars::JsonSchema;
use serde::Deserialize;

use super::names::Plain;

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
