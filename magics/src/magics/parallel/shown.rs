//! What came of several series: chart, table, result object.

use serde_json::{Value, json};

use super::advice;
use super::scaling::{karp_flatt_text, usl_text};
use super::series::{Gap, Series};
use crate::charts::Chart;
use crate::charts::colours::{self, Look};
use crate::charts::speedup::Limits;
use crate::charts::speedups::{self, Speedups};
use crate::error::MagicError;
use crate::machine::{LoadSpan, Machine, build_line, build_line_of};
use crate::measure::python::Interpreter;
use crate::measure::report::{self, Remark};
use crate::measure::result;
use crate::stats::bootstrap::SEED;
use crate::stats::scaling::{self, Amdahl, Point, Sweep};
use crate::stats::{Estimate, Noise, ratio_of_pairs};
use crate::table::{Heading, Table};
use crate::units::{Scale, percent};

/// A series with what was found out.
struct Found {
    series: Series,
    points: Vec<Point>,
    amdahl: Amdahl,
    /// Time of the best sequential code over the time at each count, in the order of `points`.
    over_sequential: Vec<Option<Estimate>>,
}

/// Everything that is shown.
pub struct Outcome {
    found: Vec<Found>,
    rounds: usize,
    available: usize,
    load: LoadSpan,
    partial: bool,
    noise: Noise,
    remarks: Vec<Remark>,
    /// The best sequential code's index.
    best: Option<usize>,
}

impl Found {
    /// The largest count within the CPUs, else the largest.
    fn last(&self, available: usize) -> Option<usize> {
        self.points.iter().rposition(|point| point.threads <= available).or(self.points.len().checked_sub(1))
    }

    fn gap(&self) -> Option<String> {
        let Gap { status, reason } = self.series.gap.as_ref()?;
        let words = match *status {
            "unavailable" => "not available here",
            "timeout" => "stopped: took too long",
            "out_of_memory" => "out of memory",
            _ => "failed",
        };
        Some(format!("{words}: {reason}"))
    }
}

impl Outcome {
    /// Judges the samples.
    ///
    /// # Errors
    /// No series came to a sample with one worker.
    pub fn new(series: Vec<Series>, rounds: usize, available: usize, load: LoadSpan, partial: bool) -> Result<Self, MagicError> {
        let around = load.surroundings(available, None);
        let mut found: Vec<Found> = series
            .into_iter()
            .map(|series| {
                let sweeps = taken(&series);
                let points = scaling::points(&sweeps, SEED);
                Found { amdahl: scaling::amdahl(&sweeps, available, SEED), points, series, over_sequential: Vec::new() }
            })
            .collect();
        if found.iter().all(|one| one.points.is_empty()) {
            let why: Vec<String> = found.iter().filter_map(|one| Some(format!("{} ({})", one.series.label, one.gap()?))).collect();
            return Err(MagicError::new("MeasureError", format!("no section could be measured: {}", why.join("; "))));
        }
        let time = |one: &Found| one.points.first().map_or(f64::INFINITY, |point| point.time.median);
        let sequential = found.iter().enumerate().filter(|(_, one)| one.series.sequential && !one.points.is_empty());
        let best = sequential.min_by(|a, b| time(a.1).total_cmp(&time(b.1))).map(|(index, _)| index);
        if let Some(base) = best.map(|index| found[index].series.sweeps[0].samples.clone()) {
            for one in &mut found {
                let over = |point: &Point| {
                    let sweep = one.series.sweeps.iter().find(|sweep| sweep.threads == point.threads)?;
                    ratio_of_pairs(&base, &sweep.samples, SEED)
                };
                one.over_sequential = one.points.iter().map(over).collect();
            }
        }
        let noise = Noise::worst(found.iter().flat_map(|one| {
            one.points.iter().filter(|point| point.threads <= available).filter_map(|point| {
                let sweep = one.series.sweeps.iter().find(|sweep| sweep.threads == point.threads)?;
                Some(Noise::judge(&sweep.samples, &point.time, &around))
            })
        }));
        let mut remarks = Vec::new();
        if partial {
            remarks.push(Remark::warning(format!("interrupted: this is the part measured so far, {rounds} whole rounds"), ""));
        }
        for one in &found {
            remarks.extend(advice_on(one, available));
        }
        remarks.extend(report::noise_remarks(&noise));
        Ok(Self { found, rounds, available, load, partial, noise, remarks, best })
    }

