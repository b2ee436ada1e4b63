//! Memory over time: what of the process is in RAM, and the heap bytes that are live, with their peaks.

use super::axis::{Axis, round_step};
use super::chart::Chart;
use super::colours;
use super::frame::{self, Footer, keep_inside};
use super::svg::{Align, Canvas, Colour, Type};
use super::text::bar;
use super::theme;
use crate::error::MagicError;
use crate::units::{bytes, time};

const PLOT_HEIGHT: f64 = 260.0;
const TICK: Type = Type::new(theme::SMALL).colour(theme::MUTED);
/// Rows of the text form.
const ROWS: usize = 16;

/// One reading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub s: f64,
    /// Bytes in RAM beyond those at the beginning; below zero when memory was given back.
    pub resident: f64,
    /// Heap bytes beyond those at the beginning.
    pub live: Option<f64>,
}

/// What to draw.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline {
    pub title: String,
    pub note: String,
    /// In order of time.
    pub points: Vec<Point>,
    /// The most of `resident` and `live`, as counted apart from the readings.
    pub peak_resident: f64,
    pub peak_live: Option<f64>,
    pub footer: Footer,
}

impl Timeline {
    /// Draws the chart.
    ///
    /// # Errors
    /// No reading at all.
    pub fn draw(&self) -> Result<Chart, MagicError> {
        let (Some(first), Some(last)) = (self.points.first(), self.points.last()) else {
            return Err(MagicError::new("ChartError", "there is no reading to draw"));
        };
        let sentences = ["Memory beyond that at the beginning: lower is better.".to_owned(), self.note.clone()];
        let subtitle = frame::subtitle_lines(&sentences, theme::WIDTH);
        let top = frame::header_height(&subtitle) + 14.0;
        let bottom = top + PLOT_HEIGHT;
        let mut canvas = Canvas::new(theme::WIDTH, bottom + 72.0 + self.footer.height(theme::WIDTH));
        frame::draw_header(&mut canvas, &self.title, &subtitle);
        let high = self.peak_resident.max(self.peak_live.unwrap_or(0.0)).max(4096.0) * 1.12;
        let low = self.points.iter().map(|point| point.resident.min(point.live.unwrap_or(0.0))).fold(0.0, f64::min) * 1.05;
        let y = Axis::linear(low, high, bottom, top);
        let x = Axis::linear(first.s.min(0.0), last.s.max(1e-6), 84.0, theme::WIDTH - theme::MARGIN - 10.0);
        self.draw_axes(&mut canvas, &x, &y);
        let resident: Vec<_> = self.points.iter().map(|point| (x.px(point.s), y.px(point.resident))).collect();
        let mut area = resident.clone();
        area.extend([(x.px(last.s), y.px(0.0)), (x.px(first.s), y.px(0.0))]);
        canvas.area(area, colours::BLUE.lighter(0.82));
        canvas.path(resident, colours::BLUE, 2.0);
        let live: Vec<_> = self.points.iter().filter_map(|point| Some((x.px(point.s), y.px(point.live?)))).collect();
        if live.len() > 1 {
            canvas.dashed(&live, colours::VERMILLION, 2.0, 7.0, 4.0);
        }
        // The peak is a level: when exactly it was no reading tells.
        let at = y.px(self.peak_resident);
        canvas.dashed(&[(x.from_px, at), (x.to_px, at)], theme::INK, 1.0, 2.0, 3.0);
        let label = format!("peak {}", bytes(self.peak_resident as u64));
        let highest = self.points.iter().max_by(|a, b| a.resident.total_cmp(&b.resident)).map_or(0.0, |point| point.s);
        let middle = keep_inside(x.px(highest), &label, theme::BODY, true, x.from_px, x.to_px);
        canvas.text((middle, at - 6.0), label, Type::new(theme::BODY).bold().align(Align::Centre));
        self.draw_legend(&mut canvas, bottom + 56.0);
        self.footer.draw(&mut canvas);
        let alt = self.alt(last.s);
        Ok(Chart { svg: canvas.finish(&self.title, &alt)?, text: self.text(), alt })
    }

    fn draw_axes(&self, canvas: &mut Canvas, x: &Axis, y: &Axis) {
        // Steps of a binary unit: 1, 2 or 5 times a power of ten of it.
        let largest = y.high.abs().max(y.low.abs()).max(1.0);
        let unit = 1024_f64.powf((largest.ln() / 1024_f64.ln()).floor().max(0.0));
        let step = round_step((y.high - y.low) / unit / 5.0) * unit;
        let mut value = (y.low / step).ceil() * step;
        while value <= y.high {
            canvas.line((x.from_px, y.px(value)), (x.to_px, y.px(value)), theme::GRID, 1.0);
            canvas.text_middle((x.from_px - 7.0, y.px(value)), signed(value), TICK.align(Align::Right));
            value += step;
        }
        let (bottom, top) = (y.from_px, y.to_px);
        let (ticks, unit) = x.time_ticks(8);
        for tick in ticks {
            canvas.line((x.px(tick.value), bottom), (x.px(tick.value), bottom + 5.0), theme::AXIS, 1.0);
            canvas.text((x.px(tick.value), bottom + 18.0), tick.label, TICK.align(Align::Centre));
        }
        canvas.line((x.from_px, bottom), (x.to_px, bottom), theme::AXIS, 1.25);
        canvas.line((x.from_px, bottom), (x.from_px, top), theme::AXIS, 1.25);
        let title = format!("time since the start ({})", unit.symbol());
        canvas.text(((x.from_px + x.to_px) / 2.0, bottom + 36.0), title, Type::new(theme::BODY).align(Align::Centre));
    }

