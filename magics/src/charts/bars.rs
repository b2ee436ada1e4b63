//! Several measurements side by side: bars from zero, or dots on a logarithmic axis, with intervals and samples.

use super::axis::Axis;
use super::chart::Chart;
use super::colours::Look;
use super::frame::{self, Footer};
use super::measure_text::{fit, width, wrap};
use super::svg::{Align, Canvas, Type};
use super::theme;
use super::{bars_memory, bars_text};
use crate::error::MagicError;
use crate::stats::bootstrap::Rng;
use crate::stats::independent::Median;
use crate::units::{Scale, time};

const ROW: f64 = 42.0;
const BAR: f64 = 20.0;
/// Widest column of labels.
const LABELS: f64 = 205.0;
/// From this ratio of slowest to fastest the axis is logarithmic.
const LOG_FROM: f64 = 100.0;
const VALUE: Type = Type::new(theme::BODY);
const NOTE: Type = Type::new(theme::SMALL).colour(theme::MUTED);

/// What is known of one row.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Seconds; `against` is what to write beside it, for example `0.43 [0.41, 0.46]`.
    Time { median: Median, samples: Vec<f64>, against: String },
    /// Why there is no time; drawn as a labelled gap.
    Gap(String),
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    pub label: String,
    /// Small under the label: engine version or code.
    pub detail: String,
    pub look: Look,
    pub outcome: Outcome,
    /// Peak of memory; a second panel shows it where any is known.
    pub peak_bytes: Option<f64>,
}

/// What to draw.
#[derive(Debug, Clone, PartialEq)]
pub struct Bars {
    pub title: String,
    /// Sentences after `Time: lower is better.`
    pub note: String,
    /// Heading of the column of ratios; empty: no such column.
    pub against: String,
    /// Which row is the baseline.
    pub baseline: Option<usize>,
    pub bars: Vec<Bar>,
    pub footer: Footer,
}

/// Columns and axis.
struct Layout {
    axis: Axis,
    top: f64,
    bottom: f64,
    /// Right edges of the two columns of numbers.
    value_x: f64,
    against_x: f64,
}

impl Bars {
    /// Draws the chart.
    ///
    /// # Errors
    /// No row at all.
    pub fn draw(&self) -> Result<Chart, MagicError> {
        if self.bars.is_empty() {
            return Err(MagicError::new("ChartError", "there is no measurement to draw"));
        }
        let log = self.logarithmic();
        let (how, hidden) = if log { ("Dots on a logarithmic axis", ", unless narrower than the dot") } else { ("Bars from zero", "") };
        let sentence =
            format!("Time: lower is better. {how}: medians; whiskers: 95 % intervals{hidden}; small dots: samples. {}", self.note);
        let subtitle = frame::subtitle_lines(&[sentence.trim_end().to_owned()], theme::WIDTH);
        let layout = self.layout(frame::header_height(&subtitle) + 36.0, log);
        let mut canvas = Canvas::new(theme::WIDTH, layout.bottom + 54.0 + bars_memory::height(self) + self.footer.height(theme::WIDTH));
        frame::draw_header(&mut canvas, &self.title, &subtitle);
        self.draw_axis(&mut canvas, &layout);
        self.draw_baseline(&mut canvas, &layout);
        for (i, bar) in self.bars.iter().enumerate() {
            let y = layout.top + (i as f64 + 0.5) * ROW;
            if i > 0 {
                canvas.line((theme::MARGIN, y - ROW / 2.0), (theme::WIDTH - theme::MARGIN, y - ROW / 2.0), theme::GRID, 1.0);
            }
            self.draw_label(&mut canvas, &layout, i, y);
            match &bar.outcome {
                Outcome::Time { median, samples, against } => {
                    layout.draw_time(&mut canvas, &bar.look, median, samples, y);
                    let scale = Scale::of(median.value, median.ci);
                    canvas.text_middle((layout.value_x, y), scale.time(median.value), VALUE.bold().align(Align::Right));
                    if !self.against.is_empty() {
                        canvas.text_middle((layout.against_x, y), against.as_str(), VALUE.align(Align::Right));
                    }
                }
                Outcome::Gap(why) => layout.draw_gap(&mut canvas, why, y),
            }
        }
        if bars_memory::height(self) > 0.0 {
            let columns = (layout.axis.from_px, layout.axis.to_px);
            bars_memory::draw(&mut canvas, self, columns, layout.value_x, layout.bottom + 46.0);
        }
        self.footer.draw(&mut canvas);
        let alt = bars_text::alt(self);
        Ok(Chart { svg: canvas.finish(&self.title, &alt)?, text: bars_text::text(self, log), alt })
    }

    /// Medians with their intervals.
    pub(super) fn medians(&self) -> impl Iterator<Item = Median> {
        self.bars.iter().filter_map(|bar| match &bar.outcome {
            Outcome::Time { median, .. } => Some(*median),
            Outcome::Gap(_) => None,
        })
    }

