//! How a cell talks to the kernel.
//!
//! The worker process points file descriptors 1 and 2 at sockets of the kernel, so everything a cell
//! prints, from Rust or C, arrives as it is written. Displays and other structured messages travel inside
//! the standard output stream, as frames that start with a secret token of the session: so they keep their
//! place among the printed text.
//!
//! Generated code calls the functions here; a cell's author has no need of them.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::fmt::Display;
use std::io::Write;
use std::os::fd::FromRawFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Condvar, Mutex, OnceLock};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// For the types of variables, which the compiler calls `alloc::vec::Vec`.
pub extern crate alloc;

pub mod guard;
pub mod interrupt;
pub mod reserve;
pub mod variables;

use variables::VariableStore;

/// The entry point of a compiled cell; it returns a [`guard::Ended`].
type Entry = extern "C" fn(*mut VariableStore) -> u8;

static TOKEN: OnceLock<String> = OnceLock::new();
/// Where the kernel reads how each cell ended.
static OUTCOMES: AtomicI32 = AtomicI32::new(-1);
static REPLIES: AtomicI32 = AtomicI32::new(-1);
static PANIC: Mutex<Option<Value>> = Mutex::new(None);
/// The last panic of another thread: Rayon carries such a panic over to the cell without a second report.
static OTHER_PANIC: Mutex<Option<Value>> = Mutex::new(None);
static RUNNING: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());
/// Measuring code sets this so that the flushing thread stays out of its way.
static QUIET: AtomicBool = AtomicBool::new(false);

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Called once by the worker process before any cell: connects this library to the kernel.
///
/// # Safety
/// `token` must point to a NUL-terminated string; the descriptors must be open and owned by the worker.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn benchbook_lab_start(token: *const c_char, outcomes: c_int, replies: c_int) {
    // SAFETY: the caller passes a valid C string.
    let token = unsafe { CStr::from_ptr(token) }.to_string_lossy().into_owned();
    let _ = TOKEN.set(token);
    OUTCOMES.store(outcomes, Ordering::SeqCst);
    REPLIES.store(replies, Ordering::SeqCst);
    std::panic::set_hook(Box::new(remember_panic));
    reserve::keep();
    let _ = std::thread::Builder::new().name("benchbook-flush".into()).spawn(flush_partial_lines);
}

/// Makes the variable store; the worker passes it to the functions below.
#[unsafe(no_mangle)]
pub extern "C" fn benchbook_lab_store() -> *mut c_void {
    Box::into_raw(Box::new(VariableStore::default())).cast()
}

/// Runs a compiled cell and reports how it ended. Everything it printed is on its way when this returns.
///
/// # Safety
/// `store` must come from [`benchbook_lab_store`], `entry` must be the entry point of a cell compiled against this library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn benchbook_lab_run(store: *mut c_void, entry: *const c_void) {
    let store = store.cast::<VariableStore>();
    // SAFETY: the caller passes a cell's entry point.
    let entry = unsafe { std::mem::transmute::<*const c_void, Entry>(entry) };
    *lock(&PANIC) = None;
    *lock(&OTHER_PANIC) = None;
    // An interrupted cell may have left it on.
    crate::measure::allocations::off();
    boundary("begin");
    *lock(&RUNNING.0) = true;
    RUNNING.1.notify_all();
    // SAFETY: the store is valid, and only this thread uses it.
    unsafe { (*store).begin() };
    let began = Instant::now();
    let ended = entry(store);
    let run_s = began.elapsed().as_secs_f64();
    *lock(&RUNNING.0) = false;
    let _ = std::io::stdout().flush();
    let _ = std::io::stderr().flush();
    // SAFETY: as above; the cell has returned.
    let store = unsafe { &mut *store };
    let new = store.end();
    boundary("end");
    report(&json!({"ended": ended, "run_s": run_s, "new": new, "names": store.names(), "loops": interrupt::last().loops}));
}

/// Drops variables: `names` is a comma-separated list.
///
/// # Safety
/// `store` must come from [`benchbook_lab_store`]; `names` must point to a NUL-terminated string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn benchbook_lab_forget(store: *mut c_void, names: *const c_char) {
    // SAFETY: the caller vouches for both.
    let (store, names) = unsafe { (&mut *store.cast::<VariableStore>(), CStr::from_ptr(names)) };
    let names = names.to_string_lossy().into_owned();
    // A destructor of the cell's own may panic.
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| store.forget(names.split(','))));
    report(&json!({"forgotten": true}));
}

/// Puts a boundary into both output streams, so that the kernel knows when it has everything of a cell.
fn boundary(what: &str) {
    let Some(token) = TOKEN.get() else { return };
    let text = framed(token, &json!({"t": what}));
    write_all(1, &text);
    write_all(2, &text);
}

