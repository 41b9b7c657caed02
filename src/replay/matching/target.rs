//! Where a request goes: its host, its path, and the addresses that are the service's own.

use std::borrow::Cow;

use url::{Position, Url};

use crate::api::address::{authority, names_authority, percent_decoded};
use crate::api::resource;
use crate::api::resource::Resource;

/// API versions in front of a path.
const VERSIONS: [&str; 2] = ["beta", "v1.0"];

/// The resource of a path of the calling API: all its prefixes and versions name the same one. None
/// for another path, also where one of its segments is empty.
pub(in crate::replay) fn api_resource(target: &str) -> Option<Resource> {
    let path = resource::path_of(target);
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/');
    let mut next = segments.next()?;
    if VERSIONS.contains(&next) {
        next = segments.next()?;
    }
    match next {
        "app" | "communications" => next = segments.next()?,
        "applications" => {
            segments.next()?;
            next = segments.next()?;
        }
        _ => {}
    }
    let is_whole = next == "calls" && segments.all(|it| !it.is_empty());
    is_whole.then(|| Resource::parse(path)).flatten()
}

/// The path without the differences that RFC 3986 section 6.2.2 lets spellings of one path have.
pub(in crate::replay) fn normal_path(target: &str) -> Cow<'_, str> {
    let path = resource::path_of(target);
    let path = if path.is_empty() { "/" } else { path };
    if !path.contains('%') {
        return path.into();
    }
    let is_unreserved = |it: u8| it.is_ascii_alphanumeric() || b"-._~".contains(&it);
    let decoded = percent_decoded(path.as_bytes(), is_unreserved);
    String::from_utf8(decoded).map_or(path.into(), Cow::Owned)
}

/// The query of a target.
pub(in crate::replay) fn query_of(target: &str) -> &str {
    let target = target.split('#').next().unwrap_or_default();
    target.split_once('?').map_or("", |(_, query)| query)
}

/// The addresses that are those of the service in a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Own {
    authorities: Vec<String>,
    /// The path that all its targets are below, without a slash at its end.
    below: String,
}

impl Own {
    /// The service at these authorities.
    pub(in crate::replay) fn at(authorities: impl IntoIterator<Item = String>) -> Self {
        Self {
            authorities: authorities.into_iter().collect(),
            below: String::new(),
        }
    }

    /// The service below this address.
    pub(crate) fn of(service: &Url) -> Self {
        let named = &service[Position::BeforeHost..Position::AfterPort];
        Self {
            authorities: authority(Some(named), None).into_iter().collect(),
            below: service.path().trim_end_matches('/').to_owned(),
        }
    }

    /// The path with query of an address of the service, with or without a scheme; none for any other text.
    pub(in crate::replay) fn path_in<'a>(&self, text: &'a str) -> Option<&'a str> {
        let rest = after_scheme(text)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let path = rest[end..].strip_prefix(&*self.below)?;
        let is_below = path.is_empty() || path.starts_with(['/', '?', '#']);
        (is_below && self.is_at(&rest[..end])).then_some(path)
    }

    /// True if a text names a host and a port of the service.
    fn is_at(&self, named: &str) -> bool {
        let mut authorities = self.authorities.iter();
        authorities.any(|own| names_authority(named, own))
    }

    /// False for JSON in which no text is an address of the service.
    pub(crate) fn may_be_in(&self, json: &[u8]) -> bool {
        /// The most bytes of an authority that is read.
        const LONGEST: usize = 512;
        let names_it = |slashes: usize| {
            let rest = &json[slashes + 2..];
            let ends = |it: &u8| b"/?#\"".contains(it);
            let Some(end) = rest.iter().take(LONGEST).position(ends) else {
                return true;
            };
            let named = std::str::from_utf8(&rest[..end]);
            named.is_ok_and(|it| self.is_at(it))
        };
        // Its slashes may be escaped.
        memchr::memchr(b'\\', json).is_some() || memchr::memmem::find_iter(json, "//").any(names_it)
    }

    /// The text with this base in the place of the service's own address. `Link` has addresses within
    /// its value (RFC 8288 section 3).
    pub(crate) fn moved(&self, name: &str, text: &str, base: &str) -> Option<String> {
        if !name.eq_ignore_ascii_case("link") {
            return Some(format!("{base}{}", self.path_in(text)?));
        }
        let mut moved = String::with_capacity(text.len());
        let mut is_moved = false;
        for piece in text.split_inclusive('<') {
            let end = piece.find('>').unwrap_or(0);
            match self.path_in(&piece[..end]) {
                Some(path) => {
                    is_moved = true;
                    moved += base;
                    moved += path;
                    moved += &piece[end..];
                }
                None => moved += piece,
            }
        }
        is_moved.then_some(moved)
    }
}

