//! The noise verdict: was the machine quiet enough for the number to mean something, and if not, why and what helps.

use serde_json::{Value, json};

use super::{Summary, serial};

/// Other programs are noise from this share of the CPUs on, and from this many CPUs.
const OTHERS_SHARE: f64 = 0.1;
const OTHERS_LEAST: f64 = 0.2;

/// How far a number can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing noticed.
    Green,
    /// Usable with care; reasons are given.
    Amber,
    /// The number is shown, but no claim may rest on it.
    Red,
}

impl Level {
    /// `green`, `amber` or `red`, as in the result object.
    pub fn name(self) -> &'static str {
        match self {
            Level::Green => "green",
            Level::Amber => "amber",
            Level::Red => "red",
        }
    }

    /// `quiet`, `noisy` or `useless`, as shown to people.
    pub fn word(self) -> &'static str {
        match self {
            Level::Green => "quiet",
            Level::Amber => "noisy",
            Level::Red => "too noisy to conclude",
        }
    }
}

/// One reason to distrust a measurement, with its numbers.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// The interval is wider than ±10 % of the median.
    WideInterval { half_width: f64 },
    /// sd / mean of at least 10 %.
    Spread { relative: f64 },
    /// The slowest or fastest sample is 50 % or more off the mean.
    Extreme { factor: f64 },
    /// Samples depend on their predecessors.
    Correlated { lag1: f64 },
    /// The last third differs from the first by more than 5 %.
    Drift { relative: f64 },
    /// Other programs used processors while it was measured.
    Others { used: f64, cpus: usize },
    /// The machine was busy before the measurement began.
    Load { load: f64, cpus: usize },
    /// The hypervisor gave our CPU time to others.
    Steal { seconds: f64 },
    /// The scheduler took the CPU away.
    Preempted { switches: u64, samples: usize },
    /// Too few samples for an interval.
    FewSamples { n: usize },
}

impl Reason {
    /// What was seen.
    pub fn text(&self) -> String {
        match self {
            Reason::WideInterval { half_width } => {
                format!("the interval is ±{:.0} % of the median", half_width * 100.0)
            }
            Reason::Spread { relative } => format!("samples spread by {:.0} % (sd / mean)", relative * 100.0),
            Reason::Extreme { factor } => format!("an extreme sample is {factor:.2} × the mean"),
            Reason::Correlated { lag1 } => format!("neighbouring samples are alike (lag-1 correlation {lag1:.2})"),
            Reason::Drift { relative } if *relative > 0.0 => {
                format!("it became {:.0} % slower while measuring", relative * 100.0)
            }
            Reason::Drift { relative } => format!("it became {:.0} % faster while measuring", -relative * 100.0),
            Reason::Others { used, cpus } => format!("other programs used {used:.1} of {cpus} CPUs meanwhile"),
            Reason::Load { load, cpus } => format!("load was {load:.1} on {cpus} CPUs before the start"),
            Reason::Steal { seconds } => format!("the hypervisor took {seconds:.2} s of CPU time away"),
            Reason::Preempted { switches, samples } => {
                format!("the scheduler interrupted the code {switches} times in {samples} samples")
            }
            Reason::FewSamples { n } => format!("{n} samples are too few for an interval (6 needed)"),
        }
    }

    /// What to try.
    pub fn remedy(&self) -> &'static str {
        match self {
            Reason::WideInterval { .. } => "raise `--budget`, or close what else runs and measure again",
            Reason::Spread { .. } | Reason::Extreme { .. } => {
                "read the median and the minimum, not the mean; measure again on a quieter machine"
            }
            Reason::Correlated { .. } => "samples are not independent, so the interval is too narrow: repeat the cell",
            Reason::Drift { .. } => "let the CPU reach a steady clock (warm up, mains power), or check for growing state",
            Reason::Others { .. } => "close other programs, or wait until they end",
            Reason::Load { .. } => "wait until other work ends; earlier cells count in the load for a minute",
            Reason::Steal { .. } => "a shared host: repeat at another time, compare only within one cell",
            Reason::Preempted { .. } => "close other programs; use fewer threads than CPUs",
            Reason::FewSamples { .. } => "raise `--budget` or `-r`, or time a smaller input",
        }
    }
}

