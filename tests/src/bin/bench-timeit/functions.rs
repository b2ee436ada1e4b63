//! Ten functions from a nanosecond to a second, in text: the same goes into a cell and into criterion's crate.

/// One function.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Function {
    /// Its name in the code, and in the table.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// Its item.
    pub item: &'static str,
    /// The input, which is called `input`.
    pub input: &'static str,
    /// Part of the result that both must agree on, of `result`.
    pub check: &'static str,
    /// The result owns memory: dropping it is part of neither time.
    pub drops: bool,
    /// About how long it takes, in seconds.
    pub about_s: f64,
}

/// All, by their time.
pub const FUNCTIONS: &[Function] = &[
    Function {
        name: "add_chain",
        about: "integer chain",
        item: "fn add_chain(input: &u64) -> u64 { let mut a = *input; for _ in 0..4 { a = a.wrapping_mul(a) ^ 7; } a }",
        input: "let input: u64 = 12_345;",
        check: "result",
        drops: false,
        about_s: 1e-9,
    },
    Function {
        name: "parse_float",
        about: "text to f64",
        item: "fn parse_float(input: &String) -> f64 { input.parse().unwrap_or(0.0) }",
        input: "let input = String::from(\"3.14159265\");",
        check: "result",
        drops: false,
        about_s: 2e-8,
    },
    Function {
        name: "to_string",
        about: "u64 to text",
        item: "fn to_string(input: &u64) -> String { input.to_string() }",
        input: "let input: u64 = 1_234_567_890;",
        check: "result",
        drops: true,
        about_s: 2e-8,
    },
    Function {
        name: "allocate",
        about: "Vec of 1 KiB",
        item: "fn allocate(input: &u64) -> Vec<u64> { vec![*input; 128] }",
        input: "let input: u64 = 7;",
        check: "result.iter().sum::<u64>()",
        drops: true,
        about_s: 5e-8,
    },
    Function {
        name: "hash_text",
        about: "SipHash, 1 KiB",
        item: "fn hash_text(input: &Vec<u8>) -> u64 { use std::hash::Hasher; \
               let mut hasher = std::collections::hash_map::DefaultHasher::new(); hasher.write(input); hasher.finish() }",
        input: "let input: Vec<u8> = (0..1024_u32).map(|i| (i * 7) as u8).collect();",
        check: "result",
        drops: false,
        about_s: 5e-7,
    },
    Function {
        name: "float_sum",
        about: "sum of 10,000 f64",
        item: "fn float_sum(input: &Vec<f64>) -> f64 { input.iter().sum() }",
        input: "let input: Vec<f64> = (0..10_000).map(|i| f64::from(i) * 0.5).collect();",
        check: "result",
        drops: false,
        about_s: 8e-6,
    },
    Function {
        name: "matrix",
        about: "64 × 64 product",
        item: "fn matrix(input: &Vec<f64>) -> f64 { let n = 64; let mut out = [0.0_f64; 64 * 64]; \
               for i in 0..n { for k in 0..n { let a = input[i * n + k]; for j in 0..n { out[i * n + j] += a * input[k * n + j]; } } } \
               out.iter().sum() }",
        input: "let input: Vec<f64> = (0..64 * 64).map(|i| f64::from(i % 17)).collect();",
        check: "result",
        drops: false,
        about_s: 5e-5,
    },
    Function {
        name: "sort",
        about: "20,000 u64",
        item: "fn sort(input: &Vec<u64>) -> Vec<u64> { let mut sorted = input.clone(); sorted.sort_unstable(); sorted }",
        input: "let input: Vec<u64> = (0..20_000_u64).map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20).collect();",
        check: "result[10_000]",
        drops: true,
        about_s: 5e-4,
    },
    Function {
        name: "sieve",
        about: "primes below 2,000,000",
        item: "fn sieve(input: &usize) -> usize { let n = *input; let mut prime = vec![true; n]; let mut i = 2; \
               while i * i < n { if prime[i] { let mut j = i * i; while j < n { prime[j] = false; j += i; } } i += 1; } \
               prime.iter().skip(2).filter(|p| **p).count() }",
        input: "let input: usize = 2_000_000;",
        check: "result",
        drops: false,
        about_s: 1e-2,
    },
    Function {
        name: "second",
        about: "dependent floats",
        item: "fn second(input: &f64) -> f64 { let mut s = *input; for _ in 0..400_000_000_u32 { s = s * 0.999_999 + 1e-6; } s }",
        input: "let input: f64 = 2.0;",
        check: "result",
        drops: false,
        about_s: 1.0,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_items() {
        for function in FUNCTIONS {
            assert!(function.item.starts_with(&format!("fn {}(input: &", function.name)), "{}", function.name);
            assert!(function.input.starts_with("let input") && function.check.starts_with("result"), "{}", function.name);
        }
    }
}
