//! A recording played over sockets: the recorded service for a live bot, or the recorded bot for a
//! live service. Nothing is sent but to the addresses that were named.

mod bot;
mod cache;
mod service;

pub use self::bot::{bot, fresh};
pub use self::service::{ReplayOptions, service};
