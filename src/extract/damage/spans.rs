//! Code spans and the text around them.

use super::super::prose::{Piece, Text};

/// The surroundings of a code span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Around {
    /// Punctuation stands on both sides.
    pub(super) is_alone: bool,
    /// A link stands in front or behind, with only a blank between.
    pub(super) is_beside_link: bool,
}

/// The code spans of a text in order, each with its line and its surroundings.
pub(super) fn spans(text: &Text) -> impl Iterator<Item = (&str, usize, Around)> {
    let places = text.pieces.iter().zip(&text.lines).enumerate();
    places.filter_map(|(index, (piece, line))| {
        let Piece::Code(code) = piece else {
            return None;
        };
        let around = Around {
            is_alone: is_alone(text, index),
            is_beside_link: is_beside_link(text, index),
        };
        Some((code.as_str(), *line, around))
    })
}

/// True if a comma or the end of a sentence stands on both sides. In a list of code spans, such punctuation is in place.
fn is_alone(text: &Text, index: usize) -> bool {
    let before = index.checked_sub(1).map(|at| &text.pieces[at]);
    let behind = text.pieces.get(index + 1);
    let (Some(Piece::Plain(before)), Some(Piece::Plain(behind))) = (before, behind) else {
        return false;
    };
    // A comma alone separates two spans of a list.
    let is_list = |text: &str| !text.chars().any(char::is_alphanumeric);
    let ends = |c: Option<char>| c.is_some_and(|c| ",.;，。；、".contains(c));
    !is_list(before)
        && ends(before.trim_end().chars().next_back())
        && ends(behind.trim_start().chars().next())
}

fn is_beside_link(text: &Text, index: usize) -> bool {
    let is_blank = |at: usize| match text.pieces.get(at) {
        Some(Piece::Plain(text)) => !text.is_empty() && text.trim().is_empty(),
        _ => false,
    };
    let is_link = |at: usize| matches!(text.pieces.get(at), Some(Piece::Link { .. }));
    let behind = is_blank(index + 1) && is_link(index + 2);
    let before = index >= 2 && is_blank(index - 1) && is_link(index - 2);
    behind || before
}
