//! What the allocator keeps of freed memory.
//!
//! As it comes, glibc gives large blocks back to the system as soon as they are freed, and the next run of the same code pays a page
//! fault for each 4 KiB anew. A query of Polars whose results have a few megabytes then takes up to ten times as long; Polars' Python
//! package brings an allocator that keeps memory for a while. So freed memory stays here too, until the process has been idle.

use std::time::Duration;

/// Freed blocks and heaps below this size stay with the process, in bytes.
const KEPT: i32 = 1 << 30;
/// What glibc takes before 2.35, whose limit it is.
const KEPT_BEFORE_2_35: i32 = 32 << 20;
/// What glibc starts with, for both.
const GLIBCS_OWN: i32 = 128 << 10;
/// How long a process must have been idle before it gives the memory back.
const IDLE: Duration = Duration::from_secs(2);
/// Less processor time than this in [`IDLE`] is idle, in microseconds.
const IDLE_US: i64 = 20_000;

/// Lets this process keep what it frees, until it is idle. Call it once.
pub fn keep() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        give_back_from(KEPT);
        // Without the thread memory is kept until the process ends.
        let _ = std::thread::Builder::new().name("benchbook-reserve".into()).spawn(give_back_when_idle);
    }
}

/// While it lives, freed blocks go back at once, as glibc has it: for readings of how much memory the process has.
pub struct GivenBack(());

impl GivenBack {
    /// Gives back what is kept.
    pub fn new() -> Self {
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        {
            give_back_from(GLIBCS_OWN);
            // SAFETY: hands free pages back to the system; other threads may allocate meanwhile.
            unsafe { libc::malloc_trim(0) };
        }
        Self(())
    }
}

impl Default for GivenBack {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for GivenBack {
    fn drop(&mut self) {
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        give_back_from(KEPT);
    }
}

/// Blocks and heaps of `bytes` or more are given back when they are freed.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn give_back_from(bytes: i32) {
    // SAFETY: only sets numbers of the allocator.
    unsafe {
        if libc::mallopt(libc::M_MMAP_THRESHOLD, bytes) == 0 {
            libc::mallopt(libc::M_MMAP_THRESHOLD, KEPT_BEFORE_2_35);
        }
        libc::mallopt(libc::M_TRIM_THRESHOLD, bytes);
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn give_back_when_idle() {
    let mut seen = processor_us();
    let mut given_back = true;
    loop {
        std::thread::sleep(IDLE);
        let now = processor_us();
        let idle = now - seen < IDLE_US;
        if idle && !given_back {
            // SAFETY: hands free pages back to the system; other threads may allocate meanwhile.
            unsafe { libc::malloc_trim(0) };
        }
        given_back = idle;
        seen = processor_us();
    }
}

/// The processor time of all threads, in microseconds.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn processor_us() -> i64 {
    // SAFETY: fills the structure that it is given.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    let microseconds = |time: libc::timeval| time.tv_sec * 1_000_000 + time.tv_usec;
    microseconds(usage.ru_utime) + microseconds(usage.ru_stime)
}
