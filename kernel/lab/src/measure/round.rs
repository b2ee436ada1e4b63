//! `%%compare`: one variant in one round.
//!
//! The code of a variant is the same in every round, so that it is compiled and loaded once: what it is to do (run once, warm up, a
//! batch of so many iterations) stands in a file of the session's directory, which the kernel writes before each evaluation.

use std::fs;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::Instant;

use serde::Deserialize;
use serde_json::json;

use super::{peak_memory, start, usage};
use crate::AnyError;
use crate::runtime::{Quiet, event};

/// The file with the order.
const FILE: &str = "round.json";
/// Results of more than this many bytes in one batch are dropped inside the timed part after all.
const KEEP_BYTES: usize = 64 << 20;

#[derive(Deserialize)]
#[serde(default)]
struct Order {
    /// Iterations of the batch.
    iterations: u64,
    /// Seconds to warm up, in batches of 1, 2, 4 … iterations; no sample is taken then.
    warm_s: Option<f64>,
    /// Runs once and tells the peak of memory.
    memory: bool,
    /// Name of the table that takes the value; absent when nobody wants it.
    answer: Option<String>,
    /// Value of the swept variable.
    value: Option<usize>,
}

impl Default for Order {
    fn default() -> Self {
        Self { iterations: 1, warm_s: None, memory: false, answer: None, value: None }
    }
}

impl Order {
    fn read() -> Result<Self, AnyError> {
        let path = PathBuf::from(std::env::var("BENCHBOOK_SESSION").unwrap_or_default()).join(FILE);
        // Without an order (`%restore`) the code runs once.
        fs::read(path).map_or_else(|_| Ok(Self::default()), |text| Ok(serde_json::from_slice(&text)?))
    }
}

/// The value of the variable that `--sweep` varies; the optimiser cannot see it.
///
/// # Errors
/// No sweep is running.
pub fn swept() -> Result<usize, AnyError> {
    Order::read()?.value.ok_or_else(|| "the swept variable has no value outside of its `%%compare`".into())
}

/// One round of one variant.
pub struct Round {
    order: Order,
    _quiet: Quiet,
}

impl Round {
    /// Reads what is to be done.
    ///
    /// # Errors
    /// An order that cannot be read.
    pub fn begin() -> Result<Self, AnyError> {
        Ok(Self { order: Order::read()?, _quiet: Quiet::new() })
    }

    /// Does it; returns the last value. Sends one event: `sample` (`s`: seconds per iteration), `warm` (the same, and `spent_s`) or
    /// `memory` (`peak_rss_bytes`: see [`peak_memory`]).
    ///
    /// # Errors
    /// The first error of the code.
    pub fn run<T>(&self, mut body: impl FnMut() -> Result<T, AnyError>) -> Result<T, AnyError> {
        if self.order.memory {
            let (outcome, grown) = peak_memory(|| batch(1, &mut body));
            let (_, value) = outcome?;
            event("memory", &json!({"peak_rss_bytes": grown}));
            return Ok(value);
        }
        let Some(warm_s) = self.order.warm_s else {
            let before = usage();
            let (seconds, value) = batch(self.order.iterations.max(1), &mut body)?;
            let switches = usage().involuntary - before.involuntary;
            let s = seconds / self.order.iterations.max(1) as f64;
            event("sample", &json!({"s": s, "involuntary_switches": switches, "unit_result": size_of::<T>() == 0}));
            return Ok(value);
        };
        let begin = Instant::now();
        let mut iterations = 1_u64;
        loop {
            let (seconds, value) = batch(iterations, &mut body)?;
            let spent_s = begin.elapsed().as_secs_f64();
            if spent_s >= warm_s {
                event("warm", &json!({"s": seconds / iterations as f64, "spent_s": spent_s}));
                return Ok(value);
            }
            iterations = iterations.saturating_mul(2).min(1 << 40);
        }
    }

    /// The name under which the value is to be stored.
    pub fn answer(&self) -> Option<&str> {
        self.order.answer.as_deref()
    }
}

/// Seconds of `iterations` runs, and the last value. Values are dropped after the clock has stopped.
///
/// The only place that calls the code: so it is compiled once, into this loop.
#[inline(never)]
fn batch<T>(iterations: u64, body: &mut impl FnMut() -> Result<T, AnyError>) -> Result<(f64, T), AnyError> {
    let room = KEEP_BYTES / size_of::<T>().max(1);
    let wanted = usize::try_from(iterations).unwrap_or(usize::MAX);
    let needs_room = std::mem::needs_drop::<T>() && size_of::<T>() > 0;
    let mut kept = Vec::with_capacity(if needs_room { wanted.min(room) } else { 0 });
    let mut left = iterations;
    let clock = start();
    let last = loop {
        let value = black_box(body()?);
        left -= 1;
        if left == 0 {
            break value;
        }
        if std::mem::needs_drop::<T>() && kept.len() < kept.capacity() {
            kept.push(value);
        }
    };
    let seconds = clock.stop().seconds();
    Ok((seconds, last))
}
