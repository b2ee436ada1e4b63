//! One query on several engines: a pair of stacked bars each, warm strong and cold light, from zero.
//!
//! The colour at the label is the engine's; inside the bars it fills the phase `execute`. The other phases differ by their
//! pattern, so that the chart reads in black and white.

use super::axis::Axis;
use super::chart::Chart;
use super::colours::Look;
use super::frame::{self, Footer};
use super::measure_text::{fit, width};
use super::phases_text;
use super::svg::{Align, Canvas, Colour, Type};
use super::theme;
use crate::error::MagicError;
use crate::stats::independent::Median;
use crate::units::{Scale, time};

const ROW: f64 = 60.0;
const WARM: f64 = 20.0;
const COLD: f64 = 12.0;
/// Widest column of labels.
const LABELS: f64 = 190.0;
/// A bar this many times longer than the longest warm bar is clipped.
const OFF_SCALE: f64 = 4.0;
/// A warm bar this many times longer than the next one is clipped.
const OUTLIER: f64 = 12.0;
const VALUE: Type = Type::new(theme::BODY);
const NOTE: Type = Type::new(theme::SMALL).colour(theme::MUTED);

/// A part of the way from question to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Open,
    Load,
    Plan,
    Execute,
    Fetch,
}

impl Part {
    /// In the order in which they happen.
    pub const ALL: [Part; 5] = [Part::Open, Part::Load, Part::Plan, Part::Execute, Part::Fetch];

    /// As in the legend.
    pub fn name(self) -> &'static str {
        match self {
            Part::Open => "open",
            Part::Load => "load",
            Part::Plan => "plan",
            Part::Execute => "execute",
            Part::Fetch => "fetch",
        }
    }
}

/// Seconds of each part, in the order in which they happen; parts that are not known are absent.
pub type Stack = Vec<(Part, f64)>;

/// The seconds of all parts.
pub fn total(stack: &Stack) -> f64 {
    stack.iter().map(|(_, seconds)| seconds).sum()
}

/// Counted runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Warm {
    pub median: Median,
    /// Medians of the parts, drawn so that together they are as long as `median`.
    pub parts: Stack,
}

/// One engine.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub label: String,
    /// Small under the label: version.
    pub detail: String,
    /// Small under the detail: threads and rows.
    pub detail_2: String,
    pub look: Look,
    pub warm: Option<Warm>,
    pub cold: Option<Stack>,
    /// Why there is no warm time; drawn as a labelled gap.
    pub gap: Option<String>,
    /// What to write beside the warm time, for example `0.43 [0.41, 0.46]`.
    pub against: String,
}

/// What to draw.
#[derive(Debug, Clone, PartialEq)]
pub struct Phases {
    pub title: String,
    /// Sentences after `Time: lower is better.`
    pub note: String,
    /// Heading of the column of ratios; empty: no such column.
    pub against: String,
    /// Which row is the baseline.
    pub baseline: Option<usize>,
    pub rows: Vec<Row>,
    pub footer: Footer,
}

struct Layout {
    axis: Axis,
    top: f64,
    bottom: f64,
    value_x: f64,
    against_x: f64,
}

impl Phases {
    /// Draws the chart.
    ///
    /// # Errors
    /// No row at all.
    pub fn draw(&self) -> Result<Chart, MagicError> {
        if self.rows.is_empty() {
            return Err(MagicError::new("ChartError", "there is no engine to draw"));
        }
        let clipped = if self.is_clipped() { " A bar that is cut shows the shares of its parts." } else { "" };
        let sentence = format!(
            "Time: lower is better. Strong: warm runs, medians of the parts; whiskers: 95 % intervals of the whole. Light: the cold first run.{clipped} {}",
            self.note
        );
        let subtitle = frame::subtitle_lines(&[sentence.trim_end().to_owned()], theme::WIDTH);
        let legend_y = frame::header_height(&subtitle) + 4.0;
        let layout = self.layout(legend_y + 46.0);
        let mut canvas = Canvas::new(theme::WIDTH, layout.bottom + 54.0 + self.footer.height(theme::WIDTH));
        frame::draw_header(&mut canvas, &self.title, &subtitle);
        self.draw_legend(&mut canvas, legend_y);
        self.draw_axis(&mut canvas, &layout);
        for (i, row) in self.rows.iter().enumerate() {
            let y = layout.top + (i as f64 + 0.5) * ROW;
            if i > 0 {
                canvas.line((theme::MARGIN, y - ROW / 2.0), (theme::WIDTH - theme::MARGIN, y - ROW / 2.0), theme::GRID, 1.0);
            }
            self.draw_label(&mut canvas, &layout, i, y);
            layout.draw_row(&mut canvas, row, !self.against.is_empty(), y);
        }
        self.footer.draw(&mut canvas);
        let alt = phases_text::alt(self);
        Ok(Chart { svg: canvas.finish(&self.title, &alt)?, text: phases_text::text(self), alt })
    }

