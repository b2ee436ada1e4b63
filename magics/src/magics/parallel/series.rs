//! The sections of a cell as series: what each runs, and one sample of it.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::charts::speedup::{PROCESSES, THREADS, Workers};
use crate::error::MagicError;
use crate::host::Host;
use crate::magics::sql::engines::{ENGINES, shown};
use crate::magics::sql::once::Once;
use crate::magics::sql::query::Query;
use crate::magics::sql::repeat::changes_tables;
use crate::measure::codegen::Wrap;
use crate::measure::python::{self, Interpreter};
use crate::measure::{hints, names};
use crate::nearest::suggestion;
use crate::registry::Call;
use crate::sections::{Section, Split};
use crate::sql_error::sql_failure_error;
use crate::sql_wire::{SqlFailure, SqlRequest, class};
use crate::stats::scaling::Sweep;

/// Seconds that one sample takes at least, as in the measuring loops of Rust.
const SAMPLE_S: f64 = 50e-3;

/// One series.
pub struct Series {
    pub label: String,
    pub lang: &'static str,
    pub engine: Option<String>,
    pub workers: Workers,
    /// Runs with one worker only: what parallel code is held against.
    pub sequential: bool,
    pub body: String,
    runs: Runs,
    /// By count; sample i is of round i.
    pub sweeps: Vec<Sweep>,
    /// Why it is out.
    pub gap: Option<Gap>,
    /// Seconds that starting workers took.
    pub start_s: Option<f64>,
    /// Engine or interpreter with its version.
    pub version: Option<String>,
    pub interpreter: Option<Interpreter>,
    /// Threads that an engine used instead of those it was told.
    pub other_threads: Option<usize>,
    repeats: u64,
}

/// Why a series has no more samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// As in a result object.
    pub status: &'static str,
    pub reason: String,
}

enum Runs {
    Rust { code: String, job: PathBuf },
    Python { env: Option<String>, key: String, begin: String },
    Sql(Box<Query>),
}

/// Makes the series of a cell; nothing runs yet.
///
/// # Errors
/// Headers that say what a series does not know, two series of one name.
pub fn all(call: &Call, split: &Split, counts: &[usize], host: &mut dyn Host) -> Result<Vec<Series>, MagicError> {
    if !split.before.trim().is_empty() || !call.rest.trim().is_empty() {
        let hint = "put it into a cell above: every section sees the variables and tables of the notebook".to_owned();
        return Err(MagicError::usage("there is code before the first section, which belongs to none").hint(hint));
    }
    let mut series: Vec<Series> = Vec::new();
    for (index, section) in split.sections.iter().enumerate() {
        let mut one = Series::of(call, section, index, counts, host)?;
        if series.iter().any(|known| known.label == one.label) {
            if section.value("label").is_some() {
                let hint = "give each section a name of its own".to_owned();
                return Err(section.error("label", format!("two sections are called `{}`", one.label), hint));
            }
            let same = series.iter().filter(|known| known.label.starts_with(&one.label)).count();
            one.label = format!("{} {}", one.label, same + 1);
        }
        series.push(one);
    }
    if series.iter().all(|series| series.sequential) {
        return Err(MagicError::usage("all sections are `sequential`: there is nothing to spread over threads")
            .hint("take the word from one of them"));
    }
    Ok(series)
}

