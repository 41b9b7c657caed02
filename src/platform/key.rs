//! The RSA keys that sign tokens. They are made here, and kept in the folder of the local authority.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair, PublicKeyComponents};
use ring::signature::RSA_PKCS1_SHA256;
use rsa::pkcs8::{EncodePrivateKey as _, LineEnding};
use rsa::{BigUint, RsaPrivateKey};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::printed::Primes;
use crate::http::tls::{AuthorityError, Secret, secret};

/// The file of the key in the folder of the local authority.
const FILE: &str = "identity.key";

const BITS: usize = 2048;

/// The public exponent of the keys that RFCs print, `AQAB`.
const EXPONENT: u32 = 65_537;

#[derive(Debug, thiserror::Error)]
enum KeyError {
    #[error("no number: {0}")]
    Number(#[from] base64::DecodeError),
    #[error("the key cannot be made: {0}")]
    Generation(rsa::Error),
    #[error("the key cannot be written: {0}")]
    Encoding(rsa::pkcs8::Error),
    #[error("not a PKCS#8 private key: {0}")]
    Pem(#[from] rustls::pki_types::pem::Error),
    #[error("not an RSA key with at least 2048 bits: {0}")]
    Rejected(ring::error::KeyRejected),
}

/// A key pair of 2048 bits, for RS256 (RFC 7518 section 3.3).
pub(super) struct Key {
    pair: KeyPair,
    id: String,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", self.id)
    }
}

impl Key {
    /// The key of a folder; a new one where there is none. Of several processes that make it at a
    /// time, one does.
    pub(super) fn open(folder: &Path) -> Result<Self, AuthorityError> {
        let path = folder.join(FILE);
        let unusable = |error: KeyError| AuthorityError::NoIdentity {
            path: path.clone(),
            cause: error.into(),
        };
        if let Some(pem) = secret::read(&path, Secret::Identity)? {
            return Self::of_pem(&pem).map_err(unusable);
        }
        let _held = secret::hold(folder)?;
        // Another process may have made it meanwhile.
        let pem = if let Some(pem) = secret::read(&path, Secret::Identity)? {
            pem
        } else {
            let pem = make().map_err(unusable)?;
            secret::write(&path, &pem)?;
            pem
        };
        Self::of_pem(&pem).map_err(unusable)
    }

    /// A key that an RFC prints.
    #[expect(
        clippy::expect_used,
        reason = "these primes make a key, as a test holds"
    )]
    pub(super) fn printed(primes: &Primes) -> Self {
        Self::of_primes(primes).expect("a key that an RFC prints")
    }

    fn of_primes(primes: &Primes) -> Result<Self, KeyError> {
        let number = |printed: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(printed);
            bytes.map(|it| BigUint::from_bytes_be(&it))
        };
        let (p, q) = (number(primes.p)?, number(primes.q)?);
        let key =
            RsaPrivateKey::from_p_q(p, q, BigUint::from(EXPONENT)).map_err(KeyError::Generation)?;
        Self::of_pem(&pem(&key)?)
    }

    fn of_pem(pem: &str) -> Result<Self, KeyError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes())?;
        let pair = KeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(KeyError::Rejected)?;
        let id = thumbprint(&pair);
        Ok(Self { pair, id })
    }

    /// The `kid` of tokens: the thumbprint of the key (RFC 7638).
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The public key as a JSON Web Key (RFC 7517 section 4).
    pub(super) fn public(&self) -> Value {
        let (n, e) = components(&self.pair);
        json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.id, "n": n, "e": e})
    }

    /// The signature of a message, in base64url.
    #[expect(
        clippy::expect_used,
        reason = "the buffer is as long as the modulus, and no chance is needed (RFC 8017 section 8.2)"
    )]
    pub(super) fn sign(&self, message: &str) -> String {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        let chance = SystemRandom::new();
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &chance,
                message.as_bytes(),
                &mut signature,
            )
            .expect("a signature as long as the modulus");
        URL_SAFE_NO_PAD.encode(signature)
    }
}

/// A new key in PEM. ring signs with it: only key generation is of the crate `rsa`.
fn make() -> Result<String, KeyError> {
    let key = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, BITS);
    pem(&key.map_err(KeyError::Generation)?)
}

fn pem(key: &RsaPrivateKey) -> Result<String, KeyError> {
    let pem = key.to_pkcs8_pem(LineEnding::LF);
    Ok(pem.map_err(KeyError::Encoding)?.to_string())
}

/// Modulus and exponent in base64url.
fn components(pair: &KeyPair) -> (String, String) {
    let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(pair.public());
    (URL_SAFE_NO_PAD.encode(n), URL_SAFE_NO_PAD.encode(e))
}

/// RFC 7638 section 3: the members that a key needs, in the order of their names.
fn thumbprint(pair: &KeyPair) -> String {
    let (n, e) = components(pair);
    let members = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
    URL_SAFE_NO_PAD.encode(Sha256::digest(members))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::render;
    use crate::platform::printed::{OF_RFC_7515, OF_RFC_7516};
    use std::fs;

    #[test]
    fn it_is_made_once_and_its_owner_alone_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("a/b");
        let ids = std::thread::scope(|scope| {
            let open = || scope.spawn(|| Key::open(&folder).unwrap().id);
            let threads: Vec<_> = std::iter::repeat_with(open).take(3).collect();
            let joined = threads.into_iter().map(|it| it.join().unwrap());
            joined.collect::<std::collections::BTreeSet<_>>()
        });
        assert_eq!(ids.len(), 1);
        assert!(ids.contains(Key::open(&folder).unwrap().id()));
        assert_eq!(
            fs::read_dir(&folder).unwrap().count(),
            2,
            "the key, the lock"
        );

        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let path = folder.join(FILE);
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&path), mode(&folder)), (0o600, 0o700));
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            let message = render(&Key::open(&folder).unwrap_err());
            assert!(message.contains("chmod 600"), "{message}");
        }
    }

    #[test]
    fn each_printed_pair_of_primes_is_a_key() {
        let ids = [OF_RFC_7515, OF_RFC_7516].map(|primes| Key::of_primes(&primes).unwrap().id);
        assert_ne!(ids[0], ids[1]);
        let key = Key::printed(&OF_RFC_7515);
        let modulus = key.public()["n"].clone();
        assert!(
            modulus
                .as_str()
                .unwrap()
                .starts_with("ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wW")
        );
    }

    #[test]
    fn a_file_without_a_key_is_refused_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        for text in [
            "",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        ] {
            fs::write(&path, text).unwrap();
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            }
            let message = render(&Key::open(folder.path()).unwrap_err());
            assert!(message.contains("identity.key: not a"), "{message}");
            assert!(message.contains("remove the file"), "{message}");
        }
    }
}
