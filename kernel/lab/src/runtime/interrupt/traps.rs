//! Return traps: a call's return address on the stack is replaced, so that the caller sees the call throw when it is over.
//!
//! The replaced address is `machine::trap`, whose own unwinding information says: catch everything. So an exception that passes the
//! trap while it is armed lands there, the address is put back, and the same exception is thrown on from the caller's call.

use std::ffi::c_int;
use std::sync::atomic::Ordering;

use super::slots::{self, Slot};
use super::state::{self, Way};
use super::unwind::{_Unwind_RaiseException, _Unwind_SetGR, _Unwind_SetIP, Context, Exception};
use super::{Interrupted, machine};

/// Replaces the return address under the stack pointer `stack`.
///
/// # Safety
/// Runs on the thread of `slot`; the function that returns to `stack` has not returned yet.
pub unsafe fn arm(slot: &Slot, stack: usize, run: u32) {
    let place = (stack - size_of::<usize>()) as *mut usize;
    // SAFETY: the caller's promise: the word is a return address on this thread's stack.
    unsafe {
        slot.trap_return.store(place.read(), Ordering::Relaxed);
        slot.run.store(run, Ordering::Relaxed);
        slot.trap_stack.store(stack, Ordering::Release);
        place.write(machine::trap_address());
    }
}

/// Puts the return address back, if a trap is armed.
///
/// # Safety
/// Runs on the thread of `slot`, not inside the trap.
pub unsafe fn disarm(slot: &Slot) {
    let stack = slot.trap_stack.swap(0, Ordering::AcqRel);
    if stack != 0 {
        let place = (stack - size_of::<usize>()) as *mut usize;
        // SAFETY: an armed trap has not been returned to, so its frame is still on this thread's stack.
        unsafe { place.write(slot.trap_return.load(Ordering::Relaxed)) };
    }
}

/// What a trap does next.
#[repr(C)]
pub struct Sprung {
    /// The true return address.
    pub address: usize,
    /// Throw there, instead of returning.
    pub throw: usize,
}

/// Called by the trap, with the stack pointer after the return.
pub extern "C" fn sprung(stack: usize) -> Sprung {
    let Some(slot) = slots::trapped(stack) else {
        // Cannot be: the trap's address is on a stack only while a slot says so. There is no address to go on at.
        std::process::abort();
    };
    let address = slot.trap_return.load(Ordering::Relaxed);
    let throw = state::is_target(slot.run.load(Ordering::Relaxed));
    if throw {
        state::count(Way::Return);
    }
    slot.trap_stack.store(0, Ordering::Release);
    slot.release();
    Sprung { address, throw: usize::from(throw) }
}

/// Throws the interrupt; the caller's frame is the one the machine code made up.
pub extern "C-unwind" fn throw() -> ! {
    // No hook: nobody wants to read about this panic.
    std::panic::resume_unwind(Box::new(Interrupted))
}

/// Throws on what arrived at a trap.
///
/// # Safety
/// `exception` was caught by [`personality`].
pub unsafe extern "C-unwind" fn rethrow(exception: *mut Exception) -> ! {
    // SAFETY: the caller's promise; an exception that was caught may be raised again.
    unsafe { _Unwind_RaiseException(exception) };
    // Nobody catches it.
    std::process::abort();
}

/// The trap's personality routine: catches everything.
///
/// # Safety
/// Called by the unwinder only.
pub unsafe extern "C" fn personality(
    version: c_int,
    actions: c_int,
    _class: u64,
    exception: *mut Exception,
    context: *mut Context,
) -> c_int {
    const SEARCH: c_int = 1;
    const FORCED: c_int = 8;
    const FATAL: c_int = 3;
    const HANDLER_FOUND: c_int = 6;
    const INSTALL: c_int = 7;
    const CONTINUE: c_int = 8;
    if version != 1 {
        return FATAL;
    }
    if actions & SEARCH != 0 {
        return HANDLER_FOUND;
    }
    if actions & FORCED != 0 {
        return CONTINUE;
    }
    // SAFETY: the unwinder's own context; the landing pad expects the exception in the first register.
    unsafe {
        _Unwind_SetGR(context, 0, exception as usize);
        _Unwind_SetIP(context, machine::landing_address());
    }
    INSTALL
}
