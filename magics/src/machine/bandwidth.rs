//! How fast this machine reads memory, once it was measured in this session.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::Machine;
use crate::units::{bytes, rate};

/// Bytes per second of sequential reading from memory: the best of several passes over a buffer larger than the caches, in which
/// 64-bit numbers are added up; a byte counts once (STREAM's rules, with a kernel that only reads).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bandwidth {
    /// With one thread.
    pub one: f64,
    /// With `threads` threads together.
    pub all: f64,
    pub threads: usize,
    /// Size of the buffer.
    pub bytes: u64,
    /// Other work ran on the machine, so that it may reach more.
    #[serde(default)]
    pub busy: bool,
}

static MEASURED: OnceLock<Bandwidth> = OnceLock::new();

/// The smallest and the largest buffer.
const LEAST_BYTES: u64 = 128 << 20;
const MOST_BYTES: u64 = 1 << 30;

impl Bandwidth {
    /// What was measured in this session.
    pub fn known() -> Option<&'static Self> {
        MEASURED.get()
    }

    /// Keeps a measurement for the session; the first one counts.
    pub fn keep(self) -> &'static Self {
        MEASURED.get_or_init(|| self)
    }

    /// In words.
    pub fn text(&self) -> String {
        let more = if self.threads > 1 { format!(", {} with {} threads", rate(self.all, "B"), self.threads) } else { String::new() };
        let busy = if self.busy { ", on a busy machine" } else { "" };
        format!("{} with one thread{more} (measured{busy}: reading {} in order)", rate(self.one, "B"), bytes(self.bytes))
    }
}

impl Machine {
    /// Size of the last cache, the sum of all of its kind that the machine's CPUs share out among them being unknown.
    pub fn last_cache_bytes(&self) -> Option<u64> {
        self.caches.iter().map(|cache| cache.bytes).max()
    }

    /// The buffer for [`Bandwidth`]: four times the last cache, within limits and an eighth of the memory.
    pub fn bandwidth_buffer(&self) -> u64 {
        let memory = self.cgroup_memory_bytes.unwrap_or(u64::MAX).min(self.ram_bytes.max(LEAST_BYTES));
        let wanted = self.last_cache_bytes().unwrap_or(0).saturating_mul(4);
        wanted.clamp(LEAST_BYTES, MOST_BYTES).min(memory / 8).max(1 << 20)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_buffer_is_larger_than_the_caches_and_fits_into_memory() {
        let machine = Machine { caches: vec![], ram_bytes: 8 << 30, cgroup_memory_bytes: None, ..Machine::read().clone() };
        assert_eq!(machine.bandwidth_buffer(), LEAST_BYTES);
        assert_eq!(Machine { cgroup_memory_bytes: Some(512 << 20), ..machine }.bandwidth_buffer(), 64 << 20);
    }

    #[test]
    fn it_is_told_with_its_definition() {
        let text = Bandwidth { one: 12.3e9, all: 20e9, threads: 2, bytes: 128 << 20, busy: true }.text();
        assert_eq!(text, "12.3 GB/s with one thread, 20.0 GB/s with 2 threads (measured, on a busy machine: reading 128 MiB in order)");
    }
}
