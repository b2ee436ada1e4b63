//! Comparing two medians that were measured apart: only their intervals can be used, there are no pairs.

/// A median in seconds with its 95 % interval, when there is one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Median {
    pub value: f64,
    pub ci: Option<(f64, f64)>,
}

/// What the two intervals allow to say of the first against the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Faster,
    Slower,
    /// The intervals overlap.
    Overlap,
    /// One of the two has no interval.
    NoInterval,
}

impl Verdict {
    /// As in the result object.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Faster => "faster",
            Verdict::Slower => "slower",
            Verdict::Overlap | Verdict::NoInterval => "cannot tell",
        }
    }
}

/// The ratio `a / b` of two medians.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    pub value: f64,
    /// From `a.low / b.high` to `a.high / b.low`: wider than an interval from pairs, never too narrow.
    pub ci: Option<(f64, f64)>,
    pub verdict: Verdict,
}

impl Ratio {
    /// Compares two medians; `None` when `b` is not positive.
    pub fn of(a: Median, b: Median) -> Option<Self> {
        if b.value <= 0.0 || !a.value.is_finite() || !b.value.is_finite() {
            return None;
        }
        let (ci, verdict) = match (a.ci, b.ci) {
            (Some(a), Some(b)) => {
                let verdict = match () {
                    () if a.1 < b.0 => Verdict::Faster,
                    () if a.0 > b.1 => Verdict::Slower,
                    () => Verdict::Overlap,
                };
                ((b.0 > 0.0).then(|| (a.0 / b.1, a.1 / b.0)), verdict)
            }
            _ => (None, Verdict::NoInterval),
        };
        Some(Self { value: a.value / b.value, ci, verdict })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn median(value: f64, low: f64, high: f64) -> Median {
        Median { value, ci: Some((low, high)) }
    }

    #[test]
    fn only_separate_intervals_rank() {
        let b = median(2.0, 1.9, 2.1);
        let ratio = Ratio::of(median(1.0, 0.9, 1.1), b).unwrap();
        assert_eq!((ratio.value, ratio.verdict), (0.5, Verdict::Faster));
        let (low, high) = ratio.ci.unwrap();
        assert!((low - 0.9 / 2.1).abs() < 1e-12 && (high - 1.1 / 1.9).abs() < 1e-12);
        assert_eq!(Ratio::of(median(3.0, 2.2, 3.1), b).unwrap().verdict, Verdict::Slower);
        assert_eq!(Ratio::of(median(1.8, 1.7, 1.9), b).unwrap().verdict, Verdict::Overlap);
    }

    #[test]
    fn without_an_interval_nothing_is_claimed() {
        let none = Median { value: 1.0, ci: None };
        let ratio = Ratio::of(none, median(2.0, 1.9, 2.1)).unwrap();
        assert_eq!((ratio.verdict, ratio.ci), (Verdict::NoInterval, None));
        assert_eq!(Ratio::of(none, Median { value: 0.0, ci: None }), None);
    }
}
