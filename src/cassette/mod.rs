//! cassette

pub mod causes;
pub mod format;
pub mod har;
pub mod journal;
pub mod read;
pub mod recording;
