//! A cache of answers. A request that equals an earlier one byte for byte gets the same answer, and is neither parsed
//! nor searched for.

use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use foldhash::fast::FixedState;
use foldhash::quality::RandomState;
use hyper::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HOST};

use crate::http::{Received, Reply};

/// All of a request that its answer depends on, in 128 bits, under a key of the process.
pub(super) type RequestHash = (u64, u64);

/// `scheme` is that of the address under which the bot reaches the service.
pub(super) fn hash(received: &Received, scheme: &str) -> RequestHash {
    static SEEDS: LazyLock<[RandomState; 2]> = LazyLock::new(Default::default);
    let fields = [HOST, CONTENT_TYPE, CONTENT_ENCODING, ACCEPT_ENCODING];
    let fields = fields.map(|name| received.fields().get(name));
    let seen = (
        received.method(),
        received.target(),
        received.body(),
        fields,
        scheme,
    );
    let [first, second] = SEEDS.each_ref().map(|seed| seed.hash_one(&seen));
    (first, second)
}

/// The bytes of cached answers.
const MOST_BYTES: usize = 4 << 20;

#[derive(Debug, Default)]
pub(super) struct AnswerCache(Mutex<Answers>);

#[derive(Debug, Default)]
struct Answers {
    by_request: HashMap<RequestHash, Reply, FixedState>,
    /// The version of the mapping that the answers were made with.
    mapping_version: u64,
    /// An estimate.
    bytes: usize,
    hits: usize,
}

impl AnswerCache {
    /// The number of requests that were answered from the cache.
    pub(super) fn hits(&self) -> usize {
        self.lock().hits
    }

    pub(super) fn find(&self, request: RequestHash) -> Option<Reply> {
        let mut answers = self.lock();
        let reply = answers.by_request.get(&request)?.clone();
        answers.hits += 1;
        Some(reply)
    }

    /// Empties the cache after a change of the mapping.
    pub(super) fn validate(&self, mapping_version: u64) {
        let mut answers = self.lock();
        if answers.mapping_version != mapping_version {
            let hits = answers.hits;
            *answers = Answers {
                mapping_version,
                hits,
                ..Answers::default()
            };
        }
    }

    /// Adds a [prepared](Reply::prepared) answer of about this many bytes, while there is room.
    pub(super) fn add(&self, request: RequestHash, reply: &Reply, bytes: usize) {
        let mut answers = self.lock();
        if answers.bytes + bytes <= MOST_BYTES {
            answers.bytes += bytes;
            answers.by_request.insert(request, reply.clone());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Answers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
