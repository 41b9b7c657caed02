//! api

pub mod identifier;
pub mod party;
pub mod resource;
pub mod template;
