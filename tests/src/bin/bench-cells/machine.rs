//! What the kernels' processes take: memory, CPU time, loaded libraries. Read from `/proc`; elsewhere nothing is known.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use ::tests::process;

/// A process and all below it.
fn family(pid: i32) -> Vec<i32> {
    std::iter::once(pid).chain(process::descendants(pid).into_iter().map(|process| process.pid)).collect()
}

/// A field of a `/proc` file of lines like `VmRSS:  1234 kB`, in bytes.
fn kilobytes(pid: i32, file: &str, field: &str) -> Option<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    let number: f64 = line.trim_start_matches(':').split_whitespace().next()?.parse().ok()?;
    Some(number * 1024.0)
}

/// Resident memory of one process.
#[must_use]
pub fn resident(pid: i32) -> Option<f64> {
    kilobytes(pid, "status", "VmRSS")
}

/// Proportional memory of one process: pages that several share count in part.
#[must_use]
pub fn proportional(pid: i32) -> Option<f64> {
    kilobytes(pid, "smaps_rollup", "Pss")
}

/// The same, summed over a process and all below it.
#[must_use]
pub fn of_family(pid: i32, one: fn(i32) -> Option<f64>) -> Option<f64> {
    family(pid).into_iter().filter_map(one).reduce(|a, b| a + b)
}

/// CPU seconds that a process and all below it have used.
#[must_use]
pub fn cpu_seconds(pid: i32) -> Option<f64> {
    // SAFETY: a plain system call.
    let ticks = unsafe { libc::sysconf(libc::_SC_CLK_TCK) } as f64;
    let one = |pid: i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let words: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        Some((words.get(11)?.parse::<f64>().ok()? + words.get(12)?.parse::<f64>().ok()?) / ticks)
    };
    family(pid).into_iter().filter_map(one).reduce(|a, b| a + b)
}

/// Sizes of the code that a process and those below it have mapped, by process and file.
#[must_use]
pub fn libraries(pid: i32) -> BTreeMap<(i32, String), u64> {
    let mut found = BTreeMap::new();
    for pid in family(pid) {
        for line in fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default().lines() {
            // `start-end rights offset device inode   path`
            let words: Vec<&str> = line.split_whitespace().collect();
            if words.len() < 6 || !words[1].contains('x') || !words[5].starts_with('/') {
                continue;
            }
            let path = words[5..].join(" ");
            // A library that was deleted after loading can still be looked at through its mapping.
            let through = PathBuf::from(format!("/proc/{pid}/map_files/{}", words[0]));
            if let Ok(about) = fs::metadata(&path).or_else(|_| fs::metadata(through)) {
                found.insert((pid, path), about.len());
            }
        }
    }
    found
}
