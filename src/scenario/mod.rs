//! scenario

pub(crate) mod check;
pub mod format;
pub mod parse;
pub mod selection;
pub mod store;
pub(crate) mod writing;