impl Series {
    fn of(call: &Call, section: &Section, index: usize, counts: &[usize], host: &mut dyn Host) -> Result<Self, MagicError> {
        let keys: &[&str] = match section.lang {
            "python" => &["label", "backend", "env"],
            "sql" => &["label", "engine", "connect"],
            _ => &["label"],
        };
        section.check(keys, &["sequential"])?;
        let sequential = section.flag("sequential");
        let counts = if sequential { &[1][..] } else { counts };
        let mut series = Self {
            label: String::new(),
            lang: section.lang,
            engine: None,
            workers: THREADS,
            sequential,
            body: section.body.clone(),
            runs: Runs::Rust { code: String::new(), job: PathBuf::new() },
            sweeps: counts.iter().map(|count| Sweep { threads: *count, samples: Vec::new() }).collect(),
            gap: None,
            start_s: None,
            version: None,
            interpreter: None,
            other_threads: None,
            repeats: 1,
        };
        let name = match section.lang {
            "python" => {
                let backend = section.value("backend").unwrap_or(THREADS.many);
                series.workers = *[THREADS, PROCESSES].iter().find(|workers| workers.many == backend).ok_or_else(|| {
                    section.error(
                        "backend",
                        format!("`{backend}` runs no Python"),
                        "it takes `backend=threads` or `backend=processes`".into(),
                    )
                })?;
                let env = section.value("env").map(str::to_owned);
                let key = format!("section {index}");
                let begin = python::series_begin(call, &key, (&section.body, section.body_line), counts, backend);
                series.runs = Runs::Python { env, key, begin };
                if sequential { "Python".to_owned() } else { format!("Python {backend}") }
            }
            "sql" => {
                let engine = section.value("engine").unwrap_or("duckdb");
                if !ENGINES.contains(&engine) {
                    let near = suggestion(engine, ENGINES.iter().copied()).unwrap_or_default();
                    return Err(section.error(
                        "engine",
                        format!("there is no engine `{engine}`"),
                        format!("{near} It takes {}", ENGINES.join(", ")).trim().into(),
                    ));
                }
                if let Some(word) = changes_tables(&section.body) {
                    let hint = "time a SELECT, or a CREATE OR REPLACE TABLE … AS".to_owned();
                    return Err(section.error("", format!("`{word}` cannot be repeated: each run would change the tables"), hint));
                }
                let mut query = Query::bound(call, &section.body, (section.body_line, 0), engine, host)?;
                query.request.connect = section.value("connect").map(str::to_owned);
                series.runs = Runs::Sql(Box::new(query));
                series.engine = Some(engine.to_owned());
                shown(engine).to_owned()
            }
            _ => {
                let variables = host.variables();
                let inputs = names::inputs(&section.body, &[], &variables);
                let job = host.session_dir().join("parallel_job.json");
                let config = json!({"job": job.to_string_lossy()});
                let code = Wrap { body: &section.body, setup: "", inputs: &inputs, config }.parallel_once();
                series.runs = Runs::Rust { code, job };
                "Rust".to_owned()
            }
        };
        let name = if sequential { format!("{name}, sequential") } else { name };
        series.label = section.value("label").map_or(name, str::to_owned);
        Ok(series)
    }

    /// Whether it still takes part.
    pub fn is_in(&self) -> bool {
        self.gap.is_none()
    }

