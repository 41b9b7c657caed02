//! The order in which the recorded bot sends. A request that began after an answer waits for that answer; within a
//! call, a request also waits for the notifications before it.

use std::collections::{BTreeMap, HashMap};

use crate::cassette::format::Direction;
use crate::replay::recording::Index;

#[derive(Debug)]
pub(super) struct Schedule {
    /// The requests that are not over, by when they began.
    open: BTreeMap<(u64, usize), Open>,
    /// When each exchange began, in milliseconds.
    begins: Vec<u64>,
    groups: Vec<Group>,
    /// True if a request may have become ready since the last search.
    has_changed: bool,
}

#[derive(Debug)]
struct Open {
    /// When its answer came, in milliseconds.
    end_ms: u64,
    is_sent: bool,
}

/// Requests are numbered in the order in which they begin, but for this many milliseconds. One that
/// began earlier is of another recorder, which added to the cassette.
const JITTER: u64 = 10;

/// The exchanges about the same calls.
#[derive(Debug, Default)]
struct Group {
    exchanges: Vec<usize>,
    /// The number of missing entries of each notification.
    missing: HashMap<usize, usize>,
}

impl Group {
    /// True if no notification before this exchange is missing.
    fn lets(&self, exchange: usize) -> bool {
        let mut missing = self.missing.iter();
        missing.all(|(notification, left)| *left == 0 || *notification > exchange)
    }
}

impl Schedule {
    pub(super) fn new(recorded: &Index) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        let (mut open, mut begins) = (BTreeMap::new(), Vec::new());
        let (mut offset, mut last, mut over) = (0, 0, 0_u64);
        for index in 0..recorded.len() {
            let number = recorded.group(index);
            if number == groups.len() {
                groups.push(Group::default());
            }
            groups[number].exchanges.push(index);
            let (at_ms, took_ms) = recorded.times(index);
            if at_ms.saturating_add(JITTER) < last {
                offset = over;
            }
            last = at_ms;
            let at_ms = at_ms.saturating_add(offset);
            let end_ms = at_ms.saturating_add(took_ms);
            over = over.max(end_ms);
            begins.push(at_ms);
            if recorded.direction(index) == Direction::Request {
                let is_sent = false;
                open.insert((at_ms, index), Open { end_ms, is_sent });
            }
        }
        Self {
            open,
            begins,
            groups,
            has_changed: true,
        }
    }

    pub(super) fn groups(&self) -> impl Iterator<Item = &[usize]> {
        self.groups.iter().map(|it| &*it.exchanges)
    }

    /// The next request that can be sent. It is open until it is [over](Schedule::end).
    pub(super) fn next_request(&mut self, recorded: &Index) -> Option<usize> {
        if !self.has_changed {
            return None;
        }
        // The answer that came first of those that are still to come.
        let mut first_end: Option<u64> = None;
        for ((at_ms, index), open) in &mut self.open {
            if first_end.is_some_and(|end| end <= *at_ms) {
                break;
            }
            if !open.is_sent && self.groups[recorded.group(*index)].lets(*index) {
                open.is_sent = true;
                return Some(*index);
            }
            first_end = Some(first_end.map_or(open.end_ms, |it| it.min(open.end_ms)));
        }
        self.has_changed = false;
        None
    }

    /// A request was answered, or cannot be sent.
    pub(super) fn end(&mut self, exchange: usize) {
        self.open.remove(&(self.begins[exchange], exchange));
        self.has_changed = true;
    }

    /// Blocks the requests of a group behind a notification until so many entries of it were received.
    pub(super) fn wait_for(&mut self, number: usize, notification: usize, entries: usize) {
        let group = &mut self.groups[number];
        group.missing.insert(notification, entries);
    }

    pub(super) fn wait_for_one_less(&mut self, number: usize, notification: usize) {
        let missing = &mut self.groups[number].missing;
        if let Some(left) = missing.get_mut(&notification) {
            *left = left.saturating_sub(1);
            if *left == 0 {
                missing.remove(&notification);
            }
        }
        self.has_changed = true;
    }

    /// True if nothing before this notification is still to happen in its group, but for other
    /// notifications.
    pub(super) fn has_reached(&self, recorded: &Index, notification: usize) -> bool {
        let number = recorded.group(notification);
        let missing = &self.groups[number].missing;
        let open = self.open.keys().map(|(_, index)| *index);
        let mut open = open.filter(|it| recorded.group(*it) == number);
        let is_first = missing.keys().all(|it| *it >= notification);
        is_first && open.all(|it| it > notification)
    }

    /// True if every request waits, or is over.
    pub(super) const fn is_idle(&self) -> bool {
        !self.has_changed
    }
}
