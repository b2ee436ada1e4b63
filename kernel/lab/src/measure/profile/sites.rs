//! `--mode alloc`: which places allocate, how often and how much.
//!
//! The code runs twice. The first run counts, so that it is known how many allocations come; in the second, a stack is noted for
//! each, or, when there are more than [`STACKS`], for a random part of them. The chance grows with the size, as in `tcmalloc` and
//! Go: an allocation of s bytes is noted with probability 1 - exp(-s / interval), and stands for the inverse of that.

#[cfg(target_os = "linux")]
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use serde_json::Value;
#[cfg(target_os = "linux")]
use serde_json::json;

#[cfg(target_os = "linux")]
use super::resolve::{Names, Profile};
#[cfg(target_os = "linux")]
use super::trace;
use crate::AnyError;
#[cfg(target_os = "linux")]
use crate::measure::allocations;

/// About how many stacks are noted at most: some microseconds each.
#[cfg(target_os = "linux")]
const STACKS: u64 = 20_000;

/// Mean bytes between two stacks as bits of a float; 0: all are noted.
#[cfg(target_os = "linux")]
static INTERVAL: AtomicU64 = AtomicU64::new(0);
#[cfg(target_os = "linux")]
static RANDOM: AtomicU64 = AtomicU64::new(0);

/// A number in 0..1 that does not depend on the last (`SplitMix64`).
#[cfg(target_os = "linux")]
fn random() -> f64 {
    let mut z = RANDOM.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (z ^ (z >> 31)) as f64 / u64::MAX as f64
}

#[cfg(target_os = "linux")]
extern "C" fn note(asked: usize, got: usize, freed: usize) {
    allocations::count(asked, got, freed);
    if got == 0 {
        return;
    }
    let interval = f64::from_bits(INTERVAL.load(Ordering::Relaxed));
    let chance = if interval > 0.0 { 1.0 - (-(asked.max(1) as f64) / interval).exp() } else { 1.0 };
    if random() <= chance
        && let Some(store) = trace::current()
    {
        store.note(None, 1.0 / chance, asked as f64 / chance);
    }
}

/// `stacks` and `lines` weighted by bytes, `sites` with their `allocations` and `bytes`, `noted` stacks, `interval_bytes` when
/// only a part was noted, and exact totals as in [`allocations::Counts`].
///
/// # Errors
/// An allocator that cannot be listened to, or the error of `body`.
pub fn sites(body: &mut dyn FnMut() -> Result<(), AnyError>) -> Result<Value, AnyError> {
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (body, Instant::now());
        return Err("allocations cannot be seen on this system".into());
    }
    #[cfg(target_os = "linux")]
    {
        let (first, expected) = allocations::allocations(&mut *body);
        first?;
        let expected = expected.ok_or("allocations cannot be seen on this system: its C library is not glibc")?;
        let store = trace::take()?;
        let interval = if expected.allocations > STACKS { expected.allocated_bytes as f64 / STACKS as f64 } else { 0.0 };
        INTERVAL.store(interval.to_bits(), Ordering::SeqCst);
        // The first unwinding may allocate.
        store.note(None, 0.0, 0.0);
        store.begin();
        let begin = Instant::now();
        let (ended, counts) = allocations::heard_by(note, body);
        let wall_s = begin.elapsed().as_secs_f64();
        ended?;
        store.settle();
        let stacks = store.stacks();
        let stacks = stacks.as_slice();
        let mut result = json!({"wall_s": wall_s, "runs": 2});
        counts.add_to(&mut result);
        let mut names = Names::without(ALLOCATOR);
        Profile::of_stacks(&mut names, stacks, |stack| stack.bytes, store.lost()).add_to(&mut result);
        if interval > 0.0 {
            result["interval_bytes"] = interval.into();
        }
        result["sites"] = table(&mut names, stacks);
        Ok(result)
    }
}

/// What each place in a cell, or function where no cell is on the stack, has allocated.
#[cfg(target_os = "linux")]
fn table(names: &mut Names, stacks: &[trace::Stack<'_>]) -> Value {
    let mut sites: std::collections::HashMap<_, (f64, f64)> = std::collections::HashMap::new();
    for stack in stacks {
        let site = sites.entry(names.site(stack, leads_to_allocator)).or_default();
        site.0 += stack.count;
        site.1 += stack.bytes;
    }
    let site = |((function, place), (count, bytes)): ((String, Option<(String, u32)>), (f64, f64))| {
        let mut site = json!({"function": function, "allocations": count.round() as u64, "bytes": bytes.round() as u64});
        if let Some((file, line)) = place {
            site["file"] = file.into();
            site["line"] = line.into();
        }
        site
    };
    sites.into_iter().map(site).collect()
}

/// The worker's allocator, by the names of its functions.
#[cfg(target_os = "linux")]
const ALLOCATOR: &[&str] = &["malloc", "calloc", "realloc", "posix_memalign"];

/// Functions of the standard library that only lead to the allocator: what calls them wanted the memory.
#[cfg(target_os = "linux")]
fn leads_to_allocator(name: &str) -> bool {
    ["5alloc5alloc", "7raw_vec", "__rust_", "__rdl_", "exchange_malloc", "3std3sys5alloc"].iter().any(|part| name.contains(part))
}
