//! A recording played over sockets: the recorded service for a live bot, or the recorded bot for a live service.
//! Messages are sent only to addresses that the user named.

mod answer_cache;
mod bot;
mod service;
mod session;

pub(crate) use self::bot::{Ending, bot, generator};
pub(crate) use self::service::{Turns, Ways, service};
pub(crate) use self::session::{ReplayError, ReplayOptions, Timing};
