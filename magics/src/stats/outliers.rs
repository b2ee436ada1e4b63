//! Tukey's fences: counts of mild (1.5 IQR) and severe (3 IQR) outliers. They are counted and kept.

use super::quantile;

/// How many samples lie outside the fences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outliers {
    pub severe_low: usize,
    pub mild_low: usize,
    pub mild_high: usize,
    pub severe_high: usize,
}

impl Outliers {
    /// Counts outliers of ascending samples.
    pub fn of_sorted(sorted: &[f64]) -> Self {
        let (low, high) = fences(sorted, 1.5);
        let (far_low, far_high) = fences(sorted, 3.0);
        let mut counts = Self::default();
        for &x in sorted {
            if x < far_low {
                counts.severe_low += 1;
            } else if x < low {
                counts.mild_low += 1;
            } else if x > far_high {
                counts.severe_high += 1;
            } else if x > high {
                counts.mild_high += 1;
            }
        }
        counts
    }

    /// Outliers between 1.5 and 3 IQR.
    pub fn mild(&self) -> usize {
        self.mild_low + self.mild_high
    }

    /// Outliers beyond 3 IQR.
    pub fn severe(&self) -> usize {
        self.severe_low + self.severe_high
    }
}

/// Lower and upper fence at `k` times the interquartile range.
pub fn fences(sorted: &[f64], k: f64) -> (f64, f64) {
    let (q1, q3) = (quantile::of_sorted(sorted, 0.25), quantile::of_sorted(sorted, 0.75));
    (q1 - k * (q3 - q1), q3 + k * (q3 - q1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_mild_and_severe_on_both_sides() {
        // Quartiles 1 and 2 by construction of the bulk, so the fences are about -0.5, 3.5 and -2, 5.
        let mut samples: Vec<f64> = (0..=100).map(|i| 1.0 + f64::from(i) / 100.0).collect();
        samples.extend([2.9, 9.0, -0.2, -5.0]);
        let counts = Outliers::of_sorted(&quantile::sorted(&samples));
        assert_eq!(counts, Outliers { severe_low: 1, mild_low: 1, mild_high: 1, severe_high: 1 });
        assert_eq!((counts.mild(), counts.severe()), (2, 2));
    }
}
