//! A recording host, and odd texts, for tests.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::bundle::Bundle;
use crate::cell::{Segment, parse};
use crate::error::MagicError;
use crate::host::{Event, Host, Restored, RustOutcome, Stream, Variable};
use crate::live::Live;
use crate::registry;
use crate::sql_wire::{CompareRequest, Comparison, EngineControl, EngineState, SqlFailure, SqlReply, SqlRequest};

/// Records what a magic does and answers from what the test put in.
pub struct Recorder {
    pub rust: Vec<String>,
    /// Events of the coming `measure_rust` and `measure_python` calls, one list per call.
    pub events: VecDeque<Vec<Event>>,
    /// Fails the coming Rust evaluations.
    pub rust_errors: VecDeque<MagicError>,
    pub variables: Vec<Variable>,
    pub sql: Vec<SqlRequest>,
    pub replies: VecDeque<Result<SqlReply, MagicError>>,
    /// Answers of the coming `try_sql` calls.
    pub outcomes: VecDeque<Result<SqlReply, SqlFailure>>,
    pub compared: Vec<CompareRequest>,
    /// Answers of the coming `compare` calls.
    pub comparisons: VecDeque<Vec<Comparison>>,
    pub controls: Vec<EngineControl>,
    /// Answers of the coming `engine` calls.
    pub states: VecDeque<Result<Vec<EngineState>, MagicError>>,
    /// Python code and its `--env`.
    pub python: Vec<(String, Option<String>)>,
    /// Python code of ours and its `--env`; its events are those in `events`.
    pub measured_python: Vec<(String, Option<String>)>,
    /// Fails the coming Python cells and measurements.
    pub python_errors: VecDeque<MagicError>,
    /// Python runs and has nothing to do.
    pub python_is_idle: bool,
    pub scripts: Vec<String>,
    pub self_runs: Vec<Vec<String>>,
    pub self_lines: Vec<String>,
    pub displays: Vec<Bundle>,
    pub updates: Vec<(String, Bundle)>,
    pub streams: String,
    pub statuses: Vec<String>,
    pub cancelled: bool,
    pub session: PathBuf,
    /// What a coming `restore` answers.
    pub restored: Restored,
}

impl Default for Recorder {
    fn default() -> Self {
        Self {
            rust: Vec::new(),
            events: VecDeque::new(),
            rust_errors: VecDeque::new(),
            variables: Vec::new(),
            sql: Vec::new(),
            replies: VecDeque::new(),
            outcomes: VecDeque::new(),
            compared: Vec::new(),
            comparisons: VecDeque::new(),
            controls: Vec::new(),
            states: VecDeque::new(),
            python: Vec::new(),
            measured_python: Vec::new(),
            python_errors: VecDeque::new(),
            python_is_idle: false,
            scripts: Vec::new(),
            self_runs: Vec::new(),
            self_lines: Vec::new(),
            displays: Vec::new(),
            updates: Vec::new(),
            streams: String::new(),
            statuses: Vec::new(),
            cancelled: false,
            session: PathBuf::from("/session"),
            restored: Restored::default(),
        }
    }
}

impl Recorder {
    /// Adds a Rust variable.
    pub fn variable(mut self, name: &str, type_name: &str) -> Self {
        self.variables.push(Variable { name: name.into(), type_name: type_name.into() });
        self
    }

    /// Adds the answer of a coming query.
    pub fn reply(mut self, reply: Result<SqlReply, MagicError>) -> Self {
        self.replies.push_back(reply);
        self
    }

    /// Adds the events of a coming evaluation.
    pub fn events(mut self, events: &[(&str, Value)]) -> Self {
        let event = |(kind, data): &(&str, Value)| Event { kind: (*kind).into(), data: data.clone() };
        self.events.push_back(events.iter().map(event).collect());
        self
    }

    /// The text of everything shown.
    pub fn shown(&self) -> String {
        self.displays.iter().filter_map(|bundle| bundle.data["text/plain"].as_str()).collect::<Vec<_>>().join("\n")
    }

    /// The HTML of everything shown.
    pub fn shown_html(&self) -> String {
        self.displays.iter().filter_map(|b| b.data.get("text/html")?.as_str()).collect::<Vec<_>>().join("\n")
    }
}

/// Runs the magics of a cell.
pub fn run_cell(code: &str, host: &mut Recorder) -> Result<(), MagicError> {
    for segment in parse(code).segments {
        if let Segment::Magic(magic) = segment {
            registry::run(&magic, host, Live::default())?;
        }
    }
    Ok(())
}

/// The text of an error without colours.
pub fn plain(error: &MagicError) -> String {
    let mut text = error.shown().join("\n");
    while let Some(start) = text.find('\u{1b}') {
        let end = text[start..].find('m').map_or(text.len(), |end| start + end + 1);
        text.replace_range(start..end, "");
    }
    text
}

