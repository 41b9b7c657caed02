//! The exchanges of a recording that fit no scenario.

use std::fmt::Write as _;

use super::text::Look;
use crate::cassette::format::Direction;
use crate::diagnostic::place::printable;
use crate::judge::recording::check::NotCovered;

/// The name of the file, then a line for each exchange. Empty where there are none.
pub(crate) fn render(file: &str, not_covered: &[NotCovered], look: Look) -> String {
    if not_covered.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "{} fit no scenario:\n",
        look.warning(&format!("{file}: these"))
    );
    for exchange in not_covered {
        let from = match exchange.direction {
            Direction::Request => "bot",
            Direction::Notification => "service",
        };
        let status = exchange.status.map(|status| format!(": {status}"));
        let _ = writeln!(
            text,
            "  {:>4} {from:<7} {}{}",
            exchange.number,
            printable(&exchange.request),
            status.unwrap_or_else(|| ": no answer".to_owned())
        );
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exchange_is_a_line() {
        let not_covered = [NotCovered {
            number: 7,
            direction: Direction::Request,
            request: "GET /me".into(),
            status: Some(404),
        }];
        assert_eq!(
            render("a.jsonl", &not_covered, Look::PLAIN),
            "a.jsonl: these fit no scenario:\n     7 bot     GET /me: 404\n\n"
        );
        assert_eq!(render("a.jsonl", &[], Look::PLAIN), "");
    }
}
