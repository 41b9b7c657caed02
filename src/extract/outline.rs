//! The headings of a page, their anchors, and the names that they give to conversations.

use foldhash::HashMap;

use crate::redact::attribute;

/// A heading that opens a section. A heading with only a `#tab/` link does not.
#[derive(Debug)]
pub(super) struct Heading {
    level: u8,
    pub(super) anchor: String,
    parent: Option<usize>,
    /// It is the heading of a single message.
    pub(super) is_of_a_message: bool,
}

impl Heading {
    /// True for the general heading of all examples.
    pub(super) fn is_general_for_examples(&self) -> bool {
        without_example(&self.anchor).is_empty()
    }
}

/// The headings of a page, in order, each with its section.
#[derive(Debug, Default)]
pub(super) struct Outline {
    headings: Vec<Heading>,
}

/// The messages of a section.
#[derive(Debug, Clone, Default)]
struct Count {
    /// Directly under its heading.
    own: usize,
    own_requests: usize,
    /// Directly under the headings of the next level.
    below: usize,
    /// Under the headings below it too.
    all: usize,
    all_requests: usize,
}

/// The name that the headings above a message give to its conversation.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SectionName<'a> {
    /// A heading's anchor, without `example` and its number.
    Own(&'a str),
    /// The message is under the general heading for examples, or under no heading.
    General,
}

impl Outline {
    /// Opens a section, and closes those of the same level and below.
    pub(super) fn open(&mut self, level: u8, anchor: String) {
        let mut parent = self.current();
        while let Some(index) = parent {
            if self.headings[index].level < level {
                break;
            }
            parent = self.headings[index].parent;
        }
        let is_of_a_message = is_of_a_message(&anchor);
        self.headings.push(Heading {
            level,
            anchor,
            parent,
            is_of_a_message,
        });
    }

    /// Finds the headings of single messages by structure, in any language: the heading has one request, or only
    /// responses or notifications; other parts of the same example are under the headings beside it; and the example has
    /// no other request, or other examples have the same heading. A message has its section, and is a request or not.
    pub(super) fn settle(&mut self, messages: impl Iterator<Item = (Option<usize>, bool)>) {
        let mut counts = vec![Count::default(); self.headings.len()];
        for (section, is_request) in messages {
            let Some(section) = section else { continue };
            counts[section].own += 1;
            counts[section].own_requests += usize::from(is_request);
            for (index, _) in self.enclosing_with_index(Some(section)) {
                counts[index].all += 1;
                counts[index].all_requests += usize::from(is_request);
            }
        }
        for (index, heading) in self.headings.iter().enumerate() {
            if let Some(parent) = heading.parent {
                counts[parent].below += counts[index].own;
            }
        }
        let mut titles: HashMap<String, usize> = HashMap::default();
        for (heading, count) in self.headings.iter().zip(&counts) {
            *titles.entry(heading.anchor.clone()).or_default() += usize::from(count.own > 0);
        }
        for (heading, count) in self.headings.iter_mut().zip(&counts) {
            let Some(example) = heading.parent.map(|it| &counts[it]) else {
                continue;
            };
            // An example has all its messages under the headings directly below it.
            let is_example = example.own == 0 && example.below == example.all;
            let is_leaf = count.own > 0 && count.own == count.all;
            let is_one = is_leaf && (count.own_requests == 0 || count.own == 1);
            let is_part = is_example && example.all > count.all;
            let is_repeated = titles[&heading.anchor] > 1;
            heading.is_of_a_message |=
                is_one && is_part && (is_repeated || example.all_requests == 1);
        }
    }

    pub(super) fn anchors(&self) -> impl Iterator<Item = &str> {
        self.headings.iter().map(|it| it.anchor.as_str())
    }

    /// `None` before the first heading.
    pub(super) fn current(&self) -> Option<usize> {
        self.headings.len().checked_sub(1)
    }

    /// True inside the second-level section with that anchor.
    pub(super) fn is_inside(&self, anchor: &str) -> bool {
        self.enclosing(self.current())
            .any(|heading| heading.level == 2 && heading.anchor == anchor)
    }

