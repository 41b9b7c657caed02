//! Matches live messages with recorded ones.
//!
//! 1. [`content`] reads a body by its media type; [`target`] compares hosts, paths and addresses.
//! 2. [`compared`] makes the keys of a request, from everything that is compared to its method and path.
//! 3. [`requests`] finds the recorded requests with the same key, the most precise key first.
//! 4. [`comparison`] compares a live message with a recorded one, value by value: [`texts`], header [`fields`]. [`at`]
//!    is the place that a comparison has reached.

pub(super) mod at;
pub(super) mod compared;
pub(crate) mod comparison;
pub(super) mod content;
mod fields;
pub(super) mod requests;
pub(crate) mod target;
#[cfg(test)]
mod tests;
mod texts;
