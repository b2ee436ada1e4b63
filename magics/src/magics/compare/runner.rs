//! Runs one variant once more, in whatever language it is.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use serde_json::{Value, json};

use super::super::sql::bind::bind;
use super::super::sql::cell_text::CellText;
use super::super::sql::many::outcome::{Status, told};
use super::super::sql::many::prepare::files_by_name;
use super::super::sql::repeat::changes_tables;
use super::parse::{Lang, Section, Sections};
use super::settings::Settings;
use super::variant::Answer;
use crate::error::MagicError;
use crate::host::{Event, Host};
use crate::measure::python::{self, Interpreter};
use crate::measure::run::failure;
use crate::measure::{codegen, hints, names};
use crate::registry::Call;
use crate::shared_tables;
use crate::sql_error::sql_failure_error;
use crate::sql_params::prepare;
use crate::sql_wire::{Phases, SqlReply, SqlRequest, class};

/// Queries of one batch: each costs a trip to the engine worker, which is not counted but takes time.
const MOST_QUERIES: u64 = 50;

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Task {
    /// One run, whose value is stored.
    First,
    /// Runs for about so many seconds.
    WarmUp(f64),
    /// So many iterations.
    Batch(u64),
    /// One run, of which the peak of memory is told.
    Memory,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Done {
    /// Seconds per iteration.
    pub s: f64,
    pub compile_s: f64,
    pub answer: Answer,
    pub involuntary_switches: u64,
    /// Bytes by which the process grew at most.
    pub peak_rss_bytes: Option<u64>,
    pub unit_result: bool,
    pub python: Option<Interpreter>,
    pub phases: Option<Phases>,
    pub engine_version: String,
    pub rows: Option<u64>,
    pub threads: Option<usize>,
}

/// Why a variant cannot go on.
#[derive(Debug, Clone)]
pub struct Failure {
    pub status: Status,
    pub error: MagicError,
}

/// One variant, ready to run.
enum Code {
    Rust {
        code: String,
        no_inputs: bool,
    },
    Python {
        key: String,
        arguments: Value,
        env: Option<String>,
        sent: bool,
    },
    Sql {
        request: Box<SqlRequest>,
    },
    /// It could not be made ready.
    Broken(Failure),
}

/// All variants of a cell, ready to run.
pub struct Runner<'a> {
    call: &'a Call,
    sections: &'a Sections,
    settings: &'a Settings,
    cell: String,
    codes: Vec<Code>,
    /// Value of the swept variable.
    value: Option<u64>,
}

/// The cell as it was written, line by line.
fn cell_text(call: &Call) -> String {
    let line = call.options.line();
    let lines = call.body_line.saturating_sub(line.number).max(1);
    format!("{}{}{}{}", "\n".repeat(line.number.saturating_sub(1)), line.text, "\n".repeat(lines), call.body)
}

fn is_interrupt(error: &MagicError, host: &dyn Host) -> bool {
    error.name == "Interrupted" || host.is_cancelled()
}

/// The first line of an error.
pub fn first_line(error: &MagicError) -> String {
    let line = error.message.lines().next().unwrap_or_default();
    if error.name.is_empty() || error.name == "Error" || error.name == "SqlError" {
        line.to_owned()
    } else {
        format!("{}: {line}", error.name)
    }
}

impl From<MagicError> for Failure {
    fn from(error: MagicError) -> Self {
        let out_of_memory = error.name == "MemoryError" || error.message.contains("out of memory");
        Self { status: if out_of_memory { Status::OutOfMemory } else { Status::Error }, error }
    }
}

/// What one evaluation sends.
#[derive(Default)]
struct Heard {
    done: Done,
    failed: Option<MagicError>,
    took_time: bool,
}