    /// The name for a message in that section: the nearest enclosing heading that is not a
    /// message's own.
    pub(super) fn name(&self, section: Option<usize>) -> SectionName<'_> {
        self.enclosing(section)
            .find(|heading| !heading.is_of_a_message)
            .map(|heading| without_example(&heading.anchor))
            .filter(|name| !name.is_empty())
            .map_or(SectionName::General, SectionName::Own)
    }

    /// The place of a section within an example.
    pub(super) fn place(&self, section: Option<usize>) -> Place {
        let mut place = Place::default();
        for (index, heading) in self.enclosing_with_index(section) {
            if place.heading.is_none() && !heading.is_of_a_message {
                place.heading = Some(index);
            }
            if self.is_example(heading) {
                place.example = Some(index);
                break;
            }
        }
        place
    }

    /// True for the heading of one example: not for the general one.
    fn is_example(&self, heading: &Heading) -> bool {
        let is_general = |anchor: &str| without_example(anchor).is_empty();
        let name = without_example(&heading.anchor);
        let parent = heading.parent.map(|index| &*self.headings[index].anchor);
        (name.len() < heading.anchor.len() && !name.is_empty())
            || (parent.is_some_and(is_general) && !heading.is_of_a_message)
    }

    fn enclosing(&self, section: Option<usize>) -> impl Iterator<Item = &Heading> {
        self.enclosing_with_index(section)
            .map(|(_, heading)| heading)
    }

    /// The section and those around it, the innermost first, each with its index.
    pub(super) fn enclosing_with_index(
        &self,
        section: Option<usize>,
    ) -> impl Iterator<Item = (usize, &Heading)> {
        let mut next = section;
        std::iter::from_fn(move || {
            let index = next?;
            let heading = &self.headings[index];
            next = heading.parent;
            Some((index, heading))
        })
    }
}

/// The headings above a message, by their order in the page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The heading of the example.
    pub(super) example: Option<usize>,
    /// The nearest heading that is not a message's own.
    pub(super) heading: Option<usize>,
}

impl Place {
    /// True in one example, each under a heading of its own below that of the example.
    pub(super) fn continues(self, before: Self) -> bool {
        let is_below = |place: Self| place.heading != place.example;
        self.example.is_some()
            && self.example == before.example
            && is_below(self)
            && is_below(before)
            && self.heading != before.heading
    }
}

