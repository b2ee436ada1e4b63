//! Points of a table in a plane, as lines or as dots, one colour and marker per series; axes linear, logarithmic, or of names.

use super::axis::Axis;
use super::chart::Chart;
use super::colours::Look;
use super::curves::spread;
use super::frame::{self, Footer};
use super::measure_text::{fit, width};
use super::names::NameAxis;
use super::svg::{Align, Canvas, Type};
use super::value_bars::{labelled, ticks, whole_ticks};
use super::{labels, text, theme};
use crate::error::MagicError;
use crate::units::short_number;

const HEIGHT: f64 = 330.0;
/// Widest column of names right of the plot.
const NAMES: f64 = 230.0;
/// A line with more points than this has no markers: they would hide it.
const MOST_MARKERS: usize = 60;
/// Lines of text that the text form has at most; a picture of thousands of points is not read as numbers.
const MOST_LINES: usize = 40;
const TICK: Type = Type::new(theme::SMALL).colour(theme::MUTED);

/// One point; `label` stands beside it. On an axis of names a position is the number of the name, from 0; a line breaks
/// where `y` is not finite.
#[derive(Debug, Clone, PartialEq)]
pub struct PlotPoint {
    pub x: f64,
    pub y: f64,
    pub label: Option<String>,
}

/// Points of one name, in the order in which a line joins them.
#[derive(Debug, Clone, PartialEq)]
pub struct PlotSeries {
    /// Empty when there is one series only.
    pub name: String,
    pub look: Look,
    pub points: Vec<PlotPoint>,
}

/// What to draw.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    pub title: String,
    pub note: String,
    pub x_title: String,
    pub y_title: String,
    pub log_x: bool,
    pub log_y: bool,
    /// What stands along the axes instead of numbers; empty for numbers.
    pub x_names: Vec<String>,
    pub y_names: Vec<String>,
    /// Lines join the points.
    pub lines: bool,
    pub series: Vec<PlotSeries>,
    pub footer: Footer,
}

impl Plot {
    /// Draws the chart.
    ///
    /// # Errors
    /// No point at all; values of zero or less on a logarithmic axis.
    pub fn draw(&self) -> Result<Chart, MagicError> {
        let points = || self.series.iter().flat_map(|series| &series.points).filter(|point| is_drawn(point));
        if points().next().is_none() {
            return Err(MagicError::new("ChartError", "there is no point to draw"));
        }
        let sentence = format!("{} {}", self.axes_said(), self.note);
        let subtitle = frame::subtitle_lines(&[sentence.trim().to_owned()], theme::WIDTH);
        let top = frame::header_height(&subtitle) + 26.0;
        let (x_names, y_names) = (NameAxis(&self.x_names), NameAxis(&self.y_names));
        let bottom = top + y_names.height(self.most_in_a_slot()).max(HEIGHT * if self.y_names.is_empty() { 1.0 } else { 0.5 });
        let names = if self.rows_are_series() { 0.0 } else { self.widest_name() };
        let left = y_names.room().map_or(72.0, |room| theme::MARGIN + room + 10.0);
        let right = theme::WIDTH - theme::MARGIN - if names > 0.0 { names + 24.0 } else { 0.0 };
        let x = match x_names.axis((left, right)) {
            Some(axis) => axis,
            None => axis(points().map(|point| point.x), self.log_x, "x", (left, right))?,
        };
        let y = match y_names.axis((top, bottom)) {
            Some(axis) => axis,
            None => axis(points().map(|point| point.y), self.log_y, "y", (bottom, top))?,
        };
        let mut canvas = Canvas::new(theme::WIDTH, bottom + 52.0 + self.footer.height(theme::WIDTH));
        frame::draw_header(&mut canvas, &self.title, &subtitle);
        self.draw_axes(&mut canvas, &x, &y, (top, bottom));
        for (index, series) in self.series.iter().enumerate() {
            self.draw_series(&mut canvas, series, self.aside(index, &x, &y), &x, &y);
        }
        self.draw_labels(&mut canvas, &x, &y);
        if names > 0.0 {
            self.draw_names(&mut canvas, &x, &y, (top, bottom));
        }
        self.footer.draw(&mut canvas);
        let alt = self.alt();
        Ok(Chart { svg: canvas.finish(&self.title, &alt)?, text: self.text(), alt })
    }

