//! A cold run of each engine, the comparison of answers, warm rounds in random order.

use std::time::Instant;

use super::super::engines::shown;
use super::outcome::{EngineRun, Status, told};
use super::prepare::{Query, answer, not_asked};
use super::settings::Settings;
use crate::error::MagicError;
use crate::host::Host;
use crate::live::Live;
use crate::machine::{LoadReading, LoadSpan, Machine};
use crate::sql_wire::{CompareRequest, Comparison, SqlReply, SqlRequest};
use crate::stats::Noise;
use crate::stats::bootstrap::{Rng, SEED};

/// A failure after which the worker has lost what it had loaded.
const DIED: &str = "Worker Died";

/// Everything that was found out.
pub struct Measured {
    /// In the order of `--engines`.
    pub runs: Vec<EngineRun>,
    /// The engine whose answer the others were compared with.
    pub reference: Option<usize>,
    /// Whether all answers are alike; `None` when there was nothing to compare.
    pub equal: Option<bool>,
    /// Whether the order of rows was compared.
    pub ordered: bool,
    /// What differs, by engine.
    pub differences: Vec<(usize, Comparison)>,
    pub load: LoadSpan,
    /// Decides the order within the rounds.
    pub seed: u64,
    pub interrupted: bool,
}

impl Measured {
    /// One verdict over all engines that were timed.
    pub fn noise(&self) -> Option<Noise> {
        let around = self.load.surroundings(Machine::read().available_cpus, None);
        let timed = self.runs.iter().filter(|run| run.is_ok());
        let judged: Vec<Noise> = timed.filter_map(|run| Some(Noise::judge(&run.samples, &run.summary()?, &around))).collect();
        (!judged.is_empty()).then(|| Noise::worst(judged))
    }
}

/// Runs everything; an interrupt ends it early and is told in the answer.
///
/// # Errors
/// No worker at all, answers that cannot be compared.
pub fn measure(query: &Query, settings: &Settings, host: &mut dyn Host, live: &Live) -> Result<Measured, MagicError> {
    let runs = query.asked.iter().map(|asked| {
        let mut run = EngineRun {
            engine: asked.engine.clone(),
            name: shown(&asked.engine).to_owned(),
            sql: asked.sql.clone().unwrap_or_default(),
            translated: asked.translated,
            status: Status::Ok,
            reason: String::new(),
            cold: None,
            samples: Vec::new(),
            phases: Vec::new(),
        };
        if let Err(why) = &asked.sql {
            run.fail(Status::Error, not_asked(&asked.engine, why));
        }
        run
    });
    let mut measured = Measured {
        runs: runs.collect(),
        reference: None,
        equal: None,
        ordered: query.ordered,
        differences: Vec::new(),
        load: LoadSpan { before: LoadReading::now(), ..LoadSpan::default() },
        seed: SEED,
        interrupted: false,
    };
    let mut session = Session { query, settings, host, live };
    let ended = session.all(&mut measured);
    measured.load.after = LoadReading::now();
    match ended {
        Ok(()) => Ok(measured),
        Err(error) if error.name == "Interrupted" => Ok(Measured { interrupted: true, ..measured }),
        Err(error) => Err(error),
    }
}

struct Session<'a> {
    query: &'a Query,
    settings: &'a Settings,
    host: &'a mut dyn Host,
    live: &'a Live,
}

