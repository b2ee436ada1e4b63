//! The Rust worker: loads each compiled cell and runs it.
//!
//! The kernel tells it on standard input what to do (`run FILE`, `forget a,b`) and reads on its standard output, a
//! JSON line each, how that ended. This process keeps those two for the kernel alone: what a cell prints goes to
//! sockets of the kernel instead, as it is written.

use std::ffi::{CString, c_char, c_int, c_void};
use std::io::{BufRead, BufReader, Write};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod allocator;

type Start = unsafe extern "C" fn(*const c_char, c_int, c_int);
type Store = extern "C" fn() -> *mut c_void;
type Run = unsafe extern "C" fn(*mut c_void, *const c_void);
type Forget = unsafe extern "C" fn(*mut c_void, *const c_char);
type Loaded = extern "C" fn(*const c_void);
type Interrupt = extern "C" fn(u64) -> bool;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
type Allocator = extern "C" fn(extern "C" fn(*mut c_void));

/// The functions of `lab` that this program calls.
struct Lab {
    store: *mut c_void,
    run: Run,
    forget: Forget,
    loaded: Loaded,
}

/// How long an interrupt may take before the kernel ends this process.
const INTERRUPT_MS: u64 = 1900;

fn main() -> ExitCode {
    // The kernel reads the first standard error; the cells get another one.
    let said = duplicate(2);
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if let Ok(mut said) = said {
                let _ = writeln!(said, "{error}");
            }
            ExitCode::from(99)
        }
    }
}

/// The private ends of the kernel's pipes, before 0, 1 and 2 are pointed elsewhere.
struct Pipes {
    commands: std::fs::File,
    outcomes: std::fs::File,
}

fn duplicate(descriptor: c_int) -> Result<std::fs::File, String> {
    // SAFETY: duplicating a descriptor has no memory effects; the result is checked.
    let copy = unsafe { libc::fcntl(descriptor, libc::F_DUPFD_CLOEXEC, 10) };
    if copy < 0 {
        return Err(format!("descriptor {descriptor} cannot be duplicated: {}", std::io::Error::last_os_error()));
    }
    // SAFETY: `copy` is a fresh descriptor that nothing else owns.
    Ok(unsafe { std::fs::File::from_raw_fd(copy) })
}

fn point(descriptor: c_int, at: &OwnedFd) -> Result<(), String> {
    // SAFETY: both descriptors are open; dup2 closes the old target atomically.
    if unsafe { libc::dup2(at.as_raw_fd(), descriptor) } < 0 {
        return Err(format!("descriptor {descriptor} cannot be redirected: {}", std::io::Error::last_os_error()));
    }
    Ok(())
}

fn connect(socket: &Path, role: &str) -> Result<UnixStream, String> {
    let mut stream =
        UnixStream::connect(socket).map_err(|error| format!("the kernel's socket {} does not answer: {error}", socket.display()))?;
    writeln!(stream, "{role} {}", std::process::id()).map_err(|error| format!("the kernel closed its socket: {error}"))?;
    Ok(stream)
}

fn variable(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("{name} is not set: this program is started by the Benchbook kernel"))
}

