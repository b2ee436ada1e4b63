//! Runs one piece of Rust for a cell and turns what goes wrong into the cell's error.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use magics::bundle::Bundle;
use magics::error::MagicError;
use magics::host::{Assembly, Event, Restored, RustOutcome, SourceLine, Stream};

use crate::cells::origin::{Line, Origin};
use crate::engine::CellIo;

use super::capture::{Capture, Failure, Target};
use super::diagnostics::{self, Generated};
use super::rust::{Failed, Ran, RustSession};
use super::shared::Shared;
use super::status::Status;

/// Cells need stack for deep recursion of the parser.
const STACK: usize = 64 << 20;

/// What is known of the cell that runs.
pub struct CellContext {
    /// The whole cell as written.
    pub code: String,
    pub count: usize,
    pub io: Arc<dyn CellIo>,
    pub status: Status,
}

impl CellContext {
    fn origin(&self, source: &str) -> Arc<Origin> {
        Arc::new(Origin { count: self.count, cell: self.code.clone(), source: source.to_owned() })
    }
}

/// What later cells need to know of earlier ones.
#[derive(Default)]
pub struct Past {
    warned: HashSet<String>,
}

fn not_running() -> MagicError {
    MagicError::new("StartError", "the Rust session is not running")
}

/// Marks Rust as running, for interrupts, while it lives.
pub struct Runs<'a>(&'a Shared);

impl<'a> Runs<'a> {
    pub fn now(shared: &'a Shared) -> Self {
        shared.rust_runs.store(true, Ordering::SeqCst);
        Self(shared)
    }
}

impl Drop for Runs<'_> {
    fn drop(&mut self) {
        self.0.rust_runs.store(false, Ordering::SeqCst);
    }
}

/// Runs `source`; events of measuring code go to `on_event` on this thread, while the code runs.
///
/// # Errors
/// Compile errors, panics, failing `?`, a dead worker, an interrupt.
pub fn run(
    shared: &Shared,
    past: &mut Past,
    cell: &CellContext,
    source: &str,
    on_event: &mut dyn FnMut(Event),
) -> Result<RustOutcome, MagicError> {
    let mut guard = shared.rust.lock();
    let rust = guard.as_mut().ok_or_else(not_running)?;
    if let Some((how, lost)) = rust.revive()? {
        cell.status.before_output();
        cell.io.stream(Stream::Stderr, &format!("The Rust worker had ended since the last cell: {how}.\n{}\n", what_was_lost(&lost)));
    }
    let (sender, receiver) = crossbeam_channel::unbounded();
    let capture = Arc::new(Capture::new(Target::Cell(Arc::clone(&cell.io), cell.status.clone()), &shared.link, Some(sender)));
    let origin = cell.origin(source);
    let runs = Runs::now(shared);
    let outcome = std::thread::scope(|scope| {
        let evaluation = std::thread::Builder::new().name("rust-cell".into()).stack_size(STACK).spawn_scoped(scope, || {
            let outcome = rust.eval(&origin, &capture, &|doing| cell.status.doing(doing));
            shared.link.set_sink(None);
            // Ends the loop below: this was the last sender.
            drop(capture);
            outcome
        });
        let evaluation = evaluation.map_err(|error| Failed::Message(format!("no thread could be started: {error}")))?;
        for event in receiver {
            on_event(event);
        }
        evaluation.join().unwrap_or_else(|_| {
            Err(Failed::Message("the kernel failed on this cell; the session goes on\nplease report the cell that caused it".to_owned()))
        })
    });
    drop(runs);
    match outcome {
        Ok(ran) => {
            show_notes(&ran, past, cell, &origin);
            Ok(ran.times)
        }
        Err(failed) => {
            if let Failed::Compile { errors, .. } = &failed {
                shared.last_errors.lock().clone_from(errors);
            }
            Err(explain(failed, rust, cell.io.is_cancelled()))
        }
    }
}

/// As [`run`], of a library that tells a profiler its lines.
///
/// # Errors
/// As [`run`].
pub fn profiled(
    shared: &Shared,
    past: &mut Past,
    cell: &CellContext,
    source: &str,
    on_event: &mut dyn FnMut(Event),
) -> Result<RustOutcome, MagicError> {
    let with_lines = |on: bool| {
        if let Some(rust) = shared.rust.lock().as_mut() {
            rust.set_line_tables(on);
        }
    };
    with_lines(true);
    let outcome = run(shared, past, cell, source, on_event);
    with_lines(false);
    outcome
}

