//! Counts what code asks of the allocator: every call of `malloc` and its kin, by Rust and C code, on all threads.
//!
//! The worker program owns these functions and tells a listener of each call (`benchbook-cell/allocator.rs`). Nothing listens
//! except while something is counted, and what is counted is never timed: timed code runs at its full speed.

use std::ffi::c_void;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

type Listen = extern "C" fn(*mut c_void);
type Listener = extern "C" fn(usize, usize, usize);

/// Sets the worker's listener; absent where its allocator cannot be listened to.
static LISTEN: OnceLock<Listen> = OnceLock::new();
/// Whether [`super::start`] begins to count and [`super::Start::stop`] ends it.
static ARMED: AtomicBool = AtomicBool::new(false);

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
/// Bytes live now beyond those at the beginning; below zero when older memory was freed.
static LIVE: AtomicI64 = AtomicI64::new(0);
static PEAK: AtomicI64 = AtomicI64::new(0);

/// What code has asked of the allocator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Calls that asked for memory. A block that grows or shrinks (`realloc`) is one more.
    pub allocations: u64,
    /// Sum of the bytes asked for; a block that grows counts with its whole new size.
    pub allocated_bytes: u64,
    /// The most bytes that were live at once, beyond those at the beginning; as the allocator rounds them (up to some 16 bytes more
    /// a block than were asked for).
    pub peak_bytes: u64,
}

impl Counts {
    /// Adds the fields `allocations`, `allocated_bytes` and `peak_bytes` to a JSON object.
    pub fn add_to(self, object: &mut serde_json::Value) {
        object["allocations"] = self.allocations.into();
        object["allocated_bytes"] = self.allocated_bytes.into();
        object["peak_bytes"] = self.peak_bytes.into();
    }
}

/// Called once by the worker: `listen` sets who is told of each call.
#[unsafe(no_mangle)]
pub extern "C" fn benchbook_lab_allocator(listen: Listen) {
    let _ = LISTEN.set(listen);
}

pub(super) extern "C" fn count(asked: usize, got: usize, freed: usize) {
    if got > 0 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(asked as u64, Ordering::Relaxed);
    }
    let change = got as i64 - freed as i64;
    let live = LIVE.fetch_add(change, Ordering::Relaxed) + change;
    if change > 0 {
        PEAK.fetch_max(live, Ordering::Relaxed);
    }
}

fn reset() {
    ALLOCATIONS.store(0, Ordering::Relaxed);
    BYTES.store(0, Ordering::Relaxed);
    LIVE.store(0, Ordering::Relaxed);
    PEAK.store(0, Ordering::Relaxed);
}

fn counts() -> Counts {
    Counts {
        allocations: ALLOCATIONS.load(Ordering::Relaxed),
        allocated_bytes: BYTES.load(Ordering::Relaxed),
        peak_bytes: PEAK.load(Ordering::Relaxed).max(0) as u64,
    }
}

/// Tells `listener` of every call from now on; `None`: nobody. Returns whether that is possible here.
fn listen(listener: Option<Listener>) -> bool {
    let Some(listen) = LISTEN.get() else { return false };
    listen(listener.map_or(ptr::null_mut(), |listener| listener as *mut c_void));
    true
}

/// Stops listening however the code ends: by its end, an error, a panic or an interrupt.
struct Ends;

impl Drop for Ends {
    fn drop(&mut self) {
        off();
    }
}

/// Nothing is counted any more.
pub(crate) fn off() {
    ARMED.store(false, Ordering::Relaxed);
    listen(None);
}

/// Runs `code` and counts its allocations, on all threads; no counts where the allocator cannot be listened to.
///
/// Counting slows allocation down by some 10 to 30 ns, so do not time the same run.
pub fn allocations<T>(code: impl FnOnce() -> T) -> (T, Option<Counts>) {
    let (value, counts) = heard_by(count, code);
    (value, LISTEN.get().map(|_| counts))
}

/// As [`allocations`] with a listener that calls [`count`] and does more.
pub(super) fn heard_by<T>(listener: Listener, code: impl FnOnce() -> T) -> (T, Counts) {
    let _ends = Ends;
    reset();
    listen(Some(listener));
    let value = code();
    listen(None);
    (value, counts())
}

/// Heap bytes that are live beyond those at the beginning of what is counted now.
pub(super) fn live() -> i64 {
    LIVE.load(Ordering::Relaxed)
}

/// Runs `code` and counts allocations only between each [`super::start`] and its [`super::Start::stop`] in it: what a measuring
/// loop times, without its set-up and its own book-keeping.
pub fn allocations_while_timed<T>(code: impl FnOnce() -> T) -> (T, Option<Counts>) {
    let _ends = Ends;
    reset();
    let possible = listen(None);
    ARMED.store(possible, Ordering::Relaxed);
    let value = code();
    (value, possible.then(counts))
}

/// A stopwatch is about to start.
#[inline(always)]
pub(super) fn begin_timed() {
    if ARMED.load(Ordering::Relaxed) {
        begin();
    }
}

/// A stopwatch has stopped.
#[inline(always)]
pub(super) fn end_timed() {
    if ARMED.load(Ordering::Relaxed) {
        listen(None);
    }
}

#[cold]
#[inline(never)]
fn begin() {
    listen(Some(count));
}
