/// Product of two matrices of `size` by `size`, by indices.
#[inline(never)]
fn matrix(size: u64) -> u64 {
    let n = size as usize;
    let a: Vec<f64> = (0..n * n).map(|at| (at % 17) as f64).collect();
    let b: Vec<f64> = (0..n * n).map(|at| (at % 13) as f64).collect();
    let mut c = vec![0.0; n * n];
    for row in 0..n {
        for k in 0..n {
            let factor = a[row * n + k];
            for column in 0..n {
                c[row * n + column] += factor * b[k * n + column];
            }
        }
    }
    c.iter().sum::<f64>() as u64
}
