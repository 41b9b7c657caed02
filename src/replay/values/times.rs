//! Pairs of a recorded and a live timestamp.
//!
//! Two events may have one timestamp by chance. A recorded timestamp must therefore have one live timestamp only if it
//! has milliseconds, or if the same property of the same entity has it again. Even then, two live timestamps may differ
//! by one unit of the last digit, because the clock may advance between them.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::Key;

const SECOND: i128 = 1_000_000_000;
const MILLISECOND: i128 = 1_000_000;

/// A timestamp in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Time {
    at: i128,
    /// The unit of its last digit.
    unit: i128,
}

impl Time {
    /// A timestamp without an offset is one of UTC.
    fn read(text: &str) -> Option<Self> {
        let timestamp = text.parse::<Timestamp>().ok().or_else(|| {
            let zoned = text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC);
            Some(zoned.ok()?.timestamp())
        })?;
        let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).take(9);
        Some(Self {
            at: timestamp.as_nanosecond(),
            unit: digits.fold(SECOND, |unit, _| unit / 10),
        })
    }

    /// True if the timestamps are the same in the coarser of their units.
    fn is(self, other: Self) -> bool {
        let unit = self.unit.max(other.unit);
        self.at.div_euclid(unit) == other.at.div_euclid(unit)
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct Times {
    /// Pairs of a recorded and a live timestamp: of a property of an entity by the second, of any place by the
    /// millisecond.
    pairs: HashMap<(Option<Key>, i128), Vec<[Time; 2]>, FixedState>,
    /// The recorded texts of live ones; none where there are several.
    recorded: TimeTexts,
}

pub(super) type TimeTexts = HashMap<String, Option<String>, FixedState>;

impl Times {
    /// True if the live timestamp may stand for the recorded one, as a property of an entity.
    pub(super) fn agrees(&self, property: Option<Key>, recorded: &str, live: &str) -> bool {
        let (Some(recorded), Some(live)) = (Time::read(recorded), Time::read(live)) else {
            return true;
        };
        let mut pairs = keys(property, recorded)
            .filter_map(|key| self.pairs.get(&key))
            .flatten()
            .filter(|[other, _]| other.is(recorded));
        pairs.all(|[other, known]| {
            let units = [other.unit, known.unit, recorded.unit, live.unit];
            (known.at - live.at).abs() <= units.into_iter().max().unwrap_or(SECOND)
        })
    }

    pub(super) fn learn(&mut self, property: Option<Key>, recorded: &str, live: &str) {
        self.add_text(live.to_owned(), Some(recorded));
        if let (Some(recorded), Some(live)) = (Time::read(recorded), Time::read(live)) {
            for key in keys(property, recorded) {
                self.add(key, [recorded, live]);
            }
        }
    }

    fn add(&mut self, key: (Option<Key>, i128), pair: [Time; 2]) {
        let pairs = self.pairs.entry(key).or_default();
        if !pairs.contains(&pair) {
            pairs.push(pair);
        }
    }

    fn add_text(&mut self, live: String, recorded: Option<&str>) {
        let known = self
            .recorded
            .entry(live)
            .or_insert_with(|| recorded.map(str::to_owned));
        if known.as_deref() != recorded {
            *known = None;
        }
    }

    pub(super) fn extend(&mut self, other: Self) {
        for (key, pairs) in other.pairs {
            for pair in pairs {
                self.add(key, pair);
            }
        }
        for (live, recorded) in other.recorded {
            self.add_text(live, recorded.as_deref());
        }
    }

    pub(super) const fn recorded_texts(&self) -> &TimeTexts {
        &self.recorded
    }
}

/// The keys of the pairs that have a recorded timestamp.
fn keys(property: Option<Key>, recorded: Time) -> impl Iterator<Item = (Option<Key>, i128)> {
    let of_property = property.map(|it| (Some(it), recorded.at.div_euclid(SECOND)));
    let is_fine = recorded.unit <= MILLISECOND;
    let of_any = is_fine.then(|| (None, recorded.at.div_euclid(MILLISECOND)));
    of_property.into_iter().chain(of_any)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table of pairs")]
    fn a_recorded_timestamp_has_one_live_timestamp() {
        let [one, other] = ["1", "2"].map(|id| Some(Key::of(id).with("/createdAt")));
        let (short, fine) = ("2026-01-01T10:00:00Z", "2026-01-01T10:00:00.123Z");
        for (first, then, agrees) in [
            // Without a fraction, only the property of an entity counts.
            (
                (one, short, "2027-01-01T10:00:00Z"),
                (one, short, "2027-01-01T10:00:09Z"),
                false,
            ),
            (
                (one, short, "2027-01-01T10:00:00Z"),
                (one, short, "2027-01-01T10:00:01Z"),
                true,
            ),
            (
                (one, short, "2027-01-01T10:00:00Z"),
                (one, short, "2027-01-01T12:00:00+02:00"),
                true,
            ),
            (
                (one, short, "2027-01-01T10:00:00Z"),
                (other, short, "2027-01-01T11:00:00Z"),
                true,
            ),
            (
                (None, short, "2027-01-01T10:00:00Z"),
                (None, short, "2027-01-01T11:00:00Z"),
                true,
            ),
            // With one, every place does.
            (
                (one, fine, "2027-01-01T10:00:00.5Z"),
                (None, fine, "2027-01-01T10:00:00.700Z"),
                false,
            ),
            (
                (one, fine, "2027-01-01T10:00:00.500Z"),
                (other, fine, "2027-01-01T10:00:00.501Z"),
                true,
            ),
            (
                (one, fine, "2027-01-01T10:00:00.500Z"),
                (None, fine, "2027-01-01T10:00:00.502Z"),
                false,
            ),
            // Spellings with other precisions.
            (
                (None, fine, "2027-01-01T10:00:00.500Z"),
                (
                    None,
                    "2026-01-01T10:00:00.123456Z",
                    "2027-01-01T10:00:09.500456Z",
                ),
                false,
            ),
            (
                (None, fine, "2027-01-01T10:00:00.500Z"),
                (
                    None,
                    "2026-01-01T10:00:00.123456Z",
                    "2027-01-01T10:00:00.500456Z",
                ),
                true,
            ),
            (
                (one, fine, "2027-01-01T10:00:00.500Z"),
                (one, short, "2027-01-01T10:00:00Z"),
                true,
            ),
            (
                (one, fine, "2027-01-01T10:00:00.500Z"),
                (one, short, "2028-01-01T10:00:00Z"),
                false,
            ),
            (
                (
                    None,
                    "2026-01-01T10:00:00.123456Z",
                    "2027-01-01T10:00:00.500Z",
                ),
                (
                    None,
                    "2026-01-01T10:00:00.123457Z",
                    "2027-01-01T10:00:00.700Z",
                ),
                true,
            ),
        ] {
            let mut times = Times::default();
            times.learn(first.0, first.1, first.2);
            assert_eq!(
                times.agrees(then.0, then.1, then.2),
                agrees,
                "{first:?} {then:?}"
            );
        }
    }
}
