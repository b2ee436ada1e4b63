//! Says, live, what a cell is doing once it has taken over a second.
//!
//! The line is shown only while the cell has no output of its own, and leaves no trace: the first output
//! replaces it, or the end of the cell clears it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use magics::bundle::Bundle;
use parking_lot::{Condvar, Mutex};

use crate::engine::CellIo;

/// A cell faster than this is not commented on.
const PATIENCE: Duration = Duration::from_secs(1);

struct State {
    doing: String,
    shown: bool,
    /// The cell has output of its own, or has ended.
    over: bool,
}

struct Inner {
    io: Arc<dyn CellIo>,
    id: String,
    began: Instant,
    state: Mutex<State>,
    changed: Condvar,
}

/// The status line of one cell.
#[derive(Clone)]
pub struct Status(Arc<Inner>);

impl Status {
    /// Starts watching a cell.
    pub fn start(io: Arc<dyn CellIo>, doing: &str) -> Self {
        let inner = Arc::new(Inner {
            io,
            id: format!("status-{}", uuid::Uuid::new_v4().simple()),
            began: Instant::now(),
            state: Mutex::new(State { doing: doing.to_owned(), shown: false, over: false }),
            changed: Condvar::new(),
        });
        let watched = Arc::clone(&inner);
        let _ = std::thread::Builder::new().name("cell-status".into()).spawn(move || watch(&watched));
        Self(inner)
    }

    /// What the cell is doing from now on.
    pub fn doing(&self, what: &str) {
        what.clone_into(&mut self.0.state.lock().doing);
    }

    /// The cell is about to put something out: takes the line away.
    pub fn before_output(&self) {
        let mut state = self.0.state.lock();
        if !state.over {
            state.over = true;
            if state.shown {
                self.0.io.clear_output(true);
            }
            self.0.changed.notify_all();
        }
    }

    /// The cell has ended.
    pub fn end(&self) {
        let mut state = self.0.state.lock();
        if !state.over {
            state.over = true;
            if state.shown {
                self.0.io.clear_output(false);
            }
            self.0.changed.notify_all();
        }
    }
}

fn watch(inner: &Inner) {
    let mut state = inner.state.lock();
    let mut next = inner.began + PATIENCE;
    while !state.over {
        if !inner.changed.wait_until(&mut state, next).timed_out() {
            continue;
        }
        if state.over {
            return;
        }
        let seconds = inner.began.elapsed().as_secs();
        let text = format!("⏳ {} … {seconds} s", state.doing);
        let bundle = Bundle::text(text);
        if state.shown {
            inner.io.update_display(&bundle, &inner.id);
        } else {
            state.shown = true;
            inner.io.display(&bundle, Some(&inner.id));
        }
        next += Duration::from_secs(1);
    }
}
