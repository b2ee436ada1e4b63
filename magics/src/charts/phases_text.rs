//! The chart of phases in words and in block characters.

use super::phases::{Part, Phases, Row, Stack, total};
use crate::units::{Scale, time};

/// Characters of the longest bar.
const WIDTH: f64 = 40.0;

/// What the picture shows.
pub fn alt(chart: &Phases) -> String {
    let rows: Vec<String> = chart.rows.iter().map(|row| format!("{} {}", row.label, said(row))).collect();
    let baseline = chart.baseline.and_then(|i| chart.rows.get(i)).map(|row| format!(" Baseline: {}.", row.label));
    format!("{}: times, lower is better, stacked by part. {}.{}", chart.title, rows.join("; "), baseline.unwrap_or_default())
}

fn said(row: &Row) -> String {
    let warm = match (&row.gap, &row.warm) {
        (Some(why), _) => format!("has no time ({why})"),
        (None, Some(warm)) => format!("warm {}", Scale::of(warm.median.value, warm.median.ci).with_ci(warm.median.value, warm.median.ci)),
        (None, None) => "has no warm time".to_owned(),
    };
    match &row.cold {
        Some(cold) => format!("{warm}, cold {}", time(total(cold))),
        None => warm,
    }
}

/// Two bars for each engine, a character for each part.
pub fn text(chart: &Phases) -> String {
    let limit = chart.limit();
    let widest = chart.rows.iter().map(|row| row.label.chars().count()).max().unwrap_or(0);
    let legend: Vec<String> = chart.parts().into_iter().map(|part| format!("{} {}", letter(part), part.name())).collect();
    let mut out = format!("{}\ntime, lower is better; warm: median with 95 % interval; parts: {}\n", chart.title, legend.join(", "));
    for row in &chart.rows {
        let pad = " ".repeat(widest - row.label.chars().count());
        let scale = |stack: &Stack, whole: f64| if total(stack) > 0.0 { whole / total(stack) } else { 0.0 };
        let warm = match (&row.gap, &row.warm) {
            (Some(why), _) => format!("({why})"),
            (None, Some(warm)) => {
                let median = warm.median;
                let against = if row.against.is_empty() { String::new() } else { format!(" · {}", row.against) };
                let said = Scale::of(median.value, median.ci).with_ci(median.value, median.ci);
                format!("{} {said}{against}", bar(&warm.parts, scale(&warm.parts, median.value), limit))
            }
            (None, None) => "(no warm run)".to_owned(),
        };
        out.push_str(&format!("{}{pad} │{warm}\n", row.label));
        if let Some(cold) = &row.cold {
            out.push_str(&format!("{} │{} cold {}\n", " ".repeat(widest), bar(cold, 1.0, limit), time(total(cold))));
        }
    }
    out
}

fn letter(part: Part) -> char {
    match part {
        Part::Open => '·',
        Part::Load => '░',
        Part::Plan => '▓',
        Part::Execute => '█',
        Part::Fetch => '▒',
    }
}

/// A bar of the parts' characters, each seconds times `scale`; one beyond `limit` ends in `»`.
fn bar(stack: &Stack, scale: f64, limit: f64) -> String {
    let mut out = String::new();
    let mut end = 0.0;
    for (part, seconds) in stack {
        end += seconds * scale;
        let until = ((end / limit).min(1.0) * WIDTH).round() as usize;
        while out.chars().count() < until {
            out.push(letter(*part));
        }
    }
    if out.is_empty() && end > 0.0 {
        out.push('▏');
    }
    if end > limit * 1.03 {
        out.push('»');
    }
    out
}
