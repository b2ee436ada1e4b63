//! `%%timeit`: first run, warm-up, choice of the batch, samples.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;

use super::{CPU_TIME, Sample, allocations_while_timed, batch, calibrate, progress, timer_step, usage};
use crate::AnyError;
use crate::runtime::{Quiet, event};

static UNIT_RESULT: AtomicBool = AtomicBool::new(false);

pub(super) fn note_unit_result() {
    UNIT_RESULT.store(true, Ordering::Relaxed);
}

#[derive(Deserialize)]
#[serde(default)]
struct Config {
    /// Iterations per sample; chosen when absent.
    n: Option<u64>,
    /// Samples; chosen when absent.
    r: Option<usize>,
    budget_s: f64,
    min_samples: usize,
    max_samples: usize,
    /// CPU time of the process instead of wall-clock time.
    cpu: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self { n: None, r: None, budget_s: 3.0, min_samples: 11, max_samples: 101, cpu: false }
    }
}

/// Least length of a batch.
const BATCH_S: f64 = 1e-3;
/// Least warm-up.
const WARM_UP_S: f64 = 0.3;

/// Warms up in batches of 1, 2, 4 … iterations; returns seconds per iteration and seconds spent.
fn warm_up(first_s: f64, budget_s: f64, sample: &mut dyn FnMut(u64) -> Result<Sample, AnyError>) -> Result<(f64, f64), AnyError> {
    let allowed = WARM_UP_S.max(2.0 * first_s).min(0.2 * budget_s);
    let begin = Instant::now();
    let mut iterations = 1;
    let mut per_iteration = first_s;
    loop {
        let spent = sample(iterations)?.seconds();
        if spent > 0.0 {
            per_iteration = spent / iterations as f64;
        }
        batch::fit(per_iteration);
        if begin.elapsed().as_secs_f64() >= allowed {
            return Ok((per_iteration, begin.elapsed().as_secs_f64()));
        }
        iterations = iterations.saturating_mul(2).min(1 << 40);
    }
}

/// The relative half-width of the interval of the median (normal approximation of the ranks), to stop early.
fn relative_half_width(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let low = ((n - 1.96 * n.sqrt()) / 2.0).floor().max(0.0) as usize;
    let high = ((1.0 + (n + 1.96 * n.sqrt()) / 2.0).ceil() as usize).min(sorted.len() - 1);
    let median = sorted[sorted.len() / 2];
    if median > 0.0 { (sorted[high] - sorted[low]) / 2.0 / median } else { f64::INFINITY }
}

/// Measures `sample`, which runs the code as often as it is told and returns the time of that batch.
///
/// Sends `progress`, `sample` (`s`: seconds per iteration) and one `result` event. `allocations`, `allocated_bytes` and
/// `peak_bytes` in it are of one iteration that is not among the samples; absent where they cannot be counted.
///
/// `sample` is not a type parameter, for honesty: by a reference that a function takes directly, the optimiser may conclude that the
/// code's variables never change, and compute once for all iterations. What it cannot see into, it leaves alone.
///
/// # Errors
/// The first error of the measured code.
#[inline(never)]
pub fn time(config: &str, sample: &mut dyn FnMut(u64) -> Result<Sample, AnyError>) -> Result<(), AnyError> {
    let config: Config = serde_json::from_str(config)?;
    let _quiet = Quiet::new();
    CPU_TIME.store(config.cpu, Ordering::Relaxed);
    let result = time_by(&config, sample);
    CPU_TIME.store(false, Ordering::Relaxed);
    result
}

fn time_by(config: &Config, mut sample: &mut dyn FnMut(u64) -> Result<Sample, AnyError>) -> Result<(), AnyError> {
    UNIT_RESULT.store(false, Ordering::Relaxed);
    let step = timer_step();
    let reading_s = calibrate();
    let loop_s = batch::loop_s();
    batch::fit(f64::INFINITY);
    let first_s = sample(1)?.seconds();
    // A run of its own: counting would slow samples down.
    let (counted, counts) = allocations_while_timed(|| sample(1));
    counted?;
    let (per_iteration, warmup_s) = warm_up(first_s, config.budget_s, &mut sample)?;

    let batch_s = BATCH_S.max(1000.0 * step);
    let chosen = (batch_s / per_iteration.max(1e-12)).ceil().clamp(1.0, 1e12) as u64;
    let n = config.n.unwrap_or(chosen).max(1);
    let fewest = if per_iteration > 0.3 { 7.min(config.min_samples) } else { config.min_samples };
    let affordable = (config.budget_s / (n as f64 * per_iteration).max(1e-9)) as usize;
    let wanted = config.r.unwrap_or_else(|| affordable.clamp(fewest, config.max_samples)).max(1);

    let before = usage();
    let begin = Instant::now();
    let mut samples = Vec::with_capacity(wanted);
    let mut told = Instant::now();
    let mut stopped_early = false;
    while samples.len() < wanted {
        let seconds = sample(n)?.seconds() / n as f64;
        samples.push(seconds);
        event("sample", &json!({"s": seconds}));
        if told.elapsed() > Duration::from_millis(200) {
            progress(samples.len(), wanted);
            told = Instant::now();
        }
        if config.r.is_none() && samples.len() >= 21 && relative_half_width(&samples) <= 0.01 {
            stopped_early = samples.len() < wanted;
            break;
        }
    }
    let after = usage();
    let mut result = json!({
        "samples_s": samples,
        "iterations": n,
        "first_s": first_s,
        "warmup_s": warmup_s,
        "timer_step_s": step,
        "loop_s": loop_s,
        "reading_s": reading_s,
        "readings_per_iteration": batch::KEEPS.load(Ordering::Relaxed).then(batch::readings_per_iteration),
        "unit_result": UNIT_RESULT.load(Ordering::Relaxed),
        "stopped_early": stopped_early,
        "wall_s": begin.elapsed().as_secs_f64(),
        "cpu_user_s": after.cpu_s - before.cpu_s,
        "involuntary_switches": after.involuntary - before.involuntary,
    });
    if let Some(counts) = counts {
        counts.add_to(&mut result);
    }
    event("result", &result);
    Ok(())
}
