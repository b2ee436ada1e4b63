/// Counts `size` keys in a hash map with a fixed hasher.
#[inline(never)]
fn hash(size: u64) -> u64 {
    type Fixed = std::hash::BuildHasherDefault<std::hash::DefaultHasher>;
    let mut counts: std::collections::HashMap<u64, u64, Fixed> = std::collections::HashMap::default();
    let mut state = 7_u64;
    for _ in 0..size {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        *counts.entry(state >> 50).or_insert(0) += 1;
    }
    counts.values().map(|count| count * count).sum()
}
