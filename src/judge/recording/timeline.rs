//! The order in which recorded exchanges began and ended.

use super::transcript::Transcript;

/// The start or end of an exchange, by its index in the recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timestamp {
    Begun(usize),
    /// Its response arrived, or the exchange broke.
    Ended(usize),
}

/// A clock that goes back by more than this, in milliseconds, was restarted: the recording was
/// continued.
const JITTER: u64 = 5;

/// The starts and ends of exchanges, which are sorted by their start.
pub(super) fn timestamps(transcript: &Transcript, which: &[usize]) -> Vec<Timestamp> {
    let mut timestamps = Vec::with_capacity(which.len() * 2);
    let (mut start, mut last, mut latest) = (0_u64, 0_u64, 0_u64);
    for &index in which {
        let captured = transcript.get(index);
        let since = |start: u64| start.saturating_add(captured.at_ms);
        if since(start).saturating_add(JITTER) < last {
            start = latest.saturating_add(1);
        }
        let begun = last.max(since(start));
        let ended = begun.saturating_add(captured.took_ms);
        (last, latest) = (begun, latest.max(ended));
        timestamps.push(((begun, captured.number, false), Timestamp::Begun(index)));
        timestamps.push(((ended, captured.number, true), Timestamp::Ended(index)));
    }
    timestamps.sort_unstable();
    timestamps
        .into_iter()
        .map(|(_, timestamp)| timestamp)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cassette::format::{Direction, Exchange};
    use crate::http::message::Request;
    use Timestamp::{Begun, Ended};

    fn exchange(number: u64, at_ms: u64, took_ms: u64) -> Exchange {
        Exchange {
            at_ms,
            took_ms,
            ..Exchange::new(number, Direction::Request, Request::new("GET", "/"))
        }
    }

    #[test]
    fn an_answer_comes_when_it_came() {
        let all = vec![exchange(1, 0, 30), exchange(2, 10, 5), exchange(3, 30, 0)];
        let actual = timestamps(&Transcript::new(all), &[0, 1, 2]);
        let wanted = [Begun(0), Begun(1), Ended(1), Ended(0), Begun(2), Ended(2)];
        assert_eq!(actual, wanted);
    }

    #[test]
    fn a_clock_may_start_anew() {
        let all = vec![exchange(1, 500, 90), exchange(2, 0, 3), exchange(3, 2, 0)];
        let actual = timestamps(&Transcript::new(all), &[0, 1, 2]);
        assert_eq!(actual[..3], [Begun(0), Ended(0), Begun(1)]);
    }
}
