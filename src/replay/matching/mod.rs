//! Matches live messages with recorded ones.
//!
//! 1. [`fingerprint`] hashes a request in four precisions, from all of its values to its method and path.
//! 2. [`request_index`] finds the recorded requests of the same hash, the most precise first.
//! 3. [`comparison`] compares a live message with a recorded one, value by value.

pub(crate) mod comparison;
pub(super) mod fingerprint;
pub(super) mod request_index;
