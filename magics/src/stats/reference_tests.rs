//! The statistics against published examples and against SciPy, and by simulation.
//!
//! Numbers "of SciPy" are what `tests/python/reference_statistics.py` printed with SciPy 1.17.1 and NumPy 2.4.6.

use std::f64::consts::TAU;

use super::bootstrap::{Rng, SEED, interval};
use super::interval::{median_ci, median_rank};
use super::noise::{Level, Surroundings};
use super::outliers::{Outliers, fences};
use super::quantile::{mad, median, of_sorted, sorted};
use super::scaling::{Amdahl, Sweep, amdahl, amdahl_speedup, karp_flatt, usl};
use super::serial::lag1;
use super::{Noise, Summary};

/// Fifteen values of the script.
const SAMPLES: [f64; 15] = [12.9, 11.2, 14.8, 10.1, 13.3, 12.0, 18.6, 11.7, 12.4, 13.9, 11.9, 12.2, 27.5, 12.7, 10.8];

#[track_caller]
fn near(value: f64, wanted: f64, within: f64) {
    assert!((value - wanted).abs() <= within, "{value} is not {wanted} ± {within}");
}

#[test]
fn karp_flatt_as_in_quinns_book() {
    // M. J. Quinn, "Parallel Programming in C with MPI and OpenMP" (2003), section 7.5: the tables of examples 1 and 2 give speed-up
    // and e for 2 to 8 processors.
    let constant = [1.82, 2.50, 3.08, 3.57, 4.00, 4.38, 4.71];
    let rising = [(1.87, 0.070), (2.61, 0.075), (3.23, 0.080), (3.73, 0.085), (4.14, 0.090), (4.46, 0.095), (4.71, 0.100)];
    for (p, speedup) in (2..).zip(constant) {
        near(karp_flatt(speedup, p).unwrap(), 0.1, 0.0015);
    }
    for (p, (speedup, e)) in (2..).zip(rising) {
        near(karp_flatt(speedup, p).unwrap(), e, 0.0015);
    }
}

#[test]
fn amdahls_law_as_in_quinns_book_and_fitted_as_by_scipy() {
    // The same book, section 7.3: 95 % of the time is parallel; with 8 processors at most 5.9. Of 20 % serial code the limit is 5.
    near(amdahl_speedup(0.05, 8.0), 5.9, 0.05);
    near(amdahl_speedup(0.2, 1e12), 5.0, 1e-9);
    // `scipy.optimize.curve_fit` of T(p)/T(1) = s + (1 - s)/p with equal weights; without spread ours are equal as well.
    let ratios = [(1, 1.0), (2, 0.57), (3, 0.43), (4, 0.365), (6, 0.29), (8, 0.26)];
    let sweeps: Vec<Sweep> = ratios.iter().map(|(threads, ratio)| Sweep { threads: *threads, samples: vec![*ratio; 8] }).collect();
    let Amdahl::Fitted(fit) = amdahl(&sweeps, 8, SEED) else { panic!("refused") };
    near(fit.value, 0.149_648_562_578_408_3, 1e-7);
}

#[test]
fn the_universal_law_finds_what_it_was_made_of() {
    // N. J. Gunther, "Guerrilla Capacity Planning" (2007): capacity p / (1 + σ(p - 1) + κp(p - 1)), which peaks at √((1 - σ)/κ).
    let sweeps = |sigma: f64, kappa: f64| -> Vec<Sweep> {
        let time = |p: f64| (1.0 + sigma * (p - 1.0) + kappa * p * (p - 1.0)) / p;
        [1, 2, 4, 8, 16, 32].into_iter().map(|p| Sweep { threads: p, samples: vec![time(p as f64); 8] }).collect()
    };
    let fit = usl(&sweeps(0.05, 0.002), 32, SEED).unwrap();
    near(fit.sigma.value, 0.05, 1e-9);
    near(fit.kappa.value, 0.002, 1e-10);
    near(fit.peak.unwrap(), 21.794_494_717_703_37, 1e-6);
    // Without coherence it is Amdahl's law, and has no peak.
    let fit = usl(&sweeps(0.1, 0.0), 32, SEED).unwrap();
    near(fit.sigma.value, 0.1, 1e-9);
    assert!(fit.kappa.value < 1e-12 && fit.peak.is_none_or(|peak| peak > 1e5));
    // `numpy.polyfit` of the fractions 0.10, 0.11, 0.14, 0.15, 0.22 at 2, 3, 4, 6, 8 has this slope and intercept.
    let e = [(2, 0.10), (3, 0.11), (4, 0.14), (6, 0.15), (8, 0.22)];
    let time = |p: usize, e: f64| e + (1.0 - e) / p as f64;
    let measured: Vec<Sweep> = [(1, 0.0)].iter().chain(&e).map(|(p, e)| Sweep { threads: *p, samples: vec![time(*p, *e); 8] }).collect();
    let fit = usl(&measured, 8, SEED).unwrap();
    near(fit.kappa.value, 0.018_879_310_344_827_586, 1e-8);
    near(fit.sigma.value, 0.057_155_172_413_793_136, 1e-8);
    assert_eq!(usl(&measured, 6, SEED), None, "four counts are too few");
}

