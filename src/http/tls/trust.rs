//! The certificates that confcall trusts as a client: the system's authorities, and the certificates of a file.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{VerifierBuilderError, WebPkiServerVerifier, verify_server_name};
use rustls::pki_types::pem::{Error as PemError, PemObject as _};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use crate::diagnostic::Remedy;
use crate::diagnostic::path::Shown as _;
use crate::files;

#[derive(Debug, thiserror::Error)]
#[error("{}: {cause}", path.shown())]
pub struct TrustError {
    path: PathBuf,
    cause: TrustFailure,
}

#[derive(Debug, thiserror::Error)]
enum TrustFailure {
    #[error(transparent)]
    File(#[from] std::io::Error),
    #[error(transparent)]
    Pem(#[from] PemError),
    #[error(transparent)]
    Certificate(#[from] Error),
    #[error("the file has no certificate")]
    Empty,
}

impl Remedy for TrustError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        let remedy =
            "`--ca` needs PEM certificates, which begin with `-----BEGIN CERTIFICATE-----`";
        Some(remedy.into())
    }
}

/// The certificates that a client trusts: the system's authorities (or, where `SSL_CERT_FILE` or `SSL_CERT_DIR` is set,
/// those), the local authority, and certificates that were named, authorities or a server's own.
///
/// The first two are read when they are needed. Where that fails, the handshake fails too, with the
/// certificate that is not trusted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trust {
    named: Vec<CertificateDer<'static>>,
    local: Option<PathBuf>,
}

impl Trust {
    /// The system's authorities, the local one whose certificate is in `local`, where there is one,
    /// and the certificates of the PEM file `named`.
    pub(crate) fn new(named: Option<&Path>, local: Option<PathBuf>) -> Result<Self, TrustError> {
        let named = named.map_or(Ok(Vec::new()), read)?;
        Ok(Self { named, local })
    }

    /// The configuration of a client. Which HTTP is offered is the caller's.
    pub(crate) fn client_config(&self) -> ClientConfig {
        let mut authorities = rustls_native_certs::load_native_certs().certs;
        authorities.extend(self.local.iter().filter_map(|it| read(it).ok()).flatten());
        let builder = ClientConfig::builder_with_provider(super::provider())
            .with_safe_default_protocol_versions()
            .unwrap_or_else(|error| unreachable!("ring speaks what rustls does: {error}"));
        let builder = match Verifier::new(authorities, self.named.clone()) {
            Ok(verifier) => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verifier)),
            // Plain HTTP goes without authorities. In a handshake nobody is trusted.
            Err(_) => builder.with_root_certificates(RootCertStore::empty()),
        };
        builder.with_no_client_auth()
    }
}

fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    certificates(path).map_err(|cause| TrustError {
        path: path.to_owned(),
        cause,
    })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TrustFailure> {
    let mut found = Vec::new();
    let text = files::read_regular(path)?;
    for certificate in CertificateDer::pem_slice_iter(text.as_bytes()) {
        let certificate = certificate?;
        ParsedCertificate::try_from(&certificate)?;
        found.push(certificate);
    }
    if found.is_empty() {
        return Err(TrustFailure::Empty);
    }
    Ok(found)
}

/// Verifies as rustls does, and accepts one thing more: a named certificate that declares
/// itself an authority. `openssl req -x509` makes such certificates, and curl accepts them too.
#[derive(Debug)]
struct Verifier {
    strict: Arc<WebPkiServerVerifier>,
    named: Vec<CertificateDer<'static>>,
}

impl Verifier {
    fn new(
        authorities: Vec<CertificateDer<'static>>,
        named: Vec<CertificateDer<'static>>,
    ) -> Result<Self, VerifierBuilderError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(authorities.into_iter().chain(named.iter().cloned()));
        let strict =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), super::provider());
        Ok(Self {
            strict: strict.build()?,
            named,
        })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        status: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self
            .strict
            .verify_server_cert(certificate, between, name, status, now);
        match verified {
            // Its time has been checked by then; what is wrong in other ways has an error of its
            // own.
            Err(Error::InvalidCertificate(CertificateError::Other(_)))
                if self.named.contains(certificate) =>
            {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.strict
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.strict
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.strict.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::render;
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};

    #[test]
    fn a_file_without_certificates_is_refused_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("target.pem");
        let message = || render(&Trust::new(Some(&path), None).unwrap_err());
        assert!(message().contains("target.pem"), "{}", message());
        std::fs::write(&path, "no PEM").unwrap();
        assert!(
            message().contains("the file has no certificate"),
            "{}",
            message()
        );
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        std::fs::write(&path, broken).unwrap();
        assert!(message().contains("--ca"), "{}", message());
        assert!(Verifier::new(Vec::new(), Vec::new()).is_err());
    }

    #[test]
    fn a_certificate_that_was_named_is_trusted_for_its_name_and_its_time() {
        let certificate_of = |is_ca: bool, last_year: i32| {
            let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
            if is_ca {
                params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            }
            params.not_after = date_time_ymd(last_year, 1, 1);
            let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
            certificate.der().clone()
        };
        let (leaf, authority) = (certificate_of(false, 4000), certificate_of(true, 4000));
        let (expired, other) = (certificate_of(true, 2000), certificate_of(true, 4000));
        let named = vec![leaf.clone(), authority.clone(), expired.clone()];
        let verifier = Verifier::new(Vec::new(), named).unwrap();
        for (certificate, name, is_trusted) in [
            (&leaf, "localhost", true),
            (&leaf, "example.com", false),
            (&authority, "localhost", true),
            (&authority, "example.com", false),
            (&expired, "localhost", false),
            (&other, "localhost", false),
        ] {
            let name = ServerName::try_from(name).unwrap();
            let result = verifier.verify_server_cert(certificate, &[], &name, &[], UnixTime::now());
            assert_eq!(result.is_ok(), is_trusted, "{name:?}: {result:?}");
        }
        let name = ServerName::try_from("localhost").unwrap();
        let unknown = verifier.verify_server_cert(&other, &[], &name, &[], UnixTime::now());
        let Err(rustls::Error::InvalidCertificate(why)) = unknown else {
            panic!("{unknown:?}");
        };
        assert_eq!(
            crate::http::client::describe(&why),
            "it is the certificate of an unknown authority"
        );
    }
}
