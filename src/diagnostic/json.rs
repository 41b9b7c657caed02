//! Places of JSON values in the text of a document.
//!
//! Parsed values have no places. This scanner walks the text again after an error. It never fails:
//! it returns a place or none for any text.

use std::collections::HashSet;
use std::ops::Range;

use super::pointer::Pointer;

/// The byte ranges of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// The property name with its quotes; none for other values.
    pub key: Option<Range<usize>>,
    pub value: Range<usize>,
}

/// The last of several properties with one name counts, as in `serde_json`.
pub(crate) fn locate(text: &str, pointer: &Pointer) -> Option<Found> {
    let mut scanner = Scanner { text, at: 0 };
    let mut found = scanner.value(None)?;
    for token in pointer.as_str().split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        scanner.at = found.value.start;
        found = match scanner.peek()? {
            b'{' => scanner.property(&token)?,
            b'[' => scanner.item(token.parse().ok()?)?,
            _ => return None,
        };
    }
    Some(found)
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placed {
    pub pointer: Pointer,
    pub found: Found,
    /// A preceding property of the same object has the same name.
    pub again: bool,
    /// The number of direct children.
    pub children: usize,
}

/// The maximal depth of [`values`], which is that of `serde_json`.
const DEEPEST: usize = 128;

/// All values of a document, parents first.
pub(crate) fn values(text: &str) -> Vec<Placed> {
    let mut scanner = Scanner { text, at: 0 };
    let mut all = Vec::new();
    let whole = New {
        pointer: Pointer::root(),
        key: None,
        again: false,
        depth: 0,
    };
    // The values before a syntax error are kept.
    let _ = scanner.collect(whole, &mut all);
    all
}

/// A value before it is scanned.
struct New {
    pointer: Pointer,
    key: Option<Range<usize>>,
    again: bool,
    depth: usize,
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl Scanner<'_> {
    /// The last property of that name in the object that begins here.
    fn property(&mut self, name: &str) -> Option<Found> {
        let mut last = None;
        self.at += 1;
        while self.skip_to_next()? != b'}' {
            let Some(found) = self.next_property() else {
                break;
            };
            if self.is_named(&found, name) {
                last = Some(found);
            }
        }
        last
    }

    /// Adds the next value and its children. None if there is no value.
    fn collect(&mut self, new: New, all: &mut Vec<Placed>) -> Option<()> {
        self.skip_space();
        let opening = self.peek()?;
        let (start, index) = (self.at, all.len());
        all.push(Placed {
            pointer: new.pointer.clone(),
            found: Found {
                key: new.key,
                value: start..start,
            },
            again: new.again,
            children: 0,
        });
        if new.depth < DEEPEST && matches!(opening, b'{' | b'[') {
            self.at += 1;
            let mut names = HashSet::new();
            while !matches!(self.skip_to_next()?, b'}' | b']') {
                let children = all[index].children;
                let (key, name) = match opening {
                    b'{' => self.key().map(|(key, name)| (Some(key), Some(name)))?,
                    _ => (None, None),
                };
                let below = New {
                    pointer: match &name {
                        Some(name) => new.pointer.key(name),
                        None => new.pointer.index(children),
                    },
                    key,
                    again: name.is_some_and(|name| !names.insert(name)),
                    depth: new.depth + 1,
                };
                all[index].children += 1;
                self.collect(below, all)?;
            }
            self.at += 1;
        } else {
            self.at = self.value(None)?.value.end;
        }
        all[index].found.value.end = self.at;
        Some(())
    }

    /// The range and the unescaped text of the next property name. Skips its colon.
    fn key(&mut self) -> Option<(Range<usize>, String)> {
        let start = self.at;
        if self.peek()? != b'"' {
            return None;
        }
        self.skip_string();
        let key = start..self.at;
        let name = serde_json::from_str(self.text.get(key.clone())?).ok()?;
        self.skip_space();
        if self.peek()? != b':' {
            return None;
        }
        self.at += 1;
        Some((key, name))
    }

    fn next_property(&mut self) -> Option<Found> {
        let start = self.at;
        if self.peek()? != b'"' {
            return None;
        }
        self.skip_string();
        let key = start..self.at;
        self.skip_space();
        if self.peek()? != b':' {
            return None;
        }
        self.at += 1;
        self.value(Some(key))
    }

    fn is_named(&self, found: &Found, name: &str) -> bool {
        let key = found.key.clone().and_then(|key| self.text.get(key));
        key.and_then(|key| serde_json::from_str::<String>(key).ok())
            .is_some_and(|key| key == name)
    }

    /// The item with that index in the array that begins here.
    fn item(&mut self, index: usize) -> Option<Found> {
        self.at += 1;
        for _ in 0..index {
            self.skip_to_next()?;
            self.value(None)?;
        }
        self.skip_to_next()?;
        self.value(None)
    }

