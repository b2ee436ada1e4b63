//! How times grow with a size n: exponents of power laws, and where two curves cross.

use super::bootstrap::{Estimate, RESAMPLES, Rng, interval};
use super::quantile;

/// Times at one size; index i of `samples` is round i.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    pub n: f64,
    /// Seconds.
    pub samples: Vec<f64>,
}

/// b of T = a nᵇ: least squares of ln T (median) on ln n; the interval is a bootstrap over the rounds of each size.
///
/// `None` below 3 sizes: two points always lie on a line. Without 6 rounds at every size there is no interval.
pub fn exponent(points: &[Point], seed: u64) -> Option<Estimate> {
    let points: Vec<&Point> = points.iter().filter(|p| p.n > 0.0 && quantile::median(&p.samples) > 0.0).collect();
    if points.len() < 3 {
        return None;
    }
    let xs: Vec<f64> = points.iter().map(|p| p.n.ln()).collect();
    let medians: Vec<f64> = points.iter().map(|p| quantile::median(&p.samples).ln()).collect();
    let value = slope(&xs, &medians);
    let rounds = points.iter().map(|p| p.samples.len()).min().unwrap_or(0);
    let mut rng = Rng::new(seed);
    let ci = interval(rounds, seed, |_| {
        // Rounds of different sizes have nothing to do with each other: each is resampled by itself.
        let ys: Vec<f64> = points.iter().map(|p| resampled_median(&p.samples, &mut rng).ln()).collect();
        slope(&xs, &ys)
    });
    Some(Estimate { value, ci })
}

fn resampled_median(samples: &[f64], rng: &mut Rng) -> f64 {
    let mut drawn: Vec<f64> = (0..samples.len()).map(|_| samples[rng.below(samples.len())]).collect();
    let middle = drawn.len() / 2;
    let (_, upper, _) = drawn.select_nth_unstable_by(middle, f64::total_cmp);
    *upper
}

/// Of the least-squares line.
fn slope(xs: &[f64], ys: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (x, y) = (mean(xs), mean(ys));
    let above: f64 = xs.iter().zip(ys).map(|(a, b)| (a - x) * (b - y)).sum();
    let below: f64 = xs.iter().map(|a| (a - x).powi(2)).sum();
    above / below
}

/// Where two curves cross.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crossing {
    /// The size, interpolated on logarithmic axes; the interval is absent when the curves are too near each other for one.
    pub n: Estimate,
    /// Whether the first curve is the faster one beyond.
    pub first_wins_beyond: bool,
}

/// The crossings of two curves between neighbouring sizes that both have; rounds are paired within each size.
pub fn crossings(first: &[Point], other: &[Point], seed: u64) -> Vec<Crossing> {
    let logs: Vec<(f64, Vec<f64>)> = first
        .iter()
        .filter_map(|a| {
            let b = other.iter().find(|b| b.n == a.n)?;
            let d: Vec<f64> = a.samples.iter().zip(&b.samples).filter(|(a, b)| **a > 0.0 && **b > 0.0).map(|(a, b)| (a / b).ln()).collect();
            (!d.is_empty()).then(|| (a.n.ln(), d))
        })
        .collect();
    let mut rng = Rng::new(seed);
    logs.windows(2)
        .filter_map(|pair| {
            let [(x0, d0), (x1, d1)] = pair else { return None };
            let (y0, y1) = (quantile::median(d0), quantile::median(d1));
            if y0.signum() == y1.signum() || y0 == y1 {
                return None;
            }
            let at = |y0: f64, y1: f64| x0 + (x1 - x0) * y0 / (y0 - y1);
            let few = d0.len().min(d1.len()) < 6;
            let mut places: Vec<f64> = (0..if few { 0 } else { RESAMPLES / 5 })
                .map(|_| (resampled_median(d0, &mut rng), resampled_median(d1, &mut rng)))
                .filter(|(y0, y1)| y0.signum() != y1.signum())
                .map(|(y0, y1)| at(y0, y1))
                .collect();
            places.sort_by(f64::total_cmp);
            // When resamples often do not cross here at all, it may be elsewhere: no interval then.
            let sure = !few && places.len() as f64 >= 0.95 * (RESAMPLES / 5) as f64;
            let ci = sure.then(|| (quantile::of_sorted(&places, 0.025).exp(), quantile::of_sorted(&places, 0.975).exp()));
            Some(Crossing { n: Estimate { value: at(y0, y1).exp(), ci }, first_wins_beyond: y1 < 0.0 })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::bootstrap::SEED;

    fn curve(time: impl Fn(f64) -> f64, seed: u64) -> Vec<Point> {
        let mut rng = Rng::new(seed);
        [100.0, 1e3, 1e4, 1e5]
            .map(|n| Point { n, samples: (0..12).map(|_| time(n) * (1.0 + 0.04 * (rng.unit() - 0.5))).collect() })
            .to_vec()
    }

    #[test]
    fn exponents_are_found() {
        for power in [0.0, 1.0, 2.0] {
            let fit = exponent(&curve(|n| 1e-9 * n.powf(power), 1), SEED).unwrap();
            let (low, high) = fit.ci.unwrap();
            assert!((fit.value - power).abs() < 0.02 && low <= fit.value && fit.value <= high, "{power}: {fit:?}");
            assert!(high - low < 0.05, "{fit:?}");
        }
        assert_eq!(exponent(&curve(|n| n, 1)[..2], SEED), None);
    }

    #[test]
    fn crossings_are_interpolated() {
        let (quadratic, linear) = (curve(|n| 1e-9 * n * n, 1), curve(|n| 2e-6 * n, 2));
        let found = crossings(&quadratic, &linear, SEED);
        assert_eq!(found.len(), 1);
        let (low, high) = found[0].n.ci.unwrap();
        assert!(low < 2000.0 && 2000.0 < high && high < 2200.0, "{found:?}");
        assert!(!found[0].first_wins_beyond);
        assert!(crossings(&linear, &curve(|n| 4e-6 * n, 3), SEED).is_empty());
    }
}
