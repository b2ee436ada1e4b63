//! The distribution of one measurement: histogram (from 30 samples), strip of all samples, box, median with interval.

use super::axis::Axis;
use super::chart::Chart;
use super::colours;
use super::frame::{self, Footer};
use super::measure_text::width as text_width;
use super::svg::{Align, Canvas, Colour, Type};
use super::{text, theme};
use crate::error::MagicError;
use crate::stats::bootstrap::Rng;
use crate::stats::outliers::fences;
use crate::stats::{Summary, quantile};
use crate::units::{Scale, time};

/// From this many samples a histogram is drawn above the strip.
const HISTOGRAM_FROM: usize = 30;
const LEFT: f64 = 72.0;
const COLOUR: Colour = colours::BLUE;

/// What to draw.
#[derive(Debug, Clone, PartialEq)]
pub struct Distribution {
    /// For example the first line of the timed code.
    pub title: String,
    /// One sentence below the subtitle's first line, for example `101 samples of 1000 iterations`.
    pub note: String,
    /// Seconds per iteration, in the order taken.
    pub samples: Vec<f64>,
    /// What the person predicted, in seconds.
    pub guess: Option<f64>,
    pub footer: Footer,
}

/// Where things lie and which samples fit on the axis.
struct Layout {
    axis: Axis,
    /// Samples beyond the right end of the axis.
    beyond: Vec<f64>,
    histogram: Option<(f64, f64)>,
    strip: (f64, f64),
    bottom: f64,
}

impl Distribution {
    /// Draws the chart; an error when there is no sample.
    ///
    /// # Errors
    /// No finite sample.
    pub fn draw(&self) -> Result<Chart, MagicError> {
        let summary = Summary::of(&self.samples).ok_or_else(|| MagicError::new("ChartError", "there is no sample to draw"))?;
        let sorted = quantile::sorted(&self.samples);
        let scale = Scale::of(summary.median, summary.ci);
        let subtitle = frame::subtitle_lines(&["Time per iteration: lower is better.".to_owned() + " " + &self.note], theme::WIDTH);
        let top = frame::header_height(&subtitle) + 40.0;
        let mut layout = Layout::new(&sorted, &summary, top);
        // The guess is named between the box and the axis.
        layout.bottom += if self.guess.is_some() { 18.0 } else { 0.0 };
        let mut canvas = Canvas::new(theme::WIDTH, layout.bottom + 56.0 + self.footer.height(theme::WIDTH));
        frame::draw_header(&mut canvas, &self.title, &subtitle);
        let unit = layout.draw_axis(&mut canvas);
        layout.draw_interval(&mut canvas, &summary, top);
        if let Some(panel) = layout.histogram {
            layout.draw_histogram(&mut canvas, &sorted, panel);
        }
        layout.draw_strip(&mut canvas, &self.samples, &summary);
        layout.draw_median(&mut canvas, &summary, scale, top);
        layout.draw_beyond(&mut canvas);
        if let Some(guess) = self.guess {
            layout.draw_guess(&mut canvas, guess, top);
        }
        canvas.text(
            ((layout.axis.from_px + layout.axis.to_px) / 2.0, layout.bottom + 38.0),
            if layout.axis.log { "time per iteration, logarithmic".into() } else { format!("time per iteration ({unit})") },
            Type::new(theme::BODY).align(Align::Centre),
        );
        self.footer.draw(&mut canvas);
        let alt = self.alt(&summary, scale);
        Ok(Chart { svg: canvas.finish(&self.title, &alt)?, text: self.text(&sorted, &summary, scale), alt })
    }

    fn alt(&self, summary: &Summary, scale: Scale) -> String {
        let interval = match summary.ci {
            Some((low, high)) => {
                format!("with a 95 % confidence interval from {} to {}", scale.time(low), scale.time(high))
            }
            None => "too few for a confidence interval".to_owned(),
        };
        let guess = self.guess.map(|guess| format!(" The guess was {}.", time(guess))).unwrap_or_default();
        format!(
            "Distribution of {} timing samples of {}; lower is better. Median {} {interval}; fastest {}, slowest {}.{guess}",
            summary.n,
            self.title,
            scale.time(summary.median),
            time(summary.min),
            time(summary.max),
        )
    }

