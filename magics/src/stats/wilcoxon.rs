//! Wilcoxon's signed-rank test of paired differences: is their distribution symmetric about zero? No normality is assumed.

/// Up to this many differences without ties the distribution is computed exactly, as in R's `wilcox.test`.
const EXACT: usize = 50;

/// What the test says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignedRank {
    /// Sum of the ranks of positive differences (R calls it V).
    pub v: f64,
    /// Two-sided.
    pub p: f64,
}

/// The test; `None` when all differences are zero or there are none. Zeros are left out (Wilcoxon's own way).
///
/// Exact for up to 50 differences without ties and zeros, else the normal approximation with corrections for ties and continuity
/// (Hollander, Wolfe: "Nonparametric Statistical Methods", chapter 3).
pub fn signed_rank(differences: &[f64]) -> Option<SignedRank> {
    let mut sizes: Vec<(f64, bool)> =
        differences.iter().filter(|d| d.is_finite() && **d != 0.0).map(|d| (d.abs(), d.is_sign_positive())).collect();
    let n = sizes.len();
    if n == 0 {
        return None;
    }
    sizes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut v, mut ties, mut start) = (0.0, 0.0, 0);
    while start < n {
        let end = start + sizes[start..].iter().take_while(|(size, _)| *size == sizes[start].0).count();
        // Tied differences share the mean of their ranks.
        let rank = (start + 1 + end) as f64 / 2.0;
        v += rank * sizes[start..end].iter().filter(|(_, positive)| *positive).count() as f64;
        let tied = (end - start) as f64;
        ties += tied.powi(3) - tied;
        start = end;
    }
    let without_zeros = n == differences.len();
    let p = if n <= EXACT && ties == 0.0 && without_zeros { exact(n, v as usize) } else { approximate(n as f64, v, ties) };
    Some(SignedRank { v, p })
}

/// Two-sided p from the number of subsets of the ranks 1..=n with each sum.
fn exact(n: usize, v: usize) -> f64 {
    let most = n * (n + 1) / 2;
    let mut ways = vec![0.0_f64; most + 1];
    ways[0] = 1.0;
    for rank in 1..=n {
        for sum in (rank..=most).rev() {
            ways[sum] += ways[sum - rank];
        }
    }
    let all = 2f64.powi(n as i32);
    let at_most = ways[..=v].iter().sum::<f64>() / all;
    let at_least = ways[v..].iter().sum::<f64>() / all;
    (2.0 * at_most.min(at_least)).min(1.0)
}

fn approximate(n: f64, v: f64, ties: f64) -> f64 {
    let off = v - n * (n + 1.0) / 4.0;
    let sigma = (n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - ties / 48.0).sqrt();
    if sigma <= 0.0 {
        return 1.0;
    }
    let z = (off.abs() - 0.5).max(0.0) / sigma;
    (2.0 * upper_tail(z)).min(1.0)
}

/// P(Z > z) of the standard normal, z >= 0 (Abramowitz, Stegun 26.2.17; error below 7.5e-8).
fn upper_tail(z: f64) -> f64 {
    const COEFFICIENTS: [f64; 5] = [0.319_381_530, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
    let t = 1.0 / (1.0 + 0.231_641_9 * z);
    let series = COEFFICIENTS.iter().rev().fold(0.0, |sum, c| (sum + c) * t);
    (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * series
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked example of Hollander and Wolfe (1973), page 29, as in R's help of `wilcox.test`: V = 40, one-sided p = 0.01953.
    #[test]
    #[allow(clippy::approx_constant, reason = "a measured 3.14")]
    fn depression_scale_factors() {
        let x = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30];
        let y = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
        let differences: Vec<f64> = x.iter().zip(y).map(|(x, y)| x - y).collect();
        let test = signed_rank(&differences).unwrap();
        assert_eq!(test.v, 40.0);
        assert!((test.p - 2.0 * 0.019_53).abs() < 1e-4, "{test:?}");
    }

    /// Darwin's maize, the example in SciPy's documentation of `scipy.stats.wilcoxon`: statistic 24.0 (the lesser sum of ranks),
    /// p = 0.041259765625.
    #[test]
    fn darwins_maize() {
        let d = [6.0, 8.0, 14.0, 16.0, 23.0, 24.0, 28.0, 29.0, 41.0, -48.0, 49.0, 56.0, 60.0, -67.0, 75.0];
        let test = signed_rank(&d).unwrap();
        assert_eq!(test.v, 120.0 - 24.0);
        assert!((test.p - 0.041_259_765_625).abs() < 1e-12, "{test:?}");
    }

    #[test]
    fn ties_and_large_samples_are_approximated() {
        let exact = signed_rank(&(1..=30).map(|i| if i % 4 == 0 { -f64::from(i) } else { f64::from(i) }).collect::<Vec<_>>()).unwrap();
        let near = approximate(30.0, exact.v, 0.0);
        assert!((exact.p - near).abs() < 0.003, "{exact:?} {near}");
        assert!(signed_rank(&[1.0, 1.0, 1.0, -1.0, 2.0, 2.0]).unwrap().p > 0.05);
        assert_eq!(signed_rank(&[0.0, 0.0]), None);
        assert!((upper_tail(1.959_964) - 0.025).abs() < 1e-6);
    }
}
