/// Steps of the Collatz sequences of all numbers below `size`.
#[inline(never)]
fn integer(size: u64) -> u64 {
    let mut steps = 0;
    for start in 1..size {
        let mut n = start;
        while n != 1 {
            n = if n % 2 == 0 { n / 2 } else { 3 * n + 1 };
            steps += 1;
        }
    }
    steps
}
