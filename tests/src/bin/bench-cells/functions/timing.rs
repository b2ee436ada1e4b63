/// Times NAME: one call to warm up, then the best of the rest.
#[inline(never)]
fn time_NAME(size: u64) -> String {
    let sum = NAME(std::hint::black_box(size));
    let mut best = u128::MAX;
    for _ in 0..15 {
        let start = std::time::Instant::now();
        std::hint::black_box(NAME(std::hint::black_box(size)));
        best = best.min(start.elapsed().as_nanos());
    }
    format!("{sum} {best}")
}
