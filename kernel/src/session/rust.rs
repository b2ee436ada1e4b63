//! The evcxr context: compiles and runs Rust, keeps track of its worker.

use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex as StdMutex};
use std::time::{Duration, Instant};

use evcxr::{CommandContext, Error, EvalContext, EvalOutputs};
use magics::error::MagicError;
use magics::host::{RustOutcome, Variable};

use super::capture::{Capture, Failure};
use super::worker_link::WorkerLink;

/// What every notebook starts with.
const PRELUDE: &str = "use lab::prelude::*;";
/// How long output may take to arrive after a cell has ended.
const DRAIN: Duration = Duration::from_secs(5);

/// How an evaluation failed.
pub enum Failed {
    Compile(Vec<evcxr::CompilationError>),
    /// A panic or a failing `?`.
    Cell(Failure),
    /// The worker process ended; its variables are gone.
    Died {
        how: String,
        lost: Vec<String>,
    },
    /// Anything else evcxr says.
    Message(String),
}

/// A live evcxr context.
pub struct RustSession {
    context: CommandContext,
    link: Arc<WorkerLink>,
    directory: PathBuf,
    handle: Arc<StdMutex<Child>>,
}

/// Text of evcxr's output channels is not the cell's: cells print to sockets of our own.
fn drain(outputs: evcxr::EvalContextOutputs) {
    let spawn = |name: &str, channel: crossbeam_channel::Receiver<String>| {
        let name = name.to_owned();
        let _ = std::thread::Builder::new().name(format!("evcxr-{name}")).spawn(move || {
            for line in channel {
                tracing::debug!(stream = name, "{line}");
            }
        });
    };
    spawn("stdout", outputs.stdout);
    spawn("stderr", outputs.stderr);
}

impl RustSession {
    /// Starts a context whose cells run in `worker`.
    ///
    /// # Errors
    /// When the first compilation fails: no compiler, no `lab`.
    pub fn start(worker: Command, link: Arc<WorkerLink>, directory: PathBuf) -> Result<Self, MagicError> {
        let failed = |error: Error| {
            MagicError::new("StartError", format!("the Rust session could not start: {}", text_of(&error)))
                .hint("`cargo lab doctor` checks the installation")
        };
        let (context, outputs) = EvalContext::with_subprocess_command(worker).map_err(failed)?;
        drain(outputs);
        let mut context = CommandContext::with_eval_context(context);
        context.execute(PRELUDE).map_err(failed)?;
        // evcxr has run a cell of its own, and the prelude is one: what they put out must not count for the first real one.
        link.wait_for_end(2, DRAIN);
        let handle = context.process_handle();
        Ok(Self { context, link, directory, handle })
    }

    /// The worker process, for interrupting; stays valid when it is restarted.
    pub fn handle(&self) -> Arc<StdMutex<Child>> {
        Arc::clone(&self.handle)
    }

    /// Live variables, sorted by name.
    pub fn variables(&self) -> Vec<Variable> {
        let mut variables: Vec<Variable> = self
            .context
            .variables_and_types()
            .map(|(name, type_name)| Variable { name: name.to_owned(), type_name: type_name.to_owned() })
            .collect();
        variables.sort_by(|a, b| a.name.cmp(&b.name));
        variables
    }

    fn names(&self) -> Vec<String> {
        self.variables().into_iter().map(|variable| variable.name).collect()
    }

    /// If the worker has died since the last cell, starts a new one and says what was lost.
    pub fn revive(&mut self) -> Option<(String, Vec<String>)> {
        let ended = self.handle.lock().ok().and_then(|mut child| child.try_wait().ok().flatten())?;
        let lost = self.names();
        self.link.wait_for_close(self.link.worker(), DRAIN);
        // evcxr notices the dead worker when it sends the next cell, and starts a new one.
        let _ = self.context.execute("()");
        self.link.expect_worker();
        Some((how_it_ended(ended), lost))
    }

    /// Ends the worker and starts a new one: variables are gone, items and dependencies stay.
    pub fn restart(&mut self) {
        if let Ok(mut child) = self.handle.lock() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = self.revive();
    }

