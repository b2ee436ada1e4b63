//! A thread sweep: speed-up with intervals against the ideal line, and efficiency beside it.

use super::axis::Axis;
use super::chart::Chart;
use super::colours;
use super::frame::{self, Footer};
use super::measure_text::width as text_width;
use super::svg::{Align, Canvas, Colour, Type};
use super::{text, theme};
use crate::error::MagicError;
use crate::stats::scaling::{Amdahl, Point, amdahl_speedup};
use crate::units::{Scale, percent, time};

const COLOUR: Colour = colours::BLUE;
const FIT: Colour = colours::GREEN;
const PLOT_HEIGHT: f64 = 250.0;
/// Pixels right of the largest thread count.
const LABEL_ROOM: f64 = 48.0;

/// What is counted on the axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Workers {
    pub one: &'static str,
    pub many: &'static str,
}

pub const THREADS: Workers = Workers { one: "thread", many: "threads" };
pub const PROCESSES: Workers = Workers { one: "process", many: "processes" };

impl Workers {
    /// `1 thread`, `2 threads`.
    pub fn count(self, n: usize) -> String {
        format!("{n} {}", if n == 1 { self.one } else { self.many })
    }
}

/// What to draw.
#[derive(Debug, Clone, PartialEq)]
pub struct Speedup {
    pub title: String,
    pub workers: Workers,
    /// For example `15 rounds, counts in random order (seed 42).`
    pub note: String,
    /// Ascending counts, beginning with 1.
    pub points: Vec<Point>,
    pub amdahl: Amdahl,
    pub limits: Limits,
    /// The speed-up that the person predicted for the largest count.
    pub guess: Option<f64>,
    pub footer: Footer,
}

/// One plot over counts.
pub(super) struct Panel {
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) threads: Vec<usize>,
    pub(super) workers: Workers,
}

/// Where the CPUs end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// CPUs this process may use: quota and affinity included.
    pub available: usize,
    /// Physical cores, when they are known and fewer than the logical CPUs.
    pub physical: Option<usize>,
    /// Why these are not all CPUs of the machine: `cgroup quota`, `affinity`.
    pub because: Option<&'static str>,
}

impl Limits {
    /// Those of this machine.
    pub fn of(machine: &crate::machine::Machine) -> Self {
        Self { available: machine.available_cpus, physical: machine.usable_cores(), because: machine.cpu_limit() }
    }
}

/// The axis of counts up to `most`, with `room` pixels right of the largest.
pub(super) fn count_axis(most: f64, logarithmic: bool, (from, to): (f64, f64), room: f64) -> Axis {
    let plot = to - from - 22.0 - room;
    let share = (to - from) / plot;
    if logarithmic {
        let low = -most.ln() * 22.0 / plot;
        Axis::log(low.exp(), (low + most.ln() * share).exp(), from, to)
    } else {
        let low = 1.0 - (most - 1.0) * 22.0 / plot;
        Axis::linear(low, low + (most - 1.0) * share, from, to)
    }
}

impl Speedup {
    /// Draws the chart.
    ///
    /// # Errors
    /// No point at one worker: there is no base to compare with.
    pub fn draw(&self) -> Result<Chart, MagicError> {
        let (Some(first), Some(last)) = (self.points.first().filter(|p| p.threads == 1), self.points.last()) else {
            return Err(MagicError::new("ChartError", format!("a speed-up needs a measurement with one {}", self.workers.one)));
        };
        let sentences = [format!("{}: higher is better. {} {}", capital(&self.what()), self.times(first, last), self.note)];
        let subtitle = frame::subtitle_lines(&sentences, theme::WIDTH);
        let top = frame::header_height(&subtitle) + 38.0;
        let bottom = top + PLOT_HEIGHT;
        let findings: Vec<String> =
            self.findings().iter().flat_map(|f| super::measure_text::wrap(f, theme::BODY, theme::WIDTH - 2.0 * theme::MARGIN)).collect();
        let after = bottom + 50.0 + 17.0 * findings.len() as f64;
        let mut canvas = Canvas::new(theme::WIDTH, after + 8.0 + self.footer.height(theme::WIDTH));
        frame::draw_header(&mut canvas, &self.title, &subtitle);
        self.draw_speedup(&mut canvas, top, bottom);
        self.draw_efficiency(&mut canvas, top, bottom);
        for (i, line) in findings.iter().enumerate() {
            canvas.text((theme::MARGIN, bottom + 58.0 + 17.0 * i as f64), line.as_str(), Type::new(theme::BODY));
        }
        self.footer.draw(&mut canvas);
        let alt = self.alt(first);
        Ok(Chart { svg: canvas.finish(&self.title, &alt)?, text: self.text(), alt })
    }

