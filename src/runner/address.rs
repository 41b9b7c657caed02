//! Addresses: a documented path becomes one of the target's.

use url::Url;

/// The address of a request: the service's own path is the prefix, or, where it has none, the
/// page's API version.
///
/// `target` is a documented path without an API version, such as `/app/calls/1/answer`.
pub(super) fn request(service: &Url, api: Option<&str>, target: &str) -> String {
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
        let at = |service: &str, api| request(&Url::parse(service).unwrap(), api, "/app/calls");
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