    /// The value that begins here, after white space.
    fn value(&mut self, key: Option<Range<usize>>) -> Option<Found> {
        self.skip_space();
        let start = self.at;
        match self.peek()? {
            b'"' => self.skip_string(),
            b'{' | b'[' => self.skip_nested(),
            b'}' | b']' | b',' | b':' => return None,
            _ => self.skip_scalar(),
        }
        let value = start..self.at;
        Some(Found { key, value })
    }

    /// Skips an object or an array by counting brackets of either kind.
    fn skip_nested(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.skip_string();
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
        }
    }

    fn skip_string(&mut self) {
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'"' => return,
                b'\\' if self.peek().is_some() => self.at += 1,
                _ => {}
            }
        }
    }

    fn skip_scalar(&mut self) {
        let ends = |b: u8| b.is_ascii_whitespace() || b",]}:".contains(&b);
        while self.peek().is_some_and(|byte| !ends(byte)) {
            self.at += 1;
        }
    }

    /// Skips white space and commas, and returns the next byte.
    fn skip_to_next(&mut self) -> Option<u8> {
        while self
            .peek()
            .is_some_and(|b| b.is_ascii_whitespace() || b == b',')
        {
            self.at += 1;
        }
        self.peek()
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"a": [1, {"x/y": "b\"]"}, null], "t": true, "a\u0062": {}}"#;

    fn found(pointer: &str) -> Option<(Option<&'static str>, &'static str)> {
        let found = locate(TEXT, &Pointer::from_text(pointer.to_owned()))?;
        Some((found.key.map(|key| &TEXT[key]), &TEXT[found.value]))
    }

    #[test]
    fn a_pointer_finds_its_value_and_its_key() {
        assert_eq!(found(""), Some((None, TEXT)));
        assert_eq!(found("/a/0"), Some((None, "1")));
        assert_eq!(found("/a/1/x~1y"), Some((Some(r#""x/y""#), r#""b\"]""#)));
        assert_eq!(found("/a/2"), Some((None, "null")));
        assert_eq!(found("/t"), Some((Some(r#""t""#), "true")));
        assert_eq!(found("/ab"), Some((Some(r#""a\u0062""#), "{}")));
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        for pointer in ["/b", "/a/3", "/a/x", "/t/0", "/a/1/y"] {
            assert_eq!(found(pointer), None, "{pointer}");
        }
    }

    #[test]
    fn of_two_properties_with_one_name_the_last_counts() {
        let text = r#"{"a": 1, "a": 2}"#;
        let found = locate(text, &Pointer::root().key("a")).unwrap();
        assert_eq!(&text[found.value], "2");
    }

    #[test]
    fn all_values_have_their_places_in_one_walk() {
        let seen: Vec<_> = values(TEXT)
            .into_iter()
            .map(|it| {
                let located = locate(TEXT, &it.pointer);
                assert!(it.again || located == Some(it.found) || it.pointer.as_str() == "/ab");
                (it.pointer.to_string(), it.again, it.children)
            })
            .collect();
        let expected = [
            ("", false, 3),
            ("/a", false, 3),
            ("/a/0", false, 0),
            ("/a/1", false, 1),
            ("/a/1/x~1y", false, 0),
            ("/a/2", false, 0),
            ("/t", false, 0),
            ("/ab", false, 0),
        ];
        let expected = expected.map(|(pointer, again, count)| (pointer.to_owned(), again, count));
        assert_eq!(seen, expected);
        let twice = values(r#"{"a": 1, "\u0061": {"b": 1, "b": 2}}"#);
        let again: Vec<_> = twice.iter().filter(|it| it.again).collect();
        assert_eq!(again.len(), 2);
        assert_eq!(again[0].found.key, Some(9..17));
        assert_eq!(again[1].pointer.as_str(), "/a/b");
    }

    #[test]
    fn values_below_the_deepest_are_left_out() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(values(&deep).len(), DEEPEST + 1);
    }

    #[test]
    fn every_truncation_of_a_text_is_survived() {
        for end in 0..=TEXT.len() {
            let _ = values(&TEXT[..end]);
            for pointer in ["", "/a", "/a/1/x~1y", "/t", "/ab", "/zz", "/a/99999999"] {
                let _ = locate(&TEXT[..end], &Pointer::from_text(pointer.to_owned()));
            }
        }
        for text in [
            "}", "]", "[}", "{]", "{\"a\"", "[[[[", "\\", "\"\\", "{:", "[,,,",
        ] {
            let _ = values(text);
            for pointer in ["", "/a", "/0", "/0/0/0/0/0"] {
                let _ = locate(text, &Pointer::from_text(pointer.to_owned()));
            }
        }
    }
}
