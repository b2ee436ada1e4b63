//! The kernel, both in turns, and the count of intervals that cover.

use std::path::Path;
use std::process::Command;

use ::tests::bench::client::Client;
use ::tests::bench::kernel::{self, CELL, Running, Started};
use ::tests::bench::report::{self, Answers, Competitor};
use ::tests::prepared::without_cargo;
use anyhow::{Context as _, Result, ensure};
use magics::stats::bootstrap::Rng;
use magics::stats::quantile::median;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::criterion::Criterion;
use super::functions::Function;
use super::options::{Options, Part};

/// Who times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Ours,
    Criterion,
}

impl Competitor for Who {
    const OURS: Self = Self::Ours;
    const COLUMNS: &'static [Self] = &[Self::Criterion];

    fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Criterion => "criterion",
        }
    }
}

pub type Row = report::Row<Who, Part>;
type Limit = report::Limit<Who>;

/// How far the medians may lie apart.
const WITHIN: f64 = 0.03;

/// A running kernel; ended when dropped.
pub struct Kernel {
    pub version: String,
    client: Client,
    process: Running,
    /// Its cache: a run neither finds nor leaves cells in the user's.
    _scratch: TempDir,
}

/// What one `%%timeit` told.
struct Told {
    median_s: f64,
    ci_s: Option<(f64, f64)>,
    samples_s: Vec<f64>,
}

impl Kernel {
    /// Starts it and waits until it has greeted.
    ///
    /// # Errors
    /// When it ends, or is silent for too long.
    pub fn start(benchbook: &Path) -> Result<Self> {
        let scratch = tempfile::Builder::new().prefix("bench-timeit-").tempdir()?;
        let Started { client, process, .. } = kernel::start("ours", |file| {
            let mut command = Command::new(benchbook);
            without_cargo(&mut command);
            command.args(["kernel", "--connection-file"]).arg(file).env("XDG_CACHE_HOME", scratch.path());
            Ok(command)
        })?;
        Ok(Self { version: client.version.clone(), client, process, _scratch: scratch })
    }

    fn run(&mut self, code: &str) -> Result<::tests::bench::client::Answer> {
        let pending = self.client.begin(code)?;
        let answer = self.client.end(pending, CELL, |_| true).with_context(|| format!("cell:\n{code}\n{}", self.process.log()))?;
        ensure!(answer.errors.is_empty(), "a cell failed:\n{code}\n{}", answer.errors);
        Ok(answer)
    }

    /// Defines the function and its input; its result as text.
    fn define(&mut self, function: &Function) -> Result<String> {
        let Function { name, item, input, check, .. } = function;
        let answer = self.run(&format!("{item}\n{input}\nprintln!(\"{{:?}}\", {{ let result = {name}(&input); {check} }});"))?;
        Ok(answer.text.trim().to_owned())
    }