impl Heard {
    fn hear(&mut self, event: &Event, session: &std::path::Path) {
        let data = &event.data;
        match event.kind.as_str() {
            "sample" | "warm" => {
                self.took_time = true;
                self.done.s = data["s"].as_f64().unwrap_or_default();
                self.done.involuntary_switches = data["involuntary_switches"].as_u64().unwrap_or_default();
                self.done.unit_result = data["unit_result"].as_bool().unwrap_or_default();
            }
            "memory" => {
                self.took_time = true;
                self.done.peak_rss_bytes = data["peak_rss_bytes"].as_u64();
            }
            "answer" => {
                let text = |key: &str| data[key].as_str().map(str::to_owned);
                self.done.rows = data["rows"].as_u64();
                self.done.answer = if let Some(name) = text("table") {
                    let path = shared_tables::file(session, &name).to_string_lossy().into_owned();
                    Answer::Table { path, ordered: data["ordered"].as_bool().unwrap_or_default() }
                } else if let Some(shown) = text("text") {
                    Answer::Text(shown)
                } else {
                    Answer::Nothing(text("none").unwrap_or_else(|| "nothing was told of its value".into()))
                };
            }
            "python" => self.done.python = serde_json::from_value(data.clone()).ok(),
            "failed" => self.failed = Some(failure(data)),
            _ => {}
        }
    }
}

impl<'a> Runner<'a> {
    /// Nothing is made ready yet.
    pub fn new(call: &'a Call, sections: &'a Sections, settings: &'a Settings) -> Self {
        Self { call, sections, settings, cell: cell_text(call), codes: Vec::new(), value: None }
    }

    /// Sets the swept variable, runs the set-up sections, and makes the variants ready.
    ///
    /// # Errors
    /// A set-up that fails, an interrupt.
    pub fn prepare(&mut self, value: Option<u64>, host: &mut dyn Host) -> Result<(), MagicError> {
        self.value = value;
        self.set_swept(host)?;
        for section in &self.sections.setups {
            self.set_up(section, host)?;
        }
        let variables = host.variables();
        static CELLS: AtomicU64 = AtomicU64::new(0);
        let number = CELLS.fetch_add(1, Ordering::Relaxed);
        self.codes.clear();
        for (index, section) in self.sections.variants.iter().enumerate() {
            let code = match section.lang {
                Lang::Rust => {
                    let inputs = names::inputs(&section.body, &[], &variables);
                    let code = codegen::round(&section.body, &inputs, section.line.number);
                    Code::Rust { code, no_inputs: inputs.is_empty() }
                }
                Lang::Python => {
                    let arguments = json!({
                        "magic": "%%compare",
                        "text": self.cell,
                        "body": {"text": section.body, "line": section.line.number + 1, "column": 0},
                    });
                    Code::Python { key: format!("{number}.{index}"), arguments, env: section.env.clone(), sent: false }
                }
                Lang::Sql => match self.query(section, host) {
                    Ok(request) => Code::Sql { request: Box::new(request) },
                    Err(error) if is_interrupt(&error, host) => return Err(error),
                    Err(error) => Code::Broken(error.into()),
                },
            };
            self.codes.push(code);
        }
        Ok(())
    }

    /// Whether no variable goes into the Rust code of this variant.
    pub fn no_inputs(&self, index: usize) -> bool {
        matches!(self.codes.get(index), Some(Code::Rust { no_inputs: true, .. }))
    }

    fn set_swept(&self, host: &mut dyn Host) -> Result<(), MagicError> {
        let (Some(sweep), Some(value)) = (&self.settings.sweep, self.value) else { return Ok(()) };
        let all = || self.sections.setups.iter().chain(&self.sections.variants);
        // Queries take their parameters from Rust.
        if all().any(|section| section.lang != Lang::Python) {
            self.order(&json!({}), host)?;
            host.eval_rust(&format!("let {}: usize = lab::measure::swept()?;", sweep.name))?;
        }
        let mut envs: Vec<Option<&str>> = Vec::new();
        for section in all().filter(|section| section.lang == Lang::Python) {
            if !envs.contains(&section.env.as_deref()) {
                envs.push(section.env.as_deref());
                host.ask_python(&python::sweep(&sweep.name, value), section.env.as_deref(), &mut |_| {})?;
            }
        }
        Ok(())
    }

    /// Runs a set-up section as if it stood in a cell above.
    fn set_up(&self, section: &Section, host: &mut dyn Host) -> Result<(), MagicError> {
        let lines = "\n".repeat(section.line.number);
        match section.lang {
            Lang::Rust => host.eval_rust(&format!("{lines}{}", section.body)).map(drop),
            Lang::Python => host.python(&format!("{lines}{}", section.body), section.env.as_deref()),
            Lang::Sql => {
                let (request, text, prepared) = self.request(section, host)?;
                host.status("setting up");
                host.sql(&request, &mut |_| {}).map(drop).map_err(|error| text.with_original_lines(error, &prepared))
            }
        }
    }

