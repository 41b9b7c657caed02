//! Durations as people write them: `500ms`, `3s`, `1.5s`, `2m`, `0`.

use std::time::Duration;

/// Reads a duration: `500ms`, `3s`, `1.5s`, `2m`, or `0`.
///
/// # Errors
///
/// What the form is.
pub fn parse(text: &str) -> Result<Duration, String> {
    let form = || "a duration is a number with its unit: `500ms`, `3s`, `2m`".to_owned();
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        _ => return Err(form()),
    };
    if !digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Err(form());
    }
    let number: f64 = digits.parse().map_err(|_| form())?;
    Duration::try_from_secs_f64(number * unit).map_err(|_| form())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        for (text, milliseconds) in [
            ("500ms", 500),
            ("3s", 3000),
            ("1.5s", 1500),
            ("2m", 120_000),
            ("0", 0),
            ("0ms", 0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(milliseconds)));
        }
        for text in [
            "", "5", "s", "3 s", "-3s", "3h", "1e999s", "NaNs", "1..2s", "é",
        ] {
            assert!(parse(text).unwrap_err().contains("`500ms`"), "{text}");
        }
    }
}
