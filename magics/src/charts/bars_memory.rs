//! The second panel of [`bars`](super::bars): peaks of memory, one bar per measurement, beneath the times.

use super::axis::Axis;
use super::bars::{Bar, Bars};
use super::measure_text::fit;
use super::svg::{Align, Canvas, Type};
use super::theme;
use super::value_bars::ticks;
use crate::units;

const ROW: f64 = 24.0;
const BAR: f64 = 14.0;
/// Above the bars, the heading; below them, the axis.
const ABOVE: f64 = 34.0;
const BELOW: f64 = 54.0;
/// From this ratio of most to least the axis is logarithmic.
const LOG_FROM: f64 = 100.0;
const BODY: Type = Type::new(theme::BODY);
const NOTE: Type = Type::new(theme::SMALL).colour(theme::MUTED);

/// Its height; 0 where no peak is known.
pub fn height(chart: &Bars) -> f64 {
    if chart.bars.iter().any(|bar| bar.peak_bytes.is_some()) { ABOVE + ROW * chart.bars.len() as f64 + BELOW } else { 0.0 }
}

/// Draws it from `top` on, with its bars between these two columns.
pub fn draw(canvas: &mut Canvas, chart: &Bars, (from_px, to_px): (f64, f64), value_x: f64, top: f64) {
    let peaks = || chart.bars.iter().filter_map(|bar| bar.peak_bytes);
    let most = peaks().fold(0.0, f64::max);
    // Less than a page is no memory worth a decade of the axis.
    let least = peaks().filter(|peak| *peak >= 4096.0).fold(most, f64::min);
    let log = least > 0.0 && most / least > LOG_FROM;
    let (unit, symbol) = unit_of(most);
    let axis = if log {
        Axis::log(least / unit / 1.6, most / unit * 1.6, from_px, to_px)
    } else {
        Axis::linear(0.0, if most > 0.0 { most / unit * 1.03 } else { 1.0 }, from_px, to_px)
    };
    let (rows, bottom) = (top + ABOVE, top + ABOVE + ROW * chart.bars.len() as f64);
    canvas.text(
        (theme::MARGIN, top + 20.0),
        "Peak memory of one run, beyond what there was before: lower is better.",
        BODY.colour(theme::MUTED),
    );
    for (value, label) in ticks(&axis, ((to_px - from_px) / 60.0) as usize) {
        let x = axis.px(value);
        canvas.line((x, rows), (x, bottom), theme::GRID, 1.0);
        canvas.line((x, bottom), (x, bottom + 5.0), theme::AXIS, 1.0);
        canvas.text((x, bottom + 18.0), label, NOTE.align(Align::Centre));
    }
    canvas.line((from_px, bottom), (to_px, bottom), theme::AXIS, 1.25);
    let name = format!("peak memory ({symbol}{})", if log { ", logarithmic" } else { "" });
    canvas.text(((from_px + to_px) / 2.0, bottom + 38.0), name, BODY.align(Align::Centre));
    for (i, bar) in chart.bars.iter().enumerate() {
        let y = rows + (i as f64 + 0.5) * ROW;
        canvas.marker(bar.look.marker, (theme::MARGIN + 7.0, y), 4.5, bar.look.colour);
        let label = fit(&bar.label, theme::BODY, false, from_px - theme::MARGIN - 32.0);
        canvas.text_middle((theme::MARGIN + 22.0, y), label, BODY);
        let Some(peak) = bar.peak_bytes else {
            canvas.text_middle((value_x, y), "–", BODY.colour(theme::MUTED).align(Align::Right));
            continue;
        };
        let end = axis.px(peak / unit);
        if log {
            canvas.line((from_px, y), (end, y), theme::BORDER, 1.0);
            canvas.marker(bar.look.marker, (end, y), 5.0, bar.look.colour);
        } else {
            canvas.rect((from_px, y - BAR / 2.0), (end, y + BAR / 2.0), bar.look.colour.lighter(0.45));
            canvas.outline((from_px, y - BAR / 2.0), (end, y + BAR / 2.0), theme::MUTED, 0.75);
        }
        canvas.text_middle((value_x, y), said(bar), BODY.bold().align(Align::Right));
    }
}

/// The peak in words, `–` where it is not known.
pub fn said(bar: &Bar) -> String {
    bar.peak_bytes.map_or_else(|| "–".into(), |peak| units::bytes(peak as u64))
}

/// Bytes of the unit in which `most` has one to four digits before the point, and its symbol.
fn unit_of(most: f64) -> (f64, &'static str) {
    const KIB: f64 = 1024.0;
    match most {
        most if most >= KIB * KIB * KIB => (KIB * KIB * KIB, "GiB"),
        most if most >= KIB * KIB => (KIB * KIB, "MiB"),
        _ => (KIB, "KiB"),
    }
}
