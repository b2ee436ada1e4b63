//! What the rounds of an effect say: pass, fail, or that one cannot tell. Pure.

use super::sections::Bounds;
use crate::stats::bootstrap::SEED;
use crate::stats::{Estimate, ratio_of_pairs};

/// How a gate ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    NotYet,
    /// The machine does not allow an answer: never held against the student.
    Inconclusive,
    /// An earlier gate was in the way.
    Skipped,
}

impl Verdict {
    /// As in a result object.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::NotYet => "not yet",
            Self::Inconclusive => "inconclusive",
            Self::Skipped => "skipped",
        }
    }
}

/// The effect that was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// The baseline's time divided by the solution's, of the same round.
    pub ratio: Option<Estimate>,
    pub verdict: Verdict,
    /// One sentence.
    pub message: String,
}

/// Where an interval lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Below,
    Above,
    Spans,
}

/// Seconds per iteration of both, round by round, against the bounds. `noisy`: the noise verdict of one of them is red;
/// then an answer counts only if a sign test over the rounds confirms it at 1 %. `cycle_s`: length of a processor cycle.
pub fn judge(baseline: &[f64], solution: &[f64], bounds: Bounds, noisy: bool, cycle_s: Option<f64>) -> Effect {
    let ratio = ratio_of_pairs(baseline, solution, SEED);
    let Some((estimate, (low, high))) = ratio.and_then(|ratio| Some((ratio, ratio.ci?))) else {
        let message = "there are too few rounds for an interval; run the check again".to_owned();
        return Effect { ratio, verdict: Verdict::Inconclusive, message };
    };
    let each: Vec<f64> = baseline.iter().zip(solution).map(|(b, s)| b / s).collect();
    let side = |bound: f64| match (low >= bound, high < bound) {
        (true, _) if !noisy || confirmed(each.iter().filter(|ratio| **ratio < bound).count(), each.len()) => Side::Above,
        (_, true) if !noisy || confirmed(each.iter().filter(|ratio| **ratio >= bound).count(), each.len()) => Side::Below,
        _ => Side::Spans,
    };
    let measured = format!("{} times as fast as the baseline [{}, {}]", short(estimate.value), short(low), short(high));
    let asked = match bounds.at_most {
        Some(most) => format!("{} to {} are asked for", short(bounds.at_least), short(most)),
        None => format!("at least {} is asked for", short(bounds.at_least)),
    };
    let quieter = "run the check again on a quieter machine";
    let instant = cycle_s.is_some_and(|cycle| crate::stats::quantile::median(solution) < cycle);
    let at_most = bounds.at_most.map(side);
    let (verdict, message) = if instant || at_most == Some(Side::Above) {
        (
            Verdict::NotYet,
            format!(
                "suspiciously fast: {measured}; the compiler may have removed the work: return its result, and take the input from a variable"
            ),
        )
    } else {
        match side(bounds.at_least) {
            Side::Below => (Verdict::NotYet, format!("{measured}; {asked}")),
            Side::Above if at_most == Some(Side::Spans) => {
                (Verdict::Inconclusive, format!("{measured}; whether that is above the upper bound cannot be told ({asked}): {quieter}"))
            }
            Side::Above => (Verdict::Passed, format!("{measured}; {asked}")),
            Side::Spans if noisy => {
                (Verdict::Inconclusive, format!("{measured}; {asked}, and the machine is too noisy to tell: {quieter}"))
            }
            Side::Spans => (Verdict::Inconclusive, format!("{measured}; {asked}, which lies inside of the interval: {quieter}")),
        }
    };
    Effect { ratio, verdict, message }
}

/// Sign test: whether so few of `n` rounds lie on the other side of a bound that this happens by chance, were the bound the median, at most
/// once in a hundred times: Σ C(n, i) / 2ⁿ for i up to `against`.
fn confirmed(against: usize, n: usize) -> bool {
    let mut term = 0.5_f64.powi(i32::try_from(n).unwrap_or(i32::MAX));
    let mut chance = term;
    for i in 0..against {
        term *= (n - i) as f64 / (i + 1) as f64;
        chance += term;
    }
    chance <= 0.01
}

/// Three digits, as people read a factor.
pub fn short(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    let digits = if value.abs() >= 100.0 {
        0
    } else if value.abs() >= 10.0 {
        1
    } else {
        2
    };
    let text = format!("{value:.digits$}");
    if digits == 0 { text } else { text.trim_end_matches('0').trim_end_matches('.').to_owned() }
}

/// The whole of several gates.
pub fn together(verdicts: &[Verdict]) -> Verdict {
    if verdicts.contains(&Verdict::NotYet) {
        Verdict::NotYet
    } else if verdicts.contains(&Verdict::Inconclusive) {
        Verdict::Inconclusive
    } else {
        Verdict::Passed
    }
}

