//! `Via` (RFC 9110 section 7.6.3): each message that was passed on says so, and one that comes back
//! is known.

use hyper::Version;
use hyper::header::{HeaderMap, HeaderValue, VIA};

/// What this proxy calls itself.
#[derive(Debug)]
pub(super) struct Via {
    name: String,
    /// What is said of messages in HTTP/1.0, HTTP/1.1 and HTTP/2.
    said: [HeaderValue; 3],
}

impl Via {
    /// A name that no other proxy has, and that does not tell where this one is.
    pub(super) fn new() -> Self {
        let chance = uuid::Uuid::new_v4().simple().to_string();
        let name = format!("confcall-{}", &chance[..12]);
        let said = ["1.0", "1.1", "2"].map(|version| {
            match HeaderValue::try_from(format!("{version} {name}")) {
                Ok(value) => value,
                Err(error) => unreachable!("letters, digits and dots: {error}"),
            }
        });
        Self { name, said }
    }

    /// Whether a message has been passed on by this proxy before.
    pub(super) fn is_in(&self, headers: &HeaderMap) -> bool {
        headers
            .get_all(VIA)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split([',', ' ']))
            .any(|word| word == self.name)
    }

    /// Says that a message that came in this version has been passed on.
    pub(super) fn add(&self, version: Version, headers: &mut HeaderMap) {
        let [one_zero, one_one, two] = &self.said;
        let said = match version {
            Version::HTTP_10 => one_zero,
            Version::HTTP_2 => two,
            _ => one_one,
        };
        headers.append(VIA, said.clone());
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
        let joined = format!("2 {}, 1.1 {} (confcall)", other.name, own.name);
        let headers = HeaderMap::from_iter([(VIA, joined.parse().unwrap())]);
        assert!(own.is_in(&headers) && other.is_in(&headers));
    }
}
