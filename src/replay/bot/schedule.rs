//! The order in which the recorded bot sends: exchanges about the same calls one after the other.

use std::collections::HashMap;

use crate::cassette::format::Direction;
use crate::replay::recording::Index;

#[derive(Debug)]
pub(super) struct Schedule {
    groups: Vec<Group>,
    due: Vec<usize>,
}

#[derive(Debug, Default)]
struct Group {
    exchanges: Vec<usize>,
    /// The index of the next exchange.
    at: usize,
    /// True while the request at `at` has no answer.
    is_waiting: bool,
    /// The number of missing entries of each notification.
    missing: HashMap<usize, usize>,
}

impl Schedule {
    pub(super) fn new(recorded: &Index) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        for index in 0..recorded.len() {
            let number = recorded.group(index);
            if number == groups.len() {
                groups.push(Group::default());
            }
            groups[number].exchanges.push(index);
        }
        let due = (0..groups.len()).rev().collect();
        Self { groups, due }
    }

    pub(super) fn groups(&self) -> impl Iterator<Item = &[usize]> {
        self.groups.iter().map(|it| &*it.exchanges)
    }

    /// The next request that can be sent. Its group waits until it has
    /// [advanced](Schedule::advance).
    pub(super) fn next_request(&mut self, recorded: &Index) -> Option<usize> {
        while let Some(number) = self.due.pop() {
            if let Some(index) = self.groups[number].next_request(recorded) {
                return Some(index);
            }
        }
        None
    }

    /// Continues a group: its request was answered, or cannot be sent.
    pub(super) fn advance(&mut self, number: usize) {
        let group = &mut self.groups[number];
        group.is_waiting = false;
        group.at += 1;
        self.due.push(number);
    }

    /// Blocks a group until so many entries of a notification were received.
    pub(super) fn wait_for(&mut self, number: usize, notification: usize, entries: usize) {
        let group = &mut self.groups[number];
        group.missing.insert(notification, entries);
    }

    pub(super) fn wait_for_one_less(&mut self, number: usize, notification: usize) {
        if let Some(left) = self.groups[number].missing.get_mut(&notification) {
            *left = left.saturating_sub(1);
        }
        self.due.push(number);
    }

    /// True if all exchanges of the group before this one are over.
    pub(super) fn has_reached(&self, number: usize, exchange: usize) -> bool {
        let group = &self.groups[number];
        let next = group.exchanges.get(group.at);
        next.is_none_or(|next| exchange <= *next)
    }

    /// True if every group waits, or is over.
    pub(super) const fn is_idle(&self) -> bool {
        self.due.is_empty()
    }
}

impl Group {
    fn next_request(&mut self, recorded: &Index) -> Option<usize> {
        if self.is_waiting {
            return None;
        }
        while let Some(&index) = self.exchanges.get(self.at) {
            match recorded.direction(index) {
                Direction::Request => {
                    self.is_waiting = true;
                    return Some(index);
                }
                Direction::Notification if self.missing.get(&index).is_some_and(|it| *it > 0) => {
                    return None;
                }
                Direction::Notification => self.at += 1,
            }
        }
        None
    }
}
