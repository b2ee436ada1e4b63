//! `%%parallel`: the same code on Rayon pools of different sizes.

use serde_json::{Value, json};

use crate::charts::speedup::Speedup;
use crate::error::MagicError;
use crate::host::Host;
use crate::machine::Machine;
use crate::measure::codegen::Wrap;
use crate::measure::report::{self, Remark};
use crate::measure::run::{self, Collected};
use crate::measure::{names, result};
use crate::registry::{Call, Magic};
use crate::spec::{Example, Kind, OptionSpec, Positional, PositionalKind, Spec, ValueKind};
use crate::stats::Noise;
use crate::stats::bootstrap::SEED;
use crate::stats::noise::Surroundings;
use crate::stats::scaling::{self, Amdahl, Point, Sweep};
use crate::table::{Heading, Table};
use crate::units::{Scale, percent};

const BUDGET_S: f64 = 10.0;
const ROUNDS: i64 = 15;
/// More threads than this measure the scheduler, and may not start at all.
const MOST_THREADS: usize = 1024;

static SPEC: Spec = Spec {
    name: "parallel",
    kind: Kind::Both,
    summary: "Runs Rust code on Rayon pools of 1, 2, … threads: speed-up chart with the ideal line",
    category: "Measuring",
    options: &[
        OptionSpec::value("threads", ValueKind::List, "Thread counts").short('t').default("1,2,3,4,6,8 … up to the CPUs available"),
        OptionSpec::value("rounds", ValueKind::Int, "Rounds; each runs every thread count once, in random order").default("15"),
        OptionSpec::value("budget", ValueKind::Duration, "Stop after this time, but not before 6 rounds").default("10s"),
    ],
    positional: Some(Positional {
        name: "code",
        kind: PositionalKind::Code,
        required: false,
        help: "`%parallel`: the code to run; `%%parallel`: set-up code, run once and not timed",
    }),
    examples: &[
        Example {
            code: "%%parallel let v: Vec<f64> = (0..1_000_000).map(f64::from).collect();\nuse lab::rayon::prelude::*;\nv.par_iter().map(|x| x.sqrt()).sum::<f64>()",
            about: "A parallel sum of roots",
        },
        Example { code: "%parallel --threads 1,2 --rounds 9 work(&data)", about: "Two thread counts, nine rounds" },
    ],
    details: "Every sample runs in a fresh Rayon pool, so only code that uses Rayon is spread over the threads. The speed-up of a \
thread count comes from pairs of the same round, its interval from 10,000 resamples of the rounds (seed 42). Amdahl's law is fitted \
from three thread counts above 1 within the CPUs available; with fewer, only the points and the Karp-Flatt fraction are given.",
};

/// The magic.
pub struct Parallel;

/// What was measured, in numbers.
struct Scaling {
    title: String,
    sweeps: Vec<Sweep>,
    points: Vec<Point>,
    amdahl: Amdahl,
    noise: Noise,
    rounds: usize,
    collected: Collected,
    remarks: Vec<Remark>,
}

impl Magic for Parallel {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn run(&self, call: &Call, host: &mut dyn Host) -> Result<(), MagicError> {
        run::require_code(&call.body, SPEC.name)?;
        let available = Machine::read().available_cpus;
        let (threads, added) = threads(call, available)?;
        let variables = host.variables();
        let inputs = names::inputs(&call.body, &[&call.rest], &variables);
        let wrap = Wrap { body: &call.body, setup: &call.rest, inputs: &inputs, config: config(call)? };
        let doing = format!("timing on {} thread counts", threads.len());
        let collected = run::run(host, &call.live, &wrap.parallel(&threads), &doing, SPEC.name)?;
        let mut scaling = Scaling::new(&call.body, available, collected)?;
        if added {
            scaling.remarks.push(Remark::note("1 thread was added: speed-up needs it as its base", ""));
        }
        let result = crate::results::record(scaling.result(), None);
        host.display(&scaling.chart(available)?.bundle().with_result(result.clone()));
        host.display(&scaling.report(available).with_result(result));
        scaling.collected.end()
    }
}

fn config(call: &Call) -> Result<Value, MagicError> {
    let rounds = call.options.int("rounds").unwrap_or(ROUNDS);
    if !(1..=10_000).contains(&rounds) {
        let hint = Some("give a whole number from 1 to 10000; 15 and more give useful intervals".into());
        return Err(call.options.error_at("rounds", format!("`{rounds}` is out of range"), hint));
    }
    let budget = call.options.duration_s("budget").unwrap_or(BUDGET_S);
    Ok(json!({"rounds": rounds, "budget_s": budget, "seed": SEED}))
}

/// Thread counts, ascending, and whether 1 had to be added.
fn threads(call: &Call, available: usize) -> Result<(Vec<usize>, bool), MagicError> {
    let Some(items) = call.options.list("threads") else { return Ok((default_threads(available), false)) };
    let mut threads = Vec::new();
    for item in items {
        match item.parse::<usize>() {
            Ok(n) if (1..=MOST_THREADS).contains(&n) => threads.push(n),
            _ => {
                let hint = Some(format!("whole numbers from 1 to {MOST_THREADS}, for example `--threads 1,2,4`"));
                return Err(call.options.error_at("threads", format!("`{item}` is no thread count"), hint));
            }
        }
    }
    let added = !threads.contains(&1);
    if added {
        threads.push(1);
    }
    threads.sort_unstable();
    threads.dedup();
    Ok((threads, added))
}

