//! How busy the machine was before and after a measurement, and what the hypervisor took.

use std::fs;

use serde_json::{Map, Value, json};
use sysinfo::System;

/// One look at the machine.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LoadReading {
    /// One-minute load average.
    pub load: Option<f64>,
    /// Seconds of CPU time the hypervisor has given to others since boot.
    pub steal_s: Option<f64>,
}

impl LoadReading {
    /// Looks now.
    pub fn now() -> Self {
        Self { load: System::load_average().ok().map(|l| l.one), steal_s: fs::read_to_string("/proc/stat").ok().and_then(|s| steal(&s)) }
    }
}

/// The machine before and after a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LoadSpan {
    pub before: LoadReading,
    pub after: LoadReading,
}

impl LoadSpan {
    /// CPU seconds stolen in between.
    pub fn steal_s(&self) -> Option<f64> {
        Some((self.after.steal_s? - self.before.steal_s?).max(0.0))
    }

    /// `load 0.4 before, 0.9 after`; empty when it cannot be read.
    pub fn text(&self) -> String {
        match (self.before.load, self.after.load) {
            (Some(before), Some(after)) => format!("load {before:.1} before, {after:.1} after"),
            _ => String::new(),
        }
    }

    /// Fields for the `machine` object; unknown ones are absent.
    pub fn json(&self) -> Map<String, Value> {
        let fields = [("load_before", self.before.load), ("load_after", self.after.load), ("steal_s", self.steal_s())];
        fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))).collect()
    }
}

/// Steal seconds of the first line of `/proc/stat`; its ticks are hundredths on every Linux we run on.
fn steal(stat: &str) -> Option<f64> {
    let ticks: f64 = stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace().nth(7)?.parse().ok()?;
    Some(ticks / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steal_is_the_eighth_number() {
        assert_eq!(steal("cpu  475135 0 31924 100849 694 0 247 395 0 0\n"), Some(3.95));
        assert_eq!(steal("nonsense"), None);
    }

    #[test]
    fn unknown_facts_are_absent() {
        assert!(LoadSpan::default().json().is_empty());
        let reading = |steal_s| LoadReading { load: Some(0.5), steal_s: Some(steal_s) };
        let span = LoadSpan { before: reading(1.0), after: reading(1.25) };
        assert_eq!(span.json()["steal_s"], 0.25);
        assert_eq!(span.text(), "load 0.5 before, 0.5 after");
    }
}
