//! The local certificate authority: made on first use, kept in a folder, never a shared one.
//!
//! The folder holds `ca.pem`, the certificate that clients trust, and `ca.key`, which
//! its owner alone may read. Certificates of hosts are made on demand, and kept in memory.

use std::borrow::Cow;
use std::collections::HashMap;
use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{RootCertStore, ServerConfig};

use super::HTTP_2;
use super::secret::{self, Secret};
use crate::diagnostic::Remedy;
use crate::diagnostic::path::Shown as _;

/// The file of the certificate in its folder, and that of the key.
const CERTIFICATE: &str = "ca.pem";
const KEY: &str = "ca.key";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const AUTHORITY_DAYS: u32 = 3650;
/// How long a host's certificate is valid; more than 825 days are refused by some clients.
const HOST_DAYS: u32 = 365;
/// How many hosts' certificates are kept in memory. With more, all are made anew.
const MOST_HOSTS: usize = 1024;

#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    #[error("{}: cannot be written: {source}", path.shown())]
    Unwritable { path: PathBuf, source: io::Error },
    #[error("{}: {source}", path.shown())]
    Unreadable {
        path: PathBuf,
        secret: Secret,
        source: io::Error,
    },
    #[error("{}: users other than the owner can read the key", path.shown())]
    ReadableByOthers { path: PathBuf, secret: Secret },
    #[error("{}: not a local authority of confcall: {cause}", path.shown())]
    NoAuthority { path: PathBuf, cause: BoxError },
    #[error("{}: {cause}", path.shown())]
    NoIdentity { path: PathBuf, cause: BoxError },
}

type BoxError = Box<dyn Error + Send + Sync>;

impl Remedy for AuthorityError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Unwritable { .. } => "choose a writable folder with `--ca-dir DIR`".into(),
            Self::Unreadable { secret, .. } => {
                format!("remove the file: {}", secret.after_removal()).into()
            }
            Self::ReadableByOthers { path, secret } => format!(
                "run `chmod 600 {}`; if somebody else may have read the key, remove the folder: {}",
                path.shown(),
                secret.after_removal()
            )
            .into(),
            Self::NoAuthority { .. } => format!(
                "remove `{CERTIFICATE}` and `{KEY}` there: {}; or choose another folder with `--ca-dir DIR`",
                Secret::Authority.after_removal()
            )
            .into(),
            Self::NoIdentity { .. } => {
                format!("remove the file: {}", Secret::Identity.after_removal()).into()
            }
        })
    }
}

/// Why a name has no certificate.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CertificateError {
    /// No certificate can bear the name.
    #[error(transparent)]
    Name(#[from] rcgen::Error),
    #[error(transparent)]
    Tls(#[from] rustls::Error),
}

/// A certificate authority that a machine's owner may choose to trust.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    path: PathBuf,
    pem: String,
    hosts: Mutex<HashMap<String, Arc<ServerConfig>>>,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Authority({})", self.path.shown())
    }
}

impl Authority {
    /// The authority of a folder; a new one where there is none.
    pub(crate) fn open(folder: &Path) -> Result<Self, AuthorityError> {
        let (key_path, path) = (folder.join(KEY), folder.join(CERTIFICATE));
        if !(key_path.exists() && path.exists()) {
            make(folder, &key_path, &path)?;
        }
        let key = read_key(&key_path)?;
        let pem = crate::files::read_regular(&path).map_err(|error| no_authority(&path, error))?;
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes())
            .map_err(|error| no_authority(&path, error))?;
        let authority = Self {
            issuer: Issuer::new(authority_params(), key),
            certificate,
            path,
            pem,
            hosts: Mutex::default(),
        };
        authority.proven()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// The path of the certificate in a folder; none if there is no authority yet.
    pub(crate) fn certificate_in(folder: &Path) -> Option<PathBuf> {
        Some(folder.join(CERTIFICATE)).filter(|it| it.exists())
    }

    /// The configuration of a server that is intercepted as this host, a name or an IP address without
    /// brackets: a certificate for it, HTTP/2 and HTTP/1.1.
    pub(crate) fn server(&self, host: &str) -> Result<Arc<ServerConfig>, CertificateError> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cached) = hosts.get(host) {
            return Ok(Arc::clone(cached));
        }
        let config = self.server_for(vec![host.to_owned()])?;
        if hosts.len() >= MOST_HOSTS {
            hosts.clear();
        }
        hosts.insert(host.to_owned(), Arc::clone(&config));
        Ok(config)
    }

    /// The configuration of a server that is reached under all of these names or IP addresses.
    pub(crate) fn server_for(
        &self,
        names: Vec<String>,
    ) -> Result<Arc<ServerConfig>, CertificateError> {
        let (certificate, key) = self.issue(names)?;
        let mut config = ServerConfig::builder_with_provider(super::provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate, self.certificate.clone()], key)?;
        config.alpn_protocols = vec![HTTP_2.to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    fn issue(
        &self,
        names: Vec<String>,
    ) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), rcgen::Error> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name = named("confcall: an intercepted host");
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        valid_for(&mut params, HOST_DAYS);
        let certificate = params.signed_by(&key, &self.issuer)?;
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        Ok((certificate.der().clone(), key))
    }

    /// Proves, by a certificate that it issues, that key and certificate belong together and are valid.
    fn proven(self) -> Result<Self, AuthorityError> {
        match self.prove() {
            Ok(()) => Ok(self),
            Err(cause) => Err(no_authority(&self.path, cause)),
        }
    }

    fn prove(&self) -> Result<(), BoxError> {
        let host = "confcall.invalid";
        let (certificate, _) = self.issue(vec![host.to_owned()])?;
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone())?;
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), super::provider())
            .build()?
            .verify_server_cert(
                &certificate,
                &[],
                &ServerName::try_from(host)?,
                &[],
                UnixTime::now(),
            )?;
        Ok(())
    }
}

