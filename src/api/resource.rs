//! Parsing of a path, a `Location`, a `resource` or a `resourceUrl`.
//!
//! The pages reach the same call as `/app/calls/{id}`, `/communications/calls/{id}`, `/applications/{id}/calls/{id}`,
//! with or without `/beta` or `/v1.0` and a host in front. A [`Resource`] has no prefix.

use super::identifier;

/// A resource of the calling API, without its prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Resource {
    /// `…/calls`
    Calls,
    /// `…/calls/{call}`
    Call(String),
    /// `…/calls/{call}/operations/{operation}`
    Operation { call: String, operation: String },
    /// `…/calls/{call}/participants`
    Participants(String),
    /// `…/calls/{call}/participants/{participant}`
    Participant { call: String, participant: String },
    /// `…/calls/{call}/{action}`, such as `answer` or `participants/invite`
    Action {
        call: String,
        /// The rest of the path, without slashes at its ends.
        action: String,
    },
}

/// API versions in a prefix.
pub(crate) const VERSIONS: [&str; 2] = ["beta", "v1.0"];

impl Resource {
    /// Parses a path or an absolute URL. `None` outside of the calling API.
    ///
    /// The query is ignored. Any prefix before a `calls` segment is accepted: the contract has those of requests.
    pub(crate) fn parse(target: &str) -> Option<Self> {
        let mut segments = segments(path_of(target));
        segments.find(|segment| *segment == "calls")?;
        let Some(call) = segments.next() else {
            return Some(Self::Calls);
        };
        let call = call.to_owned();
        let rest = segments.clone();
        Some(match (segments.next(), segments.next(), segments.next()) {
            (None, ..) => Self::Call(call),
            (Some("operations"), Some(operation), None) => Self::Operation {
                call,
                operation: operation.to_owned(),
            },
            (Some("participants"), None, _) => Self::Participants(call),
            (Some("participants"), Some(participant), None)
                if !is_action_of_people(participant) =>
            {
                Self::Participant {
                    call,
                    participant: participant.to_owned(),
                }
            }
            _ => Self::Action {
                call,
                action: rest.map(unqualified).collect::<Vec<_>>().join("/"),
            },
        })
    }

    /// The call that the resource is, or belongs to.
    pub(crate) fn call(&self) -> Option<&str> {
        match self {
            Self::Calls => None,
            Self::Call(call)
            | Self::Participants(call)
            | Self::Operation { call, .. }
            | Self::Participant { call, .. }
            | Self::Action { call, .. } => Some(call),
        }
    }

    /// Compares identifiers with [`identifier::same`].
    pub(crate) fn same(&self, other: &Self) -> bool {
        let is_below = match (self, other) {
            (Self::Calls, Self::Calls)
            | (Self::Call(_), Self::Call(_))
            | (Self::Participants(_), Self::Participants(_)) => true,
            (Self::Operation { operation: one, .. }, Self::Operation { operation: it, .. })
            | (
                Self::Participant {
                    participant: one, ..
                },
                Self::Participant {
                    participant: it, ..
                },
            ) => identifier::same(one, it),
            (Self::Action { action: one, .. }, Self::Action { action: it, .. }) => one == it,
            _ => false,
        };
        is_below
            && match (self.call(), other.call()) {
                (Some(one), Some(it)) => identifier::same(one, it),
                (one, it) => one == it,
            }
    }
}

/// An action of the collection of calls, such as `logTeleconferenceDeviceQuality`: it stands where the
/// id of a call is expected. Nothing else is posted to a call itself.
pub(crate) fn collection_action<'a>(method: &str, target: &'a str) -> Option<&'a str> {
    let mut segments = segments(path_of(target));
    segments.find(|segment| *segment == "calls")?;
    let action = segments.next()?;
    let name = action_name(action);
    let is_action = method == "POST"
        && segments.next().is_none()
        && !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphabetic());
    is_action.then_some(name)
}

