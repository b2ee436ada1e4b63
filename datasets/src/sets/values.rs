//! Parameters of sets: what they accept, and values for them.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};

use crate::scale::Scale;

/// A number given for a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// A whole number.
    Whole(u64),
    /// A number with decimals.
    Real(f64),
}

impl Number {
    /// As it stands in a manifest.
    pub(crate) fn json(self) -> Value {
        match self {
            Self::Whole(value) => json!(value),
            Self::Real(value) => json!(value),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(value) => value.fmt(out),
            Self::Real(value) => value.fmt(out),
        }
    }
}

/// What a parameter accepts, both ends included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Range {
    /// A whole number; `1e6` is understood.
    Whole(u64, u64),
    /// A number with decimals.
    Real(f64, f64),
}

impl Range {
    /// What kind of number it holds, in words.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Whole(..) => "a whole number",
            Self::Real(..) => "a number",
        }
    }

    /// The number that `text` means; `None` when it is no number of this kind. It may lie outside the range.
    pub(crate) fn parse(self, text: &str) -> Option<Number> {
        let text = text.trim();
        match self {
            Self::Real(..) => text.parse().ok().map(Number::Real),
            Self::Whole(..) => {
                // Up to 2^53 a float holds every whole number.
                let rounded = || text.parse().ok().filter(|x: &f64| x.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(x));
                text.parse().ok().or_else(|| rounded().map(|x| x as u64)).map(Number::Whole)
            }
        }
    }

    /// Whether the number is of this kind and within the range; a NaN is not.
    pub(crate) fn holds(self, number: Number) -> bool {
        match (self, number) {
            (Self::Whole(low, high), Number::Whole(value)) => (low..=high).contains(&value),
            (Self::Real(low, high), Number::Real(value)) => (low..=high).contains(&value),
            _ => false,
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(low, high) => write!(out, "{low} to {high}"),
            Self::Real(low, high) => write!(out, "{low} to {high}"),
        }
    }
}

/// A parameter of a set, which is also the option `--name`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// Name without dashes.
    pub name: &'static str,
    /// What is accepted.
    pub range: Range,
    /// The values used when it is not given: at the scales `ci`, `class` and `big`.
    pub defaults: [Number; 3],
    /// How it stands in the name of the folder; `{}` is the value. The first parameter always does, others where they
    /// are not the default of `ci`.
    pub(crate) folder: &'static str,
    /// Values worth offering for completion.
    pub suggestions: &'static [&'static str],
    /// What it means.
    pub about: &'static str,
}

impl Parameter {
    /// A parameter with whole numbers.
    pub(crate) const fn whole(
        name: &'static str,
        folder: &'static str,
        range: (u64, u64),
        defaults: [u64; 3],
        about: &'static str,
    ) -> Self {
        let [ci, class, big] = defaults;
        let defaults = [Number::Whole(ci), Number::Whole(class), Number::Whole(big)];
        Self { name, range: Range::Whole(range.0, range.1), defaults, folder, suggestions: &[], about }
    }

    /// A parameter with decimals.
    pub(crate) const fn real(name: &'static str, folder: &'static str, range: (f64, f64), defaults: [f64; 3], about: &'static str) -> Self {
        let [ci, class, big] = defaults;
        let defaults = [Number::Real(ci), Number::Real(class), Number::Real(big)];
        Self { name, range: Range::Real(range.0, range.1), defaults, folder, suggestions: &[], about }
    }

    /// Adds values for completion.
    pub(crate) const fn suggest(mut self, suggestions: &'static [&'static str]) -> Self {
        self.suggestions = suggestions;
        self
    }

    /// The seed, which every set of ours has.
    pub(crate) const fn seed(about: &'static str) -> Self {
        Self::whole("seed", "seed{}", (0, u64::MAX), [42; 3], about).suggest(&["42"])
    }

    /// The default at a scale.
    pub fn default(&self, scale: Scale) -> Number {
        self.defaults[scale as usize]
    }

    /// The defaults for people: one number, or three.
    pub fn default_text(&self) -> String {
        let [ci, class, big] = self.defaults;
        if ci == class && class == big { ci.to_string() } else { format!("{ci}; class {class}; big {big}") }
    }
}

/// A value for each parameter of a set.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Values(BTreeMap<&'static str, Number>);

impl Values {
    /// The defaults of these parameters.
    pub fn new(parameters: &[Parameter], scale: Scale) -> Self {
        Self(parameters.iter().map(|parameter| (parameter.name, parameter.default(scale))).collect())
    }

    /// Sets one value.
    pub fn set(&mut self, name: &'static str, value: Number) {
        self.0.insert(name, value);
    }

    /// One value; a name that the set does not have is a mistake of the generator.
    pub fn get(&self, name: &str) -> Number {
        *self.0.get(name).unwrap_or_else(|| unreachable!("`{name}` is no parameter of this set"))
    }

    /// A whole number.
    pub fn whole(&self, name: &str) -> u64 {
        match self.get(name) {
            Number::Whole(value) => value,
            Number::Real(value) => value as u64,
        }
    }

    /// A number with decimals.
    pub fn real(&self, name: &str) -> f64 {
        match self.get(name) {
            Number::Whole(value) => value as f64,
            Number::Real(value) => value,
        }
    }

    /// All values as they stand in a manifest.
    pub fn json(&self) -> BTreeMap<String, Value> {
        self.0.iter().map(|(name, value)| ((*name).to_owned(), value.json())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Number, Range};

    #[test]
    fn numbers_are_read_as_people_write_them() {
        let whole = Range::Whole(1, 10_000_000);
        for (text, number) in [("12", Some(12)), ("1e6", Some(1_000_000)), (" 7 ", Some(7)), ("1.5", None), ("-1", None), ("many", None)] {
            assert_eq!(whole.parse(text), number.map(Number::Whole), "{text}");
        }
        assert_eq!(Range::Whole(0, u64::MAX).parse("18446744073709551615"), Some(Number::Whole(u64::MAX)));
        assert!(whole.holds(Number::Whole(1)) && !whole.holds(Number::Whole(0)) && !whole.holds(Number::Real(1.0)));
        assert!(!Range::Real(0.0, 1.0).holds(Number::Real(f64::NAN)));
    }
}