/// Points: an equal share for each gate that passed or that only the machine kept from passing. `stopped` means that the machine
/// lacks what the check requires, so that what was skipped is nobody's fault.
pub fn score(verdicts: &[Verdict], points: f64, stopped: bool) -> f64 {
    let earned = |verdict: &&Verdict| match verdict {
        Verdict::Passed | Verdict::Inconclusive => true,
        Verdict::Skipped => stopped,
        Verdict::NotYet => false,
    };
    let share = verdicts.iter().filter(earned).count() as f64 / verdicts.len().max(1) as f64;
    // Cents: a score is read by people.
    (share * points * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::bootstrap::Rng;

    fn times(centre: f64, spread: f64, seed: u64) -> Vec<f64> {
        let mut rng = Rng::new(seed);
        (0..15).map(|_| centre * (1.0 + spread * (rng.unit() - 0.5))).collect()
    }

    fn verdict(factor: f64, spread: f64, noisy: bool) -> Effect {
        let bounds = Bounds { at_least: 3.0, at_most: Some(1000.0) };
        judge(&times(factor * 1e-3, spread, 1), &times(1e-3, spread, 2), bounds, noisy, Some(3e-10))
    }

    #[test]
    fn clear_cases() {
        assert_eq!(verdict(10.0, 0.1, false).verdict, Verdict::Passed);
        let slow = verdict(1.0, 0.1, false);
        assert_eq!(slow.verdict, Verdict::NotYet);
        assert!(slow.message.contains("times as fast") && slow.message.contains("3 to 1000 are asked for"), "{}", slow.message);
        let gone = verdict(50_000.0, 0.1, false);
        assert!(gone.verdict == Verdict::NotYet && gone.message.starts_with("suspiciously fast"), "{}", gone.message);
    }

    #[test]
    fn the_bound_inside_of_the_interval_is_no_answer() {
        assert_eq!(verdict(3.0, 0.6, false).verdict, Verdict::Inconclusive);
        assert_eq!(verdict(1000.0, 0.6, false).verdict, Verdict::Inconclusive);
        let few = judge(&[1.0; 3], &[0.1; 3], Bounds { at_least: 3.0, at_most: None }, false, None);
        assert_eq!(few.verdict, Verdict::Inconclusive);
    }

    #[test]
    fn on_a_noisy_machine_the_rounds_must_agree() {
        let mut slow = times(4e-3, 0.02, 1);
        let quick = times(1e-3, 0.02, 2);
        let bounds = Bounds { at_least: 3.0, at_most: None };
        assert_eq!(judge(&slow, &quick, bounds, true, None).verdict, Verdict::Passed);
        slow[0] = 2e-3;
        assert_eq!(judge(&slow, &quick, bounds, true, None).verdict, Verdict::Passed, "one round in fifteen");
        slow[1..3].fill(2e-3);
        assert_eq!(judge(&slow, &quick, bounds, false, None).verdict, Verdict::Passed);
        assert_eq!(judge(&slow, &quick, bounds, true, None).verdict, Verdict::Inconclusive);
        assert_eq!(verdict(1.0, 0.3, true).verdict, Verdict::NotYet, "far off is far off, however noisy");
    }

    #[test]
    fn the_sign_test_is_that_of_the_tables() {
        // Critical values of the one-sided test at 1 %: 0 of 7, 2 of 15, 4 of 20 (R: pbinom(k, n, 0.5)).
        for (n, most) in [(7, 0), (15, 2), (20, 4)] {
            assert!(confirmed(most, n) && !confirmed(most + 1, n), "{n}");
        }
        assert!(!confirmed(0, 6), "six rounds never suffice");
    }

    #[test]
    fn less_than_a_cycle_is_no_work() {
        let bounds = Bounds { at_least: 3.0, at_most: None };
        assert!(judge(&times(1e-6, 0.1, 1), &times(1e-11, 0.1, 2), bounds, false, Some(3e-10)).message.contains("removed the work"));
    }

    #[test]
    fn points_are_shared_by_the_gates() {
        use Verdict::{Inconclusive, NotYet, Passed, Skipped};
        assert_eq!(score(&[Passed, NotYet, Passed], 2.0, false), 1.33);
        assert_eq!(score(&[Passed, Inconclusive], 2.0, false), 2.0);
        assert_eq!(score(&[NotYet, Skipped], 2.0, false), 0.0);
        assert_eq!(score(&[Passed, Skipped], 2.0, true), 2.0);
        assert_eq!(together(&[Passed, Inconclusive, NotYet]), NotYet);
        assert_eq!(together(&[Passed, Inconclusive]), Inconclusive);
        assert_eq!(together(&[Passed, Skipped]), Passed);
    }

    #[test]
    fn factors_are_short() {
        assert_eq!([3.0, 1.234, 12.34, 1234.5].map(short), ["3", "1.23", "12.3", "1234"]);
    }
}
