//! A bound in bytes on what waits for IOPub: a cell that prints faster than it can be sent waits here.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Bytes that may wait in the kernel before a cell is held back.
const LIMIT: usize = 8 << 20;

/// Counts bytes under way. Blocks threads, so only cells go through it, never the runtime's tasks.
#[derive(Debug, Default)]
pub struct Gate {
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    used: usize,
    waiting: usize,
    open: bool,
}

impl Gate {
    /// Waits until `bytes` more fit; something larger than the whole gate passes when it is empty.
    pub fn enter(&self, bytes: usize) {
        let mut state = self.lock();
        while !state.open && state.used > 0 && state.used + bytes > LIMIT {
            state.waiting += 1;
            state = self.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
        state.used += bytes;
    }

    /// `bytes` have left.
    pub fn leave(&self, bytes: usize) {
        let mut state = self.lock();
        state.used = state.used.saturating_sub(bytes);
        if state.waiting > 0 {
            self.freed.notify_all();
        }
    }

    /// Nothing will leave any more: lets everyone through.
    pub fn open(&self) {
        self.lock().open = true;
        self.freed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn a_full_gate_holds_back_until_something_leaves() {
        let gate = Arc::new(Gate::default());
        gate.enter(LIMIT * 3);
        let (passed, received) = mpsc::channel();
        let other = gate.clone();
        let thread = std::thread::spawn(move || {
            other.enter(1);
            passed.send(()).unwrap();
        });
        assert!(received.recv_timeout(Duration::from_millis(30)).is_err());
        gate.leave(LIMIT * 3);
        received.recv_timeout(Duration::from_secs(5)).unwrap();
        thread.join().unwrap();
    }

    #[test]
    fn an_open_gate_holds_nobody() {
        let gate = Gate::default();
        gate.open();
        gate.enter(LIMIT);
        gate.enter(LIMIT);
    }
}
