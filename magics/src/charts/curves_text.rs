//! Curves in words and as a table of text.

use super::curves::{Curve, Curves};
use super::text;
use crate::units::{short_number, time};

/// What the picture shows.
pub fn alt(chart: &Curves) -> String {
    let curves: Vec<String> = chart.curves.iter().map(|curve| said(curve, &chart.x_title)).collect();
    format!("{}: time against {}, both axes logarithmic, lower is better. {}.", chart.title, chart.x_title, curves.join("; "))
}

fn said(curve: &Curve, x_title: &str) -> String {
    let at = |x: f64, seconds: f64| format!("{} at {} {x_title}", time(seconds), short_number(x));
    let mut parts = match curve.points.as_slice() {
        [] => vec!["no time".to_owned()],
        [only] => vec![at(only.x, only.median.value)],
        [first, .., last] => vec![format!("from {} to {}", at(first.x, first.median.value), at(last.x, last.median.value))],
    };
    parts.extend(curve.gaps.iter().map(|(x, why)| format!("none at {} ({why})", short_number(*x))));
    format!("{} {}", curve.name, parts.join(", "))
}

/// A row per size, a column per curve.
pub fn text(chart: &Curves) -> String {
    let mut sizes: Vec<f64> = sizes_of(chart).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.dedup();
    let mut rows = vec![std::iter::once(chart.x_title.clone()).chain(chart.curves.iter().map(|c| c.name.clone())).collect::<Vec<_>>()];
    for size in sizes {
        let cell = |curve: &Curve| {
            let measured = curve.points.iter().find(|point| point.x == size).map(|point| time(point.median.value));
            let why = || curve.gaps.iter().find(|gap| gap.0 == size).map(|gap| format!("({})", gap.1));
            measured.or_else(why).unwrap_or_else(|| "–".to_owned())
        };
        rows.push(std::iter::once(short_number(size)).chain(chart.curves.iter().map(cell)).collect());
    }
    let (low, high) = (sizes_of(chart).fold(f64::INFINITY, f64::min), sizes_of(chart).fold(0.0, f64::max));
    let marks: Vec<String> =
        chart.marks.iter().filter(|(x, _)| (low..=high).contains(x)).map(|(x, name)| format!("{name} at {}", short_number(*x))).collect();
    let marked = if marks.is_empty() { String::new() } else { format!("\nmarked: {}", marks.join(", ")) };
    format!("{}\ntime against {}, lower is better; medians\n{}{marked}", chart.title, chart.x_title, text::table(&rows))
}

fn sizes_of(chart: &Curves) -> impl Iterator<Item = f64> {
    chart.curves.iter().flat_map(|c| c.points.iter().map(|p| p.x).chain(c.gaps.iter().map(|gap| gap.0)))
}
