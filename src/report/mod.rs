//! Functions from results to text. Pure: who calls them decides on width and colour, and writes.

pub mod annotations;
pub mod color;
pub mod conversation;
pub mod coverage;
pub mod html;
pub mod inventory;
pub mod json;
pub mod junit;
pub mod list;
pub mod normalized;
pub mod not_covered;
pub mod snapshot;
pub mod terminal;
