//! Order statistics: sorting, quantiles, MAD.

/// The finite samples, ascending.
pub fn sorted(samples: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = samples.iter().copied().filter(|x| x.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// Quantile `q` in 0..=1 of ascending samples, linear between neighbours (R's type 7); NaN when empty.
pub fn of_sorted(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let at = q.clamp(0.0, 1.0) * last as f64;
    let below = at.floor() as usize;
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (at - below as f64)
}

/// Median of samples in any order; NaN when empty.
pub fn median(samples: &[f64]) -> f64 {
    of_sorted(&sorted(samples), 0.5)
}

/// Median absolute deviation from the median, unscaled.
pub fn mad(sorted_samples: &[f64]) -> f64 {
    let centre = of_sorted(sorted_samples, 0.5);
    let deviations: Vec<f64> = sorted_samples.iter().map(|x| (x - centre).abs()).collect();
    median(&deviations)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate() {
        let s = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(of_sorted(&s, 0.5), 2.5);
        assert_eq!(of_sorted(&s, 0.25), 1.75);
        assert_eq!((of_sorted(&s, 0.0), of_sorted(&s, 1.0)), (1.0, 4.0));
        assert!(of_sorted(&[], 0.5).is_nan());
    }

    #[test]
    fn mad_ignores_one_wild_value() {
        assert_eq!(mad(&[1.0, 2.0, 3.0, 4.0, 1000.0]), 1.0);
    }
}
