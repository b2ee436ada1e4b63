//! The engine behind the protocol: takes cells apart and runs their parts.

use std::sync::Arc;

use magics::bundle::Bundle;
use magics::cell::{Segment, Text, parse};
use magics::error::MagicError;
use magics::host::Stream;
use magics::live::Live;

use crate::engine::{Cell, Engine};

use super::commands;
use super::host::SessionHost;
use super::run_rust::{self, CellContext, Past};
use super::shared::Shared;
use super::shell;
use super::status::Status;

/// One notebook's session.
pub struct Notebook {
    shared: Arc<Shared>,
    past: Past,
}

impl Notebook {
    /// Starts the Rust session.
    ///
    /// # Errors
    /// See [`Shared::start_rust`].
    pub fn start(shared: Arc<Shared>) -> Result<Self, MagicError> {
        shared.start_rust()?;
        Ok(Self { shared, past: Past::default() })
    }

    fn segment(&mut self, segment: Segment, cell: &CellContext) -> Result<(), MagicError> {
        if cell.io.is_cancelled() {
            return Err(MagicError::interrupted());
        }
        match segment {
            Segment::Magic(magic) => {
                let status = cell.status.clone();
                let live = Live::new(move |doing| status.doing(doing));
                let mut host = SessionHost { shared: &self.shared, past: &mut self.past, cell, to_pager: magic.help };
                magics::registry::run(&magic, &mut host, live)
            }
            Segment::Command(text) => self.command(&text.text, cell),
            Segment::Shell(text) => {
                cell.status.doing("running the shell command");
                shell::run(&self.shared, &shell::Script::line(&text.text), &cell.io, &cell.status)
            }
            Segment::Code(Text { text, line, .. }) => {
                // Blank lines before it, so that line numbers are the cell's.
                let source = format!("{}{text}", "\n".repeat(line - 1));
                run_rust::run(&self.shared, &mut self.past, cell, &source, &mut |_| {}).map(|_| ())
            }
        }
    }

    fn command(&mut self, command: &str, cell: &CellContext) -> Result<(), MagicError> {
        if matches!(command.split_whitespace().next(), Some(":quit" | ":q")) {
            cell.status.before_output();
            cell.io.stream(Stream::Stdout, "The session ends.\n");
            end_politely();
            return Ok(());
        }
        commands::run(&self.shared, command, cell)
    }
}

/// Ends the kernel as if it had been asked to, once the reply to this cell is out.
fn end_politely() {
    std::thread::spawn(|| {
        std::thread::sleep(std::time::Duration::from_millis(500));
        // SAFETY: raises a signal that the protocol layer handles as a shutdown.
        unsafe { libc::kill(libc::getpid(), libc::SIGTERM) };
    });
}

impl Engine for Notebook {
    fn execute(&mut self, cell: &Cell) -> Result<(), MagicError> {
        let parsed = parse(&cell.code);
        parsed.check()?;
        let context = CellContext {
            code: cell.code.clone(),
            count: cell.execution_count,
            io: Arc::clone(&cell.io),
            status: Status::start(Arc::clone(&cell.io), "working"),
        };
        let outcome = parsed.segments.into_iter().try_for_each(|segment| self.segment(segment, &context));
        context.status.end();
        outcome
    }

    fn evaluate(&mut self, expression: &str) -> Result<Bundle, MagicError> {
        run_rust::silently(&self.shared, expression)
    }

    fn shutdown(&mut self, _restart: bool) {
        self.shared.kill_rust();
        self.shared.python.shutdown();
        self.shared.engine.lock().shutdown();
        *self.shared.rust.lock() = None;
    }
}
