//! The headings of a page, and the names that they give.

/// A heading that opens a section. Headings that only hold a `#tab/` link are none.
#[derive(Debug)]
pub(super) struct Heading {
    level: u8,
    anchor: String,
    parent: Option<usize>,
}

/// The headings of a page, in order, each knowing the section that it stands in.
#[derive(Debug, Default)]
pub(super) struct Outline {
    headings: Vec<Heading>,
}

/// The name that the headings above a message give to its conversation.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SectionName<'a> {
    /// A heading's anchor, without `example` and its number.
    Own(&'a str),
    /// The message stands under the general heading for examples, or under no heading.
    General,
}

impl Outline {
    /// Opens a section; the ones of the same level and below end.
    pub(super) fn open(&mut self, level: u8, anchor: String) {
        let mut parent = self.current();
        while let Some(index) = parent {
            if self.headings[index].level < level {
                break;
            }
            parent = self.headings[index].parent;
        }
        self.headings.push(Heading {
            level,
            anchor,
            parent,
        });
    }

    /// The section that is open now; none before the first heading.
    pub(super) fn current(&self) -> Option<usize> {
        self.headings.len().checked_sub(1)
    }

    /// Whether the open section is, or is inside, the second-level one with that anchor.
    pub(super) fn is_inside(&self, anchor: &str) -> bool {
        self.enclosing(self.current())
            .any(|heading| heading.level == 2 && heading.anchor == anchor)
    }

    /// The name for a message in that section: the nearest enclosing heading that is not a
    /// message's own (SPEC section 4).
    pub(super) fn name(&self, section: Option<usize>) -> SectionName<'_> {
        self.enclosing(section)
            .find(|heading| !is_of_a_message(&heading.anchor))
            .map(|heading| without_example(&heading.anchor))
            .filter(|name| !name.is_empty())
            .map_or(SectionName::General, SectionName::Own)
    }

    fn enclosing(&self, section: Option<usize>) -> impl Iterator<Item = &Heading> {
        let mut next = section;
        std::iter::from_fn(move || {
            let heading = &self.headings[next?];
            next = heading.parent;
            Some(heading)
        })
    }
}

/// Whether an anchor heads a single message: `request`, `response-2`, `notification---incoming`,
/// `http-request`, `request-body`; `request-to-join-a-call` is a title.
fn is_of_a_message(anchor: &str) -> bool {
    let anchor = anchor.strip_prefix("http-").unwrap_or(anchor);
    let words = ["request", "response", "notification"];
    words
        .iter()
        .find_map(|word| anchor.strip_prefix(word))
        .is_some_and(|rest| {
            let is_number = rest
                .strip_prefix('-')
                .is_some_and(|it| it.bytes().all(|b| b.is_ascii_digit()));
            is_number || matches!(rest, "" | "-body" | "-headers") || rest.starts_with("--")
        })
}

/// An anchor without a leading `example` or `examples`, its number and hyphens.
fn without_example(anchor: &str) -> &str {
    let Some(rest) = anchor.strip_prefix("example") else {
        return anchor;
    };
    let rest = rest.strip_prefix('s').unwrap_or(rest);
    if !rest.is_empty() && !rest.starts_with('-') {
        return anchor;
    }
    let rest = rest.trim_start_matches('-');
    let unnumbered = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    if unnumbered.is_empty() || unnumbered.starts_with('-') {
        unnumbered.trim_start_matches('-')
    } else {
        rest
    }
}

/// The anchor that GitHub makes of a heading without one: lower case, blanks to hyphens,
/// punctuation gone.
pub(super) fn slug(title: &str) -> String {
    title
        .trim()
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            '-' | '_' => Some(c),
            _ => c.is_alphanumeric().then_some(c),
        })
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_lose_their_number() {
        for (anchor, name) in [
            ("example-1-invite-one", "invite-one"),
            ("example---invite-many", "invite-many"),
            ("examples", ""),
            ("example", ""),
            ("example-12", ""),
            ("example-3-way-call", "way-call"),
            ("example-3rd-party", "3rd-party"),
            ("exemplary-call", "exemplary-call"),
            ("invite-example-1", "invite-example-1"),
        ] {
            assert_eq!(without_example(anchor), name, "{anchor}");
        }
    }

    #[test]
    fn a_message_has_a_heading_of_its_own() {
        for (anchor, is_own) in [
            ("request", true),
            ("http-request", true),
            ("response-2", true),
            ("request-body", true),
            ("notification---operation-completed", true),
            ("request-to-join-a-call", false),
            ("responses", false),
        ] {
            assert_eq!(is_of_a_message(anchor), is_own, "{anchor}");
        }
    }

    #[test]
    fn a_name_comes_from_the_nearest_enclosing_heading() {
        let mut outline = Outline::default();
        outline.open(2, "examples".into());
        outline.open(3, "example-4-invite-a-phone".into());
        outline.open(4, "step-1-prepare".into());
        outline.open(4, "request".into());
        let name = outline.name(outline.current());
        assert_eq!(name, SectionName::Own("invite-a-phone"));
        outline.open(5, "notification---incoming".into());
        let name = outline.name(outline.current());
        assert_eq!(name, SectionName::Own("invite-a-phone"));
    }

    #[test]
    fn the_general_heading_gives_no_name() {
        let mut outline = Outline::default();
        assert_eq!(outline.name(outline.current()), SectionName::General);
        outline.open(2, "examples".into());
        outline.open(5, "request".into());
        assert_eq!(outline.name(outline.current()), SectionName::General);
        assert!(!outline.is_inside("response"));
    }

    #[test]
    fn a_heading_without_an_anchor_is_slugged() {
        assert_eq!(slug("Call: answer, at last!"), "call-answer-at-last");
        assert_eq!(slug("示例 1"), "示例-1");
    }
}
