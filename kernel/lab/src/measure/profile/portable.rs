//! Sampling with `pprof`, where the sampler of our own does not work: no lines, and nothing of the C library.

use std::collections::HashMap;

use pprof::ProfilerGuardBuilder;

use super::resolve::Profile;
use crate::AnyError;

/// Samples `code` while it runs.
///
/// # Errors
/// A profiler that cannot start, or the error of `code`.
pub fn sample<T>(hz: i32, code: &mut dyn FnMut() -> Result<T, AnyError>) -> Result<(T, Profile), AnyError> {
    let guard = ProfilerGuardBuilder::default()
        .frequency(hz)
        // Names are matched by their parts, and the cells' own libraries are called `libcell_1.so`: `libc` would hide them.
        .blocklist(&["libc.so", "libgcc_s", "libpthread", "vdso"])
        .build()
        .map_err(|error| format!("the sampling profiler could not start: {error}"))?;
    let value = code()?;
    let report = guard.report().build().map_err(|error| format!("the samples could not be read: {error}"))?;
    drop(guard);
    let mut stacks: HashMap<Vec<String>, u64> = HashMap::new();
    for (frames, count) in &report.data {
        let mut names = Vec::new();
        for frame in frames.frames.iter().rev() {
            names.extend(frame.iter().rev().map(pprof::Symbol::name));
        }
        if frames.thread_name != "main" && !frames.thread_name.is_empty() {
            names.insert(0, format!("thread {}", frames.thread_name));
        }
        *stacks.entry(names).or_default() += u64::try_from(*count).unwrap_or(0);
    }
    Ok((value, Profile::of_names(stacks)))
}