/// Tells the kernel how a cell ended.
fn report(value: &Value) {
    let descriptor = OUTCOMES.load(Ordering::SeqCst);
    if descriptor >= 0 {
        write_all(descriptor, &format!("{value}\n"));
    }
}

fn write_all(descriptor: c_int, text: &str) {
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        // SAFETY: the descriptor stays open for the life of the process and the buffer is valid.
        let written = unsafe { libc::write(descriptor, rest.as_ptr().cast(), rest.len()) };
        match usize::try_from(written) {
            Ok(count) if count > 0 => rest = &rest[count..],
            _ if std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted => {}
            _ => return,
        }
    }
}

/// `print!` without a newline stays in the standard library's line buffer: push it out while a cell runs.
fn flush_partial_lines() {
    loop {
        let mut running = lock(&RUNNING.0);
        while !*running {
            running = RUNNING.1.wait(running).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
        drop(running);
        std::thread::sleep(Duration::from_millis(50));
        if !QUIET.load(Ordering::Relaxed) {
            let _ = std::io::stdout().flush();
        }
    }
}

/// Holds back the flushing thread while it lives.
pub struct Quiet(());

impl Quiet {
    pub fn new() -> Self {
        QUIET.store(true, Ordering::Relaxed);
        Self(())
    }
}

impl Default for Quiet {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        QUIET.store(false, Ordering::Relaxed);
    }
}

fn remember_panic(info: &std::panic::PanicHookInfo<'_>) {
    // What an interrupt brings about is no news: a thread that is joined in vain, a lock that is poisoned.
    if interrupt::pending() {
        return;
    }
    let message = if let Some(text) = info.payload().downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = info.payload().downcast_ref::<String>() {
        text.clone()
    } else {
        "a value that is not text".to_owned()
    };
    let thread = std::thread::current();
    let mut panic = json!({"t": "panic", "message": message, "thread": thread.name()});
    if let Some(place) = info.location() {
        panic["file"] = json!(place.file());
        panic["line"] = json!(place.line());
        panic["column"] = json!(place.column());
    }
    // SAFETY: both calls only read the caller's ids. Cells run on the process's first thread.
    let in_cell = unsafe { libc::syscall(libc::SYS_gettid) == i64::from(libc::getpid()) };
    if in_cell {
        *lock(&PANIC) = Some(panic);
    } else {
        // Another thread's panic does not end the cell; say it, as Rust would.
        eprintln!("thread '{}' panicked: {message}", thread.name().unwrap_or("<unnamed>"));
        // The generated file's own lines would tell nothing.
        if let Some(place) = info.location().filter(|place| !place.file().starts_with("cell_")) {
            eprintln!("  at {}:{}:{}", place.file(), place.line(), place.column());
        }
        *lock(&OTHER_PANIC) = Some(panic);
    }
}

/// Reports the panic that ended the cell.
pub(crate) fn cell_panicked() {
    let own = lock(&PANIC).take();
    let panic = own.or_else(|| lock(&OTHER_PANIC).take()).unwrap_or_else(|| json!({"t": "panic", "message": "the cell panicked"}));
    frame(&panic);
}

/// What a `?` of a cell turns every error into; the error itself is reported on the way.
#[derive(Debug)]
pub struct CellError(());

impl<T: Display> From<T> for CellError {
    #[track_caller]
    fn from(error: T) -> Self {
        cell_failed(&error.to_string(), std::panic::Location::caller());
        Self(())
    }
}

fn cell_failed(message: &str, place: &std::panic::Location<'_>) {
    frame(&json!({"t": "failed", "message": message, "file": place.file(), "line": place.line(), "column": place.column()}));
}

/// A message as it stands among printed text.
fn framed(token: &str, value: &Value) -> String {
    let payload = value.to_string();
    format!("\u{1}BB{token} {}\n{payload}\n", payload.len())
}

/// Sends one structured message to the kernel, in order with printed text.
pub fn frame(value: &Value) {
    let Some(token) = TOKEN.get() else {
        println!("{value}");
        return;
    };
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(framed(token, value).as_bytes());
    let _ = out.flush();
}

/// Sends an event of measuring code.
pub(crate) fn event(kind: &str, data: &Value) {
    frame(&json!({"t": "event", "kind": kind, "data": data}));
}

/// The stream on which the kernel answers input requests.
pub(crate) fn replies() -> Option<UnixStream> {
    let descriptor = REPLIES.load(Ordering::SeqCst);
    if descriptor < 0 {
        return None;
    }
    // SAFETY: the worker handed this descriptor over for good; only the input module takes it, once.
    Some(unsafe { UnixStream::from_raw_fd(descriptor) })
}