    /// The longest time that the axis shows; bars beyond it are clipped.
    pub(super) fn limit(&self) -> f64 {
        let mut warm: Vec<f64> = self.rows.iter().filter_map(|row| row.warm.as_ref()).map(|warm| warm.median.value).collect();
        warm.sort_by(f64::total_cmp);
        let longest = match warm.as_slice() {
            [.., next, last] if *last > OUTLIER * *next && *next > 0.0 => *next,
            [.., last] => *last,
            [] => f64::INFINITY,
        };
        let cap = if longest.is_finite() && longest > 0.0 { longest * OFF_SCALE } else { f64::INFINITY };
        let ends = self.rows.iter().flat_map(|row| {
            let warm = row.warm.as_ref().map(|warm| warm.median.ci.map_or(warm.median.value, |ci| ci.1.max(warm.median.value)));
            [warm, row.cold.as_ref().map(total)]
        });
        let shown = ends.flatten().filter(|end| *end <= cap).fold(0.0, f64::max);
        if shown > 0.0 { shown } else { 1.0 }
    }

    /// Whether a bar is longer than the axis.
    fn is_clipped(&self) -> bool {
        let limit = self.limit();
        let warm = |row: &Row| row.warm.as_ref().is_some_and(|warm| warm.median.value > limit);
        self.rows.iter().any(|row| warm(row) || row.cold.as_ref().is_some_and(|cold| total(cold) > limit))
    }

    fn layout(&self, top: f64) -> Layout {
        let widest = |texts: &mut dyn Iterator<Item = f64>| texts.fold(0.0, f64::max);
        let labels = widest(&mut self.rows.iter().map(|row| {
            let small = width(&row.detail, theme::SMALL, false).max(width(&row.detail_2, theme::SMALL, false));
            width(&row.label, theme::BODY, true).max(small)
        }));
        let labels = labels.clamp(60.0, LABELS) + 24.0;
        let values = widest(&mut self.rows.iter().map(|row| width(&value(row), theme::BODY, true))).max(60.0);
        let against =
            widest(&mut self.rows.iter().map(|row| width(&row.against, theme::BODY, false))).max(width(&self.against, theme::SMALL, false));
        let against_x = theme::WIDTH - theme::MARGIN;
        let value_x = if self.against.is_empty() { against_x } else { against_x - against - 16.0 };
        let (from, to) = (theme::MARGIN + labels + 10.0, value_x - values - 22.0);
        let axis = Axis::linear(0.0, self.limit() * 1.03, from, to);
        Layout { axis, top, bottom: top + ROW * self.rows.len() as f64, value_x, against_x }
    }

    /// The parts that occur.
    pub(super) fn parts(&self) -> Vec<Part> {
        let occurs = |part: &Part| {
            self.rows.iter().any(|row| {
                let stacks = [row.warm.as_ref().map(|warm| &warm.parts), row.cold.as_ref()];
                stacks.into_iter().flatten().flatten().any(|(known, _)| known == part)
            })
        };
        Part::ALL.into_iter().filter(occurs).collect()
    }

    fn draw_legend(&self, canvas: &mut Canvas, y: f64) {
        let mut x = theme::MARGIN;
        for part in self.parts() {
            draw_part(canvas, part, (x, y - 6.0), (x + 22.0, y + 6.0), theme::AXIS);
            canvas.text_middle((x + 27.0, y), part.name(), NOTE);
            x += 27.0 + width(part.name(), theme::SMALL, false) + 18.0;
        }
        if self.parts().contains(&Part::Execute) {
            canvas.text_middle((x, y), "(execute has the engine's colour)", NOTE);
        }
    }