    fn title(&self) -> String {
        let names: Vec<&str> = self.found.iter().filter(|one| !one.series.sequential).map(|one| one.series.label.as_str()).collect();
        match names.as_slice() {
            [one] => format!("Speed-up: {one}"),
            // Labels may have commas of their own.
            [..] if names.iter().any(|name| name.contains(',')) => format!("Speed-up: {}", names.join(" · ")),
            [.., last] => format!("Speed-up: {} and {last}", names[..names.len() - 1].join(", ")),
            [] => "Speed-up".to_owned(),
        }
    }

    fn build(&self) -> String {
        let mut versions: Vec<&str> = Vec::new();
        for version in self.found.iter().filter_map(|one| one.series.version.as_deref()) {
            if !versions.contains(&version) {
                versions.push(version);
            }
        }
        if self.found.iter().any(|one| one.series.lang == "rust") {
            let rust = build_line();
            return if versions.is_empty() { rust } else { format!("{} · {rust}", versions.join(" · ")) };
        }
        build_line_of(&versions.join(" · "))
    }

    /// What the table and the chart both say.
    fn findings(&self) -> Vec<String> {
        let mut findings: Vec<String> = self
            .found
            .iter()
            .filter_map(|one| {
                let after = if one.points.is_empty() { "" } else { ", after some rounds" };
                Some(format!("{}: {}{after}.", one.series.label, one.gap()?.trim_end_matches('.')))
            })
            .collect();
        if let Some(best) = self.best.map(|index| &self.found[index]) {
            let time = &best.points[0].time;
            let took = Scale::of(time.median, time.ci).time(time.median);
            let others = self.found.iter().filter(|one| !one.series.sequential && !one.points.is_empty());
            let told: Vec<String> = others.map(|one| format!("{} {}", one.series.label, overtakes(one))).collect();
            findings.push(format!("Faster than the best sequential code ({}, {took}): {}.", best.series.label, told.join("; ")));
        }
        findings
    }

    /// The chart of all series.
    ///
    /// # Errors
    /// A chart that cannot be drawn.
    pub fn chart(&self) -> Result<Chart, MagicError> {
        let drawn: Vec<&Found> = self.found.iter().filter(|one| !one.points.is_empty() && !one.series.sequential).collect();
        // Where only sequential code is left, that is what there is to draw.
        let drawn = if drawn.is_empty() { self.found.iter().filter(|one| !one.points.is_empty()).collect() } else { drawn };
        let looks = looks(&drawn);
        let part = if self.partial { "Interrupted, a part only: " } else { "" };
        let chart = Speedups {
            title: self.title(),
            note: format!("{part}{} rounds, sections and counts in random order (seed {SEED}).", self.rounds),
            series: drawn
                .iter()
                .zip(looks)
                .map(|(one, look)| speedups::Series { name: one.series.label.clone(), look, points: one.points.clone() })
                .collect(),
            findings: self.findings(),
            limits: Limits { available: self.available, ..Limits::of(Machine::read()) },
            footer: report::footer_of(self.build(), &self.load, Some(&self.noise)),
        };
        chart.draw()
    }

