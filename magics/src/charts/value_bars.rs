//! Values of a table as horizontal bars from zero, or as dots on a logarithmic axis.

use super::axis::{Axis, step_decimals};
use super::chart::Chart;
use super::colours::Look;
use super::frame::{self, Footer};
use super::measure_text::{fit, width};
use super::svg::{Align, Canvas, Type};
use super::{text, theme};
use crate::error::MagicError;
use crate::units::short_number;

const ROW: f64 = 26.0;
const BAR: f64 = 16.0;
/// Widest column of labels, and of names of series.
const LABELS: f64 = 220.0;
const SERIES: f64 = 120.0;
const BODY: Type = Type::new(theme::BODY);
const TICK: Type = Type::new(theme::SMALL).colour(theme::MUTED);

/// One bar.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueBar {
    pub label: String,
    /// Empty when there is one series only.
    pub series: String,
    pub look: Look,
    /// `None`: a gap.
    pub value: Option<f64>,
}

/// What to draw.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueBars {
    pub title: String,
    pub note: String,
    /// What the values are, with their unit.
    pub value_title: String,
    pub log: bool,
    pub bars: Vec<ValueBar>,
    pub footer: Footer,
}

impl ValueBars {
    /// Draws the chart.
    ///
    /// # Errors
    /// No value at all; values of zero or less on a logarithmic axis.
    pub fn draw(&self) -> Result<Chart, MagicError> {
        let values = || self.bars.iter().filter_map(|bar| bar.value).filter(|value| value.is_finite());
        let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
        if !low.is_finite() {
            return Err(MagicError::new("ChartError", "there is no value to draw"));
        }
        if self.log && low <= 0.0 {
            return Err(MagicError::new("ChartError", format!("a logarithmic axis cannot show {}", short_number(low)))
                .hint("leave `--log y` out, or filter the rows"));
        }
        let how = if self.log { "Dots on a logarithmic axis. " } else { "" };
        let subtitle = frame::subtitle_lines(&[format!("{how}{}", self.note).trim_end().to_owned()], theme::WIDTH);
        let top = frame::header_height(&subtitle) + 14.0;
        let bottom = top + ROW * self.bars.len() as f64;
        let widest = |texts: &mut dyn Iterator<Item = &str>, bold, most: f64| {
            texts.map(|text| width(text, theme::BODY, bold)).fold(0.0, f64::max).min(most)
        };
        let labels = widest(&mut self.bars.iter().map(|bar| bar.label.as_str()), true, LABELS);
        let series = widest(&mut self.bars.iter().map(|bar| bar.series.as_str()), false, SERIES);
        let left = theme::MARGIN + labels + 22.0 + if series > 0.0 { series + 10.0 } else { 0.0 };
        let right = theme::WIDTH - theme::MARGIN - 64.0;
        let axis =
            if self.log { Axis::log(low / 1.5, high * 1.5, left, right) } else { Axis::linear(low.min(0.0), high.max(0.0), left, right) };
        let mut canvas = Canvas::new(theme::WIDTH, bottom + 52.0 + self.footer.height(theme::WIDTH));
        frame::draw_header(&mut canvas, &self.title, &subtitle);
        draw_axis(&mut canvas, &axis, (top, bottom), &self.value_title);
        for (i, bar) in self.bars.iter().enumerate() {
            let y = top + (i as f64 + 0.5) * ROW;
            canvas.marker(bar.look.marker, (theme::MARGIN + 5.0, y), 4.5, bar.look.colour);
            canvas.text_middle((theme::MARGIN + 16.0, y), fit(&bar.label, theme::BODY, true, LABELS), BODY.bold());
            canvas.text_middle((left - 8.0, y), fit(&bar.series, theme::BODY, false, SERIES), BODY.align(Align::Right));
            let Some(value) = bar.value.filter(|value| value.is_finite()) else {
                canvas.text_middle((axis.px(0.0) + 6.0, y), "no value", TICK);
                continue;
            };
            let end = axis.px(value);
            if self.log {
                canvas.line((axis.from_px, y), (end, y), theme::GRID, 1.0);
                canvas.marker(bar.look.marker, (end, y), 5.5, bar.look.colour);
            } else {
                let zero = axis.px(0.0);
                canvas.rect((zero.min(end), y - BAR / 2.0), (zero.max(end), y + BAR / 2.0), bar.look.colour.lighter(0.35));
                canvas.outline((zero.min(end), y - BAR / 2.0), (zero.max(end), y + BAR / 2.0), bar.look.colour, 1.25);
            }
            canvas.text_middle((axis.px(value.max(0.0)) + 9.0, y), short_number(value), BODY);
        }
        self.footer.draw(&mut canvas);
        let alt = self.alt();
        Ok(Chart { svg: canvas.finish(&self.title, &alt)?, text: self.text(low.min(0.0), high), alt })
    }

