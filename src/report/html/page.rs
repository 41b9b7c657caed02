//! The lines of a reference page behind a violation.

use crate::extract::page_metadata;

/// The most lines that are shown, and those of them before the line that is broken.
const MOST_LINES: usize = 14;
const BEFORE: usize = 2;

/// A part of a page.
pub(super) struct Excerpt {
    pub title: String,
    pub locale: String,
    /// The address of the page, if the page says it; empty otherwise.
    pub address: String,
    pub lines: Vec<Line>,
}

pub(super) struct Line {
    pub number: usize,
    pub text: String,
    /// True for the line that is broken.
    pub is_broken: bool,
}

impl Excerpt {
    /// The lines around a line, which is counted from 1; none where the page has no such line.
    pub(super) fn of(page: &str, line: usize) -> Option<Self> {
        let first = line.saturating_sub(BEFORE).max(1);
        let lines: Vec<_> = (1..)
            .zip(page.lines())
            .skip(first - 1)
            .take(MOST_LINES)
            .map(|(number, text)| Line {
                number,
                text: text.to_owned(),
                is_broken: number == line,
            })
            .collect();
        lines.iter().any(|it| it.is_broken).then(|| {
            let metadata = page_metadata(page);
            let owned = |it: Option<&str>| it.unwrap_or_default().to_owned();
            let is_web = |it: &&str| it.starts_with("https://") || it.starts_with("http://");
            Self {
                title: owned(metadata.title),
                locale: owned(metadata.locale),
                address: owned(metadata.address.filter(is_web)),
                lines,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_around_are_shown_with_what_the_page_says_of_itself() {
        let page = "---\ntitle: \"Mute\"\nms.contentlocale: pt-BR\ncanonicalUrl: https://pages.example/mute\n---\n# Mute\n\na\nb\n";
        let excerpt = Excerpt::of(page, 8).unwrap();
        let lines: Vec<_> = excerpt
            .lines
            .iter()
            .map(|it| (it.number, it.text.as_str()))
            .collect();
        assert_eq!(lines, [(6, "# Mute"), (7, ""), (8, "a"), (9, "b")]);
        assert!(excerpt.lines[2].is_broken);
        let of_page = (&*excerpt.title, &*excerpt.locale, &*excerpt.address);
        assert_eq!(of_page, ("Mute", "pt-BR", "https://pages.example/mute"));
        assert!(Excerpt::of(page, 10).is_none() && Excerpt::of(page, 0).is_none());
    }

    #[test]
    fn an_address_is_a_link_only_if_a_browser_visits_it() {
        let page = "---\ncanonicalUrl: javascript:alert(1)\n---\na\n";
        assert_eq!(Excerpt::of(page, 4).unwrap().address, "");
    }
}
