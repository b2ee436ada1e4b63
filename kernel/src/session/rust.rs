//! The Rust of a session: the evaluator, its worker's outputs, and how evaluations fail.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex as StdMutex};
use std::time::Duration;

use magics::error::MagicError;
use magics::host::{RustOutcome, Variable};

use super::analyzer::{Analyzer, PRELUDE};
use super::capture::{Capture, Failure};
use super::worker_link::WorkerLink;
use crate::cells::cache::Cache;
use crate::cells::compiler::Compiler;
use crate::cells::diagnostic::Diagnostic;
use crate::cells::evaluate::{Died, Done, Evaluator, Prepared, Refused, is_round};
use crate::cells::origin::{Line, Origin};
use crate::cells::worker::{INTERRUPTED, Process};
use crate::shim;

/// How long output may take to arrive after a cell has ended.
const DRAIN: Duration = Duration::from_secs(5);
/// How long the last words of a worker that has ended may take; a process that it left behind may hold its streams open.
const CLOSE: Duration = Duration::from_secs(1);
/// What asynchronous cells run on.
const TOKIO: &str = "tokio = { version = \"1.34.0\", features = [\"rt\", \"rt-multi-thread\"] }";

/// How an evaluation failed.
pub enum Failed {
    Compile {
        errors: Vec<Diagnostic>,
        file: String,
        lines: Arc<Vec<Line>>,
    },
    /// The compiler was stopped.
    Stopped,
    /// A panic or a failing `?`.
    Cell(Failure),
    /// An interrupt ended the cell; everything is kept, but these variables it could change.
    Interrupted {
        changeable: Vec<String>,
        /// A loop was left in its middle, without running destructors.
        given_up: bool,
    },
    /// The worker process ended; its variables are gone.
    Died {
        how: String,
        lost: Vec<String>,
    },
    Message(String),
}

/// What a cell did besides what it put out.
pub struct Ran {
    pub times: RustOutcome,
    pub warnings: Vec<Diagnostic>,
    pub file: String,
    pub lines: Arc<Vec<Line>>,
    /// Variables that went because their type was redefined.
    pub lost: Vec<String>,
    /// New variables that no later cell can use, with their types.
    pub unnameable: Vec<(String, String)>,
}

/// The process of the present worker.
pub type PresentProcess = Arc<StdMutex<Process>>;

/// The Rust of one notebook.
pub struct RustSession {
    evaluator: Evaluator,
    link: Arc<WorkerLink>,
    analyzer: Arc<Analyzer>,
    /// The dependency table of `:dep`.
    dependencies: toml::Table,
    handle: PresentProcess,
}

