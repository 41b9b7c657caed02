//! Values as users write them, on the command line and in `confcall.toml`: durations, sizes, URLs
//! and addresses to listen on.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use jiff::SignedDuration;
use url::{Position, Url};

use crate::report::ReportKind;

/// A malformed value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    #[error("expected a duration: a number with a unit, such as `500ms`, `3s` or `2m`")]
    Duration,
    #[error("expected a size: a number of bytes, `KiB` or `MiB`, such as `1MiB`")]
    Size,
    #[error("the URL has no scheme; did you mean `http://{0}`?")]
    NoScheme(String),
    #[error(transparent)]
    Url(#[from] url::ParseError),
    #[error("`{0}` is neither `http` nor `https`")]
    OtherScheme(String),
    #[error("the URL has a fragment (`#…`), which is never sent; remove it")]
    Fragment,
    #[error("paths are appended to the address, so it must not have a query (`?…`); remove it")]
    Query,
    #[error("the address has credentials, which are never sent; remove what is before the `@`")]
    Credentials,
    #[error("the address must not have credentials or a path: `{0}`")]
    NoOrigin(String),
    #[error("expected an IP address and a port, such as `127.0.0.1:8080`, or only a port")]
    Address,
    #[error("expected `create`, `assume` or the URL of a hook, `http://…`")]
    Given,
    #[error("expected a kind and a file: {}", ReportKind::listed("or", |kind| format!("`{kind}=FILE`")))]
    Report,
    #[error(
        "unknown report kind `{0}`; expected one of {kinds}",
        kinds = ReportKind::listed("and", |kind| format!("`{kind}`"))
    )]
    ReportKind(String),
}

/// Reads a duration: `500ms`, `3s`, `1.5s`, `2m`, or `0`.
pub(crate) fn duration(text: &str) -> Result<Duration, ValueError> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let duration: SignedDuration = text.parse().map_err(|_| ValueError::Duration)?;
    duration.try_into().map_err(|_| ValueError::Duration)
}

/// Reads a size in bytes: `1MiB`, `512KiB`, or a number of bytes.
pub(crate) fn size(text: &str) -> Result<usize, ValueError> {
    let (digits, unit) = if let Some(digits) = text.strip_suffix("KiB") {
        (digits, 1024)
    } else if let Some(digits) = text.strip_suffix("MiB") {
        (digits, 1024 * 1024)
    } else {
        (text, 1)
    };
    let number: usize = digits.parse().map_err(|_| ValueError::Size)?;
    number.checked_mul(unit).ok_or(ValueError::Size)
}

/// Reads the address of another party: an absolute `http` or `https` URL.
pub(crate) fn url(text: &str) -> Result<Url, ValueError> {
    if !text.contains("://") {
        return Err(ValueError::NoScheme(text.to_owned()));
    }
    let url = Url::parse(text)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(ValueError::OtherScheme(url.scheme().to_owned()));
    }
    if url.fragment().is_some() {
        return Err(ValueError::Fragment);
    }
    Ok(url)
}

/// Reads the address of a service: a URL to which paths are appended.
pub(crate) fn base(text: &str) -> Result<Url, ValueError> {
    let url = url(text)?;
    if url.query().is_some() {
        return Err(ValueError::Query);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(ValueError::Credentials);
    }
    Ok(url)
}

/// Reads an address without credentials and path, to which paths are appended.
pub(crate) fn origin(text: &str) -> Result<Url, ValueError> {
    let url = url(text)?;
    let address = &url[Position::BeforeHost..Position::BeforePath];
    let origin = format!("{}://{address}", url.scheme());
    if url.as_str() != format!("{origin}/") {
        return Err(ValueError::NoOrigin(origin));
    }
    Ok(url)
}

/// Reads where to listen: `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`, or a port of the
/// loopback interface. Port 0 is any free one.
pub(crate) fn listen(text: &str) -> Result<SocketAddr, ValueError> {
    let port = text.strip_prefix("localhost:").unwrap_or(text);
    let port = port.strip_prefix(':').unwrap_or(port);
    if let Ok(port) = port.parse() {
        return Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    }
    text.parse().map_err(|_| ValueError::Address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_binary_units() {
        for (text, bytes) in [("7", 7), ("0", 0), ("2KiB", 2048), ("1MiB", 1024 * 1024)] {
            assert_eq!(size(text), Ok(bytes));
        }
        for text in ["", "1MB", "MiB", "-1", "99999999999999MiB"] {
            assert_eq!(size(text), Err(ValueError::Size), "{text}");
        }
    }

    #[test]
    fn urls_are_absolute_http() {
        assert!(url("http://localhost:1/callback").is_ok());
        let without = ValueError::NoScheme("localhost:1".into());
        assert_eq!(url("localhost:1"), Err(without));
        assert_eq!(
            url("ftp://host"),
            Err(ValueError::OtherScheme("ftp".into()))
        );
        for text in ["http://", "http://h:99999", "https://h/#a", "://"] {
            assert!(url(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_address_of_a_service_may_have_a_path_and_nothing_else() {
        assert!(base("https://svc.example/v1.0/").is_ok());
        for (text, wrong) in [
            ("http://h/?", ValueError::Query),
            ("http://h/a?code=1", ValueError::Query),
            ("http://h/#a", ValueError::Fragment),
            ("http://u@h/", ValueError::Credentials),
            ("http://:p@h/", ValueError::Credentials),
        ] {
            assert_eq!(base(text), Err(wrong), "{text}");
        }
    }

    #[test]
    fn an_origin_has_no_path() {
        assert!(origin("https://tunnel.example").is_ok());
        assert!(origin("tunnel.example").is_err());
        for text in ["http://h:1/a", "http://h:1/?a", "http://u:p@h:1"] {
            let meant = ValueError::NoOrigin("http://h:1".into());
            assert_eq!(origin(text), Err(meant), "{text}");
        }
    }

    #[test]
    fn a_port_alone_is_of_the_loopback_interface() {
        for text in ["8080", ":8080", "localhost:8080", "127.0.0.1:8080"] {
            assert_eq!(listen(text), Ok("127.0.0.1:8080".parse().unwrap()));
        }
        assert_eq!(listen("[::1]:0"), Ok("[::1]:0".parse().unwrap()));
        for text in ["", "host", "99999", "host:1"] {
            assert!(listen(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_have_units() {
        for (text, milliseconds) in [
            ("500ms", 500),
            ("3s", 3000),
            ("1.5s", 1500),
            ("2m", 120_000),
            ("0", 0),
            ("0ms", 0),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)));
        }
        for text in ["", "5", "s", "-3s", "1e999s", "NaNs", "1..2s", "é"] {
            assert_eq!(duration(text), Err(ValueError::Duration), "{text}");
        }
    }
}
