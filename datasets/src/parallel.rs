//! Generates pieces on all cores and hands them over in order, so that the bytes never depend on the number of threads.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

/// Pieces that a thread may be ahead: little enough to bound memory.
const AHEAD: usize = 2;

/// How many threads are worth having.
pub fn threads() -> usize {
    thread::available_parallelism().map_or(1, |n| n.get().min(16))
}

/// Calls `make` for `0..pieces` on `threads` threads and gives the results to `take` in this order. `make` must depend on
/// its argument alone. When `take` stops early, so do the threads.
pub fn in_order<T: Send, R>(
    threads: usize,
    pieces: u64,
    make: impl Fn(u64) -> T + Sync,
    take: impl FnOnce(&mut dyn Iterator<Item = T>) -> R,
) -> R {
    let threads = threads.clamp(1, pieces.clamp(1, 64) as usize);
    thread::scope(|scope| {
        let make = &make;
        // Thread k makes the pieces k, k + threads, …, so the next one wanted is always in the next channel.
        let start = |k: usize| -> Receiver<T> {
            let (sender, receiver) = sync_channel(AHEAD);
            scope.spawn(move || {
                for piece in (k as u64..pieces).step_by(threads) {
                    if sender.send(make(piece)).is_err() {
                        break;
                    }
                }
            });
            receiver
        };
        let channels: Vec<_> = (0..threads).map(start).collect();
        // A thread that panicked ends the pieces early; the scope then passes its panic on.
        let mut results = (0..pieces).map_while(|piece| channels[(piece % threads as u64) as usize].recv().ok());
        take(&mut results)
        // The channels end here, before the scope waits for threads that still want to send.
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::in_order;

    #[test]
    fn pieces_come_in_order_from_any_number_of_threads() {
        for threads in [1, 2, 7] {
            for pieces in [0, 1, 5, 100] {
                let all: Vec<u64> = in_order(threads, pieces, |i| i * i, |results| results.collect());
                assert_eq!(all, (0..pieces).map(|i| i * i).collect::<Vec<_>>(), "{threads} threads");
            }
        }
    }

    #[test]
    fn a_reader_that_stops_stops_the_threads() {
        let made = AtomicU64::new(0);
        let first = in_order(3, 1_000_000, |i| made.fetch_add(1, Ordering::Relaxed).min(i), |results| results.take(2).count());
        assert_eq!(first, 2);
        assert!(made.load(Ordering::Relaxed) < 100);
    }
}
