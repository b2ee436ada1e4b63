//! Which waits may be left by throwing.
//!
//! Not: condition variables, parked threads, latches of Rayon and the end of a scope. Their waiters have told others where they are, or
//! must not return before others have ended.

use std::ffi::CStr;
use std::sync::atomic::{AtomicUsize, Ordering};

/// System calls that start again after a signal, other than `futex`.
const CALLS: [i64; 11] = [
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_connect,
    libc::SYS_wait4,
    libc::SYS_waitid,
    libc::SYS_flock,
    libc::SYS_fcntl,
];

/// Functions of the C library whose wait ends at a signal.
const FUNCTIONS: [&CStr; 12] = [
    c"nanosleep",
    c"clock_nanosleep",
    c"poll",
    c"select",
    c"read",
    c"recv",
    c"recvfrom",
    c"accept",
    c"accept4",
    c"connect",
    c"pause",
    c"sigwait",
];

static ADDRESSES: [AtomicUsize; FUNCTIONS.len()] = [const { AtomicUsize::new(0) }; FUNCTIONS.len()];

/// Looks the functions up; before the first signal.
pub fn prepare() {
    for (name, address) in FUNCTIONS.iter().zip(&ADDRESSES) {
        // SAFETY: looks up a name; no memory of ours is involved.
        address.store(unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) } as usize, Ordering::Relaxed);
    }
}

/// Whether this system call can always be left. Safe in a signal handler.
pub fn call(number: usize) -> bool {
    CALLS.iter().any(|&call| call as usize == number)
}

/// Whether this is the `futex` call, which waits for many things.
pub fn is_futex(number: usize) -> bool {
    number == libc::SYS_futex as usize
}

/// Whether the function that starts here is one that can be left while it waits. Safe in a signal handler.
pub fn function(start: usize) -> bool {
    start != 0 && ADDRESSES.iter().any(|address| address.load(Ordering::Relaxed) == start)
}
