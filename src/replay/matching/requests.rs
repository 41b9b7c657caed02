//! Finds recorded requests by their keys.

use std::collections::{BTreeSet, HashMap};

use foldhash::fast::FixedState;

use super::compared::RequestKey;
use crate::replay::values::Key;
use crate::replay::values::mapping::Mapping;

/// How often a recorded request may be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Serving {
    /// A recorded request that the bot never sends is missing.
    Once,
    /// Recordings are served again once all of one request were served, and none is missing.
    Repeated,
}

/// The recorded requests. An exchange is known by its position in the recording.
#[derive(Debug)]
pub(in crate::replay) struct Requests {
    /// Those with one key of everything, with the identifiers and without.
    by_key: HashMap<Key, Queue, FixedState>,
    /// Those with one method and path.
    by_path: HashMap<Key, Vec<u32>, FixedState>,
    /// The identifiers of each, in their order.
    ids: Vec<Box<[Key]>>,
    served: Vec<bool>,
    /// The hosts that were asked, where there are several.
    hosts: BTreeSet<String>,
    pub serving: Serving,
}

/// Exchanges in the order of the recording.
#[derive(Debug)]
enum Queue {
    One(u32),
    /// With the number of those in front that were served.
    Many(Box<(Vec<u32>, usize)>),
}

impl Queue {
    fn push(&mut self, exchange: u32) {
        match self {
            Self::One(first) => *self = Self::Many(Box::new((vec![*first, exchange], 0))),
            Self::Many(many) => many.0.push(exchange),
        }
    }

    fn all(&self) -> &[u32] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => &many.0,
        }
    }

    /// Those that were not served. If all were, and they may be served again, all.
    fn unserved(&mut self, served: &mut [bool], serving: Serving) -> Vec<usize> {
        let from = match self {
            Self::Many(many) if serving == Serving::Once => {
                while many.0.get(many.1).is_some_and(|it| served[*it as usize]) {
                    many.1 += 1;
                }
                many.1
            }
            _ => 0,
        };
        let all = self.all()[from..].iter().map(|it| *it as usize);
        let left: Vec<usize> = all.clone().filter(|it| !served[*it]).collect();
        if left.is_empty() && serving == Serving::Repeated {
            all.clone().for_each(|it| served[it] = false);
            return all.collect();
        }
        left
    }
}

impl Requests {
    /// `requests` are the keys and the host of each exchange of a recording, in order; none for a
    /// notification.
    pub(in crate::replay) fn new(requests: Vec<Option<(RequestKey, Option<String>)>>) -> Self {
        let hosts = requests
            .iter()
            .flatten()
            .filter_map(|(_, host)| host.clone());
        let mut hosts: BTreeSet<String> = hosts.collect();
        if hosts.len() < 2 {
            hosts.clear();
        }
        let mut all = Self {
            by_key: HashMap::default(),
            by_path: HashMap::default(),
            ids: Vec::with_capacity(requests.len()),
            served: vec![false; requests.len()],
            hosts,
            serving: Serving::Once,
        };
        for (index, request) in (0..).zip(requests) {
            let Some((key, host)) = request else {
                all.ids.push(Box::default());
                continue;
            };
            all.by_path.entry(key.path).or_default().push(index);
            let host = host.as_deref();
            if !key.needs_comparison {
                all.add(key.exact, host, index);
            }
            all.add(key.loose, host, index);
            all.ids.push(key.ids.into());
        }
        all
    }

    fn add(&mut self, key: Key, host: Option<&str>, index: u32) {
        let key = self.at_host(key, host);
        self.by_key
            .entry(key)
            .and_modify(|queue| queue.push(index))
            .or_insert(Queue::One(index));
    }

    fn at_host(&self, key: Key, host: Option<&str>) -> Key {
        match host.filter(|_| !self.hosts.is_empty()) {
            Some(host) => key.with(host),
            None => key,
        }
    }

    /// The hosts that a live request may be for: the one that it names; any, where no recorded request
    /// names that one.
    fn hosts_of<'a>(&'a self, host: Option<&'a str>) -> Vec<Option<&'a str>> {
        match host.filter(|it| self.hosts.contains(*it)) {
            Some(host) => vec![Some(host)],
            None if self.hosts.is_empty() => vec![None],
            None => self
                .hosts
                .iter()
                .map(|it| Some(&**it))
                .chain([None])
                .collect(),
        }
    }

    /// True if a request that was recorded for one host may be served for another.
    pub(in crate::replay) fn is_host(&self, recorded: Option<&str>, live: Option<&str>) -> bool {
        let known = live.filter(|it| self.hosts.contains(*it));
        known.is_none() || known == recorded
    }

    /// The first unserved recording with these values, their identifiers standing for themselves.
    pub(in crate::replay) fn find_equal(
        &mut self,
        key: &RequestKey,
        host: Option<&str>,
    ) -> Option<usize> {
        self.unserved(key.exact, host).into_iter().min()
    }

    /// The unserved recordings that differ from a request in identifiers at most, in their order.
    pub(in crate::replay) fn find_similar(
        &mut self,
        key: &RequestKey,
        host: Option<&str>,
        mapping: &Mapping,
    ) -> Vec<usize> {
        let mut found = self.unserved(key.loose, host);
        found.retain(|index| {
            let mut ids = self.ids[*index].iter().zip(&key.ids);
            ids.all(|(recorded, live)| mapping.may_agree(*recorded, *live))
        });
        found.sort_unstable();
        found
    }

    fn unserved(&mut self, key: Key, host: Option<&str>) -> Vec<usize> {
        let hosts = self.hosts_of(host).into_iter();
        let keys: Vec<Key> = hosts.map(|host| self.at_host(key, host)).collect();
        let mut found = Vec::new();
        for key in keys {
            if let Some(queue) = self.by_key.get_mut(&key) {
                found.extend(queue.unserved(&mut self.served, self.serving));
            }
        }
        found
    }

    /// True if exactly one recording has these values and this method and path with other ones.
    pub(in crate::replay) fn is_unique(&self, key: &RequestKey, host: Option<&str>) -> bool {
        let hosts = self.hosts_of(host).into_iter();
        let keys = hosts.map(|host| self.at_host(key.exact, host));
        let found: usize = keys
            .filter_map(|it| self.by_key.get(&it))
            .map(|it| it.all().len())
            .sum();
        found == 1
    }

    /// The recordings of one method and path, served or not.
    pub(in crate::replay) fn at_path(&self, paths: &[Key]) -> Vec<usize> {
        let all = paths.iter().filter_map(|path| self.by_path.get(path));
        let mut all: Vec<usize> = all.flatten().map(|it| *it as usize).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The first recording of each method and path, in the order of the recording.
    pub(in crate::replay) fn first_of_each_path(&self) -> Vec<usize> {
        let firsts = self.by_path.values().filter_map(|it| it.first());
        let mut firsts: Vec<usize> = firsts.map(|it| *it as usize).collect();
        firsts.sort_unstable();
        firsts
    }

    pub(in crate::replay) fn mark_served(&mut self, index: usize) {
        self.served[index] = true;
    }

    pub(in crate::replay) fn is_served(&self, index: usize) -> bool {
        self.served[index]
    }

    /// Makes recordings available again.
    pub(in crate::replay) fn begin_again(&mut self, exchanges: &[usize]) {
        for index in exchanges {
            self.served[*index] = false;
        }
    }
}
