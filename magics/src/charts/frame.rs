//! What surrounds every chart: panel, title, subtitle, footer.

use super::colours::{self, Marker};
use super::measure_text::{fit, width, wrap};
use super::svg::{Canvas, Type};
use super::theme;
use crate::stats::noise::Level;

/// The lines under a chart that say where its numbers come from.
#[derive(Debug, Clone, PartialEq)]
pub struct Footer {
    /// Machine and load, for example `AMD EPYC 7B13 · 2 CPUs · 7.8 GiB · load 0.4 before, 0.9 after`.
    pub machine: String,
    /// Build and versions, for example `rustc 1.95.0 · opt-level 3 · Benchbook 0.1.0`.
    pub build: String,
    /// Noise verdict and its reasons; `None` where it does not apply.
    pub noise: Option<(Level, String)>,
}

/// Height of the title block: the plot begins below it.
pub fn header_height(subtitle: &[String]) -> f64 {
    40.0 + 17.0 * subtitle.len() as f64
}

/// Breaks subtitle sentences to the chart's width.
pub fn subtitle_lines(sentences: &[String], chart_width: f64) -> Vec<String> {
    sentences.iter().flat_map(|s| wrap(s, theme::BODY, chart_width - 2.0 * theme::MARGIN)).collect()
}

impl Footer {
    fn lines(&self, chart_width: f64) -> Vec<String> {
        let room = chart_width - 2.0 * theme::MARGIN;
        [&self.machine, &self.build].into_iter().flat_map(|l| wrap(l, theme::SMALL, room)).collect()
    }

    fn noise_lines(&self, chart_width: f64) -> Vec<String> {
        let room = chart_width - 2.0 * theme::MARGIN - 16.0;
        self.noise.as_ref().map(|(_, text)| wrap(&format!("Noise verdict: {text}"), theme::SMALL, room)).unwrap_or_default()
    }

    /// Height of the footer block with its separating line.
    pub fn height(&self, chart_width: f64) -> f64 {
        18.0 + 15.0 * (self.lines(chart_width).len() + self.noise_lines(chart_width).len()) as f64
    }

    /// Draws the footer at the lower edge.
    pub fn draw(&self, canvas: &mut Canvas) {
        let chart_width = canvas.width;
        let mut y = canvas.height - self.height(chart_width);
        canvas.line((theme::MARGIN, y), (chart_width - theme::MARGIN, y), theme::GRID, 1.0);
        y += 16.0;
        let style = Type::new(theme::SMALL).colour(theme::MUTED);
        for (i, line) in self.noise_lines(chart_width).into_iter().enumerate() {
            if let (0, Some((level, _))) = (i, &self.noise) {
                let (marker, colour) = badge(*level);
                canvas.marker(marker, (theme::MARGIN + 5.0, y - 3.8), 4.2, colour);
            }
            let style = if i == 0 { style.colour(theme::INK) } else { style };
            canvas.text((theme::MARGIN + 16.0, y), line, style);
            y += 15.0;
        }
        for line in self.lines(chart_width) {
            canvas.text((theme::MARGIN, y), line, style);
            y += 15.0;
        }
    }
}

/// Shape and colour of a noise level; the shapes differ as well.
fn badge(level: Level) -> (Marker, super::svg::Colour) {
    match level {
        Level::Green => (Marker::Circle, colours::GREEN),
        Level::Amber => (Marker::TriangleUp, colours::ORANGE),
        Level::Red => (Marker::Square, colours::VERMILLION),
    }
}

/// Draws panel, title and subtitle lines.
pub fn draw_header(canvas: &mut Canvas, title: &str, subtitle: &[String]) {
    let (w, h) = (canvas.width, canvas.height);
    canvas.rect((0.0, 0.0), (w, h), theme::PANEL);
    canvas.outline((0.5, 0.5), (w - 0.5, h - 0.5), theme::BORDER, 1.0);
    let title = fit(title, theme::TITLE, true, w - 2.0 * theme::MARGIN);
    canvas.text((theme::MARGIN, 29.0), title, Type::new(theme::TITLE).bold());
    for (i, line) in subtitle.iter().enumerate() {
        let y = 48.0 + 17.0 * i as f64;
        canvas.text((theme::MARGIN, y), line.as_str(), Type::new(theme::BODY).colour(theme::MUTED));
    }
}

/// The x of a label of `text` centred on `x`, moved so that it stays between `low` and `high`.
pub fn keep_inside(x: f64, text: &str, size: f64, bold: bool, low: f64, high: f64) -> f64 {
    let half = width(text, size, bold) / 2.0;
    x.clamp((low + half).min(high), (high - half).max(low))
}
