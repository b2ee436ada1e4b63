//! evcxr's analyzer beside the session: completion, Shift-Tab, and the types that the compiler's own names do not give.
//!
//! Cells are not compiled by evcxr, so its context only follows: what a cell has defined is handed to it afterwards, and
//! when evcxr compiles and runs it, that is an empty gesture (`benchbook::shim`). It works on a thread of its own, is
//! loaded while nothing else happens, and so never stands between Shift+Enter and an answer.

use std::collections::VecDeque;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use evcxr::{CommandContext, Completions, EvalContext};
use parking_lot::Mutex;

/// What every notebook starts with.
pub const PRELUDE: &str = "use lab::prelude::*;";
/// How long nothing must have happened before the analyzer uses the processor.
const QUIET: Duration = Duration::from_millis(400);
/// How long a question waits for its answer: the first one may have to load the analyzer on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long measuring waits for the analyzer to be still, and how often it looks.
const HOLD: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(50);
/// Parsing and analysis are recursive.
const STACK: usize = 64 << 20;

enum Message {
    /// A cell has run.
    Follow(String),
    Complete(String, usize, Sender<Option<Completions>>),
    Hover(String, usize, Sender<Option<(String, String)>>),
    Type(String, Sender<Option<String>>),
}

/// The analyzer's thread.
pub struct Analyzer {
    messages: Sender<Message>,
    /// Held while the analyzer works on its own account; measuring holds it to keep the machine quiet.
    quiet: Arc<Mutex<()>>,
}

impl Analyzer {
    /// Starts the thread; `worker` is the program that stands in for evcxr's.
    pub fn start(worker: Box<dyn Fn() -> Command + Send>) -> Self {
        let (messages, receiver) = crossbeam_channel::unbounded();
        let quiet = Arc::new(Mutex::new(()));
        let held = Arc::clone(&quiet);
        let thread = std::thread::Builder::new().name("analyzer".into()).stack_size(STACK);
        let _ = thread.spawn(move || {
            Follower { context: None, pending: VecDeque::from([PRELUDE.to_owned()]), known: Vec::new(), worker }.serve(&receiver, &held)
        });
        Self { messages, quiet }
    }

    /// A cell has run: the analyzer will know what it has defined.
    pub fn follow(&self, source: &str) {
        let _ = self.messages.send(Message::Follow(source.to_owned()));
    }

    fn ask<T>(&self, message: impl FnOnce(Sender<Option<T>>) -> Message) -> Option<T> {
        let (sender, receiver) = crossbeam_channel::bounded(1);
        self.messages.send(message(sender)).ok()?;
        receiver.recv_timeout(PATIENCE).ok()?
    }

    /// Completions at a byte position.
    pub fn completions(&self, code: &str, position: usize) -> Option<Completions> {
        self.ask(|answer| Message::Complete(code.to_owned(), position, answer))
    }

    /// Documentation of what stands before the position: plain text and HTML.
    pub fn hover(&self, code: &str, position: usize) -> Option<(String, String)> {
        self.ask(|answer| Message::Hover(code.to_owned(), position, answer))
    }

    /// The type of a variable as Rust.
    pub fn type_of(&self, variable: &str) -> Option<String> {
        self.ask(|answer| Message::Type(variable.to_owned(), answer))
    }

    /// Keeps the analyzer from working on its own account until the guard is dropped, and waits until it has stopped, at
    /// most until `cancelled`.
    pub fn hold(&self, cancelled: &dyn Fn() -> bool) -> Option<parking_lot::MutexGuard<'_, ()>> {
        let began = Instant::now();
        loop {
            let held = self.quiet.try_lock_for(LOOK);
            if held.is_some() || cancelled() || began.elapsed() > HOLD {
                return held;
            }
        }
    }
}

struct Follower {
    context: Option<CommandContext>,
    /// Cells that the context has not seen.
    pending: VecDeque<String>,
    /// Cells that it has seen, for starting anew.
    known: Vec<String>,
    worker: Box<dyn Fn() -> Command + Send>,
}

impl Follower {
    fn serve(mut self, messages: &Receiver<Message>, quiet: &Mutex<()>) {
        let mut last = Instant::now();
        loop {
            let message = if self.pending.is_empty() && self.context.is_some() {
                match messages.recv() {
                    Ok(message) => message,
                    Err(_) => return,
                }
            } else {
                match messages.recv_timeout(QUIET.saturating_sub(last.elapsed())) {
                    Ok(message) => message,
                    Err(RecvTimeoutError::Disconnected) => return,
                    Err(RecvTimeoutError::Timeout) => {
                        match quiet.try_lock() {
                            Some(_held) => {
                                self.step();
                            }
                            None => last = Instant::now(),
                        }
                        continue;
                    }
                }
            };
            last = Instant::now();
            match message {
                Message::Follow(source) => self.pending.push_back(source),
                Message::Complete(code, position, answer) => {
                    self.catch_up();
                    let _ = answer.send(self.guarded(|context| context.completions(&code, position).ok()).flatten());
                }
                Message::Hover(code, position, answer) => {
                    self.catch_up();
                    let found = self.guarded(|context| context.hover_at(&code, position).ok()).flatten();
                    let _ = answer.send(found.filter(|(text, _)| !text.contains("No documentation found") && !text.trim().is_empty()));
                }
                Message::Type(variable, answer) => {
                    self.catch_up();
                    let found = self.guarded(|context| {
                        let found = context.variables_and_types().find(|(name, _)| *name == variable);
                        found.map(|(_, type_name)| type_name.to_owned())
                    });
                    let _ = answer.send(found.flatten());
                }
            }
        }
    }

    fn catch_up(&mut self) {
        while self.context.is_none() || !self.pending.is_empty() {
            if !self.step() {
                return;
            }
        }
    }

    /// Loads the analyzer, or shows it one cell. Returns whether there is a context afterwards.
    fn step(&mut self) -> bool {
        if self.context.is_none() {
            match EvalContext::with_subprocess_command((self.worker)()) {
                Ok((context, outputs)) => {
                    // Nothing is printed there; the channels must not fill.
                    drop(outputs);
                    self.context = Some(CommandContext::with_eval_context(context));
                }
                Err(error) => {
                    tracing::warn!("the analyzer cannot start: {error:?}");
                    self.pending.clear();
                    return false;
                }
            }
        }
        let loaded = self.known.is_empty();
        if let Some(source) = self.pending.pop_front() {
            self.guarded(|context| {
                // What evcxr cannot follow (a closure in a variable) it need not know.
                let _ = context.execute(&source);
            });
            self.known.push(source);
        }
        if loaded {
            give_memory_back();
        }
        true
    }

    /// A panic inside the analyzer costs the context, which is made anew.
    fn guarded<T>(&mut self, ask: impl FnOnce(&mut CommandContext) -> T) -> Option<T> {
        let context = self.context.as_mut()?;
        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| ask(context))) {
            Ok(answer) => Some(answer),
            Err(_) => {
                tracing::warn!("the analyzer failed and is started again");
                self.context = None;
                // All but the last cell, which may be what it failed on.
                self.known.truncate(self.known.len().saturating_sub(1));
                for source in self.known.drain(..).rev() {
                    self.pending.push_front(source);
                }
                None
            }
        }
    }
}

/// Loading needs much memory for a moment, which the allocator would keep.
fn give_memory_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the C library's own function; it may be called at any time from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}