/// What the machine did during the measurement; absent facts are `None`, never zero.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Surroundings {
    /// One-minute load average before the start. It counts what this session did before, so it serves only where `others` is unknown.
    pub load_before: Option<f64>,
    /// CPUs that programs outside of this session used on average during the measurement.
    pub others: Option<f64>,
    /// CPUs this process may use.
    pub cpus: usize,
    /// CPU seconds stolen by the hypervisor during the measurement.
    pub steal_s: Option<f64>,
    /// Involuntary context switches of the measured process during the samples.
    pub involuntary_switches: Option<u64>,
}

/// The verdict with its reasons, worst first.
#[derive(Debug, Clone, PartialEq)]
pub struct Noise {
    pub level: Level,
    pub reasons: Vec<Reason>,
}

impl Noise {
    /// Judges samples in the order they were taken.
    pub fn judge(samples: &[f64], summary: &Summary, around: &Surroundings) -> Self {
        let mut reasons = Vec::new();
        if let Some(half_width) = summary.relative_half_width().filter(|w| *w > 0.10) {
            reasons.push(Reason::WideInterval { half_width });
        }
        if summary.ci.is_none() {
            reasons.push(Reason::FewSamples { n: summary.n });
        }
        if let Some(relative) = serial::drift(samples).filter(|d| d.abs() > 0.05) {
            reasons.push(Reason::Drift { relative });
        }
        // Few independent samples correlate by chance: beyond three standard errors (1/√n) hardly ever.
        let by_chance = 3.0 / (summary.n as f64).sqrt();
        if let Some(lag1) = serial::lag1(samples).filter(|r| r.abs() > by_chance.max(0.5)) {
            reasons.push(Reason::Correlated { lag1 });
        }
        if summary.n > 1 && summary.mean > 0.0 {
            if summary.sd / summary.mean >= 0.10 {
                reasons.push(Reason::Spread { relative: summary.sd / summary.mean });
            }
            let (low, high) = (summary.min / summary.mean, summary.max / summary.mean);
            if high >= 1.5 || low <= 0.5 {
                reasons.push(Reason::Extreme { factor: if high >= 1.5 { high } else { low } });
            }
        }
        reasons.extend(around.reasons(summary.n));
        let red = reasons.iter().any(|r| matches!(r, Reason::WideInterval { .. }));
        let level = match (red, reasons.is_empty()) {
            (true, _) => Level::Red,
            (false, false) => Level::Amber,
            (false, true) => Level::Green,
        };
        Self { level, reasons }
    }

    /// One verdict over several sets of samples: the worst level, every reason once.
    pub fn worst(all: impl IntoIterator<Item = Noise>) -> Self {
        let mut worst = Noise { level: Level::Green, reasons: Vec::new() };
        for noise in all {
            worst.level = worst.level.max(noise.level);
            for reason in noise.reasons {
                // The same kind of trouble in two variants is said once, with the first one's numbers.
                let kind = std::mem::discriminant(&reason);
                if !worst.reasons.iter().any(|r| std::mem::discriminant(r) == kind) {
                    worst.reasons.push(reason);
                }
            }
        }
        // What makes it red is said first.
        worst.reasons.sort_by_key(|reason| !matches!(reason, Reason::WideInterval { .. }));
        worst
    }

    /// One line: the verdict and its first reason.
    pub fn short(&self) -> String {
        match self.reasons.as_slice() {
            [] => self.level.word().to_owned(),
            [one] => format!("{} ({})", self.level.word(), one.text()),
            [first, rest @ ..] => format!("{} ({}; and {} more)", self.level.word(), first.text(), rest.len()),
        }
    }

    /// The `noise` field of a result object.
    pub fn json(&self) -> Value {
        json!({
            "level": self.level.name(),
            "reasons": self.reasons.iter().map(Reason::text).collect::<Vec<_>>(),
        })
    }
}

