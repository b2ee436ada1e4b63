//! How a thread sweep scales: speed-up, efficiency, Karp-Flatt, Amdahl, with the rules that say when not to fit.

use super::bootstrap::{self, Estimate};
use super::{Summary, ratio_of_pairs};

/// Times at one thread count; index i of `samples` is round i.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    pub threads: usize,
    /// Seconds per run.
    pub samples: Vec<f64>,
}

/// What one thread count achieved against one thread.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    pub threads: usize,
    pub time: Summary,
    /// S(p) = T(1) / T(p), from pairs of one round.
    pub speedup: Estimate,
    /// Karp-Flatt serial fraction e(p); `None` at one thread, where it says nothing.
    pub karp_flatt: Option<Estimate>,
}

impl Point {
    /// S(p) / p.
    pub fn efficiency(&self) -> f64 {
        self.speedup.value / self.threads as f64
    }
}

/// Points in ascending thread order. Empty when one thread was not measured: there is no base then.
pub fn points(sweeps: &[Sweep], seed: u64) -> Vec<Point> {
    let Some(base) = sweeps.iter().find(|s| s.threads == 1) else { return Vec::new() };
    let mut points: Vec<Point> = sweeps
        .iter()
        .filter_map(|sweep| {
            let time = Summary::of(&sweep.samples)?;
            let speedup =
                if sweep.threads == 1 { Estimate { value: 1.0, ci: None } } else { ratio_of_pairs(&base.samples, &sweep.samples, seed)? };
            let karp_flatt = karp_flatt(speedup.value, sweep.threads).map(|value| Estimate {
                value,
                // e falls as S grows, so the ends change places.
                ci: speedup.ci.and_then(|(low, high)| Some((karp_flatt(high, sweep.threads)?, karp_flatt(low, sweep.threads)?))),
            });
            Some(Point { threads: sweep.threads, time, speedup, karp_flatt })
        })
        .collect();
    points.sort_by_key(|p| p.threads);
    points
}

/// e(p) = (1/S - 1/p) / (1 - 1/p); `None` at p = 1.
pub fn karp_flatt(speedup: f64, threads: usize) -> Option<f64> {
    let inverse = 1.0 / threads as f64;
    (threads > 1 && speedup > 0.0).then(|| (1.0 / speedup - inverse) / (1.0 - inverse))
}

/// Amdahl's law fitted to a sweep, or why it was not.
#[derive(Debug, Clone, PartialEq)]
pub enum Amdahl {
    /// Serial fraction s in 0..=1 with a bootstrap interval over rounds.
    Fitted(Estimate),
    /// A sentence that says why there is no fit.
    Refused(String),
}

/// Speed-up that Amdahl's law predicts for serial fraction `s`.
pub fn amdahl_speedup(s: f64, threads: f64) -> f64 {
    1.0 / (s + (1.0 - s) / threads)
}

/// Fits T(p)/T(1) = s + (1 - s)/p by weighted least squares over thread counts up to `available` CPUs.
///
/// At least 3 thread counts beside 1 are needed: p = 1 carries no information (x = 0 there), and with one or two
/// others a curve would merely restate e(p). Points with more threads than CPUs measure the scheduler, not the code.
pub fn amdahl(sweeps: &[Sweep], available: usize, seed: u64) -> Amdahl {
    let Some(base) = sweeps.iter().find(|s| s.threads == 1) else {
        return Amdahl::Refused("no curve fitted: one thread was not measured".into());
    };
    let used: Vec<&Sweep> = sweeps.iter().filter(|s| s.threads > 1 && s.threads <= available).collect();
    if used.len() < 3 {
        return Amdahl::Refused(format!(
            "no curve fitted: Amdahl's law needs at least 3 thread counts above 1 within the {available} available CPUs, \
             here {} {}",
            if used.len() == 1 { "is" } else { "are" },
            used.len()
        ));
    }
    let rounds = used.iter().map(|s| s.samples.len()).chain([base.samples.len()]).min().unwrap_or(0);
    if rounds < 6 {
        return Amdahl::Refused(format!("no curve fitted: {rounds} rounds are too few, 6 are needed"));
    }
    let all: Vec<usize> = (0..rounds).collect();
    let fit = |chosen: &[usize]| serial_fraction(base, &used, chosen);
    let value = fit(&all);
    if !value.is_finite() {
        return Amdahl::Refused("no curve fitted: the times are not usable".into());
    }
    Amdahl::Fitted(Estimate { value, ci: bootstrap::interval(rounds, seed, fit) })
}

/// s = Σwxy / Σwx² over the chosen rounds, clamped to 0..=1; w = 1/variance of the ratio at each p.
fn serial_fraction(base: &Sweep, sweeps: &[&Sweep], chosen: &[usize]) -> f64 {
    let (mut above, mut below) = (0.0, 0.0);
    for sweep in sweeps {
        let inverse = 1.0 / sweep.threads as f64;
        let ratios: Vec<f64> = chosen.iter().map(|&i| sweep.samples[i] / base.samples[i]).collect();
        let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
        let variance = ratios.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / ratios.len() as f64;
        // A floor keeps one lucky, spreadless point from taking all the weight.
        let weight = 1.0 / variance.max(1e-6);
        let (x, y) = (1.0 - inverse, super::quantile::median(&ratios) - inverse);
        above += weight * x * y;
        below += weight * x * x;
    }
    (above / below).clamp(0.0, 1.0)
}

