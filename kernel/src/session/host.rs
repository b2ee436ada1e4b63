//! The kernel as magics see it.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use magics::bundle::Bundle;
use magics::error::MagicError;
use magics::host::{Assembly, Event, Host, Restored, RustOutcome, SourceLine, Stream, Variable};
use magics::sql_wire::{CompareRequest, Comparison, EngineControl, EngineState, SqlFailure, SqlReply, SqlRequest, class};

use crate::engine_worker::{EngineError, EngineWorker};
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

impl SessionHost<'_> {
    /// Asks the engine worker; says what happened to it since the last time.
    fn engine_worker<T>(
        &mut self,
        ask: impl FnOnce(&mut EngineWorker, &dyn Fn() -> bool) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let io = std::sync::Arc::clone(&self.cell.io);
        let mut worker = self.shared.engine.lock();
        let outcome = ask(&mut worker, &move || io.is_cancelled());
        let notice = worker.take_notice();
        drop(worker);
        if let Some(notice) = notice {
            self.stream(Stream::Stderr, &format!("{notice}\n"));
        }
        outcome
    }
}

/// A failure of the engine worker as an error of the cell whose query was `sql`.
fn told(error: EngineError, sql: &str) -> MagicError {
    match error {
        EngineError::Failed(failure) if failure.class == class::INTERRUPTED => {
            MagicError::new("Interrupted", "interrupted: the query was stopped; tables are kept")
        }
        EngineError::Failed(failure) => magics::sql_error::sql_failure_error(sql, &failure, 1),
        error => MagicError::new("WorkerDied", error.to_string()),
    }
}

impl Host for SessionHost<'_> {
    fn eval_rust(&mut self, code: &str) -> Result<RustOutcome, MagicError> {
        run_rust::run(self.shared, self.past, self.cell, code, &mut |_| {})
    }

    fn ask_rust(&mut self, code: &str, on_event: &mut dyn FnMut(Event)) -> Result<RustOutcome, MagicError> {
        run_rust::run(self.shared, self.past, self.cell, code, on_event)
    }

    fn measure_rust(&mut self, code: &str, on_event: &mut dyn FnMut(Event)) -> Result<RustOutcome, MagicError> {
        // The analyzer would take processor time from what is measured.
        let _quiet = self.shared.analyzer.hold(&|| self.cell.io.is_cancelled());
        if self.cell.io.is_cancelled() {
            return Err(MagicError::interrupted());
        }
        self.ask_rust(code, on_event)
    }

    fn profile_rust(&mut self, code: &str, on_event: &mut dyn FnMut(Event)) -> Result<RustOutcome, MagicError> {
        let _quiet = self.shared.analyzer.hold(&|| self.cell.io.is_cancelled());
        if self.cell.io.is_cancelled() {
            return Err(MagicError::interrupted());
        }
        run_rust::profiled(self.shared, self.past, self.cell, code, on_event)
    }

    fn source_line(&mut self, file: &str, line: usize) -> Option<SourceLine> {
        run_rust::source_line(self.shared, file, line)
    }

    fn assembly(&mut self, code: &str) -> Result<Assembly, MagicError> {
        run_rust::assembly(self.shared, self.cell, code)
    }

    fn restore(&mut self) -> Result<Restored, MagicError> {
        run_rust::restore(self.shared, self.cell)
    }

    fn variables(&mut self) -> Vec<Variable> {
        self.shared.rust.lock().as_ref().map(super::rust::RustSession::variables).unwrap_or_default()
    }

    fn sql(&mut self, request: &SqlRequest, on_progress: &mut dyn FnMut(f64)) -> Result<SqlReply, MagicError> {
        self.cell.status.doing("running SQL");
        self.engine_worker(|worker, cancelled| worker.run(request, on_progress, cancelled)).map_err(|error| told(error, &request.sql))
    }

    fn try_sql(&mut self, request: &SqlRequest, on_progress: &mut dyn FnMut(f64)) -> Result<Result<SqlReply, SqlFailure>, MagicError> {
        // As for Rust: what may fail and go on is what measures.
        let _quiet = self.shared.analyzer.hold(&|| self.cell.io.is_cancelled());
        if self.cell.io.is_cancelled() {
            return Err(MagicError::interrupted());
        }
        match self.engine_worker(|worker, cancelled| worker.run(request, on_progress, cancelled)) {
            Ok(reply) => Ok(Ok(reply)),
            Err(EngineError::Failed(failure)) if failure.class != class::INTERRUPTED => Ok(Err(failure)),
            Err(error @ EngineError::Died { .. }) if !self.is_cancelled() => {
                let message = error.to_string();
                let class = if message.contains("out of memory") { class::OUT_OF_MEMORY } else { "Worker Died" };
                Ok(Err(SqlFailure { class: class.to_owned(), message, offset: None }))
            }
            Err(error) => Err(told(error, &request.sql)),
        }
    }

    fn compare(&mut self, request: &CompareRequest) -> Result<Vec<Comparison>, MagicError> {
        self.cell.status.doing("comparing the answers");
        self.engine_worker(|worker, cancelled| worker.compare(request, cancelled)).map_err(|error| told(error, ""))
    }

    fn engine(&mut self, request: &EngineControl, on_doing: &mut dyn FnMut(&str)) -> Result<Vec<EngineState>, MagicError> {
        self.engine_worker(|worker, cancelled| worker.control(request, on_doing, cancelled)).map_err(|error| told(error, ""))
    }

    fn python(&mut self, code: &str, env: Option<&str>) -> Result<(), MagicError> {
        let status = &self.cell.status;
        let outlet = Outlet { io: &self.cell.io, before_output: &|| status.before_output(), doing: &|what| status.doing(what) };
        self.shared.python.run(code, env, &outlet)
    }

    fn ask_python(&mut self, code: &str, env: Option<&str>, on_event: &mut dyn FnMut(Event)) -> Result<(), MagicError> {
        let status = &self.cell.status;
        let outlet = Outlet { io: &self.cell.io, before_output: &|| status.before_output(), doing: &|what| status.doing(what) };
        self.shared.python.measure(code, env, &outlet, on_event)
    }

    fn measure_python(&mut self, code: &str, env: Option<&str>, on_event: &mut dyn FnMut(Event)) -> Result<(), MagicError> {
        // As for Rust.
        let _quiet = self.shared.analyzer.hold(&|| self.cell.io.is_cancelled());
        if self.cell.io.is_cancelled() {
            return Err(MagicError::interrupted());
        }
        self.ask_python(code, env, on_event)
    }

    fn python_is_idle(&self) -> bool {
        self.shared.python.is_idle(None)
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

    fn result(&mut self, bundle: &Bundle) {
        self.cell.status.before_output();
        self.cell.io.result(bundle);
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
