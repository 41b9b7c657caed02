//! A target that was started, until it has ended.

use std::sync::Arc;
use std::time::Duration;

use tokio::process::Child;
use tokio::sync::watch;
use tokio::time::timeout;

use super::group::Group;
use super::output::Output;

/// A target that runs. Dropped, it is killed with all that it has started.
#[derive(Debug)]
pub(crate) struct Running {
    pub(super) name: String,
    group: Group,
    pub(super) output: Arc<Output>,
    end_within: Duration,
    /// How it ended, once it has.
    ended: watch::Receiver<Option<String>>,
}

impl Running {
    pub(super) fn new(
        name: String,
        (child, group): (Child, Group),
        output: Arc<Output>,
        end_within: Duration,
    ) -> Self {
        Self {
            name,
            group,
            output,
            end_within,
            ended: watched(child),
        }
    }

    /// Waits until the program has ended by itself; returns its exit and the end of its output.
    pub(crate) async fn died(&self) -> String {
        let status = self.ending().await;
        let tail = self.output.settled_tail().await;
        format!("`{}` ended during the run: {status}{tail}", self.name)
    }

    pub(super) async fn ending(&self) -> String {
        ended(self.ended.clone()).await
    }

    /// Terminates the program and all that it has started, and kills what is left after `end_within`.
    /// Returns a warning if the program itself had to be killed.
    pub(crate) async fn end(self) -> Option<String> {
        let mut warning = None;
        if self.ended.borrow().is_none() {
            self.group.terminate();
            if timeout(self.end_within, self.ending()).await.is_err() {
                warning = Some(format!(
                    "`{}` did not end within {:?} of SIGTERM and was killed",
                    self.name, self.end_within
                ));
            }
        }
        let ending = self.ended.clone();
        self.group.kill();
        // The kernel reports the end with a delay.
        let _ = timeout(Duration::from_secs(1), ended(ending)).await;
        warning
    }
}

async fn ended(mut ending: watch::Receiver<Option<String>>) -> String {
    let status = ending.wait_for(Option::is_some).await;
    let status = status.ok().and_then(|it| it.clone());
    status.unwrap_or_else(|| "nobody knows how".to_owned())
}

/// Waits for a child in the background.
fn watched(mut child: Child) -> watch::Receiver<Option<String>> {
    let (sender, ended) = watch::channel(None);
    tokio::spawn(async move {
        let status = child.wait().await;
        let exit = status.map_or_else(|error| error.to_string(), |it| it.to_string());
        // The receiver may be gone.
        let _ = sender.send(Some(exit));
    });
    ended
}