/// The loader's own words, which are the error's source.
fn reason(error: &libloading::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

fn serve() -> Result<(), String> {
    let token = variable("BENCHBOOK_TOKEN")?;
    let socket = variable("BENCHBOOK_WORKER_SOCKET")?;
    let lab = variable("BENCHBOOK_LAB")?;
    // The token protects displays from forgery by printed data; child processes of a cell need not know it.
    // SAFETY: no other thread runs yet.
    unsafe { std::env::remove_var("BENCHBOOK_TOKEN") };

    let pipes = Pipes { commands: duplicate(0)?, outcomes: duplicate(1)? };
    let replies = connect(Path::new(&socket), "replies")?;
    let out = connect(Path::new(&socket), "stdout")?;
    let err = connect(Path::new(&socket), "stderr")?;
    let nothing = std::fs::File::open("/dev/null").map_err(|error| format!("/dev/null cannot be opened: {error}"))?;
    point(0, &nothing.into())?;
    point(1, &out.into())?;
    point(2, &err.into())?;

    // SAFETY: the library is ours; its initialisers only set up statics.
    let lab = unsafe { Library::open(Some(&lab), RTLD_NOW | RTLD_GLOBAL) }
        .map_err(|error| format!("the lab library cannot be loaded: {}", reason(&error)))?;
    let token_text = CString::new(token.as_str()).map_err(|error| error.to_string())?;
    // SAFETY: the signatures are those of `lab::runtime`; descriptors and token are valid.
    let lab = unsafe {
        let text = |error: libloading::Error| error.to_string();
        let start = lab.get::<Start>(b"benchbook_lab_start\0").map_err(text)?;
        start(token_text.as_ptr(), pipes.outcomes.as_raw_fd(), replies.into_raw_fd());
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        lab.get::<Allocator>(b"benchbook_lab_allocator\0").map_err(text)?(allocator::listen);
        let store = lab.get::<Store>(b"benchbook_lab_store\0").map_err(text)?;
        let run = *lab.get::<Run>(b"benchbook_lab_run\0").map_err(text)?;
        let forget = *lab.get::<Forget>(b"benchbook_lab_forget\0").map_err(text)?;
        let loaded = *lab.get::<Loaded>(b"benchbook_lab_cell_loaded\0").map_err(text)?;
        supervise(*lab.get::<Interrupt>(b"benchbook_lab_interrupt\0").map_err(text)?);
        let functions = Lab { store: store(), run, forget, loaded };
        std::mem::forget(lab);
        functions
    };
    serve_commands(pipes, &lab)
}

fn serve_commands(pipes: Pipes, lab: &Lab) -> Result<(), String> {
    let Pipes { commands, mut outcomes } = pipes;
    for line in BufReader::new(commands).lines() {
        let line = line.map_err(|error| format!("the command pipe broke: {error}"))?;
        match line.split_once(' ') {
            // A cell that cannot be loaded (a function that nobody has) takes nothing with it.
            Some(("run", path)) => {
                if let Err(reason) = run(path, lab) {
                    let line = serde_json::json!({"not_loaded": reason});
                    writeln!(outcomes, "{line}").map_err(|error| format!("the kernel is gone: {error}"))?;
                }
            }
            Some(("forget", names)) => {
                let names = CString::new(names).map_err(|error| error.to_string())?;
                // SAFETY: the store is the one `lab` made.
                unsafe { (lab.forget)(lab.store, names.as_ptr()) };
            }
            _ => return Err(format!("unknown command `{line}`")),
        }
    }
    Ok(())
}

fn run(path: &str, lab: &Lab) -> Result<(), String> {
    // SAFETY: the library was compiled by the kernel from the cell.
    let cell = unsafe { Library::open(Some(path), RTLD_NOW) }
        .map_err(|error| format!("the compiled cell cannot be loaded: {}", reason(&error)))?;
    // SAFETY: only the address is taken.
    let entry = unsafe { cell.get::<*const c_void>(benchbook::cells::ENTRY.as_bytes()) }
        .map_err(|error| format!("the compiled cell has no entry point: {error}"))?
        .into_raw();
    (lab.loaded)(entry);
    // Values of the cell's types live on in later cells, so its code is never unloaded.
    std::mem::forget(cell);
    // SAFETY: store and entry point belong to `lab`, which this cell was compiled against.
    unsafe { (lab.run)(lab.store, entry) };
    Ok(())
}

/// Interrupts the cell when the kernel says so, and ends this process when the kernel has ended: its end of the socket
/// closes then, whatever way it ended. (A parent-death signal would not do: it fires when the *thread* that started the
/// worker ends.)
fn supervise(interrupt: Interrupt) {
    let _ = std::thread::Builder::new().name("benchbook-supervisor".into()).spawn(move || {
        let Ok(socket) = std::env::var("BENCHBOOK_WORKER_SOCKET") else { return };
        if let Ok(stream) = connect(Path::new(&socket), "supervisor") {
            for line in BufReader::new(stream).lines() {
                match line.as_deref() {
                    Ok("interrupt") => {
                        interrupt(INTERRUPT_MS);
                    }
                    Ok(_) => {}
                    Err(_) => break,
                }
            }
            // SAFETY: ends this process, which leads a group of its own, and what its cells have started; no destructor of
            // code that may be in the middle of anything runs.
            unsafe {
                libc::kill(0, libc::SIGKILL);
                libc::_exit(0)
            };
        }
    });
}
