//! "The compiler fooled you": signs that the timed code is not what ran.

use crate::units::{self, time};

/// Facts about one timed body.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Facts {
    /// Seconds per iteration.
    pub median_s: f64,
    /// Seconds per clock cycle.
    pub cycle_s: f64,
    /// Seconds per turn of an empty loop, when it was measured.
    pub loop_s: Option<f64>,
    /// The body's value carries no information: `()` or another type without size.
    pub unit_result: bool,
    /// No variable went into the body.
    pub no_inputs: bool,
}

/// One sign, with advice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fooled {
    /// Faster than any work can be.
    BelowCycle(f64),
    /// No longer than an empty loop: median, and one turn of that loop.
    EmptyLoop(f64, f64),
    /// Bytes per second that were read, and the most that this machine reads from memory.
    AboveBandwidth(f64, f64),
    /// The size has grown by this factor, and the time by that one.
    FlatInSize(f64, f64),
    /// Nobody uses the result.
    UnusedResult,
    /// All inputs are visible at compile time.
    NoInputs,
}

/// Below this many cycles even the empty loop around the body is not done.
const CYCLES: f64 = 2.0;
/// A turn with work in it takes longer than an empty one by at least this factor, unless the work is one instruction.
const MORE_THAN_EMPTY: f64 = 1.5;
/// Code slower than this did real work, whatever its inputs.
const SUSPICIOUS_S: f64 = 1e-6;

/// The size grows by at least this factor before a time that does not grow is suspicious.
const SIZES: f64 = 10.0;
/// A time that grows by less than this over all sizes is flat.
const FLAT: f64 = 1.5;

/// Whether the time stays flat while the size grows; `points` are sizes and median seconds.
pub fn flat_in_size(points: &[(f64, f64)]) -> Option<Fooled> {
    let (smallest, largest) = (points.first()?, points.last()?);
    let factor = largest.0 / smallest.0;
    let (fastest, slowest) = points.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), (_, t)| (low.min(*t), high.max(*t)));
    (points.len() > 2 && factor >= SIZES && slowest < FLAT * fastest).then_some(Fooled::FlatInSize(factor, slowest / fastest))
}

/// All signs that the facts show.
pub fn signs(facts: &Facts) -> Vec<Fooled> {
    let mut signs = Vec::new();
    match facts.loop_s {
        Some(empty) if facts.median_s < MORE_THAN_EMPTY * empty => signs.push(Fooled::EmptyLoop(facts.median_s, empty)),
        None if facts.median_s < CYCLES * facts.cycle_s => signs.push(Fooled::BelowCycle(facts.median_s)),
        _ => {}
    }
    if facts.unit_result {
        signs.push(Fooled::UnusedResult);
    }
    if facts.no_inputs && facts.median_s < SUSPICIOUS_S {
        signs.push(Fooled::NoInputs);
    }
    signs
}

impl Fooled {
    /// What is suspicious.
    pub fn text(&self) -> String {
        match self {
            Fooled::BelowCycle(t) => {
                format!("{} per iteration is about one clock cycle: the compiler has most likely removed the work", time(*t))
            }
            Fooled::EmptyLoop(t, empty) => format!(
                "{} per iteration is what an empty loop takes ({}): the code is one instruction, or the compiler has removed the work",
                time(*t),
                time(*empty)
            ),
            Fooled::AboveBandwidth(rate, most) => format!(
                "{} is more than this machine reads from memory ({}): the compiler has most likely left out a part of the data",
                units::rate(*rate, "B"),
                units::rate(*most, "B")
            ),
            Fooled::FlatInSize(sizes, times) => format!(
                "the size grew by a factor of {}, the time by {times:.2}: the work does not depend on the size, or the compiler has \
                 replaced a loop by a formula, or something fixed takes nearly all of the time",
                units::short_number(*sizes)
            ),
            Fooled::UnusedResult => "the code returns no value, so the compiler may leave out work that nobody can see".into(),
            Fooled::NoInputs => "no variable goes into this code, so the compiler may have computed it in advance".into(),
        }
    }

    /// What to try.
    pub fn remedy(&self) -> &'static str {
        match self {
            Fooled::AboveBandwidth(..) => "check `--bytes`, and that every value of the data goes into the result",
            Fooled::BelowCycle(_) | Fooled::EmptyLoop(..) => {
                "put the input into a variable in a cell above, and end the code with the result"
            }
            Fooled::FlatInSize(..) => "make the work read data of that size (a vector made in `%% setup`), or raise the sizes",
            Fooled::UnusedResult => "end the code with the value it computes, without a semicolon",
            Fooled::NoInputs => "put the input into a variable in a cell above (or after `%%timeit`), and use that",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOW: Facts = Facts { median_s: 1e-3, cycle_s: 0.3e-9, loop_s: None, unit_result: false, no_inputs: true };

    #[test]
    fn honest_work_has_no_signs() {
        assert!(signs(&SLOW).is_empty());
    }

    #[test]
    fn an_empty_loop_is_the_measure_where_it_is_known() {
        let facts = Facts { median_s: 0.28e-9, loop_s: Some(0.27e-9), no_inputs: false, ..SLOW };
        assert_eq!(signs(&facts), [Fooled::EmptyLoop(0.28e-9, 0.27e-9)]);
        // 0.55 ns is below two cycles of this clock, and yet twice an empty turn.
        assert!(signs(&Facts { median_s: 0.55e-9, cycle_s: 0.4e-9, ..facts }).is_empty());
    }

    #[test]
    fn a_flat_time_is_noticed_only_over_many_sizes() {
        let points = |times: [f64; 3]| [(1e3, times[0]), (1e4, times[1]), (1e6, times[2])];
        let found = flat_in_size(&points([1.0e-9, 1.1e-9, 1.05e-9])).unwrap();
        assert!(found.text().contains("1000") && found.text().contains("1.10"), "{}", found.text());
        assert_eq!(flat_in_size(&points([1e-9, 3e-9, 9e-9])), None);
        assert_eq!(flat_in_size(&[(1e3, 1e-9), (2e3, 1e-9), (4e3, 1e-9)]), None, "the sizes are too near each other");
        assert_eq!(flat_in_size(&points([1e-9; 3])[..2]), None);
    }

    #[test]
    fn removed_work_is_noticed() {
        let facts = Facts { median_s: 0.3e-9, unit_result: true, ..SLOW };
        assert_eq!(signs(&facts), [Fooled::BelowCycle(0.3e-9), Fooled::UnusedResult, Fooled::NoInputs]);
        assert!(signs(&facts).iter().all(|s| !s.text().is_empty() && !s.remedy().is_empty()));
    }
}
