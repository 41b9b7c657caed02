//! Which rows of two lists are the same.

/// The rows of two lists that are the same, by index.
pub(super) struct Matched(pub(super) Vec<(usize, usize)>);

impl Matched {
    pub(super) fn of_old(&self, index: usize) -> Option<usize> {
        let mut pairs = self.0.iter();
        pairs.find(|(old, _)| *old == index).map(|(_, new)| *new)
    }

    pub(super) fn of_new(&self, index: usize) -> Option<usize> {
        let mut pairs = self.0.iter();
        pairs.find(|(_, new)| *new == index).map(|(old, _)| *old)
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
    [old, new]: [&[T]; 2],
    is_same: impl Fn(&T, &T) -> bool,
    may_be_same: impl Fn(&T, &T) -> bool,
) -> Matched {
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    for test in [&is_same as &dyn Fn(&T, &T) -> bool, &may_be_same] {
        for (index, one) in old.iter().enumerate() {
            if pairs.iter().any(|(old, _)| *old == index) {
                continue;
            }
            let mut others = new
                .iter()
                .enumerate()
                .filter(|(other, _)| pairs.iter().all(|(_, new)| new != other));
            let found = others.find(|(_, other)| test(one, other));
            pairs.extend(found.map(|(other, _)| (index, other)));
        }
    }
    Matched(pairs)
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
