//! When two floats are the same number.

use std::cmp::Ordering;

/// Sizes below this are compared by the absolute difference that the tolerance allows at this size.
const SMALL: f64 = 1e-3;
/// What single precision allows for.
const SINGLE: f64 = 1e-6;

/// How far two floats may be from each other.
#[derive(Debug, Clone, Copy)]
pub struct Tolerance {
    relative: f64,
    absolute: f64,
}

impl Tolerance {
    /// `single`: one of both has single precision. `scale`: digits after the point when one of both is a decimal that may have been rounded.
    pub fn new(relative: f64, single: bool, scale: Option<i8>) -> Tolerance {
        let relative = if single { relative.max(SINGLE) } else { relative.max(0.0) };
        // An average that an engine gives with four or more digits was rounded to them.
        let absolute = scale.filter(|scale| *scale >= 4).map_or(0.0, |scale| 0.500_001 * 10_f64.powi(-i32::from(scale)));
        Tolerance { relative, absolute }
    }

    /// NaN is NaN, and zero has no sign.
    pub fn same(self, a: f64, b: f64) -> bool {
        if a == b || (a.is_nan() && b.is_nan()) {
            return true;
        }
        let difference = (a - b).abs();
        // An infinite difference would be within an infinite size.
        difference.is_finite() && difference <= (self.relative * a.abs().max(b.abs()).max(SMALL)).max(self.absolute)
    }
}

/// A total order in which zero has no sign, and NaN comes last.
pub fn order(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}
