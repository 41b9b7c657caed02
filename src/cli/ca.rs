//! `confcall ca`: the certificate of the local authority, and how to make clients trust it.

use std::path::Path;

use clap::Args;

use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::tls::Folder;
use crate::diagnostic::path::Shown as _;

pub(crate) const EXAMPLES: &str = "\
confcall makes the local authority on first use, on this machine. Anybody with its key can read the \
traffic of clients that trust it. Trust the authority for single programs, not for the whole system.

Examples:
  confcall ca
  confcall ca --print > confcall.pem";

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    folder: Folder,
    /// Print the certificate itself, in PEM
    #[arg(long)]
    print: bool,
}

pub(crate) fn command(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    let authority = arguments.folder.authority()?;
    if arguments.print {
        output.print_raw(authority.pem())?;
    } else {
        output.print(&instructions(authority.path()))?;
    }
    Ok(Exit::Success)
}

/// How a program is started whose requests go through this proxy, and which trusts the certificate
/// in this file.
pub(crate) fn starting(path: &Path, proxy: &str) -> String {
    let path = path.shown();
    format!(
        "\
start the bot with
  HTTPS_PROXY={proxy} NODE_USE_ENV_PROXY=1 NODE_EXTRA_CA_CERTS={path} \\
  SSL_CERT_FILE={path} REQUESTS_CA_BUNDLE={path} CURL_CA_BUNDLE={path}
(`confcall ca` explains this for other kinds of clients)
"
    )
}

fn instructions(path: &Path) -> String {
    let path = path.shown();
    format!(
        "\
{path}

PROXY is the address that `confcall record --intercept HOST` prints, or the second address that
`confcall run --intercept HOST` prints. The same settings make a client trust listeners with `--tls`.

curl
  curl --proxy PROXY --cacert {path} https://HOST/
  or, for programs that call it: HTTPS_PROXY=PROXY CURL_CA_BUNDLE={path}

Python
  urllib, http.client:  HTTPS_PROXY=PROXY SSL_CERT_FILE={path}
  requests:             HTTPS_PROXY=PROXY REQUESTS_CA_BUNDLE={path}
  (http.client itself needs set_tunnel for the proxy, and a context with cafile)

Node
  HTTPS_PROXY=PROXY NODE_EXTRA_CA_CERTS={path} NODE_USE_ENV_PROXY=1
  (fetch respects HTTPS_PROXY only in versions with NODE_USE_ENV_PROXY, which are 22.21, 24.0 and
  later; in older versions the program must set the proxy itself, with undici's EnvHttpProxyAgent)

.NET
  HTTPS_PROXY=PROXY SSL_CERT_FILE={path}
  (on Linux; on other systems, add the certificate to the user's store
  Windows: certutil -user -addstore Root {path}
  macOS:   security add-trusted-cert -k ~/Library/Keychains/login.keychain-db {path})

Java
  keytool -importcert -noprompt -alias confcall -file {path} \\
    -keystore confcall.p12 -storetype PKCS12 -storepass confcall
  java -Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=PORT \\
    -Djavax.net.ssl.trustStore=confcall.p12 -Djavax.net.ssl.trustStorePassword=confcall
  (a trust store replaces the other authorities; requests to this machine go through the proxy only
  with -Dhttp.nonProxyHosts=)

Go
  HTTPS_PROXY=PROXY SSL_CERT_FILE={path}
  (on Windows and macOS, add the certificate to the store as for .NET; requests to this machine never
  go through the proxy)

Chromium
  certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n confcall -i {path}
  chromium --proxy-server=PROXY
  (on Linux; on other systems, add the certificate to the store as for .NET; requests to this machine
  go through the proxy only with --proxy-bypass-list='<-loopback>')

Connections to hosts that were not named are tunnelled; these hosts have their own certificates. If a
file replaces the other authorities, join it with the file of the system's authorities (`cat`).

The key beside the certificate can sign for any host: keep it on this machine. If you remove the
folder, confcall makes a new authority.
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_client_is_reported_the_path() {
        let text = instructions(Path::new("/a/ca.pem"));
        for word in [
            "CURL_CA_BUNDLE=/a/ca.pem",
            "REQUESTS_CA_BUNDLE=/a/ca.pem",
            "NODE_EXTRA_CA_CERTS=/a/ca.pem",
            "NODE_USE_ENV_PROXY",
            "SSL_CERT_FILE=/a/ca.pem",
            "-file /a/ca.pem",
            "-i /a/ca.pem",
        ] {
            assert!(text.contains(word), "{word}");
        }
        for client in ["curl", "Python", "Node", ".NET", "Java", "Go", "Chromium"] {
            assert!(text.lines().any(|line| line == client), "{client}");
        }
    }
}
