//! How busy the machine was before, during and after a measurement, who kept it busy, and what the hypervisor took.

use std::fs;
use std::time::Instant;

use serde_json::{Map, Value, json};
use sysinfo::System;

use super::processor_time;
use crate::stats::noise::Surroundings;

/// Shorter spans are a few ticks of the system's clock: too coarse to tell who used the processors.
const SHORTEST_S: f64 = 0.3;

/// One look at the machine.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LoadReading {
    /// One-minute load average.
    pub load: Option<f64>,
    /// Seconds of CPU time the hypervisor has given to others since boot.
    pub steal_s: Option<f64>,
    /// Seconds of CPU time that programs outside of this session have used since boot.
    others_s: Option<f64>,
    at: Option<Instant>,
}

impl LoadReading {
    /// Looks now.
    pub fn now() -> Self {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let used = processor_time::of_all(&stat);
        Self {
            load: System::load_average().ok().map(|l| l.one),
            steal_s: processor_time::stolen(&stat),
            others_s: used.zip(processor_time::of_tree(std::process::id())).map(|(all, own)| all - own),
            at: Some(Instant::now()),
        }
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

    /// CPUs that programs outside of this session used on average in between; `None` for a short span or an unknown system.
    pub fn others(&self) -> Option<f64> {
        let span_s = self.after.at?.checked_duration_since(self.before.at?)?.as_secs_f64();
        let used_s = self.after.others_s? - self.before.others_s?;
        (span_s >= SHORTEST_S).then(|| (used_s / span_s).max(0.0))
    }

    /// What counts for the noise verdict of a measurement that may use `cpus`.
    pub fn surroundings(&self, cpus: usize, involuntary_switches: Option<u64>) -> Surroundings {
        Surroundings { load_before: self.before.load, others: self.others(), cpus, steal_s: self.steal_s(), involuntary_switches }
    }

    /// `load 0.4 before, 0.9 after`; empty when it cannot be read.
    pub fn text(&self) -> String {
        let others = self.others().filter(|used| *used >= 0.05).map(|used| format!(", other programs used {used:.1} CPUs"));
        match (self.before.load, self.after.load) {
            (Some(before), Some(after)) => format!("load {before:.1} before, {after:.1} after{}", others.unwrap_or_default()),
            _ => String::new(),
        }
    }

    /// Fields for the `machine` object; unknown ones are absent.
    pub fn json(&self) -> Map<String, Value> {
        let fields = [
            ("load_before", self.before.load),
            ("load_after", self.after.load),
            ("others_cpus", self.others()),
            ("steal_s", self.steal_s()),
        ];
        fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn unknown_facts_are_absent() {
        assert!(LoadSpan::default().json().is_empty());
        let reading = |steal_s| LoadReading { load: Some(0.5), steal_s: Some(steal_s), ..LoadReading::default() };
        let span = LoadSpan { before: reading(1.0), after: reading(1.25) };
        assert_eq!(span.json()["steal_s"], 0.25);
        assert_eq!(span.text(), "load 0.5 before, 0.5 after");
    }

    #[test]
    fn others_are_told_per_second() {
        let begin = Instant::now();
        let reading = |others_s, after_ms| LoadReading {
            load: Some(0.5),
            others_s: Some(others_s),
            at: Some(begin + Duration::from_millis(after_ms)),
            ..LoadReading::default()
        };
        let span = |others_s, after_ms| LoadSpan { before: reading(100.0, 0), after: reading(others_s, after_ms) };
        assert_eq!(span(103.0, 2000).others(), Some(1.5));
        assert_eq!(span(103.0, 2000).text(), "load 0.5 before, 0.5 after, other programs used 1.5 CPUs");
        assert_eq!(span(99.9, 2000).others(), Some(0.0), "what ended in between is rounded");
        assert_eq!(span(100.1, 100).others(), None, "too short");
    }
}
