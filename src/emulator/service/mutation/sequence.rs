//! Faults in what is notified at all, and in which order.

use serde_json::json;

use super::Fault;
use super::notice::{end, roster};
use crate::emulator::edit::set;
use crate::emulator::fresh_id;
use crate::emulator::service::delivery::{About, Notice};
use crate::emulator::service::pages::Pages;
use crate::emulator::service::state::CallState;

/// The notifications that one request causes about the call that it names. `replaced` is a call
/// that an invitation replaces.
pub(in crate::emulator::service) fn notices(
    fault: Option<Fault>,
    notices: &mut Vec<Notice>,
    pages: Pages,
    replaced: Option<&str>,
) {
    let Some(fault) = fault else { return };
    for notice in notices.iter_mut() {
        match notice.about {
            About::End => end(fault, &mut notice.entry),
            About::Roster => roster(fault, &mut notice.entry, replaced),
            About::Incoming => incoming(fault, notice),
            About::Established if fault == Fault::StateUnknown => {
                set(&mut notice.entry, "/resourceData/state", "humming");
            }
            _ => {}
        }
    }
    match fault {
        Fault::NoEnd => drop_all(notices, About::End),
        Fault::NoRoster => drop_all(notices, About::Roster),
        Fault::NeverEstablished => drop_all(notices, About::Established),
        Fault::EstablishedFirst => swap(notices, About::Establishing, About::Established),
        Fault::EndTwice => after_end(notices, |_| {}),
        Fault::AfterEnd => after_end(notices, |notice| {
            set(&mut notice.entry, "/changeType", "updated");
            set(&mut notice.entry, "/resourceData/status", "running");
        }),
        Fault::Stranger => stranger(notices, pages),
        _ => {}
    }
}

/// The notifications about a call that an invitation replaced.
pub(in crate::emulator::service) fn farewell(
    fault: Option<Fault>,
    notices: &mut Vec<Notice>,
    pages: Pages,
) {
    match fault {
        Some(Fault::NotTerminated) => drop_all(notices, About::Terminated),
        Some(Fault::NotDeleted) => drop_all(notices, About::Deleted),
        Some(Fault::DeletedFirst) => swap(notices, About::Terminated, About::Deleted),
        Some(Fault::OtherCallEnds) => {
            let id = fresh_id();
            for notice in notices {
                notice.entry = match notice.about {
                    About::Deleted => pages.call("deleted", &id, CallState::Terminated, json!({})),
                    _ => pages.call("updated", &id, CallState::Terminated, json!({})),
                };
            }
        }
        _ => {}
    }
}

fn incoming(fault: Fault, notice: &mut Notice) {
    match fault {
        Fault::IncomingAsUpdate => set(&mut notice.entry, "/changeType", "updated"),
        Fault::IncomingOutgoing => set(&mut notice.entry, "/resourceData/direction", "sideways"),
        _ => {}
    }
}

fn drop_all(notices: &mut Vec<Notice>, about: About) {
    notices.retain(|notice| notice.about != about);
}

fn swap(notices: &mut [Notice], one: About, other: About) {
    let place = |about| notices.iter().position(|notice| notice.about == about);
    if let (Some(one), Some(other)) = (place(one), place(other)) {
        notices.swap(one, other);
    }
}

/// Puts a changed copy of the operation's end behind it.
fn after_end(notices: &mut Vec<Notice>, change: impl Fn(&mut Notice)) {
    if let Some(end) = notices.iter().position(|notice| notice.about == About::End) {
        let mut copy = notices[end].clone();
        change(&mut copy);
        notices.insert(end + 1, copy);
    }
}

/// Puts a call that nobody knows before an operation's end.
fn stranger(notices: &mut Vec<Notice>, pages: Pages) {
    if let Some(end) = notices.iter().position(|notice| notice.about == About::End) {
        let id = fresh_id();
        let mut strange = notices[end].clone();
        strange.about = About::Established;
        strange.effect = None;
        strange.entry = pages.call("updated", &id, CallState::Established, json!({}));
        notices.insert(end, strange);
    }
}
