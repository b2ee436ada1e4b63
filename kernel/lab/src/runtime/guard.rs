//! Runs the code of a cell so that a panic, an error or an interrupt ends the cell and nothing else.

use super::CellError;

/// How the code of a cell ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Ended {
    Done = 0,
    Panicked = 1,
    /// A `?` left the cell.
    Failed = 2,
    Interrupted = 3,
}

/// Runs `code`. Its frames always lie between this function's and the interrupted one's, which interrupting relies on.
#[inline(never)]
pub fn guarded(code: &mut dyn FnMut()) -> Ended {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(code)) {
        Ok(()) => Ended::Done,
        Err(_) => {
            super::cell_panicked();
            Ended::Panicked
        }
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