    /// Runs code; its outputs go to `capture`.
    ///
    /// # Errors
    /// See [`Failed`].
    pub fn eval(&mut self, code: &str, capture: &Arc<Capture>) -> Result<RustOutcome, Failed> {
        let before = self.names();
        let ended = self.link.ended();
        let worker = self.link.worker();
        self.link.set_sink(Some(Arc::clone(capture) as Arc<_>));
        let begin = Instant::now();
        let outcome = self.context.execute(code);
        let wall = begin.elapsed();
        match outcome {
            Ok(outputs) => {
                self.link.wait_for_end(if ran(&outputs) { ended + 1 } else { ended }, DRAIN);
                match capture.take_failure() {
                    Some(failure) => Err(Failed::Cell(failure)),
                    None => Ok(times(&outputs, wall)),
                }
            }
            Err(Error::CompilationErrors(errors)) => Err(Failed::Compile(errors)),
            Err(Error::SubprocessTerminated(how)) => {
                self.link.wait_for_close(worker, DRAIN);
                self.link.expect_worker();
                Err(Failed::Died { how: signal_in(&how), lost: before })
            }
            Err(error) => Err(Failed::Message(text_of(&error))),
        }
    }

    /// Runs a `:command`.
    ///
    /// # Errors
    /// See [`Failed`].
    pub fn command(&mut self, command: &str, capture: &Arc<Capture>) -> Result<EvalOutputs, Failed> {
        self.link.set_sink(Some(Arc::clone(capture) as Arc<_>));
        self.context.execute(command).map_err(|error| match error {
            Error::CompilationErrors(errors) => {
                // A command's own failure comes as an error without the compiler's record.
                let own: Vec<String> = errors.iter().filter(|error| error.json.is_null()).map(evcxr::CompilationError::message).collect();
                if own.is_empty() { Failed::Compile(errors) } else { Failed::Message(own.join("\n")) }
            }
            error => Failed::Message(text_of(&error)),
        })
    }

    /// The source that was compiled last, with generated lines.
    pub fn last_source(&self) -> String {
        std::fs::read_to_string(self.directory.join("src/lib.rs")).unwrap_or_default()
    }

    /// Completions at a byte position of Rust code.
    pub fn completions(&mut self, code: &str, position: usize) -> Option<evcxr::Completions> {
        self.context.completions(code, position).ok()
    }

    /// Documentation of what stands before `position`: plain text and HTML.
    pub fn hover(&mut self, code: &str, position: usize) -> Option<(String, String)> {
        let (text, html) = self.context.hover_at(code, position).ok()?;
        (!text.contains("No documentation found") && !text.trim().is_empty()).then_some((text, html))
    }
}

fn ran(outputs: &EvalOutputs) -> bool {
    outputs.phases.iter().any(|phase| phase.name == "Final compile")
}

fn times(outputs: &EvalOutputs, wall: Duration) -> RustOutcome {
    let run: Duration = outputs.phases.iter().filter(|phase| phase.name == "Execution").map(|phase| phase.duration).sum();
    RustOutcome { compile_s: wall.saturating_sub(run).as_secs_f64(), run_s: run.as_secs_f64() }
}

fn text_of(error: &Error) -> String {
    match error {
        Error::CompilationErrors(errors) => errors.iter().map(evcxr::CompilationError::message).collect::<Vec<_>>().join("\n"),
        Error::SubprocessTerminated(text) | Error::Message(text) => text.clone(),
        Error::TypeRedefinedVariablesLost(names) => format!("the type of {} was redefined, so the value was lost", names.join(", ")),
    }
}

/// evcxr reports the exit status as text: `… status: signal: 9 (SIGKILL)`.
fn signal_in(text: &str) -> String {
    use std::os::unix::process::ExitStatusExt;
    let last = text.lines().last().unwrap_or_default();
    let number = |label: &str| {
        let rest = last.split(label).nth(1)?;
        rest.trim_start().chars().take_while(char::is_ascii_digit).collect::<String>().parse::<i32>().ok()
    };
    match (number("signal: "), number("exit status: ")) {
        (Some(signal), _) => how_it_ended(std::process::ExitStatus::from_raw(signal)),
        (None, Some(code)) => how_it_ended(std::process::ExitStatus::from_raw(code << 8)),
        (None, None) => last.to_owned(),
    }
}

/// An exit status in words.
pub fn how_it_ended(status: std::process::ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match status.signal() {
        Some(libc::SIGKILL) => "it was killed (signal 9: by hand, or by the system for want of memory)".to_owned(),
        Some(libc::SIGSEGV) => "it crashed (signal 11: a memory error or a stack overflow)".to_owned(),
        Some(libc::SIGABRT) => "it aborted (signal 6)".to_owned(),
        Some(signal) => format!("it was ended by signal {signal}"),
        None => format!("it exited with code {}", status.code().unwrap_or_default()),
    }
}
