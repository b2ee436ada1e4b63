//! `%%profile`: where a piece of Rust spends its time, and its memory, seen from inside the worker's own process.
//!
//! No ptrace and no capabilities: a timer of CPU time interrupts the code (`sampler`), a listener hears of allocations
//! (`sites`), a thread reads how large the process is (`memory`).

use std::time::Instant;

use serde::Deserialize;
use serde_json::{Value, json};

use super::opaque;
use crate::AnyError;
use crate::runtime::{Quiet, event};

#[cfg(target_os = "linux")]
mod clocks;
mod counters;
mod memory;
#[cfg_attr(target_os = "linux", allow(dead_code))]
mod portable;
mod resolve;
#[cfg(target_os = "linux")]
mod sampler;
mod sites;
#[cfg(target_os = "linux")]
mod trace;

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Cpu,
    Memory,
    Alloc,
}

#[derive(Deserialize)]
#[serde(default)]
struct Config {
    mode: Mode,
    /// Samples per second of CPU time.
    hz: i32,
    /// Repeat the code until this many seconds have passed.
    budget_s: f64,
    repeat: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self { mode: Mode::Cpu, hz: 997, budget_s: 2.0, repeat: true }
    }
}

/// Watches `body` while it runs, on all threads; sends one `result` event with what the mode gives.
///
/// Every mode gives `wall_s` and `runs`; see the parts for the rest.
///
/// # Errors
/// A profiler that cannot start (for example a second one at the same time), or the error of `body`.
pub fn profile<T>(config: &str, mut body: impl FnMut() -> Result<T, AnyError>) -> Result<(), AnyError> {
    let config: Config = serde_json::from_str(config)?;
    let _quiet = Quiet::new();
    // Not generic from here on, but for the calls of `body`.
    let mut once = || -> Result<(), AnyError> {
        drop(opaque(body()?));
        Ok(())
    };
    let result = match config.mode {
        Mode::Cpu => cpu(&config, &mut once)?,
        Mode::Memory => memory::timeline(&mut once)?,
        Mode::Alloc => sites::sites(&mut once)?,
    };
    event("result", &result);
    Ok(())
}

/// `samples`, `hz`, `stacks` (outermost frame first, with their counts), `lines` (of cells, with theirs), `counters`.
fn cpu(config: &Config, body: &mut dyn FnMut() -> Result<(), AnyError>) -> Result<Value, AnyError> {
    let hz = config.hz.clamp(1, 10_000);
    let counters = counters::Counters::start();
    let begin = Instant::now();
    let mut runs = 0_u64;
    let mut repeated = || -> Result<f64, AnyError> {
        loop {
            body()?;
            runs += 1;
            let wall_s = begin.elapsed().as_secs_f64();
            if !config.repeat || wall_s >= config.budget_s {
                return Ok(wall_s);
            }
        }
    };
    #[cfg(target_os = "linux")]
    let (wall_s, profile) = sampler::sample(hz, &mut repeated)?;
    #[cfg(not(target_os = "linux"))]
    let (wall_s, profile) = portable::sample(hz, &mut repeated)?;
    let counted = counters.stop();
    let mut result = json!({"wall_s": wall_s, "runs": runs, "hz": hz, "counters": counted});
    profile.add_to(&mut result);
    Ok(result)
}
