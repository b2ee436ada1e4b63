//! An axis of names instead of numbers: one slot for each, in the order in which they came.

use super::axis::Axis;
use super::measure_text::width;
use super::theme;

/// Room for one series within the slot of a name, in pixels.
const SERIES: f64 = 9.0;
/// Tallest plot; more series than fit into it stand nearer together.
const TALLEST: f64 = 1600.0;
/// Between two slots.
const AIR: f64 = 14.0;
/// Widest column of names left of a plot.
const WIDEST: f64 = 230.0;

/// The names along an axis; none means an axis of numbers.
pub(super) struct NameAxis<'a>(pub &'a [String]);

impl NameAxis<'_> {
    /// The axis over these pixels; the first name lies at `from`.
    pub fn axis(&self, (from, to): (f64, f64)) -> Option<Axis> {
        (!self.0.is_empty()).then(|| Axis::linear(-0.5, self.0.len() as f64 - 0.5, from, to))
    }

    /// Each name at its position.
    pub fn ticks(&self) -> Option<Vec<(f64, String)>> {
        (!self.0.is_empty()).then(|| self.0.iter().enumerate().map(|(at, name)| (at as f64, name.clone())).collect())
    }

    /// Height that the slots want, with this many series side by side in each; 0 for an axis of numbers.
    pub fn height(&self, series: usize) -> f64 {
        (self.0.len() as f64 * (series as f64 * SERIES + AIR)).min(TALLEST)
    }

    /// Pixels between two of the series in a slot, along an axis of this many pixels, so that none leaves its slot.
    pub fn step(&self, pixels: f64, series: usize) -> f64 {
        let slot = pixels / self.0.len().max(1) as f64 - AIR / 2.0;
        (slot.max(0.0) / series.max(1) as f64).min(SERIES)
    }

    /// Width that the names take left of a plot.
    pub fn room(&self) -> Option<f64> {
        let widest = self.0.iter().map(|name| width(name, theme::SMALL, false)).reduce(f64::max)?;
        Some(widest.min(WIDEST))
    }

    /// Room of one name along an axis of this many pixels; without end for numbers.
    pub fn slot(&self, pixels: f64) -> f64 {
        if self.0.is_empty() { f64::INFINITY } else { pixels / self.0.len() as f64 - 6.0 }
    }
}
