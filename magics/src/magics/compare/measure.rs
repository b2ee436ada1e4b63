//! First runs, the comparison of values, warm-up, choice of the batch, rounds in random order.

use std::time::Instant;

use super::gate::{self, Gate};
use super::parse::Lang;
use super::runner::{Failure, Runner, Task, first_line};
use super::settings::Settings;
use super::variant::Variant;
use crate::error::MagicError;
use crate::host::Host;
use crate::live::Live;
use crate::machine::{LoadReading, LoadSpan, Machine};
use crate::stats::Noise;
use crate::stats::bootstrap::{Rng, SEED};
use crate::stats::verdict::{self, Against};

/// Rounds when the budget allows any number.
const MOST_ROUNDS: usize = 101;
/// From here on the rounds may end once all ratios are known to [`PRECISE`].
const EARLY: usize = 30;
const PRECISE: f64 = 0.004;
/// Length of a batch in seconds: all variants have the same, but those whose single run is longer.
const BATCH_S: (f64, f64) = (1e-3, 10e-3);
/// Longest warm-up of one variant.
const WARM_UP_S: f64 = 0.3;
/// What one round of one variant costs beside its batch, in seconds.
const TRIP_S: f64 = 3e-3;

/// Everything that was found out.
#[derive(Debug, Clone)]
pub struct Measured {
    pub variants: Vec<Variant>,
    pub gate: Gate,
    pub load: LoadSpan,
    /// Decides the order within the rounds.
    pub seed: u64,
    pub rounds: usize,
    /// Rounds of each fresh process, one after another.
    pub processes: Vec<usize>,
    pub batch_s: f64,
    /// Rounds ended because all ratios were known.
    pub stopped_early: bool,
    pub interrupted: bool,
    /// Index of the baseline, and each variant against it; none when nothing may be ranked.
    pub baseline: Option<usize>,
    pub against: Vec<Option<Against>>,
}

impl Measured {
    /// One verdict over all variants that were timed.
    pub fn noise(&self) -> Option<Noise> {
        let judged: Vec<Noise> = self
            .variants
            .iter()
            .filter(|variant| variant.is_timed())
            .filter_map(|variant| {
                let around = self.load.surroundings(
                    Machine::read().available_cpus,
                    (variant.section.lang != Lang::Sql).then_some(variant.involuntary_switches),
                );
                Some(Noise::judge(&variant.samples, &variant.summary()?, &around))
            })
            .collect();
        (!judged.is_empty()).then(|| Noise::worst(judged))
    }
}

/// Runs everything; an interrupt ends it early and is told in the answer.
///
/// # Errors
/// No worker at all.
pub fn measure(
    runner: &mut Runner<'_>,
    settings: &Settings,
    variants: Vec<Variant>,
    budget_s: f64,
    host: &mut dyn Host,
) -> Result<Measured, MagicError> {
    let count = variants.len();
    let measured = Measured {
        variants,
        gate: Gate::default(),
        load: LoadSpan { before: LoadReading::now(), ..LoadSpan::default() },
        seed: SEED,
        rounds: 0,
        processes: Vec::new(),
        batch_s: 0.0,
        stopped_early: false,
        interrupted: false,
        baseline: None,
        against: vec![None; count],
    };
    let live = runner.call().live.clone();
    let mut session = Session { measured, runner, settings, budget_s, host, live };
    let ended = session.all();
    let mut measured = session.measured;
    measured.load.after = LoadReading::now();
    match ended {
        Ok(()) => {}
        Err(error) if error.name == "Interrupted" => measured.interrupted = true,
        Err(error) => return Err(error),
    }
    // A round that was broken off is no round.
    let timed = || (0..count).filter(|i| measured.variants[*i].is_ok());
    measured.rounds = timed().map(|i| measured.variants[i].samples.len()).min().unwrap_or(0);
    for variant in &mut measured.variants {
        variant.samples.truncate(measured.rounds);
        variant.phases.truncate(measured.rounds);
    }
    // So does the process in which it was.
    let whole: usize = measured.processes.iter().sum();
    if measured.rounds > whole {
        measured.processes.push(measured.rounds - whole);
    }
    rank(&mut measured, settings);
    Ok(measured)
}