/// An action without its namespace: `microsoft.graph.invite` is `invite`.
pub(crate) fn action_name(segment: &str) -> &str {
    segment.rsplit('.').next().unwrap_or(segment)
}

/// The id of a call that `replacesCallId` names by its id or its path.
pub(crate) fn call_id(text: &str) -> String {
    match Resource::parse(text) {
        Some(Resource::Call(id)) => id,
        _ => text.to_owned(),
    }
}

/// The segments of a path from `calls` on, without the namespace of an action. `None` outside of the calling API.
pub(crate) fn below_prefix(target: &str) -> Option<Vec<&str>> {
    let below = segments_below_prefix(target)?;
    Some(below.into_iter().map(unqualified).collect())
}

/// The segments of a path from `calls` on, as they are spelled.
pub(crate) fn segments_below_prefix(target: &str) -> Option<Vec<&str>> {
    let below = segments(path_of(target)).skip_while(|segment| *segment != "calls");
    let below: Vec<_> = below.collect();
    (!below.is_empty()).then_some(below)
}

/// True for a segment that may be an identifier: not the name of an action or a type with its namespace, nor one of the
/// segments that every resource has, such as `$count` and `$ref` (OData 4.01 part 2 section 4).
pub(crate) fn may_be_id(segment: &str) -> bool {
    !segment.starts_with('$') && unqualified(segment).len() == segment.len()
}

/// Actions may have the namespace of their OData schema in front (OData 4.01 part 2 section 4.5.1).
const NAMESPACE: &str = "microsoft.graph.";

pub(crate) fn unqualified(segment: &str) -> &str {
    let length = NAMESPACE.len();
    match segment.get(..length) {
        Some(start) if start.eq_ignore_ascii_case(NAMESPACE) => &segment[length..],
        _ => segment,
    }
}

/// True for an action on all participants of a call.
fn is_action_of_people(segment: &str) -> bool {
    let action = unqualified(segment);
    action.len() < segment.len() || matches!(action, "invite" | "muteAll" | "configureMixer")
}

/// The path of a target: no scheme, no host, no query, no fragment.
pub(crate) fn path_of(target: &str) -> &str {
    let rest = match behind_scheme(target) {
        Some(rest) => rest.find('/').map_or("", |slash| &rest[slash..]),
        None => target,
    };
    let end = memchr::memchr2(b'?', b'#', rest.as_bytes());
    &rest[..end.unwrap_or(rest.len())]
}

/// The part of an absolute URL after `://`.
pub(crate) fn behind_scheme(target: &str) -> Option<&str> {
    if target.starts_with('/') {
        return None;
    }
    let colon = memchr::memchr(b':', target.as_bytes())?;
    let (scheme, rest) = target.split_at(colon);
    // The query of a path may contain a URL.
    let is_scheme = !scheme.contains(['/', '?', '#']);
    rest.strip_prefix("://").filter(|_| is_scheme)
}

fn segments(path: &str) -> impl Iterator<Item = &str> + Clone {
    let mut rest = path;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches('/');
        let end = memchr::memchr(b'/', rest.as_bytes()).unwrap_or(rest.len());
        let segment;
        (segment, rest) = rest.split_at(end);
        (!segment.is_empty()).then_some(segment)
    })
}

/// None for a target without a version.
pub(crate) fn version_of(target: &str) -> Option<&'static str> {
    path_of(target)
        .split('/')
        .find_map(|segment| VERSIONS.into_iter().find(|version| *version == segment))
}

/// The path of a target below its version, as printed: `/app/calls` of `/v1.0/app/calls`.
pub(crate) fn below_version(target: &str) -> &str {
    let path = path_of(target);
    let rest = version_of(path).and_then(|version| {
        let rest = path.strip_prefix('/')?.strip_prefix(version)?;
        rest.starts_with('/').then_some(rest)
    });
    rest.unwrap_or(path)
}

