//! The same work on many items, on as many threads as the machine has cores.

use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Returns what `work` makes of each item, in the order of the items.
pub fn map<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    map_on(cores.min(8), items, work)
}

/// The same for work that waits for others most of the time.
pub fn map_waiting<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    map_on(8, items, work)
}

/// The same on so many threads.
pub fn map_on<T: Sync, R: Send>(most: usize, items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let others = most.min(items.len()).saturating_sub(1);
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(items.len()));
    let until_all_are_taken = || {
        while let Some((index, item)) = take(items, &next) {
            let result = work(item);
            results.lock().expect("no worker panics with the lock").push((index, result));
        }
    };
    thread::scope(|scope| {
        for _ in 0..others {
            // Where no further thread can be started, those that there are do the work.
            if thread::Builder::new().spawn_scoped(scope, until_all_are_taken).is_err() {
                break;
            }
        }
        until_all_are_taken();
    });
    let mut results = results.into_inner().expect("every worker has ended");
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

fn take<'a, T>(items: &'a [T], next: &AtomicUsize) -> Option<(usize, &'a T)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    items.get(index).map(|item| (index, item))
}

#[cfg(test)]
mod tests {
    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<u32> = (0..100).collect();
        assert_eq!(super::map(&items, |n| n * 2), (0..100).map(|n| n * 2).collect::<Vec<_>>());
        assert!(super::map(&Vec::<u32>::new(), |n| *n).is_empty());
    }
}
