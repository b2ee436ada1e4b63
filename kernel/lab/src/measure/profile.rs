//! `%%profile`: a sampling profiler in the worker's own process.

use std::collections::HashMap;
use std::time::Instant;

use pprof::ProfilerGuardBuilder;
use serde::Deserialize;
use serde_json::json;

use super::opaque;
use crate::AnyError;
use crate::runtime::{Quiet, event};

#[derive(Deserialize)]
#[serde(default)]
struct Config {
    /// Samples per second of CPU time.
    hz: i32,
    /// Repeat the code until this many seconds have passed.
    budget_s: f64,
    repeat: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self { hz: 997, budget_s: 2.0, repeat: true }
    }
}

/// Samples `body` while it runs, once or repeatedly, on all threads.
///
/// Sends one `result` event: `stacks` are outermost frame first, with their counts.
///
/// # Errors
/// A profiler that cannot start (for example a second one at the same time), or the error of `body`.
pub fn profile<T>(config: &str, mut body: impl FnMut() -> Result<T, AnyError>) -> Result<(), AnyError> {
    let config: Config = serde_json::from_str(config)?;
    let _quiet = Quiet::new();
    let guard = ProfilerGuardBuilder::default()
        .frequency(config.hz.clamp(1, 10_000))
        // Names are matched by their parts, and the cells' own libraries are called `libcell_1.so`: `libc` would hide them.
        .blocklist(&["libc.so", "libgcc_s", "libpthread", "vdso"])
        .build()
        .map_err(|error| format!("the sampling profiler could not start: {error}"))?;
    let begin = Instant::now();
    let mut runs = 0_u64;
    loop {
        drop(opaque(body()?));
        runs += 1;
        if !config.repeat || begin.elapsed().as_secs_f64() >= config.budget_s {
            break;
        }
    }
    let wall_s = begin.elapsed().as_secs_f64();
    let report = guard.report().build().map_err(|error| format!("the samples could not be read: {error}"))?;
    drop(guard);

    let mut stacks: HashMap<Vec<String>, isize> = HashMap::new();
    for (frames, count) in &report.data {
        let mut names = Vec::new();
        for frame in frames.frames.iter().rev() {
            names.extend(frame.iter().rev().map(pprof::Symbol::name));
        }
        if frames.thread_name != "main" && !frames.thread_name.is_empty() {
            names.insert(0, format!("thread {}", frames.thread_name));
        }
        *stacks.entry(names).or_default() += count;
    }
    let samples: isize = stacks.values().sum();
    let stacks: Vec<_> = stacks.into_iter().map(|(frames, count)| json!({"frames": frames, "count": count})).collect();
    event("result", &json!({"wall_s": wall_s, "runs": runs, "samples": samples, "hz": config.hz, "stacks": stacks}));
    Ok(())
}
