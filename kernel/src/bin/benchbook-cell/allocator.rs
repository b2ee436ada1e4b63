//! The C allocator, with a place to listen in.
//!
//! This program defines `malloc` and its kin, and so the loader gives these to everything in the process: the standard library
//! that cells share, Polars, and C code. Each hands the call over to the C library's own function. While nobody listens that costs
//! one load and one branch; while `lab` measures allocations (`lab::measure::allocations`), its listener hears of every call.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// Told of each call: bytes asked for, bytes got, bytes given back. Nothing is got where memory is only freed.
pub type Listener = extern "C" fn(usize, usize, usize);

static LISTENER: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());

thread_local! {
    /// What the listener itself allocates is not told. In the program's own block: reading it must not allocate.
    static LISTENING: Cell<bool> = const { Cell::new(false) };
}

/// Sets the listener; null: nobody.
pub extern "C" fn listen(listener: *mut c_void) {
    LISTENER.store(listener, Ordering::SeqCst);
}

unsafe extern "C" {
    fn __libc_malloc(size: usize) -> *mut c_void;
    fn __libc_calloc(count: usize, size: usize) -> *mut c_void;
    fn __libc_realloc(block: *mut c_void, size: usize) -> *mut c_void;
    fn __libc_memalign(align: usize, size: usize) -> *mut c_void;
    fn __libc_free(block: *mut c_void);
    fn malloc_usable_size(block: *mut c_void) -> usize;
}

#[inline(always)]
fn nobody() -> bool {
    LISTENER.load(Ordering::Relaxed).is_null()
}

#[cold]
#[inline(never)]
fn tell(asked: usize, got: usize, freed: usize) {
    let listener = LISTENER.load(Ordering::Acquire);
    if listener.is_null() || LISTENING.replace(true) {
        return;
    }
    // SAFETY: `listen` is given null or a `Listener` that is never unloaded.
    let listener = unsafe { std::mem::transmute::<*mut c_void, Listener>(listener) };
    listener(asked, got, freed);
    LISTENING.set(false);
}

/// Bytes that a block really has, which may be some more than were asked for.
///
/// # Safety
/// `block` must be a live block of the C library's.
unsafe fn size_of(block: *mut c_void) -> usize {
    // SAFETY: the caller vouches for the block.
    unsafe { malloc_usable_size(block) }
}

/// Tells of a new block.
///
/// # Safety
/// As [`size_of`].
unsafe fn made(block: *mut c_void, asked: usize) -> *mut c_void {
    if !block.is_null() {
        // SAFETY: the caller vouches for the block.
        tell(asked, unsafe { size_of(block) }, 0);
    }
    block
}

/// The calls while somebody listens: functions of their own, so that without a listener each call ends in a jump to the C
/// library's function, with no frame and nothing to come back to.
mod heard {
    use super::*;

    /// # Safety
    /// As C's; so in all that follow.
    #[cold]
    #[inline(never)]
    pub unsafe fn malloc(size: usize) -> *mut c_void {
        // SAFETY: the C library's own, with the caller's arguments; so in all that follow.
        unsafe { made(__libc_malloc(size), size) }
    }

    #[cold]
    #[inline(never)]
    pub unsafe fn calloc(count: usize, size: usize) -> *mut c_void {
        // SAFETY: see `malloc`.
        unsafe { made(__libc_calloc(count, size), count.wrapping_mul(size)) }
    }

    #[cold]
    #[inline(never)]
    pub unsafe fn realloc(block: *mut c_void, size: usize) -> *mut c_void {
        // SAFETY: see `malloc`.
        unsafe {
            let before = if block.is_null() { 0 } else { size_of(block) };
            let moved = __libc_realloc(block, size);
            if !moved.is_null() {
                tell(size, size_of(moved), before);
            } else if size == 0 {
                tell(0, 0, before);
            }
            moved
        }
    }

    #[cold]
    #[inline(never)]
    pub unsafe fn free(block: *mut c_void) {
        // SAFETY: see `malloc`.
        unsafe {
            if !block.is_null() {
                tell(0, 0, size_of(block));
            }
            __libc_free(block);
        }
    }
}

/// # Safety
/// As C's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn malloc(size: usize) -> *mut c_void {
    // SAFETY: the caller's arguments go to the C library; so in all that follow.
    unsafe { if nobody() { __libc_malloc(size) } else { heard::malloc(size) } }
}

/// # Safety
/// As C's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    // SAFETY: see `malloc`.
    unsafe { if nobody() { __libc_calloc(count, size) } else { heard::calloc(count, size) } }
}

/// # Safety
/// As C's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn realloc(block: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: see `malloc`.
    unsafe { if nobody() { __libc_realloc(block, size) } else { heard::realloc(block, size) } }
}

/// # Safety
/// As C's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn free(block: *mut c_void) {
    // SAFETY: see `malloc`.
    unsafe { if nobody() { __libc_free(block) } else { heard::free(block) } }
}

/// # Safety
/// As C's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn posix_memalign(out: *mut *mut c_void, align: usize, size: usize) -> c_int {
    if !align.is_power_of_two() || !align.is_multiple_of(std::mem::size_of::<*mut c_void>()) {
        return libc::EINVAL;
    }
    // SAFETY: see `malloc`; `out` is the caller's.
    unsafe {
        let block = __libc_memalign(align, size);
        if block.is_null() {
            return libc::ENOMEM;
        }
        if !nobody() {
            made(block, size);
        }
        *out = block;
    }
    0
}
