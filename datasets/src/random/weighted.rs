//! Draws an index by weight in constant time: Walker's alias method, in the form of M. Vose.

use super::Random;

/// Indexes `0..n`, each with a weight.
pub struct Weighted {
    /// For each slot: how much of it is its own, and who has the rest.
    slots: Vec<(f64, u32)>,
}

impl Weighted {
    /// From weights that need not add up to 1; none may be negative and at least one must be positive.
    pub fn new(weights: &[f64]) -> Self {
        let mean = weights.iter().sum::<f64>() / weights.len() as f64;
        let mut slots: Vec<(f64, u32)> = weights.iter().enumerate().map(|(i, weight)| (weight / mean, i as u32)).collect();
        let (mut small, mut large): (Vec<u32>, Vec<u32>) = (0..slots.len() as u32).partition(|&i| slots[i as usize].0 < 1.0);
        while let (Some(&giver), Some(taker)) = (large.last(), small.pop()) {
            slots[taker as usize].1 = giver;
            let rest = slots[giver as usize].0 - (1.0 - slots[taker as usize].0);
            slots[giver as usize].0 = rest;
            if rest < 1.0 {
                large.pop();
                small.push(giver);
            }
        }
        // What rounding left over is whole.
        for i in small.into_iter().chain(large) {
            slots[i as usize].0 = 1.0;
        }
        Self { slots }
    }

    /// Ranks `0..n` whose weights fall as 1 / rank^exponent (Zipf's law; rank 0 counts as the first).
    pub fn zipf(n: usize, exponent: f64) -> Self {
        let weights: Vec<_> = (1..=n).map(|rank| libm::pow(rank as f64, -exponent)).collect();
        Self::new(&weights)
    }

    /// An index.
    pub fn draw(&self, random: &mut Random) -> usize {
        let slot = random.below(self.slots.len() as u64) as usize;
        let (own, other) = self.slots[slot];
        if random.uniform() < own { slot } else { other as usize }
    }
}

#[cfg(test)]
mod tests {
    use super::Weighted;
    use crate::random::Random;

    #[test]
    fn shares_are_those_of_the_weights() {
        let weighted = Weighted::new(&[1.0, 0.0, 3.0, 6.0]);
        let mut random = Random::new(1, &[]);
        let mut found = [0_u32; 4];
        for _ in 0..100_000 {
            found[weighted.draw(&mut random)] += 1;
        }
        // Four standard deviations of the largest are 600.
        let expected = [10_000, 0, 30_000, 60_000];
        assert!(found.iter().zip(expected).all(|(found, expected)| found.abs_diff(expected) < 650), "{found:?}");
        assert_eq!(found[1], 0);
    }
}
