//! The hosts whose traffic is read.

use std::str::FromStr;

use url::{Host, Url};

/// A host that is named to be recorded: `graph.example`, `*.example` for every name below it,
/// `127.0.0.1`, `[::1]`, each with `:PORT` where only that port is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedHost {
    /// As [`normal`] writes it; of `*.example` what stands behind the asterisk.
    name: String,
    /// Whether every name that ends so is meant.
    is_suffix: bool,
    port: Option<u16>,
}

impl NamedHost {
    /// The address of a service at this host, `https` in all cases; none where many hosts are meant.
    pub fn url(&self) -> Option<Url> {
        if self.is_suffix {
            return None;
        }
        let port = self.port.map(|it| format!(":{it}")).unwrap_or_default();
        Url::parse(&format!("https://{}{port}", self.name)).ok()
    }

    /// Whether this host, written as [`normal`] does, is meant at this port.
    pub(super) fn covers(&self, host: &str, port: u16) -> bool {
        let is_host = if self.is_suffix {
            host.ends_with(&self.name)
        } else {
            host == self.name
        };
        is_host && self.port.is_none_or(|own| own == port)
    }
}

impl FromStr for NamedHost {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((_, rest)) = text.split_once("://") {
            let host = rest.split('/').next().unwrap_or(rest);
            return Err(format!(
                "a host is a name without a scheme and a path: `{host}`"
            ));
        }
        let form = || {
            "a host is `graph.example`, `*.example` or `[::1]`, with `:PORT` or without".to_owned()
        };
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !text.ends_with(']') => {
                (host, Some(port.parse().map_err(|_| form())?))
            }
            _ => (text, None),
        };
        let (is_suffix, host) = match host.strip_prefix('*') {
            Some(rest) => (true, rest.strip_prefix('.').ok_or_else(form)?),
            None => (false, host),
        };
        let name = normal(host).ok_or_else(form)?;
        Ok(Self {
            name: if is_suffix { format!(".{name}") } else { name },
            is_suffix,
            port,
        })
    }
}

/// A host in the one form that is compared: in lower case, international names in ASCII, no dot at
/// its end, an IPv6 address in brackets. None where it is no host.
pub(super) fn normal(host: &str) -> Option<String> {
    let host = Host::parse(host.strip_suffix('.').unwrap_or(host)).ok()?;
    Some(host.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_named_with_or_without_its_port() {
        for (named, host, port, is_covered) in [
            ("Graph.Example", "graph.example", 443, true),
            ("graph.example.", "GRAPH.example.", 8443, true),
            ("graph.example:443", "graph.example", 8443, false),
            ("graph.example", "a.graph.example", 443, false),
            ("*.example", "graph.example", 443, true),
            ("*.example:1", "a.graph.example", 1, true),
            ("*.example", "example", 443, false),
            ("*.example", "myexample", 443, false),
            ("[::1]", "[0:0::1]", 443, true),
            ("[::1]:2", "[::1]", 1, false),
            ("b\u{fc}cher.example", "xn--bcher-kva.example", 443, true),
            ("127.0.0.1", "127.0.0.1", 80, true),
        ] {
            let host = normal(host).unwrap();
            let named: NamedHost = named.parse().unwrap();
            assert_eq!(named.covers(&host, port), is_covered, "{named:?} {host}");
        }
    }

    #[test]
    fn what_is_no_host_is_told() {
        let error = "https://graph.example/v1".parse::<NamedHost>().unwrap_err();
        assert!(error.contains("`graph.example`"), "{error}");
        for text in ["", "*", "*example", "a b", "h:", "h:99999", "::1", "*."] {
            assert!(text.parse::<NamedHost>().is_err(), "{text}");
        }
    }
}
