//! Structure in time: are samples independent of those just before, and does the machine drift?

use super::quantile;

/// Lag-1 autocorrelation of samples in the order they were taken; `None` below 6 samples or without spread.
pub fn lag1(samples: &[f64]) -> Option<f64> {
    if samples.len() < 6 {
        return None;
    }
    let mean = samples.iter().sum::<f64>() / samples.len() as f64;
    let variance: f64 = samples.iter().map(|x| (x - mean).powi(2)).sum();
    let together: f64 = samples.windows(2).map(|w| (w[0] - mean) * (w[1] - mean)).sum();
    (variance > 0.0).then(|| together / variance)
}

/// Median of the last third over median of the first third, minus 1; `None` below 9 samples.
pub fn drift(samples: &[f64]) -> Option<f64> {
    let third = samples.len() / 3;
    if third < 3 {
        return None;
    }
    let first = quantile::median(&samples[..third]);
    let last = quantile::median(&samples[samples.len() - third..]);
    (first > 0.0).then(|| last / first - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trend_is_positive_alternation_negative() {
        let trend: Vec<f64> = (0..50).map(f64::from).collect();
        let alternating: Vec<f64> = (0..50).map(|i| f64::from(i % 2)).collect();
        assert!(lag1(&trend).unwrap() > 0.9);
        assert!(lag1(&alternating).unwrap() < -0.9);
        assert_eq!(lag1(&[1.0; 10]), None);
    }

    #[test]
    fn drift_compares_first_and_last_third() {
        let samples = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.2, 1.2, 1.2];
        assert!((drift(&samples).unwrap() - 0.2).abs() < 1e-12);
        assert_eq!(drift(&samples[..8]), None);
    }
}
