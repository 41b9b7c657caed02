//! The platform around the API: a token endpoint, discovery, keys, signed notifications.
//!
//! For: a bot under test that needs no change. It gets its tokens as in production, and verifies the tokens of
//! notifications by the keys that this module publishes. Not for: judging. Requests to the platform
//! belong to no conversation.
//!
//! An [`Identity`] answers below [`LOGIN`] on confcall's own address. If requests to the hosts of the platform are
//! intercepted, it answers the same paths there, without that prefix. A [`Notifier`] signs notifications.

mod discovery;
mod grant;
mod key;
mod printed;
mod token;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

#[cfg(test)]
pub(crate) use self::token::ISSUER;
pub(crate) use self::token::Notifier;

use self::grant::Version;
use self::key::Key;
use self::printed::OF_RFC_7516;
use self::token::Signer;
use crate::api::resource;
use crate::diagnostic::render;
use crate::http::message::{Body, Headers, Request, Response};
use crate::http::tls::AuthorityError;

/// The first segment of the paths on confcall's own address.
pub(crate) const LOGIN: &str = "login";

/// The hosts that give tokens, and those that publish who signs notifications.
const HOSTS: [&str; 10] = [
    "login.microsoftonline.com",
    "login.microsoft.com",
    "login.windows.net",
    "sts.windows.net",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "login.chinacloudapi.cn",
    "api.aps.skype.com",
    "api.botframework.com",
    "login.botframework.com",
];

/// Tokens, discovery and keys, with one key.
#[derive(Debug)]
pub(crate) struct Identity {
    key: KeySource,
}

#[derive(Debug)]
enum KeySource {
    /// In a folder, made when it is needed first.
    Folder(PathBuf, Mutex<Option<Arc<Signer>>>),
    /// A key that an RFC prints.
    Printed(Arc<Signer>),
}

