//! Times, sizes and shares as people read them: one unit per table, digits that follow the interval.

/// A time unit with an SI prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeUnit {
    Picoseconds,
    Nanoseconds,
    Microseconds,
    Milliseconds,
    Seconds,
}

impl TimeUnit {
    /// The unit in which `typical` seconds reads as 1 to 999.
    pub fn for_value(typical: f64) -> Self {
        match typical.abs() {
            t if t >= 0.999_5 => Self::Seconds,
            t if t >= 0.999_5e-3 => Self::Milliseconds,
            t if t >= 0.999_5e-6 => Self::Microseconds,
            t if t >= 0.999_5e-9 || t == 0.0 => Self::Nanoseconds,
            _ => Self::Picoseconds,
        }
    }

    /// `ns`, `µs`, `ms`, `s`.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Picoseconds => "ps",
            Self::Nanoseconds => "ns",
            Self::Microseconds => "µs",
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
        }
    }

    /// Seconds per unit.
    pub fn seconds(self) -> f64 {
        match self {
            Self::Picoseconds => 1e-12,
            Self::Nanoseconds => 1e-9,
            Self::Microseconds => 1e-6,
            Self::Milliseconds => 1e-3,
            Self::Seconds => 1.0,
        }
    }

    /// `seconds` in this unit with `decimals` digits, without the symbol.
    pub fn number(self, seconds: f64, decimals: usize) -> String {
        format!("{:.decimals$}", seconds / self.seconds())
    }
}

/// A time with about three significant digits and its own unit: `12.3 µs`.
pub fn time(seconds: f64) -> String {
    let unit = TimeUnit::for_value(seconds);
    let value = seconds / unit.seconds();
    format!("{} {}", unit.number(seconds, decimals_for_digits(value, 3)), unit.symbol())
}

/// Decimals that show `digits` significant digits of `value`.
pub fn decimals_for_digits(value: f64, digits: i32) -> usize {
    if value == 0.0 || !value.is_finite() {
        return 0;
    }
    // 0.9996 with three digits is printed as 1.00, one magnitude up.
    let magnitude = (value.abs() * (1.0 + 0.501 * 10f64.powi(-digits))).log10().floor() as i32;
    (digits - 1 - magnitude).clamp(0, 9) as usize
}

/// Decimals worth printing for a value known to ± `half_width` (the rule of the Particle Data Group:
/// two digits of an uncertainty that begins with 1.00 to 3.54, one digit otherwise).
pub fn decimals_for_uncertainty(half_width: f64) -> usize {
    if half_width <= 0.0 || !half_width.is_finite() {
        return 9;
    }
    let magnitude = half_width.log10().floor();
    let lead = half_width / 10f64.powf(magnitude);
    let digits = if lead < 3.55 { 1.0 } else { 0.0 };
    (digits - magnitude).clamp(0.0, 9.0) as usize
}

/// How one measurement is printed: its unit and its number of decimals, from its interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    pub unit: TimeUnit,
    pub decimals: usize,
}

impl Scale {
    /// The scale for a median with an interval; without one, three significant digits.
    pub fn of(median: f64, ci: Option<(f64, f64)>) -> Self {
        let unit = TimeUnit::for_value(median);
        let value = median / unit.seconds();
        let three = decimals_for_digits(value, 3);
        let Some((low, high)) = ci else { return Self { unit, decimals: three } };
        let earned = decimals_for_uncertainty((high - low) / 2.0 / unit.seconds());
        // Never more than five significant digits: nobody reads them, and the machine is not that steady.
        Self { unit, decimals: earned.min(decimals_for_digits(value, 5)) }
    }

    /// A scale with this many significant digits, whatever the interval.
    pub fn with_digits(median: f64, digits: i32) -> Self {
        let unit = TimeUnit::for_value(median);
        Self { unit, decimals: decimals_for_digits(median / unit.seconds(), digits) }
    }

    /// A number without unit.
    pub fn number(self, seconds: f64) -> String {
        self.unit.number(seconds, self.decimals)
    }

    /// A number with unit.
    pub fn time(self, seconds: f64) -> String {
        format!("{} {}", self.number(seconds), self.unit.symbol())
    }

    /// `12.34 µs [12.30, 12.41]`; without an interval only the value.
    pub fn with_ci(self, median: f64, ci: Option<(f64, f64)>) -> String {
        match ci {
            Some((low, high)) => format!("{} [{}, {}]", self.time(median), self.number(low), self.number(high)),
            None => self.time(median),
        }
    }
}