    fn time(&mut self, function: &Function, budget_s: f64) -> Result<Told> {
        let answer = self.run(&format!("%timeit --budget {budget_s}s {}(&input)", function.name))?;
        let object = answer.displays.iter().map(|display| &display["metadata"]["benchbook"]).find(|object| object.is_object());
        let variant = &object.context("`%%timeit` left no result")?["variants"][0];
        Ok(Told {
            median_s: variant["median_s"].as_f64().context("`%%timeit` told no median")?,
            ci_s: variant["ci_s"][0].as_f64().zip(variant["ci_s"][1].as_f64()),
            samples_s: variant["samples_s"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect(),
        })
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        self.client.shut_down();
    }
}

/// What came of the comparison.
pub struct Measured {
    pub rows: Vec<Row>,
    pub answers: Answers,
}

/// Times every function by both, who begins being drawn by lot.
///
/// # Errors
/// When the kernel or criterion fails.
pub fn in_turns(kernel: &mut Kernel, criterion: Option<&Criterion>, functions: &[Function], options: &Options) -> Result<Measured> {
    let mut answers = Answers::default();
    let theirs = criterion.map(Criterion::answers).transpose()?.unwrap_or_default();
    let mut rows = Vec::new();
    let mut rng = Rng::new(42);
    for function in functions {
        let got = kernel.define(function)?;
        ensure!(!got.is_empty(), "`{}` has no result", function.name);
        if criterion.is_some() {
            let wanted = theirs.iter().find(|(name, _)| name == function.name).map_or("", |(_, value)| value);
            if !answers.check(Who::Ours, function.name, got == wanted, &format!("{got}, and in criterion's crate {wanted}")) {
                continue;
            }
        }
        let mut row = Row::new(Part::Functions, format!("{}: {}", function.name, function.about));
        if criterion.is_some() {
            row = row.target(Limit::Within(Who::Criterion, WITHIN));
        }
        for round in 0..options.rounds {
            eprintln!("{}: round {} of {}", function.name, round + 1, options.rounds);
            let mut order = [Who::Ours, Who::Criterion];
            if rng.below(2) == 1 {
                order.swap(0, 1);
            }
            for who in order {
                match (who, criterion) {
                    (Who::Ours, _) => row.push(who, kernel.time(function, options.budget_s)?.median_s),
                    (Who::Criterion, Some(criterion)) => row.push(who, criterion.time(function, options.budget_s)?.median_s),
                    (Who::Criterion, None) => {}
                }
            }
        }
        rows.push(row);
    }
    Ok(Measured { rows, answers })
}

/// How many intervals held the median of all samples.
pub struct Coverage {
    function: &'static str,
    budget_s: f64,
    times: usize,
    covered: usize,
    /// Median of all samples of all measurements.
    truth_s: f64,
    medians_s: Vec<f64>,
    intervals_s: Vec<Option<(f64, f64)>>,
}

/// Times one function again and again.
///
/// # Errors
/// When the kernel fails.
pub fn coverage(kernel: &mut Kernel, function: &Function, times: usize, budget_s: f64) -> Result<Coverage> {
    kernel.define(function)?;
    let mut told = Vec::with_capacity(times);
    for done in 0..times {
        if done % 20 == 0 {
            eprintln!("{}: {done} of {times}", function.name);
        }
        told.push(kernel.time(function, budget_s)?);
    }
    let all: Vec<f64> = told.iter().flat_map(|told| told.samples_s.iter().copied()).collect();
    let truth_s = median(&all);
    let covered = told.iter().filter(|told| told.ci_s.is_some_and(|(low, high)| low <= truth_s && truth_s <= high)).count();
    Ok(Coverage {
        function: function.name,
        budget_s,
        times,
        covered,
        truth_s,
        medians_s: told.iter().map(|told| told.median_s).collect(),
        intervals_s: told.iter().map(|told| told.ci_s).collect(),
    })
}

impl Coverage {
    fn share(&self) -> f64 {
        self.covered as f64 / self.times as f64
    }

    /// Whether it is what a 95 % interval promises, with room for chance and for a machine that is never still.
    pub fn holds(&self) -> bool {
        (0.90..=0.99).contains(&self.share())
    }

    pub fn text(&self) -> String {
        format!(
            "`%%timeit` of {}, {} times {} s: {} of {} intervals ({:.1} %) hold the median of all samples, {:.4e} s; target 90 to 99 %: {}\n",
            self.function,
            self.times,
            self.budget_s,
            self.covered,
            self.times,
            100.0 * self.share(),
            self.truth_s,
            if self.holds() { "holds" } else { "MISSED" },
        )
    }

    pub fn json(&self) -> Value {
        json!({
            "schema": 1,
            "benchmark": "timeit coverage",
            "function": self.function,
            "times": self.times,
            "budget_s": self.budget_s,
            "covered": self.covered,
            "share": self.share(),
            "median_s": self.truth_s,
            "medians_s": self.medians_s,
            "intervals_s": self.intervals_s.iter().map(|ci| ci.map(|(low, high)| [low, high])).collect::<Vec<_>>(),
        })
    }
}