    /// A speed-up is never shown without the absolute time.
    fn times(&self, first: &Point, last: &Point) -> String {
        let one = Scale::of(first.time.median, first.time.ci).time(first.time.median);
        if last.threads == 1 {
            return format!("One {} takes {one}.", self.workers.one);
        }
        let many = Scale::of(last.time.median, last.time.ci).time(last.time.median);
        format!("1 {} takes {one}, {} take {many}.", self.workers.one, last.threads)
    }

    fn what(&self) -> String {
        format!("speed-up over one {}", self.workers.one)
    }

    /// Karp-Flatt fractions and the fit, or why there is none.
    pub fn findings(&self) -> Vec<String> {
        let mut lines = Vec::new();
        // With more threads than CPUs e(p) tells of the scheduler; the table below has every point.
        let within: Vec<&Point> = self.points.iter().filter(|p| p.threads > 1 && p.threads <= self.limits.available).collect();
        let fractions: Vec<String> = within[within.len().saturating_sub(4)..]
            .iter()
            .filter_map(|p| {
                let e = p.karp_flatt?;
                let interval = e.ci.map(|(l, h)| format!(" [{:.1}, {:.1}]", l * 100.0, h * 100.0)).unwrap_or_default();
                Some(format!("e({}) = {:.1} %{interval}", p.threads, e.value * 100.0))
            })
            .collect();
        if !fractions.is_empty() {
            lines.push(format!("Serial fraction by Karp-Flatt: {}.", fractions.join(", ")));
        }
        lines.push(match &self.amdahl {
            Amdahl::Fitted(fit) => {
                let interval = fit.ci.map(|(l, h)| format!(", 95 % interval [{:.1}, {:.1}]", l * 100.0, h * 100.0));
                format!(
                    "Amdahl's law fitted (dashes through the points): serial part {:.1} %{}.",
                    fit.value * 100.0,
                    interval.unwrap_or_default()
                )
            }
            Amdahl::Refused(why) => capital(why) + ".",
        });
        lines
    }

    /// Many threads: both axes of the speed-up are logarithmic, so that small counts keep their place.
    fn logarithmic(&self) -> bool {
        self.points.last().is_some_and(|p| p.threads > 16)
    }

    fn panel(&self, from: f64, to: f64, y: Axis) -> Panel {
        let most = self.points.last().map_or(2, |p| p.threads).max(2) as f64;
        let x = count_axis(most, self.logarithmic(), (from, to), LABEL_ROOM);
        Panel { x, y, threads: self.points.iter().map(|p| p.threads).collect(), workers: self.workers }
    }

