//! Thread sweeps of several series on one plot: each over its own run on one, the ideal line, a name at the end of each curve.

use super::chart::Chart;
use super::colours::Look;
use super::curves::spread;
use super::frame::{self, Footer};
use super::measure_text::{fit, width, wrap};
use super::speedup::{Limits, Panel, Workers, count_axis, trim, whisker};
use super::svg::{Canvas, Type};
use super::{axis::Axis, text, theme};
use crate::error::MagicError;
use crate::stats::scaling::Point;
use crate::units::{Scale, percent, time};

const PLOT_HEIGHT: f64 = 300.0;
/// Widest column of names right of the plot.
const NAMES: f64 = 310.0;
const LINE: f64 = 15.0;
/// Pixels between the markers of two series at the same count.
const APART: f64 = 8.0;

/// Threads here, processes there.
const WORKERS: Workers = Workers { one: "worker", many: "threads or processes" };

/// One series.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    pub name: String,
    pub look: Look,
    /// Ascending counts, beginning with 1.
    pub points: Vec<Point>,
}

/// What to draw.
#[derive(Debug, Clone, PartialEq)]
pub struct Speedups {
    pub title: String,
    /// Sentences after `Speed-up …: higher is better.`
    pub note: String,
    pub series: Vec<Series>,
    /// Sentences under the plot: what has no curve, and why; what was found.
    pub findings: Vec<String>,
    pub limits: Limits,
    pub footer: Footer,
}

impl Speedups {
    /// Draws the chart.
    ///
    /// # Errors
    /// No series with a point at one worker.
    pub fn draw(&self) -> Result<Chart, MagicError> {
        if self.series.iter().all(|series| series.points.first().is_none_or(|point| point.threads != 1)) {
            return Err(MagicError::new("ChartError", "a speed-up needs a measurement with one worker"));
        }
        let sentence =
            format!("Speed-up of each over its own time with one: higher is better; in brackets: the time with one. {}", self.note);
        let subtitle = frame::subtitle_lines(&[sentence], theme::WIDTH);
        let top = frame::header_height(&subtitle) + 38.0;
        let bottom = top + PLOT_HEIGHT;
        let findings: Vec<String> =
            self.findings.iter().flat_map(|line| wrap(line, theme::BODY, theme::WIDTH - 2.0 * theme::MARGIN)).collect();
        let after = bottom + 50.0 + 17.0 * findings.len() as f64;
        let mut canvas = Canvas::new(theme::WIDTH, after + 8.0 + self.footer.height(theme::WIDTH));
        frame::draw_header(&mut canvas, &self.title, &subtitle);
        let panel = self.panel(top, bottom);
        let ticks = if panel.y.log { panel.y.powers_of_two() } else { panel.y.values(6) };
        let title = if panel.y.log { "speed-up (both axes logarithmic)" } else { "speed-up" };
        panel.draw_frame(&mut canvas, title, &ticks, |value| format!("{} ×", trim(value)));
        panel.draw_limits(&mut canvas, self.limits);
        panel.draw_ideal(&mut canvas, panel.y.high, self.limits.available);
        let middle = (self.series.len() as f64 - 1.0) / 2.0;
        for (index, series) in self.series.iter().enumerate() {
            draw_series(&mut canvas, &panel, series, (index as f64 - middle) * APART);
        }
        panel.name_ideal(&mut canvas, panel.y.high, self.limits.available);
        self.draw_names(&mut canvas, &panel);
        for (i, line) in findings.iter().enumerate() {
            canvas.text((theme::MARGIN, bottom + 58.0 + 17.0 * i as f64), line.as_str(), Type::new(theme::BODY));
        }
        self.footer.draw(&mut canvas);
        let alt = self.alt();
        Ok(Chart { svg: canvas.finish(&self.title, &alt)?, text: self.text(), alt })
    }

    fn points(&self) -> impl Iterator<Item = &Point> {
        self.series.iter().flat_map(|series| &series.points)
    }

    fn panel(&self, top: f64, bottom: f64) -> Panel {
        let mut threads: Vec<usize> = self.points().map(|point| point.threads).collect();
        threads.sort_unstable();
        threads.dedup();
        let most = threads.last().copied().unwrap_or(2).max(2);
        let logarithmic = most > 16;
        let ends = |point: &Point| point.speedup.ci.unwrap_or((point.speedup.value, point.speedup.value));
        let fastest = self.points().map(|point| ends(point).1).fold(1.0, f64::max);
        let slowest = self.points().map(|point| ends(point).0).fold(1.0, f64::min);
        let high = (most.min(self.limits.available.max(2)) as f64).max(fastest) * 1.12;
        let y = if logarithmic { Axis::log(slowest * 0.7, high, bottom, top) } else { Axis::linear(0.0, high, bottom, top) };
        let widest = self.series.iter().map(|series| width(&label(series), theme::BODY, true)).fold(60.0, f64::max).min(NAMES);
        let right = theme::WIDTH - theme::MARGIN - widest - 34.0;
        let room = APART * self.series.len() as f64 / 2.0 + 10.0;
        Panel { x: count_axis(most as f64, logarithmic, (58.0, right), room), y, threads, workers: WORKERS }
    }

