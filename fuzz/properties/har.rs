//! HAR files, as browsers and other proxies write them.

use crate::cassette::format::Form;
use crate::cassette::har;

use super::{diagnostic, recorded};

const FILE: &str = "a.har";

/// Exchanges are numbered in the order of their time. The recording can be judged, shown and
/// written as HAR that reads back equal.
///
/// # Panics
///
/// Where one of those does not hold.
pub fn holds(bytes: &[u8]) {
    let recording = match har::read(FILE, bytes, &|_| None, Form::Decoded) {
        Ok(recording) => recording,
        Err(wrong) => return diagnostic::is_sound(&wrong, FILE, bytes),
    };
    let exchanges = recording.exchanges();
    assert!((1..).zip(exchanges).all(|(number, it)| it.number == number));
    assert!(exchanges.is_sorted_by_key(|it| it.at_ms));
    for exchange in exchanges {
        let cause = exchange.cause.as_ref();
        assert!(cause.is_none_or(|cause| cause.exchange < exchange.number));
        assert_eq!(exchange.response.is_some(), exchange.broke.is_none());
    }
    recorded::is_judged(&recording);
    recorded::passes_through_har(&recording);
}
