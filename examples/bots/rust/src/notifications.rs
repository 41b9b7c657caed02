//! Leaves out repeated notifications.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// The notifications that have come so far.
#[derive(Default)]
pub struct Notifications {
    seen: Mutex<HashSet<String>>,
}

impl Notifications {
    /// The notifications that did not come before. A repetition is identical.
    pub fn unseen<'a>(&self, notifications: &'a [Value]) -> Vec<&'a Value> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = |notification: &&Value| seen.insert(notification.to_string());
        notifications.iter().filter(is_new).collect()
    }
}
