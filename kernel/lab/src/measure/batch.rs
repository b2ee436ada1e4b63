//! The loop of `%%timeit`: as cheap as a loop can be, and results kept so that dropping them is not timed.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Sample, Start, start, time};

/// Results kept at once, at most: many live results are memory that is no longer in a cache, or not there yet.
const MOST_KEPT: u64 = 1024;
/// Bytes of results kept at once, without what they own.
const MOST_BYTES: u64 = 1 << 20;
/// Code between two readings of the clock lasts about this long where results are kept: a hundred readings.
const STRETCH_S: f64 = 2.5e-6;

/// How many results are kept at once.
static KEPT: AtomicU64 = AtomicU64::new(1);

/// Fits the number of results kept at once to code that takes this long.
pub(super) fn fit(seconds: f64) {
    KEPT.store((STRETCH_S / seconds.max(1e-12)).ceil().clamp(1.0, MOST_KEPT as f64) as u64, Ordering::Relaxed);
}

/// Readings of the clock per iteration for results that need dropping.
pub(super) fn readings_per_iteration() -> f64 {
    1.0 / KEPT.load(Ordering::Relaxed) as f64
}

/// Whether the last batch kept its results.
pub(super) static KEEPS: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

/// Everything the code can reach may have changed: what it computes, it computes again. Costs no instruction.
#[inline(always)]
pub fn again() {
    // SAFETY: no instruction at all; only the compiler is told that memory may have changed.
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    unsafe {
        std::arch::asm!("", options(nostack, preserves_flags));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    black_box(());
}

/// A number of iterations, in stretches: the clock runs within them, results are dropped between them.
pub struct Batch<T> {
    kept: Vec<T>,
    left: u64,
    clock: Option<Start>,
    total: Sample,
}

impl<T> Batch<T> {
    const KEEPS: bool = std::mem::needs_drop::<T>() && size_of::<T>() > 0;

    /// A batch of `n` iterations.
    pub fn new(n: u64) -> Self {
        let room = (MOST_BYTES / (size_of::<T>() as u64).max(1)).clamp(1, KEPT.load(Ordering::Relaxed));
        let capacity = if Self::KEEPS { room.min(n).max(1) as usize } else { 0 };
        KEEPS.store(Self::KEEPS, Ordering::Relaxed);
        let mut kept: Vec<T> = Vec::with_capacity(capacity);
        // SAFETY: there is room for `capacity` values. Pages that were never written to would be made inside the timed part.
        unsafe { std::ptr::write_bytes(kept.as_mut_ptr(), 0, capacity) };
        Self { kept, left: n, clock: None, total: Sample::zero() }
    }

    /// Starts the clock for the next stretch; says of how many iterations.
    #[inline(always)]
    pub fn stretch(&mut self) -> Option<u64> {
        if self.left == 0 {
            return None;
        }
        let stretch = if Self::KEEPS { self.left.min(self.kept.capacity() as u64) } else { self.left };
        self.left -= stretch;
        self.clock = Some(start());
        Some(stretch)
    }

    /// Takes one result; the optimiser must produce it.
    #[inline(always)]
    pub fn push(&mut self, value: T) {
        let value = black_box(value);
        let at = self.kept.len();
        if Self::KEEPS && at < self.kept.capacity() {
            // SAFETY: there is room for one more, and then one more is there. `push` would leave code for growing in the loop.
            unsafe {
                self.kept.as_mut_ptr().add(at).write(value);
                self.kept.set_len(at + 1);
            }
        }
    }

    /// Stops the clock and drops what was kept.
    #[inline(always)]
    pub fn pause(&mut self) {
        if let Some(clock) = self.clock.take() {
            self.total += clock.stop_net();
        }
        self.kept.clear();
    }

    /// The time of all stretches. Also tells whether results carry any information at all.
    pub fn finish(self) -> Sample {
        if size_of::<T>() == 0 {
            time::note_unit_result();
        }
        self.total
    }
}

/// Seconds that one turn of the loop takes when there is nothing in it.
pub(super) fn loop_s() -> f64 {
    const TURNS: u64 = 20_000;
    let least = (0..25).map(|_| {
        let mut batch = Batch::<u64>::new(TURNS);
        while let Some(stretch) = batch.stretch() {
            for turn in 0..stretch {
                again();
                batch.push(turn);
            }
            batch.pause();
        }
        batch.finish().seconds()
    });
    least.fold(f64::INFINITY, f64::min) / TURNS as f64
}
