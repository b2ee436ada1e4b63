//! Points of a table in a plane, as lines or as dots, one colour and marker per series; axes linear or logarithmic.

use super::axis::Axis;
use super::chart::Chart;
use super::colours::Look;
use super::curves::spread;
use super::frame::{self, Footer};
use super::measure_text::{fit, width};
use super::svg::{Align, Canvas, Type};
use super::value_bars::{labelled, ticks, whole_ticks};
use super::{text, theme};
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

/// One point; `label` stands beside it.
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
        let points = || self.series.iter().flat_map(|series| &series.points).filter(|point| point.x.is_finite() && point.y.is_finite());
        if points().next().is_none() {
            return Err(MagicError::new("ChartError", "there is no point to draw"));
        }
        let sentence = format!("{} {}", self.axes_said(), self.note);
        let subtitle = frame::subtitle_lines(&[sentence.trim().to_owned()], theme::WIDTH);
        let top = frame::header_height(&subtitle) + 26.0;
        let bottom = top + HEIGHT;
        let names = self.series.iter().map(|series| width(&series.name, theme::BODY, true)).fold(0.0, f64::max).min(NAMES);
        let right = theme::WIDTH - theme::MARGIN - if names > 0.0 { names + 24.0 } else { 0.0 };
        let x = axis(points().map(|point| point.x), self.log_x, "x", (72.0, right))?;
        let y = axis(points().map(|point| point.y), self.log_y, "y", (bottom, top))?;
        let mut canvas = Canvas::new(theme::WIDTH, bottom + 52.0 + self.footer.height(theme::WIDTH));
        frame::draw_header(&mut canvas, &self.title, &subtitle);
        self.draw_axes(&mut canvas, &x, &y);
        for series in &self.series {
            self.draw_series(&mut canvas, series, &x, &y);
        }
        if names > 0.0 {
            self.draw_names(&mut canvas, &x, &y);
        }
        self.footer.draw(&mut canvas);
        let alt = self.alt();
        Ok(Chart { svg: canvas.finish(&self.title, &alt)?, text: self.text(), alt })
    }

    fn axes_said(&self) -> &'static str {
        match (self.log_x, self.log_y) {
            (true, true) => "Both axes logarithmic.",
            (true, false) => "Horizontal axis logarithmic.",
            (false, true) => "Vertical axis logarithmic.",
            (false, false) => "",
        }
    }

    fn draw_axes(&self, canvas: &mut Canvas, x: &Axis, y: &Axis) {
        let (bottom, top) = (y.from_px, y.to_px);
        for (value, label) in self.ticks(|point| point.y, y, 7) {
            let at = y.px(value);
            canvas.line((x.from_px, at), (x.to_px, at), theme::GRID, 1.0);
            canvas.text_middle((x.from_px - 7.0, at), label, TICK.align(Align::Right));
        }
        for (value, label) in self.x_ticks(x) {
            let at = x.px(value);
            canvas.line((at, top), (at, bottom), theme::GRID, 1.0);
            canvas.line((at, bottom), (at, bottom + 5.0), theme::AXIS, 1.0);
            canvas.text((at, bottom + 18.0), label, TICK.align(Align::Centre));
        }
        canvas.line((x.from_px, bottom), (x.to_px, bottom), theme::AXIS, 1.25);
        canvas.line((x.from_px, top), (x.from_px, bottom), theme::AXIS, 1.25);
        canvas.text(((x.from_px + x.to_px) / 2.0, bottom + 37.0), self.x_title.as_str(), Type::new(theme::BODY).align(Align::Centre));
        canvas.text((theme::MARGIN, top - 10.0), format!("↑ {}", self.y_title), Type::new(theme::BODY));
    }

    fn x_ticks(&self, axis: &Axis) -> Vec<(f64, String)> {
        if !axis.log {
            return self.ticks(|point| point.x, axis, 9);
        }
        let measured = self.series.iter().flat_map(|series| &series.points).map(|point| point.x);
        labelled(axis, axis.values_for(measured, 9))
    }

    /// What is a whole number everywhere is counted.
    fn ticks(&self, value: impl Fn(&PlotPoint) -> f64, axis: &Axis, wanted: usize) -> Vec<(f64, String)> {
        let whole = self.series.iter().flat_map(|series| &series.points).all(|point| value(point).fract() == 0.0);
        if whole { whole_ticks(axis, wanted) } else { ticks(axis, wanted) }
    }

    fn draw_series(&self, canvas: &mut Canvas, series: &PlotSeries, x: &Axis, y: &Axis) {
        let at = |point: &PlotPoint| (x.px(point.x), y.px(point.y));
        if self.lines {
            canvas.path(series.points.iter().map(at).collect(), series.look.colour.alpha(0.75), 2.0);
        }
        if !self.lines || series.points.len() <= MOST_MARKERS {
            let radius = if series.points.len() > 200 { 3.0 } else { 5.0 };
            for point in &series.points {
                canvas.marker(series.look.marker, at(point), radius, series.look.colour);
            }
        }
        for point in &series.points {
            if let Some(label) = &point.label {
                let (px, py) = at(point);
                let label = fit(label, theme::SMALL, false, NAMES);
                // Right of the point, or left where the plot ends.
                let room = px + 9.0 + width(&label, theme::SMALL, false) <= x.to_px;
                let (at, align) = if room { (px + 9.0, Align::Left) } else { (px - 9.0, Align::Right) };
                canvas.text_middle((at, py), label, Type::new(theme::SMALL).align(align));
            }
        }
    }

    /// Names right of the last points, moved apart where they would touch.
    fn draw_names(&self, canvas: &mut Canvas, x: &Axis, y: &Axis) {
        let last = |series: &PlotSeries| series.points.last().map(|point| (x.px(point.x), y.px(point.y)));
        let mut named: Vec<((f64, f64), &PlotSeries)> = self.series.iter().filter_map(|series| Some((last(series)?, series))).collect();
        named.sort_by(|a, b| a.0.1.total_cmp(&b.0.1));
        let wanted: Vec<f64> = named.iter().map(|((_, y), _)| *y).collect();
        let column = x.to_px + 20.0;
        for (((px, py), series), line) in named.iter().zip(spread(&wanted, y.to_px + 8.0, y.from_px - 8.0)) {
            if self.lines {
                canvas.line((px + 6.0, *py), (column - 8.0, line), theme::AXIS, 0.75);
            }
            canvas.marker(series.look.marker, (column - 2.0, line), 4.0, series.look.colour);
            canvas.text_middle((column + 7.0, line), fit(&series.name, theme::BODY, true, NAMES), Type::new(theme::BODY).bold());
        }
    }

    fn alt(&self) -> String {
        let said = |series: &PlotSeries| {
            let name = if series.name.is_empty() { self.y_title.as_str() } else { series.name.as_str() };
            let at = |point: &PlotPoint| format!("{} at {}", short_number(point.y), short_number(point.x));
            match series.points.as_slice() {
                [] => format!("{name}: no point"),
                [only] => format!("{name} {}", at(only)),
                [first, .., last] => format!("{name} from {} to {}, {} points", at(first), at(last), series.points.len()),
            }
        };
        let all: Vec<String> = self.series.iter().map(said).collect();
        format!("{}: {} against {}. {}.", self.title, self.y_title, self.x_title, all.join("; "))
    }

    fn text(&self) -> String {
        let total: usize = self.series.iter().map(|series| series.points.len()).sum();
        let every = total.div_ceil(MOST_LINES).max(1);
        let mut rows = vec![vec!["series".to_owned(), self.x_title.clone(), self.y_title.clone()]];
        for series in &self.series {
            for point in series.points.iter().step_by(every) {
                let name = point.label.as_ref().unwrap_or(&series.name).clone();
                rows.push(vec![name, short_number(point.x), short_number(point.y)]);
            }
        }
        let part = if every > 1 { format!("\none point in {every} of {total}") } else { String::new() };
        format!("{}\n{}{part}", self.title, text::table(&rows))
    }
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