    /// What an SQL section asks, with its parameters and tables.
    fn request(&self, section: &Section, host: &mut dyn Host) -> Result<(SqlRequest, CellText, crate::sql_params::Prepared), MagicError> {
        let text = CellText::of_part(&self.cell, &section.body, section.line.number + 1);
        let prepared = prepare(&text.sql);
        let inputs = bind(&text, &prepared, host)?;
        let mut request = SqlRequest {
            engine: section.engine.clone(),
            sql: prepared.sql.clone(),
            params: inputs.params,
            tables: inputs.tables,
            timeout_s: Some(self.settings.timeout_s),
            ..SqlRequest::default()
        };
        if section.engine != "duckdb" {
            request.tables.extend(files_by_name(&request.sql));
        }
        Ok((request, text, prepared))
    }

    fn query(&self, section: &Section, host: &mut dyn Host) -> Result<SqlRequest, MagicError> {
        let (request, ..) = self.request(section, host)?;
        match changes_tables(&request.sql) {
            Some(word) => Err(MagicError::new("SqlError", format!("`{word}` cannot be repeated: each run would change the tables"))
                .hint("compare queries; put the rest into `%% setup sql`")),
            None => Ok(request),
        }
    }

    /// Where Rust code reads what to do.
    fn order(&self, order: &Value, host: &dyn Host) -> Result<(), MagicError> {
        let mut order = order.clone();
        if let Some(value) = self.value {
            order["value"] = json!(value);
        }
        let path = host.session_dir().join("round.json");
        std::fs::write(&path, order.to_string())
            .map_err(|error| MagicError::new("MeasureError", format!("{} cannot be written: {error}", path.display())))
    }

    /// Runs a variant.
    ///
    /// # Errors
    /// An interrupt, or no worker at all; what goes wrong with the variant itself is an `Ok(Err(…))`.
    pub fn run(&mut self, index: usize, task: Task, host: &mut dyn Host) -> Result<Result<Done, Failure>, MagicError> {
        let order = match task {
            Task::First => json!({"iterations": 1, "answer": answer_name(index)}),
            Task::WarmUp(seconds) => json!({"warm_s": seconds}),
            Task::Batch(iterations) => json!({"iterations": iterations}),
            Task::Memory => json!({"memory": true}),
        };
        let session = host.session_dir().to_owned();
        let mut heard = Heard::default();
        let outcome = match self.codes.get_mut(index) {
            None => return Ok(Err(MagicError::new("MeasureError", "this variant was not made ready").into())),
            Some(Code::Broken(failure)) => return Ok(Err(failure.clone())),
            Some(Code::Sql { request }) => return query(request, index, task, host),
            Some(Code::Rust { code, .. }) => {
                let code = std::mem::take(code);
                self.order(&order, host)?;
                let outcome = host.measure_rust(&code, &mut |event| heard.hear(&event, &session));
                if let Some(Code::Rust { code: place, .. }) = self.codes.get_mut(index) {
                    *place = code;
                }
                outcome.map(|outcome| heard.done.compile_s = outcome.compile_s).map_err(|error| hints::explain(error, "compare"))
            }
            Some(Code::Python { key, arguments, env, sent }) => {
                let mut all = json!({"key": key});
                if !*sent {
                    all["code"] = arguments.clone();
                    *sent = true;
                }
                all["order"] = order;
                host.measure_python(&python::round(&all), env.as_deref(), &mut |event| heard.hear(&event, &session))
            }
        };
        let outcome = heard.failed.take().map_or(outcome, Err);
        match outcome {
            Ok(()) if heard.took_time => Ok(Ok(heard.done)),
            Ok(()) => Ok(Err(MagicError::new("MeasureError", "the worker sent no time").hint("run the cell again").into())),
            Err(error) if is_interrupt(&error, host) => Err(MagicError::interrupted()),
            Err(error) => {
                if error.name == "WorkerDied" && self.sections.variants[index].lang == Lang::Rust {
                    self.revive(host)?;
                }
                Ok(Err(error.into()))
            }
        }
    }

