//! Who is judged: a party of the built-in pair, or somebody else, and how that one is reached.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use super::arguments::Arguments;
use super::project::Project;
use crate::api::party::Party;
use crate::cli::ca;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::usage::UsageError;
use crate::cli::values::StateSource;
use crate::http::interception::Interception;
use crate::judge::verdict;
use crate::platform::{Identity, Notifier};
use crate::runner;
use crate::runner::{Hook, Proxy, StateProvider};

/// Who is judged, and how it is reached.
#[derive(Debug)]
pub enum Target {
    /// These parties of the built-in pair.
    BuiltIn(Vec<Party>),
    /// Somebody else.
    Outside(Box<runner::Target>),
}

impl Target {
    /// The parties that are judged.
    pub fn roles(&self) -> Vec<Party> {
        match self {
            Self::BuiltIn(roles) => roles.clone(),
            Self::Outside(target) => vec![target.role()],
        }
    }

    /// The target as reports name it.
    pub fn in_report(&self) -> verdict::Target {
        let (role, url) = match self {
            Self::BuiltIn(roles) => match roles.as_slice() {
                [role] => (Some(*role), None),
                _ => (None, None),
            },
            Self::Outside(target) => (Some(target.role()), Some(target.url().to_string())),
        };
        verdict::Target { role, url }
    }
}

/// Any free port of the loopback interface.
const ANYWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Who is judged in a run.
///
/// # Errors
///
/// A role or an option that the target does not have, hosts that nothing can be sent to, and a folder for keys
/// that is not to be had.
pub(super) fn target(arguments: &Arguments, project: &Project) -> Result<Target, Failure> {
    if arguments.given.is_some() && arguments.service.is_none() {
        return Err(UsageError::GivenWithoutService.into());
    }
    let platform = match arguments.bot {
        Some(_) => Platform::new(&arguments.tls.folder, arguments.application.as_deref())?,
        None => Platform::default(),
    };
    let target = match (&arguments.service, &arguments.bot) {
        (Some(url), _) => runner::Target::Service {
            url: url.clone(),
            listen: arguments.callback_listen.unwrap_or(ANYWHERE).to_string(),
            callback: arguments.callback_url.clone(),
            given: match (&arguments.given, &project.given) {
                (Some(StateSource::Create), _) | (None, None) => StateProvider::Create,
                (Some(StateSource::Assume), _) => StateProvider::Assume,
                (Some(StateSource::Ask(url)), _) => StateProvider::Ask(Hook::Url(url.clone())),
                (None, Some(given)) => given.clone(),
            },
        },
        (None, Some(url)) => runner::Target::Bot {
            url: url.clone(),
            trigger: match &arguments.trigger {
                Some(url) => Some(Hook::Url(url.clone())),
                None => project.trigger.clone(),
            },
            acts_by_itself: project.acts_by_itself,
            listen: arguments.listen.unwrap_or(ANYWHERE).to_string(),
            public: arguments.public_url.clone(),
            proxy: proxy(arguments)?.map(Box::new),
            identity: platform.identity,
            notifier: platform.notifier,
        },
        (None, None) => {
            let both = vec![Party::Service, Party::Bot];
            let roles = arguments.role.map_or(both, |role| vec![role.into()]);
            return Ok(Target::BuiltIn(roles));
        }
    };
    let judged = target.role();
    if let Some(role) = arguments.role
        && role != judged
    {
        return Err(UsageError::OtherRole { role, judged }.into());
    }
    Ok(Target::Outside(Box::new(target)))
}

/// The proxy that a bot under test uses, where it is asked for.
fn proxy(arguments: &Arguments) -> Result<Option<Proxy>, Failure> {
    let Some(first) = arguments.intercept.first() else {
        return Ok(None);
    };
    let service = first.url().ok_or(UsageError::FirstHostIsPattern)?;
    let interception = Interception {
        hosts: arguments.intercept.clone(),
        authority: arguments.tls.interceptor()?,
        warn: |said| output::tell(&format!("warning: {said}")),
    };
    Ok(Some(Proxy {
        listen: arguments.proxy_listen.unwrap_or(ANYWHERE).to_string(),
        interception: Arc::new(interception),
        service,
    }))
}

/// What a bot finds around the API.
#[derive(Debug, Default)]
struct Platform {
    /// Tokens and keys; none where no folder is to be had for them.
    identity: Option<Arc<Identity>>,
    /// Who signs notifications to it; none where they bear a plain token.
    notifier: Option<Notifier>,
}

impl Platform {
    fn new(folder: &ca::Folder, application: Option<&str>) -> Result<Self, Failure> {
        match application {
            Some(application) => {
                let identity = folder.identity()?;
                let notifier = identity.notifier(application)?;
                Ok(Self {
                    identity: Some(Arc::new(identity)),
                    notifier: Some(notifier),
                })
            }
            // Most bots never ask: that there is no folder is told to those who need one.
            None => Ok(Self {
                identity: folder.identity().ok().map(Arc::new),
                notifier: None,
            }),
        }
    }
}
