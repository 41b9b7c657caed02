//! Names: which header fields are kept, and what secrets are called.

/// The header fields whose values are kept, in lower case. Secrets inside them are still found by
/// their shape.
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
    "jwt",
    "passphrase",
    "passwd",
    "password",
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
    "signingkey",
    "subscriptionkey",
    "token",
];

/// What secrets are called in URLs and forms only: elsewhere `code` is a number of an error.
const SECRET_PARAMETER: &[&str] = &["code", "devicecode", "key", "rc", "rt"];

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

/// Whether the value of the header field (in lower case) is kept.
pub(super) fn is_kept(name: &str) -> bool {
    KEPT.contains(&name)
}

/// Whether a value of this name is a secret, wherever it stands.
pub(super) fn is_secret(name: &str) -> bool {
    let name = plain(name);
    SECRET.contains(&name.as_str()) || SECRET_ENDS.iter().any(|end| name.ends_with(end))
}

/// Whether the value of a header field that is not kept is known to be a secret.
pub(super) fn is_secret_field(name: &str) -> bool {
    is_secret(name) || plain(name).ends_with("key")
}

/// Whether a parameter of this name is a secret, in a URL or a form.
pub(super) fn is_secret_parameter(name: &str) -> bool {
    is_secret(name) || SECRET_PARAMETER.contains(&plain(name).as_str())
}

/// Whether the word is a scheme of credentials.
pub(super) fn is_scheme(word: &str) -> bool {
    SCHEMES.contains(&word.to_ascii_lowercase().as_str())
}

fn plain(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}