/// The shape of a request: its path without prefix and identifiers, so that every documented
/// spelling of one request has one shape.
///
/// `POST /beta/app/calls/1/participants/invite` is `calls/{}/participants/invite`. A path outside
/// the calling API only loses its version and its placeholders.
pub(crate) fn shape_of(target: &str) -> String {
    match Resource::parse(target) {
        Some(Resource::Calls) => "calls".to_owned(),
        Some(Resource::Call(_)) => "calls/{}".to_owned(),
        Some(Resource::Operation { .. }) => "calls/{}/operations/{}".to_owned(),
        Some(Resource::Participants(_)) => "calls/{}/participants".to_owned(),
        Some(Resource::Participant { .. }) => "calls/{}/participants/{}".to_owned(),
        Some(Resource::Action { action, .. }) => format!("calls/{{}}/{action}"),
        None => segments(path_of(target))
            .filter(|segment| !VERSIONS.contains(segment))
            .map(|segment| {
                if segment.starts_with('{') || identifier::is_guid(segment) {
                    "{}"
                } else {
                    segment
                }
            })
            .collect::<Vec<_>>()
            .join("/"),
    }
}

/// Percent-encodes the bytes of a character (RFC 3986 section 2.1).
pub(crate) fn percent_encoded(c: char) -> String {
    let mut bytes = [0; 4];
    let bytes = c.encode_utf8(&mut bytes).bytes();
    bytes.fold(String::new(), |text, byte| format!("{text}%{byte:02X}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_prefix_names_the_same_call() {
        let plain = Resource::parse("/app/calls/57DAB8B1894C409AB240BD8BEAE78896").unwrap();
        for target in [
            "/communications/calls/57dab8b1-894c-409a-b240-bd8beae78896",
            "/applications/1/calls/57dab8b1-894c-409a-b240-bd8beae78896",
            "https://graph.microsoft.com/beta/app/calls/57dab8b1-894c-409a-b240-bd8beae78896?a=b",
            "/v1.0/communications/calls/57dab8b1-894c-409a-b240-bd8beae78896/",
        ] {
            assert!(plain.same(&Resource::parse(target).unwrap()), "{target}");
        }
        assert!(!plain.same(&Resource::parse("/app/calls/1").unwrap()));
        assert_eq!(Resource::parse("/app/other/1"), None);
    }

    #[test]
    fn an_action_of_the_collection_is_no_call() {
        for (method, target, action) in [
            (
                "POST",
                "https://h/beta/communications/calls/logQuality",
                Some("logQuality"),
            ),
            (
                "POST",
                "/app/calls/microsoft.graph.logQuality?a=b",
                Some("logQuality"),
            ),
            ("GET", "/app/calls/logQuality", None),
            (
                "POST",
                "/app/calls/57dab8b1-894c-409a-b240-bd8beae78896",
                None,
            ),
            ("POST", "/app/calls/{id}", None),
            ("POST", "/app/calls/1/answer", None),
            ("POST", "/app/calls", None),
        ] {
            assert_eq!(collection_action(method, target), action, "{target}");
        }
    }

    #[test]
    fn a_path_ends_where_its_query_begins() {
        for (target, path) in [
            ("/a/b?c=https://d/e", "/a/b"),
            ("https://d/a/b?c=https://d/e#f", "/a/b"),
            ("https://d", ""),
        ] {
            assert_eq!(path_of(target), path, "{target}");
        }
    }

    #[test]
    fn one_request_has_one_shape_in_every_form() {
        for target in [
            "/app/calls/{id}/participants/invite",
            "https://graph.microsoft.com/beta/communications/calls/1/participants/invite",
            "/applications/{id}/calls/{id}/participants/invite",
            "/communications/calls/1/participants/microsoft.graph.invite",
        ] {
            assert_eq!(shape_of(target), "calls/{}/participants/invite");
        }
        assert_eq!(shape_of("/v1.0/groups/{id}/validate"), "groups/{}/validate");
    }

    #[test]
    fn the_version_is_a_segment() {
        assert_eq!(version_of("https://h/beta/app/calls"), Some("beta"));
        assert_eq!(version_of("/betamax/calls"), None);
    }
}
