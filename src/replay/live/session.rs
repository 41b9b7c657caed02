//! The parts that the recorded service and the recorded bot share over sockets: options, errors,
//! and the session.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use url::Url;

use crate::diagnostic::{Diagnostic, Remedy};
use crate::http::{Client, OutgoingRequest, coded};
use crate::replay;
use crate::runner::PlayError;

#[derive(Debug, Clone)]
pub(crate) struct ReplayOptions {
    pub name: String,
    /// The time without activity after which the replay ends.
    pub deadline: Duration,
    pub timing: Timing,
    pub token: Option<String>,
    pub client: Client,
}

/// The delay of recorded answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Timing {
    Immediate,
    Recorded,
}

#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The recording was changed during the replay.
    #[error(transparent)]
    Lost(#[from] Diagnostic),
    /// The service or the hook for provider states is unreachable at the start.
    #[error(transparent)]
    Unreachable(#[from] PlayError),
}

impl Remedy for ReplayError {
    fn remedy(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Lost(_) => None,
            Self::Unreachable(error) => error.remedy(),
        }
    }
}

const FOREVER: Duration = Duration::from_secs(1 << 30);

/// A recorded party that is played, and the time of its last activity.
#[derive(Debug)]
pub(super) struct Session<T> {
    party: Mutex<T>,
    pub options: ReplayOptions,
    progress: Notify,
    /// The last activity; in the future where it lasts until then.
    active: Mutex<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waited {
    Progress,
    Deadline,
}

impl<T> Session<T> {
    pub(crate) fn new(party: T, options: ReplayOptions) -> Arc<Self> {
        Arc::new(Self {
            party: Mutex::new(party),
            options,
            progress: Notify::new(),
            active: Mutex::new(Instant::now()),
        })
    }

    pub(crate) fn party(&self) -> MutexGuard<'_, T> {
        self.party.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn active(&self) -> MutexGuard<'_, Instant> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks the session as active now.
    pub(crate) fn touch(&self) {
        self.touch_for(Duration::ZERO);
    }

    /// Marks the session as active for so long from now.
    pub(crate) fn touch_for(&self, time: Duration) {
        let end = Instant::now().checked_add(time);
        let end = end.unwrap_or_else(|| Instant::now() + FOREVER);
        let mut active = self.active();
        *active = (*active).max(end);
    }

    pub(crate) fn active_for(&self) -> Duration {
        self.active().saturating_duration_since(Instant::now())
    }

    pub(crate) fn idle_for(&self) -> Duration {
        self.active().elapsed()
    }

    /// Marks the session as active, and wakes the task in [`wait`](Session::wait).
    pub(crate) fn wake(&self) {
        self.touch();
        self.progress.notify_one();
    }

    /// Waits until nothing has happened for this time.
    pub(crate) async fn quiet(&self, time: Duration) {
        loop {
            let left = time.saturating_sub(self.idle_for());
            if left.is_zero() {
                return;
            }
            sleep(left).await;
        }
    }

    /// Waits until the session is woken, or was idle for the deadline.
    pub(crate) async fn wait(&self) -> Waited {
        loop {
            let left = self.options.deadline.saturating_sub(self.idle_for());
            if left.is_zero() {
                return Waited::Deadline;
            }
            if timeout(left, self.progress.notified()).await.is_ok() {
                return Waited::Progress;
            }
        }
    }
}

/// The URL of a path below an address: whatever the path is, the URL leads to no other host.
pub(super) fn below(address: &Url, path: &str) -> String {
    let address = address.as_str().trim_end_matches('/');
    let path = path.strip_prefix('/').unwrap_or(path);
    format!("{address}/{path}")
}

pub(super) fn outgoing(request: &replay::OutgoingRequest, url: String) -> OutgoingRequest {
    let mut outgoing = OutgoingRequest::new(request.method.as_str(), url);
    let message = &request.message;
    outgoing.headers = message.headers.clone();
    outgoing.trailers = message.trailers.clone();
    let mut body = message.body.clone();
    if let Some(coding) = message.coding.as_deref()
        && let Some(coded) = coded(coding, &body)
    {
        outgoing.headers.push("Content-Encoding", coding);
        body = coded.into();
    }
    outgoing.body = (!body.is_empty()).then_some(body);
    outgoing
}
