//! Sockets, files, time and chance: the only layer that touches the world below the entry.

pub mod journal;
pub mod net;
pub mod player;
pub mod proxy;
pub mod reference;
pub mod store;
pub mod tls;
