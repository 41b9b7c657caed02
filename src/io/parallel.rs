//! Work that is shared among the processors.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ScopedJoinHandle};

/// What a function makes of the numbers from 0 to below `count`, in their order, on all
/// processors.
pub fn map<T: Send>(count: usize, make: &(dyn Fn(usize) -> T + Sync)) -> Vec<T> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    if threads.min(count) < 2 {
        return (0..count).map(make).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || -> Vec<(usize, T)> {
        std::iter::from_fn(|| Some(next.fetch_add(1, Ordering::Relaxed)))
            .take_while(|at| *at < count)
            .map(|at| (at, make(at)))
            .collect()
    };
    let mut done: Vec<(usize, T)> = thread::scope(|scope| {
        let threads = (0..threads.min(count)).map(|_| scope.spawn(work));
        let threads: Vec<ScopedJoinHandle<'_, Vec<(usize, T)>>> = threads.collect();
        let shares = threads.into_iter().map(|thread| {
            let share = thread.join();
            share.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        shares.flatten().collect()
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, made)| made).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_done_once_and_stands_in_its_place() {
        for count in [0, 1, 2, 1000] {
            let squares = map(count, &|at| at * at);
            assert_eq!(squares, (0..count).map(|at| at * at).collect::<Vec<_>>());
        }
    }
}
