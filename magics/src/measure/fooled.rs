//! "The compiler fooled you": signs that the timed code is not what ran.

use crate::units::time;

/// Facts about one timed body.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Facts {
    /// Seconds per iteration.
    pub median_s: f64,
    /// Seconds per clock cycle.
    pub cycle_s: f64,
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
    /// Nobody uses the result.
    UnusedResult,
    /// All inputs are visible at compile time.
    NoInputs,
}

/// Below this many cycles even the empty loop around the body is not done.
const CYCLES: f64 = 2.0;
/// Code slower than this did real work, whatever its inputs.
const SUSPICIOUS_S: f64 = 1e-6;

/// All signs that the facts show.
pub fn signs(facts: &Facts) -> Vec<Fooled> {
    let mut signs = Vec::new();
    if facts.median_s < CYCLES * facts.cycle_s {
        signs.push(Fooled::BelowCycle(facts.median_s));
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
            Fooled::UnusedResult => "the code returns no value, so the compiler may leave out work that nobody can see".into(),
            Fooled::NoInputs => "no variable goes into this code, so the compiler may have computed it in advance".into(),
        }
    }

    /// What to try.
    pub fn remedy(&self) -> &'static str {
        match self {
            Fooled::BelowCycle(_) => "put the input into a variable in a cell above, and end the code with the result",
            Fooled::UnusedResult => "end the code with the value it computes, without a semicolon",
            Fooled::NoInputs => "put the input into a variable in a cell above (or after `%%timeit`), and use that",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOW: Facts = Facts { median_s: 1e-3, cycle_s: 0.3e-9, unit_result: false, no_inputs: true };

    #[test]
    fn honest_work_has_no_signs() {
        assert!(signs(&SLOW).is_empty());
    }

    #[test]
    fn removed_work_is_noticed() {
        let facts = Facts { median_s: 0.3e-9, unit_result: true, ..SLOW };
        assert_eq!(signs(&facts), [Fooled::BelowCycle(0.3e-9), Fooled::UnusedResult, Fooled::NoInputs]);
        assert!(signs(&facts).iter().all(|s| !s.text().is_empty() && !s.remedy().is_empty()));
    }
}