/// The endpoints, with the tenant where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Endpoint<'a> {
    Token(&'a str, Version),
    Configuration(&'a str, Version),
    Notifications,
    Keys,
    Instance,
}

impl Identity {
    /// One whose key is kept in this folder, beside that of the local authority.
    pub(crate) const fn new(folder: PathBuf) -> Self {
        Self {
            key: KeySource::Folder(folder, Mutex::new(None)),
        }
    }

    /// One for the built-in bot, and the signer of notifications to it: with a key that an RFC prints,
    /// so that none has to be made or kept. Its signatures prove nothing.
    pub(crate) fn printed(application: impl Into<String>) -> (Self, Notifier) {
        let signer = Arc::new(Signer::new(Key::printed(&OF_RFC_7516)));
        let notifier = Notifier::new(Arc::clone(&signer), application.into());
        let key = KeySource::Printed(signer);
        (Self { key }, notifier)
    }

    /// The signer of notifications to the bot of this application id. Makes the key where there is
    /// none, which takes a while.
    pub(crate) fn notifier(
        &self,
        application: impl Into<String>,
    ) -> Result<Notifier, AuthorityError> {
        Ok(Notifier::new(self.signer()?, application.into()))
    }

    /// True for a request to one of the endpoints, which is part of no conversation. `base` is that of
    /// [`base_of`].
    pub(crate) fn takes(request: &Request, base: &str) -> bool {
        mount(request, base).is_some()
    }

    /// The answer to a request that it takes; none to another. `base` is that of [`base_of`].
    ///
    /// It may make a key, or wait for one, which takes a while: not for a thread that others wait
    /// for. A key that cannot be had is answered with 500 and the reason.
    pub(crate) fn answer(&self, request: &Request, base: &str) -> Option<Response> {
        let (base, path) = mount(request, base)?;
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let Some(endpoint) = endpoint(&segments) else {
            let why = format!("no resource exists at {path}");
            return Some(refusal(404, "not_found", &why));
        };
        let methods: &[&str] = match endpoint {
            Endpoint::Token(..) => &["POST"],
            _ => &["GET", "HEAD"],
        };
        if !methods.contains(&request.method.as_str()) {
            let allowed = methods.join(", ");
            let why = format!("{path} allows only {allowed}");
            let mut response = refusal(405, "invalid_request", &why);
            response.headers.push("Allow", allowed);
            return Some(response);
        }
        Some(self.respond(endpoint, request, &base))
    }

    fn respond(&self, endpoint: Endpoint<'_>, request: &Request, base: &str) -> Response {
        let no_key = |error: AuthorityError| refusal(500, "server_error", &render(&error));
        let found = match endpoint {
            Endpoint::Configuration(tenant, version) => discovery::tenant(base, tenant, version),
            Endpoint::Notifications => discovery::notifications(base),
            Endpoint::Instance => {
                let query = request
                    .target
                    .split_once('?')
                    .map_or("", |(_, query)| query);
                let Some(found) = discovery::instance(base, query) else {
                    let why =
                        "`authorization_endpoint` is not an address with a tenant in its path";
                    return refusal(400, "invalid_request", why);
                };
                found
            }
            Endpoint::Keys => match self.signer() {
                Ok(signer) => signer.keys(),
                Err(error) => return no_key(error),
            },
            Endpoint::Token(tenant, version) => {
                let issuer = discovery::issuer(base, tenant, version);
                return match self.signer() {
                    Ok(signer) => grant::answer(request, &signer, version, tenant, &issuer),
                    Err(error) => no_key(error),
                };
            }
        };
        json_response(200, found)
    }

    fn signer(&self) -> Result<Arc<Signer>, AuthorityError> {
        let (folder, signer) = match &self.key {
            KeySource::Folder(folder, signer) => (folder, signer),
            KeySource::Printed(signer) => return Ok(Arc::clone(signer)),
        };
        let mut signer = signer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(signer) = &*signer {
            return Ok(Arc::clone(signer));
        }
        let opened = Arc::new(Signer::new(Key::open(folder)?));
        Ok(Arc::clone(signer.insert(opened)))
    }
}

fn endpoint<'a>(segments: &[&'a str]) -> Option<Endpoint<'a>> {
    use Version::{V1, V2};
    Some(match segments {
        // No tenant has this name: it is the older address of the signer of notifications.
        ["v1", ".well-known", name] if name.eq_ignore_ascii_case("OpenIdConfiguration") => {
            Endpoint::Notifications
        }
        [_, "discovery", "instance"] => Endpoint::Instance,
        ["", ..] => return None,
        [tenant, "oauth2", "token"] => Endpoint::Token(tenant, V1),
        [tenant, "oauth2", "v2.0", "token"] => Endpoint::Token(tenant, V2),
        [tenant, ".well-known", "openid-configuration"] => Endpoint::Configuration(tenant, V1),
        [tenant, "v2.0", ".well-known", "openid-configuration"] => {
            Endpoint::Configuration(tenant, V2)
        }
        ["v1", ".well-known", "keys"]
        | [_, "discovery", "keys"]
        | [_, "discovery", "v2.0", "keys"] => Endpoint::Keys,
        _ => return None,
    })
}

/// The address under which a client reached confcall, scheme and authority: that of its request, else
/// `public`, the address that it was given, which may have a path.
///
/// The hosts of the platform are reached by `https` whatever brought their requests here.
pub(crate) fn base_of(request: &Request, public: &str) -> String {
    let public = public.trim_end_matches('/');
    let scheme = public
        .split_once("://")
        .map_or("http", |(scheme, _)| scheme);
    let authority = match resource::behind_scheme(&request.target) {
        Some(rest) => rest.split(['/', '?']).next(),
        None => request.headers.get("host"),
    };
    match authority {
        Some(authority) if is_of_platform(authority) => {
            format!("https://{}", authority.to_ascii_lowercase())
        }
        Some(authority) if !has_path(public) => format!("{scheme}://{authority}"),
        _ => public.to_owned(),
    }
}

/// An address with a path is that of a reverse proxy, which knows its authority.
fn has_path(address: &str) -> bool {
    resource::path_of(address).len() > 1
}

