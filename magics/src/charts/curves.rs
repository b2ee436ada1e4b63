//! Times against a size: one curve per series, both axes logarithmic, intervals, and a name at the end of each curve.

use super::axis::Axis;
use super::chart::Chart;
use super::colours::Look;
use super::curves_text;
use super::frame::{self, Footer};
use super::measure_text::{fit, width};
use super::svg::{Align, Canvas, Type};
use super::theme;
use crate::error::MagicError;
use crate::stats::independent::Median;
use crate::units::short_number;

const PLOT_HEIGHT: f64 = 320.0;
/// Widest column of names right of the plot.
const NAMES: f64 = 270.0;
/// Height of a name.
const LINE: f64 = 15.0;
/// Height of the two rows of names of marks, above the plot.
const MARKS: f64 = 24.0;
const TICK: Type = Type::new(theme::SMALL).colour(theme::MUTED);

/// One measured size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub x: f64,
    /// Seconds.
    pub median: Median,
}

/// One curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    pub name: String,
    pub look: Look,
    /// By ascending size; none where nothing could be measured.
    pub points: Vec<Point>,
    /// Sizes without a time, and why.
    pub gaps: Vec<(f64, String)>,
}

/// What to draw.
#[derive(Debug, Clone, PartialEq)]
pub struct Curves {
    pub title: String,
    /// Sentences after `Time: lower is better.`
    pub note: String,
    /// What the sizes are, for example `megabytes`.
    pub x_title: String,
    pub curves: Vec<Curve>,
    /// Sizes at which something ends, for example a cache, with its name; those outside of the axis are not drawn.
    pub marks: Vec<(f64, String)>,
    pub footer: Footer,
}

/// Where everything is.
struct Plot {
    x: Axis,
    y: Axis,
    top: f64,
    bottom: f64,
    x_ticks: Vec<f64>,
}

impl Curves {
    /// Draws the chart.
    ///
    /// # Errors
    /// No point at all.
    pub fn draw(&self) -> Result<Chart, MagicError> {
        if self.curves.iter().all(|curve| curve.points.is_empty()) {
            return Err(MagicError::new("ChartError", "there is no measurement to draw"));
        }
        let sentence = format!("Time: lower is better. Both axes logarithmic; medians with 95 % intervals. {}", self.note);
        let subtitle = frame::subtitle_lines(&[sentence.trim_end().to_owned()], theme::WIDTH);
        let plot = self.plot(frame::header_height(&subtitle) + 14.0 + if self.marks.is_empty() { 0.0 } else { MARKS });
        let mut canvas = Canvas::new(theme::WIDTH, plot.bottom + 52.0 + self.footer.height(theme::WIDTH));
        frame::draw_header(&mut canvas, &self.title, &subtitle);
        plot.draw_frame(&mut canvas, &self.x_title);
        plot.draw_marks(&mut canvas, &self.marks);
        for curve in &self.curves {
            plot.draw_curve(&mut canvas, curve);
        }
        self.draw_names(&mut canvas, &plot);
        self.footer.draw(&mut canvas);
        let alt = curves_text::alt(self);
        Ok(Chart { svg: canvas.finish(&self.title, &alt)?, text: curves_text::text(self), alt })
    }

    fn plot(&self, top: f64) -> Plot {
        let bottom = top + PLOT_HEIGHT;
        let points = || self.curves.iter().flat_map(|curve| &curve.points);
        let sizes = || points().map(|point| point.x).chain(self.curves.iter().flat_map(|curve| curve.gaps.iter().map(|gap| gap.0)));
        let names = self.curves.iter().map(|curve| width(&curve.name, theme::BODY, true)).fold(0.0, f64::max).min(NAMES);
        let (low, high) = (sizes().fold(f64::INFINITY, f64::min), sizes().fold(0.0, f64::max));
        // A little air, so that no marker lies on the frame.
        let air = (high / low).powf(0.03).max(1.05);
        let x = Axis::log(low / air, high * air, 70.0, theme::WIDTH - theme::MARGIN - names - 24.0);
        let low = points().map(|point| point.median.ci.map_or(point.median.value, |ci| ci.0)).fold(f64::INFINITY, f64::min);
        let high = points().map(|point| point.median.ci.map_or(point.median.value, |ci| ci.1)).fold(0.0, f64::max);
        let x_ticks = x.values_for(sizes(), 9);
        Plot { x_ticks, x, y: Axis::log(low / 1.5, high * 1.5, bottom, top), top, bottom }
    }

