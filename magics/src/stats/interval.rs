//! The exact confidence interval of a median, from order statistics.
//!
//! The number of samples below the true median is Binomial(N, 1/2), whatever the distribution, so the
//! interval from the r-th smallest to the r-th largest sample covers it with a probability that can be summed.

/// Rank r (1-based) of the lower end of the 95 % interval of the median of `n` samples; `None` below 6.
///
/// The interval is `[x_(r), x_(n+1-r)]` with the largest r that still covers at least 95 %.
pub fn median_rank(n: usize) -> Option<usize> {
    let mut tail = 0.0;
    let mut rank = 0;
    // ln C(n, k), carried along; tail = P(X <= k).
    let mut ln_choose = 0.0;
    for k in 0..n / 2 {
        tail += f64::exp(ln_choose - n as f64 * std::f64::consts::LN_2);
        if tail > 0.025 {
            break;
        }
        rank = k + 1;
        ln_choose += ((n - k) as f64).ln() - ((k + 1) as f64).ln();
    }
    (rank > 0).then_some(rank)
}

/// 95 % interval of the median of ascending samples; `None` below 6 samples.
pub fn median_ci(sorted: &[f64]) -> Option<(f64, f64)> {
    let rank = median_rank(sorted.len())?;
    Some((sorted[rank - 1], sorted[sorted.len() - rank]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_match_the_published_values() {
        for (n, rank) in [(6, 1), (11, 2), (20, 6), (30, 10), (51, 19), (101, 41)] {
            assert_eq!(median_rank(n), Some(rank), "N = {n}");
        }
    }

    #[test]
    fn none_below_six() {
        for n in 0..6 {
            assert_eq!(median_rank(n), None, "N = {n}");
        }
    }

    #[test]
    fn never_wider_than_the_normal_approximation() {
        for n in 6..400usize {
            let approximate = ((n as f64 - 1.96 * (n as f64).sqrt()) / 2.0).floor() as usize;
            assert!(median_rank(n).unwrap() >= approximate, "N = {n}");
        }
    }

    #[test]
    fn large_samples_do_not_underflow() {
        let rank = median_rank(100_000).unwrap();
        assert!((49_600..49_750).contains(&rank), "{rank}");
    }

    #[test]
    fn interval_takes_the_right_samples() {
        let sorted: Vec<f64> = (1..=20).map(f64::from).collect();
        assert_eq!(median_ci(&sorted), Some((6.0, 15.0)));
    }
}
