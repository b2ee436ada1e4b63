//! The chart of several measurements in words and in block characters.

use super::bars::{Bar, Bars, Outcome};
use super::bars_memory;
use super::text;
use crate::units::Scale;

/// What the picture shows.
pub fn alt(chart: &Bars) -> String {
    let rows: Vec<String> = chart.bars.iter().map(|bar| format!("{} {}", bar.label, said(bar))).collect();
    let baseline = chart.baseline.and_then(|i| chart.bars.get(i)).map(|bar| format!(" Baseline: {}.", bar.label));
    let peaks: Vec<String> = chart.bars.iter().map(|bar| format!("{} {}", bar.label, bars_memory::said(bar))).collect();
    let memory = if bars_memory::height(chart) > 0.0 { format!(" Peak memory: {}.", peaks.join("; ")) } else { String::new() };
    format!("{}: median times, lower is better. {}.{}{memory}", chart.title, rows.join("; "), baseline.unwrap_or_default())
}

fn said(bar: &Bar) -> String {
    match &bar.outcome {
        Outcome::Time { median, .. } => Scale::of(median.value, median.ci).with_ci(median.value, median.ci),
        Outcome::Gap(why) => format!("has no time ({why})"),
    }
}

/// Bars of block characters; without bars on a logarithmic axis, which has no zero.
pub fn text(chart: &Bars, log: bool) -> String {
    let most = chart.medians().map(|m| m.value).fold(0.0, f64::max);
    let least = chart.medians().map(|m| m.value).fold(f64::INFINITY, f64::min);
    let widest = chart.bars.iter().map(|bar| bar.label.chars().count()).max().unwrap_or(0);
    let mut out = format!("{}\ntime, lower is better; median with 95 % interval", chart.title);
    if log {
        out.push_str("; logarithmic");
    }
    if let Some(bar) = chart.baseline.and_then(|i| chart.bars.get(i)) {
        out.push_str(&format!("; baseline {}", bar.label));
    }
    out.push('\n');
    for bar in &chart.bars {
        let pad = " ".repeat(widest - bar.label.chars().count());
        let drawn = match &bar.outcome {
            Outcome::Time { median, .. } if log => {
                let share = (median.value / least).ln() / (most / least).ln();
                format!("{}●", "·".repeat((share * 27.0).round() as usize))
            }
            Outcome::Time { median, .. } => text::bar(if most > 0.0 { median.value / most } else { 0.0 }, 28),
            Outcome::Gap(why) => format!("({why})"),
        };
        let mut said = if let Outcome::Gap(_) = bar.outcome { String::new() } else { format!(" {}", said(bar)) };
        if bar.peak_bytes.is_some() {
            said.push_str(&format!(", peak memory {}", bars_memory::said(bar)));
        }
        out.push_str(&format!("{}{pad} │{drawn}{said}\n", bar.label));
    }
    out
}