/// A size in binary units: `7.8 GiB`.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let decimals = usize::from(unit > 0 && value < 100.0 && (value * 10.0).round() % 10.0 != 0.0);
    format!("{value:.decimals$} {}", UNITS[unit])
}

/// An amount per second in decimal units: `12.3 GB/s`, `1.50 M rows/s`.
pub fn rate(per_second: f64, what: &str) -> String {
    const PREFIXES: [(f64, &str); 4] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    let (scale, prefix) = PREFIXES.into_iter().find(|(scale, _)| per_second >= 0.999_5 * scale).unwrap_or((1.0, ""));
    let value = per_second / scale;
    let space = if what.len() > 1 && !prefix.is_empty() { " " } else { "" };
    format!("{value:.*} {prefix}{space}{what}/s", decimals_for_digits(value, 3))
}

/// A whole number with thin groups of three: `1 234 567`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(c);
    }
    out
}

/// A size on an axis or in a label: `0.5`, `20`, `1000`, `10⁶`.
pub fn short_number(value: f64) -> String {
    let exponent = value.abs().log10();
    if value > 0.0 && (exponent - exponent.round()).abs() < 1e-9 && !(-3.5..5.5).contains(&exponent) {
        let digits = |digit: char| {
            if digit == '-' {
                '⁻'
            } else {
                ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][digit as usize - '0' as usize]
            }
        };
        return format!("10{}", (exponent.round() as i64).to_string().chars().map(digits).collect::<String>());
    }
    let text = format!("{value:.*}", decimals_for_digits(value, 3));
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A share as per cent: `42.1 %`; tiny shares as `< 0.1 %`.
pub fn percent(share: f64) -> String {
    if share > 0.0 && share < 0.000_95 { "< 0.1 %".into() } else { format!("{:.1} %", share * 100.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_choose_their_unit() {
        for (seconds, shown) in [
            (0.0, "0 ns"),
            (4.2e-10, "420 ps"),
            (1.5e-9, "1.50 ns"),
            (12.34e-6, "12.3 µs"),
            (0.999_9e-3, "1.00 ms"),
            (0.25, "250 ms"),
            (62.0, "62.0 s"),
        ] {
            assert_eq!(time(seconds), shown);
        }
    }

    #[test]
    fn digits_follow_the_interval() {
        let show = |m: f64, low: f64, high: f64| Scale::of(m, Some((low, high))).with_ci(m, Some((low, high)));
        assert_eq!(show(12.3456e-6, 12.30e-6, 12.40e-6), "12.35 µs [12.30, 12.40]");
        assert_eq!(show(12.3456e-6, 11.0e-6, 13.0e-6), "12.3 µs [11.0, 13.0]");
        assert_eq!(show(123.456e-6, 100e-6, 150e-6), "123 µs [100, 150]");
    }

    #[test]
    fn no_interval_gives_three_digits_and_no_brackets() {
        assert_eq!(Scale::of(1.2345e-3, None).with_ci(1.2345e-3, None), "1.23 ms");
        assert_eq!(Scale::with_digits(1.2345e-3, 5).time(1.2345e-3), "1.2345 ms");
    }

    #[test]
    fn zero_width_does_not_print_nonsense() {
        assert_eq!(Scale::of(1.0e-3, Some((1.0e-3, 1.0e-3))).time(1.0e-3), "1.0000 ms");
    }

    #[test]
    fn uncertainty_digits() {
        assert_eq!(decimals_for_uncertainty(0.05), 2);
        assert_eq!(decimals_for_uncertainty(0.012), 3);
        assert_eq!(decimals_for_uncertainty(25.0), 0);
        assert_eq!(decimals_for_uncertainty(0.98), 1);
    }

    #[test]
    fn sizes_counts_shares() {
        assert_eq!(bytes(512), "512 B");
        assert_eq!((rate(12.34e9, "B"), rate(1.5e6, "rows")), ("12.3 GB/s".into(), "1.50 M rows/s".into()));
        assert_eq!((rate(999.9, "B"), rate(7.0, "rows")), ("1.00 kB/s".into(), "7.00 rows/s".into()));
        assert_eq!(bytes(32 * 1024), "32 KiB");
        assert_eq!(bytes(8_375_186_227), "7.8 GiB");
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(percent(0.4213), "42.1 %");
        assert_eq!(percent(0.0001), "< 0.1 %");
    }
}
