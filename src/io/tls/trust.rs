//! What confcall trusts as a client: the system's authorities, and those of a file.

use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{Error as PemError, PemObject as _};
use rustls::{ClientConfig, RootCertStore};

/// Why a file of authorities is none.
#[derive(Debug, thiserror::Error)]
#[error(
    "{}: {reason}\n  = help: `--ca` takes certificates in PEM, the form that begins with \
     `-----BEGIN CERTIFICATE-----`",
    path.display()
)]
pub struct TrustError {
    path: PathBuf,
    reason: String,
}

/// The configuration of a client that trusts the system's authorities (or, where `SSL_CERT_FILE` or
/// `SSL_CERT_DIR` is set, those) and those of a PEM file. Which HTTP is offered is the caller's.
///
/// # Errors
///
/// A file that cannot be read, or holds no certificate.
pub fn client_config(more: Option<&Path>) -> Result<ClientConfig, TrustError> {
    let mut roots = RootCertStore::empty();
    // What cannot be read there is missing in a handshake, which is told with its host.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = more {
        let error = |reason: String| TrustError {
            path: path.to_owned(),
            reason,
        };
        let unread = |cause: PemError| error(cause.to_string());
        let mut found = 0;
        for certificate in CertificateDer::pem_file_iter(path).map_err(unread)? {
            let added = roots.add(certificate.map_err(unread)?);
            added.map_err(|cause| error(cause.to_string()))?;
            found += 1;
        }
        if found == 0 {
            return Err(error("no certificate in it".into()));
        }
    }
    let versions = ClientConfig::builder_with_provider(super::provider())
        .with_safe_default_protocol_versions();
    match versions {
        Ok(builder) => Ok(builder.with_root_certificates(roots).with_no_client_auth()),
        Err(error) => unreachable!("ring speaks every version that rustls does: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_refused_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("target.pem");
        let said = || client_config(Some(&path)).unwrap_err().to_string();
        assert!(said().contains("target.pem"), "{}", said());
        std::fs::write(&path, "no PEM").unwrap();
        assert!(said().contains("no certificate in it"), "{}", said());
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        std::fs::write(&path, broken).unwrap();
        assert!(said().contains("--ca"), "{}", said());
    }
}
