//! The kernel as magics see it.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use magics::bundle::Bundle;
use magics::error::MagicError;
use magics::host::{Event, Host, Restored, RustOutcome, Stream, Variable};
use magics::sql_wire::{SqlReply, SqlRequest};

use crate::engine_worker::EngineError;
use crate::python_worker::Outlet;

use super::run_rust::{self, CellContext, Past};
use super::shared::Shared;
use super::shell;

/// A host for one cell.
pub struct SessionHost<'a> {
    pub shared: &'a Shared,
    pub past: &'a mut Past,
    pub cell: &'a CellContext,
    /// Displays go to the frontend's pager (`?%sql`).
    pub to_pager: bool,
}

impl Host for SessionHost<'_> {
    fn eval_rust(&mut self, code: &str) -> Result<RustOutcome, MagicError> {
        run_rust::run(self.shared, self.past, self.cell, code, &mut |_| {})
    }

    fn measure_rust(&mut self, code: &str, on_event: &mut dyn FnMut(Event)) -> Result<RustOutcome, MagicError> {
        // The analyzer would take processor time from what is measured.
        let _quiet = self.shared.analyzer.hold(&|| self.cell.io.is_cancelled());
        if self.cell.io.is_cancelled() {
            return Err(MagicError::interrupted());
        }
        run_rust::run(self.shared, self.past, self.cell, code, on_event)
    }

    fn restore(&mut self) -> Result<Restored, MagicError> {
        run_rust::restore(self.shared, self.cell)
    }

    fn variables(&mut self) -> Vec<Variable> {
        self.shared.rust.lock().as_ref().map(super::rust::RustSession::variables).unwrap_or_default()
    }

    fn sql(&mut self, request: &SqlRequest, on_progress: &mut dyn FnMut(f64)) -> Result<SqlReply, MagicError> {
        let io = std::sync::Arc::clone(&self.cell.io);
        self.cell.status.doing("running SQL");
        let cancelled = move || io.is_cancelled();
        let mut engine = self.shared.engine.lock();
        let outcome = engine.run(request, on_progress, &cancelled);
        let notice = engine.take_notice();
        drop(engine);
        if let Some(notice) = notice {
            self.stream(Stream::Stderr, &format!("{notice}\n"));
        }
        outcome.map_err(|error| match error {
            EngineError::Failed(failure) if failure.class == "Interrupted" => {
                MagicError::new("Interrupted", "interrupted: the query was stopped; tables are kept")
            }
            EngineError::Failed(failure) => magics::sql_error::sql_failure_error(&request.sql, &failure, 1),
            error => MagicError::new("WorkerDied", error.to_string()),
        })
    }

    fn python(&mut self, code: &str, env: Option<&str>) -> Result<(), MagicError> {
        let status = &self.cell.status;
        let outlet = Outlet { io: &self.cell.io, before_output: &|| status.before_output(), doing: &|what| status.doing(what) };
        self.shared.python.run(code, env, &outlet)
    }

    fn bash(&mut self, script: &str) -> Result<(), MagicError> {
        self.cell.status.doing("running bash");
        shell::run(self.shared, &shell::Script::bash(script), &self.cell.io, &self.cell.status)
    }

    fn session_dir(&self) -> &Path {
        self.shared.dir.path()
    }

    fn run_self(&mut self, args: &[&str], on_line: &mut dyn FnMut(&str)) -> Result<(), MagicError> {
        let failed = |what: String| MagicError::new("CommandError", what);
        let mut command = Command::new(&self.shared.parts.kernel);
        self.shared.user_environment(&mut command);
        command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| failed(format!("`benchbook {}` cannot be started: {error}", args.join(" "))))?;
        let (sender, lines) = crossbeam_channel::unbounded();
        if let Some(stdout) = child.stdout.take() {
            std::thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    let _ = sender.send(line);
                }
            });
        }
        let stderr = child.stderr.take().map(|mut pipe| {
            std::thread::spawn(move || {
                let mut text = Vec::new();
                let _ = pipe.read_to_end(&mut text);
                String::from_utf8_lossy(&text).into_owned()
            })
        });
        loop {
            match lines.recv_timeout(Duration::from_millis(50)) {
                Ok(line) => on_line(&line),
                Err(crossbeam_channel::RecvTimeoutError::Disconnected) => break,
                Err(crossbeam_channel::RecvTimeoutError::Timeout) => {}
            }
            if self.is_cancelled() {
                let _ = child.kill();
                let _ = child.wait();
                return Err(MagicError::interrupted());
            }
        }
        let status = child.wait().map_err(|error| failed(error.to_string()))?;
        if status.success() {
            return Ok(());
        }
        let said = stderr.and_then(|reader| reader.join().ok()).unwrap_or_default();
        let said = said.trim();
        Err(failed(if said.is_empty() { format!("`benchbook {}` failed: {status}", args.join(" ")) } else { said.to_owned() }))
    }

    fn display(&mut self, bundle: &Bundle) {
        self.cell.status.before_output();
        if self.to_pager {
            let mut paged = bundle.clone();
            paged.metadata.insert(crate::protocol::PAGER.into(), serde_json::Value::Bool(true));
            return self.cell.io.display(&paged, None);
        }
        self.cell.io.display(bundle, None);
    }

    fn display_with_id(&mut self, id: &str, bundle: &Bundle) {
        self.cell.status.before_output();
        self.cell.io.display(bundle, Some(id));
    }

    fn update_display(&mut self, id: &str, bundle: &Bundle) {
        self.cell.io.update_display(bundle, id);
    }

    fn new_display_id(&mut self) -> String {
        uuid::Uuid::new_v4().simple().to_string()
    }

    fn stream(&mut self, stream: Stream, text: &str) {
        self.cell.status.before_output();
        self.cell.io.stream(stream, text);
    }

    fn status(&mut self, doing: &str) {
        self.cell.status.doing(doing);
    }

    fn input(&mut self, prompt: &str, password: bool) -> Result<String, MagicError> {
        self.cell.io.input(prompt, password)
    }

    fn is_cancelled(&self) -> bool {
        self.cell.io.is_cancelled()
    }
}
