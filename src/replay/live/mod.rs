//! A recording played over sockets: the recorded service for a live bot, or the recorded bot for a
//! live service. Nothing is sent but to the addresses that the user named.

mod answer_cache;
mod bot;
mod service;
mod session;

pub(crate) use self::bot::{Ending, bot, generator};
pub(crate) use self::service::{Turns, Ways, service};
pub(crate) use self::session::{ReplayError, ReplayOptions, Timing};
