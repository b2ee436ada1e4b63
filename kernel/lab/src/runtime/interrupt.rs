//! Stops a running cell without ending the process.
//!
//! A supervisor thread signals every thread of the process, again every few milliseconds, until the cell has ended. The signal handler
//! looks at what its thread was doing and makes it *throw*, as a panic does but without a panic hook, so that destructors run and
//! `guard::guarded` catches it. In order of preference (`handler`):
//!
//! 1. **At the return of a call** (`traps`): the return address of a function called from the cell's code is replaced. When that call
//!    is over, the cell's code sees it panic. The compiler has made everything ready for that, so nothing is left half-done.
//! 2. **Out of a wait** (`waits`): sleeping, reading, accepting, waiting for a lock or for a thread to end. The wait panics.
//! 3. **Out of a loop without calls** (`steps`): the function at the top of the stack is given up. Its destructors do not run; those of
//!    all functions above do. The thread is single-stepped to the loop's next turn first, so that a statement is not cut in two.
//!
//! What fits none of them is left running, and the supervisor says so: the kernel then ends the worker.

mod classes;
mod handler;
mod lsda;
mod objects;
mod slots;
mod state;
mod steps;
mod supervisor;
mod symbols;
mod traps;
mod unwind;
mod waits;
mod walk;

#[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
#[path = "interrupt/x86_64.rs"]
mod machine;
#[cfg(not(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64")))]
#[path = "interrupt/unsupported.rs"]
mod machine;

pub use state::{Report, last, pending};
pub(super) use state::{begin, end};
pub use supervisor::benchbook_lab_interrupt;

/// What an interrupt throws.
pub(super) struct Interrupted;

/// Called by the worker with any address in a library that holds a cell's code, after it was loaded.
#[unsafe(no_mangle)]
pub extern "C" fn benchbook_lab_cell_loaded(address_in_cell: *const std::ffi::c_void) {
    objects::record(address_in_cell as usize, objects::Kind::Cell);
}