    fn name(&self, bar: &ValueBar) -> String {
        if bar.series.is_empty() { bar.label.clone() } else { format!("{}, {}", bar.label, bar.series) }
    }

    fn alt(&self) -> String {
        let value = |bar: &ValueBar| bar.value.map_or_else(|| "no value".to_owned(), short_number);
        let bars: Vec<String> = self.bars.iter().map(|bar| format!("{} {}", self.name(bar), value(bar))).collect();
        format!("{}: bars of {}. {}.", self.title, self.value_title, bars.join("; "))
    }

    fn text(&self, low: f64, high: f64) -> String {
        let share = |value: f64| if self.log || high <= low { 0.0 } else { (value / high).clamp(0.0, 1.0) };
        let row = |bar: &ValueBar| {
            let value = bar.value.map_or_else(|| "–".to_owned(), short_number);
            vec![self.name(bar), value, bar.value.map_or_else(String::new, |value| text::bar(share(value), 24))]
        };
        let rows: Vec<Vec<String>> = self.bars.iter().map(row).collect();
        format!("{}\n{}\n{}", self.title, self.value_title, text::table(&rows))
    }
}

fn draw_axis(canvas: &mut Canvas, axis: &Axis, (top, bottom): (f64, f64), title: &str) {
    for (value, label) in ticks(axis, ((axis.to_px - axis.from_px) / 60.0) as usize) {
        let x = axis.px(value);
        canvas.line((x, top), (x, bottom), theme::GRID, 1.0);
        canvas.line((x, bottom), (x, bottom + 5.0), theme::AXIS, 1.0);
        canvas.text((x, bottom + 18.0), label, TICK.align(Align::Centre));
    }
    canvas.line((axis.from_px, bottom), (axis.to_px, bottom), theme::AXIS, 1.25);
    canvas.text(((axis.from_px + axis.to_px) / 2.0, bottom + 38.0), title, BODY.align(Align::Centre));
}

/// As [`ticks`], for an axis of things that are counted: no half of a thread.
pub(super) fn whole_ticks(axis: &Axis, wanted: usize) -> Vec<(f64, String)> {
    let mut values = axis.values(wanted.max(2));
    values.retain(|value| (value - value.round()).abs() < 1e-9 * value.abs().max(1.0));
    labelled(axis, values)
}

/// Round values with labels that tell them apart.
pub(super) fn ticks(axis: &Axis, wanted: usize) -> Vec<(f64, String)> {
    labelled(axis, axis.values(wanted.max(2)))
}

pub(super) fn labelled(axis: &Axis, values: Vec<f64>) -> Vec<(f64, String)> {
    if axis.log {
        return values.into_iter().map(|value| (value, short_number(value))).collect();
    }
    let step = values.windows(2).map(|pair| pair[1] - pair[0]).next().unwrap_or(axis.high - axis.low);
    let decimals = step_decimals(step);
    // Large numbers are read in powers of ten, as on logarithmic axes.
    let label = |value: f64| if step >= 1e6 { format!("{}M", short_number(value / 1e6)) } else { format!("{value:.decimals$}") };
    values.into_iter().map(|value| (value, label(value))).collect()
}