    fn draw_speedup(&self, canvas: &mut Canvas, top: f64, bottom: f64) {
        let most = self.points.last().map_or(2, |p| p.threads).max(2) as f64;
        let fastest = self.points.iter().map(|p| p.speedup.ci.map_or(p.speedup.value, |c| c.1)).fold(0.0, f64::max);
        let high = most.min(self.limits.available.max(2) as f64).max(fastest);
        // A wild guess must not press the points together.
        let high = high.max(self.guess.filter(|guess| *guess < 3.0 * high).unwrap_or(0.0)) * 1.12;
        let slowest = self.points.iter().map(|p| p.speedup.ci.map_or(p.speedup.value, |c| c.0)).fold(1.0, f64::min);
        let (y, ticks) = if self.logarithmic() {
            let y = Axis::log(slowest * 0.7, high, bottom, top);
            (y, y.powers_of_two())
        } else {
            let y = Axis::linear(0.0, high, bottom, top);
            (y, y.values(5))
        };
        let panel = self.panel(58.0, 480.0, y);
        let title = self.what() + if self.logarithmic() { " (both axes logarithmic)" } else { "" };
        panel.draw_frame(canvas, &title, &ticks, |v| format!("{} ×", trim(v)));
        panel.draw_limits(canvas, self.limits);
        panel.draw_ideal(canvas, high, self.limits.available);
        if let Amdahl::Fitted(fit) = &self.amdahl {
            // Nothing is drawn beyond the CPUs there are: it would be a guess.
            let end = most.min(self.limits.available as f64);
            let curve: Vec<_> = (0..=60)
                .map(|i| end.powf(f64::from(i) / 60.0))
                .map(|p| (panel.x.px(p), panel.y.px(amdahl_speedup(fit.value, p))))
                .collect();
            canvas.dashed(&curve, FIT, 2.0, 7.0, 4.0);
        }
        let points: Vec<_> = self.points.iter().map(|p| (panel.x.px(p.threads as f64), panel.y.px(p.speedup.value))).collect();
        canvas.path(points.clone(), COLOUR.alpha(0.55), 1.5);
        for (point, at) in self.points.iter().zip(points) {
            if let Some((low, h)) = point.speedup.ci {
                whisker(canvas, at.0, panel.y.px(low), panel.y.px(h));
            }
            canvas.disc(at, 5.0, COLOUR);
            canvas.disc(at, 2.0, theme::PANEL);
        }
        panel.name_ideal(canvas, high, self.limits.available);
        // The curve bends towards the right and down, so there is room below right of each point.
        let labels = self.points.iter().map(|p| (p.threads, format!("{:.2}", p.speedup.value), panel.y.px(p.speedup.value) + 14.0));
        panel.draw_labels(canvas, labels.collect(), false);
        self.draw_guess(canvas, &panel, high);
    }

    /// The guess as a hollow square at the largest count, named at its left; one above the plot as an arrow.
    fn draw_guess(&self, canvas: &mut Canvas, panel: &Panel, high: f64) {
        let (Some(guess), Some(last)) = (self.guess, self.points.last()) else { return };
        let x = panel.x.px(last.threads as f64);
        let above = guess > high;
        let y = if above { panel.y.to_px + 12.0 } else { panel.y.px(guess.max(panel.y.low)) };
        if above {
            canvas.area(vec![(x - 6.0, y + 5.0), (x, y - 6.0), (x + 6.0, y + 5.0)], theme::INK);
        } else {
            canvas.outline((x - 5.5, y - 5.5), (x + 5.5, y + 5.5), theme::INK, 2.0);
        }
        let label = format!("your guess: {guess:.2}");
        let width = text_width(&label, theme::BODY, true);
        canvas.rect((x - 14.0 - width, y - 8.0), (x - 10.0, y + 7.0), theme::PANEL);
        canvas.text_middle((x - 11.0, y), label, Type::new(theme::BODY).bold().align(Align::Right));
    }

    fn draw_efficiency(&self, canvas: &mut Canvas, top: f64, bottom: f64) {
        let best = self.points.iter().map(Point::efficiency).fold(1.0, f64::max);
        let y = Axis::linear(0.0, best * 1.12, bottom, top);
        let panel = self.panel(550.0, theme::WIDTH - theme::MARGIN, y);
        panel.draw_frame(canvas, &format!("efficiency per {}", self.workers.one), &y.values(5), |v| format!("{:.0} %", v * 100.0));
        let y = panel.y.px(1.0);
        canvas.dashed(&[(panel.x.from_px, y), (panel.x.to_px, y)], theme::AXIS, 1.5, 6.0, 4.0);
        let points: Vec<_> = self.points.iter().map(|p| (panel.x.px(p.threads as f64), panel.y.px(p.efficiency()))).collect();
        canvas.path(points.clone(), COLOUR.alpha(0.55), 1.5);
        for (point, at) in self.points.iter().zip(points) {
            if let Some((low, high)) = point.speedup.ci {
                let threads = point.threads as f64;
                whisker(canvas, at.0, panel.y.px(low / threads), panel.y.px(high / threads));
            }
            canvas.area(vec![(at.0, at.1 - 6.0), (at.0 + 6.0, at.1), (at.0, at.1 + 6.0), (at.0 - 6.0, at.1)], COLOUR);
        }
        // Efficiency falls to the right, so there is room above right of each point.
        let labels = self.points.iter().map(|p| (p.threads, format!("{:.0} %", p.efficiency() * 100.0), panel.y.px(p.efficiency()) - 7.0));
        panel.draw_labels(canvas, labels.collect(), true);
    }