    fn draw_legend(&self, canvas: &mut Canvas, y: f64) {
        let entry = |canvas: &mut Canvas, x: f64, colour: Colour, dashed: bool, text: &str| {
            let ends = [(x, y - 4.0), (x + 30.0, y - 4.0)];
            if dashed {
                canvas.dashed(&ends, colour, 2.0, 7.0, 4.0)
            } else {
                canvas.line(ends[0], ends[1], colour, 2.0)
            }
            canvas.text((x + 37.0, y), text, Type::new(theme::BODY));
        };
        entry(canvas, 84.0, colours::BLUE, false, "resident memory of the process (RSS)");
        if self.peak_live.is_some() {
            entry(canvas, 380.0, colours::VERMILLION, true, "live heap bytes (allocated, not yet freed)");
        }
    }

    fn alt(&self, seconds: f64) -> String {
        let live = self.peak_live.map_or_else(String::new, |peak| format!(", of live heap {}", bytes(peak as u64)));
        format!(
            "{}: memory over {}, beyond that at the beginning. Peak of resident memory {}{live}.",
            self.title,
            time(seconds),
            bytes(self.peak_resident as u64)
        )
    }

    fn text(&self) -> String {
        let mut out = format!("{}\nresident memory beyond that at the beginning, lower is better; {}\n", self.title, self.note);
        out.push_str(&format!("peak {}", bytes(self.peak_resident as u64)));
        if let Some(live) = self.peak_live {
            out.push_str(&format!(", of live heap {}", bytes(live as u64)));
        }
        out.push('\n');
        let end = self.points.last().map_or(0.0, |point| point.s);
        for row in 0..ROWS {
            let until = end * (row + 1) as f64 / ROWS as f64;
            let from = end * row as f64 / ROWS as f64;
            // The largest reading of the stretch: a peak must not fall between two rows.
            let within = self.points.iter().filter(|point| point.s >= from && point.s <= until);
            let Some(most) = within.map(|point| point.resident).max_by(f64::total_cmp) else { continue };
            out.push_str(&format!(
                "{:>8} │{} {}\n",
                time(until),
                bar((most / self.peak_resident.max(1.0)).clamp(0.0, 1.0), 40),
                signed(most)
            ));
        }
        out
    }
}

/// A size with its sign where it is below zero.
fn signed(value: f64) -> String {
    let size = bytes(value.abs().round() as u64);
    if value < -0.5 { format!("−{size}") } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::testing::{footer, save};

    fn timeline(points: Vec<Point>) -> Timeline {
        Timeline {
            title: "let v = vec![1u8; 256 << 20]; …".into(),
            note: "Read every 500 µs; one run of 0.21 s.".into(),
            points,
            peak_resident: 268_500_000.0,
            peak_live: Some(268_435_464.0),
            footer: Footer { noise: None, ..footer() },
        }
    }

    #[test]
    fn the_peak_is_labelled() {
        let rise = |i: usize| if i < 150 { i as f64 / 150.0 } else { (200 - i) as f64 / 200.0 };
        let live = |i: usize| if (5..180).contains(&i) { 268_435_464.0 } else { 0.0 };
        let points = (0..200).map(|i| Point { s: i as f64 * 1e-3, resident: rise(i) * 268_500_000.0, live: Some(live(i)) }).collect();
        let chart = timeline(points).draw().unwrap();
        save("timeline", &chart);
        assert!(chart.svg.contains("peak 256 MiB") && chart.alt.contains("256 MiB"), "{}", chart.alt);
        assert!(chart.text.lines().count() > 10, "{}", chart.text);
    }

    #[test]
    fn memory_that_is_given_back_is_below_zero() {
        let points = (0..20).map(|i| Point { s: f64::from(i), resident: -5e6 * f64::from(i), live: None }).collect();
        let chart = Timeline { peak_resident: 0.0, peak_live: None, ..timeline(points) }.draw().unwrap();
        save("timeline_shrinks", &chart);
        assert!(chart.svg.contains('−'));
    }

    #[test]
    fn nothing_read_is_an_error() {
        assert!(timeline(Vec::new()).draw().is_err());
    }
}
