/// Sums over `size` numbers on all cores.
#[inline(never)]
fn rayon(size: u64) -> u64 {
    use rayon::prelude::*;
    (0..size).into_par_iter().map(|n| (n ^ (n >> 3)).wrapping_mul(n | 1).count_ones() as u64 + ((n as f64).sqrt() as u64 & 3)).sum()
}