impl Session<'_> {
    fn all(&mut self, measured: &mut Measured) -> Result<(), MagicError> {
        self.cold(measured)?;
        self.compare(measured)?;
        self.warm(measured)
    }

    fn cold(&mut self, measured: &mut Measured) -> Result<(), MagicError> {
        let count = measured.runs.len();
        for (i, run) in measured.runs.iter_mut().enumerate() {
            if !run.is_ok() {
                continue;
            }
            let out = answer(&run.engine, self.host.session_dir()).to_string_lossy().into_owned();
            let request = SqlRequest { cold: true, out: Some(out), limit: self.settings.limit, ..self.request(&run.engine, &run.sql) };
            let doing = format!("{}: cold run ({} of {count})", run.name, i + 1);
            if let Some((reply, seconds)) = self.once(run, &request, &doing, i as f64 / count as f64)? {
                run.cold = Some((reply, seconds));
            }
        }
        Ok(())
    }

    /// Compares the answers; engines that differ are out.
    fn compare(&mut self, measured: &mut Measured) -> Result<(), MagicError> {
        let answered: Vec<usize> = (0..measured.runs.len()).filter(|i| measured.runs[*i].is_ok()).collect();
        let wanted = self.settings.baseline.as_deref().unwrap_or("duckdb");
        let preferred = answered.iter().copied().find(|i| measured.runs[*i].engine == wanted);
        measured.reference = preferred.or(answered.first().copied());
        let Some(reference) = measured.reference.filter(|_| answered.len() > 1) else { return Ok(()) };
        self.live.status("comparing the answers");
        let others: Vec<usize> = answered.into_iter().filter(|i| *i != reference).collect();
        let files = std::iter::once(reference).chain(others.iter().copied());
        let path = |i: usize| answer(&measured.runs[i].engine, self.host.session_dir()).to_string_lossy().into_owned();
        let request = CompareRequest { files: files.map(path).collect(), ordered: self.query.ordered, tolerance: self.settings.tolerance };
        let comparisons = self.host.compare(&request)?;
        measured.equal = Some(comparisons.iter().all(|comparison| comparison.equal));
        let name = measured.runs[reference].name.clone();
        for (i, comparison) in others.into_iter().zip(comparisons) {
            if !comparison.equal {
                measured.runs[i].fail(Status::Wrong, format!("not {name}'s: {}", comparison.reason));
                measured.differences.push((i, comparison));
            }
        }
        Ok(())
    }

    /// Every engine once per round, in random order.
    fn warm(&mut self, measured: &mut Measured) -> Result<(), MagicError> {
        let mut rng = Rng::new(measured.seed);
        let rounds = self.settings.rounds;
        for round in 0..rounds {
            let mut order: Vec<usize> = (0..measured.runs.len()).filter(|i| measured.runs[*i].is_ok()).collect();
            for last in (1..order.len()).rev() {
                order.swap(last, rng.below(last + 1));
            }
            let share = |done: usize| (round as f64 + done as f64 / order.len().max(1) as f64) / rounds as f64;
            for (done, i) in order.iter().copied().enumerate() {
                if self.host.is_cancelled() {
                    return Err(MagicError::interrupted());
                }
                let run = &mut measured.runs[i];
                let doing = format!("round {} of {rounds}: {}", round + 1, run.name);
                let request = self.request(&run.engine, &run.sql);
                match self.once(run, &request, &doing, share(done))? {
                    Some((reply, seconds)) => {
                        run.samples.push(seconds);
                        run.phases.push(reply.phases);
                    }
                    None if run.reason.starts_with(DIED) => self.warm_up(measured)?,
                    None => {}
                }
            }
        }
        Ok(())
    }

    /// One run that is not counted, of each engine that is left: a fresh worker has nothing loaded.
    fn warm_up(&mut self, measured: &mut Measured) -> Result<(), MagicError> {
        for run in measured.runs.iter_mut().filter(|run| run.is_ok()) {
            let request = self.request(&run.engine, &run.sql);
            let doing = format!("{}: loading again, the worker had ended", run.name);
            self.once(run, &request, &doing, 0.0)?;
        }
        Ok(())
    }

    fn request(&self, engine: &str, sql: &str) -> SqlRequest {
        SqlRequest { engine: engine.to_owned(), sql: sql.to_owned(), connect: self.settings.address(engine), ..self.query.request.clone() }
    }

    /// One run and its seconds; a failure takes the engine out. The clock on our side serves when the engine tells no times.
    fn once(&mut self, run: &mut EngineRun, request: &SqlRequest, doing: &str, share: f64) -> Result<Option<(SqlReply, f64)>, MagicError> {
        self.live.progress(doing, share);
        let started = Instant::now();
        let live = self.live.clone();
        let outcome = self.host.try_sql(request, &mut |_| live.progress(doing, share))?;
        let wall_s = started.elapsed().as_secs_f64();
        match outcome {
            Ok(reply) => {
                let parts = told(&reply.phases);
                let seconds = if parts.is_empty() { wall_s } else { parts.iter().map(|(_, seconds)| seconds).sum() };
                Ok(Some((reply, seconds)))
            }
            Err(failure) if failure.class == crate::sql_wire::class::INTERRUPTED => Err(MagicError::interrupted()),
            Err(failure) => {
                run.failed(&failure);
                Ok(None)
            }
        }
    }
}
