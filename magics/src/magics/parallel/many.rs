//! `%%parallel` with sections: several series over the same counts, every series and count once per round, in random order.

use std::time::Instant;

use super::series::{self, Series};
use super::shown::Outcome;
use crate::error::MagicError;
use crate::host::Host;
use crate::machine::{LoadReading, LoadSpan};
use crate::registry::Call;
use crate::sections::Split;
use crate::stats::bootstrap::{Rng, SEED};

/// No interval is given for fewer samples.
const FEWEST: usize = 6;

/// How long and how often.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    pub rounds: usize,
    pub budget_s: f64,
    pub available: usize,
}

/// Measures and shows; an interrupt shows the part that is there.
///
/// # Errors
/// Wrong headers, code that fails, an interrupt.
pub fn run(call: &Call, split: &Split, counts: &[usize], plan: Plan, host: &mut dyn Host) -> Result<(), MagicError> {
    let mut series = series::all(call, split, counts, host)?;
    let mut load = LoadSpan { before: LoadReading::now(), ..LoadSpan::default() };
    let measured = measure(call, &mut series, plan, host);
    end_workers(call, &series, host);
    load.after = LoadReading::now();
    let (rounds, interrupted) = match measured {
        Ok(rounds) => (rounds, None),
        Err((error, rounds)) if error.name == "Interrupted" && rounds > 0 => (rounds, Some(error)),
        Err((error, _)) => return Err(error),
    };
    let outcome = Outcome::new(series, rounds, plan.available, load, interrupted.is_some())?;
    let result = crate::results::record(outcome.result(), None);
    host.display(&outcome.chart()?.bundle().with_result(result.clone()));
    host.display(&outcome.report().with_result(result));
    interrupted.map_or(Ok(()), Err)
}

/// The rounds that came to their end, also beside an error.
fn measure(call: &Call, series: &mut [Series], plan: Plan, host: &mut dyn Host) -> Result<usize, (MagicError, usize)> {
    for one in series.iter_mut() {
        one.prepare(call, host).map_err(|error| (error, 0))?;
    }
    let mut rng = Rng::new(SEED);
    let begin = Instant::now();
    for round in 0..plan.rounds {
        let mut order: Vec<(usize, usize)> =
            series.iter().enumerate().flat_map(|(index, one)| one.sweeps.iter().map(move |sweep| (index, sweep.threads))).collect();
        for last in (1..order.len()).rev() {
            order.swap(last, rng.below(last + 1));
        }
        let of = order.len().max(1) as f64;
        for (done, (index, count)) in order.into_iter().enumerate() {
            if !series[index].is_in() {
                continue;
            }
            if host.is_cancelled() {
                return Err((MagicError::interrupted(), round));
            }
            let doing = format!("round {} of {}: {}, {}", round + 1, plan.rounds, series[index].label, series[index].workers.count(count));
            call.live.progress(&doing, (round as f64 + done as f64 / of) / plan.rounds as f64);
            series[index].sample(call, count, &doing, host).map_err(|error| (error, round))?;
        }
        if round + 1 >= FEWEST && begin.elapsed().as_secs_f64() > plan.budget_s {
            return Ok(round + 1);
        }
    }
    Ok(plan.rounds)
}

/// Ends the Python workers of this cell, in each interpreter once.
fn end_workers(call: &Call, series: &[Series], host: &mut dyn Host) {
    let mut envs: Vec<Option<&str>> = series.iter().filter_map(Series::python_env).collect();
    envs.sort_unstable();
    envs.dedup();
    for env in envs {
        // After an interrupt or with a dead worker there may be nobody to ask; workers end with their interpreter in any case.
        let _ = crate::measure::python::run(host, call, env, &crate::measure::python::series_close(), "ending the workers");
    }
}