    fn draw_axis(&self, canvas: &mut Canvas, layout: &Layout) {
        let Layout { axis, top, bottom, .. } = layout;
        let (ticks, unit) = axis.time_ticks(((axis.to_px - axis.from_px) / 52.0) as usize);
        for tick in ticks {
            let x = axis.px(tick.value);
            canvas.line((x, *top), (x, *bottom), theme::GRID, 1.0);
            canvas.line((x, *bottom), (x, bottom + 5.0), theme::AXIS, 1.0);
            canvas.text((x, bottom + 18.0), tick.label.as_str(), NOTE.align(Align::Centre));
        }
        canvas.line((axis.from_px, *bottom), (axis.to_px, *bottom), theme::AXIS, 1.25);
        canvas.line((axis.from_px, *top), (axis.from_px, *bottom), theme::AXIS, 1.25);
        let name = format!("time ({})", unit.symbol());
        canvas.text(((axis.from_px + axis.to_px) / 2.0, bottom + 38.0), name, VALUE.align(Align::Centre));
        canvas.text((layout.value_x, top - 10.0), "warm, cold", NOTE.align(Align::Right));
        if !self.against.is_empty() {
            canvas.text((layout.against_x, top - 10.0), self.against.as_str(), NOTE.align(Align::Right));
        }
    }

    fn draw_label(&self, canvas: &mut Canvas, layout: &Layout, i: usize, y: f64) {
        let row = &self.rows[i];
        let x = theme::MARGIN + 22.0;
        let room = layout.axis.from_px - 10.0 - x;
        let bold = self.baseline == Some(i);
        let style = if bold { VALUE.bold() } else { VALUE };
        canvas.marker(row.look.marker, (theme::MARGIN + 7.0, y - 13.0), 5.5, row.look.colour);
        canvas.text((x, y - 9.0), fit(&row.label, theme::BODY, bold, room), style);
        canvas.text((x, y + 6.0), fit(&row.detail, theme::SMALL, false, room), NOTE);
        canvas.text((x, y + 20.0), fit(&row.detail_2, theme::SMALL, false, room), NOTE);
    }
}

/// The number beside the warm bar.
fn value(row: &Row) -> String {
    row.warm.as_ref().map_or_else(|| "–".to_owned(), |warm| Scale::of(warm.median.value, warm.median.ci).time(warm.median.value))
}

impl Layout {
    fn draw_row(&self, canvas: &mut Canvas, row: &Row, ratios: bool, y: f64) {
        let (warm_y, cold_y) = if row.cold.is_some() { (y - 10.0, y + 13.0) } else { (y, y) };
        match (&row.warm, &row.gap) {
            (_, Some(why)) => self.draw_gap(canvas, why, warm_y),
            (Some(warm), None) => {
                let told = total(&warm.parts);
                let scale = if told > 0.0 { warm.median.value / told } else { 1.0 };
                let parts: Stack = warm.parts.iter().map(|(part, seconds)| (*part, seconds * scale)).collect();
                self.draw_stack(canvas, &parts, row.look.colour, warm_y, WARM);
                self.draw_interval(canvas, &warm.median, warm_y);
                canvas.text_middle((self.value_x, warm_y), value(row), VALUE.bold().align(Align::Right));
                if ratios {
                    canvas.text_middle((self.against_x, warm_y), row.against.as_str(), VALUE.align(Align::Right));
                }
            }
            (None, None) => {}
        }
        if let Some(cold) = &row.cold {
            self.draw_stack(canvas, cold, row.look.colour.lighter(0.55), cold_y, COLD);
            canvas.text_middle((self.value_x, cold_y), time(total(cold)), NOTE.align(Align::Right));
        }
    }

    fn draw_stack(&self, canvas: &mut Canvas, stack: &Stack, colour: Colour, y: f64, height: f64) {
        let (high, low) = (y - height / 2.0, y + height / 2.0);
        let whole = total(stack);
        // A clipped bar shows the shares of all its parts, not the first one alone.
        let shrink = if whole > self.axis.high { self.axis.high / whole } else { 1.0 };
        let mut start = 0.0;
        for (part, seconds) in stack.iter().map(|(part, seconds)| (part, seconds * shrink)) {
            let (from, to) = (self.axis.px(start), self.axis.px(start + seconds));
            if to - from > 0.2 {
                draw_part(canvas, *part, (from, high), (to, low), colour);
            }
            start += seconds;
        }
        let (from, to) = (self.axis.from_px, self.axis.px(start));
        canvas.outline((from, high), (to, low), theme::MUTED, 0.75);
        if whole > self.axis.high {
            self.draw_clip(canvas, whole, y, height);
        }
    }

