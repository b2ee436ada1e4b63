//! `%%parallel`: the same code on pools of different sizes.

use std::time::Instant;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rayon::ThreadPoolBuilder;
use serde::Deserialize;
use serde_json::json;

use super::{opaque, progress, start};
use crate::AnyError;
use crate::runtime::{Quiet, event};

#[derive(Deserialize)]
#[serde(default)]
struct Config {
    rounds: usize,
    /// Stop after this many seconds once six rounds are done.
    budget_s: f64,
    seed: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self { rounds: 15, budget_s: 10.0, seed: 42 }
    }
}

/// Seconds that one sample of `body` takes at least; shorter code is repeated inside the sample. Python's samples are as long.
const SAMPLE_S: f64 = 50e-3;
/// Seconds that a fresh pool runs before its sample: its threads may begin on one CPU, and the system moves them after some
/// milliseconds.
const WARM_S: f64 = 50e-3;
/// No interval is given for fewer samples.
const FEWEST: usize = 6;

/// Runs `body` in a fresh Rayon pool of each size, sizes in random order in every round.
///
/// Sends `sample` (`threads`, `s`: seconds per run), `progress` and one `result` event.
///
/// # Errors
/// A pool that cannot start, or the first error of `body`.
pub fn parallel<T: Send>(config: &str, threads: &[usize], body: impl Fn() -> Result<T, AnyError> + Sync) -> Result<(), AnyError> {
    let config: Config = serde_json::from_str(config)?;
    let _quiet = Quiet::new();
    let mut samples: Vec<Vec<f64>> = vec![Vec::new(); threads.len()];
    let mut random = StdRng::seed_from_u64(config.seed);

    let once = start();
    drop(opaque(body()?));
    let repeats = (SAMPLE_S / once.stop().seconds().max(1e-9)).ceil().clamp(1.0, 1e7) as u64;

    let begin = Instant::now();
    let mut order: Vec<usize> = (0..threads.len()).collect();
    let mut rounds = 0;
    while rounds < config.rounds {
        order.shuffle(&mut random);
        for &index in &order {
            let seconds = in_fresh_pool(threads[index], repeats, &body)?;
            samples[index].push(seconds);
            event("sample", &json!({"threads": threads[index], "s": seconds}));
        }
        rounds += 1;
        progress(rounds, config.rounds);
        if rounds >= FEWEST && begin.elapsed().as_secs_f64() > config.budget_s {
            break;
        }
    }
    let results: Vec<_> =
        threads.iter().zip(&samples).map(|(threads, samples)| json!({"threads": threads, "samples_s": samples})).collect();
    event("result", &json!({"rounds": rounds, "seed": config.seed, "repeats": repeats, "threads": results}));
    Ok(())
}

/// What [`parallel_once`] is to do.
#[derive(Deserialize)]
struct Job {
    threads: usize,
    /// Runs per sample; chosen when absent.
    #[serde(default)]
    repeats: Option<u64>,
}

/// One sample of one series of several: the kernel decides which series and count comes next. `config` names the file that says
/// what to do, so that the code stays the same for all samples.
///
/// Sends one `sample` (`threads`, `s`: seconds per run, `repeats`).
///
/// # Errors
/// A pool that cannot start, or the first error of `body`.
pub fn parallel_once<T: Send>(config: &str, body: impl Fn() -> Result<T, AnyError> + Sync) -> Result<(), AnyError> {
    #[derive(Deserialize)]
    struct Where {
        job: std::path::PathBuf,
    }
    let place: Where = serde_json::from_str(config)?;
    let job: Job = serde_json::from_slice(&std::fs::read(place.job)?)?;
    let _quiet = Quiet::new();
    let repeats = match job.repeats {
        Some(repeats) => repeats.max(1),
        None => {
            let once = in_fresh_pool(job.threads, 1, &body)?;
            (SAMPLE_S / once.max(1e-9)).ceil().clamp(1.0, 1e7) as u64
        }
    };
    let seconds = in_fresh_pool(job.threads, repeats, &body)?;
    event("sample", &json!({"threads": job.threads, "s": seconds, "repeats": repeats}));
    Ok(())
}

/// Seconds per run of `body` in a new pool; starting the pool and warming it up are not counted.
fn in_fresh_pool<T: Send>(threads: usize, repeats: u64, body: &(impl Fn() -> Result<T, AnyError> + Sync)) -> Result<f64, AnyError> {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build()?;
    pool.install(|| {
        let warming = Instant::now();
        loop {
            drop(opaque(body()?));
            if warming.elapsed().as_secs_f64() >= WARM_S {
                break;
            }
        }
        let mut total = 0.0;
        for _ in 0..repeats {
            let clock = start();
            let result = opaque(body()?);
            total += clock.stop().seconds();
            drop(result);
        }
        Ok(total / repeats as f64)
    })
}
