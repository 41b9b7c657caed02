//! The difference of two texts, line by line.

use similar::{Change, ChangeTag, TextDiff};

use super::color::Look;
use crate::diagnostic::place::printable;

/// All lines of both texts.
pub(crate) fn whole(old: &str, new: &str, look: Look) -> String {
    let diff = TextDiff::from_lines(old, new);
    diff.iter_all_changes().map(|it| line(&it, look)).collect()
}

/// The changed lines, with three lines around each.
pub(crate) fn changes(old: &str, new: &str, look: Look) -> String {
    let diff = TextDiff::from_lines(old, new);
    let mut text = String::new();
    for (number, group) in diff.grouped_ops(3).iter().enumerate() {
        if number > 0 {
            text.push_str("    ...\n");
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            text.push_str(&line(&change, look));
        }
    }
    text
}

fn line(change: &Change<&str>, look: Look) -> String {
    let line = printable(change.value().trim_end_matches(['\n', '\r']));
    let line = match change.tag() {
        ChangeTag::Equal => format!("  {line}"),
        ChangeTag::Delete => look.removed(&format!("- {line}")),
        ChangeTag::Insert => look.added(&format!("+ {line}")),
    };
    format!("    {line}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_show_their_surroundings() {
        let old: String = ["a", "b", "c", "d", "e", "f"]
            .map(|it| format!("{it}\n"))
            .concat();
        let new = old.replace('f', "g");
        let shown = changes(&old, &new, Look::PLAIN);
        assert_eq!(shown, "      c\n      d\n      e\n    - f\n    + g\n");
        assert_eq!(changes(&old, &old, Look::PLAIN), "");
    }
}
