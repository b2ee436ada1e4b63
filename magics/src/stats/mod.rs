//! Statistics of repeated measurements. Pure functions over slices of seconds; nothing here draws or prints.
//!
//! No normality is assumed anywhere: the centre is the median, the spread the MAD, intervals are order
//! statistics or bootstrap. Outliers are counted, never dropped.

pub mod bootstrap;
pub mod growth;
pub mod holm;
pub mod independent;
pub mod interval;
pub mod noise;
pub mod outliers;
pub mod quantile;
pub mod scaling;
pub mod serial;
pub mod verdict;
pub mod wilcoxon;

pub use bootstrap::{Estimate, ratio_of_pairs};
pub use noise::{Level, Noise};
pub use outliers::Outliers;

/// Everything that is said about one set of samples. Times are seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Number of samples.
    pub n: usize,
    pub median: f64,
    /// 95 % confidence interval of the median; `None` below 6 samples, where none exists.
    pub ci: Option<(f64, f64)>,
    pub min: f64,
    pub max: f64,
    pub mean: f64,
    /// Sample standard deviation; 0 for one sample.
    pub sd: f64,
    /// Median absolute deviation × 1.4826, which estimates sd for normal data.
    pub mad: f64,
    pub q1: f64,
    pub q3: f64,
    pub outliers: Outliers,
}

impl Summary {
    /// Summarises samples; `None` when there are none. Values that are not finite are ignored.
    pub fn of(samples: &[f64]) -> Option<Self> {
        let sorted = quantile::sorted(samples);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let n = sorted.len();
        let mean = sorted.iter().sum::<f64>() / n as f64;
        let squares: f64 = sorted.iter().map(|x| (x - mean).powi(2)).sum();
        Some(Self {
            n,
            median: quantile::of_sorted(&sorted, 0.5),
            ci: interval::median_ci(&sorted),
            min,
            max,
            mean,
            sd: if n > 1 { (squares / (n - 1) as f64).sqrt() } else { 0.0 },
            mad: quantile::mad(&sorted) * 1.4826,
            q1: quantile::of_sorted(&sorted, 0.25),
            q3: quantile::of_sorted(&sorted, 0.75),
            outliers: Outliers::of_sorted(&sorted),
        })
    }

    /// Half the width of the interval relative to the median; `None` without an interval.
    pub fn relative_half_width(&self) -> Option<f64> {
        let (low, high) = self.ci?;
        (self.median > 0.0).then(|| (high - low) / 2.0 / self.median)
    }
}

#[cfg(test)]
mod reference_tests;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summary_of_known_samples() {
        let s = Summary::of(&[3.0, 1.0, 2.0, 5.0, 4.0, 100.0]).unwrap();
        assert_eq!((s.n, s.median, s.min, s.max), (6, 3.5, 1.0, 100.0));
        assert_eq!(s.ci, Some((1.0, 100.0)));
        assert_eq!(s.outliers.severe_high, 1);
    }

    #[test]
    fn no_samples_no_summary_and_nan_is_ignored() {
        assert_eq!(Summary::of(&[]), None);
        assert_eq!(Summary::of(&[f64::NAN, 2.0]).unwrap().n, 1);
    }

    #[test]
    fn one_sample_has_no_interval_and_no_spread() {
        let s = Summary::of(&[2.0]).unwrap();
        assert_eq!((s.ci, s.sd, s.mad), (None, 0.0, 0.0));
    }
}
