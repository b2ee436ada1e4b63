//! `%results --x`: measurements labelled `series @ size` as curves.

use serde_json::{Value, json};

use super::{footer, noise};
use crate::bundle::Bundle;
use crate::charts::colours::{self, Look};
use crate::charts::curves::{Curve, Curves, Point};
use crate::error::MagicError;
use crate::machine::LoadSpan;
use crate::measure::result::{Fields, object};
use crate::registry::Call;
use crate::results::{Measured, Store};
use crate::table::{Heading, Table};
use crate::units::{Scale, short_number};

/// A measurement of a series at a size.
struct Entry {
    series: String,
    size: f64,
    measured: Measured,
}

/// The chart and the table of the series that are named, or of all.
///
/// # Errors
/// No measurement with such a label.
pub fn show(call: &Call, x_title: &str, store: &Store) -> Result<[Bundle; 2], MagicError> {
    let entries = chosen(call, store)?;
    let mut series: Vec<&str> = Vec::new();
    for entry in &entries {
        if !series.contains(&entry.series.as_str()) {
            series.push(&entry.series);
        }
    }
    let curves = series.iter().zip(colours::series(&series)).map(|(name, look)| curve(name, look, &entries)).collect();
    let measured: Vec<&Measured> = entries.iter().map(|entry| &entry.measured).collect();
    let chart = Curves {
        title: call.options.text("title").map_or_else(|| format!("Time against {x_title}"), str::to_owned),
        note: String::new(),
        x_title: x_title.to_owned(),
        curves,
        marks: Vec::new(),
        footer: footer(&measured, noise(&measured)),
    };
    let result = result(&chart.title, x_title, &entries);
    Ok([chart.draw()?.bundle().with_result(result.clone()), table(x_title, &series, &entries).bundle().with_result(result)])
}

/// `series @ size` of a label.
fn split(label: &str) -> Option<(&str, f64)> {
    let (series, size) = label.rsplit_once('@')?;
    let size: f64 = size.trim().replace('_', "").parse().ok()?;
    (size > 0.0 && size.is_finite()).then_some((series.trim(), size))
}

fn chosen(call: &Call, store: &Store) -> Result<Vec<Entry>, MagicError> {
    let entry = |measured: &Measured| {
        let (series, size) = split(&measured.label)?;
        Some(Entry { series: series.to_owned(), size, measured: measured.clone() })
    };
    let all: Vec<Entry> = store.all().iter().filter_map(entry).collect();
    let words = call.options.words();
    let mut found: Vec<Entry> = Vec::new();
    let hint = "`--x` draws measurements labelled `series @ size`, for example `%%timeit --label \"pickle @ 10\"`";
    if words.is_empty() {
        found = all;
    } else {
        for word in words {
            let before = found.len();
            found.extend(all.iter().filter(|entry| entry.series == *word).map(|entry| Entry {
                series: entry.series.clone(),
                size: entry.size,
                measured: entry.measured.clone(),
            }));
            if found.len() == before {
                return Err(MagicError::usage(format!("there is no measurement labelled `{word} @ …`")).hint(hint));
            }
        }
    }
    if found.is_empty() {
        return Err(MagicError::usage("no measurement has a size in its label").hint(hint));
    }
    // Stable: series stay in the order in which they are asked for.
    found.sort_by(|a, b| a.size.total_cmp(&b.size));
    let mut ordered: Vec<Entry> = Vec::with_capacity(found.len());
    let names: Vec<String> = if words.is_empty() { Vec::new() } else { words.to_vec() };
    for name in names {
        let (of_it, rest): (Vec<Entry>, Vec<Entry>) = found.into_iter().partition(|entry| entry.series == name);
        ordered.extend(of_it);
        found = rest;
    }
    ordered.extend(found);
    Ok(ordered)
}

fn curve(name: &str, look: Look, entries: &[Entry]) -> Curve {
    let of_it = || entries.iter().filter(|entry| entry.series == name);
    let points = of_it().filter_map(|entry| Some(Point { x: entry.size, median: entry.measured.median()? })).collect();
    let gaps = of_it().filter(|entry| entry.measured.median().is_none()).map(|entry| (entry.size, entry.measured.failure())).collect();
    Curve { name: name.to_owned(), look, points, gaps }
}

/// A row per size, a column per series.
fn table(x_title: &str, series: &[&str], entries: &[Entry]) -> Table {
    let mut sizes: Vec<f64> = entries.iter().map(|entry| entry.size).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.dedup();
    let cell = |size: f64, name: &str| {
        let entry = entries.iter().find(|entry| entry.size == size && entry.series == name)?;
        let text = entry.measured.median().map(|m| Scale::of(m.value, m.ci).with_ci(m.value, m.ci));
        Some(text.unwrap_or_else(|| entry.measured.failure()))
    };
    let rows = sizes.iter().map(|size| {
        let cells = series.iter().map(|name| Some(cell(*size, name).unwrap_or_else(|| "–".into())));
        std::iter::once(Some(short_number(*size))).chain(cells).collect()
    });
    Table {
        headings: std::iter::once(Heading::number(x_title)).chain(series.iter().map(|name| Heading::number(name))).collect(),
        rows: rows.collect(),
        caption: vec!["Medians with 95 % intervals, measured one after another.".to_owned()],
        marked: false,
    }
}

fn result(title: &str, x_title: &str, entries: &[Entry]) -> Value {
    let variants = entries.iter().map(|entry| {
        let mut variant = entry.measured.variant.clone();
        variant["label"] = json!(entry.measured.label);
        variant["measured_by"] = json!(entry.measured.magic());
        variant["series"] = json!(entry.series);
        variant["x"] = json!(entry.size);
        variant
    });
    let fields: Fields = object("results", title, variants.collect(), None, &LoadSpan::default());
    fields.with("x_title", x_title).value()
}
