//! How fast this machine reads memory in order: what no code that reads its data from memory can beat.
//!
//! As in STREAM, buffers are larger than the caches, the best of several passes counts, and a byte counts once. Unlike STREAM's
//! kernels this one only reads: it adds up 64-bit numbers.

use std::hint::black_box;
use std::sync::Barrier;
use std::time::Instant;

use serde::Deserialize;
use serde_json::json;

use crate::AnyError;
use crate::runtime::{Quiet, event};

#[derive(Deserialize)]
struct Config {
    /// Bytes to read per pass, all threads together.
    bytes: usize,
    /// Threads of the second measurement.
    threads: usize,
}

/// Passes of each measurement; the best counts.
const PASSES: usize = 7;

/// Measures with one thread and with `threads`; sends one `result`: `one` and `all` in bytes per second, `threads`, `bytes`.
///
/// # Errors
/// A buffer for which there is no memory.
pub fn bandwidth(config: &str) -> Result<(), AnyError> {
    let config: Config = serde_json::from_str(config)?;
    let _quiet = Quiet::new();
    let numbers = (config.bytes / size_of::<u64>()).max(1024);
    let mut buffer: Vec<u64> = Vec::new();
    buffer.try_reserve_exact(numbers).map_err(|_| format!("there is no memory for a buffer of {} bytes", config.bytes))?;
    buffer.extend((0..numbers as u64).map(|number| number ^ 0x5555));
    let one = best(&buffer, 1);
    let threads = config.threads.max(1);
    let all = if threads > 1 { best(&buffer, threads).max(one) } else { one };
    event("result", &json!({"one": one, "all": all, "threads": threads, "bytes": numbers * size_of::<u64>()}));
    Ok(())
}

/// Bytes per second of the best pass.
fn best(buffer: &[u64], threads: usize) -> f64 {
    let bytes = size_of_val(buffer) as f64;
    (0..PASSES).map(|_| bytes / pass(buffer, threads)).fold(0.0, f64::max)
}

/// Seconds from the first thread's begin to the last one's end.
fn pass(buffer: &[u64], threads: usize) -> f64 {
    let share = buffer.len().div_ceil(threads);
    let barrier = Barrier::new(buffer.chunks(share).len());
    let spans: Vec<(Instant, Instant)> = std::thread::scope(|scope| {
        let running: Vec<_> = buffer
            .chunks(share)
            .map(|part| {
                let barrier = &barrier;
                scope.spawn(move || {
                    barrier.wait();
                    let begin = Instant::now();
                    black_box(sum(black_box(part)));
                    (begin, Instant::now())
                })
            })
            .collect();
        running.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    match (spans.iter().map(|span| span.0).min(), spans.iter().map(|span| span.1).max()) {
        (Some(begin), Some(end)) => (end - begin).as_secs_f64().max(1e-9),
        _ => f64::INFINITY,
    }
}

/// The sum in eight parts, so that additions do not wait for each other.
#[inline(never)]
fn sum(numbers: &[u64]) -> u64 {
    let mut parts = [0_u64; 8];
    let (eights, rest) = numbers.as_chunks::<8>();
    for eight in eights {
        for (part, number) in parts.iter_mut().zip(eight) {
            *part = part.wrapping_add(*number);
        }
    }
    parts.iter().chain(rest).fold(0, |sum, number| sum.wrapping_add(*number))
}
