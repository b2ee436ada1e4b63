//! What a magic sees of the kernel.
//!
//! Magics know no socket, no evcxr type and no engine: they ask a [`Host`]. The kernel implements it
//! on real workers; unit tests use a recording host and run in milliseconds.

use std::path::Path;

use crate::bundle::Bundle;
use crate::error::MagicError;
use crate::sql_wire::{CompareRequest, Comparison, EngineControl, EngineState, SqlFailure, SqlReply, SqlRequest};

/// Which of the two text streams a line belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
}

/// A live Rust variable of the notebook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    pub name: String,
    /// The type as Rust source, for example `DataFrame` or `Vec<i64>`.
    pub type_name: String,
}

/// What code in a worker told its magic while it ran: `lab::measure` in Rust, `benchbook_events` in Python.
///
/// Measuring code sends `"sample"`, `"progress"` and `"result"`; `data` is the event's JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub kind: String,
    pub data: serde_json::Value,
}

/// How a Rust evaluation went, apart from what it displayed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RustOutcome {
    /// Seconds spent compiling; 0 when nothing was compiled.
    pub compile_s: f64,
    /// Seconds spent running.
    pub run_s: f64,
}

/// A line of a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceLine {
    /// How the cell is called: `cell [3]`.
    pub cell: String,
    /// 1-based.
    pub line: usize,
    /// The whole cell.
    pub source: String,
}

/// What the compiler makes of a cell, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assembly {
    pub text: String,
    /// The generated file of which `.loc` lines tell lines.
    pub file: String,
}

/// What became of variables that were made again.
#[derive(Debug, Clone, Default)]
pub struct Restored {
    /// Cells that ran again.
    pub cells: usize,
    /// The cell that failed, and why; none after it ran.
    pub failed: Option<(String, MagicError)>,
}

/// The kernel, as a magic sees it. All calls block; all of them return early when the user interrupts.
pub trait Host {
    /// Runs Rust code as if it were the body of a plain cell: prints, displays and the value of the last
    /// expression appear live; `let` bindings and items persist.
    ///
    /// # Errors
    /// Compile errors, panics, a failing `?`, an interrupt or a dead worker.
    fn eval_rust(&mut self, code: &str) -> Result<RustOutcome, MagicError>;

    /// Like [`Host::eval_rust`], but frames sent by `lab::measure` and `lab::tables` go to `on_event` while the code runs.
    ///
    /// # Errors
    /// As for [`Host::eval_rust`].
    fn ask_rust(&mut self, code: &str, on_event: &mut dyn FnMut(Event)) -> Result<RustOutcome, MagicError>;

    /// As [`Host::ask_rust`], once nothing else of the kernel uses the processor.
    ///
    /// # Errors
    /// As for [`Host::eval_rust`].
    fn measure_rust(&mut self, code: &str, on_event: &mut dyn FnMut(Event)) -> Result<RustOutcome, MagicError> {
        self.ask_rust(code, on_event)
    }

    /// Like [`Host::measure_rust`], of code that is compiled with a table of lines, so that a profiler can name the lines of
    /// cells and inlined functions. The optimisation is the same.
    ///
    /// # Errors
    /// As for [`Host::measure_rust`].
    fn profile_rust(&mut self, code: &str, on_event: &mut dyn FnMut(Event)) -> Result<RustOutcome, MagicError> {
        self.measure_rust(code, on_event)
    }

    /// Where a line of a generated file came from, as profiles name it; none for lines of the kernel's own.
    fn source_line(&mut self, _file: &str, _line: usize) -> Option<SourceLine> {
        None
    }

    /// The assembly of code that is not run.
    ///
    /// # Errors
    /// Compile errors.
    fn assembly(&mut self, _code: &str) -> Result<Assembly, MagicError> {
        Err(MagicError::new("MeasureError", "this host has no compiler that shows its assembly"))
    }

    /// Runs the cells again, silently and in a fresh worker, that have made or changed variables.
    ///
    /// # Errors
    /// No Rust worker can be started.
    fn restore(&mut self) -> Result<Restored, MagicError>;

    /// Live Rust variables, sorted by name.
    fn variables(&mut self) -> Vec<Variable>;

    /// Sends one request to the engine worker and waits; `on_progress` receives a fraction in 0..=1.
    fn sql(&mut self, request: &SqlRequest, on_progress: &mut dyn FnMut(f64)) -> Result<SqlReply, MagicError>;