    fn widest_name(&self) -> f64 {
        self.series.iter().map(|series| width(&series.name, theme::BODY, true)).fold(0.0, f64::max).min(NAMES)
    }

    /// Whether the vertical axis names the series already.
    fn rows_are_series(&self) -> bool {
        let own = |series: &PlotSeries| {
            series.points.iter().filter(|point| is_drawn(point)).all(|point| self.y_name(point).is_some_and(|name| name == series.name))
        };
        !self.y_names.is_empty() && self.series.iter().all(own)
    }

    /// Series that may lie in one place of an axis of names; lines are not moved apart.
    fn most_in_a_slot(&self) -> usize {
        if self.lines || self.rows_are_series() { 1 } else { self.series.len() }
    }

    /// How far a series is moved along an axis of names, so that its marker hides no other, in x and y.
    fn aside(&self, index: usize, x: &Axis, y: &Axis) -> (f64, f64) {
        let count = self.most_in_a_slot();
        let from_middle = index as f64 - (count as f64 - 1.0) / 2.0;
        let moved = |names, axis: &Axis| from_middle * NameAxis(names).step((axis.to_px - axis.from_px).abs(), count);
        match (count > 1, self.y_names.is_empty(), self.x_names.is_empty()) {
            (true, false, _) => (0.0, moved(&self.y_names, y)),
            (true, true, false) => (moved(&self.x_names, x), 0.0),
            _ => (0.0, 0.0),
        }
    }

    fn x_name(&self, point: &PlotPoint) -> Option<&str> {
        self.x_names.get(point.x as usize).map(String::as_str)
    }

    fn y_name(&self, point: &PlotPoint) -> Option<&str> {
        self.y_names.get(point.y as usize).map(String::as_str)
    }

