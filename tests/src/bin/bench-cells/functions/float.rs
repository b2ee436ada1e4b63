/// Points of a square of `size` by `size` that belong to the Mandelbrot set, by 200 iterations.
#[inline(never)]
fn float(size: u64) -> u64 {
    let mut inside = 0;
    for row in 0..size {
        for column in 0..size {
            let (a, b) = (column as f64 * 3.0 / size as f64 - 2.0, row as f64 * 2.0 / size as f64 - 1.0);
            let (mut x, mut y, mut left) = (0.0_f64, 0.0_f64, 200);
            while left > 0 && x * x + y * y <= 4.0 {
                (x, y) = (x * x - y * y + a, 2.0 * x * y + b);
                left -= 1;
            }
            inside += u64::from(left == 0);
        }
    }
    inside
}
