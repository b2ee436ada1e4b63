//! `%%timeit`: one piece of Rust, Python or SQL, timed many times.

mod sql;

use serde_json::{Value, json};

use crate::charts::distribution::Distribution;
use crate::error::MagicError;
use crate::host::Host;
use crate::machine::Machine;
use crate::magics::sql::engines::ENGINES;
use crate::measure::codegen::{self, Wrap};
use crate::measure::language::{self, Language};
use crate::measure::report::{self, Remark};
use crate::measure::run::{self, Collected};
use crate::measure::throughput::{self, Throughput};
use crate::measure::{fooled, names, predict, python, result};
use crate::registry::{Call, Magic};
use crate::results;
use crate::spec::{Example, Kind, OptionSpec, Positional, PositionalKind, Spec, ValueKind};
use crate::stats::{Noise, Summary};
use crate::units::{Scale, count, percent, time};

const BUDGET_S: f64 = 3.0;
/// What measuring itself costs is told from this share of the median on.
const SHOWN: f64 = 0.01;

static SPEC: Spec = Spec {
    name: "timeit",
    kind: Kind::Both,
    summary: "Times Rust, Python or SQL: median with interval, distribution chart, noise verdict",
    category: "Measuring",
    options: &[
        OptionSpec::value("number", ValueKind::Int, "Iterations per sample").short('n').default("chosen, so that a sample takes 1 ms"),
        OptionSpec::value("repeat", ValueKind::Int, "Samples").short('r').default("chosen, 11 to 101 within the budget"),
        OptionSpec::value("setup", ValueKind::Text, "Code run before each iteration, not timed"),
        OptionSpec::value("precision", ValueKind::Int, "Significant digits shown").short('p').default("as many as the interval earns"),
        OptionSpec::flag("time", "Wall-clock time, as without it").short('t'),
        OptionSpec::flag("cpu", "CPU time of the whole process, all its threads, instead of wall-clock time").short('c'),
        OptionSpec::value("budget", ValueKind::Duration, "About how long to measure").default("3s"),
        OptionSpec::value(
            "rows",
            ValueKind::Text,
            "Rows that one iteration works through, a number or an expression: tells rows per second",
        ),
        OptionSpec::value(
            "bytes",
            ValueKind::Text,
            "Bytes that one iteration reads: tells bytes per second, and the share of the memory's bandwidth",
        ),
        OptionSpec::value("label", ValueKind::Text, "Name in `%results` and `%claim`")
            .short('l')
            .default("name of -o, else timeit #1, timeit #2, …"),
        OptionSpec::flag("quiet", "Show nothing").short('q'),
        OptionSpec::value("out", ValueKind::Name, "Bind the result to this variable of the code's language").short('o'),
        OptionSpec::value("variable", ValueKind::Name, "The same as `-o`, and as IPython's `-v`").short('v'),
        predict::TIME,
        language::LANG_OR_SQL,
        language::ENV,
        OptionSpec::value("engine", ValueKind::Choice(ENGINES), "With `--lang sql`: the engine").short('e').default("duckdb"),
        OptionSpec::value("threads", ValueKind::Int, "With `--lang sql`: threads the engine may use").default("all CPUs"),
        OptionSpec::value("connect", ValueKind::Text, "With `--lang sql`: address of a running server, as for `%%sql`"),
    ],
    positional: Some(Positional {
        name: "code",
        kind: PositionalKind::Code,
        required: false,
        help: "`%timeit`: the code to time; `%%timeit`: set-up code, run once and not timed",
    }),
    examples: &[
        Example { code: "%timeit (1..=1000u64).map(|x| x * x).sum::<u64>()", about: "One expression" },
        Example { code: "%%timeit let v: Vec<u64> = (0..100_000).collect();\nv.iter().sum::<u64>()", about: "A cell with set-up" },
        Example {
            code: "%%timeit --setup \"let mut w = v.clone();\" -o sorting\nw.sort();\nw",
            about: "A fresh input for each iteration; the result is bound to `sorting`",
        },
        Example { code: "%%timeit --lang python v = list(range(100_000))\nsum(v)", about: "Python, with set-up" },
        Example {
            code: "%%timeit --bytes \"v.len() * 8\" let v = vec![1.5_f64; 10_000_000];\nv.iter().sum::<f64>()",
            about: "With bytes per second, held against the memory's bandwidth",
        },
        Example {
            code: "%%timeit --lang sql --engine duckdb\nSELECT sum(range) FROM range(1000000)",
            about: "SQL, in the engine's own seconds",
        },
    ],
    details: "The code runs in the release profile. Variables it names are kept opaque to the optimiser, its value is used, and \
dropping that value is not timed. `?` works. Reported are the median with its exact 95 % interval, the fastest sample, the spread \
and the outliers, which are counted and kept.\n\nPython runs as with IPython's `%timeit`: names that the code or its set-up \
assigns are local, others are the variables of `%%python` cells; garbage collection is off; dropping the value, and the loop around \
the code, are part of the time, and an empty loop's time is told.\n\nSQL is timed in the engine's own seconds of plan, execute and \
fetch; the first run is cold (a fresh connection, tables loaded again) and not counted. Tables and `{name}` parameters are those of \
`%%sql`; text after `%%timeit` is SQL that is run once before.\n\n`-n -r -q -p -t -c -v` are IPython's; its `-o` takes no name: here \
`-o NAME` and `-v NAME` are the same. `-c` counts CPU time of all threads of the process, as the system's process clock has it.\n\n`--rows` and `--bytes` take a number, or an expression of the code's language that is computed once, after the set-up. \
The memory's bandwidth is measured once per session: the best of seven passes that add up 64-bit numbers in a buffer of four times the \
last cache (at least 128 MiB), with one thread and with all.\n\nAn interrupt shows the samples taken so far.",
};