/// Compares with the baseline, unless values differ or are not known to be equal.
fn rank(measured: &mut Measured, settings: &Settings) {
    if settings.check && measured.gate.equal != Some(true) {
        return;
    }
    let timed: Vec<usize> = (0..measured.variants.len()).filter(|i| measured.variants[*i].is_timed()).collect();
    let Some(baseline) = timed.iter().copied().find(|i| *i == settings.baseline).or(timed.first().copied()) else { return };
    measured.baseline = Some(baseline);
    let others: Vec<usize> = timed.into_iter().filter(|i| *i != baseline).collect();
    let times: Vec<&[f64]> = others.iter().map(|i| measured.variants[*i].samples.as_slice()).collect();
    let judged = verdict::judge(&times, &measured.variants[baseline].samples, settings.delta, &measured.processes);
    for (i, judged) in others.into_iter().zip(judged) {
        measured.against[i] = judged;
    }
}

struct Session<'a, 'b> {
    measured: Measured,
    runner: &'a mut Runner<'b>,
    settings: &'a Settings,
    budget_s: f64,
    host: &'a mut dyn Host,
    live: Live,
}

impl Session<'_, '_> {
    fn all(&mut self) -> Result<(), MagicError> {
        self.first()?;
        if self.settings.check {
            self.measured.gate = gate::check(&mut self.measured.variants, self.settings, self.host)?;
        }
        if self.left().is_empty() || (self.left().len() < 2 && self.measured.gate.equal == Some(false)) {
            return Ok(());
        }
        // Compiling and first runs are no part of the budget.
        let begin = Instant::now();
        let per_run = self.warm_up()?;
        self.choose_batches(&per_run);
        self.rounds(&per_run, begin)?;
        for process in 1..self.settings.processes {
            let known = self.left().first().map_or(0, |i| self.measured.variants[*i].samples.len());
            self.measured.processes.push(known - self.measured.processes.iter().sum::<usize>());
            self.live.progress(&format!("process {} of {}", process + 1, self.settings.processes), 0.0);
            self.runner.fresh_process(self.host)?;
            let begin = Instant::now();
            let per_run = self.warm_up()?;
            self.rounds(&per_run, begin)?;
        }
        // Last: allocators give their reserve back for it, which the next run would pay for.
        if self.settings.memory {
            self.memory()?;
        }
        Ok(())
    }

    /// Seconds of measuring in one process.
    fn budget_s(&self) -> f64 {
        self.budget_s / self.settings.processes as f64
    }

    /// Indices of the variants that still take part.
    fn left(&self) -> Vec<usize> {
        (0..self.measured.variants.len()).filter(|i| self.measured.variants[*i].is_ok()).collect()
    }

    fn failed(&mut self, index: usize, failure: Failure) {
        let variant = &mut self.measured.variants[index];
        variant.fail(failure.status, first_line(&failure.error));
        variant.error = Some(failure.error);
    }

    /// Every variant once, in the order of the cell.
    fn first(&mut self) -> Result<(), MagicError> {
        let count = self.measured.variants.len();
        for index in self.left() {
            let doing = format!("{}: first run ({} of {count})", self.measured.variants[index].label(), index + 1);
            self.live.progress(&doing, index as f64 / count as f64);
            self.measured.variants[index].no_inputs = self.runner.no_inputs(index);
            match self.runner.run(index, Task::First, self.host)? {
                Ok(done) => {
                    let variant = &mut self.measured.variants[index];
                    variant.first_s = Some(done.s);
                    variant.compile_s = (done.compile_s > 0.0).then_some(done.compile_s);
                    variant.answer = done.answer;
                    variant.unit_result = done.unit_result;
                    variant.engine_version = done.engine_version;
                    variant.rows = done.rows;
                    variant.threads = done.threads;
                    variant.python = done.python;
                }
                Err(failure) => self.failed(index, failure),
            }
        }
        Ok(())
    }

    /// Warms each up; seconds of one run by variant.
    fn warm_up(&mut self) -> Result<Vec<f64>, MagicError> {
        let mut per_run: Vec<f64> = self.measured.variants.iter().map(|v| v.first_s.unwrap_or_default()).collect();
        let left = self.left();
        for index in left.iter().copied() {
            let allowed = WARM_UP_S.min(0.1 * self.budget_s() / left.len() as f64);
            let doing = format!("{}: warming up", self.measured.variants[index].label());
            self.live.progress(&doing, 0.0);
            match self.runner.run(index, Task::WarmUp(allowed), self.host)? {
                Ok(done) => per_run[index] = done.s,
                Err(failure) => self.failed(index, failure),
            }
        }
        Ok(per_run)
    }

