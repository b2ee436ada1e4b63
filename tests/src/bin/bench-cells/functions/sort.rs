/// Sorts `size` pseudo-random numbers and sums every hundredth.
#[inline(never)]
fn sort(size: u64) -> u64 {
    let mut state = 42_u64;
    let mut numbers: Vec<u64> = (0..size)
        .map(|_| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            state >> 20
        })
        .collect();
    numbers.sort_unstable();
    numbers.iter().step_by(100).fold(0, |sum, n| sum ^ n.rotate_left((sum % 63) as u32))
}