/// The address below which the endpoints are, and the path below it; none where a request is for
/// something else.
fn mount<'a>(request: &'a Request, base: &str) -> Option<(String, &'a str)> {
    let path = resource::path_of(&request.target);
    if is_of_platform(authority_of(base)) {
        return Some((base.to_owned(), path));
    }
    let below = path.strip_prefix('/')?.strip_prefix(LOGIN)?;
    (below.is_empty() || below.starts_with('/')).then(|| (format!("{base}/{LOGIN}"), below))
}

fn authority_of(address: &str) -> &str {
    let rest = resource::behind_scheme(address).unwrap_or(address);
    rest.split('/').next().unwrap_or(rest)
}

fn is_of_platform(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, "443" | "80" | "")) => host,
        _ => authority,
    };
    HOSTS.iter().any(|it| it.eq_ignore_ascii_case(host))
}

fn refusal(status: u16, error: &str, description: &str) -> Response {
    json_response(
        status,
        json!({"error": error, "error_description": description}),
    )
}

fn json_response(status: u16, body: Value) -> Response {
    Response {
        status,
        headers: Headers::from_iter([("Content-Type", "application/json")]),
        body: Body::Json(body),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request_to(target: &str, host: &str) -> Request {
        Request {
            method: "GET".into(),
            target: target.into(),
            headers: Headers::from_iter([("Host", host)]),
            body: Body::Empty,
        }
    }

    #[test]
    fn a_base_is_what_the_client_used() {
        let own = "http://127.0.0.1:8080";
        for (target, host, public, base) in [
            ("/login/x", "localhost:8080", own, "http://localhost:8080"),
            ("/login/x", "b:1", "https://a/", "https://b:1"),
            ("/login/x", "b:1", "https://a/c/", "https://a/c"),
            (
                "/x",
                "Login.MicrosoftOnline.com",
                own,
                "https://login.microsoftonline.com",
            ),
            (
                "http://sts.windows.net/x",
                "other",
                own,
                "https://sts.windows.net",
            ),
            (
                "/x",
                "api.aps.skype.com",
                "https://a/c/",
                "https://api.aps.skype.com",
            ),
        ] {
            assert_eq!(
                base_of(&request_to(target, host), public),
                base,
                "{target} {host}"
            );
        }
    }

    #[test]
    fn what_is_for_it_is_distinguished_from_what_is_not() {
        for (target, base, is_it) in [
            ("/login/t/oauth2/token", "http://a:1", true),
            ("/login", "http://a:1", true),
            ("/logins/t", "http://a:1", false),
            ("/beta/app/calls/login", "http://a:1", false),
            ("/t/oauth2/token", "http://a:1", false),
            ("/anything", "https://login.microsoftonline.com", true),
            ("/anything", "https://login.microsoftonline.com:443", true),
            ("/beta/app/calls", "https://graph.microsoft.com", false),
        ] {
            let request = request_to(target, "x");
            assert_eq!(Identity::takes(&request, base), is_it, "{target} {base}");
        }
    }

    #[test]
    fn a_path_asks_for_one_thing() {
        use Version::{V1, V2};
        for (path, wanted) in [
            ("t/oauth2/v2.0/token", Some(Endpoint::Token("t", V2))),
            ("t/oauth2/token", Some(Endpoint::Token("t", V1))),
            (
                "t/v2.0/.well-known/openid-configuration",
                Some(Endpoint::Configuration("t", V2)),
            ),
            (
                "t/.well-known/openid-configuration",
                Some(Endpoint::Configuration("t", V1)),
            ),
            (
                "v1/.well-known/OpenIdConfiguration",
                Some(Endpoint::Notifications),
            ),
            (
                "v1/.well-known/openidconfiguration",
                Some(Endpoint::Notifications),
            ),
            ("v1/.well-known/keys", Some(Endpoint::Keys)),
            ("common/discovery/v2.0/keys", Some(Endpoint::Keys)),
            ("t/discovery/keys", Some(Endpoint::Keys)),
            ("common/discovery/instance", Some(Endpoint::Instance)),
            ("t/oauth2/v2.0/authorize", None),
            ("/oauth2/token", None),
            ("", None),
        ] {
            let segments: Vec<&str> = path.split('/').collect();
            assert_eq!(endpoint(&segments), wanted, "{path}");
        }
    }
}
