//! The order in which recorded exchanges began and ended.

use super::transcript::Transcript;

/// Something that happened, by the place of its exchange in the recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timestamp {
    /// A request went out.
    Begun(usize),
    /// Its response came, or the exchange broke.
    Ended(usize),
}

/// A clock that goes back by more than this, in milliseconds, was started anew: a recording that
/// was gone on with.
const JITTER: u64 = 5;

/// The moments of exchanges, which stand in the order of their beginnings.
pub(super) fn timestamps(transcript: &Transcript, which: &[usize]) -> Vec<Timestamp> {
    let mut timestamps = Vec::with_capacity(which.len() * 2);
    let (mut start, mut last, mut latest) = (0_u64, 0_u64, 0_u64);
    for &index in which {
        let heard = transcript.get(index);
        let since = |start: u64| start.saturating_add(heard.at_ms);
        if since(start).saturating_add(JITTER) < last {
            start = latest.saturating_add(1);
        }
        let begun = last.max(since(start));
        let ended = begun.saturating_add(heard.took_ms);
        (last, latest) = (begun, latest.max(ended));
        timestamps.push(((begun, heard.number, false), Timestamp::Begun(index)));
        timestamps.push(((ended, heard.number, true), Timestamp::Ended(index)));
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
        let told = timestamps(&Transcript::new(all), &[0, 1, 2]);
        let wanted = [Begun(0), Begun(1), Ended(1), Ended(0), Begun(2), Ended(2)];
        assert_eq!(told, wanted);
    }

    #[test]
    fn a_clock_may_start_anew() {
        let all = vec![exchange(1, 500, 90), exchange(2, 0, 3), exchange(3, 2, 0)];
        let told = timestamps(&Transcript::new(all), &[0, 1, 2]);
        assert_eq!(told[..3], [Begun(0), Ended(0), Begun(1)]);
    }
}