/// The magic.
pub struct Timeit;

/// What was measured, in numbers.
struct Timing {
    title: String,
    lang: &'static str,
    samples: Vec<f64>,
    summary: Summary,
    noise: Noise,
    iterations: Option<u64>,
    collected: Collected,
    remarks: Vec<Remark>,
    /// Digits that were asked for.
    digits: Option<i32>,
    /// What an engine told.
    sql: Option<sql::Facts>,
    throughput: Throughput,
    /// CPU time was counted.
    cpu: bool,
    /// What was predicted, in seconds.
    guess: Option<f64>,
}

impl Magic for Timeit {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn run(&self, call: &Call, host: &mut dyn Host) -> Result<(), MagicError> {
        run::require_code(&call.body, SPEC.name)?;
        let language = Language::of(call, &[])?;
        check(call, language)?;
        let name = call.assign.as_deref().or(call.options.text("out")).or(call.options.text("variable"));
        let label = call.options.text("label").or(name);
        let guess = predict::time_of(call, label)?;
        let mut timing = match language {
            Language::Rust => time_rust(call, host)?,
            Language::Python { env } => time_python(call, env, host)?,
            Language::Sql { engine } => time_sql(call, engine, host)?,
        };
        timing.guess = guess;
        timing.throughput(call, host)?;
        let result = results::record(timing.result(), label);
        if !call.options.flag("quiet") {
            host.display(&timing.chart()?.bundle().with_result(result.clone()));
            host.display(&timing.report().with_result(result));
        }
        if let Some(name) = name.filter(|_| timing.collected.interrupted.is_none()) {
            match language {
                Language::Rust | Language::Sql { .. } => drop(host.eval_rust(&codegen::bind_timing(name, &timing.binding()))?),
                Language::Python { env } => {
                    drop(python::run(host, call, env, &python::bind_timing(name, &timing.binding()), "timing")?);
                }
            }
        }
        timing.collected.end()
    }
}

fn time_rust(call: &Call, host: &mut dyn Host) -> Result<Timing, MagicError> {
    let config = config(call)?;
    let each = call.options.text("setup");
    let variables = host.variables();
    let inputs = names::inputs(&call.body, &[&call.rest, each.unwrap_or("")], &variables);
    let amounts = throughput::rust_code(&throughput::asked(call));
    let setup = if amounts.is_empty() { call.rest.clone() } else { format!("{}{amounts}", codegen::statements(&call.rest)) };
    let wrap = Wrap { body: &call.body, setup: &setup, inputs: &inputs, config };
    let collected = run::run(host, &call.live, &wrap.timeit(each), "timing", SPEC.name)?;
    let mut timing = Timing::new(call, Language::Rust, collected)?;
    let facts = fooled::Facts {
        median_s: timing.summary.median,
        cycle_s: Machine::read().cycle_s(),
        loop_s: timing.collected.number("loop_s"),
        unit_result: timing.collected.flag("unit_result"),
        no_inputs: inputs.is_empty(),
    };
    timing.doubt(fooled::signs(&facts).iter().map(|sign| Remark::warning(sign.text(), sign.remedy())));
    Ok(timing)
}

