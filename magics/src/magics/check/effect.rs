//! Two pieces of code, measured in turn: one round of each, in random order, many times.

use super::ask::Ground;
use super::sections::Code;
use crate::error::MagicError;
use crate::host::Host;
use crate::machine::{LoadReading, LoadSpan, Machine};
use crate::stats::bootstrap::{Rng, SEED};
use crate::stats::noise::Level;
use crate::stats::{Noise, Summary};
use std::time::Instant;

/// Rounds unless the header says otherwise.
const ROUNDS: usize = 15;
/// Slow code gets fewer rounds, but never less than this.
const FEWEST: usize = 7;
/// About how long the rounds may take, in seconds.
const BUDGET_S: f64 = 20.0;

/// Seconds per iteration of both, round by round.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rounds {
    pub baseline: Vec<f64>,
    pub solution: Vec<f64>,
    pub load: LoadSpan,
}

/// Which of the two failed, and with what.
pub enum Failure {
    Baseline(MagicError),
    Solution(MagicError),
}

/// Measures both; a first round of each is not counted.
///
/// # Errors
/// What the code fails with; an interrupt.
pub fn measure(
    ground: &mut Ground<'_>,
    baseline: &Code,
    solution: &Code,
    wanted: Option<usize>,
    host: &mut dyn Host,
) -> Result<Rounds, Failure> {
    let mut rounds = Rounds { load: LoadSpan { before: LoadReading::now(), ..LoadSpan::default() }, ..Rounds::default() };
    let live = ground.call.live.clone();
    // The first round compiles.
    host.status("compiling the solution");
    ground.round(solution, host).map_err(Failure::Solution)?;
    host.status("compiling the baseline");
    ground.round(baseline, host).map_err(Failure::Baseline)?;
    let mut order = Rng::new(SEED);
    let mut of = wanted.unwrap_or(ROUNDS);
    let began = Instant::now();
    let mut done = 0;
    while done < of {
        live.progress("comparing", done as f64 / of as f64);
        let solution_first = order.below(2) == 1;
        for is_solution in [solution_first, !solution_first] {
            if host.is_cancelled() {
                return Err(Failure::Baseline(MagicError::interrupted()));
            }
            if is_solution {
                rounds.solution.push(ground.round(solution, host).map_err(Failure::Solution)?);
            } else {
                rounds.baseline.push(ground.round(baseline, host).map_err(Failure::Baseline)?);
            }
        }
        done += 1;
        if done == 1 && wanted.is_none() {
            let affordable = BUDGET_S / began.elapsed().as_secs_f64().max(1e-6);
            of = (affordable as usize).clamp(FEWEST, ROUNDS);
        }
    }
    rounds.load.after = LoadReading::now();
    Ok(rounds)
}

impl Rounds {
    /// The worse of the two noise verdicts.
    pub fn noise(&self) -> Option<Noise> {
        let around = self.load.surroundings(Machine::read().available_cpus, None);
        let of = |samples: &[f64]| Some(Noise::judge(samples, &Summary::of(samples)?, &around));
        let (baseline, solution) = (of(&self.baseline)?, of(&self.solution)?);
        Some(if baseline.level >= solution.level { baseline } else { solution })
    }

    /// Whether no claim may rest on these alone.
    pub fn is_noisy(&self) -> bool {
        self.noise().is_none_or(|noise| noise.level == Level::Red)
    }
}
