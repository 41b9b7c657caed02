//! The time of day as the pages write it.

use std::time::{SystemTime, UNIX_EPOCH};

/// Now, in UTC: `2018-09-06T15:58:41Z`.
pub(super) fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    written(since.map_or(0, |since| since.as_secs()))
}

/// Seconds since 1970 as RFC 3339. The date is found by Howard Hinnant's `civil_from_days`.
fn written(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute) = (second / 3_600, second % 3_600 / 60);
    format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}Z",
        second % 60
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn seconds_become_a_date() {
        assert_eq!(super::written(0), "1970-01-01T00:00:00Z");
        assert_eq!(super::written(1_536_249_521), "2018-09-06T15:58:41Z");
        assert_eq!(super::written(1_709_164_800), "2024-02-29T00:00:00Z");
    }
}
