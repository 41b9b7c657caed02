//! Which rows of two lists are the same.

use std::collections::VecDeque;

use foldhash::HashMap;

/// The rows of two lists that are the same, by index.
pub(super) struct Matched {
    of_old: HashMap<usize, usize>,
    of_new: HashMap<usize, usize>,
}

impl Matched {
    /// The pairs have each row at most once.
    pub(super) fn new(pairs: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let of_old: HashMap<usize, usize> = pairs.into_iter().collect();
        let of_new = of_old.iter().map(|(old, new)| (*new, *old)).collect();
        Self { of_old, of_new }
    }

    pub(super) fn of_old(&self, index: usize) -> Option<usize> {
        self.of_old.get(&index).copied()
    }

    pub(super) fn of_new(&self, index: usize) -> Option<usize> {
        self.of_new.get(&index).copied()
    }

    /// All rows of both lists in the order of the old one; those that only the new list has stand behind the row before
    /// them.
    pub(super) fn in_order(&self, old: usize, new: usize) -> Vec<(Option<usize>, Option<usize>)> {
        let rows = (0..old).map(|index| (Some(index), self.of_old(index)));
        let mut rows: Vec<_> = rows.collect();
        let mut at = 0;
        for index in 0..new {
            match rows.iter().position(|it| it.1 == Some(index)) {
                Some(place) => at = place,
                None => rows.insert(at, (None, Some(index))),
            }
            at += 1;
        }
        rows
    }
}

/// Pairs rows by name, then the others in their order, because translations keep the order of rows but damage names.
pub(super) fn matched<T>(
    lists: [&[T]; 2],
    is_same: impl Fn(&T, &T) -> bool,
    may_be_same: impl Fn(&T, &T) -> bool,
) -> Matched {
    matched_by(lists, &[&is_same, &may_be_same])
}

/// True if two rows may be the same.
type Test<'t, T> = &'t dyn Fn(&T, &T) -> bool;

/// Pairs rows by each of the tests in turn.
pub(super) fn matched_by<T>([old, new]: [&[T]; 2], tests: &[Test<'_, T>]) -> Matched {
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    let mut gone: Vec<usize> = (0..old.len()).collect();
    let mut come: VecDeque<usize> = (0..new.len()).collect();
    for test in tests {
        gone.retain(|one| {
            let found = come.iter().position(|it| test(&old[*one], &new[*it]));
            let found = found.and_then(|at| come.remove(at));
            pairs.extend(found.map(|other| (*one, other)));
            found.is_none()
        });
    }
    Matched::new(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_both_lists_have_one_order() {
        let lists: [&[&str]; 2] = [&["a", "b", "c"], &["x", "a", "y", "c", "z"]];
        let same = matched(lists, |one, other| one == other, |_, _| false);
        let rows = same.in_order(3, 5).into_iter();
        let rows = rows
            .map(|(one, other)| one.map_or_else(|| lists[1][other.unwrap()], |it| lists[0][it]));
        assert_eq!(rows.collect::<String>(), "xaybcz");
    }
}
