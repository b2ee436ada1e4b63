//! Ratios of two times in numbers and in words.

use crate::stats::independent::{Ratio, Verdict};
use crate::units;

/// A bare number of two or three digits that follow its interval.
fn number(value: f64, half_width: Option<f64>) -> String {
    let digits = if value < 0.01 { 2 } else { 3 };
    let most = units::decimals_for_digits(value, digits);
    let decimals =
        half_width.map_or(most, |half| units::decimals_for_uncertainty(half).clamp(units::decimals_for_digits(value, 1), most.max(1)));
    let decimals = decimals.min(most);
    if value >= 10_000.0 { units::count(value.round() as u64) } else { format!("{value:.decimals$}") }
}

/// `0.43 [0.41, 0.46]`.
pub fn ratio_text(ratio: &Ratio) -> String {
    let half = ratio.ci.map(|(low, high)| (high - low) / 2.0);
    let value = number(ratio.value, half);
    let Some((low, high)) = ratio.ci else { return value };
    if ratio.value >= 10_000.0 {
        return format!("{value} [{}, {}]", number(low, None), number(high, None));
    }
    let decimals = value.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    format!("{value} [{low:.decimals$}, {high:.decimals$}]")
}

/// The ratio for the chart's column; `≈` where nothing can be said.
pub fn short_ratio(ratio: Option<&Ratio>) -> String {
    match ratio {
        None => "–".into(),
        Some(ratio) if ratio.verdict == Verdict::Overlap => format!("≈ {}", ratio_text(ratio)),
        Some(ratio) if ratio.verdict == Verdict::NoInterval => format!("{}, no interval", ratio_text(ratio)),
        Some(ratio) => ratio_text(ratio),
    }
}

/// What the ratio says, in words; never more than the intervals allow.
pub fn reading(ratio: &Ratio, baseline: &str) -> String {
    let value = number(ratio.value, ratio.ci.map(|(low, high)| (high - low) / 2.0));
    match ratio.verdict {
        Verdict::Faster => format!("takes {value} of the time of {baseline}"),
        Verdict::Slower => format!("takes {value} times the time of {baseline}"),
        Verdict::Overlap => "cannot tell: the intervals overlap".into(),
        Verdict::NoInterval => "cannot tell: too few samples for an interval".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_have_sensible_digits() {
        let show = |value, ci| ratio_text(&Ratio { value, ci, verdict: Verdict::Faster });
        assert_eq!(show(0.4321, Some((0.41, 0.46))), "0.432 [0.410, 0.460]");
        assert_eq!(show(0.4321, Some((0.3, 0.6))), "0.43 [0.30, 0.60]");
        assert_eq!(show(0.000_123_4, Some((0.000_11, 0.000_13))), "0.00012 [0.00011, 0.00013]");
        assert_eq!(show(2.345, None), "2.35");
        assert_eq!(show(123_456.0, Some((120_000.0, 130_000.0))), "123\u{202f}456 [120\u{202f}000, 130\u{202f}000]");
        assert_eq!(show(53.2, Some((41.0, 66.0))), "53 [41, 66]");
    }
}
