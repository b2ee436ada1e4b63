//! A random generator with the same stream on every computer: xoshiro256++ seeded by SplitMix64 (both public domain,
//! by D. Blackman and S. Vigna), normal variates by Marsaglia's polar method on the portable `libm`.

mod weighted;

pub use weighted::Weighted;

/// A stream of random numbers.
pub struct Random {
    state: [u64; 4],
    spare: Option<f64>,
}

impl Random {
    /// The stream named by `path` under `seed`; different paths give independent streams.
    pub fn new(seed: u64, path: &[u64]) -> Self {
        let mut mixed = seed;
        for &part in path {
            mixed = split_mix(&mut mixed) ^ part.wrapping_mul(0xD6E8_FEB8_6659_FD93);
        }
        let state = std::array::from_fn(|_| split_mix(&mut mixed));
        Self { state, spare: None }
    }

    /// 64 random bits.
    pub fn next(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// Uniform in `[0, 1)`, a multiple of 2^-53.
    pub fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// A whole number in `0..n`. What the product leaves uneven is less than n in 2^64.
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u64
    }

    /// Whether something of this probability happens.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// Exponential with this mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * libm::log(1.0 - self.uniform())
    }

    /// Normal with mean 0 and variance 1.
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (u, v) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let s = u * u + v * v;
            if s > 0.0 && s < 1.0 {
                let scale = libm::sqrt(-2.0 * libm::log(s) / s);
                self.spare = Some(v * scale);
                return u * scale;
            }
        }
    }
}

fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::{Random, split_mix};

    #[test]
    fn split_mix_has_its_published_values() {
        let mut state = 1_234_567;
        let values: [u64; 3] = std::array::from_fn(|_| split_mix(&mut state));
        assert_eq!(values, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn xoshiro_has_its_published_values() {
        let mut random = Random { state: [1, 2, 3, 4], spare: None };
        let values: [u64; 4] = std::array::from_fn(|_| random.next());
        assert_eq!(values, [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386]);
    }

    #[test]
    fn normals_have_mean_zero_and_variance_one() {
        let mut random = Random::new(7, &[1, 2]);
        let n = 100_000;
        let values: Vec<_> = (0..n).map(|_| random.normal()).collect();
        let mean = values.iter().sum::<f64>() / f64::from(n);
        let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / f64::from(n);
        assert!(mean.abs() < 0.01 && (variance - 1.0).abs() < 0.02, "mean {mean}, variance {variance}");
    }

    #[test]
    fn streams_differ() {
        let mut firsts: Vec<_> = (0..100).map(|i| Random::new(42, &[i / 10, i % 10]).next()).collect();
        firsts.sort_unstable();
        firsts.dedup();
        assert_eq!(firsts.len(), 100);
    }
}
