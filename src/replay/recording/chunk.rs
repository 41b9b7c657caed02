//! Lines of a cassette, read on any processor and put into the order of the recording.

use std::hash::BuildHasher as _;

use foldhash::quality::FixedState;

use super::grouping;
use crate::cassette::format::{Direction, Exchange};
use crate::replay::matching::fingerprint::{Fingerprint, Hashes};
use crate::replay::values;
use crate::replay::values::Key;

#[derive(Debug, Default)]
pub(crate) struct Chunk {
    entries: Vec<Entry>,
    /// The calls of all entries, one entry after the other.
    calls: Vec<Key>,
    /// Likewise the identifiers of the requests.
    request_ids: Vec<Key>,
    /// Likewise the identifiers that only the responses have.
    response_ids: Vec<Key>,
    lines: usize,
}

/// The fields of an exchange that the index needs.
#[derive(Debug)]
pub(in crate::replay) struct Entry {
    pub(in crate::replay) number: u64,
    /// The number of the exchange that caused it, if the recorder knew it.
    pub(in crate::replay) cause: Option<u64>,
    pub(in crate::replay) at: u64,
    pub(in crate::replay) length: u32,
    pub(in crate::replay) checksum: u32,
    pub(in crate::replay) line: u32,
    pub(in crate::replay) direction: Direction,
    pub(in crate::replay) hashes: Option<Hashes>,
    ends: Ends,
}

/// The ends of the keys of an entry. They begin at the ends of the previous entry.
#[derive(Debug, Clone, Copy, Default)]
struct Ends {
    calls: u32,
    request_ids: u32,
    response_ids: u32,
}

impl Chunk {
    pub(crate) const fn skip(&mut self) {
        self.lines += 1;
    }

    /// Adds the exchange of the next line, which begins at the byte `at`.
    pub(crate) fn add(&mut self, exchange: &Exchange, at: u64, line: &[u8]) {
        self.calls.extend(keys_of(&grouping::calls(exchange)));
        let mut messages = Vec::with_capacity(2);
        values::visit_messages(exchange, |_, values| messages.push(keys_of(&values.ids)));
        let mut messages = messages.into_iter();
        let request_ids = messages.next().unwrap_or_default();
        let response_ids = messages.next().unwrap_or_default().into_iter();
        self.response_ids
            .extend(response_ids.filter(|key| !request_ids.contains(key)));
        self.request_ids.extend(request_ids);
        self.entries.push(Entry {
            number: exchange.number,
            cause: exchange.cause.as_ref().map(|it| it.exchange),
            at,
            length: brief(line.len()),
            checksum: checksum(line),
            line: brief(self.lines),
            direction: exchange.direction,
            hashes: hashes(exchange),
            ends: Ends {
                calls: brief(self.calls.len()),
                request_ids: brief(self.request_ids.len()),
                response_ids: brief(self.response_ids.len()),
            },
        });
        self.lines += 1;
    }

    pub(crate) fn shrink(&mut self) {
        self.entries.shrink_to_fit();
        for keys in [
            &mut self.calls,
            &mut self.request_ids,
            &mut self.response_ids,
        ] {
            keys.shrink_to_fit();
        }
    }

    pub(crate) const fn lines(&self) -> usize {
        self.lines
    }

    pub(in crate::replay) fn number_lines(&mut self, line_of: impl Fn(usize) -> usize) {
        for (index, entry) in self.entries.iter_mut().enumerate() {
            entry.line = brief(line_of(index));
        }
    }

    fn with_keys(&self, index: usize) -> EntryKeys<'_> {
        let before = index.checked_sub(1).map(|before| self.entries[before].ends);
        let (entry, from) = (&self.entries[index], before.unwrap_or_default());
        EntryKeys {
            entry,
            calls: part(&self.calls, from.calls, entry.ends.calls),
            request_ids: part(&self.request_ids, from.request_ids, entry.ends.request_ids),
            response_ids: part(
                &self.response_ids,
                from.response_ids,
                entry.ends.response_ids,
            ),
        }
    }
}

/// Some of the keys; none once they were dropped.
fn part(keys: &[Key], from: u32, to: u32) -> &[Key] {
    keys.get(from as usize..to as usize).unwrap_or_default()
}

/// The keys of identifiers, sorted, each once.
fn keys_of(ids: &[String]) -> Vec<Key> {
    let mut keys: Vec<Key> = ids.iter().map(|it| Key::of(it)).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

impl Entry {
    pub(in crate::replay) fn end(&self) -> u64 {
        self.at + u64::from(self.length)
    }
}

fn hashes(exchange: &Exchange) -> Option<Hashes> {
    let request = &exchange.request;
    let is_request = exchange.direction == Direction::Request;
    is_request.then(|| Fingerprint::of(&request.method, &request.target, &request.body).hashes)
}

/// The exchanges of all chunks, in the order of their numbers.
#[derive(Debug)]
pub(in crate::replay) struct Entries {
    chunks: Vec<Chunk>,
    /// The chunk of each exchange, and its index there.
    order: Vec<(u32, u32)>,
}

#[derive(Debug, Clone, Copy)]
pub(in crate::replay) struct EntryKeys<'a> {
    pub(in crate::replay) entry: &'a Entry,
    pub(in crate::replay) calls: &'a [Key],
    pub(in crate::replay) request_ids: &'a [Key],
    /// Those that only the response has.
    pub(in crate::replay) response_ids: &'a [Key],
}

impl Entries {
    /// The exchanges of chunks that are all lines of a cassette, in order.
    pub(in crate::replay) fn of(mut chunks: Vec<Chunk>) -> Self {
        let count = chunks.iter().map(|it| it.entries.len()).sum();
        let mut order = Vec::with_capacity(count);
        let mut lines = 0;
        for (number, chunk) in (0..).zip(&mut chunks) {
            for (index, entry) in (0..).zip(&mut chunk.entries) {
                entry.line += lines + 1;
                order.push((number, index));
            }
            lines += brief(chunk.lines);
        }
        order.sort_by_key(|(chunk, index)| entry(&chunks, *chunk, *index).number);
        Self { chunks, order }
    }

    pub(in crate::replay) fn get(&self, index: usize) -> &Entry {
        let (chunk, index) = self.order[index];
        entry(&self.chunks, chunk, index)
    }

    pub(in crate::replay) fn iter(&self) -> impl Iterator<Item = &Entry> + Clone {
        let of = |(chunk, index): &(u32, u32)| entry(&self.chunks, *chunk, *index);
        self.order.iter().map(of)
    }

    pub(in crate::replay) fn with_keys(&self) -> impl Iterator<Item = EntryKeys<'_>> + Clone {
        let of =
            |(chunk, index): &(u32, u32)| self.chunks[*chunk as usize].with_keys(*index as usize);
        self.order.iter().map(of)
    }

    /// Drops all keys but those of the requests, once nothing else is needed.
    pub(in crate::replay) fn keep_request_ids(&mut self) {
        for chunk in &mut self.chunks {
            chunk.calls = Vec::new();
            chunk.response_ids = Vec::new();
        }
    }
}

fn entry(chunks: &[Chunk], chunk: u32, index: u32) -> &Entry {
    &chunks[chunk as usize].entries[index as usize]
}

/// A number in 32 bits, which is enough for lines and their lengths.
pub(in crate::replay) fn brief(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A checksum, which detects a changed file.
pub(in crate::replay) fn checksum(bytes: &[u8]) -> u32 {
    const SEED: FixedState = FixedState::with_seed(5);
    let whole = SEED.hash_one(bytes);
    u32::try_from(whole >> 32).unwrap_or(0)
}
