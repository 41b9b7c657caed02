//! A recording: the exchanges of a cassette or of another tool's file, in the order of their numbers.

use super::format::{Direction, Exchange};

#[derive(Debug, Clone)]
pub(crate) struct Recording {
    file: String,
    directions: Vec<Direction>,
    exchanges: Vec<Exchange>,
    /// The line of each exchange in the file, counted from 1.
    lines: Vec<usize>,
}

impl Recording {
    /// `exchanges` are pairs of an exchange and its line in the file, in any order.
    pub(crate) fn new(
        file: impl Into<String>,
        directions: Vec<Direction>,
        exchanges: impl IntoIterator<Item = (usize, Exchange)>,
    ) -> Self {
        let mut exchanges: Vec<_> = exchanges.into_iter().collect();
        // Keys are sorted instead of exchanges: an exchange is long, and most are already in order.
        exchanges.sort_by_cached_key(|(_, exchange)| exchange.number);
        let (lines, exchanges) = exchanges.into_iter().unzip();
        Self {
            file: file.into(),
            directions,
            exchanges,
            lines,
        }
    }

    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    pub(crate) fn line(&self, index: usize) -> usize {
        self.lines.get(index).copied().unwrap_or(1)
    }

    pub(crate) fn exchanges(&self) -> &[Exchange] {
        &self.exchanges
    }

    /// Maps each exchange, in their order.
    #[must_use]
    pub(crate) fn map(mut self, make: impl FnMut(Exchange) -> Exchange) -> Self {
        self.exchanges = self.exchanges.into_iter().map(make).collect();
        self
    }

    pub(crate) fn directions(&self) -> &[Direction] {
        &self.directions
    }

    pub(crate) fn into_exchanges(self) -> Vec<Exchange> {
        self.exchanges
    }
}
