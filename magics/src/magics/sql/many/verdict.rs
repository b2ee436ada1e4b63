//! Times against the baseline: paired by round, in words that never say more than the interval allows.

use super::run::Measured;
use super::settings::Settings;
use crate::magics::results::words::ratio_text;
use crate::stats::bootstrap::{SEED, ratio_of_pairs};
use crate::stats::independent::{Ratio, Verdict as Reading};

/// Differences smaller than this do not matter.
const DELTA: f64 = 0.02;

/// What the rounds allow to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Faster,
    Slower,
    /// The interval lies within 2 % of 1.
    Equivalent,
    CannotTell,
}

impl Verdict {
    /// As in the result object.
    pub fn name(self) -> &'static str {
        match self {
            Self::Faster => "faster",
            Self::Slower => "slower",
            Self::Equivalent => "equivalent",
            Self::CannotTell => "cannot tell",
        }
    }

    fn of(ratio: f64, ci: Option<(f64, f64)>) -> Self {
        match ci {
            Some((low, high)) if low >= 1.0 - DELTA && high <= 1.0 + DELTA => Self::Equivalent,
            Some((_, high)) if high < 1.0 && ratio < 1.0 - DELTA => Self::Faster,
            Some((low, _)) if low > 1.0 && ratio > 1.0 + DELTA => Self::Slower,
            _ => Self::CannotTell,
        }
    }
}

/// One engine against the baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct Against {
    /// Index of the engine.
    pub engine: usize,
    pub ratio: f64,
    pub ci: Option<(f64, f64)>,
    pub verdict: Verdict,
}

/// All ratios, and what they are to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Verdicts {
    /// Index of the baseline; `None` when nothing may be ranked.
    pub baseline: Option<usize>,
    pub against: Vec<Against>,
}

/// Compares each engine with the baseline: the one that was named, else the first that has times. Nothing is ranked when answers
/// differ.
pub fn verdicts(measured: &Measured, settings: &Settings) -> Verdicts {
    if measured.equal != Some(true) {
        return Verdicts::default();
    }
    let timed = |i: &usize| measured.runs[*i].is_ok() && !measured.runs[*i].samples.is_empty();
    let all: Vec<usize> = (0..measured.runs.len()).filter(timed).collect();
    let named = all.iter().copied().find(|i| Some(&measured.runs[*i].engine) == settings.baseline.as_ref());
    let Some(baseline) = named.or(all.first().copied()) else { return Verdicts::default() };
    let against = all.iter().copied().filter(|i| *i != baseline).filter_map(|engine| {
        let estimate = ratio_of_pairs(&measured.runs[engine].samples, &measured.runs[baseline].samples, SEED)?;
        let verdict = Verdict::of(estimate.value, estimate.ci);
        Some(Against { engine, ratio: estimate.value, ci: estimate.ci, verdict })
    });
    Verdicts { baseline: Some(baseline), against: against.collect() }
}

impl Against {
    /// `0.31 [0.29, 0.33]`.
    pub fn number(&self) -> String {
        ratio_text(&Ratio { value: self.ratio, ci: self.ci, verdict: Reading::Overlap })
    }

    /// For the chart's column.
    pub fn short(&self) -> String {
        match (self.verdict, self.ci) {
            (_, None) => format!("{}, no interval", self.number()),
            (Verdict::CannotTell | Verdict::Equivalent, _) => format!("≈ {}", self.number()),
            _ => self.number(),
        }
    }
}

impl Verdicts {
    /// One sentence per engine.
    pub fn sentences(&self, measured: &Measured) -> Vec<String> {
        let Some(base) = self.baseline.map(|i| measured.runs[i].name.as_str()) else { return Vec::new() };
        let say = |against: &Against| {
            let (name, number) = (&measured.runs[against.engine].name, against.number());
            let rounds = measured.runs[against.engine].samples.len();
            match (against.verdict, against.ci) {
                (Verdict::Faster | Verdict::Slower, _) => format!("{name} takes {number} of {base}'s time"),
                (Verdict::Equivalent, _) => format!("{name} and {base} take the same time within 2 %: {number}"),
                (Verdict::CannotTell, Some(_)) => format!("{name} against {base}: cannot tell from {rounds} rounds, {number}"),
                (Verdict::CannotTell, None) => {
                    format!("{name} against {base}: {number} of the time, but {rounds} rounds give no interval; 6 do")
                }
            }
        };
        self.against.iter().map(say).collect()
    }
}
