//! contract

pub mod change;
pub mod requirement;
pub mod rule;
pub mod shape;
pub mod words;