/// 1, 2, 3, 4, 6, 8, 12, 16 … up to the CPUs available, which are always in it.
fn default_threads(available: usize) -> Vec<usize> {
    let doubling = (0..).flat_map(|e: u32| [4_usize << e, 6_usize << e]).take_while(|n| *n <= available);
    let mut threads: Vec<usize> = [1, 2, 3].into_iter().filter(|n| *n <= available).chain(doubling).collect();
    if !threads.contains(&available) {
        threads.push(available);
    }
    threads
}

impl Scaling {
    fn new(body: &str, available: usize, collected: Collected) -> Result<Self, MagicError> {
        let sweeps = sweeps(&collected);
        let points = scaling::points(&sweeps, SEED);
        if points.is_empty() {
            // Interrupted before one thread had its turn: there is nothing to compare with.
            let none = MagicError::new("MeasureError", "no run with one thread came to its end").hint("give it more time");
            return Err(collected.interrupted.unwrap_or(none));
        }
        let around = Surroundings {
            load_before: collected.load.before.load,
            cpus: available,
            steal_s: collected.load.steal_s(),
            involuntary_switches: None,
        };
        let noise = Noise::worst(points.iter().filter(|p| p.threads <= available).filter_map(|p| {
            let samples = &sweeps.iter().find(|s| s.threads == p.threads)?.samples;
            Some(Noise::judge(samples, &p.time, &around))
        }));
        let rounds = sweeps.iter().map(|s| s.samples.len()).max().unwrap_or(0);
        let mut remarks = Vec::new();
        if collected.interrupted.is_some() {
            remarks.push(Remark::warning(format!("interrupted: this is the part measured so far, {rounds} rounds"), ""));
        }
        remarks.extend(no_speedup(body, &points, available));
        remarks.extend(report::noise_remarks(&noise));
        let amdahl = scaling::amdahl(&sweeps, available, SEED);
        Ok(Self { title: run::title(body), sweeps, points, amdahl, noise, rounds, collected, remarks })
    }

    fn chart(&self, available: usize) -> Result<crate::charts::Chart, MagicError> {
        let part = if self.collected.interrupted.is_some() { "Interrupted, a part only: " } else { "" };
        let chart = Speedup {
            title: self.title.clone(),
            note: format!("{part}{} rounds, thread counts in random order (seed {SEED}).", self.rounds),
            points: self.points.clone(),
            amdahl: self.amdahl.clone(),
            available,
            physical: Machine::read().usable_cores(),
            footer: report::footer(&self.collected.load, Some(&self.noise)),
        };
        chart.draw()
    }

    fn report(&self, available: usize) -> crate::bundle::Bundle {
        let headings = ["threads", "time, median [95 % interval]", "speed-up [95 % interval]", "efficiency", "Karp-Flatt e(p)"];
        let rows = self.points.iter().map(|p| {
            let interval = p.speedup.ci.map(|(low, high)| format!(" [{low:.2}, {high:.2}]")).unwrap_or_default();
            let over = if p.threads > available { " (more than CPUs)" } else { "" };
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
        if let Some(compile) = self.collected.compile_s {
            caption.push(format!("compile time {} (not counted); noise verdict: {}", crate::units::time(compile), self.noise.short()));
        } else {
            caption.push(format!("noise verdict: {}", self.noise.short()));
        }
        let table = Table { headings: headings.iter().map(|h| Heading::number(h)).collect(), rows: rows.collect(), caption, marked: false };
        report::bundle(&table, &self.remarks, &self.collected.load)
    }

    fn result(&self) -> Value {
        let variants = self.points.iter().map(|p| {
            let samples = self.sweeps.iter().find(|s| s.threads == p.threads).map(|s| s.samples.as_slice()).unwrap_or_default();
            let mut fields = result::rust_variant(&label(p.threads))
                .with("threads", p.threads)
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
        result::object(SPEC.name, &self.title, variants.collect(), Some(&self.noise), &self.collected.load)
            .with("seed", SEED)
            .with("rounds", self.rounds)
            .with("baseline", label(1))
            .with("amdahl", fit)
            .with("warnings", warnings)
            .maybe("compile_s", self.collected.compile_s)
            .maybe("partial", self.collected.interrupted.is_some().then_some(true))
            .value()
    }
}

/// What the variant of a thread count is called.
fn label(threads: usize) -> String {
    if threads == 1 { "1 thread".into() } else { format!("{threads} threads") }
}

/// Samples by thread count: from the result, or from the single events of an interrupted run.
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

/// Advice when no thread count helped.
fn no_speedup(body: &str, points: &[Point], available: usize) -> Option<Remark> {
    let mut more = points.iter().filter(|p| p.threads > 1 && p.threads <= available).peekable();
    more.peek()?;
    if !more.all(|p| (0.85..1.15).contains(&p.speedup.value)) {
        return None;
    }
    let words: Vec<&str> = crate::rust_text::tokens(body).map(|t| t.text(body)).collect();
    let rayon = words.iter().any(|w| w.starts_with("par_") || w.starts_with("into_par") || *w == "rayon" || *w == "join" || *w == "scope");
    Some(if rayon {
        Remark::note(
            "more threads made no difference: the code is serial, too short, or limited by memory",
            "a larger input, or `%%profile` to see where the time goes",
        )
    } else {
        Remark::warning(
            "more threads made no difference, and the code names nothing of Rayon: it most likely runs on one thread, or on a pool of \
             its own (as Polars does)",
            "`use lab::rayon::prelude::*;` and `par_iter()` instead of `iter()`",
        )
    })
}

#[cfg(test)]
#[path = "parallel_tests.rs"]
mod tests;
