//! Clocks of CPU time interrupt whichever thread computes, and the handler notes its stack.
//!
//! Where the interrupted code is in the C library or the loader, their locks may be held. Unwinding asks the loader where a
//! library's tables are; since glibc 2.35 that takes no lock (`_dl_find_object`), before that such a sample has no callers.

use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use super::clocks::Clocks;
use super::resolve::{Names, Profile};
use super::trace::{self, Store};
use crate::AnyError;

/// Where the handler writes; null: nothing is sampled.
static INTO: AtomicPtr<Store> = AtomicPtr::new(std::ptr::null_mut());
/// Whether a stack may be unwound wherever it was interrupted.
static ANYWHERE: AtomicBool = AtomicBool::new(false);
/// Address ranges of the C library, the loader and the unwinder.
static LOCKED: std::sync::OnceLock<Vec<(usize, usize)>> = std::sync::OnceLock::new();

fn interrupted_at(context: *mut c_void) -> usize {
    // SAFETY: the system passes the interrupted thread's context to a handler that was set with `SA_SIGINFO`.
    let context = unsafe { &(*context.cast::<libc::ucontext_t>()).uc_mcontext };
    #[cfg(target_arch = "x86_64")]
    return context.gregs[libc::REG_RIP as usize] as usize;
    #[cfg(target_arch = "aarch64")]
    return context.pc as usize;
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    return {
        let _ = context;
        0
    };
}

extern "C" fn handler(_: c_int, _: *mut libc::siginfo_t, context: *mut c_void) {
    let store = INTO.load(Ordering::SeqCst);
    if store.is_null() {
        return;
    }
    // SAFETY: the store is never freed; `errno` is this thread's own.
    unsafe {
        let errno = *libc::__errno_location();
        let at = interrupted_at(context);
        let locked = || LOCKED.get().is_some_and(|ranges| ranges.iter().any(|(from, to)| (*from..*to).contains(&at)));
        if ANYWHERE.load(Ordering::Relaxed) || !locked() {
            (*store).note((at != 0).then_some(at), 1.0, 0.0);
        } else {
            (*store).note_address(at);
        }
        *libc::__errno_location() = errno;
    }
}

/// Ranges of the libraries whose locks unwinding may need.
fn locked_ranges() -> Vec<(usize, usize)> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let locking = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or_default();
        ["libc.so", "libc-", "ld-", "libgcc_s", "libpthread"].iter().any(|start| name.starts_with(start))
    };
    let range = |line: &str| {
        let (range, rest) = line.split_once(' ')?;
        let (from, to) = range.split_once('-')?;
        let inside = locking(rest.rsplit(' ').next().unwrap_or_default());
        inside.then_some((usize::from_str_radix(from, 16).ok()?, usize::from_str_radix(to, 16).ok()?))
    };
    maps.lines().filter_map(range).collect()
}

/// The timer of the whole process, as coarse as the system's tick.
fn set_timer(hz: Option<i32>) -> bool {
    let every = hz.map_or(0, |hz| 1_000_000 / i64::from(hz));
    let interval = libc::timeval { tv_sec: every / 1_000_000, tv_usec: every % 1_000_000 };
    let timer = libc::itimerval { it_interval: interval, it_value: interval };
    // SAFETY: the timer is plain data.
    unsafe { libc::setitimer(libc::ITIMER_PROF, &raw const timer, std::ptr::null_mut()) == 0 }
}

/// Stops sampling however the code ends.
struct Ends {
    before: libc::sigaction,
    /// None: the timer of the process runs.
    clocks: Option<Clocks>,
}

impl Ends {
    fn begin(store: &Store, hz: i32) -> Result<Self, String> {
        // The first unwinding may load and allocate, which a handler must not.
        store.note(None, 1.0, 0.0);
        // SAFETY: looks a name up.
        let lock_free = unsafe { !libc::dlsym(libc::RTLD_DEFAULT, c"_dl_find_object".as_ptr()).is_null() };
        ANYWHERE.store(lock_free, Ordering::SeqCst);
        LOCKED.get_or_init(locked_ranges);
        INTO.store(std::ptr::from_ref(store).cast_mut(), Ordering::SeqCst);
        // SAFETY: the action is plain data; the handler only writes to the store.
        let before = unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            let mut before: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = handler as extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_ONSTACK;
            libc::sigemptyset(&raw mut action.sa_mask);
            if libc::sigaction(libc::SIGPROF, &raw const action, &raw mut before) != 0 {
                return Err(format!("no handler could be set: {}", std::io::Error::last_os_error()));
            }
            before
        };
        let mut ends = Self { before, clocks: Clocks::start(hz) };
        if ends.clocks.is_some() && !ticks(store) {
            ends.clocks = None;
        }
        if ends.clocks.is_some() || set_timer(Some(hz)) {
            Ok(ends)
        } else {
            Err(format!("no timer could be set: {}", std::io::Error::last_os_error()))
        }
    }
}

/// Whether samples come while this thread computes.
fn ticks(store: &Store) -> bool {
    let (begin, before) = (std::time::Instant::now(), store.noted());
    while begin.elapsed() < std::time::Duration::from_millis(40) {
        if store.noted() > before {
            return true;
        }
        std::hint::spin_loop();
    }
    false
}

impl Drop for Ends {
    fn drop(&mut self) {
        set_timer(None);
        self.clocks = None;
        INTO.store(std::ptr::null_mut(), Ordering::SeqCst);
        // One signal may still be on its way, and would end the process where nothing handles it.
        if self.before.sa_sigaction == libc::SIG_DFL {
            self.before.sa_sigaction = libc::SIG_IGN;
        }
        // SAFETY: restores the action that was there.
        unsafe { libc::sigaction(libc::SIGPROF, &raw const self.before, std::ptr::null_mut()) };
    }
}

/// Samples `code` while it runs, `hz` times a second of CPU time.
///
/// # Errors
/// A sampler that cannot start, or the error of `code`.
pub fn sample<T>(hz: i32, code: &mut dyn FnMut() -> Result<T, AnyError>) -> Result<(T, Profile), AnyError> {
    let failed = |why: String| format!("the sampling profiler could not start: {why}");
    let store = trace::take().map_err(failed)?;
    let ends = Ends::begin(&store, hz).map_err(failed)?;
    store.begin();
    let value = code()?;
    drop(ends);
    store.settle();
    let profile = Profile::of_stacks(&mut Names::default(), &store.stacks(), |stack| stack.count, store.lost());
    Ok((value, profile))
}