/// Gunther's universal scalability law fitted to a sweep: S(p) = p / (1 + σ(p - 1) + κp(p - 1)).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usl {
    /// Contention: what waits for its turn.
    pub sigma: Estimate,
    /// Coherence: what everybody must agree on with everybody.
    pub kappa: Estimate,
    /// Where more workers begin to cost, √((1 - σ)/κ); `None` when they never do.
    pub peak: Option<f64>,
}

/// Thread counts above 1 that the universal law needs: two parameters, and points enough to contradict them.
const USL_COUNTS: usize = 5;

/// Fits the universal law over thread counts up to `available` CPUs; `None` below five of them above 1, or six rounds.
///
/// The law is a line in the Karp-Flatt fraction: e(p) = (p/S - 1)/(p - 1) = σ + κp. Least squares with σ and κ not below 0; intervals
/// by bootstrap over rounds.
pub fn usl(sweeps: &[Sweep], available: usize, seed: u64) -> Option<Usl> {
    let base = sweeps.iter().find(|s| s.threads == 1)?;
    let used: Vec<&Sweep> = sweeps.iter().filter(|s| s.threads > 1 && s.threads <= available).collect();
    let rounds = used.iter().map(|s| s.samples.len()).chain([base.samples.len()]).min()?;
    if used.len() < USL_COUNTS || rounds < 6 {
        return None;
    }
    let fit = |chosen: &[usize]| -> (f64, f64) {
        let points = used.iter().filter_map(|sweep| {
            let ratios: Vec<f64> = chosen.iter().map(|&i| base.samples[i] / sweep.samples[i]).collect();
            Some((sweep.threads as f64, karp_flatt(super::quantile::median(&ratios), sweep.threads)?))
        });
        line(&points.collect::<Vec<_>>())
    };
    let all: Vec<usize> = (0..rounds).collect();
    let (sigma, kappa) = fit(&all);
    if !sigma.is_finite() || !kappa.is_finite() {
        return None;
    }
    let sigma = Estimate { value: sigma, ci: bootstrap::interval(rounds, seed, |chosen| fit(chosen).0) };
    let kappa = Estimate { value: kappa, ci: bootstrap::interval(rounds, seed, |chosen| fit(chosen).1) };
    let peak = (kappa.value > 0.0 && sigma.value < 1.0).then(|| ((1.0 - sigma.value) / kappa.value).sqrt());
    Some(Usl { sigma, kappa, peak })
}

/// Intercept and slope of the line through points (x, y) by least squares, neither below 0.
fn line(points: &[(f64, f64)]) -> (f64, f64) {
    let n = points.len() as f64;
    let sum = |f: fn(&(f64, f64)) -> f64| points.iter().map(f).sum::<f64>();
    let (x, y, xx, xy) = (sum(|p| p.0), sum(|p| p.1), sum(|p| p.0 * p.0), sum(|p| p.0 * p.1));
    let slope = (n * xy - x * y) / (n * xx - x * x);
    let intercept = (y - slope * x) / n;
    match (intercept < 0.0, slope < 0.0) {
        (_, true) => ((y / n).max(0.0), 0.0),
        (true, false) => (0.0, (xy / xx).max(0.0)),
        (false, false) => (intercept, slope),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::bootstrap::{Rng, SEED};

    fn sweep(serial: f64, threads: &[usize], rounds: usize) -> Vec<Sweep> {
        let mut rng = Rng::new(3);
        threads
            .iter()
            .map(|&p| Sweep {
                threads: p,
                samples: (0..rounds).map(|_| (serial + (1.0 - serial) / p as f64) * (1.0 + 0.02 * rng.unit())).collect(),
            })
            .collect()
    }

    #[test]
    fn karp_flatt_of_known_values() {
        assert_eq!(karp_flatt(2.0, 2), Some(0.0));
        assert_eq!(karp_flatt(1.0, 2), Some(1.0));
        assert_eq!(karp_flatt(1.0, 1), None);
    }

    #[test]
    fn amdahl_recovers_the_serial_fraction() {
        let Amdahl::Fitted(fit) = amdahl(&sweep(0.2, &[1, 2, 4, 8], 15), 8, SEED) else { panic!("refused") };
        assert!((fit.value - 0.2).abs() < 0.02, "{fit:?}");
        assert!(fit.ci.is_some());
    }

    #[test]
    fn two_cores_get_points_and_no_fit() {
        let two = sweep(0.1, &[1, 2], 15);
        assert!(matches!(amdahl(&two, 2, SEED), Amdahl::Refused(why) if why.contains("at least 3 thread counts")));
        let points = points(&two, SEED);
        assert_eq!(points.len(), 2);
        assert!((points[1].karp_flatt.unwrap().value - 0.1).abs() < 0.05);
        assert!(points[1].speedup.ci.is_some());
    }

    #[test]
    fn without_one_thread_there_is_no_base() {
        assert!(points(&sweep(0.1, &[2, 4, 8], 15), SEED).is_empty());
        assert!(matches!(amdahl(&sweep(0.1, &[2, 4, 8], 15), 8, SEED), Amdahl::Refused(_)));
    }

    #[test]
    fn threads_beyond_the_cpus_are_not_fitted() {
        assert!(matches!(amdahl(&sweep(0.1, &[1, 2, 4, 8], 15), 2, SEED), Amdahl::Refused(_)));
    }

    #[test]
    fn few_rounds_are_refused() {
        assert!(matches!(amdahl(&sweep(0.1, &[1, 2, 3, 4], 3), 4, SEED), Amdahl::Refused(why) if why.contains("rounds")));
    }
}