/// True for the heading of a single message: `request`, `response-2`, `notification---incoming`,
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
fn slug(title: &str) -> String {
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

/// The spans in the source language, on a page in two languages.
#[derive(Debug, Default)]
pub(super) struct SourceSpans {
    /// The number of open spans, counted from the one in the source language.
    open: usize,
}

impl SourceSpans {
    /// Handles an inline tag.
    pub(super) fn html(&mut self, tag: &str) {
        if tag.starts_with("<span") {
            let is_source = tag.contains("sxs-lookup");
            self.open += usize::from(self.is_open() || is_source);
        } else if tag.starts_with("</span") {
            self.open = self.open.saturating_sub(1);
        }
    }

    pub(super) const fn is_open(&self) -> bool {
        self.open > 0
    }
}

#[derive(Debug, Default)]
pub(super) struct Title {
    /// The name in `<a name="…">`.
    anchor: Option<String>,
    text: String,
    /// The text in the page's source language, on a page in two languages.
    source: String,
    source_spans: SourceSpans,
    link: Link,
    /// True if there is text outside of a link to a tab.
    has_own_text: bool,
    has_tab: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Link {
    #[default]
    None,
    Tab,
    Other,
}

impl Title {
    pub(super) fn text(&mut self, text: &str) {
        if self.anchor.is_some() {
            // A printed anchor takes precedence over the text.
        } else if self.source_spans.is_open() {
            self.source.push_str(text);
        } else {
            self.text.push_str(text);
        }
        self.has_own_text |= self.link != Link::Tab && !text.trim().is_empty();
    }

    /// Handles the start or the end of a link.
    pub(super) fn link(&mut self, target: Option<&str>) {
        self.link = match target {
            Some(target) if target.starts_with("#tab/") => Link::Tab,
            Some(_) => Link::Other,
            None => Link::None,
        };
        self.has_tab |= self.link == Link::Tab;
    }

    pub(super) fn html(&mut self, tag: &str) {
        if is_anchor(tag) {
            if self.anchor.is_none() {
                self.anchor = attribute(tag, "name")
                    .or_else(|| attribute(tag, "id"))
                    .map(str::to_owned);
            }
        } else {
            self.source_spans.html(tag);
        }
    }

    /// True if the heading has only a `#tab/` link.
    pub(super) const fn is_tab(&self) -> bool {
        self.has_tab && !self.has_own_text
    }

    /// The printed anchor, else one made from the text.
    pub(super) fn into_anchor(self) -> String {
        let text = if self.source.is_empty() {
            &self.text
        } else {
            &self.source
        };
        self.anchor.unwrap_or_else(|| slug(text))
    }
}

fn is_anchor(tag: &str) -> bool {
    let name = tag.get(..2).is_some_and(|it| it.eq_ignore_ascii_case("<a"));
    name && tag[2..].starts_with(|c: char| c.is_ascii_whitespace())
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
    fn a_heading_of_one_message_is_found_by_structure() {
        let mut outline = Outline::default();
        let mut messages = Vec::new();
        for (level, anchor, parts) in [
            (2, "예제", &[][..]),
            (3, "예제-1-참가자", &[]),
            (4, "요청", &[true]),
            (4, "응답", &[false]),
            (4, "알림---실패", &[false]),
            (3, "두-요청", &[]),
            (4, "초대", &[true]),
            (4, "응답", &[false]),
            (4, "삭제", &[true]),
            (3, "한-번에", &[true, false]),
            (3, "수신", &[false]),
        ] {
            outline.open(level, anchor.to_owned());
            messages.extend(
                parts
                    .iter()
                    .map(|is_request| (outline.current(), *is_request)),
            );
        }
        outline.settle(messages.iter().copied());
        let own = outline.headings.iter().filter(|it| it.is_of_a_message);
        let own: Vec<_> = own.map(|it| it.anchor.as_str()).collect();
        assert_eq!(own, ["요청", "응답", "알림---실패", "응답"]);
        let name = outline.name(messages[0].0);
        assert_eq!(name, SectionName::Own("예제-1-참가자"));
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
    fn parts_of_one_example_have_headings_of_their_own() {
        let mut outline = Outline::default();
        let mut place = |level, anchor: &str| {
            outline.open(level, anchor.to_owned());
            outline.place(outline.current())
        };
        place(2, "examples");
        let example = place(3, "example-1-move");
        let request = place(4, "request");
        let invite = place(4, "invite");
        let answer = place(5, "response");
        let remove = place(4, "remove");
        let other = place(3, "leave");
        let of_other = place(4, "go");
        assert_eq!(example, request);
        assert_eq!(invite, answer);
        assert!(remove.continues(invite) && !invite.continues(answer));
        assert!(!remove.continues(request) && !request.continues(example));
        assert!(!of_other.continues(remove) && !of_other.continues(other));
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

    #[test]
    fn an_anchor_is_printed_or_made_of_the_source_language() {
        let mut title = Title::default();
        title.html("<span data-ttu-id=\"1\">");
        title.text("Exemplo");
        title.html("</span>");
        title.html("<span class=\"sxs-lookup\">");
        title.html("<span data-stu-id=\"1\">");
        title.text("An example");
        title.html("</span>");
        title.html("</span>");
        assert!(!title.source_spans.is_open());
        assert_eq!(title.into_anchor(), "an-example");

        let mut title = Title::default();
        title.html("<a name=\"first\">");
        title.html("<a name='second'>");
        title.text("Text");
        assert_eq!(title.into_anchor(), "first");
    }

    #[test]
    fn an_anchor_is_read_as_html_has_it() {
        for (tag, name) in [
            ("<A NAME=\"x\">", Some("x")),
            ("<a\nname='x y'>", Some("x y")),
            ("<a href=#b id=x>", Some("x")),
            ("<a title=\"name=z\" name=x/>", Some("x/")),
            ("<abbr name=\"x\">", None),
            ("<a name=\"\">", None),
            ("<a name=\"x", None),
        ] {
            let mut title = Title::default();
            title.html(tag);
            assert_eq!(title.anchor.as_deref(), name, "{tag}");
        }
    }

    #[test]
    fn a_heading_that_only_links_to_a_tab_is_a_tab() {
        let mut tab = Title::default();
        tab.link(Some("#tab/http"));
        tab.text("HTTP");
        tab.link(None);
        assert!(tab.is_tab());
        tab.text(" and more");
        assert!(!tab.is_tab());

        let mut link = Title::default();
        link.link(Some("#other"));
        link.text("HTTP");
        assert!(!link.is_tab());
    }
}
