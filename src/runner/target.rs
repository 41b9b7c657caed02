//! The target of a session: the party that is judged, how the two sides reach each other, and the addresses
//! of requests to it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use url::Url;

use super::provider_state::StateProvider;
use super::trigger::Triggers;
use crate::api::party::Party;
use crate::http::interception::Interception;
use crate::platform::{Identity, Notifier};

/// Any free port of the loopback interface.
pub(crate) const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The party that is judged, and how it and confcall reach each other.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    /// A service is judged; confcall plays the bot.
    Service {
        url: Url,
        listen: SocketAddr,
        /// The callback that the service is given; none for the listener's own address.
        callback: Option<Url>,
        given: StateProvider,
    },
    /// A bot is judged; confcall plays the service.
    Bot {
        url: Url,
        triggers: Triggers,
        triggered: Triggered,
        listen: SocketAddr,
        /// The service's address that the bot is given; none for the listener's own.
        public: Option<Url>,
        /// Takes the bot's requests to other addresses; none where they are not taken.
        proxy: Option<Box<Proxy>>,
        /// Tokens and keys around the API; none where there are none.
        identity: Option<Arc<Identity>>,
        /// Signs the notifications; none where they bear the token of the run.
        notifier: Option<Notifier>,
    },
}

/// The requests that a bot is triggered for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Triggered {
    #[default]
    Always,
    /// The bot sends its next request after a notification, without a trigger.
    UnlessProvoked,
}

/// A forward proxy, through which a bot reaches confcall under the service's own address.
#[derive(Debug, Clone)]
pub(crate) struct Proxy {
    pub listen: SocketAddr,
    /// The hosts in whose place confcall is the service.
    pub interception: Arc<Interception>,
    /// The service's address that the bot is given.
    pub service: Url,
}

impl Target {
    pub(crate) const fn role(&self) -> Party {
        match self {
            Self::Service { .. } => Party::Service,
            Self::Bot { .. } => Party::Bot,
        }
    }

    pub(crate) const fn url(&self) -> &Url {
        match self {
            Self::Service { url, .. } | Self::Bot { url, .. } => url,
        }
    }

    /// The path below which a bot under test reaches confcall; empty for the root.
    pub(super) fn prefix(&self) -> String {
        match self {
            Self::Bot {
                public: Some(url), ..
            } => url.path().trim_end_matches('/').to_owned(),
            _ => String::new(),
        }
    }

    /// The tokens and keys that a bot under test finds around the API.
    pub(super) fn identity(&self) -> Option<Arc<Identity>> {
        match self {
            Self::Service { .. } => None,
            Self::Bot { identity, .. } => identity.clone(),
        }
    }

    pub(super) const fn notifier(&self) -> Option<&Notifier> {
        match self {
            Self::Service { .. } => None,
            Self::Bot { notifier, .. } => notifier.as_ref(),
        }
    }

    pub(super) fn proxy(&self) -> Option<&Proxy> {
        match self {
            Self::Service { .. } => None,
            Self::Bot { proxy, .. } => proxy.as_deref(),
        }
    }

    pub(super) const fn listen(&self) -> SocketAddr {
        match self {
            Self::Service { listen, .. } | Self::Bot { listen, .. } => *listen,
        }
    }

    /// The address of confcall that the target is given in the place of the listener's own.
    pub(super) const fn public(&self) -> Option<&Url> {
        match self {
            Self::Service { callback, .. } => callback.as_ref(),
            Self::Bot { public, .. } => public.as_ref(),
        }
    }

    /// The addresses that must be reachable before anything is played.
    pub(super) fn addresses(&self) -> Vec<Url> {
        let mut addresses = vec![self.url().clone()];
        if let Self::Bot { triggers, .. } = self {
            addresses.extend(triggers.addresses());
        }
        addresses
    }
}

/// The address of a request: the service's own path is the prefix, or, where it has none, the
/// page's API version.
///
/// `target` is a documented path without an API version, such as `/app/calls/1/answer`.
pub(super) fn address_of(service: &Url, api: Option<&str>, target: &str) -> String {
    let base = service.as_str().trim_end_matches('/');
    let has_path = !matches!(service.path(), "" | "/");
    match api {
        Some(api) if !has_path => format!("{base}/{api}{target}"),
        _ => format!("{base}{target}"),
    }
}

/// Compares scheme, host and port: nothing is ever sent to a host that was not named.
pub(super) fn is_same_origin(address: &str, named: &Url) -> bool {
    Url::parse(address).is_ok_and(|address| address.origin() == named.origin())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_services_own_path_is_the_prefix() {
        let at = |service: &str, api| address_of(&Url::parse(service).unwrap(), api, "/app/calls");
        assert_eq!(at("http://h:1", Some("beta")), "http://h:1/beta/app/calls");
        assert_eq!(at("http://h:1/", Some("beta")), "http://h:1/beta/app/calls");
        assert_eq!(
            at("http://h:1/v1.0", Some("beta")),
            "http://h:1/v1.0/app/calls"
        );
        assert_eq!(
            at("http://h:1/a/b/", Some("beta")),
            "http://h:1/a/b/app/calls"
        );
        assert_eq!(at("http://h:1", None), "http://h:1/app/calls");
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let named = Url::parse("http://127.0.0.1:80/callback").unwrap();
        assert!(is_same_origin("http://127.0.0.1/other", &named));
        assert!(!is_same_origin("http://127.0.0.1:81/callback", &named));
        assert!(!is_same_origin("https://127.0.0.1:80/callback", &named));
        assert!(!is_same_origin("nonsense", &named));
    }
}