    /// Names right of the last points, moved apart where they would touch.
    fn draw_names(&self, canvas: &mut Canvas, plot: &Plot) {
        let mut names: Vec<(f64, f64, &Curve)> = self
            .curves
            .iter()
            .filter_map(|curve| curve.points.last().map(|last| (plot.y.px(last.median.value), plot.x.px(last.x), curve)))
            .collect();
        names.sort_by(|a, b| a.0.total_cmp(&b.0));
        let ends: Vec<f64> = names.iter().map(|name| name.0).collect();
        let x = plot.x.to_px + 20.0;
        for ((_, end, curve), y) in names.iter().zip(spread(&ends, plot.top + LINE / 2.0, plot.bottom - LINE / 2.0)) {
            canvas.line((end + 6.0, plot.y.px(curve.points.last().map_or(1.0, |last| last.median.value))), (x - 8.0, y), theme::AXIS, 0.75);
            canvas.marker(curve.look.marker, (x - 2.0, y), 4.0, curve.look.colour);
            canvas.text_middle((x + 7.0, y), fit(&curve.name, theme::BODY, true, NAMES), Type::new(theme::BODY).bold());
        }
    }
}

/// Positions as near to the wanted ones (ascending) as they can be, [`LINE`] apart, between `low` and `high`.
pub(super) fn spread(wanted: &[f64], low: f64, high: f64) -> Vec<f64> {
    let mut placed: Vec<f64> = Vec::with_capacity(wanted.len());
    for y in wanted {
        placed.push(placed.last().map_or(y.max(low), |last: &f64| y.max(last + LINE)));
    }
    let mut limit = high;
    for y in placed.iter_mut().rev() {
        *y = y.min(limit);
        limit = *y - LINE;
    }
    placed
}

impl Plot {
    fn draw_frame(&self, canvas: &mut Canvas, x_title: &str) {
        let (ticks, _) = self.y.time_ticks(8);
        for tick in ticks {
            let y = self.y.px(tick.value);
            canvas.line((self.x.from_px, y), (self.x.to_px, y), theme::GRID, 1.0);
            canvas.text_middle((self.x.from_px - 7.0, y), tick.label, TICK.align(Align::Right));
        }
        for &value in &self.x_ticks {
            let x = self.x.px(value);
            canvas.line((x, self.top), (x, self.bottom), theme::GRID, 1.0);
            canvas.line((x, self.bottom), (x, self.bottom + 5.0), theme::AXIS, 1.0);
            canvas.text((x, self.bottom + 18.0), short_number(value), TICK.align(Align::Centre));
        }
        canvas.line((self.x.from_px, self.bottom), (self.x.to_px, self.bottom), theme::AXIS, 1.25);
        canvas.line((self.x.from_px, self.top), (self.x.from_px, self.bottom), theme::AXIS, 1.25);
        let middle = (self.x.from_px + self.x.to_px) / 2.0;
        canvas.text((middle, self.bottom + 37.0), x_title, Type::new(theme::BODY).align(Align::Centre));
    }

    /// Dashed lines with their names, alternately higher and lower, so that near ones do not touch.
    fn draw_marks(&self, canvas: &mut Canvas, marks: &[(f64, String)]) {
        let inside = marks.iter().filter(|(x, _)| (self.x.low..=self.x.high).contains(x));
        for (index, (x, name)) in inside.enumerate() {
            let x = self.x.px(*x);
            canvas.dashed(&[(x, self.top), (x, self.bottom)], theme::MUTED, 1.25, 3.0, 3.0);
            // Above the plot, where no point can lie.
            canvas.text((x, self.top - 5.0 - 13.0 * (index % 2) as f64), name.as_str(), TICK.align(Align::Centre));
        }
    }

    fn draw_curve(&self, canvas: &mut Canvas, curve: &Curve) {
        let at = |point: &Point| (self.x.px(point.x), self.y.px(point.median.value));
        canvas.path(curve.points.iter().map(at).collect(), curve.look.colour.alpha(0.75), 2.0);
        for point in &curve.points {
            let (x, y) = at(point);
            if let Some((low, high)) = point.median.ci {
                let (from, to) = (self.y.px(low), self.y.px(high));
                // An interval that the marker hides is not drawn twice.
                if (from - to).abs() > 9.0 {
                    canvas.line((x, from), (x, to), theme::INK, 1.25);
                    for end in [from, to] {
                        canvas.line((x - 4.0, end), (x + 4.0, end), theme::INK, 1.25);
                    }
                }
            }
            canvas.marker(curve.look.marker, (x, y), 5.0, curve.look.colour);
        }
        for (x, _) in &curve.gaps {
            canvas.text_middle((self.x.px(*x), self.top + 9.0), "✕", Type::new(theme::BODY).colour(curve.look.colour).align(Align::Centre));
        }
    }
}

#[cfg(test)]
#[path = "curves_tests.rs"]
mod tests;