    /// The numbers below the chart.
    pub fn report(&self) -> crate::bundle::Bundle {
        let mut headings = vec![
            Heading::text("section"),
            Heading::number("time with 1 [95 % interval]"),
            Heading::number("at most"),
            Heading::number("time"),
            Heading::number("speed-up [95 % interval]"),
            Heading::number("efficiency"),
            Heading::number("Karp-Flatt e(p)"),
        ];
        if self.best.is_some() {
            headings.push(Heading::number("over the best sequential"));
        }
        let rows = self.found.iter().map(|one| self.row(one)).collect();
        let mut caption = vec![format!("{} rounds; time: lower is better, speed-up: higher is better", self.rounds)];
        caption.extend(self.findings());
        let mut refused: Vec<&str> = Vec::new();
        for one in self.found.iter().filter(|one| !one.series.sequential && !one.points.is_empty()) {
            match &one.amdahl {
                Amdahl::Fitted(fit) => {
                    let interval = fit.ci.map(|(l, h)| format!(" [{:.1}, {:.1}]", l * 100.0, h * 100.0)).unwrap_or_default();
                    caption.push(format!("{}: serial part by Amdahl's law {:.1} %{interval}", one.series.label, fit.value * 100.0));
                }
                Amdahl::Refused(why) if !refused.contains(&why.as_str()) => refused.push(why),
                Amdahl::Refused(_) => {}
            }
        }
        let parallel = |one: &&Found| !one.series.sequential;
        let fractions = self.found.iter().filter(parallel).filter_map(|one| one.points[one.last(self.available)?].karp_flatt.as_ref());
        caption.extend(karp_flatt_text(fractions));
        for one in self.found.iter().filter(|one| !one.series.sequential) {
            let fit = scaling::usl(&taken(&one.series), self.available, SEED);
            caption.extend(fit.map(|fit| format!("{}: {}", one.series.label, usl_text(&fit))));
        }
        caption.extend(refused.into_iter().map(str::to_owned));
        caption.push("each section is held against itself; whether all compute the same is not checked here (`%%compare` does)".into());
        caption.push(format!("noise verdict: {}", self.noise.short()));
        let table = Table { headings, rows, caption, marked: false };
        report::bundle_of(&self.build(), &table, &self.remarks, &self.load)
    }

    fn row(&self, one: &Found) -> Vec<Option<String>> {
        let width = 7 + usize::from(self.best.is_some());
        let mut cells = vec![Some(one.series.label.clone())];
        let (Some(first), Some(at)) = (one.points.first(), one.last(self.available)) else {
            cells.push(Some(one.gap().unwrap_or_else(|| "no sample".into())));
            cells.resize(width, Some("–".into()));
            return cells;
        };
        let last = &one.points[at];
        let interval = |estimate: &Estimate| estimate.ci.map(|(low, high)| format!(" [{low:.2}, {high:.2}]")).unwrap_or_default();
        cells.push(Some(Scale::of(first.time.median, first.time.ci).with_ci(first.time.median, first.time.ci)));
        if last.threads == 1 {
            cells.resize(7, Some("–".into()));
        } else {
            cells.push(Some(one.series.workers.count(last.threads)));
            cells.push(Some(Scale::of(last.time.median, last.time.ci).time(last.time.median)));
            cells.push(Some(format!("{:.2}{}", last.speedup.value, interval(&last.speedup))));
            cells.push(Some(percent(last.efficiency())));
            cells.push(Some(last.karp_flatt.map_or_else(|| "–".into(), |e| format!("{:.1} %", e.value * 100.0))));
        }
        if self.best.is_some() {
            let over = one.over_sequential.get(at).copied().flatten();
            cells.push(Some(over.map_or_else(|| "–".into(), |over| format!("{:.2}{}", over.value, interval(&over)))));
        }
        cells
    }

