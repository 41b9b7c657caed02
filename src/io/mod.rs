//! Sockets, files, time and chance: the only layer that touches the world below the entry.

pub mod config;
pub mod identity;
pub mod interception;
pub mod journal;
pub mod launch;
pub mod net;
pub mod pages;
pub mod parallel;
pub mod player;
pub mod proxy;
pub mod recording;
pub mod reference;
pub mod replay;
pub mod snapshots;
pub mod store;
pub mod tls;
