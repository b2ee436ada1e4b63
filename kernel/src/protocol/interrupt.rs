//! Which cell an interrupt stops: the one that runs now, never the next.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::engine::Assist;

use super::stdin::Answer;

/// The part of a running cell that others touch.
#[derive(Debug, Default)]
pub struct Cancel {
    cancelled: AtomicBool,
    /// Who waits for input.
    input: Mutex<Option<Sender<Answer>>>,
}

impl Cancel {
    /// Whether the user has interrupted the cell.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    /// Cancels, and wakes a waiting input.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
        if let Some(waiting) = self.input().take() {
            let _ = waiting.send(Answer::Interrupted);
        }
    }

    /// From now on `waiting` is told of a cancellation, also of one that has happened already.
    pub fn tell(&self, waiting: Sender<Answer>) {
        *self.input() = Some(waiting);
        if self.is_cancelled() {
            self.cancel();
        }
    }

    fn input(&self) -> MutexGuard<'_, Option<Sender<Answer>>> {
        self.input.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The engine thread's phase. Beginning and ending a cell excludes an interrupt in progress, so that an
/// interrupt meant for one cell cannot reach the engine during the next.
#[derive(Debug)]
pub struct Interrupts(Mutex<Phase>);

#[derive(Debug)]
enum Phase {
    /// The engine is being made; an interrupt is kept for the first cell, which waits for it.
    Starting {
        interrupted: bool,
    },
    Idle,
    Running(Arc<Cancel>),
}

impl Default for Interrupts {
    fn default() -> Self {
        Self(Mutex::new(Phase::Starting { interrupted: false }))
    }
}

impl Interrupts {
    /// The engine is made. `waiting`: cells wait for it, so an interrupt until now was meant for them.
    pub fn ready(&self, waiting: impl FnOnce() -> bool) -> bool {
        let mut phase = self.lock();
        let interrupted = matches!(*phase, Phase::Starting { interrupted: true });
        *phase = Phase::Idle;
        interrupted && waiting()
    }

    /// A cell begins.
    pub fn begin(&self, cell: &Arc<Cancel>) {
        *self.lock() = Phase::Running(cell.clone());
    }

    /// The cell has ended.
    pub fn end(&self) {
        *self.lock() = Phase::Idle;
    }

    /// The user interrupted. Blocks while the assistant stops what runs.
    pub fn interrupt(&self, assist: &dyn Assist) {
        let mut phase = self.lock();
        match &mut *phase {
            Phase::Starting { interrupted } => *interrupted = true,
            Phase::Idle => {}
            Phase::Running(cell) => {
                cell.cancel();
                if catch_unwind(AssertUnwindSafe(|| assist.interrupt())).is_err() {
                    tracing::error!("interrupting the cell panicked");
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Phase> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Completeness, Completions, EngineInfo};
    use magics::bundle::Bundle;
    use std::sync::atomic::AtomicUsize;
    use std::sync::mpsc;

    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl Assist for Counting {
        fn info(&self) -> EngineInfo {
            unreachable!("not asked here")
        }
        fn complete(&self, _: &str, _: usize) -> Completions {
            Completions::default()
        }
        fn inspect(&self, _: &str, _: usize, _: u8) -> Option<Bundle> {
            None
        }
        fn is_complete(&self, _: &str) -> Completeness {
            Completeness::Unknown
        }
        fn interrupt(&self) {
            self.0.fetch_add(1, Ordering::SeqCst);
            panic!("caught");
        }
    }

    #[test]
    fn only_the_running_cell_is_interrupted() {
        let (interrupts, assist) = (Interrupts::default(), Counting::default());
        assert!(!interrupts.ready(|| true));
        interrupts.interrupt(&assist);
        let first = Arc::new(Cancel::default());
        interrupts.begin(&first);
        assert!(!first.is_cancelled());
        let (waiting, answer) = mpsc::channel();
        first.tell(waiting);
        interrupts.interrupt(&assist);
        assert!(first.is_cancelled());
        assert!(matches!(answer.try_recv(), Ok(Answer::Interrupted)));
        let (late, answer) = mpsc::channel();
        first.tell(late);
        assert!(matches!(answer.try_recv(), Ok(Answer::Interrupted)), "cancelled before it asked");
        interrupts.end();
        interrupts.interrupt(&assist);
        let second = Arc::new(Cancel::default());
        interrupts.begin(&second);
        assert!(!second.is_cancelled());
        assert_eq!(assist.0.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn an_interrupt_during_start_is_for_the_cells_that_wait() {
        let assist = Counting::default();
        for waiting in [true, false] {
            let interrupts = Interrupts::default();
            interrupts.interrupt(&assist);
            assert_eq!(interrupts.ready(|| waiting), waiting);
        }
    }
}