    /// Whether the medians span more than two decades: bars would need a zero, which such an axis does not have.
    fn logarithmic(&self) -> bool {
        let low = self.medians().map(|m| m.value).fold(f64::INFINITY, f64::min);
        let high = self.medians().map(|m| m.value).fold(0.0, f64::max);
        low > 0.0 && high / low > LOG_FROM
    }

    fn layout(&self, top: f64, log: bool) -> Layout {
        let column = |texts: &mut dyn Iterator<Item = String>, bold| texts.map(|t| width(&t, theme::BODY, bold)).fold(0.0, f64::max);
        let labels = column(&mut self.bars.iter().map(|b| b.label.clone()), true);
        let details = self.bars.iter().map(|b| width(&b.detail, theme::SMALL, false)).fold(0.0, f64::max);
        let labels = labels.max(details).clamp(60.0, LABELS) + 22.0;
        let values = column(&mut self.medians().map(|m| Scale::of(m.value, m.ci).time(m.value)), true).max(46.0);
        let against = column(&mut self.bars.iter().filter_map(|b| against(b).map(str::to_owned)), false).max(width(
            &self.against,
            theme::SMALL,
            false,
        ));
        let against_x = theme::WIDTH - theme::MARGIN;
        let value_x = if self.against.is_empty() { against_x } else { against_x - against - 16.0 };
        let (from, to) = (theme::MARGIN + labels + 10.0, value_x - values - 22.0);
        let most = self.medians().map(|m| m.ci.map_or(m.value, |ci| ci.1.max(m.value))).fold(0.0, f64::max);
        let axis = if log {
            let least = self.medians().map(|m| m.ci.map_or(m.value, |ci| ci.0.min(m.value))).filter(|v| *v > 0.0);
            Axis::log(least.fold(most, f64::min) / 1.6, most * 1.6, from, to)
        } else {
            // Samples may widen the axis a little; those far out are clipped and marked.
            let samples = self.bars.iter().filter_map(samples).flatten().copied().filter(|s| *s <= most * 1.25);
            Axis::linear(0.0, if most > 0.0 { samples.fold(most, f64::max) * 1.03 } else { 1.0 }, from, to)
        };
        Layout { axis, top, bottom: top + ROW * self.bars.len() as f64, value_x, against_x }
    }

    fn draw_axis(&self, canvas: &mut Canvas, layout: &Layout) {
        let Layout { axis, top, bottom, .. } = layout;
        let (ticks, unit) = axis.time_ticks(((axis.to_px - axis.from_px) / 52.0) as usize);
        for tick in if self.medians().next().is_some() { ticks } else { Vec::new() } {
            let x = axis.px(tick.value);
            canvas.line((x, *top), (x, *bottom), theme::GRID, 1.0);
            canvas.line((x, *bottom), (x, bottom + 5.0), theme::AXIS, 1.0);
            canvas.text((x, bottom + 18.0), tick.label.as_str(), NOTE.align(Align::Centre));
        }
        canvas.line((axis.from_px, *bottom), (axis.to_px, *bottom), theme::AXIS, 1.25);
        if !axis.log {
            canvas.line((axis.from_px, *top), (axis.from_px, *bottom), theme::AXIS, 1.25);
        }
        let name = if axis.log { "time, logarithmic".to_owned() } else { format!("time ({})", unit.symbol()) };
        canvas.text(((axis.from_px + axis.to_px) / 2.0, bottom + 38.0), name, VALUE.align(Align::Centre));
        canvas.text((layout.value_x, top - 10.0), "median", NOTE.align(Align::Right));
        if !self.against.is_empty() {
            canvas.text((layout.against_x, top - 10.0), self.against.as_str(), NOTE.align(Align::Right));
        }
    }

    fn draw_label(&self, canvas: &mut Canvas, layout: &Layout, i: usize, y: f64) {
        let bar = &self.bars[i];
        let x = theme::MARGIN + 22.0;
        let room = layout.axis.from_px - 10.0 - x;
        canvas.marker(bar.look.marker, (theme::MARGIN + 7.0, y), 5.5, bar.look.colour);
        let bold = self.baseline == Some(i);
        let style = if bold { VALUE.bold() } else { VALUE };
        let mut lines = wrap(&bar.label, theme::BODY, room / if bold { 1.1 } else { 1.0 });
        let short = lines.len() == 1 && !bar.detail.is_empty();
        if lines.len() > 2 {
            let rest = lines.split_off(1).join(" ");
            lines.push(rest);
        }
        let first = if lines.len() > 1 || short { y - 3.5 } else { y + 4.3 };
        for (n, line) in lines.iter().enumerate() {
            canvas.text((x, first + 15.0 * n as f64), fit(line, theme::BODY, bold, room + 1.0), style);
        }
        if short {
            canvas.text((x, first + 15.0), fit(&bar.detail, theme::SMALL, false, room), NOTE);
        }
    }

