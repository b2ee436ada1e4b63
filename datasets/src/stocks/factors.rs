//! Correlated normal steps: market, sector and own factor, and the planted follower.

use super::symbols::{FOLLOWER, LEADER, SECTORS, sector};
use crate::random::Random;

/// Correlation of the planted pair.
pub const PLANTED: f64 = 0.98;

/// Shares of the variance; two symbols of one sector correlate with market + sector, others with market alone.
const MARKET: f64 = 0.25;
const SECTOR: f64 = 0.25;

/// `steps` normal variates of variance 1 for each of the first `symbols` symbols, from streams `(kind, day, ...)`.
pub fn steps(seed: u64, kind: u64, day: u64, symbols: usize, steps: usize) -> Vec<Vec<f64>> {
    let stream = |which: u64| {
        let mut random = Random::new(seed, &[kind, day, which]);
        (0..steps).map(|_| random.normal()).collect::<Vec<_>>()
    };
    let market = stream(0);
    let sectors: Vec<_> = (0..SECTORS.len()).map(|k| stream(1 + k as u64)).collect();
    let (a, b, c) = (libm::sqrt(MARKET), libm::sqrt(SECTOR), libm::sqrt(1.0 - MARKET - SECTOR));
    let mut all: Vec<Vec<f64>> = (0..symbols)
        .map(|i| {
            let own = stream(100 + i as u64);
            if i == FOLLOWER {
                return own;
            }
            let shared = market.iter().zip(&sectors[sector(i)]);
            own.iter().zip(shared).map(|(own, (market, sector))| a * market + b * sector + c * own).collect()
        })
        .collect();
    if symbols > FOLLOWER {
        let rest = libm::sqrt(1.0 - PLANTED * PLANTED);
        all[FOLLOWER] = all[LEADER].iter().zip(&all[FOLLOWER]).map(|(lead, own)| PLANTED * lead + rest * own).collect();
    }
    all
}