/// The assembly of code that is not run, with the line of each instruction.
///
/// # Errors
/// Compile errors.
pub fn assembly(shared: &Shared, cell: &CellContext, source: &str) -> Result<Assembly, MagicError> {
    let mut guard = shared.rust.lock();
    let rust = guard.as_mut().ok_or_else(not_running)?;
    let runs = Runs::now(shared);
    rust.set_line_tables(true);
    let outcome = rust.assembly(&cell.origin(source));
    rust.set_line_tables(false);
    drop(runs);
    outcome.map(|(text, file)| Assembly { text, file }).map_err(|failed| explain(failed, rust, cell.io.is_cancelled()))
}

/// Where a line of a generated file came from.
pub fn source_line(shared: &Shared, file: &str, line: usize) -> Option<SourceLine> {
    let guard = shared.rust.lock();
    let Line::User { origin, line, .. } = guard.as_ref()?.place(file, line)? else { return None };
    let (line, _) = diagnostics::in_cell(&origin, line)?;
    Some(SourceLine { cell: origin.name(), line, source: origin.cell.clone() })
}

/// Evaluates an expression without showing anything; its value comes back.
///
/// # Errors
/// As [`run`].
pub fn silently(shared: &Shared, source: &str) -> Result<Bundle, MagicError> {
    let mut guard = shared.rust.lock();
    let rust = guard.as_mut().ok_or_else(not_running)?;
    rust.revive()?;
    let capture = Arc::new(Capture::new(Target::Silent, &shared.link, None));
    let runs = Runs::now(shared);
    let outcome = rust.eval(&Arc::new(Origin::of(0, source)), &capture, &|_| {});
    shared.link.set_sink(None);
    drop(runs);
    match outcome {
        Ok(_) => Ok(capture.take_result().unwrap_or_default()),
        Err(failed) => Err(explain(failed, rust, false)),
    }
}

/// Runs the cells that have made or changed variables again, silently and in order.
///
/// # Errors
/// A session that is not running.
pub fn restore(shared: &Shared, cell: &CellContext) -> Result<Restored, MagicError> {
    let mut guard = shared.rust.lock();
    let rust = guard.as_mut().ok_or_else(not_running)?;
    rust.revive()?;
    rust.restart()?;
    let log = rust.take_log();
    let mut restored = Restored { cells: 0, failed: None };
    let runs = Runs::now(shared);
    for origin in &log {
        if cell.io.is_cancelled() {
            restored.failed = Some((origin.name(), MagicError::interrupted()));
            break;
        }
        cell.status.doing(&format!("running {} again", origin.name()));
        let capture = Arc::new(Capture::new(Target::Silent, &shared.link, None));
        let outcome = rust.eval(origin, &capture, &|_| {});
        shared.link.set_sink(None);
        match outcome {
            Ok(_) => restored.cells += 1,
            Err(failed) => {
                let error = explain(failed, rust, cell.io.is_cancelled());
                restored.failed = Some((origin.name(), error));
                break;
            }
        }
    }
    drop(runs);
    Ok(restored)
}

fn what_was_lost(lost: &[String]) -> String {
    let (what, how) = match lost {
        [] => ("No variables were lost".to_owned(), ""),
        names => (format!("Lost: the variables {}", names.join(", ")), " `%restore` runs the cells again that made them."),
    };
    format!("{what}. Kept: functions, types, `use` lines, added crates, and the SQL tables.{how}")
}

fn died(how: &str, lost: &[String]) -> MagicError {
    MagicError::new("WorkerDied", format!("the Rust worker ended during this cell: {how}"))
        .hint(format!("{} The next cell runs in a fresh worker.", what_was_lost(lost)))
}

