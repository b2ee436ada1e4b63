//! The loops behind `%%timeit`, `%%compare`, `%%parallel` and `%%profile`.
//!
//! They collect samples and send them to the kernel as they come; what the samples mean is decided there.
//! The loops follow `criterion` and `divan`: one batch size for all samples of a run, chosen so that a batch
//! is long against the clock's step; results are kept and dropped outside the timed part.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::runtime::event;

pub(crate) mod allocations;
pub mod answer;
mod bandwidth;
mod batch;
mod check;
mod parallel;
mod peak_memory;
mod profile;
mod round;
mod time;
mod timing;

pub use allocations::{Counts, allocations, allocations_while_timed};
pub use bandwidth::bandwidth;
pub use batch::{Batch, again};
pub use check::{Gate, gate, round};
pub use parallel::{parallel, parallel_once};
pub use peak_memory::peak_memory;
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

/// Whether stopwatches count CPU time of the process instead of wall-clock time.
static CPU_TIME: AtomicBool = AtomicBool::new(false);
/// Nanoseconds that a stopwatch shows when nothing happens between start and stop.
static READING_NS: AtomicU64 = AtomicU64::new(0);

/// A running stopwatch.
pub struct Start(Reading);

#[derive(Clone, Copy)]
enum Reading {
    Wall(Instant),
    Cpu(Duration),
}

/// Starts a stopwatch; the compiler moves no work across it.
#[inline(always)]
pub fn start() -> Start {
    // Before the clock is read, and below after it: never part of the time.
    allocations::begin_timed();
    fence();
    Start(if CPU_TIME.load(Ordering::Relaxed) { Reading::Cpu(cpu_time()) } else { Reading::Wall(Instant::now()) })
}

impl Start {
    /// Stops it.
    #[inline(always)]
    pub fn stop(&self) -> Sample {
        let elapsed = match self.0 {
            Reading::Wall(begin) => begin.elapsed(),
            Reading::Cpu(begin) => cpu_time().saturating_sub(begin),
        };
        fence();
        allocations::end_timed();
        Sample(elapsed)
    }

    /// Stops it; what reading the clock takes is subtracted.
    #[inline(always)]
    pub fn stop_net(&self) -> Sample {
        Sample(self.stop().0.saturating_sub(Duration::from_nanos(READING_NS.load(Ordering::Relaxed))))
    }
}

#[inline(always)]
fn fence() {
    std::sync::atomic::compiler_fence(Ordering::SeqCst);
}

/// CPU time of all threads of this process.
fn cpu_time() -> Duration {
    // SAFETY: `timespec` is plain data and the pointer is valid for the call.
    let now = unsafe {
        let mut now: libc::timespec = std::mem::zeroed();
        libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut now);
        now
    };
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// Finds out what reading the clock takes: the median of many stopwatches with nothing between. Returns seconds.
fn calibrate() -> f64 {
    let mut shown: Vec<Duration> = (0..1001).map(|_| start().stop().0).collect();
    shown.sort_unstable();
    let median = shown[shown.len() / 2];
    READING_NS.store(u64::try_from(median.as_nanos()).unwrap_or(0), Ordering::Relaxed);
    median.as_secs_f64()
}

/// Makes a value opaque to the optimiser.
#[inline(always)]
pub fn opaque<T>(value: T) -> T {
    black_box(value)
}

/// Tells the optimiser that what `inputs` points to may be anything: constants stop here. [`again`] says so once more, of the same.
#[inline(always)]
pub fn touch<T: ?Sized>(inputs: &T) {
    black_box(inputs);
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

/// Tells what one iteration works through: `rows` or `bytes`.
pub fn amount(name: &str, value: f64) {
    event("amount", &json!({"name": name, "value": value}));
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
