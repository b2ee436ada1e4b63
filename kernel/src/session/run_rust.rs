//! Runs one piece of Rust for a cell and turns what goes wrong into the cell's error.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use magics::bundle::Bundle;
use magics::error::MagicError;
use magics::host::{Event, RustOutcome, Stream};

use crate::engine::CellIo;

use super::capture::{Capture, Failure, Target};
use super::diagnostics::{self, Origin};
use super::locate;
use super::rust::Failed;
use super::shared::Shared;
use super::status::Status;

/// Cells need stack for deep recursion of the parser and of the analyzer.
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
    pub fn name(&self) -> String {
        format!("cell [{}]", self.count)
    }
}

/// Cells that ran before, to find where a panic of an older function is.
#[derive(Default)]
pub struct Past {
    pub cells: Vec<(usize, String)>,
    pub warned: HashSet<String>,
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
    let Some(rust) = guard.as_mut() else { return Err(MagicError::new("StartError", "the Rust session is not running")) };
    if let Some((how, lost)) = rust.revive() {
        cell.status.before_output();
        cell.io.stream(Stream::Stderr, &format!("The Rust worker had ended since the last cell: {how}.\n{}\n", what_was_lost(&lost)));
    }
    let (sender, receiver) = crossbeam_channel::unbounded();
    let capture = Arc::new(Capture::new(Target::Cell(Arc::clone(&cell.io), cell.status.clone()), &shared.link, Some(sender)));
    cell.status.doing("compiling");
    shared.rust_runs.store(true, Ordering::SeqCst);
    let outcome = std::thread::scope(|scope| {
        let evaluation = std::thread::Builder::new().name("rust-cell".into()).stack_size(STACK).spawn_scoped(scope, || {
            let outcome = rust.eval(source, &capture);
            shared.link.set_sink(None);
            // Ends the loop below: this was the last sender.
            (outcome, capture.take_warnings(), drop(capture))
        });
        let evaluation = match evaluation {
            Ok(evaluation) => evaluation,
            Err(error) => return Err(MagicError::new("StartError", format!("no thread could be started: {error}"))),
        };
        for event in receiver {
            on_event(event);
        }
        let (outcome, warnings, ()) = evaluation.join().map_err(|_| {
            MagicError::new("InternalError", "evcxr failed on this cell; the session goes on").hint("please report the cell that caused it")
        })?;
        Ok((outcome, warnings))
    });
    shared.rust_runs.store(false, Ordering::SeqCst);
    let (outcome, warnings) = outcome?;
    let generated = rust.last_source();
    let outcome = outcome.map_err(|failed| explain(failed, past, cell, source, &generated));
    if outcome.is_ok() {
        show_warnings(&warnings, past, cell, source, &generated);
    }
    outcome
}

/// Evaluates an expression without showing anything; its value comes back.
///
/// # Errors
/// As [`run`].
pub fn silently(shared: &Shared, source: &str) -> Result<Bundle, MagicError> {
    let mut guard = shared.rust.lock();
    let Some(rust) = guard.as_mut() else { return Err(MagicError::new("StartError", "the Rust session is not running")) };
    let capture = Arc::new(Capture::new(Target::Silent, &shared.link, None));
    shared.rust_runs.store(true, Ordering::SeqCst);
    let outcome = rust.eval(source, &capture);
    shared.link.set_sink(None);
    shared.rust_runs.store(false, Ordering::SeqCst);
    match outcome {
        Ok(_) => Ok(capture.take_result().unwrap_or_default()),
        Err(Failed::Compile(errors)) => Err(diagnostics::compile_error(&errors, &Origin { cell: source, source, name: "expression" })),
        Err(Failed::Cell(failure)) => Err(MagicError::new(if failure.panicked { "panic" } else { "Error" }, failure.message)),
        Err(Failed::Died { how, lost }) => Err(died(&how, &lost)),
        Err(Failed::Message(message)) => Err(MagicError::new("Error", message)),
    }
}