    fn axes_said(&self) -> &'static str {
        match (self.log_x, self.log_y) {
            (true, true) => "Both axes logarithmic.",
            (true, false) => "Horizontal axis logarithmic.",
            (false, true) => "Vertical axis logarithmic.",
            (false, false) => "",
        }
    }

    fn draw_axes(&self, canvas: &mut Canvas, x: &Axis, y: &Axis, (top, bottom): (f64, f64)) {
        if self.most_in_a_slot() > 1 {
            self.draw_bands(canvas, x, y, (top, bottom));
        }
        let y_ticks = NameAxis(&self.y_names).ticks().unwrap_or_else(|| self.ticks(|point| point.y, y, 7));
        let room = NameAxis(&self.y_names).room().unwrap_or(f64::INFINITY);
        for (value, label) in y_ticks {
            let at = y.px(value);
            canvas.line((x.from_px, at), (x.to_px, at), theme::GRID, 1.0);
            canvas.text_middle((x.from_px - 7.0, at), fit(&label, theme::SMALL, false, room), TICK.align(Align::Right));
        }
        let slot = NameAxis(&self.x_names).slot((x.to_px - x.from_px).abs());
        let x_ticks = NameAxis(&self.x_names).ticks().unwrap_or_else(|| self.x_ticks(x));
        for (value, label) in x_ticks {
            let at = x.px(value);
            canvas.line((at, top), (at, bottom), theme::GRID, 1.0);
            canvas.line((at, bottom), (at, bottom + 5.0), theme::AXIS, 1.0);
            canvas.text((at, bottom + 18.0), fit(&label, theme::SMALL, false, slot), TICK.align(Align::Centre));
        }
        canvas.line((x.from_px, bottom), (x.to_px, bottom), theme::AXIS, 1.25);
        canvas.line((x.from_px, top), (x.from_px, bottom), theme::AXIS, 1.25);
        canvas.text(((x.from_px + x.to_px) / 2.0, bottom + 37.0), self.x_title.as_str(), Type::new(theme::BODY).align(Align::Centre));
        if !self.y_title.is_empty() {
            let arrow = if self.y_names.is_empty() { "↑ " } else { "" };
            canvas.text((theme::MARGIN, top - 10.0), format!("{arrow}{}", self.y_title), Type::new(theme::BODY));
        }
    }

    /// Every other slot of an axis of names on a darker ground: it shows to which name a marker belongs.
    fn draw_bands(&self, canvas: &mut Canvas, x: &Axis, y: &Axis, (top, bottom): (f64, f64)) {
        let ground = theme::GRID.alpha(0.4);
        let edges = |slot: usize| (slot as f64 - 0.5, slot as f64 + 0.5);
        for (from, to) in (1..self.y_names.len()).step_by(2).map(edges) {
            canvas.rect((x.from_px, y.px(from)), (x.to_px, y.px(to)), ground);
        }
        for (from, to) in (1..self.x_names.len()).step_by(2).map(edges) {
            canvas.rect((x.px(from), top), (x.px(to), bottom), ground);
        }
    }

    fn x_ticks(&self, axis: &Axis) -> Vec<(f64, String)> {
        // A line is measured at chosen places; where dots lie is the result.
        if !axis.log || !self.lines {
            return self.ticks(|point| point.x, axis, 9);
        }
        let measured = self.series.iter().flat_map(|series| &series.points).filter(|point| is_drawn(point)).map(|point| point.x);
        labelled(axis, axis.values_for(measured, 9))
    }

    /// What is a whole number everywhere is counted.
    fn ticks(&self, value: impl Fn(&PlotPoint) -> f64, axis: &Axis, wanted: usize) -> Vec<(f64, String)> {
        let whole =
            self.series.iter().flat_map(|series| &series.points).filter(|point| is_drawn(point)).all(|point| value(point).fract() == 0.0);
        if whole { whole_ticks(axis, wanted) } else { ticks(axis, wanted) }
    }

    fn draw_series(&self, canvas: &mut Canvas, series: &PlotSeries, aside: (f64, f64), x: &Axis, y: &Axis) {
        let at = |point: &PlotPoint| (x.px(point.x) + aside.0, y.px(point.y) + aside.1);
        if self.lines {
            for unbroken in series.points.split(|point| !is_drawn(point)) {
                canvas.path(unbroken.iter().map(at).collect(), series.look.colour.alpha(0.75), 2.0);
            }
        }
        let drawn = || series.points.iter().filter(|point| is_drawn(point));
        if !self.lines || series.points.len() <= MOST_MARKERS {
            let radius = if series.points.len() > 200 { 3.0 } else { 5.0 };
            for point in drawn() {
                canvas.marker(series.look.marker, at(point), radius, series.look.colour);
            }
        }
    }

    /// Texts beside their points.
    fn draw_labels(&self, canvas: &mut Canvas, x: &Axis, y: &Axis) {
        let drawn = || {
            self.series.iter().enumerate().flat_map(|(index, series)| {
                let aside = self.aside(index, x, y);
                let at = move |point: &PlotPoint| (x.px(point.x) + aside.0, y.px(point.y) + aside.1);
                series.points.iter().filter(|point| is_drawn(point)).map(move |point| (at(point), point))
            })
        };
        let labels: Vec<_> = drawn().filter_map(|(at, point)| Some((at, fit(point.label.as_ref()?, theme::SMALL, false, NAMES)))).collect();
        if !labels.is_empty() {
            labels::draw(canvas, &drawn().map(|(at, _)| at).collect::<Vec<_>>(), labels, x, y);
        }
    }

    /// Names right of the last points, moved apart where they would touch; a list where a series has a point for each name.
    fn draw_names(&self, canvas: &mut Canvas, x: &Axis, y: &Axis, (top, bottom): (f64, f64)) {
        let is_list = !self.lines && !(self.x_names.is_empty() && self.y_names.is_empty());
        let last = |series: &PlotSeries| {
            let point = series.points.iter().rev().find(|point| is_drawn(point))?;
            Some((x.px(point.x), if is_list { top } else { y.px(point.y) }))
        };
        let mut named: Vec<((f64, f64), &PlotSeries)> = self.series.iter().filter_map(|series| Some((last(series)?, series))).collect();
        named.sort_by(|a, b| a.0.1.total_cmp(&b.0.1));
        let wanted: Vec<f64> = named.iter().map(|((_, y), _)| *y).collect();
        let column = x.to_px + 20.0;
        for (((px, py), series), line) in named.iter().zip(spread(&wanted, top + 8.0, bottom - 8.0)) {
            if self.lines {
                canvas.line((px + 6.0, *py), (column - 8.0, line), theme::AXIS, 0.75);
            }
            canvas.marker(series.look.marker, (column - 2.0, line), 4.0, series.look.colour);
            canvas.text_middle((column + 7.0, line), fit(&series.name, theme::BODY, true, NAMES), Type::new(theme::BODY).bold());
        }
    }

    fn x_text(&self, point: &PlotPoint) -> String {
        self.x_name(point).map_or_else(|| short_number(point.x), str::to_owned)
    }

    fn y_text(&self, point: &PlotPoint) -> String {
        self.y_name(point).map_or_else(|| short_number(point.y), str::to_owned)
    }

    fn alt(&self) -> String {
        let said = |series: &PlotSeries| {
            let name = if series.name.is_empty() { self.y_title.as_str() } else { series.name.as_str() };
            let at = |point: &PlotPoint| format!("{} at {}", self.y_text(point), self.x_text(point));
            let drawn: Vec<&PlotPoint> = series.points.iter().filter(|point| is_drawn(point)).collect();
            match drawn.as_slice() {
                [] => format!("{name}: no point"),
                [only] => format!("{name} {}", at(only)),
                [first, .., last] => format!("{name} from {} to {}, {} points", at(first), at(last), drawn.len()),
            }
        };
        let all: Vec<String> = self.series.iter().map(said).collect();
        format!("{}: {} against {}. {}.", self.title, self.y_title, self.x_title, all.join("; "))
    }

    fn text(&self) -> String {
        let total = self.series.iter().flat_map(|series| &series.points).filter(|point| is_drawn(point)).count();
        let every = total.div_ceil(MOST_LINES).max(1);
        let is_labelled = self.series.iter().flat_map(|series| &series.points).any(|point| point.label.is_some());
        let has_names = !is_labelled || self.series.iter().any(|series| !series.name.is_empty());
        let row = |series: &str, label: &str, x: String, y: String| -> Vec<String> {
            let names = [has_names.then(|| series.to_owned()), is_labelled.then(|| label.to_owned())];
            names.into_iter().flatten().chain([x, y]).collect()
        };
        let mut rows = vec![row("series", "point", self.x_title.clone(), self.y_title.clone())];
        for series in &self.series {
            for point in series.points.iter().filter(|point| is_drawn(point)).step_by(every) {
                let label = point.label.as_deref().unwrap_or_default();
                rows.push(row(&series.name, label, self.x_text(point), self.y_text(point)));
            }
        }
        let part = if every > 1 { format!("\none point in {every} of {total}") } else { String::new() };
        format!("{}\n{}{part}", self.title, text::table(&rows))
    }
}

fn is_drawn(point: &PlotPoint) -> bool {
    point.x.is_finite() && point.y.is_finite()
}

/// An axis around values, with a little air, so that no marker lies on the frame; from zero where that costs little room.
fn axis(values: impl Iterator<Item = f64> + Clone, log: bool, name: &str, (from, to): (f64, f64)) -> Result<Axis, MagicError> {
    let (low, high) = (values.clone().fold(f64::INFINITY, f64::min), values.fold(f64::NEG_INFINITY, f64::max));
    if log {
        if low <= 0.0 {
            return Err(MagicError::new("ChartError", format!("a logarithmic axis cannot show {}", short_number(low)))
                .hint(format!("leave `--log {name}` out, or filter the rows")));
        }
        let air = (high / low).powf(0.04).max(1.08);
        return Ok(Axis::log(low / air, high * air, from, to));
    }
    let air = (high - low).max(high.abs() * 1e-3) * 0.04;
    let bottom = if low >= 0.0 && low < 0.5 * high { 0.0 } else { low - air };
    Ok(Axis::linear(bottom, high + air, from, to))
}

#[cfg(test)]
#[path = "plot_tests.rs"]
mod tests;
