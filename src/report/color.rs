//! Colours of text for people.

use anstyle::{AnsiColor, Style};

/// The width and the colour of text for people. The entry decides them once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    pub colour: bool,
    /// The width of a line in characters.
    pub width: usize,
}

impl Look {
    /// For files and pipes.
    pub(crate) const PLAIN: Self = Self {
        colour: false,
        width: 100,
    };

    pub(crate) fn success(self, text: &str) -> String {
        self.styled(AnsiColor::Green.on_default().bold(), text)
    }

    pub(crate) fn failure(self, text: &str) -> String {
        self.styled(AnsiColor::Red.on_default().bold(), text)
    }

    pub(crate) fn warning(self, text: &str) -> String {
        self.styled(AnsiColor::Yellow.on_default().bold(), text)
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.styled(Style::new().bold(), text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.styled(Style::new().dimmed(), text)
    }

    /// A line that only the old text has.
    pub(crate) fn removed(self, text: &str) -> String {
        self.styled(AnsiColor::Red.on_default(), text)
    }

    /// A line that only the new text has.
    pub(crate) fn added(self, text: &str) -> String {
        self.styled(AnsiColor::Green.on_default(), text)
    }

    fn styled(self, style: Style, text: &str) -> String {
        if self.colour {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }
}
