//! The anchor of one heading.

use super::outline;
use crate::http::attribute::attribute;

/// A heading that is being read.
#[derive(Debug, Default)]
pub(super) struct Title {
    /// The name in `<a name="…">`.
    anchor: Option<String>,
    text: String,
    /// The text in the page's source language, where the page holds both.
    source: String,
    /// How many spans are open, from the one that holds the source language.
    source_spans: usize,
    link: Link,
    /// Whether there is text outside of a link to a tab.
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
    /// Takes text of the heading.
    pub(super) fn text(&mut self, text: &str) {
        if self.anchor.is_some() {
            // The text gives no anchor then.
        } else if self.source_spans > 0 {
            self.source.push_str(text);
        } else {
            self.text.push_str(text);
        }
        self.has_own_text |= self.link != Link::Tab && !text.trim().is_empty();
    }

    /// Takes the start of a link, or the end of it.
    pub(super) fn link(&mut self, target: Option<&str>) {
        self.link = match target {
            Some(target) if target.starts_with("#tab/") => Link::Tab,
            Some(_) => Link::Other,
            None => Link::None,
        };
        self.has_tab |= self.link == Link::Tab;
    }

    /// Takes a tag inside the heading.
    pub(super) fn html(&mut self, tag: &str) {
        if is_anchor(tag) {
            if self.anchor.is_none() {
                self.anchor = attribute(tag, "name")
                    .or_else(|| attribute(tag, "id"))
                    .map(str::to_owned);
            }
        } else if tag.starts_with("<span") {
            let is_source = tag.contains("sxs-lookup");
            self.source_spans += usize::from(self.source_spans > 0 || is_source);
        } else if tag.starts_with("</span") {
            self.source_spans = self.source_spans.saturating_sub(1);
        }
    }

    /// Whether the heading only holds a `#tab/` link.
    pub(super) const fn is_tab(&self) -> bool {
        self.has_tab && !self.has_own_text
    }

    /// The heading's anchor: the printed one, else one made of its text.
    pub(super) fn into_anchor(self) -> String {
        let text = if self.source.is_empty() {
            &self.text
        } else {
            &self.source
        };
        self.anchor.unwrap_or_else(|| outline::slug(text))
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
        assert_eq!(title.source_spans, 0);
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
