//! The prefixes of the API: the part before `calls` in the paths that the pages print, such as `/communications`.
//!
//! A path with a segment `calls` and another prefix belongs to another API.

use super::extracted::Extracted;
use super::tables::tables;
use crate::api::resource::{VERSIONS, path_of};

/// How a path leads to the calls of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prefix {
    /// By a documented prefix, perhaps with a version. The version may have the base path of a service before it.
    Documented,
    /// By a documented prefix without a version, below other segments. They may be the base path of a service, but the
    /// path does not show it.
    Below,
}

/// A documented prefix: its segments. An identifier is `None`.
type Documented = Vec<Option<String>>;

/// The prefixes that the pages print.
#[derive(Debug)]
pub(crate) struct Prefixes(Vec<Documented>);

impl Prefixes {
    pub(super) fn of(extracted: &Extracted) -> Self {
        let mut all = Vec::new();
        for path in extracted.operations.iter().flat_map(|it| &it.paths) {
            let segments = path.split('/').filter(|it| !it.is_empty());
            let before = segments.take_while(|it| *it != "calls");
            let prefix: Documented = before
                .map(|it| (!it.starts_with('{')).then(|| it.to_owned()))
                .collect();
            if !all.contains(&prefix) {
                all.push(prefix);
            }
        }
        Self(all)
    }

    fn find(&self, before: &[&str]) -> Option<Prefix> {
        let rest = |prefix: &Documented| {
            let base = before.len().checked_sub(prefix.len())?;
            let mut pairs = prefix.iter().zip(&before[base..]);
            let is_it = pairs.all(|(documented, actual)| {
                let mut documented = documented.iter();
                documented.all(|it| it.eq_ignore_ascii_case(actual))
            });
            is_it.then_some(&before[..base])
        };
        let is_documented = |rest: &[&str]| rest.last().is_none_or(|it| VERSIONS.contains(it));
        let mut found = self.0.iter().filter_map(rest).peekable();
        found.peek()?;
        Some(if found.any(is_documented) {
            Prefix::Documented
        } else {
            Prefix::Below
        })
    }
}

/// How the path of a target leads to the calls of the API. `None` outside of it.
pub(crate) fn prefix_of(target: &str) -> Option<Prefix> {
    let segments = path_of(target).split('/').skip(1);
    let before: Vec<&str> = segments.clone().take_while(|it| *it != "calls").collect();
    if segments.count() == before.len() {
        return None;
    }
    let named: Vec<&str> = before.iter().copied().filter(|it| !it.is_empty()).collect();
    let prefixes = &tables().prefixes;
    // An identifier that is missing leaves an empty segment.
    prefixes.find(&named).or_else(|| prefixes.find(&before))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_documented_prefixes_lead_to_the_calls() {
        use Prefix::{Below, Documented};
        for (target, prefix) in [
            ("/communications/calls", Some(Documented)),
            ("/app/calls/1/answer", Some(Documented)),
            ("/v1.0/communications/calls/1", Some(Documented)),
            (
                "https://h/beta/applications/7/calls/1?a=b",
                Some(Documented),
            ),
            ("//app/calls/1", Some(Documented)),
            ("/applications//calls/1", Some(Documented)),
            ("/graph/v1.0/communications/calls/1", Some(Documented)),
            ("/graph/communications/calls/1", Some(Below)),
            ("/crm/v2/calls/123", None),
            ("/api/calls", None),
            ("/calls/1/people", None),
            ("/v1.0/users/5/calls/6", None),
            ("/applications/calls", None),
            ("/communications/callRecords/1", None),
            ("/v1.0/me?a=/app/calls", None),
        ] {
            assert_eq!(prefix_of(target), prefix, "{target}");
        }
    }
}