    fn text(&self, sorted: &[f64], summary: &Summary, scale: Scale) -> String {
        let mut out = format!("{}\ntime per iteration, lower is better; {}\n", self.title, self.note);
        out.push_str(&format!("median {}", scale.with_ci(summary.median, summary.ci)));
        out.push_str(if summary.ci.is_some() { "  (95 % interval)\n" } else { "  (too few samples for an interval)\n" });
        if let Some(guess) = self.guess {
            out.push_str(&format!("your guess {}\n", time(guess)));
        }
        if sorted.len() < HISTOGRAM_FROM {
            let samples: Vec<String> = self.samples.iter().map(|s| scale.number(*s)).collect();
            out.push_str(&format!("samples ({}): {}\n", scale.unit.symbol(), samples.join(" ")));
            return out;
        }
        let (axis, beyond) = axis_for(sorted, summary, 0.0, 1.0);
        let counts = bin_counts(sorted, &axis, 12);
        let most = counts.iter().copied().max().unwrap_or(1).max(1);
        let mut rows = Vec::new();
        for (i, count) in counts.iter().enumerate() {
            let edge = axis_value(&axis, i as f64 / counts.len() as f64);
            rows.push(vec![time(edge), format!("│{}", text::bar(*count as f64 / most as f64, 40)), count.to_string()]);
        }
        let widest = rows.iter().map(|r| r[0].chars().count()).max().unwrap_or(0);
        for row in rows {
            out.push_str(&format!("{:>widest$} {} {}\n", row[0], row[1], row[2]));
        }
        if !beyond.is_empty() {
            out.push_str(&beyond_label(&beyond));
            out.push('\n');
        }
        out
    }
}

/// The axis for ascending samples, and the samples it leaves out on the right.
///
/// Logarithmic when the bulk spans over two decades; otherwise far outliers are cut off and labelled, since one of
/// them would squeeze everything else into a line.
fn axis_for(sorted: &[f64], summary: &Summary, from_px: f64, to_px: f64) -> (Axis, Vec<f64>) {
    let bulk = quantile::of_sorted(sorted, 0.95) / quantile::of_sorted(sorted, 0.05).max(f64::MIN_POSITIVE);
    if bulk > 100.0 && summary.min > 0.0 {
        return (Axis::log(summary.min * 0.9, summary.max * 1.1, from_px, to_px), Vec::new());
    }
    let iqr = (summary.q3 - summary.q1).max(summary.median * 1e-3);
    let mut high = summary.max;
    if high > summary.q3 + 8.0 * iqr {
        high = fences(sorted, 3.0).1.max(summary.q3 + 3.0 * iqr).min(high);
    }
    // Identical samples still need an axis with some width.
    let pad = ((high - summary.min) * 0.04).max(summary.median * 2e-3).max(1e-12);
    let cut = high;
    let beyond = sorted.iter().copied().filter(|x| *x > cut).collect();
    (Axis::linear((summary.min - pad).max(0.0), high + pad, from_px, to_px), beyond)
}

/// The value at `share` of the axis.
fn axis_value(axis: &Axis, share: f64) -> f64 {
    if axis.log { axis.low * (axis.high / axis.low).powf(share) } else { axis.low + share * (axis.high - axis.low) }
}

fn bin_counts(sorted: &[f64], axis: &Axis, bins: usize) -> Vec<usize> {
    let mut counts = vec![0; bins];
    let unit = Axis { from_px: 0.0, to_px: 1.0, ..*axis };
    for &x in sorted.iter().filter(|x| **x <= axis.high) {
        counts[((unit.px(x) * bins as f64) as usize).min(bins - 1)] += 1;
    }
    counts
}

/// Freedman and Diaconis' number of bins over the axis, between 16 and 60.
fn bin_number(summary: &Summary, axis: &Axis) -> usize {
    if axis.log {
        return 24;
    }
    let width = 2.0 * (summary.q3 - summary.q1) / (summary.n as f64).cbrt();
    if width <= 0.0 { 24 } else { ((axis.high - axis.low) / width).ceil().clamp(16.0, 60.0) as usize }
}

fn beyond_label(beyond: &[f64]) -> String {
    let most = beyond.iter().copied().fold(0.0, f64::max);
    match beyond.len() {
        1 => format!("1 sample off scale: {}", time(most)),
        n => format!("{n} samples off scale, up to {}", time(most)),
    }
}

