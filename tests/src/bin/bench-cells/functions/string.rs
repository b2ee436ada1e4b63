/// Writes `size` lines, then takes them apart again.
#[inline(never)]
fn string(size: u64) -> u64 {
    use std::fmt::Write as _;
    let mut text = String::new();
    for n in 0..size {
        let _ = writeln!(text, "row {n}, value {}, name_{}", n * 7 % 1000, n % 10);
    }
    let words = text.lines().flat_map(|line| line.split(", ")).filter(|word| word.ends_with(|c: char| c.is_ascii_digit()));
    words.map(|word| word.to_uppercase().chars().count() as u64).sum()
}
