//! The loops behind `%%timeit`, `%%compare`, `%%parallel` and `%%profile`.
//!
//! They collect samples and send them to the kernel as they come; what the samples mean is decided there.
//! The loops follow `criterion` and `divan`: one batch size for all samples of a run, chosen so that a batch
//! is long against the clock's step; results are kept and dropped outside the timed part.

use std::hint::black_box;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::runtime::event;

pub(crate) mod allocations;
pub mod answer;
mod check;
mod parallel;
mod profile;
mod round;
mod time;
mod timing;

pub use allocations::{Counts, allocations, allocations_while_timed};
pub use check::{Gate, gate, round};
pub use parallel::parallel;
pub use profile::profile;
pub use round::{Round, swept};
pub use time::time;
pub use timing::Timing;

/// Time spent in one batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample(Duration);

impl Sample {
    /// No time yet, to add to.
    pub fn zero() -> Self {
        Self(Duration::ZERO)
    }

    /// Seconds.
    pub fn seconds(self) -> f64 {
        self.0.as_secs_f64()
    }
}

impl std::ops::AddAssign for Sample {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

/// A running stopwatch.
pub struct Start(Instant);

/// Starts a stopwatch; the compiler moves no work across it.
#[inline(always)]
pub fn start() -> Start {
    // Before the clock is read, and below after it: never part of the time.
    allocations::begin_timed();
    std::sync::atomic::compiler_fence(std::sync::atomic::Ordering::SeqCst);
    Start(Instant::now())
}

impl Start {
    /// Stops it.
    #[inline(always)]
    pub fn stop(&self) -> Sample {
        let elapsed = self.0.elapsed();
        std::sync::atomic::compiler_fence(std::sync::atomic::Ordering::SeqCst);
        allocations::end_timed();
        Sample(elapsed)
    }
}

/// Makes a value opaque to the optimiser.
#[inline(always)]
pub fn opaque<T>(value: T) -> T {
    black_box(value)
}

/// Tells the optimiser that what `inputs` points to may be anything: constants stop here.
#[inline(always)]
pub fn touch<T: ?Sized>(inputs: &T) {
    black_box(inputs);
}

/// Keeps the results of one batch so that dropping them is not timed.
pub struct Batch<T> {
    kept: Vec<T>,
}

/// Results of more than this many bytes in one batch are dropped inside the timed part after all.
const KEEP_BYTES: usize = 64 << 20;

impl<T> Batch<T> {
    /// Room for `n` results where results need dropping.
    pub fn new(n: u64) -> Self {
        let room = KEEP_BYTES / size_of::<T>().max(1);
        let wanted = usize::try_from(n).unwrap_or(usize::MAX);
        let capacity = if std::mem::needs_drop::<T>() && size_of::<T>() > 0 { wanted.min(room) } else { 0 };
        Self { kept: Vec::with_capacity(capacity) }
    }

    /// Takes one result; the optimiser must produce it.
    #[inline(always)]
    pub fn push(&mut self, value: T) {
        let value = black_box(value);
        if std::mem::needs_drop::<T>() && self.kept.len() < self.kept.capacity() {
            self.kept.push(value);
        }
    }

    /// Drops what was kept. Also tells whether results carry any information at all.
    pub fn finish(self) {
        if size_of::<T>() == 0 {
            time::note_unit_result();
        }
        drop(self.kept);
    }
}

/// The smallest step the clock shows, in seconds: the least non-zero difference over many reads.
fn timer_step() -> f64 {
    let mut least = Duration::MAX;
    for _ in 0..2000 {
        let start = Instant::now();
        let mut step = start.elapsed();
        while step.is_zero() {
            step = start.elapsed();
        }
        least = least.min(step);
    }
    least.as_secs_f64()
}

fn progress(done: usize, of: usize) {
    event("progress", &json!({"done": done, "of": of}));
}

/// Resources of this process so far: CPU seconds and involuntary context switches.
#[derive(Clone, Copy)]
struct Usage {
    cpu_s: f64,
    involuntary: i64,
}

fn usage() -> Usage {
    // SAFETY: `rusage` is plain data and the pointer is valid for the call.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &raw mut usage);
        usage
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 * 1e-6;
    Usage { cpu_s: seconds(usage.ru_utime) + seconds(usage.ru_stime), involuntary: usage.ru_nivcsw }
}