/// The error of a cell, for people.
pub fn explain(failed: Failed, rust: &RustSession, cancelled: bool) -> MagicError {
    match failed {
        Failed::Interrupted { changeable, given_up } => {
            let error = MagicError::new("Interrupted", "interrupted: the cell was stopped, and all variables are kept");
            let mut hints = Vec::new();
            if !changeable.is_empty() {
                hints.push(format!("{} may be half changed: the cell changes what it names", changeable.join(", ")));
            }
            if given_up {
                hints.push("the loop was left in its middle: a lock that it held stays locked".to_owned());
            }
            if hints.is_empty() { error } else { error.hint(hints.join("; ")) }
        }
        Failed::Died { lost, .. } if cancelled => {
            MagicError::new("Interrupted", "interrupted: the code could not be stopped, so its worker was ended")
                .hint(format!("{} The next cell runs in a fresh worker.", what_was_lost(&lost)))
        }
        Failed::Stopped if !cancelled => {
            MagicError::new("Error", "the compiler was ended by a signal: by hand, or by the system for want of memory")
                .hint("run the cell again")
        }
        Failed::Stopped => MagicError::new("Interrupted", "interrupted while compiling; nothing was lost"),
        Failed::Died { how, lost } => died(&how, &lost),
        Failed::Compile { errors, file, lines } => diagnostics::compile_error(&errors, &Generated { file: &file, lines: &lines }),
        Failed::Message(_) if cancelled => MagicError::new("Interrupted", "interrupted while compiling; nothing was lost"),
        Failed::Message(message) => {
            let (first, rest) = message.split_once('\n').map_or((message.as_str(), None), |(first, rest)| (first, Some(rest.to_owned())));
            let error = MagicError::new("Error", first);
            match rest {
                Some(rest) => error.hint(rest),
                None => error,
            }
        }
        // A question that nobody will answer ends with an error in the cell.
        Failed::Cell(_) if cancelled => MagicError::new("Interrupted", "interrupted: the cell was stopped, and all variables are kept"),
        Failed::Cell(failure) => failure_error(&failure, rust),
    }
}

/// Name of the cell, line and text of the line.
type Place = (String, usize, String);

fn place_of(failure: &Failure, rust: &RustSession) -> Option<Place> {
    let Line::User { origin, line, .. } = rust.place(failure.file.as_deref()?, failure.line?)? else { return None };
    let (found, _) = diagnostics::in_cell(&origin, line)?;
    Some((origin.name(), found, origin.cell.lines().nth(found - 1).unwrap_or_default().to_owned()))
}

fn failure_error(failure: &Failure, rust: &RustSession) -> MagicError {
    let name = if failure.panicked { "panic" } else { "Error" };
    let first = failure.message.lines().next().unwrap_or_default();
    let mut shown = vec![format!("\u{1b}[31;1m{name}\u{1b}[0m: {}", failure.message)];
    let mut message = first.to_owned();
    if let Some((cell_name, line, text)) = place_of(failure, rust) {
        message = format!("{first} ({cell_name}, line {line})");
        let width = line.to_string().len();
        shown.push(format!("{:width$}\u{1b}[34m-->\u{1b}[0m {cell_name}, line {line}", ""));
        shown.push(format!("\u{1b}[34m{line} |\u{1b}[0m {text}"));
    } else if let (Some(file), Some(line)) = (failure.file.as_ref().filter(|file| !file.starts_with("cell_")), failure.line) {
        let file = file.rsplit('/').take(3).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("/");
        shown.push(format!("  \u{1b}[34m-->\u{1b}[0m {file}:{line}, called from this cell"));
    }
    MagicError::new(name, message).traceback(shown.iter().flat_map(|text| text.lines().map(str::to_owned)).collect())
}

/// Shows each warning of the compiler, and of ours, once per notebook, quietly.
fn show_notes(ran: &Ran, past: &mut Past, cell: &CellContext, origin: &Arc<Origin>) {
    if !ran.lost.is_empty() {
        let text: String =
            ran.lost.iter().map(|name| format!("The type of the variable `{name}` was redefined, so its value was lost.\n")).collect();
        cell.status.before_output();
        cell.io.stream(Stream::Stderr, &text);
    }
    let generated = Generated { file: &ran.file, lines: &ran.lines };
    let mut lines: Vec<String> = Vec::new();
    let own = ran.unnameable.iter().map(|(name, type_name)| {
        format!("`{name}` ({type_name}) has a type without a name: only this cell can use it, unless it is kept as `Box<dyn …>`")
    });
    for line in ran.warnings.iter().filter_map(|diagnostic| diagnostics::warning(diagnostic, &generated, origin)).chain(own) {
        if past.warned.insert(line.clone()) && !lines.contains(&line) {
            lines.push(line);
        }
    }
    if lines.is_empty() {
        return;
    }
    cell.status.before_output();
    let text: Vec<String> = lines.iter().map(|line| format!("warning: {line}")).collect();
    let html: Vec<String> = lines.iter().map(|line| format!("warning: {}", magics::html::escape(line))).collect();
    let html = format!("<div style=\"opacity:.7;font-size:85%\">{}</div>", html.join("<br>"));
    cell.io.display(&Bundle::text(text.join("\n")).with("text/html", html), None);
}