    /// Names with the last speed-up, right of the plot, moved apart where they would touch.
    fn draw_names(&self, canvas: &mut Canvas, panel: &Panel) {
        let mut names: Vec<(f64, &Series)> =
            self.series.iter().filter_map(|series| Some((panel.y.px(series.points.last()?.speedup.value), series))).collect();
        names.sort_by(|a, b| a.0.total_cmp(&b.0));
        let wanted: Vec<f64> = names.iter().map(|name| name.0).collect();
        let x = panel.x.to_px + 16.0;
        for ((_, series), y) in names.iter().zip(spread(&wanted, panel.y.to_px + LINE / 2.0, panel.y.from_px - LINE / 2.0)) {
            canvas.marker(series.look.marker, (x, y), 4.5, series.look.colour);
            canvas.text_middle((x + 10.0, y), fit(&label(series), theme::BODY, true, NAMES), Type::new(theme::BODY).bold());
        }
    }

    fn alt(&self) -> String {
        let told: Vec<String> = self
            .series
            .iter()
            .filter_map(|series| {
                let last = series.points.last()?;
                Some(format!("{} {:.2} times with {}", series.name, last.speedup.value, last.threads))
            })
            .collect();
        format!(
            "Speed-up of each series over its own time with one worker; higher is better, the ideal line is the count. {}.",
            told.join("; ")
        )
    }

    fn text(&self) -> String {
        let mut out = format!("{}\nspeed-up of each over its own time with one, higher is better; {}\n", self.title, self.note);
        let most = self.points().map(|p| p.speedup.value.max(p.threads as f64)).fold(1.0, f64::max);
        for series in &self.series {
            out.push_str(&series.name);
            out.push('\n');
            for p in &series.points {
                let interval = p.speedup.ci.map(|(l, h)| format!(" [{l:.2}, {h:.2}]")).unwrap_or_default();
                let bar = text::bar(p.speedup.value / most, 30);
                let took = Scale::of(p.time.median, p.time.ci).time(p.time.median);
                out.push_str(&format!(
                    "{:>5} │{bar:<30}│ {:.2} ×{interval}, efficiency {}, {took}\n",
                    p.threads,
                    p.speedup.value,
                    percent(p.efficiency())
                ));
            }
        }
        for line in &self.findings {
            out.push_str(line);
            out.push('\n');
        }
        out
    }
}

/// A name with its last speed-up and the time at one, without which no speed-up is told.
fn label(series: &Series) -> String {
    match (series.points.first(), series.points.last()) {
        (Some(first), Some(last)) => format!("{} {:.2} × ({})", series.name, last.speedup.value, time(first.time.median)),
        _ => series.name.clone(),
    }
}

fn draw_series(canvas: &mut Canvas, panel: &Panel, series: &Series, aside: f64) {
    let at = |point: &Point| (panel.x.px(point.threads as f64) + aside, panel.y.px(point.speedup.value));
    canvas.path(series.points.iter().map(at).collect(), series.look.colour.alpha(0.75), 2.0);
    for point in &series.points {
        let (x, y) = at(point);
        if let Some((low, high)) = point.speedup.ci {
            let (from, to) = (panel.y.px(low), panel.y.px(high));
            // An interval that the marker hides is not drawn twice.
            if (from - to).abs() > 9.0 {
                whisker(canvas, x, from, to);
            }
        }
        canvas.marker(series.look.marker, (x, y), 5.0, series.look.colour);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::colours;
    use crate::charts::testing::{footer, save};
    use crate::stats::bootstrap::{Rng, SEED};
    use crate::stats::scaling::{self, Sweep};

    fn series(name: &str, look: &str, serial: f64, threads: &[usize]) -> Series {
        let mut rng = Rng::new(name.len() as u64);
        let sweeps: Vec<Sweep> = threads
            .iter()
            .map(|&p| {
                let time = 0.05 * (serial + (1.0 - serial) / p as f64);
                Sweep { threads: p, samples: (0..15).map(|_| time * (1.0 + 0.06 * rng.unit())).collect() }
            })
            .collect();
        Series { name: name.into(), look: colours::look(look), points: scaling::points(&sweeps, SEED) }
    }

    fn chart(name: &str, threads: &[usize], available: usize) -> Chart {
        let chart = Speedups {
            title: "The lock: sum of squares".into(),
            note: "15 rounds, series and counts in random order (seed 42).".into(),
            series: vec![
                series("Rayon", "rust", 0.03, threads),
                series("DuckDB", "duckdb", 0.2, threads),
                series("Python threads", "python", 1.05, threads),
                series("Python processes", "pandas", 0.1, threads),
            ],
            findings: vec!["Polars: not available here: it is not installed.".into()],
            limits: Limits { available, physical: Some(available / 2), because: None },
            footer: footer(),
        };
        let chart = chart.draw().unwrap();
        save(name, &chart);
        chart
    }

    #[test]
    fn two_cores() {
        let chart = chart("speedups_2", &[1, 2], 2);
        for part in [">ideal<", "Python threads", "higher is better", "not available here"] {
            assert!(chart.svg.contains(part), "{part}");
        }
        assert!(chart.alt.contains("Rayon 1.9") && chart.text.contains("Python processes\n    1 │"), "{}\n{}", chart.alt, chart.text);
    }

    #[test]
    fn many_cores() {
        chart("speedups_8", &[1, 2, 3, 4, 6, 8], 8);
        assert!(chart("speedups_64", &[1, 2, 4, 8, 16, 32, 64], 64).svg.contains("both axes logarithmic"));
    }

    #[test]
    fn nothing_to_draw_is_an_error() {
        let none = Speedups {
            title: "x".into(),
            note: String::new(),
            series: vec![],
            findings: vec![],
            limits: Limits { available: 2, physical: None, because: None },
            footer: footer(),
        };
        assert!(none.draw().is_err());
    }
}