    /// One run of each that is warm, for its peak of memory; it is no sample.
    fn memory(&mut self) -> Result<(), MagicError> {
        for index in self.left() {
            let doing = format!("{}: memory", self.measured.variants[index].label());
            self.live.progress(&doing, 0.0);
            match self.runner.run(index, Task::Memory, self.host)? {
                Ok(done) => self.measured.variants[index].peak_rss_bytes = done.peak_rss_bytes,
                Err(failure) => self.failed(index, failure),
            }
        }
        Ok(())
    }

    /// Batches of one length for all.
    fn choose_batches(&mut self, per_run: &[f64]) {
        let left = self.left();
        let batch_s = (self.budget_s / (EARLY * left.len().max(1)) as f64).clamp(BATCH_S.0, BATCH_S.1);
        self.measured.batch_s = batch_s;
        for index in left.iter().copied() {
            let iterations = (batch_s / per_run[index].max(1e-12)).ceil().clamp(1.0, 1e12) as u64;
            let variant = &mut self.measured.variants[index];
            variant.iterations = if variant.section.lang == Lang::Sql { Task::queries(iterations) } else { iterations };
        }
    }

    /// Every variant once per round, in random order.
    fn rounds(&mut self, per_run: &[f64], begin: Instant) -> Result<(), MagicError> {
        let left = self.left();
        let cost: f64 = left.iter().map(|i| self.measured.variants[*i].iterations as f64 * per_run[*i] + TRIP_S).sum();
        let spent = begin.elapsed().as_secs_f64();
        let affordable = ((self.budget_s() - spent) / cost.max(1e-6)).max(0.0) as usize;
        let rounds =
            self.settings.rounds.unwrap_or_else(|| affordable.clamp(verdict::fewest_rounds(left.len().saturating_sub(1)), MOST_ROUNDS));
        let mut rng = Rng::new(self.measured.seed + self.measured.processes.len() as u64);
        for round in 0..rounds {
            let mut order = self.left();
            for last in (1..order.len()).rev() {
                order.swap(last, rng.below(last + 1));
            }
            for (done, index) in order.iter().copied().enumerate() {
                if self.host.is_cancelled() {
                    return Err(MagicError::interrupted());
                }
                let doing = format!("round {} of {rounds}: {}", round + 1, self.measured.variants[index].label());
                self.live.progress(&doing, (round as f64 + done as f64 / order.len() as f64) / rounds as f64);
                let iterations = self.measured.variants[index].iterations;
                match self.runner.run(index, Task::Batch(iterations), self.host)? {
                    Ok(done) => {
                        let variant = &mut self.measured.variants[index];
                        variant.samples.push(done.s);
                        variant.involuntary_switches += done.involuntary_switches;
                        variant.phases.extend(done.phases);
                    }
                    Err(failure) => self.failed(index, failure),
                }
            }
            if self.settings.rounds.is_none() && self.is_enough(round + 1, begin) {
                break;
            }
        }
        Ok(())
    }

    /// Whether the rounds may end: all ratios are known, or the time is up. Never because of a verdict.
    fn is_enough(&mut self, rounds: usize, begin: Instant) -> bool {
        let left = self.left();
        // Whatever the budget: fewer rounds could not tell.
        if rounds >= verdict::fewest_rounds(left.len().saturating_sub(1)) && begin.elapsed().as_secs_f64() > 1.2 * self.budget_s() {
            return true;
        }
        let Some((first, others)) = left.split_first() else { return true };
        if rounds < EARLY || others.is_empty() || self.settings.processes > 1 {
            return false;
        }
        let baseline = if left.contains(&self.settings.baseline) { self.settings.baseline } else { *first };
        let times: Vec<&[f64]> = left.iter().filter(|i| **i != baseline).map(|i| self.measured.variants[*i].samples.as_slice()).collect();
        self.measured.stopped_early = verdict::is_precise(&times, &self.measured.variants[baseline].samples, PRECISE);
        self.measured.stopped_early
    }
}