impl Surroundings {
    fn reasons(&self, samples: usize) -> Vec<Reason> {
        let mut reasons = Vec::new();
        match (self.others, self.load_before) {
            (Some(used), _) if used > (self.cpus as f64 * OTHERS_SHARE).max(OTHERS_LEAST) => {
                reasons.push(Reason::Others { used, cpus: self.cpus })
            }
            (None, Some(load)) if self.cpus > 0 && load > self.cpus as f64 / 2.0 => reasons.push(Reason::Load { load, cpus: self.cpus }),
            _ => {}
        }
        if let Some(seconds) = self.steal_s.filter(|s| *s > 0.0) {
            reasons.push(Reason::Steal { seconds });
        }
        // A few switches happen in any run of seconds; they matter once one sample in ten can be hit.
        if let Some(switches) = self.involuntary_switches.filter(|s| *s > 0 && *s * 10 >= samples as u64) {
            reasons.push(Reason::Preempted { switches, samples });
        }
        reasons
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::bootstrap::Rng;

    fn judge(samples: &[f64], around: Surroundings) -> Noise {
        Noise::judge(samples, &Summary::of(samples).unwrap(), &around)
    }

    fn steady(n: usize, spread: f64) -> Vec<f64> {
        let mut rng = Rng::new(11);
        (0..n).map(|_| 1.0 + spread * (rng.unit() - 0.5)).collect()
    }

    #[test]
    fn steady_samples_are_quiet() {
        let noise = judge(&steady(51, 0.02), Surroundings { cpus: 2, load_before: Some(0.3), ..Default::default() });
        assert_eq!(noise, Noise { level: Level::Green, reasons: vec![] });
        assert_eq!(noise.json()["level"], "green");
    }

    #[test]
    fn load_steal_and_preemption_are_amber_with_a_remedy() {
        let around = Surroundings { cpus: 2, load_before: Some(1.7), others: None, steal_s: Some(0.04), involuntary_switches: Some(30) };
        let noise = judge(&steady(51, 0.02), around);
        assert_eq!(noise.level, Level::Amber);
        assert_eq!(noise.reasons.len(), 3);
        assert!(noise.reasons.iter().all(|r| !r.remedy().is_empty()));
        assert!(noise.short().contains("load was 1.7 on 2 CPUs"), "{}", noise.short());
    }

    #[test]
    fn other_programs_count_and_ones_own_load_does_not() {
        let around = |others| Surroundings { cpus: 2, load_before: Some(1.9), others: Some(others), ..Default::default() };
        assert_eq!(judge(&steady(51, 0.02), around(0.05)).level, Level::Green);
        let busy = judge(&steady(51, 0.02), around(0.8));
        assert_eq!(busy.level, Level::Amber);
        assert!(busy.short().contains("other programs used 0.8 of 2 CPUs"), "{}", busy.short());
        // A sixteenth of a large machine is elsewhere.
        assert_eq!(judge(&steady(51, 0.02), Surroundings { cpus: 16, ..around(1.0) }).level, Level::Green);
    }

    #[test]
    fn wide_interval_is_red() {
        assert_eq!(judge(&steady(11, 1.0), Surroundings::default()).level, Level::Red);
    }

    #[test]
    fn drift_and_correlation_are_seen() {
        let rising: Vec<f64> = (0..30).map(|i| 1.0 + 0.01 * f64::from(i)).collect();
        let noise = judge(&rising, Surroundings::default());
        assert!(noise.reasons.iter().any(|r| matches!(r, Reason::Drift { .. })));
        assert!(noise.reasons.iter().any(|r| matches!(r, Reason::Correlated { .. })));
    }

    #[test]
    fn worst_of_two_keeps_each_reason_once() {
        let around = Surroundings { cpus: 2, load_before: Some(5.0), ..Default::default() };
        let both = Noise::worst([judge(&steady(51, 0.02), around), judge(&steady(51, 0.02), around)]);
        assert_eq!(both.reasons.len(), 1);
        let red = Noise::worst([judge(&steady(51, 0.02), around), judge(&steady(11, 1.0), around)]);
        assert!(red.short().starts_with("too noisy to conclude (the interval is"), "{}", red.short());
    }
}
