//! Which cell runs, and whether it is being interrupted.

use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Counts beginnings and ends of cells: odd while one runs.
static RUN: AtomicU32 = AtomicU32::new(0);
/// The run that is being interrupted, or 0.
static TARGET: AtomicU32 = AtomicU32::new(0);
/// How far an interrupt may go by now; see [`Patience`].
static PATIENCE: AtomicU32 = AtomicU32::new(0);
/// When the cell began, in clock ticks since the machine started.
static BEGAN: AtomicU64 = AtomicU64::new(0);
/// Wakes the supervisor when the cell ends.
static END: (Mutex<()>, Condvar) = (Mutex::new(()), Condvar::new());

static RETURNS: AtomicUsize = AtomicUsize::new(0);
static WAITS: AtomicUsize = AtomicUsize::new(0);
static LOOPS: AtomicUsize = AtomicUsize::new(0);

/// How far an interrupt may go.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Patience {
    /// Only throw at the return of a call into the user's functions, or out of a wait.
    Returns = 0,
    /// Also give up a function that loops without calls, at the loop's next turn; also throw at returns into library code that the
    /// cell instantiated.
    Loops = 1,
    /// Also give it up where it is.
    Anywhere = 2,
}

/// What the last interrupt did, over all threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Threads that threw at the return of a call: nothing was lost.
    pub returns: usize,
    /// Threads that threw out of a wait.
    pub waits: usize,
    /// Threads that gave up a loop: destructors of the function with the loop did not run.
    pub loops: usize,
}

/// The way a thread was made to throw.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Return,
    Wait,
    Loop,
}

/// What the last interrupt did.
pub fn last() -> Report {
    Report { returns: RETURNS.load(Ordering::Relaxed), waits: WAITS.load(Ordering::Relaxed), loops: LOOPS.load(Ordering::Relaxed) }
}

/// Notes that a thread is made to throw. Safe in a signal handler.
pub fn count(way: Way) {
    let counter = match way {
        Way::Return => &RETURNS,
        Way::Wait => &WAITS,
        Way::Loop => &LOOPS,
    };
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Whether throwing has not helped so far: the cell catches panics itself, so what it catches no longer counts. Safe in a signal handler.
pub fn is_stubborn() -> bool {
    patience() > Patience::Returns && RETURNS.load(Ordering::Relaxed) + WAITS.load(Ordering::Relaxed) + LOOPS.load(Ordering::Relaxed) > 20
}

/// Whether the running cell is being interrupted: panics are then a consequence of that, and not worth reporting.
pub fn pending() -> bool {
    let target = TARGET.load(Ordering::SeqCst);
    target != 0 && target == RUN.load(Ordering::SeqCst)
}

/// Whether this run is the one being interrupted. Safe in a signal handler.
pub fn is_target(run: u32) -> bool {
    run != 0 && TARGET.load(Ordering::SeqCst) == run && RUN.load(Ordering::SeqCst) == run
}

/// The running cell's number; `None` when no cell runs.
pub fn running() -> Option<u32> {
    Some(RUN.load(Ordering::SeqCst)).filter(|run| run & 1 == 1)
}

/// When the running cell began, in clock ticks since the machine started.
pub fn began() -> u64 {
    BEGAN.load(Ordering::SeqCst)
}

pub fn patience() -> Patience {
    match PATIENCE.load(Ordering::Relaxed) {
        0 => Patience::Returns,
        1 => Patience::Loops,
        _ => Patience::Anywhere,
    }
}

pub fn set_patience(patience: Patience) {
    PATIENCE.store(patience as u32, Ordering::Relaxed);
}

/// Starts or stops (`None`) interrupting; nothing starts when that run has ended.
pub fn aim(run: Option<u32>) {
    // The lock excludes the run's end in between.
    let _guard = END.0.lock().unwrap_or_else(PoisonError::into_inner);
    let run = run.filter(|&run| RUN.load(Ordering::SeqCst) == run);
    if run.is_some() {
        for counter in [&RETURNS, &WAITS, &LOOPS] {
            counter.store(0, Ordering::Relaxed);
        }
        set_patience(Patience::Returns);
    }
    TARGET.store(run.unwrap_or(0), Ordering::SeqCst);
}

/// A cell begins.
pub fn begin() -> u32 {
    // The handler asks the same question; the first time may allocate, which a handler must not.
    let _ = std::thread::panicking();
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes into our own structure.
    unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &raw mut now) };
    // The kernel tells threads' ages in hundredths of a second.
    BEGAN.store(now.tv_sec as u64 * 100 + now.tv_nsec as u64 / 10_000_000, Ordering::SeqCst);
    RUN.fetch_add(1, Ordering::SeqCst) + 1
}

/// The cell has ended; whether it was being interrupted. No throw can reach this thread from here on.
pub fn end(run: u32) -> bool {
    let guard = END.0.lock().unwrap_or_else(PoisonError::into_inner);
    let interrupted = is_target(run);
    RUN.store(run.wrapping_add(1), Ordering::SeqCst);
    drop(guard);
    END.1.notify_all();
    interrupted
}

/// Waits for the run's end, but no longer than `time`; whether it has ended.
pub fn ended_within(run: u32, time: Duration) -> bool {
    let guard = END.0.lock().unwrap_or_else(PoisonError::into_inner);
    let over = || RUN.load(Ordering::SeqCst) != run;
    if !over() {
        drop(END.1.wait_timeout(guard, time).unwrap_or_else(PoisonError::into_inner));
    }
    over()
}
