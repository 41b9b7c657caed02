//! Functions from results to text. Pure: who calls them decides on width and colour, and writes.

pub mod annotations;
pub mod conversation;
pub mod coverage;
pub mod form;
pub mod html;
pub mod inventory;
pub mod json;
pub mod junit;
pub mod list;
pub mod paint;
pub mod snapshot;
pub mod terminal;
pub mod unfit;