fn time_python(call: &Call, env: Option<&str>, host: &mut dyn Host) -> Result<Timing, MagicError> {
    let code = python::timeit(call, call.options.text("setup"), &throughput::asked(call), &config(call)?);
    let collected = python::run(host, call, env, &code, "timing")?;
    let nothing_left = collected.flag("does_nothing");
    let mut timing = Timing::new(call, Language::Python { env }, collected)?;
    timing.doubt(nothing_left.then(|| {
        Remark::warning(
            "nothing is left of this code once Python has compiled it: constants are computed in advance, and dropped when nobody \
             uses them. The time is that of an empty loop",
            "put the input into a variable in a cell above (or after `%%timeit`), and use that",
        )
    }));
    Ok(timing)
}

fn time_sql(call: &Call, engine: &str, host: &mut dyn Host) -> Result<Timing, MagicError> {
    let config = config(call)?;
    let queries = sql::prepare(call, engine, host)?;
    let amounts = sql::amounts(call, engine, host)?;
    let (mut collected, facts) = sql::measure(&queries, &config, host, &call.live)?;
    collected.amounts = amounts;
    let mut timing = Timing::new(call, Language::Sql { engine }, collected)?;
    let notes = facts.note.iter().chain(facts.engine_notes());
    timing.doubt(notes.map(|note| Remark::note(note.as_str(), "")).collect::<Vec<_>>());
    timing.sql = Some(facts);
    Ok(timing)
}

/// Refuses options that do not go with the language or with each other.
fn check(call: &Call, language: Language<'_>) -> Result<(), MagicError> {
    let is_sql = matches!(language, Language::Sql { .. });
    if let Some(option) = sql::OPTIONS.iter().find(|option| !is_sql && call.options.has(option)) {
        let hint = Some(format!("add `--lang sql`, or leave `--{option}` out"));
        return Err(call.options.error_at(option, format!("`--{option}` is for SQL"), hint));
    }
    if is_sql && call.options.flag("cpu") {
        let hint = "leave `-c` out: the engine runs in a process of its own, whose CPU time is not told".to_owned();
        return Err(call.options.error_at("cpu", "SQL is timed in the engine's own seconds", Some(hint)));
    }
    if call.options.flag("cpu") && call.options.flag("time") {
        return Err(call.options.error_at("time", "`-t` and `-c` exclude each other", Some("leave one out".into())));
    }
    match call.options.int("precision") {
        Some(digits) if !(1..=9).contains(&digits) => {
            Err(call.options.error_at("precision", format!("cannot show {digits} digits"), Some("give a number from 1 to 9".into())))
        }
        _ => Ok(()),
    }
}

/// The configuration for `lab::measure::time`.
fn config(call: &Call) -> Result<Value, MagicError> {
    let budget = call.options.duration_s("budget").unwrap_or(BUDGET_S);
    if budget <= 0.0 {
        return Err(call.options.error_at("budget", "the budget must be longer than nothing", Some("for example `--budget 3s`".into())));
    }
    let mut config = json!({"budget_s": budget, "min_samples": 11, "max_samples": 101});
    if call.options.flag("cpu") {
        config["cpu"] = json!(true);
    }
    for (option, field, most) in [("number", "n", 1_000_000_000_000), ("repeat", "r", 100_000)] {
        if let Some(value) = call.options.int(option) {
            if !(1..=most).contains(&value) {
                let hint = Some(format!("give a whole number from 1 to {most}"));
                return Err(call.options.error_at(option, format!("`{value}` is out of range"), hint));
            }
            config[field] = json!(value);
        }
    }
    Ok(config)
}