    /// A dashed line at the baseline's median.
    fn draw_baseline(&self, canvas: &mut Canvas, layout: &Layout) {
        let Some(Outcome::Time { median, .. }) = self.baseline.and_then(|i| self.bars.get(i)).map(|bar| &bar.outcome) else { return };
        if self.medians().nth(1).is_none() {
            return;
        }
        let x = layout.axis.px(median.value);
        canvas.dashed(&[(x, layout.top - 6.0), (x, layout.bottom)], theme::MUTED, 1.0, 5.0, 3.0);
        let at = frame::keep_inside(x, "baseline", theme::SMALL, false, layout.axis.from_px, layout.axis.to_px);
        canvas.text((at, layout.top - 10.0), "baseline", NOTE.align(Align::Centre));
    }
}

impl Layout {
    fn draw_time(&self, canvas: &mut Canvas, look: &Look, median: &Median, samples: &[f64], y: f64) {
        let x = self.axis.px(median.value);
        let half = BAR / 2.0;
        if self.axis.log {
            canvas.line((self.axis.from_px, y), (x, y), theme::BORDER, 1.0);
        } else {
            canvas.rect((self.axis.from_px, y - half), (x, y + half), look.colour.lighter(0.45));
            canvas.outline((self.axis.from_px, y - half), (x, y + half), theme::MUTED, 0.75);
        }
        let mut rng = Rng::new(1);
        let (low, high) = if self.axis.log { (self.axis.low, self.axis.high) } else { (0.0, self.axis.high) };
        let spread = if self.axis.log { 9.0 } else { BAR - 6.0 };
        for &sample in samples.iter().filter(|sample| (low..=high).contains(*sample)) {
            let at = y + (rng.unit() - 0.5) * spread;
            canvas.disc((self.axis.px(sample), at), 1.8, theme::INK.alpha(0.32));
        }
        self.draw_beyond(canvas, samples, y);
        self.draw_interval(canvas, median, y);
        if self.axis.log {
            canvas.marker(look.marker, (x, y), 6.0, look.colour);
        }
    }

    /// The whisker; on a logarithmic axis it lies behind the dot, which hides one that is narrower.
    fn draw_interval(&self, canvas: &mut Canvas, median: &Median, y: f64) {
        let x = self.axis.px(median.value);
        let Some((low, high)) = median.ci else {
            if !self.axis.log {
                canvas.line((x, y - BAR / 2.0), (x, y + BAR / 2.0), theme::INK, 1.75);
            }
            return;
        };
        let (from, to) = (self.axis.px(low), self.axis.px(high));
        let cap = if self.axis.log { 4.0 } else { 6.0 };
        // Two caps closer than this would only look like a blot.
        if to - from < 4.0 {
            canvas.line(((from + to) / 2.0, y - cap), ((from + to) / 2.0, y + cap), theme::INK, (to - from).max(2.0));
            return;
        }
        canvas.line((from, y), (to, y), theme::INK, 1.75);
        for end in [from, to] {
            canvas.line((end, y - cap), (end, y + cap), theme::INK, 1.75);
        }
    }

    /// How many samples lie off the scale, and how far.
    fn draw_beyond(&self, canvas: &mut Canvas, samples: &[f64], y: f64) {
        let beyond: Vec<f64> = samples.iter().copied().filter(|sample| *sample > self.axis.high).collect();
        let Some(most) = beyond.iter().copied().reduce(f64::max) else { return };
        let label = match beyond.len() {
            1 => format!("1 sample at {}", time(most)),
            n => format!("{n} samples up to {}", time(most)),
        };
        let (right, at) = (self.axis.to_px, y - BAR / 2.0 - 5.5);
        canvas.area(vec![(right, at - 3.5), (right + 6.0, at), (right, at + 3.5)], theme::MUTED);
        // Lines behind it would cross the digits.
        canvas.rect((right - 8.0 - width(&label, theme::SMALL, false), at - 5.5), (right - 2.0, at + 4.5), theme::PANEL);
        canvas.text_middle((right - 5.0, at), label, NOTE.align(Align::Right));
    }

    fn draw_gap(&self, canvas: &mut Canvas, why: &str, y: f64) {
        let room = self.axis.to_px - self.axis.from_px;
        let text = fit(why, theme::BODY, false, room - 16.0);
        let (from, to) = (self.axis.from_px, self.axis.from_px + width(&text, theme::BODY, false) + 16.0);
        let (high, low) = (y - BAR / 2.0, y + BAR / 2.0);
        canvas.rect((from, high), (to, low), theme::PANEL);
        canvas.dashed(&[(from, high), (to, high), (to, low), (from, low), (from, high)], theme::AXIS, 1.0, 4.0, 3.0);
        canvas.text_middle((from + 8.0, y), text, VALUE.colour(theme::MUTED));
        canvas.text_middle((self.value_x, y), "–", VALUE.colour(theme::MUTED).align(Align::Right));
    }
}

fn samples(bar: &Bar) -> Option<&Vec<f64>> {
    match &bar.outcome {
        Outcome::Time { samples, .. } => Some(samples),
        Outcome::Gap(_) => None,
    }
}

fn against(bar: &Bar) -> Option<&str> {
    match &bar.outcome {
        Outcome::Time { against, .. } => Some(against),
        Outcome::Gap(_) => None,
    }
}

#[cfg(test)]
#[path = "bars_tests.rs"]
mod tests;
