//! Work that is shared among the processors.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, ScopedJoinHandle};

/// How many shares each processor has, so that none waits long for another at the end.
const SHARES: usize = 16;

/// What a function makes of the numbers from 0 to below `count`, in their order, on all
/// processors.
pub fn map<T: Send>(count: usize, make: &(dyn Fn(usize) -> T + Sync)) -> Vec<T> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    if threads.min(count) < 2 {
        return (0..count).map(make).collect();
    }
    let length = count.div_ceil(threads * SHARES);
    let next = AtomicUsize::new(0);
    let work = || -> Vec<(usize, Vec<T>)> {
        std::iter::from_fn(|| Some(next.fetch_add(length, Ordering::Relaxed)))
            .take_while(|from| *from < count)
            .map(|from| {
                let share = from..count.min(from + length);
                (from, share.map(make).collect())
            })
            .collect()
    };
    let mut shares: Vec<(usize, Vec<T>)> = thread::scope(|scope| {
        let helpers = (1..threads.min(count)).map(|_| scope.spawn(work));
        let helpers: Vec<ScopedJoinHandle<'_, _>> = helpers.collect();
        let mut shares = work();
        for helper in helpers {
            let done = helper.join();
            shares.extend(done.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        shares
    });
    shares.sort_unstable_by_key(|(from, _)| *from);
    let mut all = Vec::with_capacity(count);
    all.extend(shares.into_iter().flat_map(|(_, share)| share));
    all
}

/// What a function makes of each of these, in their order, on all processors.
pub fn each<I: Send, T: Send>(items: Vec<I>, make: &(dyn Fn(I) -> T + Sync)) -> Vec<T> {
    let items: Vec<_> = items.into_iter().map(|it| Mutex::new(Some(it))).collect();
    let results = map(items.len(), &|at| {
        let taken = items[at]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        taken.map(make)
    });
    results.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_done_once_and_stands_in_its_place() {
        for count in [0, 1, 2, 1000] {
            let squares = map(count, &|at| at * at);
            assert_eq!(squares, (0..count).map(|at| at * at).collect::<Vec<_>>());
            let roots = each(squares, &|square| square.isqrt());
            assert_eq!(roots, (0..count).collect::<Vec<_>>());
        }
    }
}
