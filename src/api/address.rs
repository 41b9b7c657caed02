//! Decides whether two spellings are one address, by RFC 3986 section 6.2.2 and by the characters that clients encode
//! before they send.

use std::fmt::Write as _;

use url::{Host, Url};

use super::resource::{behind_scheme, path_of};

/// The path and the query of a URL or a target, in the spelling that all equivalent ones share: only what needs it is
/// percent-encoded, with capital digits, and a path has no dot segments.
pub(crate) fn path_and_query(target: &str) -> String {
    let path = path_of(target);
    let path = if path.is_empty() && behind_scheme(target).is_some() {
        "/".to_owned()
    } else {
        without_dots(encoded(path))
    };
    let target = target.split('#').next().unwrap_or_default();
    match target.split_once('?') {
        Some((_, query)) => format!("{path}?{}", encoded(query)),
        None => path,
    }
}

/// The text with the same encoding of each character. A client can only send the characters of a URL as they are.
fn encoded(text: &str) -> String {
    let is_plain = |it: u8| it.is_ascii_alphanumeric() || b"-._~'".contains(&it);
    let bytes = percent_decoded(text.as_bytes(), is_plain);
    let mut normal = String::with_capacity(bytes.len());
    for byte in bytes {
        let is_of_url = byte.is_ascii_graphic() && !br#""<>\^`{|}"#.contains(&byte);
        if is_of_url {
            normal.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(normal, "%{byte:02X}");
        }
    }
    normal
}

/// A path without the segments `.` and `..`, as clients send it.
fn without_dots(path: String) -> String {
    if !path.contains("/.") || !path.starts_with('/') {
        return path;
    }
    let resolved = Url::parse(&format!("http://host{path}"));
    resolved.map_or(path, |url| url.path().to_owned())
}

/// The bytes of a text whose percent-encoding is read where the octet is to be decoded; the digits of the rest are capital.
pub(crate) fn percent_decoded(bytes: &[u8], is_decoded: impl Fn(u8) -> bool) -> Vec<u8> {
    let digit = |at: usize| char::from(*bytes.get(at)?).to_digit(16);
    let mut read = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let coded = (*byte == b'%').then(|| Some(digit(at + 1)? * 16 + digit(at + 2)?));
        match coded.flatten().and_then(|it| u8::try_from(it).ok()) {
            Some(octet) if is_decoded(octet) => {
                read.push(octet);
                at += 3;
            }
            Some(_) => {
                read.extend(bytes[at..at + 3].to_ascii_uppercase());
                at += 3;
            }
            None => {
                read.push(*byte);
                at += 1;
            }
        }
    }
    read
}

/// True for an `http` or `https` URL with a host.
pub(crate) fn is_absolute(url: &str) -> bool {
    let is_web = |url: Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    let is_rooted = behind_scheme(url).is_some_and(|rest| !rest.starts_with('/'));
    is_rooted && Url::parse(url).is_ok_and(is_web)
}

/// True for URLs of the same host and port. The names of the machine itself are one host.
pub(crate) fn is_same_place(one: &Url, other: &Url) -> bool {
    let place = |url: &Url| {
        let host = match url.host() {
            Some(Host::Ipv4(it)) if it.is_loopback() => None,
            Some(Host::Ipv6(it)) if it.is_loopback() => None,
            Some(Host::Domain("localhost")) => None,
            host => Some(host.map(|it| it.to_string())),
        };
        (host, url.port_or_known_default())
    };
    place(one) == place(other)
}

/// The host and the port of a request, in small letters: of its target, else of `Host`.
pub(crate) fn authority(target: Option<&str>, host: Option<&str>) -> Option<String> {
    let named = without_default(target.or(host)?).to_ascii_lowercase();
    Some(named).filter(|it| !it.is_empty())
}

/// True if a text names this host and port, which are as [`authority`] has them.
pub(crate) fn names_authority(text: &str, authority: &str) -> bool {
    without_default(text).eq_ignore_ascii_case(authority)
}

/// The host and the port without what may be left out: who asks, and the port of the scheme.
fn without_default(named: &str) -> &str {
    let named = named.rsplit('@').next().unwrap_or_default();
    let bare = named
        .strip_suffix(":80")
        .or_else(|| named.strip_suffix(":443"));
    bare.unwrap_or(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equivalent_addresses_have_one_spelling() {
        for (one, other, is_same) in [
            ("https://bot/api?n=Zo\u{eb}", "/api?n=Zo%C3%AB", true),
            ("/api?n=a b", "/api?n=a%20b", true),
            ("/a%2fb/%7eteam?c=%2f", "/a%2Fb/~team?c=%2F", true),
            ("/a?it's", "/a?it%27s", true),
            ("https://bot", "/", true),
            ("https://bot?a=b", "/?a=b", true),
            ("/a/../b/./c", "/b/c", true),
            ("/a/%2E%2E/b", "/b", true),
            ("/.well-known/..a", "/.well-known/..a", true),
            ("/a?b=c#d", "/a?b=c", true),
            ("/a?b=../c", "/a?b=c", false),
            ("/a%2Fb", "/a/b", false),
            ("/a?b=c+d", "/a?b=c%20d", false),
            ("/a?b=1%262", "/a?b=1&2", false),
            ("/a?", "/a", false),
            ("/A", "/a", false),
            ("/a%", "/a%25", false),
        ] {
            assert_eq!(
                path_and_query(one) == path_and_query(other),
                is_same,
                "{one} {other}"
            );
        }
    }

    #[test]
    fn an_absolute_url_has_a_host() {
        for (url, is_it) in [
            ("https://bot.example/callback", true),
            ("HTTP://127.0.0.1:3978", true),
            ("not a uri", false),
            ("/callback", false),
            ("bot.example/callback", false),
            ("https:///callback", false),
            ("https://:443/callback", false),
            ("https:bot.example", false),
            ("ftp://bot.example", false),
            ("", false),
        ] {
            assert_eq!(is_absolute(url), is_it, "{url}");
        }
    }

    #[test]
    fn the_names_of_the_own_machine_are_one_place() {
        for (one, other, is_same) in [
            ("http://127.0.0.1:80/a", "http://localhost/b?c=d", true),
            ("http://[::1]:3978", "http://127.0.0.1:3978", true),
            ("https://Bot.example/a", "https://bot.example:443/b", true),
            ("http://127.0.0.1:3978/a", "http://127.0.0.1:9/a", false),
            ("https://bot.example/a", "https://other.example/a", false),
        ] {
            let url = |text| Url::parse(text).unwrap();
            assert_eq!(
                is_same_place(&url(one), &url(other)),
                is_same,
                "{one} {other}"
            );
        }
    }
}
