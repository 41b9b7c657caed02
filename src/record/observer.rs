//! The observer of the exchanges that go through the proxy.

use std::fmt;

use crate::cassette::format::Exchange;
use crate::inject::InjectionKind;
use crate::inject::traffic::{Acknowledgement, ExtraNotification};
use crate::judge::recording::live::End;

/// Gets each exchange while it happens, in an order that the parties cannot tell from that of time: a request before
/// it is passed on, and its end before the last byte of the answer is.
pub(crate) trait Observer: fmt::Debug + Send + Sync {
    /// The request has come, and is not passed on yet. A body that is no JSON, or too long to be captured, may have
    /// been passed on.
    fn began(&self, exchange: Exchange);

    /// The exchange of this number has ended.
    fn ended(&self, number: u64, end: End);

    /// A fault is injected into the exchange of this number.
    fn injected(&self, number: u64, kind: InjectionKind);

    /// The bot answered a notification that fault injection sent before or after that of an exchange.
    fn notified_besides(&self, number: u64, extra: ExtraNotification, answer: Acknowledgement);

    /// True once the run is over: what breaks off then was cut off by the end.
    fn is_over(&self) -> bool;
}