#[test]
fn ranks_of_the_interval_of_a_median_are_scipys() {
    // Of `scipy.stats.binom`.
    let ranks = [
        (6, 1),
        (7, 1),
        (8, 1),
        (9, 2),
        (10, 2),
        (12, 3),
        (15, 4),
        (17, 5),
        (25, 8),
        (40, 14),
        (51, 19),
        (63, 24),
        (100, 40),
        (101, 41),
        (500, 228),
        (1000, 469),
    ];
    for (n, rank) in ranks {
        assert_eq!(median_rank(n), Some(rank), "N = {n}");
    }
    // `scipy.stats.quantile_test(samples, q=median, p=0.5).confidence_interval(0.95)`.
    assert_eq!(median_ci(&sorted(&SAMPLES)), Some((11.7, 13.9)));
}

#[test]
fn a_summary_is_numpys() {
    let summary = Summary::of(&SAMPLES).unwrap();
    near(summary.mean, 13.733_333_333_333_333, 1e-12);
    near(summary.sd, 4.302_601_649_279_301, 1e-12);
    near(summary.q1, 11.8, 1e-12);
    near(summary.median, 12.4, 1e-12);
    near(summary.q3, 13.6, 1e-12);
    near(summary.mad, 1.334_34, 1e-12);
    near(lag1(&SAMPLES).unwrap(), -0.184_359_673_491_786, 1e-12);
}

#[test]
fn mad_as_in_the_documentation_of_r() {
    // `?mad` in R: `mad(c(1:9))` and `mad(c(1:8, 100))` are both 2.9652, 1.4826 times 2.
    let nine: Vec<f64> = (1..=9).map(f64::from).collect();
    let wild: Vec<f64> = (1..=8).map(f64::from).chain([100.0]).collect();
    near(mad(&nine) * 1.4826, 2.9652, 1e-12);
    near(mad(&wild) * 1.4826, 2.9652, 1e-12);
}

#[test]
fn outliers_as_in_the_handbook_of_nist() {
    // NIST/SEMATECH e-Handbook, 7.1.6: ninety values, of which 1441 alone is a mild outlier. Its quartiles are those of rank (N + 1)p
    // (429.75 and 742.25, fences -39 and 1211, 1679.75); ours are of type 7, which moves the fences a little.
    const VALUES: [f64; 90] = [
        30.0, 171.0, 184.0, 201.0, 212.0, 250.0, 265.0, 270.0, 272.0, 289.0, 305.0, 306.0, 322.0, 322.0, 336.0, 346.0, 351.0, 370.0, 390.0,
        404.0, 409.0, 411.0, 436.0, 437.0, 439.0, 441.0, 444.0, 448.0, 451.0, 453.0, 470.0, 480.0, 482.0, 487.0, 494.0, 495.0, 499.0,
        503.0, 514.0, 521.0, 522.0, 527.0, 548.0, 550.0, 559.0, 560.0, 570.0, 572.0, 574.0, 578.0, 585.0, 592.0, 592.0, 607.0, 616.0,
        618.0, 621.0, 629.0, 637.0, 638.0, 640.0, 656.0, 668.0, 707.0, 709.0, 719.0, 737.0, 739.0, 752.0, 758.0, 766.0, 792.0, 792.0,
        794.0, 802.0, 818.0, 830.0, 832.0, 843.0, 858.0, 860.0, 869.0, 918.0, 925.0, 953.0, 991.0, 1000.0, 1005.0, 1068.0, 1441.0,
    ];
    assert_eq!(Outliers::of_sorted(&VALUES), Outliers { mild_high: 1, ..Outliers::default() });
    let (low, high) = fences(&VALUES, 1.5);
    assert!((-45.0..0.0).contains(&low) && (1180.0..1211.0).contains(&high), "{low} {high}");
    near(of_sorted(&VALUES, 0.5), 559.5, 1e-9);
}