    /// Runs it for the first time with one worker, and chooses how often it runs in a sample.
    ///
    /// # Errors
    /// Code that does not compile or fails, an interrupt. An engine that is not there or fails is a gap.
    pub fn prepare(&mut self, call: &Call, host: &mut dyn Host) -> Result<(), MagicError> {
        let doing = format!("preparing {}", self.label);
        match &self.runs {
            Runs::Rust { code, job } => {
                host.status("compiling");
                let told = rust_sample(code, job, &json!({"threads": 1}), host).map_err(|error| hints::explain(error, "parallel"))?;
                self.repeats = told["repeats"].as_u64().unwrap_or(1);
            }
            Runs::Python { env, begin, .. } => {
                let collected = python::run(host, call, env.as_deref(), begin, &doing)?;
                self.start_s = collected.number("start_s");
                self.version = collected.python.as_ref().map(Interpreter::text);
                self.interpreter = collected.python;
            }
            Runs::Sql(query) => {
                let request = SqlRequest { threads: Some(1), ..query.request.clone() };
                // The first run loads; the second tells how long it takes.
                for _ in 0..2 {
                    call.live.status(&doing);
                    match sql_once(&request, host)? {
                        Ok(once) => {
                            self.repeats = (SAMPLE_S / once.seconds().max(1e-9)).ceil().clamp(1.0, 1e4) as u64;
                            self.version = Some(once.reply.engine_version).filter(|version| !version.is_empty());
                        }
                        Err(failure) => {
                            let Some(gap) = gap_of(&failure) else {
                                return Err(query.in_cell(sql_failure_error(&request.sql, &failure, 1)));
                            };
                            self.gap = Some(gap);
                            return Ok(());
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Takes one sample with `count` workers.
    ///
    /// # Errors
    /// An interrupt. Whatever else goes wrong takes the series out.
    pub fn sample(&mut self, call: &Call, count: usize, doing: &str, host: &mut dyn Host) -> Result<(), MagicError> {
        let taken = match &self.runs {
            Runs::Rust { code, job } => {
                rust_sample(code, job, &json!({"threads": count, "repeats": self.repeats}), host).map(|told| told["s"].as_f64())
            }
            Runs::Python { env, key, .. } => python::run(host, call, env.as_deref(), &python::series_take(key, count), doing)
                .map(|collected| collected.samples.first().and_then(|sample| sample["s"].as_f64())),
            Runs::Sql(query) => {
                let request = SqlRequest { threads: Some(count), ..query.request.clone() };
                match sql_sample(&request, self.repeats, host)? {
                    Ok((seconds, threads)) => {
                        if threads > 0 && threads != count {
                            self.other_threads = Some(threads);
                        }
                        Ok(Some(seconds))
                    }
                    Err(failure) => {
                        let other = Gap { status: "error", reason: first_line(&failure.message) };
                        self.gap = Some(gap_of(&failure).unwrap_or(other));
                        return Ok(());
                    }
                }
            }
        };
        match taken {
            Ok(Some(seconds)) => {
                if let Some(sweep) = self.sweeps.iter_mut().find(|sweep| sweep.threads == count) {
                    sweep.samples.push(seconds);
                }
                Ok(())
            }
            Ok(None) => Err(MagicError::new("MeasureError", format!("`{}` told no time", self.label)).hint("run the cell again")),
            Err(error) if error.name == "Interrupted" || host.is_cancelled() => Err(MagicError::interrupted()),
            Err(error) => {
                self.gap = Some(Gap { status: "error", reason: format!("{}: {}", error.name, first_line(&error.message)) });
                Ok(())
            }
        }
    }

    /// The interpreter whose workers must be ended, if there is one.
    pub fn python_env(&self) -> Option<Option<&str>> {
        match &self.runs {
            Runs::Python { env, .. } => Some(env.as_deref()),
            _ => None,
        }
    }
}

/// Writes the job and runs the code, which reads it; what the sample told.
fn rust_sample(code: &str, job: &PathBuf, what: &Value, host: &mut dyn Host) -> Result<Value, MagicError> {
    std::fs::write(job, what.to_string()).map_err(|error| {
        MagicError::new("MeasureError", format!("the session's folder cannot be written to: {error}")).hint("`%doctor` checks it")
    })?;
    let mut told = Value::Null;
    host.measure_rust(code, &mut |event| {
        if event.kind == "sample" {
            told = event.data;
        }
    })?;
    Ok(told)
}

fn sql_once(request: &SqlRequest, host: &mut dyn Host) -> Result<Result<Once, SqlFailure>, MagicError> {
    let started = std::time::Instant::now();
    match host.try_sql(request, &mut |_| {})? {
        Ok(reply) => Ok(Ok(Once { reply, wall_s: started.elapsed().as_secs_f64() })),
        Err(failure) if failure.class == class::INTERRUPTED => Err(MagicError::interrupted()),
        Err(failure) => Ok(Err(failure)),
    }
}

/// Seconds per run after one that is not counted, and the threads that were used. A run that had to open or to start a process is
/// not counted either.
fn sql_sample(request: &SqlRequest, repeats: u64, host: &mut dyn Host) -> Result<Result<(f64, usize), SqlFailure>, MagicError> {
    for _ in 0..2 {
        match sql_once(request, host)? {
            Ok(once) if once.reply.phases.open.is_none() => break,
            Ok(_) => {}
            Err(failure) => return Ok(Err(failure)),
        }
    }
    let (mut total, mut threads) = (0.0, 0);
    for _ in 0..repeats {
        match sql_once(request, host)? {
            Ok(once) => {
                total += once.seconds();
                threads = once.reply.threads;
            }
            Err(failure) => return Ok(Err(failure)),
        }
    }
    Ok(Ok((total / repeats as f64, threads)))
}

/// A failure that is no mistake in the query, as a gap.
fn gap_of(failure: &SqlFailure) -> Option<Gap> {
    let status = match failure.class.as_str() {
        class::UNAVAILABLE => "unavailable",
        class::TIMEOUT => "timeout",
        class::OUT_OF_MEMORY => "out_of_memory",
        _ => return None,
    };
    Some(Gap { status, reason: first_line(&failure.message) })
}

fn first_line(text: &str) -> String {
    text.trim().lines().next().unwrap_or("no message").to_owned()
}