/// The header fields of an answer whose addresses are followed.
pub(crate) const ADDRESS_FIELDS: [&str; 4] =
    ["location", "content-location", "operation-location", "link"];

pub(crate) fn is_address_field(name: &str) -> bool {
    ADDRESS_FIELDS
        .iter()
        .any(|it| name.eq_ignore_ascii_case(it))
}

/// What follows the scheme of an absolute address of HTTP, or the slashes of one that leaves the scheme out (RFC 3986
/// section 4.2).
fn after_scheme(text: &str) -> Option<&str> {
    ["http://", "https://", "//"].iter().find_map(|scheme| {
        let front = text.get(..scheme.len())?;
        let is_it = front.eq_ignore_ascii_case(scheme);
        is_it.then(|| &text[scheme.len()..])
    })
}

/// The authority of an absolute address on the machine itself.
pub(in crate::replay) fn local_authority(text: &str) -> Option<String> {
    let rest = after_scheme(text.trim_start_matches('<'))?;
    let end = rest.find(['/', '?', '#', '>']).unwrap_or(rest.len());
    let named = authority(Some(&rest[..end]), None)?;
    is_local(&named).then_some(named)
}

pub(in crate::replay) fn is_local(authority: &str) -> bool {
    let host = authority
        .rsplit_once(':')
        .map_or(authority, |(host, _)| host);
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_the_calling_api_have_other_names() {
        for (path, is_it) in [
            ("/communications/calls/1", true),
            ("/v1.0/app/calls", true),
            ("/beta/applications/7/calls/1/answer?a=b", true),
            ("/calls/1", true),
            ("/communications/calls/1/", false),
            ("/communications//calls/1", false),
            ("/v1.0/users", false),
            ("/channels/beta/calls", false),
            ("/shop/calls/1", false),
        ] {
            assert_eq!(api_resource(path).is_some(), is_it, "{path}");
        }
    }

    #[test]
    fn equivalent_paths_have_one_spelling() {
        for (one, other, is_same) in [
            ("/%7Eteam/a%2fb", "/~team/a%2Fb?x", true),
            ("/a%2Fb", "/a/b", false),
            ("/a", "/a/", false),
            ("/a//b", "/a/b", false),
            ("/%C3%BC", "/%c3%bc", true),
        ] {
            assert_eq!(
                normal_path(one) == normal_path(other),
                is_same,
                "{one} {other}"
            );
        }
    }

    #[test]
    fn own_addresses_move_and_others_stay() {
        let own = Own::at(["svc.example:81".to_owned()]);
        let moved = |name, text| own.moved(name, text, "http://h:1");
        assert_eq!(
            moved("nextLink", "HTTPS://svc.example:81?a=b").as_deref(),
            Some("http://h:1?a=b")
        );
        assert_eq!(
            moved("Location", "//SVC.example:81/a").as_deref(),
            Some("http://h:1/a")
        );
        for other in [
            "//svc.example/a",
            "http://svc.example/a",
            "/a",
            "http://svc.example:812/",
        ] {
            assert_eq!(moved("Location", other), None, "{other}");
        }
        assert_eq!(
            moved(
                "Link",
                "<http://svc.example:81/a>; rel=\"next\", <http://o/>"
            )
            .as_deref(),
            Some("<http://h:1/a>; rel=\"next\", <http://o/>")
        );
        for (json, is_it) in [
            (r#"{"a": "http://svc.example:81"}"#, true),
            (r#"{"a": "//u:p@SVC.example:81?b"}"#, true),
            (r#"{"a": "http:\/\/svc.example:81"}"#, true),
            (
                r#"{"a": "http://svc.example/", "b": "http://o//svc.example"}"#,
                false,
            ),
            ("[\"//", true),
        ] {
            assert_eq!(own.may_be_in(json.as_bytes()), is_it, "{json}");
        }
        let below = Own::of(&Url::parse("http://h:1/a/").unwrap());
        let moved = |text| below.moved("", text, "http://r");
        assert_eq!(moved("http://h:1/a/b").as_deref(), Some("http://r/b"));
        assert_eq!(moved("http://h:1/ab"), None);
        assert_eq!(
            authority(None, Some("A.example:80")).as_deref(),
            Some("a.example")
        );
    }
}