impl Timing {
    fn new(call: &Call, language: Language<'_>, collected: Collected) -> Result<Self, MagicError> {
        // An interrupted run has no result: its samples came one by one.
        let whole = collected.result.as_ref().and_then(|r| r["samples_s"].as_array());
        let samples: Vec<f64> = match whole {
            Some(samples) => samples.iter().filter_map(Value::as_f64).collect(),
            None => collected.samples.iter().filter_map(|s| s["s"].as_f64()).collect(),
        };
        let summary = Summary::of(&samples).ok_or_else(|| {
            MagicError::new("MeasureError", "the measurement sent no samples").hint("run the cell again; `%doctor` checks the worker")
        })?;
        let machine = Machine::read();
        let around =
            collected.load.surroundings(machine.available_cpus, collected.number("involuntary_switches").map(|s| s.max(0.0) as u64));
        let noise = Noise::judge(&samples, &summary, &around);
        let mut remarks = Vec::new();
        if collected.interrupted.is_some() {
            remarks.push(Remark::warning(format!("interrupted: this is the part measured so far, {} samples", samples.len()), ""));
        }
        remarks.extend(report::noise_remarks(&noise));
        let iterations = collected.number("iterations").map(|n| n as u64);
        let title = run::title_without(&call.body, language.comment());
        let digits = call.options.int("precision").and_then(|digits| i32::try_from(digits).ok());
        let throughput = Throughput::default();
        let (lang, cpu) = (language.name(), call.options.flag("cpu"));
        Ok(Self { title, lang, samples, summary, noise, iterations, collected, remarks, digits, sql: None, throughput, cpu, guess: None })
    }

    /// Rates, when amounts were told; the memory's bandwidth is measured once for those in bytes.
    fn throughput(&mut self, call: &Call, host: &mut dyn Host) -> Result<(), MagicError> {
        let threads = self.sql.as_ref().map(sql::Facts::threads);
        self.throughput = Throughput::of(&self.collected.amounts, threads.unwrap_or_else(|| self.cpus_busy().unwrap_or(1.0)));
        if self.throughput.bytes.is_none() || self.collected.interrupted.is_some() {
            return Ok(());
        }
        self.throughput.bandwidth = throughput::bandwidth(host, &call.live)?;
        let sign = self.throughput.sign(self.summary.median);
        self.doubt(sign.map(|sign| Remark::warning(sign.text(), sign.remedy())));
        Ok(())
    }

    fn cpus_busy(&self) -> Option<f64> {
        let wall = self.collected.number("wall_s").filter(|wall| *wall > 0.0)?;
        Some(self.collected.number("cpu_user_s")? / wall)
    }

    /// Rows that tell what measuring itself costs, where it shows, and what allocations were counted.
    fn costs(&self) -> Vec<(&'static str, String)> {
        let c = &self.collected;
        let median = self.summary.median;
        let mut rows = Vec::new();
        if let Some(empty) = c.number("loop_s").filter(|empty| self.lang != "rust" || *empty > SHOWN * median) {
            let name =
                if self.lang == "rust" { "one turn of an empty loop (in part counted)" } else { "one turn of an empty loop (counted)" };
            rows.push((name, time(empty)));
        }
        if let Some(reading) = self.subtracted_s().filter(|reading| *reading > SHOWN * median) {
            rows.push(("reading the clock (subtracted)", time(reading)));
        }
        if let Some(allocations) = c.number("allocations") {
            let bytes = c.number("allocated_bytes").map(|b| format!(", {}", crate::units::bytes(b as u64))).unwrap_or_default();
            rows.push(("allocations per iteration", format!("{}{bytes}", count(allocations as u64))));
        }
        if let Some(peak) = c.number("peak_bytes") {
            rows.push(("most memory held at once", crate::units::bytes(peak as u64)));
        }
        rows
    }

    /// Seconds per iteration that reading the clock took and that are not in the samples.
    fn subtracted_s(&self) -> Option<f64> {
        Some(self.collected.number("reading_s")? * self.collected.number("readings_per_iteration")?)
    }

    /// Adds what makes the number doubtful, before what is said of noise.
    fn doubt(&mut self, remarks: impl IntoIterator<Item = Remark>) {
        let at = usize::from(self.collected.interrupted.is_some());
        self.remarks.splice(at..at, remarks);
    }

    fn sizes(&self) -> String {
        let samples = if self.samples.len() == 1 { "1 sample".into() } else { format!("{} samples", self.samples.len()) };
        match self.iterations {
            Some(1) => format!("{samples} of 1 iteration"),
            Some(n) => format!("{samples} of {} iterations", count(n)),
            None => samples,
        }
    }

    fn chart(&self) -> Result<crate::charts::Chart, MagicError> {
        let part = if self.collected.interrupted.is_some() { "Interrupted, a part only: " } else { "" };
        let chart = Distribution {
            title: self.title.clone(),
            note: format!("{part}{}.", self.sizes()),
            samples: self.samples.clone(),
            guess: self.guess,
            footer: report::footer_of(self.collected.build_line(), &self.collected.load, Some(&self.noise)),
        };
        chart.draw()
    }