#[test]
fn lag_1_as_in_the_documentation_of_r() {
    // `acf(lh)` in R (luteinizing hormone in blood samples, Diggle 1990): 0.576 at lag 1; `acf(1:10)`: 0.7.
    const LH: [f64; 48] = [
        2.4, 2.4, 2.4, 2.2, 2.1, 1.5, 2.3, 2.3, 2.5, 2.0, 1.9, 1.7, 2.2, 1.8, 3.2, 3.2, 2.7, 2.2, 2.2, 1.9, 1.9, 1.8, 2.7, 3.0, 2.3, 2.0,
        2.0, 2.9, 2.9, 2.7, 2.7, 2.3, 2.6, 2.4, 1.8, 1.7, 1.5, 1.4, 2.1, 3.3, 3.5, 3.5, 3.1, 2.6, 2.1, 3.4, 3.0, 2.9,
    ];
    near(lag1(&LH).unwrap(), 0.576, 0.0005);
    let trend: Vec<f64> = (1..=10).map(f64::from).collect();
    near(lag1(&trend).unwrap(), 0.7, 1e-12);
}

#[test]
fn the_bootstrap_of_a_median_has_its_exact_interval() {
    // B. Efron, "Bootstrap Methods: Another Look at the Jackknife" (1979), gives the distribution of a resample's median exactly; the
    // script computes it: of 15 values the 2.5 % quantile is the 4th and the 97.5 % quantile the 12th.
    // It cumulates 2.545 % at the 4th and 97.455 % at the 11th, so that 10,000 resamples (± 0.16 %) may also end one nearer to the middle.
    let (low, high) = interval(15, 7, |chosen| median(&chosen.iter().map(|&i| SAMPLES[i]).collect::<Vec<_>>())).unwrap();
    assert!((11.7..=11.9).contains(&low) && (13.3..=13.9).contains(&high), "{low} {high}");
    // The mean's resamples are nearly normal: standard error sd·√((n - 1)/n)/√n.
    let values: Vec<f64> = (0..200).map(|i| f64::from(i % 20)).collect();
    let (low, high) = interval(200, SEED, |chosen| chosen.iter().map(|&i| values[i]).sum::<f64>() / 200.0).unwrap();
    let error = (values.iter().map(|x| (x - 9.5).powi(2)).sum::<f64>() / 200.0 / 200.0).sqrt();
    // A quantile q of B resamples has the standard error √(q(1 - q)/B)/φ(1.96), 0.027 sd here: four of them.
    near(low, 9.5 - 1.96 * error, 0.107 * error);
    near(high, 9.5 + 1.96 * error, 0.107 * error);
}

/// A standard normal number, by Box and Muller.
fn normal(rng: &mut Rng) -> f64 {
    (-2.0 * (1.0 - rng.unit()).ln()).sqrt() * (TAU * rng.unit()).cos()
}

fn exponential(rng: &mut Rng) -> f64 {
    -(1.0 - rng.unit()).ln()
}

/// The share of `runs` whose interval covers `truth`.
fn coverage(runs: usize, n: usize, truth: f64, seed: u64, draw: impl Fn(&mut Rng) -> f64) -> f64 {
    let mut rng = Rng::new(seed);
    let covered = (0..runs).filter(|_| {
        let samples: Vec<f64> = (0..n).map(|_| draw(&mut rng)).collect();
        let (low, high) = Summary::of(&samples).unwrap().ci.unwrap();
        low <= truth && truth <= high
    });
    covered.count() as f64 / runs as f64
}

#[test]
fn intervals_cover_the_median_as_often_as_they_say() {
    // Exact coverage at N = 51 is 95.1 %, at 101 95.4 % (SciPy), whatever the distribution; 2000 runs tell it to ± 1 %.
    for (n, seed) in [(51, 1), (101, 2)] {
        for (name, share) in [
            ("normal", coverage(2000, n, 10.0, seed, |rng| 10.0 + 0.2 * normal(rng))),
            ("log-normal", coverage(2000, n, 1.0, seed, |rng| (0.7 * normal(rng)).exp())),
            ("exponential", coverage(2000, n, std::f64::consts::LN_2, seed, exponential)),
        ] {
            assert!((0.94..=0.97).contains(&share), "{name}, N = {n}: {share}");
        }
    }
    // Ranks are whole, so small samples cover more: 98.8 % at 11.
    assert!((0.975..=0.997).contains(&coverage(2000, 11, 0.0, 3, normal)));
}

#[test]
fn quiet_samples_are_called_quiet() {
    let mut rng = Rng::new(5);
    for n in [11, 21, 51, 101] {
        let loud = (0..1000).filter(|_| {
            let samples: Vec<f64> = (0..n).map(|_| 1.0 + 0.01 * normal(&mut rng)).collect();
            let summary = Summary::of(&samples).unwrap();
            Noise::judge(&samples, &summary, &Surroundings { cpus: 4, load_before: Some(0.2), ..Default::default() }).level != Level::Green
        });
        let loud = loud.count();
        assert!(loud <= 5, "N = {n}: {loud} of 1000 quiet runs are called noisy");
    }
}