    /// A bar that goes on beyond the axis: cut, with an arrow and its value.
    fn draw_clip(&self, canvas: &mut Canvas, seconds: f64, y: f64, height: f64) {
        let right = self.axis.to_px;
        let (high, low) = (y - height / 2.0 - 1.5, y + height / 2.0 + 1.5);
        for x in [right - 20.0, right - 14.0] {
            canvas.area(vec![(x + 3.0, high), (x + 6.0, high), (x, low), (x - 3.0, low)], theme::PANEL);
        }
        canvas.area(vec![(right, y - 5.0), (right + 7.0, y), (right, y + 5.0)], theme::MUTED);
        let label = time(seconds);
        let room = width(&label, theme::SMALL, true) + 8.0;
        let to = right - 26.0;
        canvas.rect((to - room, y - 5.8), (to, y + 5.8), theme::PANEL);
        canvas.text_middle((to - room / 2.0, y), label, Type::new(theme::SMALL).bold().align(Align::Centre));
    }

    fn draw_interval(&self, canvas: &mut Canvas, median: &Median, y: f64) {
        let Some((low, high)) = median.ci else { return };
        if high > self.axis.high {
            return;
        }
        let (from, to) = (self.axis.px(low), self.axis.px(high));
        if to - from < 4.0 {
            canvas.line(((from + to) / 2.0, y - 6.0), ((from + to) / 2.0, y + 6.0), theme::INK, (to - from).max(2.0));
            return;
        }
        canvas.line((from, y), (to, y), theme::INK, 1.75);
        for end in [from, to] {
            canvas.line((end, y - 6.0), (end, y + 6.0), theme::INK, 1.75);
        }
    }

    fn draw_gap(&self, canvas: &mut Canvas, why: &str, y: f64) {
        let room = self.axis.to_px - self.axis.from_px;
        let text = fit(why, theme::BODY, false, room - 16.0);
        let (from, to) = (self.axis.from_px, self.axis.from_px + width(&text, theme::BODY, false) + 16.0);
        let (high, low) = (y - WARM / 2.0, y + WARM / 2.0);
        canvas.rect((from, high), (to, low), theme::PANEL);
        canvas.dashed(&[(from, high), (to, high), (to, low), (from, low), (from, high)], theme::AXIS, 1.0, 4.0, 3.0);
        canvas.text_middle((from + 8.0, y), text, VALUE.colour(theme::MUTED));
        canvas.text_middle((self.value_x, y), "–", VALUE.colour(theme::MUTED).align(Align::Right));
    }
}

/// One part: `execute` is solid, `plan` dark, the others are patterns on white.
fn draw_part(canvas: &mut Canvas, part: Part, from: (f64, f64), to: (f64, f64), colour: Colour) {
    let ink = theme::INK.alpha(0.7);
    match part {
        Part::Execute => {
            canvas.rect(from, to, colour);
            return;
        }
        Part::Plan => {
            canvas.rect(from, to, theme::MUTED);
            return;
        }
        Part::Open | Part::Load | Part::Fetch => canvas.rect(from, to, theme::PANEL),
    }
    canvas.outline(from, to, theme::MUTED, 0.75);
    let (wide, high) = (to.0 - from.0, to.1 - from.1);
    match part {
        Part::Open => {
            for column in 0..(wide / 4.0) as usize {
                for row in 0..(high / 4.0) as usize {
                    canvas.disc((from.0 + 2.5 + 4.0 * column as f64, from.1 + 2.5 + 4.0 * row as f64), 0.8, ink);
                }
            }
        }
        Part::Load => {
            // Lines from lower left to upper right, cut at the sides.
            for step in 0..((wide + high) / 5.0) as usize + 1 {
                let at = 5.0 * step as f64;
                let start = (from.0 + (at - high).max(0.0), from.1 + at.min(high));
                let end = (from.0 + at.min(wide), from.1 + (at - wide).max(0.0));
                if start.0 <= to.0 && end.1 <= to.1 {
                    canvas.line(start, end, ink, 1.0);
                }
            }
        }
        Part::Fetch => {
            for step in 1..(wide / 3.0) as usize + 1 {
                let x = from.0 + 3.0 * step as f64;
                if x < to.0 {
                    canvas.line((x, from.1), (x, to.1), ink, 1.0);
                }
            }
        }
        Part::Execute | Part::Plan => {}
    }
}

#[cfg(test)]
#[path = "phases_tests.rs"]
mod tests;