fn what_was_lost(lost: &[String]) -> String {
    let lost = if lost.is_empty() { "No variables were lost".to_owned() } else { format!("Lost: the variables {}", lost.join(", ")) };
    format!("{lost}. Kept: functions, types, `use` lines, added crates, and the SQL tables.")
}

fn died(how: &str, lost: &[String]) -> MagicError {
    MagicError::new("WorkerDied", format!("the Rust worker ended during this cell: {how}"))
        .hint(format!("{} The next cell runs in a fresh worker.", what_was_lost(lost)))
}

/// The error of a cell, for people.
pub fn explain(failed: Failed, past: &Past, cell: &CellContext, source: &str, generated: &str) -> MagicError {
    let cancelled = cell.io.is_cancelled();
    match failed {
        Failed::Died { lost, .. } if cancelled => MagicError::new("Interrupted", "interrupted: the Rust worker was stopped")
            .hint(format!("{} The next cell runs in a fresh worker.", what_was_lost(&lost))),
        _ if cancelled => MagicError::new("Interrupted", "interrupted while compiling; nothing was lost"),
        Failed::Died { how, lost } => died(&how, &lost),
        Failed::Compile(errors) => diagnostics::compile_error(&errors, &Origin { cell: &cell.code, source, name: &cell.name() }),
        Failed::Message(message) => {
            let (first, rest) = message.split_once('\n').map_or((message.as_str(), None), |(first, rest)| (first, Some(rest.to_owned())));
            let error = MagicError::new("Error", first);
            match rest {
                Some(rest) => error.hint(rest),
                None => error,
            }
        }
        Failed::Cell(failure) => failure_error(&failure, past, cell, generated),
    }
}

/// Name of the cell, line and text of the line.
type Place = (String, usize, String);

fn failure_error(failure: &Failure, past: &Past, cell: &CellContext, generated: &str) -> MagicError {
    let own = failure.file.as_deref().is_some_and(|file| file.ends_with("cell/lib.rs"));
    let place: Option<Place> = failure.line.filter(|_| own).and_then(|line| {
        let older = past.cells.iter().rev().map(|(count, code)| (format!("cell [{count}]"), code.as_str()));
        std::iter::once((cell.name(), cell.code.as_str())).chain(older).find_map(|(name, code)| {
            let (found, _) = locate::in_cell(generated, line, code)?;
            Some((name, found, code.lines().nth(found - 1).unwrap_or_default().to_owned()))
        })
    });
    let name = if failure.panicked { "panic" } else { "Error" };
    let first = failure.message.lines().next().unwrap_or_default();
    let mut shown = vec![format!("\u{1b}[31;1m{name}\u{1b}[0m: {}", failure.message)];
    let mut message = first.to_owned();
    if let Some((cell_name, line, text)) = place {
        message = format!("{first} ({cell_name}, line {line})");
        let width = line.to_string().len();
        shown.push(format!("{:width$}\u{1b}[34m-->\u{1b}[0m {cell_name}, line {line}", ""));
        shown.push(format!("\u{1b}[34m{line} |\u{1b}[0m {text}"));
    } else if let (Some(file), Some(line)) = (&failure.file, failure.line) {
        let file = file.rsplit('/').take(3).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("/");
        shown.push(format!("  \u{1b}[34m-->\u{1b}[0m {file}:{line}, called from this cell"));
    }
    MagicError::new(name, message).traceback(shown.iter().flat_map(|text| text.lines().map(str::to_owned)).collect())
}

/// Shows each warning of the compiler once per notebook, quietly.
fn show_warnings(warnings: &[serde_json::Value], past: &mut Past, cell: &CellContext, source: &str, generated: &str) {
    let name = cell.name();
    let origin = Origin { cell: &cell.code, source, name: &name };
    let mut lines: Vec<String> = Vec::new();
    for diagnostic in warnings {
        if let Some(line) = diagnostics::warning(diagnostic, &origin, generated)
            && past.warned.insert(line.clone())
            && !lines.contains(&line)
        {
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
