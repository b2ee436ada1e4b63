//! One variant: what became of it, and its times.

use super::super::sql::many::outcome::Status;
use super::parse::{Lang, Section};
use crate::error::MagicError;
use crate::measure::python::Interpreter;
use crate::sql_wire::Phases;
use crate::stats::Summary;

/// A variant's value, as far as it can be compared.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Answer {
    #[default]
    NotTaken,
    /// A file that the engine worker reads; whether the order of its rows means something.
    Table { path: String, ordered: bool },
    /// `Debug` text of Rust.
    Text(String),
    /// Why there is nothing to compare.
    Nothing(String),
}

/// One variant's runs.
#[derive(Debug, Clone)]
pub struct Variant {
    pub section: Section,
    pub status: Status,
    /// Why the status is not `ok`.
    pub reason: String,
    /// The whole error of a variant that failed.
    pub error: Option<MagicError>,
    pub answer: Answer,
    /// Seconds spent compiling; `None` when it was compiled before, or is not compiled.
    pub compile_s: Option<f64>,
    /// Seconds of the very first run.
    pub first_s: Option<f64>,
    /// Iterations per sample.
    pub iterations: u64,
    /// Seconds per iteration, one per round.
    pub samples: Vec<f64>,
    /// Of SQL, per round.
    pub phases: Vec<Phases>,
    pub engine_version: String,
    pub rows: Option<u64>,
    pub threads: Option<usize>,
    /// Bytes by which its process grew at most during one run, with `--memory`.
    pub peak_rss_bytes: Option<u64>,
    pub python: Option<Interpreter>,
    pub involuntary_switches: u64,
    /// The value carries no information.
    pub unit_result: bool,
    /// No variable goes into the Rust code.
    pub no_inputs: bool,
}

impl Variant {
    /// Before its first run.
    pub fn new(section: Section) -> Self {
        Self {
            section,
            status: Status::Ok,
            reason: String::new(),
            error: None,
            answer: Answer::NotTaken,
            compile_s: None,
            first_s: None,
            iterations: 1,
            samples: Vec::new(),
            phases: Vec::new(),
            engine_version: String::new(),
            rows: None,
            threads: None,
            peak_rss_bytes: None,
            python: None,
            involuntary_switches: 0,
            unit_result: false,
            no_inputs: false,
        }
    }

    pub fn label(&self) -> &str {
        &self.section.label
    }

    /// Whether it takes part in what comes next.
    pub fn is_ok(&self) -> bool {
        self.status == Status::Ok
    }

    /// Whether it can be ranked.
    pub fn is_timed(&self) -> bool {
        self.is_ok() && !self.samples.is_empty()
    }

    /// Takes it out.
    pub fn fail(&mut self, status: Status, reason: impl Into<String>) {
        self.status = status;
        self.reason = reason.into();
    }

    /// Status and reason in a line.
    pub fn gap(&self) -> String {
        if self.reason.is_empty() { self.status.words().to_owned() } else { format!("{}: {}", self.status.words(), self.reason) }
    }

    pub fn summary(&self) -> Option<Summary> {
        Summary::of(&self.samples)
    }

    /// Name of its colour and marker.
    pub fn look(&self) -> &str {
        if self.section.lang == Lang::Sql { &self.section.engine } else { self.section.lang.name() }
    }

    /// Language or engine with its version, for people.
    pub fn detail(&self) -> String {
        match self.section.lang {
            Lang::Rust => "Rust".into(),
            Lang::Python => self.python.as_ref().map_or_else(|| "Python".into(), |p| format!("{} {}", p.implementation, p.version)),
            Lang::Sql if !self.engine_version.is_empty() => self.engine_version.clone(),
            Lang::Sql => super::super::sql::engines::shown(&self.section.engine).to_owned(),
        }
    }
}
