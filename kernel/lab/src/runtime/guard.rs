//! Runs the code of a cell so that a panic, an error or an interrupt ends the cell and nothing else.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::CellError;
use super::interrupt::{self, Interrupted};

/// How the code of a cell ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Ended {
    Done = 0,
    Panicked = 1,
    /// A `?` left the cell.
    Failed = 2,
    /// The person stopped it.
    Interrupted = 3,
}

/// Runs a cell's code on this thread; the process has one running cell at most.
///
/// The code comes as `dyn` and this is never inlined: so the frame that catches is always one of its own, below any
/// frame of the cell that an interrupt has to give up.
#[inline(never)]
pub fn guarded(code: &mut dyn FnMut()) -> Ended {
    let run = interrupt::begin();
    let result = catch_unwind(AssertUnwindSafe(code));
    let pending = interrupt::end(run);
    let Err(payload) = result else { return Ended::Done };
    let stopped = pending || payload.is::<Interrupted>();
    dispose(payload);
    if stopped {
        return Ended::Interrupted;
    }
    super::cell_panicked();
    Ended::Panicked
}

/// The value a cell panicked with may itself panic when it is dropped.
fn dispose(payload: Box<dyn Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
    }
}

/// Runs the code of a cell that no `?` leaves.
#[inline]
pub fn plain(code: impl FnOnce()) -> u8 {
    let mut code = Some(code);
    guarded(&mut || {
        if let Some(code) = code.take() {
            code();
        }
    }) as u8
}

/// Runs the code of a cell that a `?` may leave; the error has been reported when it was converted.
#[inline]
pub fn fallible(code: impl FnOnce() -> Result<(), CellError>) -> u8 {
    let mut code = Some(code);
    let mut failed = false;
    let ended = guarded(&mut || {
        if let Some(code) = code.take() {
            failed = code().is_err();
        }
    });
    if ended == Ended::Done && failed { Ended::Failed as u8 } else { ended as u8 }
}