impl Layout {
    fn new(sorted: &[f64], summary: &Summary, top: f64) -> Self {
        let (axis, beyond) = axis_for(sorted, summary, LEFT, theme::WIDTH - theme::MARGIN - 8.0);
        let histogram = (sorted.len() >= HISTOGRAM_FROM).then_some((top, top + 130.0));
        let strip_top = histogram.map_or(top, |(_, bottom)| bottom + 12.0);
        let strip = (strip_top, strip_top + 56.0);
        Self { axis, beyond, histogram, strip, bottom: strip.1 + 34.0 }
    }

    fn draw_axis(&self, canvas: &mut Canvas) -> &'static str {
        let (ticks, unit) = self.axis.time_ticks(8);
        let top = self.histogram.unwrap_or(self.strip).0;
        for tick in &ticks {
            let x = self.axis.px(tick.value);
            canvas.line((x, top), (x, self.bottom), theme::GRID, 1.0);
            canvas.line((x, self.bottom), (x, self.bottom + 5.0), theme::AXIS, 1.0);
            let style = Type::new(theme::SMALL + 0.5).colour(theme::MUTED).align(Align::Centre);
            canvas.text((x, self.bottom + 18.0), tick.label.as_str(), style);
        }
        canvas.line((self.axis.from_px, self.bottom), (self.axis.to_px, self.bottom), theme::AXIS, 1.25);
        unit.symbol()
    }

    /// The interval of the median as a band behind everything.
    fn draw_interval(&self, canvas: &mut Canvas, summary: &Summary, top: f64) {
        let Some((low, high)) = summary.ci else { return };
        let (from, to) = (self.axis.px(low), self.axis.px(high));
        // At least two pixels, so that a very narrow interval stays visible.
        let (from, to) = if to - from < 2.0 { (from - 1.0, to + 1.0) } else { (from, to) };
        canvas.rect((from, top - 14.0), (to, self.bottom), colours::ORANGE.alpha(0.30));
    }

    /// The median as a line through everything, labelled above the plot.
    fn draw_median(&self, canvas: &mut Canvas, summary: &Summary, scale: Scale, top: f64) {
        let x = self.axis.px(summary.median);
        canvas.line((x, top - 14.0), (x, self.bottom), colours::VERMILLION, 2.0);
        let interval = match summary.ci {
            Some((low, high)) => format!(", 95 % interval [{}, {}]", scale.number(low), scale.number(high)),
            None => String::new(),
        };
        let label = format!("median {}{interval}", scale.time(summary.median));
        let x = frame::keep_inside(x, &label, theme::BODY, true, self.axis.from_px, self.axis.to_px);
        canvas.text((x, top - 20.0), label, Type::new(theme::BODY).bold().align(Align::Centre));
    }

    fn draw_histogram(&self, canvas: &mut Canvas, sorted: &[f64], (top, bottom): (f64, f64)) {
        let summary = Summary::of(sorted);
        let bins = summary.map_or(24, |s| bin_number(&s, &self.axis));
        let counts = bin_counts(sorted, &self.axis, bins);
        let most = counts.iter().copied().max().unwrap_or(1).max(1) as f64;
        let y = Axis::linear(0.0, most * 1.06, bottom, top);
        for value in y.values(4).into_iter().filter(|v| *v > 0.0 && v.fract() == 0.0) {
            let at = y.px(value);
            canvas.line((self.axis.from_px, at), (self.axis.to_px, at), theme::GRID, 1.0);
            let style = Type::new(theme::SMALL).colour(theme::MUTED).align(Align::Right);
            canvas.text_middle((self.axis.from_px - 7.0, at), format!("{value:.0}"), style);
        }
        let step = (self.axis.to_px - self.axis.from_px) / bins as f64;
        for (i, count) in counts.iter().enumerate().filter(|(_, c)| **c > 0) {
            let from = self.axis.from_px + i as f64 * step;
            let high = y.px(*count as f64);
            canvas.rect((from + 0.5, high), (from + step - 0.5, bottom), COLOUR.alpha(0.75));
            canvas.outline((from + 0.5, high), (from + step - 0.5, bottom), COLOUR, 1.0);
        }
        canvas.line((self.axis.from_px, bottom), (self.axis.to_px, bottom), theme::AXIS, 1.0);
        let style = Type::new(theme::SMALL).colour(theme::MUTED).align(Align::Right);
        canvas.text((self.axis.from_px - 4.0, top - 8.0), "samples", style);
    }

    /// Every sample as a dot, spread over the height so that equal times stay apart, and a box below them.
    fn draw_strip(&self, canvas: &mut Canvas, samples: &[f64], summary: &Summary) {
        let (top, bottom) = self.strip;
        let mut rng = Rng::new(1);
        for &x in samples.iter().filter(|x| **x <= self.axis.high) {
            let y = top + 6.0 + rng.unit() * (bottom - top - 14.0);
            canvas.disc((self.axis.px(x), y), 2.75, COLOUR.alpha(0.55));
        }
        let (y, half) = (bottom + 14.0, 8.0);
        let sorted = quantile::sorted(samples);
        let (low_fence, high_fence) = fences(&sorted, 1.5);
        let low = sorted.iter().copied().find(|x| *x >= low_fence).unwrap_or(summary.min);
        let high = sorted.iter().rev().copied().find(|x| *x <= high_fence).unwrap_or(summary.max);
        let px = |value| self.axis.px(value);
        canvas.line((px(low), y), (px(summary.q1), y), theme::INK, 1.25);
        canvas.line((px(summary.q3), y), (px(high), y), theme::INK, 1.25);
        for end in [low, high] {
            canvas.line((px(end), y - 5.0), (px(end), y + 5.0), theme::INK, 1.25);
        }
        canvas.outline((px(summary.q1), y - half), (px(summary.q3), y + half), theme::INK, 1.25);
        let style = Type::new(theme::SMALL).colour(theme::MUTED).align(Align::Right);
        canvas.text_middle((self.axis.from_px - 7.0, (top + bottom) / 2.0), "each", style);
        canvas.text_middle((self.axis.from_px - 7.0, y), "box", style);
    }

    /// The guess as a dotted line, named above the axis; one that lies beside the axis as an arrow towards it.
    fn draw_guess(&self, canvas: &mut Canvas, guess: f64, top: f64) {
        let (left, right) = (self.axis.from_px, self.axis.to_px);
        let label = format!("your guess: {}", time(guess));
        let width = text_width(&label, theme::BODY, true);
        let y = self.bottom - 9.0;
        let style = Type::new(theme::BODY).bold();
        if (self.axis.low..=self.axis.high).contains(&guess) {
            let x = self.axis.px(guess);
            canvas.dashed(&[(x, top - 14.0), (x, self.bottom)], theme::INK, 2.0, 2.0, 4.0);
            let x = frame::keep_inside(x + width / 2.0 + 8.0, &label, theme::BODY, true, left, right);
            canvas.rect((x - width / 2.0 - 2.0, y - 8.0), (x + width / 2.0 + 2.0, y + 7.0), theme::PANEL);
            canvas.text_middle((x, y), label, style.align(Align::Centre));
            return;
        }
        let to_right = guess > self.axis.high;
        let (tip, base) = if to_right { (right, right - 9.0) } else { (left + 1.0, left + 10.0) };
        let from = if to_right { base - width - 6.0 } else { base };
        canvas.rect((from, y - 8.0), (from + width + 6.0, y + 7.0), theme::PANEL);
        canvas.area(vec![(base, y - 6.0), (tip, y), (base, y + 6.0)], theme::INK);
        let align = if to_right { Align::Right } else { Align::Left };
        canvas.text_middle((if to_right { base - 5.0 } else { base + 5.0 }, y), label, style.align(align));
    }

    fn draw_beyond(&self, canvas: &mut Canvas) {
        if self.beyond.is_empty() {
            return;
        }
        let y = (self.strip.0 + self.strip.1) / 2.0;
        let right = self.axis.to_px;
        let label = beyond_label(&self.beyond);
        let room = text_width(&label, theme::SMALL, false);
        canvas.rect((right - room - 24.0, y - 9.0), (right, y + 9.0), theme::PANEL);
        canvas.area(vec![(right - 8.0, y - 5.0), (right, y), (right - 8.0, y + 5.0)], COLOUR);
        canvas.text_middle((right - 14.0, y), label, Type::new(theme::SMALL).align(Align::Right));
    }
}

#[cfg(test)]
#[path = "distribution_tests.rs"]
mod tests;
