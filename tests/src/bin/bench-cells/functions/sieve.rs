/// Sum of the primes below `size`, by the sieve of Eratosthenes.
#[inline(never)]
fn sieve(size: u64) -> u64 {
    let size = size as usize;
    let mut composite = vec![false; size];
    let mut sum = 0;
    for n in 2..size {
        if !composite[n] {
            sum += n as u64;
            let mut multiple = n * n;
            while multiple < size {
                composite[multiple] = true;
                multiple += n;
            }
        }
    }
    sum
}
