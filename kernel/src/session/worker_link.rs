//! The kernel's ends of the Rust worker's sockets.
//!
//! The worker connects to one private socket, several times, and says what for: `stdout`, `stderr`, `replies` or
//! `supervisor`. One thread per connection forwards what arrives to the cell that runs.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use magics::host::Stream;
use parking_lot::{Condvar, Mutex};
use serde_json::Value;

use super::framing::{Piece, Splitter};

/// Who receives what a cell puts out.
pub trait Sink: Send + Sync {
    fn text(&self, stream: Stream, text: &str);
    fn frame(&self, frame: Value);
}

/// How far a stream of the present worker is.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    /// The worker has not connected yet.
    #[default]
    Expected,
    Open,
    Closed,
}

#[derive(Default)]
struct State {
    sink: Option<Arc<dyn Sink>>,
    /// Cells ended per stream: `end` frames seen since the worker connected.
    ended: [u64; 2],
    stage: [Stage; 2],
    /// Process that holds the other end of each stream; a new worker may connect before the old one's streams are read.
    owner: [Option<i32>; 2],
    /// The worker is inside a cell's code.
    running: bool,
    replies: Option<UnixStream>,
    /// The worker's thread that interrupts its cell.
    supervisor: Option<UnixStream>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    token: String,
}

/// The listening end; lives as long as the session.
pub struct WorkerLink {
    shared: Arc<Shared>,
    path: PathBuf,
}

fn index(stream: Stream) -> usize {
    match stream {
        Stream::Stdout => 0,
        Stream::Stderr => 1,
    }
}

impl WorkerLink {
    /// Listens in the session's directory.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub fn listen(directory: &Path) -> std::io::Result<Self> {
        let path = directory.join("worker.sock");
        let listener = UnixListener::bind(&path)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        let token = uuid::Uuid::new_v4().simple().to_string();
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new(), token });
        let for_thread = Arc::clone(&shared);
        std::thread::Builder::new().name("worker-accept".into()).spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                let shared = Arc::clone(&for_thread);
                let _ = std::thread::Builder::new().name("worker-stream".into()).spawn(move || serve(&shared, stream));
            }
        })?;
        Ok(Self { shared, path })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn token(&self) -> &str {
        &self.shared.token
    }

    /// From now on output belongs to this sink.
    pub fn set_sink(&self, sink: Option<Arc<dyn Sink>>) {
        self.shared.state.lock().sink = sink;
    }

    /// How many cells the present worker has ended on its standard output.
    pub fn ended(&self) -> u64 {
        self.shared.state.lock().ended[0]
    }

    /// Waits until both streams have delivered everything up to the end of cell number `cells`, or are closed.
    pub fn wait_for_end(&self, cells: u64, at_most: Duration) {
        let deadline = Instant::now() + at_most;
        let mut state = self.shared.state.lock();
        while (0..2).any(|stream| state.stage[stream] != Stage::Closed && state.ended[stream] < cells) {
            if self.shared.changed.wait_until(&mut state, deadline).timed_out() {
                return;
            }
        }
    }

    /// The worker that is connected now.
    pub fn worker(&self) -> Option<i32> {
        self.shared.state.lock().owner[0]
    }

    /// Waits until both streams of `worker` are closed: it has died and everything it wrote was read.
    pub fn wait_for_close(&self, worker: Option<i32>, at_most: Duration) {
        let deadline = Instant::now() + at_most;
        let mut state = self.shared.state.lock();
        while (0..2).any(|stream| state.stage[stream] == Stage::Open && state.owner[stream] == worker) {
            if self.shared.changed.wait_until(&mut state, deadline).timed_out() {
                return;
            }
        }
    }

    /// A new worker is about to be started: from here on only what that one says of its cells counts.
    pub fn expect_worker(&self) {
        let mut state = self.shared.state.lock();
        state.stage = [Stage::Expected; 2];
        state.owner = [None; 2];
        state.ended = [0; 2];
        state.running = false;
        state.supervisor = None;
    }

    /// Answers the worker's input request.
    pub fn reply(&self, answer: &Value) {
        if let Some(stream) = &mut self.shared.state.lock().replies {
            let _ = writeln!(stream, "{answer}");
        }
    }

    /// Asks the worker to stop its cell. Returns whether it could be asked.
    pub fn interrupt(&self) -> bool {
        self.shared.state.lock().supervisor.as_mut().is_some_and(|stream| writeln!(stream, "interrupt").is_ok())
    }

    /// Whether the worker is inside a cell's code.
    pub fn is_running(&self) -> bool {
        self.shared.state.lock().running
    }
}

impl Drop for WorkerLink {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

fn serve(shared: &Shared, stream: UnixStream) {
    let Ok(writer) = stream.try_clone() else { return };
    let mut reader = BufReader::with_capacity(1 << 16, stream);
    let mut hello = String::new();
    // The greeting is one short line; anything else is not ours.
    if reader.by_ref().take(64).read_line(&mut hello).is_err() {
        return;
    }
    let mut words = hello.split_whitespace();
    let (role, pid) = (words.next().unwrap_or_default(), words.next().and_then(|pid| pid.parse::<i32>().ok()));
    match role {
        "stdout" => pump(shared, Stream::Stdout, pid, reader),
        "stderr" => pump(shared, Stream::Stderr, pid, reader),
        "replies" => shared.state.lock().replies = Some(writer),
        "supervisor" => {
            shared.state.lock().supervisor = Some(writer);
            // Held open: the worker ends when this end closes.
            let mut rest = Vec::new();
            let _ = reader.read_to_end(&mut rest);
        }
        _ => tracing::warn!("an unknown peer connected to the worker socket"),
    }
}

fn pump(shared: &Shared, stream: Stream, worker: Option<i32>, mut reader: BufReader<UnixStream>) {
    {
        let mut state = shared.state.lock();
        state.owner[index(stream)] = worker;
        state.stage[index(stream)] = Stage::Open;
        state.ended[index(stream)] = 0;
    }
    let mut splitter = Splitter::new(&shared.token);
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(count) => count,
        };
        for piece in splitter.push(&buffer[..count]) {
            deliver(shared, stream, worker, piece);
        }
    }
    if let Some(piece) = splitter.finish() {
        deliver(shared, stream, worker, piece);
    }
    let mut state = shared.state.lock();
    if state.owner[index(stream)] == worker {
        state.stage[index(stream)] = Stage::Closed;
        state.running = false;
    }
    shared.changed.notify_all();
}

fn deliver(shared: &Shared, stream: Stream, worker: Option<i32>, piece: Piece) {
    let sink = shared.state.lock().sink.clone();
    match piece {
        Piece::Frame(frame) if frame["t"] == "end" => {
            let mut state = shared.state.lock();
            if state.owner[index(stream)] == worker {
                state.ended[index(stream)] += 1;
                state.running = false;
            }
            shared.changed.notify_all();
        }
        Piece::Frame(frame) => {
            if frame["t"] == "begin" {
                let mut state = shared.state.lock();
                state.running |= state.owner[index(stream)] == worker;
            }
            if let Some(sink) = sink {
                sink.frame(frame);
            }
        }
        Piece::Text(text) => {
            if let Some(sink) = sink {
                sink.text(stream, &text);
            }
        }
    }
}