impl RustSession {
    /// Starts the worker.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(
        compiler: Compiler,
        worker: Box<dyn Fn() -> Command + Send>,
        link: Arc<WorkerLink>,
        analyzer: Arc<Analyzer>,
        folder: &Path,
        cache: Cache,
    ) -> Result<Self, MagicError> {
        let failed = |what: String| MagicError::new("StartError", what).hint("`cargo lab doctor` checks the installation");
        let types = Arc::clone(&analyzer);
        let evaluator = Evaluator::new(compiler, cache, folder, worker, Arc::new(move |name| types.type_of(name)))
            .map_err(|error| failed(format!("the Rust session could not start: {error:#}")))?;
        let handle = Arc::new(StdMutex::new(evaluator.handle()));
        let mut session = Self { evaluator, link, analyzer, dependencies: toml::Table::new(), handle };
        let prelude = Arc::new(Origin::of(0, PRELUDE));
        match session.evaluator.prepare(&prelude) {
            Ok(prepared) => {
                let _ = session.evaluator.run(prepared);
                Ok(session)
            }
            Err(Refused::Errors { errors, .. }) => {
                let said: Vec<String> = errors.into_iter().map(|error| error.message).collect();
                Err(failed(format!("the Rust session could not start: {}", said.join("\n"))))
            }
            Err(Refused::Stopped) => Err(failed("the Rust session could not start: the compiler was stopped".to_owned())),
            Err(Refused::Failed(what)) => Err(failed(format!("the Rust session could not start: {what}"))),
        }
    }

    /// The worker process, for interrupts; stays valid when it is restarted.
    pub fn handle(&self) -> PresentProcess {
        Arc::clone(&self.handle)
    }

    /// Live variables, sorted by name.
    pub fn variables(&self) -> Vec<Variable> {
        self.evaluator.variables().shown().map(|(name, type_name)| Variable { name: name.to_owned(), type_name }).collect()
    }

    /// Where a line of a generated file came from.
    pub fn place(&self, file: &str, line: usize) -> Option<Line> {
        self.evaluator.place(file, line)
    }

    /// The cells that have made or changed variables, in order; running them notes them anew.
    pub fn take_log(&mut self) -> Vec<Arc<Origin>> {
        self.evaluator.take_log()
    }

    /// If the worker has died since the last cell, starts a new one and says what was lost.
    ///
    /// # Errors
    /// When no worker can be started.
    pub fn revive(&mut self) -> Result<Option<(String, Vec<String>)>, MagicError> {
        let Some(ended) = self.evaluator.worker_ended() else { return Ok(None) };
        let lost = self.evaluator.variables().names();
        self.restart()?;
        Ok(Some((how_it_ended(ended), lost)))
    }

    /// Ends the worker and starts a new one: variables are gone, items and dependencies stay.
    ///
    /// # Errors
    /// When no worker can be started.
    pub fn restart(&mut self) -> Result<(), MagicError> {
        self.renew(Evaluator::restart)
    }

    /// Forgets variables and items; dependencies stay.
    ///
    /// # Errors
    /// When no worker can be started.
    pub fn clear(&mut self) -> Result<(), MagicError> {
        self.renew(Evaluator::clear)?;
        self.analyzer.follow(":clear");
        let prelude = Arc::new(Origin::of(0, PRELUDE));
        if let Ok(prepared) = self.evaluator.prepare(&prelude) {
            let _ = self.evaluator.run(prepared);
        }
        self.analyzer.follow(PRELUDE);
        Ok(())
    }

    fn renew(&mut self, how: impl FnOnce(&mut Evaluator) -> anyhow::Result<()>) -> Result<(), MagicError> {
        self.evaluator.kill();
        self.link.wait_for_close(self.link.worker(), CLOSE);
        self.link.expect_worker();
        how(&mut self.evaluator)
            .map_err(|error| MagicError::new("StartError", format!("{error:#}")).hint("`cargo lab doctor` checks the installation"))?;
        *self.handle.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = self.evaluator.handle();
        Ok(())
    }

    /// Adds a crate; `line` is a line of a `[dependencies]` table.
    ///
    /// # Errors
    /// A line that is none, a crate that cannot be had or built.
    pub fn add_dependency(&mut self, line: &str, doing: &(dyn Fn(&str) + Sync)) -> Result<(), Failed> {
        let table: toml::Table =
            line.parse().map_err(|error: toml::de::Error| Failed::Message(format!("`{line}` is no dependency: {}", error.message())))?;
        let mut dependencies = self.dependencies.clone();
        dependencies.extend(table);
        let built = shim::build_dependencies(&dependencies, &self.evaluator.compiler.lab, doing, &self.evaluator.compiler.running)
            .map_err(|error| Failed::Message(format!("{error:#}")))?;
        self.evaluator.compiler.built = built;
        self.dependencies = dependencies;
        self.analyzer.follow(&format!(":dep {line}"));
        Ok(())
    }

    /// The crates added with `:dep`, as a table.
    pub fn dependencies(&self) -> &toml::Table {
        &self.dependencies
    }

    /// Whether later cells tell a profiler their lines; their code is the same.
    pub fn set_line_tables(&mut self, on: bool) {
        self.evaluator.compiler.line_tables = on;
    }

    /// The assembly of code that is not run, and the name of the file that it says its lines are of.
    ///
    /// # Errors
    /// Compile errors.
    pub fn assembly(&mut self, origin: &Arc<Origin>) -> Result<(String, String), Failed> {
        self.evaluator.assembly(origin).map_err(refused)
    }

    /// Sets the optimisation level of later cells.
    pub fn set_opt_level(&mut self, level: &str) {
        level.clone_into(&mut self.evaluator.compiler.opt_level);
    }

    pub fn opt_level(&self) -> &str {
        &self.evaluator.compiler.opt_level
    }

    /// Runs code; its outputs go to `capture`.
    ///
    /// # Errors
    /// See [`Failed`].
    pub fn eval(&mut self, origin: &Arc<Origin>, capture: &Arc<Capture>, doing: &(dyn Fn(&str) + Sync)) -> Result<Ran, Failed> {
        if !self.dependencies.contains_key("tokio") && Evaluator::awaits(&origin.source) {
            self.add_dependency(TOKIO, doing)?;
        }
        doing("compiling");
        let prepared = self.evaluator.prepare(origin).map_err(refused)?;
        if capture.is_cancelled() {
            return Err(Failed::Stopped);
        }
        self.run(prepared, origin, capture)
    }

    fn run(&mut self, mut prepared: Prepared, origin: &Arc<Origin>, capture: &Arc<Capture>) -> Result<Ran, Failed> {
        let ended = self.link.ended();
        let mut ran = Ran {
            times: RustOutcome { compile_s: prepared.compile_s, run_s: 0.0 },
            warnings: std::mem::take(&mut prepared.warnings),
            file: prepared.file.clone(),
            lines: Arc::clone(&prepared.lines),
            lost: Vec::new(),
            unnameable: Vec::new(),
        };
        let changeable = prepared.changeable();
        self.link.set_sink(Some(Arc::clone(capture) as Arc<_>));
        let done: Done = match self.evaluator.run(prepared) {
            Ok(done) => done,
            Err(Died { status, lost }) => {
                let how = status.map_or_else(|| "it ended".to_owned(), how_it_ended);
                // The next cell finds a fresh worker.
                let restarted = self.restart();
                return Err(match restarted {
                    Ok(()) => Failed::Died { how, lost },
                    Err(error) => Failed::Message(format!("{how}; {}", error.message)),
                });
            }
        };
        if let Some(reason) = done.outcome.as_ref().and_then(|outcome| outcome.not_loaded.as_deref()) {
            return Err(Failed::Message(format!(
                "{reason}\nnothing was run; a native function needs `#[link(name = \"…\")]` on its `extern` block"
            )));
        }
        // What it has defined stays, however it ended.
        if !is_round(&origin.source) {
            self.analyzer.follow(&origin.source);
        }
        if let Some(outcome) = &done.outcome {
            self.link.wait_for_end(ended + 1, DRAIN);
            ran.times.run_s = outcome.run_s;
            if outcome.ended == INTERRUPTED {
                return Err(Failed::Interrupted { changeable, given_up: outcome.loops > 0 });
            }
        }
        if let Some(failure) = capture.take_failure() {
            return Err(Failed::Cell(failure));
        }
        ran.lost = done.lost;
        ran.unnameable = done.unnameable;
        Ok(ran)
    }
}

fn refused(refused: Refused) -> Failed {
    match refused {
        Refused::Errors { errors, file, lines } => Failed::Compile { errors, file, lines },
        Refused::Stopped => Failed::Stopped,
        Refused::Failed(message) => Failed::Message(message),
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
