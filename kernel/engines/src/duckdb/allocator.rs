//! DuckDB's own allocator: its Linux libraries bring jemalloc, which keeps freed pages for a second and longer.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;

type Mallctl = unsafe extern "C" fn(*const c_char, *mut c_void, *mut usize, *mut c_void, usize) -> c_int;

/// jemalloc's way to say "all arenas" (`MALLCTL_ARENAS_ALL`).
const PURGE_ALL: &CStr = c"arena.4096.purge";

/// Gives the pages that are free back to the system. Without effect on a DuckDB that was built with the system's allocator.
pub fn purge() {
    // SAFETY: looks up a name; no memory of ours is involved.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"duckdb_je_mallctl".as_ptr()) };
    if found.is_null() {
        return;
    }
    // SAFETY: jemalloc's `mallctl` under the prefix that DuckDB gives it; a command that is not known is an error code.
    unsafe {
        let mallctl = std::mem::transmute::<*mut c_void, Mallctl>(found);
        mallctl(c"thread.tcache.flush".as_ptr(), ptr::null_mut(), ptr::null_mut(), ptr::null_mut(), 0);
        mallctl(PURGE_ALL.as_ptr(), ptr::null_mut(), ptr::null_mut(), ptr::null_mut(), 0);
    }
}
