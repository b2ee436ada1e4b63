//! A sweep of worker counts: points, chart, table, result object.

use serde_json::{Value, json};

use super::advice;
use crate::charts::speedup::{Limits, Speedup, Workers};
use crate::error::MagicError;
use crate::machine::Machine;
use crate::measure::language::Language;
use crate::measure::predict;
use crate::measure::python::Interpreter;
use crate::measure::report::{self, Remark};
use crate::measure::result;
use crate::measure::run::{self, Collected};
use crate::stats::Estimate;
use crate::stats::Noise;
use crate::stats::bootstrap::SEED;
use crate::stats::scaling::{self, Amdahl, Point, Sweep, Usl};
use crate::table::{Heading, Table};
use crate::units::{Scale, percent, time};

/// A sweep of worker counts, in numbers.
pub struct Scaling {
    title: String,
    lang: &'static str,
    workers: Workers,
    available: usize,
    sweeps: Vec<Sweep>,
    points: Vec<Point>,
    amdahl: Amdahl,
    noise: Noise,
    rounds: usize,
    pub collected: Collected,
    pub remarks: Vec<Remark>,
    /// The speed-up that was predicted for the largest count.
    pub guess: Option<f64>,
}

impl Scaling {
    /// Judges what came back of code that is called `body`.
    ///
    /// # Errors
    /// Nothing with one worker came back, or an interrupt before that.
    pub fn new(body: &str, language: Language<'_>, workers: Workers, available: usize, collected: Collected) -> Result<Self, MagicError> {
        let sweeps = sweeps(&collected);
        let points = scaling::points(&sweeps, SEED);
        if points.is_empty() {
            // Interrupted before one worker had its turn: there is nothing to compare with.
            let none =
                MagicError::new("MeasureError", format!("no run with one {} came to its end", workers.one)).hint("give it more time");
            return Err(collected.interrupted.unwrap_or(none));
        }
        let around = collected.load.surroundings(available, None);
        let noise = Noise::worst(points.iter().filter(|p| p.threads <= available).filter_map(|p| {
            let samples = &sweeps.iter().find(|s| s.threads == p.threads)?.samples;
            Some(Noise::judge(samples, &p.time, &around))
        }));
        let rounds = sweeps.iter().map(|s| s.samples.len()).max().unwrap_or(0);
        let mut remarks = Vec::new();
        if collected.interrupted.is_some() {
            remarks.push(Remark::warning(format!("interrupted: this is the part measured so far, {rounds} rounds"), ""));
        }
        remarks.extend(match language {
            Language::Rust => advice::for_rust(body, &points, available),
            Language::Sql { .. } => None,
            Language::Python { .. } => advice::for_python(collected.python.as_ref(), workers.many, &points, available),
        });
        remarks.extend(report::noise_remarks(&noise));
        let amdahl = scaling::amdahl(&sweeps, available, SEED);
        let title = run::title_without(body, language.comment());
        Ok(Self {
            title,
            lang: language.name(),
            workers,
            available,
            sweeps,
            points,
            amdahl,
            noise,
            rounds,
            collected,
            remarks,
            guess: None,
        })
    }

    /// The speed-up chart.
    ///
    /// # Errors
    /// A chart that cannot be drawn.
    pub fn chart(&self) -> Result<crate::charts::Chart, MagicError> {
        let part = if self.collected.interrupted.is_some() { "Interrupted, a part only: " } else { "" };
        let chart = Speedup {
            title: self.title.clone(),
            workers: self.workers,
            note: format!("{part}{} rounds, {} counts in random order (seed {SEED}).", self.rounds, self.workers.one),
            points: self.points.clone(),
            amdahl: self.amdahl.clone(),
            limits: Limits { available: self.available, ..Limits::of(Machine::read()) },
            guess: self.guess,
            footer: report::footer_of(self.collected.build_line(), &self.collected.load, Some(&self.noise)),
        };
        chart.draw()
    }

    /// The numbers below the chart.
    pub fn report(&self) -> crate::bundle::Bundle {
        let headings = [self.workers.many, "time, median [95 % interval]", "speed-up [95 % interval]", "efficiency", "Karp-Flatt e(p)"];
        let rows = self.points.iter().map(|p| {
            let interval = p.speedup.ci.map(|(low, high)| format!(" [{low:.2}, {high:.2}]")).unwrap_or_default();
            let over = if p.threads > self.available { " (more than CPUs)" } else { "" };
            let cells = [
                format!("{}{over}", p.threads),
                Scale::of(p.time.median, p.time.ci).with_ci(p.time.median, p.time.ci),
                format!("{:.2}{interval}", p.speedup.value),
                percent(p.efficiency()),
                p.karp_flatt.map_or_else(|| "–".into(), |e| format!("{:.1} %", e.value * 100.0)),
            ];
            cells.into_iter().map(Some).collect()
        });
        let mut caption = vec![format!("{} rounds; time: lower is better, speed-up: higher is better", self.rounds)];
        match &self.amdahl {
            Amdahl::Fitted(fit) => {
                let interval = fit.ci.map(|(l, h)| format!(" [{:.1}, {:.1}]", l * 100.0, h * 100.0)).unwrap_or_default();
                caption.push(format!("Amdahl's law: serial part {:.1} %{interval}", fit.value * 100.0));
            }
            Amdahl::Refused(why) => caption.push(why.clone()),
        }
        if let (Some(guess), Some(last)) = (self.guess, self.points.last()) {
            caption.insert(0, predict::factor_sentence(guess, last.speedup.value));
        }
        caption.extend(karp_flatt_text(self.points.iter().filter_map(|p| p.karp_flatt.as_ref())));
        caption.extend(scaling::usl(&self.sweeps, self.available, SEED).map(|fit| usl_text(&fit)));
        if let Some(compile) = self.collected.compile_s {
            caption.push(format!("compile time {} (not counted); noise verdict: {}", time(compile), self.noise.short()));
        } else {
            caption.push(format!("noise verdict: {}", self.noise.short()));
        }
        if self.collected.python.is_some() {
            let start =
                self.collected.number("start_s").map(|s| format!("starting the {} took {} (not counted); ", self.workers.many, time(s)));
            caption.push(format!("{}garbage collection was off while samples were taken", start.unwrap_or_default()));
        }
        let table = Table { headings: headings.iter().map(|h| Heading::number(h)).collect(), rows: rows.collect(), caption, marked: false };
        report::bundle_of(&self.collected.build_line(), &table, &self.remarks, &self.collected.load)
    }