    fn report(&self) -> crate::bundle::Bundle {
        let s = &self.summary;
        let scale = self.digits.map_or_else(|| Scale::of(s.median, s.ci), |digits| Scale::with_digits(s.median, digits));
        let mut rows = Vec::new();
        match s.ci {
            Some(_) => rows.push(("median [95 % interval]", scale.with_ci(s.median, s.ci))),
            None => {
                rows.push(("median (no interval below 6 samples)", scale.time(s.median)));
                let all: Vec<String> = self.samples.iter().map(|x| scale.number(*x)).collect();
                rows.push(("all samples", format!("{} {}", all.join(", "), scale.unit.symbol())));
            }
        }
        rows.push(("fastest, slowest sample", format!("{}, {}", scale.time(s.min), time(s.max))));
        if s.n > 1 {
            rows.push(("spread (MAD × 1.4826)", format!("{} ({})", time(s.mad), percent(s.mad / s.median))));
        }
        rows.push(("samples", self.sizes()));
        let (mild, severe) = (s.outliers.mild(), s.outliers.severe());
        rows.push(("outliers (Tukey, kept)", if mild + severe == 0 { "none".into() } else { format!("{mild} mild, {severe} severe") }));
        if let Some(sql) = &self.sql {
            rows.extend(sql.rows(s.median));
        }
        if let Some(first) = self.collected.number("first_s") {
            rows.push(("first run", format!("{} ({:.1} × the median)", time(first), first / s.median)));
        }
        rows.extend(self.throughput.table(s));
        if let Some(busy) = self.cpus_busy() {
            rows.push(("CPUs kept busy", format!("{busy:.2}")));
        }
        rows.extend(self.costs());
        if let Some(compile) = self.collected.compile_s {
            rows.push(("compile time (not counted)", time(compile)));
        }
        let mut table = report::facts(rows);
        table.caption.extend(self.guess.map(|guess| predict::time_sentence(guess, s.median)));
        table.caption.push(format!("noise verdict: {}", self.noise.short()));
        if self.cpu {
            table.caption.push("CPU time of the whole process, not wall-clock time (`-c`)".into());
        }
        if self.collected.flag("stopped_early") {
            table.caption.push("stopped before the budget was used: the median is known to 1 %".into());
        }
        if self.collected.python.is_some() {
            table.caption.push("garbage collection was off while samples were taken".into());
        }
        report::bundle_of(&self.collected.build_line(), &table, &self.remarks, &self.collected.load)
    }

    fn result(&self) -> Value {
        let c = &self.collected;
        let variant = result::variant(&self.title, self.lang)
            .summary(&self.summary, &self.samples)
            .maybe("predicted_s", self.guess)
            .maybe("iterations", self.iterations)
            .maybe("first_s", c.number("first_s"))
            .maybe("warmup_s", c.number("warmup_s"))
            .maybe("timer_step_s", c.number("timer_step_s"))
            .maybe("loop_s", c.number("loop_s"))
            .maybe("subtracted_s", self.subtracted_s())
            .maybe("allocations", c.number("allocations").map(|count| count as u64))
            .maybe("allocated_bytes", c.number("allocated_bytes").map(|bytes| bytes as u64))
            .maybe("peak_bytes", c.number("peak_bytes").map(|bytes| bytes as u64))
            .maybe("clock", self.cpu.then_some("cpu"))
            .maybe("compile_s", c.compile_s);
        let variant = self.throughput.fields(variant, self.summary.median);
        let variant = match &self.sql {
            Some(facts) => facts.fields(variant),
            None => variant,
        };
        let warnings: Vec<&str> = self.remarks.iter().map(|r| r.text.as_str()).collect();
        result::object(SPEC.name, &self.title, vec![variant.value()], Some(&self.noise), &c.load)
            .with("warnings", warnings)
            .maybe("python", c.python.as_ref().map(python::Interpreter::json))
            .maybe("partial", c.interrupted.is_some().then_some(true))
            .value()
    }

    /// What `lab::measure::Timing::from_json` reads.
    fn binding(&self) -> Value {
        json!({
            "median_s": self.summary.median,
            "ci_s": self.summary.ci.map(|(low, high)| [low, high]),
            "min_s": self.summary.min,
            "samples_s": self.samples,
            "iterations": self.iterations.unwrap_or(1),
        })
    }
}

#[cfg(test)]
#[path = "timeit_tests.rs"]
mod tests;
