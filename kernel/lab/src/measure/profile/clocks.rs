//! A clock of CPU time per thread, as fine as wanted: `perf_event_open`'s software clock, which needs no processor support.
//!
//! `setitimer` counts in ticks of the system, often 100 a second; this clock has no such limit. Each overflow sends `SIGPROF` to
//! the thread whose time it was.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use perf_event_open_sys as sys;

/// How often new threads are looked for.
const LOOK: Duration = Duration::from_millis(5);
/// `fcntl`: the owner is one thread, given as this and its id.
const F_SETOWN_EX: libc::c_int = 15;
const F_SETSIG: libc::c_int = 10;
const F_OWNER_TID: libc::c_int = 0;

#[repr(C)]
struct Owner {
    kind: libc::c_int,
    id: libc::pid_t,
}

/// Clocks of all threads, and of those that start; they end with this.
pub struct Clocks {
    stop: Arc<AtomicBool>,
    watcher: Option<JoinHandle<()>>,
}

impl Clocks {
    /// Starts them; the handler of `SIGPROF` must be set. None where the system does not allow it.
    pub fn start(hz: i32) -> Option<Self> {
        let period = 1_000_000_000 / u64::try_from(hz).ok()?.max(1);
        let mut clocks: Vec<(libc::pid_t, OwnedFd)> = Vec::new();
        for thread in threads() {
            // A thread may end meanwhile; the calling one must have a clock.
            if let Some(clock) = open(thread, period) {
                clocks.push((thread, clock));
            }
        }
        // SAFETY: only asks for this thread's id.
        let own = unsafe { libc::syscall(libc::SYS_gettid) } as libc::pid_t;
        if !clocks.iter().any(|(thread, _)| *thread == own) {
            return None;
        }
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let watch = move || {
            // SAFETY: as above.
            let watcher = unsafe { libc::syscall(libc::SYS_gettid) } as libc::pid_t;
            while !stopped.load(Ordering::SeqCst) {
                std::thread::sleep(LOOK);
                for thread in threads() {
                    if thread != watcher && !clocks.iter().any(|(known, _)| *known == thread) {
                        clocks.extend(open(thread, period).map(|clock| (thread, clock)));
                    }
                }
            }
        };
        let watcher = std::thread::Builder::new().name("benchbook-clocks".into()).spawn(watch).ok()?;
        Some(Self { stop, watcher: Some(watcher) })
    }
}

impl Drop for Clocks {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(watcher) = self.watcher.take() {
            let _ = watcher.join();
        }
    }
}

fn threads() -> Vec<libc::pid_t> {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    tasks.filter_map(|task| task.file_name().to_str()?.parse().ok()).collect()
}

fn open(thread: libc::pid_t, period: u64) -> Option<OwnedFd> {
    // Time in the system counts to the instruction that asked for it, where that may be seen.
    let clock = open_with(thread, period, false).or_else(|| open_with(thread, period, true))?;
    let owner = Owner { kind: F_OWNER_TID, id: thread };
    // SAFETY: the descriptor is open, the structure outlives the call.
    let set = unsafe {
        libc::fcntl(clock.as_raw_fd(), F_SETOWN_EX, &raw const owner) == 0
            && libc::fcntl(clock.as_raw_fd(), F_SETSIG, libc::SIGPROF) == 0
            && libc::fcntl(clock.as_raw_fd(), libc::F_SETFL, libc::O_ASYNC | libc::O_NONBLOCK) == 0
            && sys::ioctls::ENABLE(clock.as_raw_fd(), 0) == 0
    };
    set.then_some(clock)
}

fn open_with(thread: libc::pid_t, period: u64, user_only: bool) -> Option<OwnedFd> {
    let mut attributes = sys::bindings::perf_event_attr {
        type_: sys::bindings::PERF_TYPE_SOFTWARE,
        size: u32::try_from(size_of::<sys::bindings::perf_event_attr>()).ok()?,
        config: u64::from(sys::bindings::PERF_COUNT_SW_CPU_CLOCK),
        ..Default::default()
    };
    attributes.__bindgen_anon_1.sample_period = period;
    attributes.set_disabled(1);
    attributes.set_exclude_kernel(u64::from(user_only));
    attributes.set_exclude_hv(1);
    let flags = std::ffi::c_ulong::from(sys::bindings::PERF_FLAG_FD_CLOEXEC);
    // SAFETY: the attributes are plain data; a descriptor that is given is ours alone.
    unsafe {
        let descriptor = sys::perf_event_open(&raw mut attributes, thread, -1, -1, flags);
        (descriptor >= 0).then(|| OwnedFd::from_raw_fd(descriptor))
    }
}
