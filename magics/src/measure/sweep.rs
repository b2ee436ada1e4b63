//! `--sweep n=1e3..1e7`: a variable that takes several values, one after another.

use crate::options::{is_rust_name, parse_int};

/// More points than this fit in no budget.
const MOST_POINTS: usize = 30;
/// Up to so many decades there are two points per decade, else one.
const DENSE_DECADES: f64 = 3.5;

/// The variable and its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sweep {
    /// A name in all languages.
    pub name: String,
    /// Ascending, each once, at least two.
    pub values: Vec<u64>,
}

/// Reads `n=1e3..1e7`, or with a number of points `n=1e3..1e7,9`; values are spaced geometrically.
///
/// # Errors
/// In a sentence.
pub fn parse(text: &str) -> Result<Sweep, String> {
    let shape = || format!("`{text}` is no sweep");
    let (name, range) = text.split_once('=').ok_or_else(shape)?;
    let name = name.trim();
    if !is_rust_name(name) {
        return Err(format!("`{name}` cannot name a variable"));
    }
    let (range, points) = match range.split_once(',') {
        None => (range, None),
        Some((range, points)) => {
            let most = MOST_POINTS as i64;
            let points = parse_int(points.trim()).filter(|points| (2..=most).contains(points));
            (range, Some(points.ok_or_else(|| format!("a sweep has 2 to {MOST_POINTS} points"))? as usize))
        }
    };
    let (low, high) = range.split_once("..").ok_or_else(shape)?;
    let value = |text: &str| {
        let value = parse_int(text.trim()).and_then(|value| u64::try_from(value).ok()).filter(|value| (1..=1 << 52).contains(value));
        value.ok_or_else(|| format!("`{}` is no value: a sweep runs over whole numbers from 1 on", text.trim()))
    };
    let (low, high) = (value(low)?, value(high.trim_start_matches('='))?);
    if low >= high {
        return Err(format!("a sweep runs upwards, and {low} is not below {high}"));
    }
    let decades = (high as f64 / low as f64).log10();
    let points = points.unwrap_or_else(|| {
        let per_decade = if decades <= DENSE_DECADES { 2.0 } else { 1.0 };
        ((decades * per_decade).round() as usize + 1).clamp(3, MOST_POINTS)
    });
    let at = |i: usize| (low as f64 * (high as f64 / low as f64).powf(i as f64 / (points - 1) as f64)).round() as u64;
    let mut values: Vec<u64> = (0..points).map(at).collect();
    values.dedup();
    Ok(Sweep { name: name.to_owned(), values })
}

/// Seconds that the next value may take, from those before: the steeper of the last two slopes, at least linear growth.
///
/// With one point, linear growth is assumed: a variant that is left out never gets the second point that would tell. `None` without any.
pub fn forecast(known: &[(u64, f64)], next: u64) -> Option<f64> {
    let (last_n, last_s) = *known.last()?;
    let step = next as f64 / last_n as f64;
    let slope = match known {
        [.., (n0, s0), (n1, s1)] if *s0 > 0.0 && *s1 > 0.0 => ((s1 / s0).ln() / (*n1 as f64 / *n0 as f64).ln()).max(1.0),
        _ => 1.0,
    };
    Some(last_s * step.powf(slope))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_spaced_geometrically() {
        assert_eq!(parse("n=1e3..1e7").unwrap().values, [1_000, 10_000, 100_000, 1_000_000, 10_000_000]);
        assert_eq!(parse("n=10..1000").unwrap().values, [10, 32, 100, 316, 1000]);
        assert_eq!(parse("size=1..4,3").unwrap(), Sweep { name: "size".into(), values: vec![1, 2, 4] });
        assert_eq!(parse("n=1..2,9").unwrap().values, [1, 2]);
        assert_eq!(parse("n=1..2").unwrap().values, [1, 2]);
    }

    #[test]
    fn what_is_no_sweep_is_explained() {
        for (text, why) in [
            ("1e3..1e7", "no sweep"),
            ("n=1e3", "no sweep"),
            ("fn=1..2", "cannot name"),
            ("n=0..5", "no value"),
            ("n=5..5", "upwards"),
            ("n=1..5,1", "2 to 30 points"),
            ("n=1.5..7", "no value"),
        ] {
            let said = parse(text).unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
        }
    }

    #[test]
    fn a_forecast_follows_the_slope() {
        assert_eq!(forecast(&[], 10), None);
        assert_eq!(forecast(&[(10, 1.0)], 100), Some(10.0));
        let quadratic = forecast(&[(10, 1e-3), (100, 0.1)], 1000).unwrap();
        assert!((quadratic - 10.0).abs() < 1e-9, "{quadratic}");
        assert_eq!(forecast(&[(10, 1.0), (100, 0.5)], 1000), Some(5.0), "never less than linear");
    }
}
