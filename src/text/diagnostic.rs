//! A complaint about a user's file, with its place and its remedy.

use std::fmt;

/// Something wrong in a file that a user gave, in one place, with a way to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file as the user named it.
    pub file: String,
    /// The line, counted from 1; 0 where the whole file is meant.
    pub line: usize,
    /// The column in characters, counted from 1; 0 where the whole line is meant.
    pub column: usize,
    /// What is wrong, and what was expected instead.
    pub message: String,
    /// What to do about it.
    pub remedy: Option<String>,
    /// The text of the line, shown under the message with a caret at the column.
    pub excerpt: Option<String>,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
            if self.column > 0 {
                write!(f, ":{}", self.column)?;
            }
        }
        write!(f, ": {}", self.message)?;
        if let Some(excerpt) = &self.excerpt {
            let number = self.line.to_string();
            write!(f, "\n  {number} | {excerpt}")?;
            if self.column > 0 {
                let indent = number.len() + self.column + 1;
                write!(f, "\n  {:indent$} ^", "")?;
            }
        }
        if let Some(remedy) = &self.remedy {
            write!(f, "\n  = help: {remedy}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostic {}

/// The candidate that is closest to a misspelt word, if any is close enough to be meant.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(score, _)| *score > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagnostic_shows_place_line_and_remedy() {
        let diagnostic = Diagnostic {
            file: "a.json".into(),
            line: 12,
            column: 5,
            message: "unknown field `staus`".into(),
            remedy: Some("did you mean `status`?".into()),
            excerpt: Some("    \"staus\": 200".into()),
        };
        assert_eq!(
            diagnostic.to_string(),
            "a.json:12:5: unknown field `staus`\n  12 |     \"staus\": 200\n           ^\n  = help: did you mean `status`?"
        );
    }

    #[test]
    fn the_closest_word_is_close() {
        assert_eq!(closest("staus", ["status", "headers"]), Some("status"));
        assert_eq!(closest("zzz", ["status", "headers"]), None);
    }
}
