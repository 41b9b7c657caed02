//! Paths as they are printed, and names of files that are good on every system.

use std::path::Path;

/// A path in messages and reports. On Windows, it has `/` as on other systems: programs of Windows take it too, a report
/// is the same wherever it was written, and a path looks like the ids that are made of paths.
pub(crate) trait Shown {
    fn shown(&self) -> String;
}

impl Shown for Path {
    fn shown(&self) -> String {
        let text = self.to_string_lossy();
        if cfg!(windows) {
            of_windows(&text)
        } else {
            text.into_owned()
        }
    }
}

/// The system itself writes `\\?\` before a path that it has resolved.
fn of_windows(path: &str) -> String {
    let path = match path.strip_prefix(r"\\?\UNC\") {
        Some(share) => format!(r"\\{share}"),
        None => path.strip_prefix(r"\\?\").unwrap_or(path).to_owned(),
    };
    path.replace('\\', "/")
}

/// True for a name that Windows refuses, or takes for something else: a stream of a file, a device, or the name without
/// its end.
pub(crate) fn is_refused_by_windows(name: &str) -> bool {
    const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];
    const NUMBERED: [&str; 2] = ["COM", "LPT"];

    let stem = name.split('.').next().unwrap_or_default();
    let stem = stem.trim_end().to_uppercase();
    let is_number = |it: &str| it.chars().count() == 1 && it.contains(char::is_numeric);
    let numbers = NUMBERED.iter().filter_map(|it| stem.strip_prefix(it));
    name.contains(|it: char| it.is_control() || r#"<>:"/\|?*"#.contains(it))
        || name.ends_with(['.', ' '])
        || DEVICES.contains(&stem.as_str())
        || numbers.into_iter().any(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_windows_has_one_kind_of_separator() {
        for (path, shown) in [
            (r"a/b\c.md", "a/b/c.md"),
            (r"\\?\C:\a\b", "C:/a/b"),
            (r"\\?\UNC\server\share\a", "//server/share/a"),
            (r"\\server\share\a", "//server/share/a"),
        ] {
            assert_eq!(of_windows(path), shown);
        }
    }

    #[test]
    fn a_backslash_is_part_of_a_name_elsewhere() {
        let shown = Path::new("a").join(r"b\c").shown();
        assert_eq!(shown, if cfg!(windows) { "a/b/c" } else { r"a/b\c" });
    }

    #[test]
    fn names_that_windows_refuses_are_known() {
        for name in [
            "a:b",
            "a*",
            "a?",
            "<a>",
            "a|b",
            "a\"",
            "a\\b",
            "a/b",
            "a\n",
            "a.",
            "a ",
            "con",
            "Con.json",
            "nul .txt",
            "COM1",
            "lpt9.a.b",
            "com\u{b9}",
            "conin$",
        ] {
            assert!(is_refused_by_windows(name), "{name:?}");
        }
        for name in [
            "a",
            ".a",
            "console",
            "com",
            "com10",
            "a.con",
            "beta@2021-02",
            "a~b",
            "é",
        ] {
            assert!(!is_refused_by_windows(name), "{name:?}");
        }
    }
}