/// The parameters of every authority of confcall's, but for its validity.
fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named("confcall local authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

/// From yesterday on, for clocks that are behind.
fn valid_for(params: &mut CertificateParams, days: u32) {
    let now = SystemTime::now();
    params.not_before = (now - DAY).into();
    params.not_after = (now + DAY * days).into();
}

/// Makes what is missing in the folder. Of several processes that do so at a time, one does.
fn make(folder: &Path, key_path: &Path, path: &Path) -> Result<(), AuthorityError> {
    let _lock = secret::hold(folder)?;
    if path.exists() && !key_path.exists() {
        return Err(no_authority(
            path,
            format!("`{KEY}` is not in the same folder"),
        ));
    }
    if !key_path.exists() {
        let key = KeyPair::generate().map_err(|error| no_authority(key_path, error))?;
        secret::write(key_path, &key.serialize_pem())?;
    }
    if !path.exists() {
        let key = read_key(key_path)?;
        let mut params = authority_params();
        valid_for(&mut params, AUTHORITY_DAYS);
        let certificate = params
            .self_signed(&key)
            .map_err(|error| no_authority(path, error))?;
        crate::files::write(path, &certificate.pem()).map_err(|error| {
            AuthorityError::Unwritable {
                path: path.to_owned(),
                source: io::Error::other(error),
            }
        })?;
    }
    Ok(())
}

fn read_key(path: &Path) -> Result<KeyPair, AuthorityError> {
    let pem = secret::read(path, Secret::Authority)?;
    let pem = pem.ok_or_else(|| no_authority(path, "it is gone"))?;
    KeyPair::from_pem(&pem).map_err(|error| no_authority(path, error))
}

fn no_authority(path: &Path, cause: impl Into<BoxError>) -> AuthorityError {
    AuthorityError::NoAuthority {
        path: path.to_owned(),
        cause: cause.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::render;
    use std::fs;

    fn message(folder: &Path) -> String {
        render(&Authority::open(folder).unwrap_err())
    }

    #[test]
    fn it_is_made_once_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("a/b");
        let first = Authority::open(&folder).unwrap();
        let again = Authority::open(&folder).unwrap();
        assert_eq!(first.pem(), again.pem());
        assert_eq!(first.path(), folder.join("ca.pem"));
        // Interrupted between its two files, it is still the same authority.
        fs::remove_file(first.path()).unwrap();
        let restored = Authority::open(&folder).unwrap();
        assert_eq!(
            restored.issuer.key().public_key_raw(),
            first.issuer.key().public_key_raw()
        );
    }

    #[test]
    fn several_processes_make_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let certificates = std::thread::scope(|scope| {
            let open = || scope.spawn(|| Authority::open(path).unwrap().pem().to_owned());
            let threads: Vec<_> = std::iter::repeat_with(open).take(8).collect();
            let joined = threads.into_iter().map(|it| it.join().unwrap());
            joined.collect::<std::collections::BTreeSet<_>>()
        });
        assert_eq!(certificates.len(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn its_owner_alone_reads_the_key() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        Authority::open(folder.path()).unwrap();
        let key = folder.path().join(KEY);
        let mode = fs::metadata(&key).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(message(folder.path()).contains("chmod 600"));
    }

    #[test]
    fn what_is_no_authority_is_refused_with_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let other = tempfile::tempdir().unwrap();
        Authority::open(folder.path()).unwrap();
        Authority::open(other.path()).unwrap();
        let path = folder.path().join(CERTIFICATE);
        fs::copy(other.path().join(CERTIFICATE), &path).unwrap();
        assert!(message(folder.path()).contains("ca.pem: not a local authority"));
        fs::write(&path, "").unwrap();
        assert!(message(folder.path()).contains("ca.pem: not a local authority"));
        fs::remove_file(folder.path().join(KEY)).unwrap();
        assert!(message(folder.path()).contains("`ca.key` is not in the same folder"));
    }

    #[test]
    fn a_host_has_one_certificate_while_it_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::open(folder.path()).unwrap();
        let first = authority.server("graph.example").unwrap();
        assert!(Arc::ptr_eq(
            &first,
            &authority.server("graph.example").unwrap()
        ));
        assert!(!Arc::ptr_eq(&first, &authority.server("::1").unwrap()));
        assert!(authority.server("gr\u{e4}ph.example").is_err());
    }
}
