//! What the signal handler keeps of a thread between two signals, without thread-local storage or allocation.

use std::sync::atomic::{AtomicI32, AtomicU32, AtomicUsize, Ordering};

/// One thread's memory. Only handlers on that thread, and the trap on its stack, touch it.
#[derive(Default)]
pub struct Slot {
    /// The thread, or 0 when free.
    thread: AtomicI32,
    /// Where the armed trap's frame is (its stack pointer after the return), or 0.
    pub trap_stack: AtomicUsize,
    /// The return address that the trap replaces.
    pub trap_return: AtomicUsize,
    /// For which run it was armed.
    pub run: AtomicU32,
    /// Single steps left.
    pub steps: AtomicU32,
    /// Where the last step was.
    pub last: AtomicUsize,
    /// Jumps back since stepping began.
    pub turns: AtomicU32,
    /// The loop takes a lock.
    pub locks: AtomicU32,
}

const COUNT: usize = 512;
static SLOTS: [Slot; COUNT] = [const {
    Slot {
        thread: AtomicI32::new(0),
        trap_stack: AtomicUsize::new(0),
        trap_return: AtomicUsize::new(0),
        run: AtomicU32::new(0),
        steps: AtomicU32::new(0),
        last: AtomicUsize::new(0),
        turns: AtomicU32::new(0),
        locks: AtomicU32::new(0),
    }
}; COUNT];

/// The slot of a thread, if it has one.
pub fn find(thread: i32) -> Option<&'static Slot> {
    SLOTS.iter().find(|slot| slot.thread.load(Ordering::Acquire) == thread)
}

/// The slot of a thread, a fresh one if need be; `None` when all are taken.
pub fn claim(thread: i32) -> Option<&'static Slot> {
    find(thread).or_else(|| SLOTS.iter().find(|slot| slot.thread.compare_exchange(0, thread, Ordering::AcqRel, Ordering::Relaxed).is_ok()))
}

/// The slot whose trap is at this place of a stack.
pub fn trapped(stack: usize) -> Option<&'static Slot> {
    SLOTS.iter().find(|slot| slot.trap_stack.load(Ordering::Acquire) == stack && slot.thread.load(Ordering::Relaxed) != 0)
}

impl Slot {
    /// A trap is armed.
    pub fn is_armed(&self) -> bool {
        self.trap_stack.load(Ordering::Relaxed) != 0
    }

    /// The thread is being single-stepped.
    pub fn is_stepping(&self) -> bool {
        self.steps.load(Ordering::Relaxed) != 0
    }

    /// Frees the slot if nothing is going on.
    pub fn release(&self) {
        if self.trap_stack.load(Ordering::Relaxed) == 0 && self.steps.load(Ordering::Relaxed) == 0 {
            self.thread.store(0, Ordering::Release);
        }
    }
}
