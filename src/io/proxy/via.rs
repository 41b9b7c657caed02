//! `Via` (RFC 9110 section 7.6.3): each message that was passed on says so, and one that comes back
//! is known.

use hyper::Version;
use hyper::header::{HeaderMap, HeaderValue, VIA};

/// What this proxy calls itself.
#[derive(Debug)]
pub(super) struct Via(String);

impl Via {
    /// A name that no other proxy has, and that does not tell where this one is.
    pub(super) fn new() -> Self {
        let chance = uuid::Uuid::new_v4().simple().to_string();
        Self(format!("confcall-{}", &chance[..12]))
    }

    /// Whether a message has been passed on by this proxy before.
    pub(super) fn is_in(&self, headers: &HeaderMap) -> bool {
        headers
            .get_all(VIA)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split([',', ' ']))
            .any(|word| word == self.0)
    }

    /// Says that a message that came in this version has been passed on.
    pub(super) fn add(&self, version: Version, headers: &mut HeaderMap) {
        let version = match version {
            Version::HTTP_10 => "1.0",
            Version::HTTP_2 => "2",
            _ => "1.1",
        };
        if let Ok(value) = HeaderValue::try_from(format!("{version} {}", self.0)) {
            headers.append(VIA, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_comes_back_is_known() {
        let (own, other) = (Via::new(), Via::new());
        let mut headers = HeaderMap::new();
        other.add(Version::HTTP_2, &mut headers);
        assert!(!own.is_in(&headers));
        own.add(Version::HTTP_11, &mut headers);
        assert!(own.is_in(&headers));
        // Others may write the fields as one, and add comments.
        let joined = format!("2 {}, 1.1 {} (confcall)", other.0, own.0);
        let headers = HeaderMap::from_iter([(VIA, joined.parse().unwrap())]);
        assert!(own.is_in(&headers) && other.is_in(&headers));
    }
}
