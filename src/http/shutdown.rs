//! The word to end, which many tasks wait for and any may give.

use std::sync::Arc;

use tokio::sync::watch;

/// A switch that turns once. Clones are the same switch.
#[derive(Debug, Clone)]
pub struct Shutdown(Arc<watch::Sender<bool>>);

impl Shutdown {
    /// A switch that has not been turned.
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Turns the switch. Turning it again changes nothing.
    pub fn begin(&self) {
        self.0.send_replace(true);
    }

    /// Whether the switch has been turned.
    pub fn has_begun(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the switch is turned; at once where it has been.
    pub async fn begun(&self) {
        // The sender lives in `self`, so that waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|begun| *begun).await;
    }
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}
