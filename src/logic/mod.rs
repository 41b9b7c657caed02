//! Pure logic over the model: reading scenario files, extraction, the judge, verdicts, selection.
//! No sockets, files, clock or chance.

pub mod claims;
pub mod discretion;
pub mod extract;
pub mod judge;
pub mod known;
pub mod recording;
pub mod replay;
pub mod script;
pub mod selection;
pub mod shard;
pub mod verdict;
pub mod weather;
