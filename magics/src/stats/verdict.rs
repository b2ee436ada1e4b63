//! Faster, slower, equivalent or cannot tell: what paired rounds allow to say of variants against one baseline.
//!
//! Faster or slower: the bootstrap interval of the ratio leaves out 1, the ratio is beyond delta, and Wilcoxon's signed-rank test, adjusted
//! by Holm, agrees. Equivalent: the interval lies within 1 ± delta. In simulations with log-normal noise (the tests here) identical code is
//! called different in less than 5 of 100 comparisons.

use super::bootstrap::{Estimate, SEED, ratio_in_processes, ratio_of_pairs};
use super::{holm, quantile, wilcoxon};

/// Differences smaller than this do not matter.
pub const DELTA: f64 = 0.02;
/// Adjusted p-values below this are significant.
const ALPHA: f64 = 0.05;
/// No plan asks for more rounds than this.
const MOST_ROUNDS: f64 = 100_000.0;

/// What the rounds allow to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Faster,
    Slower,
    /// The interval lies within ± delta of 1.
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
}

/// A variant against the baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Against {
    /// Time over the baseline's: exp(median dᵢ), dᵢ = ln(tᵢ / bᵢ), bootstrap interval over rounds.
    pub ratio: Estimate,
    /// Wilcoxon's signed-rank test of the dᵢ, adjusted by Holm when several variants are compared.
    pub p: Option<f64>,
    pub verdict: Verdict,
    /// Rounds that may be needed to tell, when these did not.
    pub rounds_needed: Option<usize>,
}

/// Judges variants against a baseline; index i of all slices is round i. `None` for a variant without a usable pair.
///
/// `processes` says how many rounds each fresh process had, one after another; empty when all rounds were in one.
pub fn judge(variants: &[&[f64]], baseline: &[f64], delta: f64, processes: &[usize]) -> Vec<Option<Against>> {
    let logs: Vec<Vec<f64>> = variants.iter().map(|times| logs(times, baseline)).collect();
    let tests: Vec<Option<f64>> = logs.iter().map(|d| wilcoxon::signed_rank(d).map(|test| test.p)).collect();
    let known: Vec<f64> = tests.iter().flatten().copied().collect();
    let mut adjusted = holm::adjust(&known).into_iter();
    let adjusted: Vec<Option<f64>> = tests.iter().map(|p| p.and_then(|_| adjusted.next())).collect();
    (0..variants.len())
        .map(|i| {
            let ratio = match processes {
                [] | [_] => ratio_of_pairs(variants[i], baseline, SEED)?,
                _ => ratio_in_processes(&by_process(variants[i], baseline, processes), SEED)?,
            };
            // Also for one variant: the bootstrap alone is a little too sure of itself when rounds are few.
            let significant = adjusted[i].is_some_and(|p| p < ALPHA);
            let verdict = verdict(&ratio, delta, significant);
            let open = verdict == Verdict::CannotTell;
            let fewest = fewest_rounds(variants.len());
            Some(Against {
                ratio,
                p: adjusted[i],
                verdict,
                rounds_needed: if open { rounds_needed(&ratio, logs[i].len(), delta).map(|needed| needed.max(fewest)) } else { None },
            })
        })
        .collect()
}

fn logs(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).filter(|(a, b)| **a > 0.0 && **b > 0.0).map(|(a, b)| (a / b).ln()).collect()
}

fn by_process(times: &[f64], baseline: &[f64], processes: &[usize]) -> Vec<Vec<f64>> {
    let mut start = 0;
    let mut part = |rounds: usize| {
        let range = start.min(baseline.len())..(start + rounds).min(times.len()).min(baseline.len()).max(start.min(baseline.len()));
        start += rounds;
        logs(times.get(range.clone()).unwrap_or_default(), &baseline[range])
    };
    processes.iter().map(|rounds| part(*rounds)).collect()
}

fn verdict(ratio: &Estimate, delta: f64, significant: bool) -> Verdict {
    match ratio.ci {
        Some((low, high)) if low >= 1.0 - delta && high <= 1.0 + delta => Verdict::Equivalent,
        Some((_, high)) if significant && high < 1.0 && ratio.value < 1.0 - delta => Verdict::Faster,
        Some((low, _)) if significant && low > 1.0 && ratio.value > 1.0 + delta => Verdict::Slower,
        _ => Verdict::CannotTell,
    }
}

/// R' ≈ R (w/g)²: w is half the interval of d, g is |median d| beyond delta, else its distance to the edge of the band.
///
/// An estimate for planning, at least one round more; `None` without an interval, or when no sensible number would do.
fn rounds_needed(ratio: &Estimate, rounds: usize, delta: f64) -> Option<usize> {
    let (low, high) = ratio.ci?;
    let half_width = (high.ln() - low.ln()) / 2.0;
    let d = ratio.value.ln();
    let gap = if (ratio.value - 1.0).abs() > delta {
        d.abs()
    } else if d < 0.0 {
        d - (1.0 - delta).ln()
    } else {
        (1.0 + delta).ln() - d
    };
    let needed = rounds as f64 * (half_width / gap).powi(2);
    (needed.is_finite() && needed < MOST_ROUNDS).then(|| (needed.ceil() as usize).max(rounds + 1))
}

/// Fewest rounds with which a difference between so many variants and their baseline can be significant at all: an interval needs 6, and
/// the least p-value of R rounds, 2 / 2ᴿ, times Holm's factor must be below 0.05.
pub fn fewest_rounds(variants: usize) -> usize {
    (6..30).find(|rounds| variants as f64 * 2f64.powi(1 - *rounds) < ALPHA).unwrap_or(30) as usize
}

/// Whether every ratio to the baseline is known to `relative` (half the interval of the median of the dᵢ), by order statistics: cheap
/// enough to be asked after each round.
pub fn is_precise(variants: &[&[f64]], baseline: &[f64], relative: f64) -> bool {
    variants.iter().all(|times| {
        let sorted = quantile::sorted(&logs(times, baseline));
        super::interval::median_ci(&sorted).is_some_and(|(low, high)| (high - low) / 2.0 <= relative)
    })
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