/// Odd texts, always the same: pieces of Rust, magics, SQL and other scripts in any order.
pub fn any_texts(count: usize, mut check: impl FnMut(&str)) {
    const PIECES: &[&str] = &[
        "%",
        "%%",
        "%sql",
        "%%sql",
        "//%%sql",
        "?",
        "\n",
        "\r\n",
        " ",
        "\t",
        "'",
        "\"",
        "r#\"",
        "\"#",
        "/*",
        "*/",
        "//",
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "é",
        "価",
        "\u{1f600}",
        "\u{200d}",
        "let x = ",
        "fn f()",
        ";",
        ":dep a",
        "!ls",
        "<<",
        "x << %sql ",
        "--out",
        "--",
        "-n",
        "=",
        ".",
        "'a",
        "b'",
        "\\",
        "{x}",
        "$x",
        "$$",
        "SELECT 1",
        "0",
        "1e-",
        "0x",
        "#",
        "#[a]",
        "\u{0}",
        "\u{85}",
        "\u{2028}",
        "@",
        "`",
        "|",
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % limit as u64) as usize
    };
    for _ in 0..count {
        let text: String = (0..next(14)).map(|_| PIECES[next(PIECES.len())]).collect();
        check(&text);
    }
}

impl Host for Recorder {
    fn eval_rust(&mut self, code: &str) -> Result<RustOutcome, MagicError> {
        self.rust.push(code.into());
        self.rust_errors.pop_front().map_or(Ok(RustOutcome::default()), Err)
    }

    fn ask_rust(&mut self, code: &str, on_event: &mut dyn FnMut(Event)) -> Result<RustOutcome, MagicError> {
        self.rust.push(code.into());
        if let Some(error) = self.rust_errors.pop_front() {
            return Err(error);
        }
        self.events.pop_front().unwrap_or_default().into_iter().for_each(on_event);
        Ok(RustOutcome::default())
    }

    fn restore(&mut self) -> Result<Restored, MagicError> {
        Ok(self.restored.clone())
    }

    fn variables(&mut self) -> Vec<Variable> {
        self.variables.clone()
    }

    fn sql(&mut self, request: &SqlRequest, on_progress: &mut dyn FnMut(f64)) -> Result<SqlReply, MagicError> {
        self.sql.push(request.clone());
        on_progress(0.5);
        self.replies.pop_front().unwrap_or_else(|| Ok(SqlReply::default()))
    }

    fn try_sql(&mut self, request: &SqlRequest, on_progress: &mut dyn FnMut(f64)) -> Result<Result<SqlReply, SqlFailure>, MagicError> {
        self.sql.push(request.clone());
        on_progress(0.5);
        Ok(self.outcomes.pop_front().unwrap_or_else(|| Ok(SqlReply::default())))
    }

    fn compare(&mut self, request: &CompareRequest) -> Result<Vec<Comparison>, MagicError> {
        self.compared.push(request.clone());
        let equal = Comparison { equal: true, ..Comparison::default() };
        Ok(self.comparisons.pop_front().unwrap_or_else(|| vec![equal; request.files.len().saturating_sub(1)]))
    }

    fn engine(&mut self, request: &EngineControl, on_doing: &mut dyn FnMut(&str)) -> Result<Vec<EngineState>, MagicError> {
        self.controls.push(request.clone());
        on_doing("starting");
        self.states.pop_front().unwrap_or_else(|| Ok(Vec::new()))
    }

    fn python(&mut self, code: &str, env: Option<&str>) -> Result<(), MagicError> {
        self.python.push((code.into(), env.map(Into::into)));
        self.python_errors.pop_front().map_or(Ok(()), Err)
    }

    fn ask_python(&mut self, code: &str, env: Option<&str>, on_event: &mut dyn FnMut(Event)) -> Result<(), MagicError> {
        self.measured_python.push((code.into(), env.map(Into::into)));
        if let Some(error) = self.python_errors.pop_front() {
            return Err(error);
        }
        self.events.pop_front().unwrap_or_default().into_iter().for_each(on_event);
        Ok(())
    }

    fn python_is_idle(&self) -> bool {
        self.python_is_idle
    }

    fn bash(&mut self, script: &str) -> Result<(), MagicError> {
        self.scripts.push(script.into());
        Ok(())
    }

    fn session_dir(&self) -> &Path {
        &self.session
    }

    fn run_self(&mut self, args: &[&str], on_line: &mut dyn FnMut(&str)) -> Result<(), MagicError> {
        self.self_runs.push(args.iter().map(|arg| (*arg).to_owned()).collect());
        self.self_lines.iter().for_each(|line| on_line(line));
        Ok(())
    }

    fn display(&mut self, bundle: &Bundle) {
        self.displays.push(bundle.clone());
    }

    fn display_with_id(&mut self, id: &str, bundle: &Bundle) {
        self.updates.push((id.into(), bundle.clone()));
    }

    fn update_display(&mut self, id: &str, bundle: &Bundle) {
        self.updates.push((id.into(), bundle.clone()));
    }

    fn new_display_id(&mut self) -> String {
        format!("display-{}", self.updates.len())
    }

    fn stream(&mut self, _stream: Stream, text: &str) {
        self.streams.push_str(text);
    }

    fn status(&mut self, doing: &str) {
        self.statuses.push(doing.into());
    }

    fn input(&mut self, _prompt: &str, _password: bool) -> Result<String, MagicError> {
        Err(MagicError::new("StdinNotAllowed", "no input in tests"))
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled
    }
}