    fn alt(&self, first: &Point) -> String {
        let one = self.workers.one;
        let points: Vec<String> = self
            .points
            .iter()
            .filter(|p| p.threads > 1)
            .map(|p| format!("{:.2} times with {}", p.speedup.value, self.workers.count(p.threads)))
            .collect();
        let guess = self.guess.map(|guess| format!(" The guess for the largest count was {guess:.2} times.")).unwrap_or_default();
        format!(
            "Speed-up of {} over one {one}, which takes {}; higher is better, the ideal line is the {one} count. Measured: {}.{guess}",
            self.title,
            time(first.time.median),
            if points.is_empty() { format!("one {one} only") } else { points.join(", ") },
        )
    }

    fn text(&self) -> String {
        let mut out = format!("{}\n{}, higher is better; {}\n", self.title, self.what(), self.note);
        let most = self.points.iter().map(|p| p.speedup.value.max(p.threads as f64)).fold(1.0, f64::max);
        for p in &self.points {
            let interval = p.speedup.ci.map(|(l, h)| format!(" [{l:.2}, {h:.2}]")).unwrap_or_default();
            let bar = text::bar(p.speedup.value / most, 30);
            out.push_str(&format!(
                "{:>3} │{bar:<30}│ {:.2} ×{interval}, efficiency {}, {}\n",
                p.threads,
                p.speedup.value,
                percent(p.efficiency()),
                time(p.time.median),
            ));
        }
        if let Some(guess) = self.guess {
            out.push_str(&format!("your guess for the largest count: {guess:.2} ×\n"));
        }
        for line in self.findings() {
            out.push_str(&line);
            out.push('\n');
        }
        out
    }
}

impl Panel {
    /// Marks where physical cores and available CPUs end.
    pub(super) fn draw_limits(&self, canvas: &mut Canvas, limits: Limits) {
        let (top, bottom, panel) = (self.y.to_px, self.y.from_px, self);
        let most = panel.x.high;
        if limits.available < *panel.threads.last().unwrap_or(&0) {
            canvas.rect((panel.x.px(limits.available as f64), top), (panel.x.to_px, bottom), theme::INK.alpha(0.05));
            let style = Type::new(theme::SMALL).colour(theme::MUTED).align(Align::Right);
            canvas.text((panel.x.to_px - 6.0, bottom - 8.0), format!("more {} than CPUs", self.workers.many), style);
        }
        let physical = limits.physical.filter(|p| *p < limits.available).map(|p| (p, plural(p, "physical core")));
        let because = limits.because.map(|because| format!(" ({because})")).unwrap_or_default();
        let cpus = format!("{} available{because}", plural(limits.available, "CPU"));
        let marks = physical.into_iter().chain([(limits.available, cpus)]);
        let mut taken = f64::NEG_INFINITY;
        for (threads, label) in marks.filter(|(t, _)| (*t as f64) <= most) {
            let x = panel.x.px(threads as f64);
            canvas.dashed(&[(x, top), (x, bottom)], theme::AXIS, 1.25, 2.0, 3.0);
            let middle = frame::keep_inside(x, &label, theme::SMALL, false, panel.x.from_px, panel.x.to_px);
            let half = text_width(&label, theme::SMALL, false) / 2.0;
            // A second label that would touch the first goes one line higher.
            let y = if middle - half < taken + 6.0 { top - 17.0 } else { top - 5.0 };
            taken = middle + half;
            canvas.text((middle, y), label, Type::new(theme::SMALL).colour(theme::MUTED).align(Align::Centre));
        }
    }