    /// A fresh Rust worker, in which the cells that make variables have run again.
    ///
    /// # Errors
    /// One of these cells fails, an interrupt, no worker.
    pub fn fresh_process(&self, host: &mut dyn Host) -> Result<(), MagicError> {
        match host.restore()?.failed {
            None => Ok(()),
            Some((_, error)) if is_interrupt(&error, host) => Err(MagicError::interrupted()),
            Some((cell, error)) => {
                let message = format!("{cell} failed when it ran again in a fresh process: {}", error.message);
                Err(MagicError::new(error.name, message).hint("leave `--processes` out, or run that cell again first"))
            }
        }
    }

    /// Makes the variables again that a dead Rust worker has lost, so that the other variants can go on.
    fn revive(&self, host: &mut dyn Host) -> Result<(), MagicError> {
        host.status("making the variables again");
        host.restore()?;
        for section in self.sections.setups.iter().filter(|section| section.lang == Lang::Rust) {
            self.set_up(section, host)?;
        }
        Ok(())
    }

    /// Removes the stored values and lets Python forget the code; what cannot be removed goes with the session.
    pub fn forget(&self, host: &mut dyn Host) {
        for index in 0..self.codes.len() {
            if let Some(table) = shared_tables::find(host.session_dir(), &answer_name(index)) {
                let _ = shared_tables::remove(&table);
            }
            let _ = std::fs::remove_file(shared_tables::file(host.session_dir(), &answer_name(index)));
        }
    }

    /// The magic's call.
    pub fn call(&self) -> &Call {
        self.call
    }
}

fn answer_name(index: usize) -> String {
    format!("compare_answer_{index}")
}

/// Runs of a query, in the engine's own seconds where it tells them.
fn query(request: &SqlRequest, index: usize, task: Task, host: &mut dyn Host) -> Result<Result<Done, Failure>, MagicError> {
    let mut request = request.clone();
    let file = shared_tables::file(host.session_dir(), &answer_name(index));
    if task == Task::First {
        if let Some(folder) = file.parent() {
            let _ = std::fs::create_dir_all(folder);
        }
        request.out = Some(file.to_string_lossy().into_owned());
    }
    request.memory = task == Task::Memory;
    let (most, until_s) = match task {
        Task::First | Task::Memory => (1, 0.0),
        Task::Batch(iterations) => (iterations.min(MOST_QUERIES), f64::INFINITY),
        Task::WarmUp(seconds) => (1000, seconds),
    };
    let begin = Instant::now();
    let (mut total, mut runs, mut last): (f64, u64, Option<SqlReply>) = (0.0, 0, None);
    while runs < most && (runs == 0 || begin.elapsed().as_secs_f64() < until_s) {
        if host.is_cancelled() {
            return Err(MagicError::interrupted());
        }
        let started = Instant::now();
        let outcome = host.try_sql(&request, &mut |_| {})?;
        let wall_s = started.elapsed().as_secs_f64();
        match outcome {
            Ok(reply) => {
                let parts = told(&reply.phases);
                let seconds = if parts.is_empty() { wall_s } else { parts.iter().map(|(_, seconds)| seconds).sum() };
                // A warm-up counts its last run only.
                (total, runs) = if until_s.is_finite() { (seconds * (runs + 1) as f64, runs + 1) } else { (total + seconds, runs + 1) };
                last = Some(reply);
            }
            Err(failure) if failure.class == class::INTERRUPTED => return Err(MagicError::interrupted()),
            Err(failure) => {
                return Ok(Err(Failure { status: Status::of(&failure), error: sql_failure_error(&request.sql, &failure, 1) }));
            }
        }
    }
    let reply = last.unwrap_or_default();
    let ordered = crate::sql_dialect::parse(&request.sql).is_ok_and(|query| crate::sql_dialect::is_ordered(&query));
    let answer = match task {
        Task::First if reply.has_rows => Answer::Table { path: file.to_string_lossy().into_owned(), ordered },
        Task::First => Answer::Nothing("the statement returns no rows".into()),
        _ => Answer::NotTaken,
    };
    Ok(Ok(Done {
        s: total / runs.max(1) as f64,
        answer,
        rows: Some(reply.row_count),
        threads: (reply.threads > 0).then_some(reply.threads),
        engine_version: reply.engine_version,
        peak_rss_bytes: reply.peak_rss_bytes,
        phases: Some(reply.phases),
        ..Done::default()
    }))
}

impl Task {
    /// Iterations that a batch of SQL really has.
    pub fn queries(iterations: u64) -> u64 {
        iterations.min(MOST_QUERIES)
    }
}
