//! A numeric axis: where a value lies in pixels, and which values get a tick.

use crate::units::{self, TimeUnit};

/// Maps values to pixels, linearly or by logarithm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axis {
    pub low: f64,
    pub high: f64,
    pub log: bool,
    /// Pixel of `low` and of `high`.
    pub from_px: f64,
    pub to_px: f64,
}

/// Ticks nearer than this would have labels that touch, in pixels.
const APART: f64 = 36.0;

/// A labelled position.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    pub value: f64,
    pub label: String,
}

impl Axis {
    /// A linear axis; a range without extent is widened.
    pub fn linear(low: f64, high: f64, from_px: f64, to_px: f64) -> Self {
        let high = if high > low { high } else { low + low.abs().max(1e-12) * 0.1 };
        Self { low, high, log: false, from_px, to_px }
    }

    /// A logarithmic axis over positive values.
    pub fn log(low: f64, high: f64, from_px: f64, to_px: f64) -> Self {
        let low = low.max(f64::MIN_POSITIVE);
        let high = if high > low { high } else { low * 10.0 };
        Self { low, high, log: true, from_px, to_px }
    }

    /// Pixel position of `value`, inside the axis.
    pub fn px(&self, value: f64) -> f64 {
        let share = if self.log {
            (value.max(f64::MIN_POSITIVE) / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        self.from_px + share.clamp(0.0, 1.0) * (self.to_px - self.from_px)
    }

    /// Round values inside the axis, about `wanted` of them; decades and their 2 and 5 on a logarithmic axis.
    pub fn values(&self, wanted: usize) -> Vec<f64> {
        if self.log { self.log_values(wanted) } else { self.linear_values(wanted) }
    }

    fn linear_values(&self, wanted: usize) -> Vec<f64> {
        let step = round_step((self.high - self.low) / wanted.max(1) as f64);
        let first = (self.low / step - 1e-9).ceil() as i64;
        let last = (self.high / step + 1e-9).floor() as i64;
        (first..=last).map(|i| i as f64 * step).collect()
    }

    fn log_values(&self, wanted: usize) -> Vec<f64> {
        let decades = (self.high / self.low).log10();
        let factors: &[f64] = if decades * 3.0 <= wanted as f64 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let inside = |v: &f64| *v >= self.low * 0.999_999 && *v <= self.high * 1.000_001;
        // Many decades: only every so many, so that labels do not touch.
        let every = (decades / wanted.max(1) as f64).ceil().max(1.0) as usize;
        let (first, last) = (self.low.log10().floor() as i32, self.high.log10().ceil() as i32);
        let of = |factors: &[f64]| -> Vec<f64> {
            let all = (first..=last).step_by(every).flat_map(|e| factors.iter().map(move |f| f * 10f64.powi(e)));
            all.filter(inside).collect()
        };
        let values = of(factors);
        // Less than a decade: one value is no scale.
        if values.len() > 1 { values } else { of(&[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]) }
    }

    /// The values that were measured, where these are few counts on a logarithmic axis (1, 2, 4, 8 threads); else round ones.
    pub fn values_for(&self, measured: impl Iterator<Item = f64>, wanted: usize) -> Vec<f64> {
        let mut counts: Vec<f64> = measured.collect();
        counts.sort_by(f64::total_cmp);
        counts.dedup();
        let are_counts = counts.iter().all(|value| value.fract() == 0.0 && (1.0..10_000.0).contains(value));
        let apart = counts.windows(2).all(|pair| (self.px(pair[1]) - self.px(pair[0])).abs() >= APART);
        if self.log && are_counts && apart && (2..=wanted).contains(&counts.len()) { counts } else { self.values(wanted) }
    }

    /// Powers of two inside the axis.
    pub fn powers_of_two(&self) -> Vec<f64> {
        let (first, last) = (self.low.log2().ceil() as i32, self.high.log2().floor() as i32);
        (first..=last).map(|e| 2f64.powi(e)).collect()
    }

    /// Ticks of a time axis. Linear: bare numbers of one unit, which the axis title names; logarithmic: each with
    /// its unit.
    pub fn time_ticks(&self, wanted: usize) -> (Vec<Tick>, TimeUnit) {
        let unit = TimeUnit::for_value(self.high.max(self.low));
        let values = self.values(wanted);
        if self.log {
            let ticks = values.into_iter().map(|value| Tick { value, label: short_time(value) }).collect();
            return (ticks, unit);
        }
        let step = values.windows(2).map(|w| w[1] - w[0]).next().unwrap_or(self.high - self.low) / unit.seconds();
        let decimals = step_decimals(step);
        let ticks = values.into_iter().map(|value| Tick { value, label: unit.number(value, decimals) }).collect();
        (ticks, unit)
    }
}

/// The 1, 2 or 5 times a power of ten that is nearest to `rough`.
pub fn round_step(rough: f64) -> f64 {
    let power = 10f64.powf(rough.log10().floor());
    let lead = rough / power;
    let round = if lead < 1.5 {
        1.0
    } else if lead < 3.2 {
        2.0
    } else if lead < 7.0 {
        5.0
    } else {
        10.0
    };
    round * power
}

/// Decimals that tell neighbouring ticks of this step apart.
pub fn step_decimals(step: f64) -> usize {
    (-(step * 1.000_001).log10().floor()).clamp(0.0, 9.0) as usize
}

/// A round time without trailing zeros: `10 µs`.
fn short_time(seconds: f64) -> String {
    let unit = TimeUnit::for_value(seconds);
    let value = seconds / unit.seconds();
    format!("{} {}", unit.number(seconds, units::decimals_for_digits(value, 1)), unit.symbol())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linear_ticks_are_round_and_share_a_unit() {
        let (ticks, unit) = Axis::linear(11.9e-6, 13.1e-6, 0.0, 600.0).time_ticks(6);
        let labels: Vec<_> = ticks.iter().map(|t| t.label.as_str()).collect();
        assert_eq!(labels, ["12.0", "12.2", "12.4", "12.6", "12.8", "13.0"]);
        assert_eq!(unit, TimeUnit::Microseconds);
    }

    #[test]
    fn log_ticks_carry_units() {
        let (ticks, _) = Axis::log(1e-6, 1e-2, 0.0, 600.0).time_ticks(8);
        let labels: Vec<_> = ticks.iter().map(|t| t.label.as_str()).collect();
        assert_eq!(labels, ["1 µs", "10 µs", "100 µs", "1 ms", "10 ms"]);
    }

    #[test]
    fn positions_are_clamped() {
        let axis = Axis::linear(0.0, 10.0, 100.0, 200.0);
        assert_eq!((axis.px(5.0), axis.px(50.0), axis.px(-5.0)), (150.0, 200.0, 100.0));
        let log = Axis::log(1.0, 100.0, 0.0, 100.0);
        assert!((log.px(10.0) - 50.0).abs() < 1e-9);
    }

    #[test]
    fn a_range_without_extent_is_widened() {
        assert!(Axis::linear(2.0, 2.0, 0.0, 1.0).high > 2.0);
    }
}
