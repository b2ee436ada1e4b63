//! What became of one engine.

use crate::sql_wire::{Phases, SqlFailure, SqlReply, class};
use crate::stats::{Summary, quantile};

/// As in the result object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Ok,
    Unavailable,
    Timeout,
    OutOfMemory,
    Error,
    Wrong,
}

impl Status {
    /// `ok`, `unavailable`, …
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::OutOfMemory => "out_of_memory",
            Self::Error => "error",
            Self::Wrong => "wrong",
        }
    }

    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unavailable => "not available here",
            Self::Timeout => "stopped: took too long",
            Self::OutOfMemory => "out of memory",
            Self::Error => "failed",
            Self::Wrong => "another answer",
        }
    }

    /// Of a failure's class.
    pub fn of(failure: &SqlFailure) -> Self {
        match failure.class.as_str() {
            class::UNAVAILABLE => Self::Unavailable,
            class::TIMEOUT => Self::Timeout,
            class::OUT_OF_MEMORY => Self::OutOfMemory,
            _ => Self::Error,
        }
    }
}

/// One engine's runs.
#[derive(Debug, Clone)]
pub struct EngineRun {
    /// As in `--engines`.
    pub engine: String,
    /// As people write it.
    pub name: String,
    /// What it was asked; empty when the query was refused.
    pub sql: String,
    /// Whether that was put into the engine's own dialect.
    pub translated: bool,
    pub status: Status,
    /// Why the status is not `ok`.
    pub reason: String,
    /// The first run and its seconds.
    pub cold: Option<(SqlReply, f64)>,
    /// Seconds of each counted run, one per round.
    pub samples: Vec<f64>,
    pub phases: Vec<Phases>,
}

impl EngineRun {
    /// Whether it takes part in what comes next.
    pub fn is_ok(&self) -> bool {
        self.status == Status::Ok
    }

    /// Takes it out.
    pub fn fail(&mut self, status: Status, reason: impl Into<String>) {
        self.status = status;
        self.reason = reason.into();
    }

    /// Takes it out for a failure of the engine.
    pub fn failed(&mut self, failure: &SqlFailure) {
        let status = Status::of(failure);
        let first = failure.message.trim().lines().next().unwrap_or("no message");
        let reason = match status {
            Status::Error if !failure.class.is_empty() => format!("{}: {first}", failure.class),
            _ => first.to_owned(),
        };
        self.fail(status, reason);
    }

    /// Status and reason in a line.
    pub fn gap(&self) -> String {
        if self.reason.is_empty() { self.status.words().to_owned() } else { format!("{}: {}", self.status.words(), self.reason) }
    }

    /// Statistics of the counted runs.
    pub fn summary(&self) -> Option<Summary> {
        Summary::of(&self.samples)
    }

    /// Median of each phase over the counted runs.
    pub fn warm_phases(&self) -> Phases {
        medians(&self.phases)
    }
}

/// Median of each phase.
pub fn medians(phases: &[Phases]) -> Phases {
    let median = |phase: fn(&Phases) -> Option<f64>| {
        let known: Vec<f64> = phases.iter().filter_map(phase).collect();
        (!known.is_empty()).then(|| quantile::median(&known))
    };
    Phases {
        open: median(|p| p.open),
        load: median(|p| p.load),
        plan: median(|p| p.plan),
        execute: median(|p| p.execute),
        fetch: median(|p| p.fetch),
    }
}

/// The phases' names and seconds, in the order in which they happen.
pub fn told(phases: &Phases) -> Vec<(&'static str, f64)> {
    let all = [("open", phases.open), ("load", phases.load), ("plan", phases.plan), ("execute", phases.execute), ("fetch", phases.fetch)];
    all.into_iter().filter_map(|(name, seconds)| Some((name, seconds?))).collect()
}
