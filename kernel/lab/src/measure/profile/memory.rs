//! `--mode memory`: how large the process is while the code runs, read by a thread.

use std::io::{Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::AnyError;
use crate::measure::allocations;
use crate::measure::peak_memory::{forget_peak, peak};
use crate::runtime::reserve::GivenBack;

/// Time between two readings at first.
const EVERY: Duration = Duration::from_micros(500);
/// With more points, every second one is given up and readings are half as frequent.
const POINTS: usize = 1000;

/// One reading.
#[derive(Clone, Copy)]
struct Point {
    s: f64,
    /// Memory of the process that is in RAM, in bytes.
    resident: u64,
    /// Heap bytes that are live beyond those at the beginning.
    live: i64,
}

/// `/proc/self/statm`, kept open.
struct Resident {
    file: Option<std::fs::File>,
    page: u64,
}

impl Resident {
    fn open() -> Self {
        // SAFETY: asks for a constant of the system.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        Self { file: std::fs::File::open("/proc/self/statm").ok(), page: u64::try_from(page).unwrap_or(4096) }
    }

    /// Bytes in RAM now; it allocates nothing.
    fn read(&mut self) -> Option<u64> {
        let file = self.file.as_mut()?;
        let mut text = [0_u8; 128];
        file.seek(SeekFrom::Start(0)).ok()?;
        let length = file.read(&mut text).ok()?;
        let pages = std::str::from_utf8(&text[..length]).ok()?.split(' ').nth(1)?.parse::<u64>().ok()?;
        Some(pages * self.page)
    }
}

/// Runs `body` once; gives `points` (`s`, `rss_bytes`, `live_bytes`), `start_rss_bytes`, `peak_rss_bytes` (the system's own
/// count, which no reading can miss, where it can be reset), `every_s`, and [`allocations::Counts`] where they can be had.
///
/// # Errors
/// A system that does not tell, or the error of `body`.
pub fn timeline(body: &mut dyn FnMut() -> Result<(), AnyError>) -> Result<Value, AnyError> {
    // What the body frees is to be seen.
    let _given_back = GivenBack::new();
    let mut resident = Resident::open();
    let start = resident.read().ok_or("this system does not tell how much memory the process has: there is no /proc/self/statm")?;
    let reset = forget_peak();
    let (stop, ready) = (AtomicBool::new(false), AtomicBool::new(false));
    let begin = Instant::now();
    let mut points: Vec<Point> = Vec::with_capacity(POINTS + 1);
    points.push(Point { s: 0.0, resident: start, live: 0 });
    let (outcome, every, points) = std::thread::scope(|scope| {
        let reader = std::thread::Builder::new().name("benchbook-memory".into()).spawn_scoped(scope, || {
            let mut every = EVERY;
            ready.store(true, Ordering::SeqCst);
            while !stop.load(Ordering::Relaxed) {
                std::thread::sleep(every);
                let Some(resident) = resident.read() else { break };
                if points.len() >= POINTS {
                    // Neighbours are joined in the larger one: no peak is lost.
                    for pair in 0..POINTS / 2 {
                        let (a, b) = (points[2 * pair], points[2 * pair + 1]);
                        points[pair] = if b.resident > a.resident { b } else { a };
                    }
                    points.truncate(POINTS / 2);
                    every *= 2;
                }
                points.push(Point { s: begin.elapsed().as_secs_f64(), resident, live: allocations::live() });
            }
            (every, points)
        });
        // Stops the reader however the body ends.
        let ends = Stops(&stop);
        // What starting a thread allocates is not the code's.
        while reader.is_ok() && !ready.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        let outcome = allocations::allocations(&mut *body);
        drop(ends);
        let reader = reader.map_err(|error| format!("no thread could be started: {error}"))?;
        let (every, points) = reader.join().map_err(|_| "the thread that reads the memory has panicked")?;
        Ok::<_, AnyError>((outcome, every, points))
    })?;
    let wall_s = begin.elapsed().as_secs_f64();
    let (ended, counts) = outcome;
    ended?;
    let seen = points.iter().map(|point| point.resident).max().unwrap_or(start);
    let most = peak().filter(|_| reset).map_or(seen, |peak| peak.max(seen));
    let counted = counts.is_some();
    let points: Vec<Value> = points
        .iter()
        .map(|point| {
            let mut value = json!({"s": point.s, "rss_bytes": point.resident});
            if counted {
                value["live_bytes"] = point.live.into();
            }
            value
        })
        .collect();
    let mut result = json!({
        "wall_s": wall_s, "runs": 1, "points": points, "start_rss_bytes": start, "peak_rss_bytes": most, "every_s": every.as_secs_f64(),
    });
    if let Some(counts) = counts {
        counts.add_to(&mut result);
    }
    Ok(result)
}

struct Stops<'a>(&'a AtomicBool);

impl Drop for Stops<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
