//! Times against the baseline: paired by round, in words that never say more than the interval allows.

use super::run::Measured;
use super::settings::Settings;
use crate::magics::results::words::ratio_text;
use crate::magics::sql::render::plural;
use crate::stats::independent::{Ratio, Verdict as Reading};
use crate::stats::verdict::{self, DELTA, Verdict};

/// One engine against the baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct Against {
    /// Index of the engine.
    pub engine: usize,
    pub ratio: f64,
    pub ci: Option<(f64, f64)>,
    /// Wilcoxon's signed-rank test, adjusted by Holm for several engines.
    pub p: Option<f64>,
    pub verdict: Verdict,
    /// Rounds that may be needed to tell.
    pub rounds_needed: Option<usize>,
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
    let others: Vec<usize> = all.into_iter().filter(|i| *i != baseline).collect();
    let times: Vec<&[f64]> = others.iter().map(|i| measured.runs[*i].samples.as_slice()).collect();
    let judged = verdict::judge(&times, &measured.runs[baseline].samples, DELTA, &[]);
    let against = others.into_iter().zip(judged).filter_map(|(engine, judged)| {
        let judged = judged?;
        let (ratio, ci) = (judged.ratio.value, judged.ratio.ci);
        Some(Against { engine, ratio, ci, p: judged.p, verdict: judged.verdict, rounds_needed: judged.rounds_needed })
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
                (Verdict::CannotTell, Some(_)) => {
                    let more = against
                        .rounds_needed
                        .map(|needed| format!("; about {} may tell", plural(needed.saturating_sub(rounds).max(1) as u64, "more round")));
                    format!("{name} against {base}: cannot tell from {rounds} rounds, {number}{}", more.unwrap_or_default())
                }
                (Verdict::CannotTell, None) => {
                    format!("{name} against {base}: {number} of the time, but {rounds} rounds give no interval; 6 do")
                }
            }
        };
        self.against.iter().map(say).collect()
    }
}
