//! A host whose measurement is interrupted after its events, for tests.

use std::path::Path;

use crate::bundle::Bundle;
use crate::cell::{Segment, parse};
use crate::error::MagicError;
use crate::host::{Event, Host, Restored, RustOutcome, Stream, Variable};
use crate::live::Live;
use crate::registry;
use crate::sql_wire::{CompareRequest, Comparison, EngineControl, EngineState, SqlFailure, SqlReply, SqlRequest};
use crate::testing::Recorder;

/// Passes everything to the recorder; measuring ends with `Interrupted` once the events are sent.
pub struct Interrupting(pub Recorder);

impl Interrupting {
    /// Runs the magics of a cell.
    pub fn run_cell(&mut self, code: &str) -> Result<(), MagicError> {
        for segment in parse(code).segments {
            if let Segment::Magic(magic) = segment {
                registry::run(&magic, self, Live::default())?;
            }
        }
        Ok(())
    }
}

impl Host for Interrupting {
    fn ask_rust(&mut self, code: &str, on_event: &mut dyn FnMut(Event)) -> Result<RustOutcome, MagicError> {
        self.0.ask_rust(code, on_event)?;
        Err(MagicError::interrupted())
    }
    fn eval_rust(&mut self, code: &str) -> Result<RustOutcome, MagicError> {
        self.0.eval_rust(code)
    }
    fn restore(&mut self) -> Result<Restored, MagicError> {
        self.0.restore()
    }
    fn variables(&mut self) -> Vec<Variable> {
        self.0.variables()
    }
    fn sql(&mut self, request: &SqlRequest, on_progress: &mut dyn FnMut(f64)) -> Result<SqlReply, MagicError> {
        self.0.sql(request, on_progress)
    }
    fn try_sql(&mut self, request: &SqlRequest, on_progress: &mut dyn FnMut(f64)) -> Result<Result<SqlReply, SqlFailure>, MagicError> {
        self.0.try_sql(request, on_progress)
    }
    fn compare(&mut self, request: &CompareRequest) -> Result<Vec<Comparison>, MagicError> {
        self.0.compare(request)
    }
    fn engine(&mut self, request: &EngineControl, on_doing: &mut dyn FnMut(&str)) -> Result<Vec<EngineState>, MagicError> {
        self.0.engine(request, on_doing)
    }
    fn python(&mut self, code: &str, env: Option<&str>) -> Result<(), MagicError> {
        self.0.python(code, env)
    }
    fn ask_python(&mut self, code: &str, env: Option<&str>, on_event: &mut dyn FnMut(Event)) -> Result<(), MagicError> {
        self.0.ask_python(code, env, on_event)?;
        Err(MagicError::interrupted())
    }
    fn bash(&mut self, script: &str) -> Result<(), MagicError> {
        self.0.bash(script)
    }
    fn session_dir(&self) -> &Path {
        self.0.session_dir()
    }
    fn run_self(&mut self, args: &[&str], on_line: &mut dyn FnMut(&str)) -> Result<(), MagicError> {
        self.0.run_self(args, on_line)
    }
    fn display(&mut self, bundle: &Bundle) {
        self.0.display(bundle);
    }
    fn display_with_id(&mut self, id: &str, bundle: &Bundle) {
        self.0.display_with_id(id, bundle);
    }
    fn update_display(&mut self, id: &str, bundle: &Bundle) {
        self.0.update_display(id, bundle);
    }
    fn new_display_id(&mut self) -> String {
        self.0.new_display_id()
    }
    fn stream(&mut self, stream: Stream, text: &str) {
        self.0.stream(stream, text);
    }
    fn status(&mut self, doing: &str) {
        self.0.status(doing);
    }
    fn input(&mut self, prompt: &str, password: bool) -> Result<String, MagicError> {
        self.0.input(prompt, password)
    }
    fn is_cancelled(&self) -> bool {
        true
    }
}
