//! Faults in what is notified at all, and in which order.

use serde_json::json;

use super::Mutant;
use super::notification::{end, roster};
use crate::emulator::edit::set;
use crate::emulator::fresh_id;
use crate::emulator::service::delivery::{About, Notification};
use crate::emulator::service::pages::Pages;
use crate::emulator::service::state::CallState;

/// The notifications that one request causes about the call that it names. `replaced` is a call
/// that an invitation replaces.
pub(in crate::emulator::service) fn notifications(
    mutant: Option<Mutant>,
    notifications: &mut Vec<Notification>,
    pages: Pages,
    replaced: Option<&str>,
) {
    let Some(mutant) = mutant else { return };
    for notification in notifications.iter_mut() {
        match notification.about {
            About::End => end(mutant, &mut notification.entry),
            About::Roster => roster(mutant, &mut notification.entry, replaced),
            About::Incoming => incoming(mutant, notification),
            About::Established if mutant == Mutant::StateUnknown => {
                set(&mut notification.entry, "/resourceData/state", "humming");
            }
            _ => {}
        }
    }
    match mutant {
        Mutant::NoEnd => drop_all(notifications, About::End),
        Mutant::NoRoster => drop_all(notifications, About::Roster),
        Mutant::NeverEstablished => drop_all(notifications, About::Established),
        Mutant::EstablishedFirst => swap(notifications, About::Establishing, About::Established),
        Mutant::EndTwice => after_end(notifications, |_| {}),
        Mutant::AfterEnd => after_end(notifications, |notification| {
            set(&mut notification.entry, "/changeType", "updated");
            set(&mut notification.entry, "/resourceData/status", "running");
        }),
        Mutant::Stranger => stranger(notifications, pages),
        _ => {}
    }
}

/// The notifications about a call that an invitation replaced.
pub(in crate::emulator::service) fn farewell(
    mutant: Option<Mutant>,
    notifications: &mut Vec<Notification>,
    pages: Pages,
) {
    match mutant {
        Some(Mutant::NotTerminated) => drop_all(notifications, About::Terminated),
        Some(Mutant::NotDeleted) => drop_all(notifications, About::Deleted),
        Some(Mutant::DeletedFirst) => swap(notifications, About::Terminated, About::Deleted),
        Some(Mutant::OtherCallEnds) => {
            let id = fresh_id();
            for notification in notifications {
                notification.entry = match notification.about {
                    About::Deleted => pages.call("deleted", &id, CallState::Terminated, json!({})),
                    _ => pages.call("updated", &id, CallState::Terminated, json!({})),
                };
            }
        }
        _ => {}
    }
}

fn incoming(mutant: Mutant, notification: &mut Notification) {
    match mutant {
        Mutant::IncomingAsUpdate => set(&mut notification.entry, "/changeType", "updated"),
        Mutant::IncomingOutgoing => set(
            &mut notification.entry,
            "/resourceData/direction",
            "sideways",
        ),
        _ => {}
    }
}

fn drop_all(notifications: &mut Vec<Notification>, about: About) {
    notifications.retain(|notification| notification.about != about);
}

fn swap(notifications: &mut [Notification], one: About, other: About) {
    let place = |about| {
        notifications
            .iter()
            .position(|notification| notification.about == about)
    };
    if let (Some(one), Some(other)) = (place(one), place(other)) {
        notifications.swap(one, other);
    }
}

/// Puts a changed copy of the operation's end behind it.
fn after_end(notifications: &mut Vec<Notification>, change: impl Fn(&mut Notification)) {
    if let Some(end) = notifications
        .iter()
        .position(|notification| notification.about == About::End)
    {
        let mut copy = notifications[end].clone();
        change(&mut copy);
        notifications.insert(end + 1, copy);
    }
}

/// Puts a call that nobody knows before an operation's end.
fn stranger(notifications: &mut Vec<Notification>, pages: Pages) {
    if let Some(end) = notifications
        .iter()
        .position(|notification| notification.about == About::End)
    {
        let id = fresh_id();
        let mut strange = notifications[end].clone();
        strange.about = About::Established;
        strange.effect = None;
        strange.entry = pages.call("updated", &id, CallState::Established, json!({}));
        notifications.insert(end, strange);
    }
}