    /// The result object.
    pub fn result(&self) -> Value {
        let python = self.collected.python.as_ref();
        let variants = self.points.iter().map(|p| {
            let samples = self.sweeps.iter().find(|s| s.threads == p.threads).map(|s| s.samples.as_slice()).unwrap_or_default();
            let mut fields = result::variant(&self.workers.count(p.threads), self.lang)
                .with("threads", p.threads)
                .maybe("backend", python.map(|_| self.workers.many))
                .summary(&p.time, samples)
                .estimate("speedup", &p.speedup)
                .with("efficiency", p.efficiency());
            if let Some(e) = &p.karp_flatt {
                fields = fields.estimate("karp_flatt", e);
            }
            fields.value()
        });
        let fit = match &self.amdahl {
            Amdahl::Fitted(fit) => result::Fields::default().estimate("serial_fraction", fit).value(),
            Amdahl::Refused(why) => json!({ "refused": why }),
        };
        let warnings: Vec<&str> = self.remarks.iter().map(|r| r.text.as_str()).collect();
        result::object("parallel", &self.title, variants.collect(), Some(&self.noise), &self.collected.load)
            .with("seed", SEED)
            .maybe("predicted_speedup", self.guess)
            .with("rounds", self.rounds)
            .with("baseline", self.workers.count(1))
            .with("amdahl", fit)
            .maybe("usl", scaling::usl(&self.sweeps, self.available, SEED).map(|fit| usl_json(&fit)))
            .with("warnings", warnings)
            .maybe("compile_s", self.collected.compile_s)
            .maybe("start_s", self.collected.number("start_s"))
            .maybe("python", python.map(Interpreter::json))
            .maybe("partial", self.collected.interrupted.is_some().then_some(true))
            .value()
    }
}

/// Karp-Flatt fractions that are no share of anything, in words.
pub fn karp_flatt_text<'a>(fractions: impl Iterator<Item = &'a Estimate> + Clone) -> Vec<String> {
    let above = fractions.clone().any(|e| e.value > 1.0);
    let below = fractions.clone().any(|e| e.value < 0.0 && e.ci.is_none_or(|(_, high)| high < 0.0));
    let above = above.then(|| "Karp-Flatt above 100 %: more workers made it slower, which no serial part explains".to_owned());
    let below = below.then(|| {
        "Karp-Flatt below 0: the speed-up is above the number of workers; one worker was slow for a reason of its own, such as too little cache"
            .to_owned()
    });
    above.into_iter().chain(below).collect()
}

/// The universal law's parameters, in words.
pub fn usl_text(fit: &Usl) -> String {
    let interval = |estimate: &Estimate, scale: f64| {
        estimate.ci.map(|(low, high)| format!(" [{:.2}, {:.2}]", low * scale, high * scale)).unwrap_or_default()
    };
    let peak = fit.peak.map_or_else(|| "no peak".to_owned(), |peak| format!("peak near {peak:.0}, a guess beyond what was measured"));
    format!(
        "universal scalability law: contention σ {:.2} %{}, coherence κ {:.3} %{}, {peak}",
        fit.sigma.value * 100.0,
        interval(&fit.sigma, 100.0),
        fit.kappa.value * 100.0,
        interval(&fit.kappa, 100.0)
    )
}

/// The same for a result object.
pub fn usl_json(fit: &Usl) -> Value {
    result::Fields::default().estimate("sigma", &fit.sigma).estimate("kappa", &fit.kappa).maybe("peak", fit.peak).value()
}

/// Samples by worker count: from the result, or from the single events of an interrupted run.
fn sweeps(collected: &Collected) -> Vec<Sweep> {
    let mut sweeps: Vec<Sweep> = Vec::new();
    if let Some(threads) = collected.result.as_ref().and_then(|r| r["threads"].as_array()) {
        for entry in threads {
            let samples = entry["samples_s"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
            sweeps.push(Sweep { threads: entry["threads"].as_u64().unwrap_or(0) as usize, samples });
        }
    } else {
        for sample in &collected.samples {
            let (Some(threads), Some(seconds)) = (sample["threads"].as_u64(), sample["s"].as_f64()) else { continue };
            match sweeps.iter_mut().find(|s| s.threads as u64 == threads) {
                Some(sweep) => sweep.samples.push(seconds),
                None => sweeps.push(Sweep { threads: threads as usize, samples: vec![seconds] }),
            }
        }
    }
    sweeps.retain(|s| s.threads > 0 && !s.samples.is_empty());
    sweeps.sort_by_key(|s| s.threads);
    sweeps
}
