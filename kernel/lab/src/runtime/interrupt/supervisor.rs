//! Sends the signals, until the cell has ended.

use std::ffi::c_int;
use std::sync::{Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

use super::handler::{self, Order};
use super::objects::{self, Kind};
use super::state::{self, Patience};
use super::{machine, steps, symbols, traps, waits};

/// Between two rounds of signals.
const PAUSE: Duration = Duration::from_millis(3);
/// Until then only what loses nothing is tried.
const GENTLE: Duration = Duration::from_millis(25);
/// From then on loops are given up wherever they are.
const FIRM: Duration = Duration::from_millis(400);

fn signal() -> c_int {
    libc::SIGRTMIN() + 6
}

/// One interrupt at a time.
static TURN: Mutex<()> = Mutex::new(());

/// Stops the running cell, on behalf of the kernel: true when it has ended (or none runs), false when that took longer than `wait_ms`
/// and the worker should be killed. Must not be called on the cell's own thread.
#[unsafe(no_mangle)]
pub extern "C" fn benchbook_lab_interrupt(wait_ms: u64) -> bool {
    let began = Instant::now();
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(run) = state::running() else { return true };
    let wait = Duration::from_millis(wait_ms);
    if !machine::supported() {
        return state::ended_within(run, wait.saturating_sub(began.elapsed()));
    }
    prepare();
    objects::newest().into_iter().for_each(symbols::load);
    state::aim(Some(run));
    let ended = loop {
        let passed = began.elapsed();
        if passed >= wait {
            break false;
        }
        state::set_patience(match passed {
            _ if passed < GENTLE => Patience::Returns,
            _ if passed < FIRM => Patience::Loops,
            _ => Patience::Anywhere,
        });
        signal_all(run);
        if state::ended_within(run, PAUSE) {
            break true;
        }
        objects::wanted().into_iter().for_each(symbols::load);
    };
    state::aim(None);
    ended
}

/// Installs the handlers, the first time.
fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        objects::record(std::thread::sleep as fn(Duration) as usize, Kind::Std);
        objects::record(traps::sprung as extern "C" fn(_) -> _ as usize, Kind::Lab);
        objects::at(std::thread::sleep as fn(Duration) as usize).into_iter().for_each(symbols::load);
        // SAFETY: looks up a name; no memory of ours is involved.
        objects::record(unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"sin".as_ptr()) } as usize, Kind::Math);
        waits::prepare();
        let (ours, trap) = (signal(), libc::SIGTRAP);
        for (number, handler) in [(ours, handler::interrupted as extern "C" fn(_, _, _)), (trap, steps::stepped)] {
            // SAFETY: a zeroed action is valid and filled in below; the handlers keep to what a signal handler may do. Calls that a
            // signal interrupts start again (`SA_RESTART`), so threads that are not stopped do not notice.
            unsafe {
                let mut action: libc::sigaction = std::mem::zeroed();
                action.sa_sigaction = handler as usize;
                action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
                libc::sigemptyset(&raw mut action.sa_mask);
                libc::sigaddset(&raw mut action.sa_mask, ours);
                libc::sigaddset(&raw mut action.sa_mask, trap);
                libc::sigaction(number, &raw const action, std::ptr::null_mut());
            }
        }
    });
}

/// `siginfo_t` of a signal with a value, as the kernel reads it.
#[repr(C)]
struct Info {
    signal: c_int,
    errno: c_int,
    code: c_int,
    _gap: c_int,
    process: c_int,
    user: u32,
    value: usize,
    _rest: [usize; 12],
}

fn signal_all(run: u32) {
    let me = handler::thread();
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return };
    // SAFETY: both only read numbers of this process.
    let (process, user) = unsafe { (libc::getpid(), libc::getuid()) };
    for thread in threads.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<c_int>().ok()) {
        if thread == me {
            continue;
        }
        let order = Order { run, old: thread != process && started(thread).is_none_or(|started| started < state::began()) };
        let (_gap, _rest) = (0, [0; 12]);
        let info = Info { signal: signal(), errno: 0, code: libc::SI_QUEUE, _gap, process, user, value: order.pack(), _rest };
        // SAFETY: the structure has the kernel's layout; a thread that has ended meanwhile gives an error, which is fine.
        unsafe { libc::syscall(libc::SYS_rt_tgsigqueueinfo, process, thread, signal(), &raw const info) };
    }
}

/// When a thread started, in clock ticks since the machine did.
fn started(thread: c_int) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/self/task/{thread}/stat")).ok()?;
    // The name, in parentheses, may hold anything.
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}
