//! The options of TLS that commands share: trusted certificates, and the local authority.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use etcetera::BaseStrategy as _;

use super::failure::Failure;
use super::output;
use super::usage::UsageError;
use crate::http::Listener;
use crate::http::interception::{Interception, NamedHost};
use crate::http::tls::{Authority, Trust};
use crate::platform::Identity;
use crate::runner::{ANY_PORT, PlayError};

/// The folder of the local authority.
#[derive(Debug, Clone, Args)]
pub(crate) struct Folder {
    /// The folder of the local authority [default: `confcall` in your configuration folder]
    #[arg(long, value_name = "DIR", env = "CONFCALL_CA_DIR")]
    ca_dir: Option<PathBuf>,
}

impl Folder {
    fn path(&self) -> Result<PathBuf, Failure> {
        let given = self.ca_dir.as_deref();
        if let Some(folder) = given.filter(|it| !it.as_os_str().is_empty()) {
            // Other programs, in other folders, read the printed path.
            return Ok(std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned()));
        }
        let strategy = etcetera::choose_base_strategy().map_err(UsageError::NoHome)?;
        Ok(strategy.config_dir().join("confcall"))
    }

    /// The platform around the API, for a bot under test. Its key is made when it is needed first.
    pub(crate) fn identity(&self) -> Result<Identity, Failure> {
        Ok(Identity::new(self.path()?))
    }

    /// The authority, made where there is none.
    pub(crate) fn authority(&self) -> Result<Authority, Failure> {
        Ok(Authority::open(&self.path()?)?)
    }
}

/// The options of TLS, as a client and as a server.
#[derive(Debug, Clone, Args)]
pub(crate) struct Tls {
    /// Also trust the certificates in this PEM file, for TLS connections to other parties
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Listen with TLS, with certificates of the local authority (see `confcall ca`)
    #[arg(long = "tls")]
    pub listens: bool,
    #[command(flatten)]
    pub folder: Folder,
}

impl Tls {
    /// The certificates that confcall trusts: the system's authorities, the local one, and those of `--ca`.
    pub(crate) fn trust(&self) -> Result<Trust, Failure> {
        let local = self.folder.path().ok();
        let local = local.and_then(|it| Authority::certificate_in(&it));
        Ok(Trust::new(self.ca.as_deref(), local).map_err(UsageError::Trust)?)
    }

    /// The authority of the listeners, if they use TLS; made where there is none.
    pub(crate) fn authority(&self) -> Result<Option<Arc<Authority>>, Failure> {
        let authority = self.listens.then(|| self.folder.authority()).transpose()?;
        Ok(authority.map(Arc::new))
    }

    /// The interception of a forward proxy; none without hosts.
    pub(crate) fn interception(
        &self,
        hosts: &[NamedHost],
    ) -> Result<Option<Interception>, Failure> {
        if hosts.is_empty() {
            return Ok(None);
        }
        Ok(Some(Interception {
            hosts: hosts.to_vec(),
            authority: self.folder.authority()?.into(),
            warn: |message| output::warn(message),
        }))
    }
}

/// A listener on this address, else on any free port of 127.0.0.1; in TLS where there is an authority.
pub(crate) async fn listen(
    address: Option<SocketAddr>,
    authority: Option<&Authority>,
) -> Result<Listener, PlayError> {
    let address = address.unwrap_or(ANY_PORT);
    let listener = Listener::bind(&address.to_string()).await?;
    Ok(match authority {
        Some(authority) => listener.behind(authority, None)?,
        None => listener,
    })
}
