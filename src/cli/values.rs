//! How values are written on the command line.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use url::Url;

pub use crate::config::duration::parse as duration;

/// Reads a size: `1MiB`, `512KiB`, or a number of bytes.
///
/// # Errors
///
/// What the form is.
pub fn size(text: &str) -> Result<usize, String> {
    let (digits, unit) = match text.strip_suffix("iB") {
        Some(rest) if rest.ends_with('K') => (&rest[..rest.len() - 1], 1024),
        Some(rest) if rest.ends_with('M') => (&rest[..rest.len() - 1], 1024 * 1024),
        _ => (text, 1),
    };
    digits
        .parse::<usize>()
        .ok()
        .and_then(|number| number.checked_mul(unit))
        .ok_or_else(|| "a size is a number of bytes, or of `KiB` or `MiB`: `1MiB`".to_owned())
}

/// Reads the address of somebody else: an absolute `http` or `https` URL.
///
/// # Errors
///
/// What is missing.
pub fn url(text: &str) -> Result<Url, String> {
    if !text.contains("://") {
        return Err(format!("a URL begins with its scheme: `http://{text}`"));
    }
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("`{}` is neither `http` nor `https`", url.scheme()));
    }
    if url.fragment().is_some() {
        return Err("a fragment (`#…`) never goes over the wire; leave it out".to_owned());
    }
    Ok(url)
}

/// Reads an address without credentials and path, below which others have theirs.
///
/// # Errors
///
/// What is missing, or too much.
pub fn origin(text: &str) -> Result<Url, String> {
    let url = url(text)?;
    let (scheme, address) = (
        url.scheme(),
        &url[url::Position::BeforeHost..url::Position::BeforePath],
    );
    let origin = format!("{scheme}://{address}");
    if url.as_str() != format!("{origin}/") {
        return Err(format!(
            "an address without credentials and path is meant: `{origin}`"
        ));
    }
    Ok(url)
}

/// Reads where to listen: `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`, or a port, which is
/// one of the loopback interface. Port 0 is any free one.
///
/// # Errors
///
/// What the form is.
pub fn listen(text: &str) -> Result<SocketAddr, String> {
    let loopback = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    let port = text.strip_prefix("localhost:").unwrap_or(text);
    let port = port.strip_prefix(':').unwrap_or(port);
    if let Ok(port) = port.parse() {
        return Ok(loopback(port));
    }
    text.parse().map_err(|_| {
        "an address is an IP address and a port, `127.0.0.1:8080`, or a port alone".to_owned()
    })
}

/// A report that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFile {
    /// Its format.
    pub kind: ReportKind,
    /// Where it goes.
    pub path: PathBuf,
}

/// The formats of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportKind {
    /// The JSON report.
    Json,
    /// The `JUnit` report.
    Junit,
    /// The HTML report.
    Html,
}

/// Reads `json=FILE`, `junit=FILE` or `html=FILE`.
///
/// # Errors
///
/// What the form is, and which formats there are.
pub fn report(text: &str) -> Result<ReportFile, String> {
    let form = "write a kind and a file, `json=report.json` or `junit=report.xml`";
    let Some((kind, path)) = text.split_once('=') else {
        return Err(form.to_owned());
    };
    let kind = match kind {
        "json" => ReportKind::Json,
        "junit" => ReportKind::Junit,
        "html" => ReportKind::Html,
        other => {
            return Err(format!(
                "unknown report kind `{other}`; there are `json`, `junit` and `html`"
            ));
        }
    };
    if path.is_empty() {
        return Err(form.to_owned());
    }
    let path = PathBuf::from(path);
    Ok(ReportFile { kind, path })
}

/// Who brings about what must exist before a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateSource {
    /// confcall makes what the documented requests can make.
    Create,
    /// It is there already.
    Assume,
    /// This address is asked.
    Ask(Url),
}

/// Reads `create`, `assume` or a URL.
///
/// # Errors
///
/// What the forms are.
pub fn given(text: &str) -> Result<StateSource, String> {
    match text {
        "create" => Ok(StateSource::Create),
        "assume" => Ok(StateSource::Assume),
        text if text.contains("://") => url(text).map(StateSource::Ask),
        _ => Err("write `create`, `assume`, or the URL to ask, `http://…`".to_owned()),
    }
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
            assert!(size(text).unwrap_err().contains("`1MiB`"), "{text}");
        }
    }

    #[test]
    fn urls_are_absolute_http() {
        assert!(url("http://localhost:1/callback").is_ok());
        assert!(
            url("localhost:1")
                .unwrap_err()
                .contains("`http://localhost:1`")
        );
        assert!(url("ftp://host").unwrap_err().contains("`ftp`"));
        for text in ["http://", "http://h:99999", "https://h/#a", "://"] {
            assert!(url(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_origin_has_no_path() {
        assert!(origin("https://tunnel.example").is_ok());
        assert!(origin("tunnel.example").is_err());
        for text in ["http://h:1/a", "http://h:1/?a", "http://u:p@h:1"] {
            assert!(
                origin(text).unwrap_err().ends_with("`http://h:1`"),
                "{text}"
            );
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
    fn reports_have_known_kinds() {
        assert_eq!(report("json=a=b").unwrap().path, PathBuf::from("a=b"));
        assert_eq!(report("junit=x").unwrap().kind, ReportKind::Junit);
        let unknown = report("htm=x").unwrap_err();
        assert_eq!(
            unknown,
            "unknown report kind `htm`; there are `json`, `junit` and `html`"
        );
        assert!(report("json").is_err() && report("json=").is_err());
    }

    #[test]
    fn provider_states_have_three_sources() {
        assert_eq!(given("assume"), Ok(StateSource::Assume));
        assert!(matches!(given("http://h/g"), Ok(StateSource::Ask(_))));
        assert!(given("crate").unwrap_err().contains("`create`"));
    }
}
