//! `%%parallel`: the same code on different numbers of threads or processes.

mod advice;
mod many;
mod scaling;
mod series;
mod shown;

use scaling::Scaling;
use serde_json::{Value, json};

use crate::charts::speedup::{PROCESSES, THREADS};
use crate::error::MagicError;
use crate::host::Host;
use crate::machine::Machine;
use crate::measure::codegen::Wrap;
use crate::measure::language::{self, Language};
use crate::measure::report::Remark;
use crate::measure::run;
use crate::measure::{names, predict, python};
use crate::registry::{Call, Magic};
use crate::sections;
use crate::spec::{Example, Kind, OptionSpec, Positional, PositionalKind, Spec, ValueKind};
use crate::stats::bootstrap::SEED;

const BUDGET_S: f64 = 10.0;
const ROUNDS: i64 = 15;
/// More threads than this measure the scheduler, and may not start at all.
const MOST_THREADS: usize = 1024;

static SPEC: Spec = Spec {
    name: "parallel",
    kind: Kind::Both,
    summary: "Runs code on 1, 2, … threads (Rust: Rayon pools; Python: also processes): speed-up chart with the ideal line",
    category: "Measuring",
    options: &[
        OptionSpec::value("threads", ValueKind::List, "Counts of threads, or of processes")
            .short('t')
            .default("1,2,3,4,6,8 … up to the CPUs available"),
        OptionSpec::value("rounds", ValueKind::Int, "Rounds; each runs every thread count once, in random order").default("15"),
        OptionSpec::value("budget", ValueKind::Duration, "Stop after this time, but not before 6 rounds").default("10s"),
        predict::FACTOR,
        language::LANG,
        OptionSpec::value("backend", ValueKind::Choice(&[THREADS.many, PROCESSES.many]), "With `--lang python`: what runs the code")
            .default("threads"),
        language::ENV,
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
        Example {
            code: "%%parallel --lang python --backend processes\nsum(n * n for n in share(range(1_000_000)))",
            about: "Python: each worker does its share of the squares",
        },
        Example {
            code: "%%parallel\n%% rust label=Rayon\nuse lab::rayon::prelude::*;\n(0..1_000_000_u64).into_par_iter().map(|n| n * n).sum::<u64>()\n%% rust sequential\n(0..1_000_000_u64).map(|n| n * n).sum::<u64>()\n%% python backend=threads\nsum(n * n for n in share(range(1_000_000)))\n%% python backend=processes\nsum(n * n for n in share(range(1_000_000)))\n%% sql engine=duckdb\nSELECT sum(range * range) FROM range(1000000)",
            about: "Rayon, Python's threads and processes, and an engine on one chart",
        },
    ],
    details: "Every sample runs in a fresh Rayon pool, so only code that uses Rayon is spread over the threads. The speed-up of a \
thread count comes from pairs of the same round, its interval from 10,000 resamples of the rounds (seed 42). Amdahl's law is fitted \
from three thread counts above 1 within the CPUs available; with fewer, only the points and the Karp-Flatt fraction are given.\n\nPython has no pool that takes a piece of code apart. \
Each of p workers runs the code once per run, with `worker` (from 0) and `workers` (p), and `share(sequence)`, its part of a sequence; \
the time of a run is that from the first worker's begin to the last one's end. Threads and processes are started once and warmed up; \
starting them is told apart. Processes are forks with all variables of the moment, and what they change is lost with them; libraries \
with threads of their own (Polars) may hang in a fork. An interrupt ends them.\n\nHeader lines `%% rust`, `%% python` and `%% sql` \
make sections, which are swept together: in each round every section runs once with every count, in random order, and one chart shows \
the speed-up of each over its own time with one. A header takes `label=…`; Python `backend=threads|processes` and `env=…`; SQL \
`engine=…` and `connect=…`, and is timed in the engine's own seconds; a section with the word `sequential` runs with one only, and the others \
are held against the best of these as well. Polars has one process per thread count, of which two live at a time.",
};

/// The magic.
pub struct Parallel;

impl Magic for Parallel {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn run(&self, call: &Call, host: &mut dyn Host) -> Result<(), MagicError> {
        run::require_code(&call.body, SPEC.name)?;
        let language = Language::of(call, &["backend"])?;
        let guess = predict::factor_of(call)?;
        let available = Machine::read().available_cpus;
        let (counts, added) = threads(call, available)?;
        if call.is_cell
            && let Some(split) = sections::split(&call.body, call.body_line)?
        {
            for option in ["lang", "backend", "env"] {
                if call.options.has(option) {
                    let hint = Some(format!("leave `--{option}` out: each section's header says it"));
                    return Err(call.options.error_at(option, format!("`--{option}` and sections exclude each other"), hint));
                }
            }
            let config = config(call)?;
            let plan = many::Plan {
                rounds: config["rounds"].as_u64().unwrap_or_default() as usize,
                budget_s: config["budget_s"].as_f64().unwrap_or(BUDGET_S),
                available,
            };
            return many::run(call, &split, &counts, plan, host);
        }
        let workers = if call.options.text("backend") == Some(PROCESSES.many) { PROCESSES } else { THREADS };
        let doing = format!("timing on {} {} counts", counts.len(), workers.one);
        let collected = match language {
            // Only sections measure SQL; `--lang` has no `sql` here.
            Language::Rust | Language::Sql { .. } => {
                let variables = host.variables();
                let inputs = names::inputs(&call.body, &[&call.rest], &variables);
                let wrap = Wrap { body: &call.body, setup: &call.rest, inputs: &inputs, config: config(call)? };
                run::run(host, &call.live, &wrap.parallel(&counts), &doing, SPEC.name)?
            }
            Language::Python { env } => {
                python::run(host, call, env, &python::parallel(call, &counts, workers.many, &config(call)?), &doing)?
            }
        };
        let mut scaling = Scaling::new(&call.body, language, workers, available, collected)?;
        scaling.guess = guess;
        if added {
            scaling.remarks.push(Remark::note(format!("1 {} was added: speed-up needs it as its base", workers.one), ""));
        }
        let result = crate::results::record(scaling.result(), None);
        host.display(&scaling.chart()?.bundle().with_result(result.clone()));
        host.display(&scaling.report().with_result(result));
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

#[cfg(test)]
mod tests;