    pub(super) fn draw_frame(&self, canvas: &mut Canvas, title: &str, ticks: &[f64], label: impl Fn(f64) -> String) {
        let (top, bottom) = (self.y.to_px, self.y.from_px);
        for &value in ticks {
            let y = self.y.px(value);
            canvas.line((self.x.from_px, y), (self.x.to_px, y), theme::GRID, 1.0);
            let style = Type::new(theme::SMALL).colour(theme::MUTED).align(Align::Right);
            canvas.text_middle((self.x.from_px - 7.0, y), label(value), style);
        }
        let mut taken = f64::NEG_INFINITY;
        for threads in &self.threads {
            let x = self.x.px(*threads as f64);
            canvas.line((x, bottom), (x, bottom + 5.0), theme::AXIS, 1.0);
            let text = threads.to_string();
            let half = text_width(&text, theme::SMALL, false) / 2.0;
            if x - half > taken + 4.0 {
                canvas.text((x, bottom + 18.0), text, Type::new(theme::SMALL).colour(theme::MUTED).align(Align::Centre));
                taken = x + half;
            }
        }
        canvas.line((self.x.from_px, bottom), (self.x.to_px, bottom), theme::AXIS, 1.25);
        canvas.line((self.x.from_px, top), (self.x.from_px, bottom), theme::AXIS, 1.25);
        let middle = (self.x.from_px + self.x.to_px) / 2.0;
        canvas.text((middle, bottom + 35.0), self.workers.many, Type::new(theme::BODY).align(Align::Centre));
        canvas.text((self.x.from_px - 36.0, top - 24.0), title, Type::new(theme::BODY).bold());
    }

    /// The line S = p, dashed.
    pub(super) fn draw_ideal(&self, canvas: &mut Canvas, high: f64, available: usize) {
        let (from, to) = self.ideal(high, available);
        canvas.dashed(&[from, to], theme::AXIS, 1.75, 6.0, 4.0);
    }

    /// The name of that line, above what passes behind it.
    pub(super) fn name_ideal(&self, canvas: &mut Canvas, high: f64, available: usize) {
        let (from, to) = self.ideal(high, available);
        let at = (from.0 + (to.0 - from.0) * 0.6, from.1 + (to.1 - from.1) * 0.6);
        canvas.rect((at.0 - 46.0, at.1 - 20.0), (at.0 - 7.0, at.1 - 4.0), theme::PANEL.alpha(0.85));
        canvas.text((at.0 - 9.0, at.1 - 7.0), "ideal", Type::new(theme::BODY).colour(theme::MUTED).align(Align::Right));
    }

    /// Both ends of the line.
    fn ideal(&self, high: f64, available: usize) -> ((f64, f64), (f64, f64)) {
        let end = (*self.threads.last().unwrap_or(&2)).max(2).min(available.max(2)) as f64;
        let end = end.min(high);
        ((self.x.px(1.0), self.y.px(1.0)), (self.x.px(end), self.y.px(end)))
    }

    /// Value labels (threads, text, baseline) right of their points, left out where they would touch.
    fn draw_labels(&self, canvas: &mut Canvas, labels: Vec<(usize, String, f64)>, cleared: bool) {
        // From the right: the largest thread count must keep its label.
        let mut limit = f64::INFINITY;
        for (threads, label, y) in labels.into_iter().rev() {
            let room = text_width(&label, theme::SMALL, true);
            let x = self.x.px(threads as f64) + 8.0;
            if x + room + 2.0 > limit {
                continue;
            }
            limit = x;
            if cleared {
                canvas.rect((x - 1.0, y - 9.0), (x + room + 1.0, y + 2.0), theme::PANEL);
            }
            canvas.text((x, y), label, Type::new(theme::SMALL).bold());
        }
    }
}

pub(super) fn whisker(canvas: &mut Canvas, x: f64, from: f64, to: f64) {
    canvas.line((x, from), (x, to), theme::INK, 1.5);
    for y in [from, to] {
        canvas.line((x - 5.0, y), (x + 5.0, y), theme::INK, 1.5);
    }
}

pub(super) fn trim(value: f64) -> String {
    if value.fract().abs() < 1e-9 { format!("{value:.0}") } else { format!("{value:.1}") }
}

fn plural(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
#[path = "speedup_tests.rs"]
mod tests;
