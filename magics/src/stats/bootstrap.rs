//! Bootstrap intervals with a fixed seed, so that the same samples always give the same interval.

use super::quantile;

/// Resamples drawn for an interval.
pub const RESAMPLES: usize = 10_000;
/// The seed, printed with every result that used it.
pub const SEED: u64 = 42;

/// A number with its 95 % interval; the interval is absent when the data allow none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    pub value: f64,
    pub ci: Option<(f64, f64)>,
}

/// A small, fast, seedable generator (SplitMix64); good enough for resampling, not for secrets.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// A generator whose whole sequence follows from `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in `0..n`; 0 when `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.bits()) * n as u128) >> 64) as usize
    }

    /// Uniform in `0.0..1.0`.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// 95 % percentile interval of `statistic` over resamples of the indices `0..units`.
///
/// `None` below 6 units: resampling fewer than that understates the uncertainty badly.
pub fn interval(units: usize, seed: u64, mut statistic: impl FnMut(&[usize]) -> f64) -> Option<(f64, f64)> {
    if units < 6 {
        return None;
    }
    let mut rng = Rng::new(seed);
    let mut chosen = vec![0; units];
    let mut values = Vec::with_capacity(RESAMPLES);
    for _ in 0..RESAMPLES {
        chosen.fill_with(|| rng.below(units));
        let value = statistic(&chosen);
        if value.is_finite() {
            values.push(value);
        }
    }
    // A statistic that cannot be computed on most resamples has no interval.
    if values.len() < RESAMPLES / 2 {
        return None;
    }
    values.sort_by(f64::total_cmp);
    Some((quantile::of_sorted(&values, 0.025), quantile::of_sorted(&values, 0.975)))
}

/// Ratio `a / b` from pairs of the same round: `exp(median(ln(a_i / b_i)))`, bootstrap over rounds.
///
/// Pairs that are not both positive are skipped; `None` without any pair.
pub fn ratio_of_pairs(a: &[f64], b: &[f64], seed: u64) -> Option<Estimate> {
    let logs: Vec<f64> = a.iter().zip(b).filter(|(a, b)| **a > 0.0 && **b > 0.0).map(|(a, b)| (a / b).ln()).collect();
    if logs.is_empty() {
        return None;
    }
    let mut scratch = vec![0.0; logs.len()];
    let ci = interval(logs.len(), seed, |chosen| {
        for (slot, &i) in scratch.iter_mut().zip(chosen) {
            *slot = logs[i];
        }
        median_in_place(&mut scratch)
    });
    Some(Estimate { value: quantile::median(&logs).exp(), ci: ci.map(|(low, high)| (low.exp(), high.exp())) })
}

/// As [`ratio_of_pairs`], from `logs` ln(a / b) of several processes: processes are resampled, then the rounds of each, since rounds of
/// one process are alike in layout and allocator. The interval is absent with one process, or below 6 rounds in all.
pub fn ratio_in_processes(logs: &[Vec<f64>], seed: u64) -> Option<Estimate> {
    let processes: Vec<&Vec<f64>> = logs.iter().filter(|logs| !logs.is_empty()).collect();
    let all: Vec<f64> = processes.iter().flat_map(|logs| logs.iter().copied()).collect();
    if all.is_empty() {
        return None;
    }
    let value = quantile::median(&all).exp();
    if processes.len() < 2 || all.len() < 6 {
        return Some(Estimate { value, ci: None });
    }
    let mut rng = Rng::new(seed);
    let mut drawn = Vec::with_capacity(all.len());
    let mut medians: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            drawn.clear();
            for _ in 0..processes.len() {
                let process = processes[rng.below(processes.len())];
                drawn.extend((0..process.len()).map(|_| process[rng.below(process.len())]));
            }
            median_in_place(&mut drawn)
        })
        .collect();
    medians.sort_by(f64::total_cmp);
    let ci = (quantile::of_sorted(&medians, 0.025).exp(), quantile::of_sorted(&medians, 0.975).exp());
    Some(Estimate { value, ci: Some(ci) })
}

/// Median by selection, without a full sort.
fn median_in_place(values: &mut [f64]) -> f64 {
    let middle = values.len() / 2;
    let (below, &mut upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    if below.len() == middle && values.len() % 2 == 1 {
        return upper;
    }
    let lower = values[..middle].iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (lower + upper) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noisy(centre: f64, n: usize, seed: u64) -> Vec<f64> {
        let mut rng = Rng::new(seed);
        (0..n).map(|_| centre * (1.0 + 0.1 * (rng.unit() - 0.5))).collect()
    }

    #[test]
    fn same_seed_same_interval() {
        let (a, b) = (noisy(2.0, 25, 1), noisy(1.0, 25, 2));
        let first = ratio_of_pairs(&a, &b, SEED).unwrap();
        assert_eq!(first, ratio_of_pairs(&a, &b, SEED).unwrap());
        let mean = |seed| interval(25, seed, |chosen| chosen.iter().map(|&i| a[i]).sum::<f64>());
        assert_eq!(mean(SEED), mean(SEED));
        assert_ne!(mean(SEED), mean(SEED + 1));
    }

    #[test]
    fn ratio_is_found_and_covered() {
        let estimate = ratio_of_pairs(&noisy(2.0, 51, 1), &noisy(1.0, 51, 2), SEED).unwrap();
        let (low, high) = estimate.ci.unwrap();
        assert!((estimate.value - 2.0).abs() < 0.05, "{estimate:?}");
        assert!(low < 2.0 && 2.0 < high && high - low < 0.2, "{estimate:?}");
    }

    #[test]
    fn few_rounds_give_a_ratio_without_interval() {
        let estimate = ratio_of_pairs(&[2.0, 2.2], &[1.0, 1.1], SEED).unwrap();
        assert!((estimate.value - 2.0).abs() < 1e-9);
        assert_eq!(estimate.ci, None);
        assert_eq!(ratio_of_pairs(&[], &[], SEED), None);
    }

    #[test]
    fn processes_that_differ_widen_the_interval() {
        let mut rng = Rng::new(5);
        let mut process = |centre: f64| (0..20).map(|_| centre + 0.01 * (rng.unit() - 0.5)).collect::<Vec<f64>>();
        let alike = [process(0.0), process(0.0), process(0.0), process(0.0), process(0.0)];
        let apart = [process(-0.1), process(0.1), process(0.0), process(-0.05), process(0.05)];
        let width = |logs: &[Vec<f64>]| {
            let (low, high) = ratio_in_processes(logs, SEED).unwrap().ci.unwrap();
            high - low
        };
        assert!(width(&apart) > 5.0 * width(&alike));
        assert_eq!(ratio_in_processes(&alike[..1], SEED).unwrap().ci, None);
        assert_eq!(ratio_in_processes(&[], SEED), None);
    }

    #[test]
    fn selection_median_agrees_with_sorting() {
        for n in 1..30 {
            let values = noisy(1.0, n, n as u64);
            assert!((median_in_place(&mut values.clone()) - quantile::median(&values)).abs() < 1e-15, "n = {n}");
        }
    }

    #[test]
    fn below_stays_below() {
        let mut rng = Rng::new(7);
        assert!((0..1000).all(|_| rng.below(3) < 3));
        assert_eq!(rng.below(0), 0);
    }
}