    /// The result object.
    pub fn result(&self) -> Value {
        let mut variants = Vec::new();
        let mut sections = Vec::new();
        for one in &self.found {
            let series = &one.series;
            let frame = |label: &str| {
                result::variant(label, series.lang)
                    .with("section", series.label.as_str())
                    .maybe("engine", series.engine.as_deref())
                    .maybe("engine_version", series.engine.as_ref().and(series.version.as_deref()))
                    .maybe("backend", (series.lang == "python").then_some(series.workers.many))
                    .maybe("sequential", series.sequential.then_some(true))
            };
            if let Some(gap) = series.gap.as_ref().filter(|_| one.points.is_empty()) {
                variants.push(frame(&series.label).with("status", gap.status).with("reason", gap.reason.as_str()).value());
            }
            for (index, point) in one.points.iter().enumerate() {
                let samples = series.sweeps.iter().find(|sweep| sweep.threads == point.threads).map(|sweep| sweep.samples.as_slice());
                let mut fields = frame(&format!("{}, {}", series.label, series.workers.count(point.threads)))
                    .with("threads", point.threads)
                    .summary(&point.time, samples.unwrap_or_default())
                    .estimate("speedup", &point.speedup)
                    .with("efficiency", point.efficiency());
                if let Some(e) = &point.karp_flatt {
                    fields = fields.estimate("karp_flatt", e);
                }
                if let Some(over) = one.over_sequential.get(index).and_then(Option::as_ref) {
                    fields = fields.estimate("over_sequential", over);
                }
                variants.push(fields.value());
            }
            let fit = match &one.amdahl {
                Amdahl::Fitted(fit) => result::Fields::default().estimate("serial_fraction", fit).value(),
                Amdahl::Refused(why) => json!({ "refused": why }),
            };
            sections.push(
                result::Fields::default()
                    .with("label", series.label.as_str())
                    .with("lang", series.lang)
                    .maybe("start_s", series.start_s)
                    .maybe("python", series.interpreter.as_ref().map(Interpreter::json))
                    .maybe("amdahl", (!series.sequential).then_some(fit))
                    .value(),
            );
        }
        let warnings: Vec<&str> = self.remarks.iter().map(|remark| remark.text.as_str()).collect();
        result::object("parallel", &self.title(), variants, Some(&self.noise), &self.load)
            .with("seed", SEED)
            .with("rounds", self.rounds)
            .with("sections", sections)
            .maybe("best_sequential", self.best.map(|index| self.found[index].series.label.as_str()))
            .with("warnings", warnings)
            .maybe("partial", self.partial.then_some(true))
            .value()
    }
}

/// Counts that have samples, as many of each as pair with those of one worker.
fn taken(series: &Series) -> Vec<Sweep> {
    series.sweeps.iter().filter(|sweep| !sweep.samples.is_empty()).cloned().collect()
}

/// The least count at which a series is surely faster than the best sequential code, in words.
fn overtakes(one: &Found) -> String {
    let surely = |over: &Option<Estimate>| over.and_then(|over| over.ci).is_some_and(|(low, _)| low > 1.0);
    match one.over_sequential.iter().position(surely) {
        Some(at) => format!("from {}", one.series.workers.count(one.points[at].threads)),
        None => "at no count".to_owned(),
    }
}

/// Looks of engines and languages; a second series of one takes what is left.
fn looks(drawn: &[&Found]) -> Vec<Look> {
    let mut used: Vec<&str> = Vec::new();
    let names: Vec<&str> = drawn
        .iter()
        .map(|one| {
            let own = one.series.engine.as_deref().unwrap_or(one.series.lang);
            // A label that is an engine's name has that engine's look in any case.
            let name = if used.contains(&own) { one.series.label.as_str() } else { own };
            used.push(own);
            name
        })
        .collect();
    colours::series(&names)
}

/// What to try for one series.
fn advice_on(one: &Found, available: usize) -> Option<Remark> {
    if one.series.sequential || one.points.is_empty() {
        return None;
    }
    let mut remark = match one.series.lang {
        "rust" => advice::for_rust(&one.series.body, &one.points, available),
        "python" => advice::for_python(one.series.interpreter.as_ref(), one.series.workers.many, &one.points, available),
        _ => one.series.other_threads.map(|threads| {
            let used = if threads == 1 { "1 thread".to_owned() } else { format!("{threads} threads") };
            Remark::note(format!("the engine used {used}, whatever it was told"), "")
        }),
    }?;
    remark.text = format!("{}: {}", one.series.label, remark.text);
    Some(remark)
}
