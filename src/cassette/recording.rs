//! A recording: the exchanges of a cassette or of another tool's file, in order.

use super::format::{Direction, Exchange};

/// A recording as it is judged.
#[derive(Debug, Clone)]
pub(crate) struct Recording {
    file: String,
    directions: Vec<Direction>,
    /// In the order in which their requests began.
    exchanges: Vec<Exchange>,
    /// The line of each in the file, counted from 1.
    lines: Vec<usize>,
}

impl Recording {
    /// A recording of these directions, with the line of each exchange in the file. The exchanges
    /// may come in any order.
    pub(crate) fn new(
        file: impl Into<String>,
        directions: Vec<Direction>,
        exchanges: impl IntoIterator<Item = (usize, Exchange)>,
    ) -> Self {
        let mut exchanges: Vec<_> = exchanges.into_iter().collect();
        // By keys beside them: an exchange is long, and most stand where they belong.
        exchanges.sort_by_cached_key(|(_, exchange)| exchange.number);
        let (lines, exchanges) = exchanges.into_iter().unzip();
        Self {
            file: file.into(),
            directions,
            exchanges,
            lines,
        }
    }

    /// The file, as errors call it.
    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// The line of an exchange, by its place in the recording.
    pub(crate) fn line(&self, index: usize) -> usize {
        self.lines.get(index).copied().unwrap_or(1)
    }

    /// The exchanges, in the order in which their requests began.
    pub(crate) fn exchanges(&self) -> &[Exchange] {
        &self.exchanges
    }

    /// The same recording with something else made of each exchange, in their order.
    #[must_use]
    pub(crate) fn map(mut self, make: impl FnMut(Exchange) -> Exchange) -> Self {
        self.exchanges = self.exchanges.into_iter().map(make).collect();
        self
    }

    /// The exchanges, taken out, in the same order.
    pub(crate) fn into_exchanges(self) -> Vec<Exchange> {
        self.exchanges
    }

    /// Whether it holds exchanges of a direction.
    pub(crate) fn records(&self, direction: Direction) -> bool {
        self.directions.contains(&direction)
    }
}