    /// Like [`Host::sql`] for one engine of several: what goes wrong with this engine is an `Ok(Err(…))`, with class
    /// `Out of Memory Error` or `Worker Died` when the worker was killed, so that the others still run. It is what measures, and
    /// waits until the kernel's own analyzer is still.
    ///
    /// # Errors
    /// An interrupt, or no worker at all.
    fn try_sql(&mut self, request: &SqlRequest, on_progress: &mut dyn FnMut(f64)) -> Result<Result<SqlReply, SqlFailure>, MagicError>;

    /// Compares stored results with the first of them: one answer for each other file.
    ///
    /// # Errors
    /// A file that cannot be read, an interrupt, a dead worker.
    fn compare(&mut self, request: &CompareRequest) -> Result<Vec<Comparison>, MagicError>;

    /// Starts, stops or describes an engine; with an empty name: describes all. `on_doing` hears what it is doing.
    ///
    /// # Errors
    /// An engine that does not start, an interrupt, a dead worker.
    fn engine(&mut self, request: &EngineControl, on_doing: &mut dyn FnMut(&str)) -> Result<Vec<EngineState>, MagicError>;

    /// Runs Python code in the interpreter that `env` names (a folder of a virtual environment or a program), or in the
    /// installed one; its variables persist.
    ///
    /// # Errors
    /// Python's own error, an interpreter that is not there or has no ipykernel, a dead worker.
    fn python(&mut self, code: &str, env: Option<&str>) -> Result<(), MagicError>;

    /// Runs Python code of ours beside the user's: same interpreter, same variables, but it leaves no trace in the history
    /// and its value is not shown. Prints and displays of the code appear live.
    ///
    /// What it sends with `__import__("benchbook_events").event(kind, data)` goes to `on_event` while it runs; that module
    /// also makes modules from their text ([`crate::python_code::call`]).
    ///
    /// # Errors
    /// As for [`Host::python`].
    fn ask_python(&mut self, code: &str, env: Option<&str>, on_event: &mut dyn FnMut(Event)) -> Result<(), MagicError>;

    /// As [`Host::ask_python`], once nothing else of the kernel uses the processor.
    ///
    /// # Errors
    /// As for [`Host::python`].
    fn measure_python(&mut self, code: &str, env: Option<&str>, on_event: &mut dyn FnMut(Event)) -> Result<(), MagicError> {
        self.ask_python(code, env, on_event)
    }

    /// Whether the installed Python runs and has nothing to do, so that a question costs milliseconds and no start.
    fn python_is_idle(&self) -> bool {
        false
    }

    /// Runs a script with bash, output live.
    ///
    /// # Errors
    /// An exit code other than 0, a signal, an interrupt.
    fn bash(&mut self, script: &str) -> Result<(), MagicError>;

    /// The session's private directory in shared memory (mode 0700): the data plane.
    fn session_dir(&self) -> &Path;

    /// Runs this kernel's own executable with `args` (for example `["data", "tpch", "--sf", "0.1"]`), calling
    /// `on_line` for each line of its standard output. Killed on interrupt.
    fn run_self(&mut self, args: &[&str], on_line: &mut dyn FnMut(&str)) -> Result<(), MagicError>;

    /// Shows a bundle below the cell.
    fn display(&mut self, bundle: &Bundle);
    /// Shows a bundle as the value of the cell.
    fn result(&mut self, bundle: &Bundle) {
        self.display(bundle);
    }
    /// Shows a bundle that `update_display` can replace later; `id` is unique within the kernel.
    fn display_with_id(&mut self, id: &str, bundle: &Bundle);
    /// Replaces every display with this id.
    fn update_display(&mut self, id: &str, bundle: &Bundle);
    /// A new display id.
    fn new_display_id(&mut self) -> String;
    /// Writes to a stream of the cell.
    fn stream(&mut self, stream: Stream, text: &str);
    /// Says, live, what the cell is doing now (shown only once the cell has taken over a second).
    fn status(&mut self, doing: &str);
    /// Asks the person for a line of text.
    ///
    /// # Errors
    /// When the frontend does not allow input, or on interrupt.
    fn input(&mut self, prompt: &str, password: bool) -> Result<String, MagicError>;
    /// Whether the user has interrupted this cell.
    fn is_cancelled(&self) -> bool;
}
