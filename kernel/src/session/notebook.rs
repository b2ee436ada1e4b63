//! The engine behind the protocol: takes cells apart and runs their parts.

use std::sync::Arc;

use magics::bundle::Bundle;
use magics::cell::{Segment, Text, parse};
use magics::error::MagicError;
use magics::host::{Host, Stream};
use magics::live::Live;

use crate::engine::{Cell, Engine};

use super::capture::{Capture, Target};
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
                shell::run(&self.shared, &text.text, &cell.io, &cell.status)
            }
            Segment::Code(Text { text, line, .. }) => {
                // Blank lines before it, so that line numbers are the cell's.
                let source = format!("{}{text}", "\n".repeat(line - 1));
                run_rust::run(&self.shared, &mut self.past, cell, &source, &mut |_| {}).map(|_| ())
            }
        }
    }

    fn command(&mut self, command: &str, cell: &CellContext) -> Result<(), MagicError> {
        let (name, argument) = command.split_once(char::is_whitespace).map_or((command, ""), |(name, rest)| (name, rest.trim()));
        let mut host = SessionHost { shared: &self.shared, past: &mut self.past, cell, to_pager: false };
        match name {
            ":quit" | ":q" => {
                host.stream(Stream::Stdout, "The session ends.\n");
                end_politely();
                return Ok(());
            }
            ":restart" => {
                cell.status.doing("starting a fresh worker");
                if let Some(rust) = self.shared.rust.lock().as_mut() {
                    rust.restart();
                }
                host.stream(Stream::Stdout, "The Rust worker was restarted: variables are gone, functions, types and added crates stay.\n");
                return Ok(());
            }
            ":dep" => {
                let dependency = argument.split(['=', ' ']).next().unwrap_or_default();
                let provided = crate::shim::Lab::read(&self.shared.parts.lab_json).is_ok_and(|lab| lab.provides(dependency));
                if provided {
                    host.stream(Stream::Stdout, &format!("`{dependency}` is part of every cell already; nothing to add.\n"));
                    return Ok(());
                }
            }
            _ => {}
        }
        cell.status.doing(&format!("running {name}"));
        let capture = Arc::new(Capture::new(Target::Cell(Arc::clone(&cell.io), cell.status.clone()), &self.shared.link, None));
        let mut guard = self.shared.rust.lock();
        let Some(rust) = guard.as_mut() else { return Ok(()) };
        self.shared.rust_runs.store(true, std::sync::atomic::Ordering::SeqCst);
        let outcome = rust.command(command, &capture);
        self.shared.rust_runs.store(false, std::sync::atomic::Ordering::SeqCst);
        self.shared.link.set_sink(None);
        let generated = rust.last_source();
        drop(guard);
        let outputs = outcome.map_err(|failed| run_rust::explain(failed, &self.past, cell, command, &generated))?;
        if let Some(text) = outputs.get("text/plain").filter(|text| !text.is_empty()) {
            let bundle = Bundle::text(text);
            let bundle = match outputs.get("text/html") {
                Some(html) => bundle.with("text/html", html),
                None => bundle,
            };
            cell.status.before_output();
            cell.io.display(&bundle, None);
        }
        Ok(())
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
        self.past.cells.push((cell.execution_count, cell.code.clone()));
        outcome
    }

    fn evaluate(&mut self, expression: &str) -> Result<Bundle, MagicError> {
        run_rust::silently(&self.shared, expression)
    }

    fn shutdown(&mut self, _restart: bool) {
        self.shared.stop_rust();
        if let Some(worker) = self.shared.worker.lock().take()
            && let Ok(mut child) = worker.lock()
        {
            let _ = child.kill();
        }
        self.shared.engine.lock().shutdown();
        *self.shared.rust.lock() = None;
    }
}
