//! `cargo lab bench timeit`: whether the numbers of `%%timeit` are right, beside criterion and by repetition.
//!
//! | module | what it does |
//! |---|---|
//! | [`options`] | the command line |
//! | [`functions`] | what is timed |
//! | [`criterion`] | the same functions in a crate with criterion |
//! | [`run`] | the kernel, both in turns, the count of intervals that cover |
//!
//! Nothing of the kernel is used but its sockets, and of set-up but `lab.json`.

mod criterion;
mod functions;
mod options;
mod run;

use std::process::ExitCode;

use ::tests::bench::program::JsonFile;
use ::tests::bench::report::Report;
use ::tests::bench::{cache, program, table};
use anyhow::{Context as _, Result, ensure};
use install::Layout;
use magics::machine::{LoadReading, LoadSpan};
use serde_json::Value;

use criterion::Criterion;
use functions::{FUNCTIONS, Function};
use options::Options;
use run::{Kernel, Row};

fn main() -> ExitCode {
    program::run("timeit", options::USAGE, options::parse, |options| carry_out(&options))
}

/// The functions that were asked for.
fn chosen(options: &Options) -> Vec<Function> {
    let wanted = |function: &&Function| match options.only.is_empty() {
        true => !(options.quick && function.about_s > 0.1),
        false => options.only.iter().any(|name| name == function.name),
    };
    FUNCTIONS.iter().filter(wanted).copied().collect()
}

fn carry_out(options: &Options) -> Result<bool> {
    let mut file = JsonFile::create(options.json.as_deref())?;
    let layout = Layout::discover()?;
    let benchbook = options.benchbook.clone().unwrap_or_else(|| layout.benchbook());
    ensure!(benchbook.is_file(), "there is no kernel {}: `cargo lab prepare` builds it", benchbook.display());
    let benchbook = std::path::absolute(benchbook)?;
    let mut kernel = Kernel::start(&benchbook)?;
    let (text, json, failed) = match options.coverage {
        Some(times) => cover(options, times, &mut kernel)?,
        None => compare(options, &benchbook, &layout, &mut kernel)?,
    };
    print!("{text}");
    file.write(|| json)?;
    Ok(!failed)
}

/// Text, JSON, and whether it is a failure.
type Outcome = (String, Value, bool);

fn cover(options: &Options, times: usize, kernel: &mut Kernel) -> Result<Outcome> {
    let name = options.only.first().map_or("float_sum", String::as_str);
    let function = FUNCTIONS.iter().find(|function| function.name == name).context("there is no such function")?;
    // Many short measurements: it is their intervals that are looked at.
    let coverage = run::coverage(kernel, function, times, options.budget_s.min(0.5))?;
    let missed = !coverage.holds();
    Ok((coverage.text(), coverage.json(), options.check && missed))
}

fn compare(options: &Options, benchbook: &std::path::Path, layout: &Layout, kernel: &mut Kernel) -> Result<Outcome> {
    let functions = chosen(options);
    let before = LoadReading::now();
    let mut versions = vec![("benchbook".to_owned(), kernel.version.clone())];
    let beside = benchbook.parent().map(|dir| dir.join("lab.json")).filter(|path| path.is_file());
    let lab_json = beside.unwrap_or_else(|| layout.lab_json());
    let lab: Value = serde_json::from_slice(&std::fs::read(&lab_json).with_context(|| format!("{} cannot be read", lab_json.display()))?)?;
    let rustc = lab["rustc"].as_str().context("lab.json does not name the compiler")?;
    let toolchain = rustc.split_whitespace().nth(1).unwrap_or(rustc);
    versions.push(("rustc".to_owned(), toolchain.to_owned()));
    let mut notes = vec!["both: opt-level 3, one codegen unit, no link-time optimisation, the default target CPU".to_owned()];
    let folder = cache::folder("bench-timeit")?;
    let (criterion, _alone) = if options.without_criterion {
        notes.push("without criterion, as asked".to_owned());
        (None, None)
    } else {
        let alone = cache::alone(&folder)?;
        eprintln!("building criterion's crate in {}", folder.display());
        versions.push(("criterion".to_owned(), criterion::VERSION.to_owned()));
        // All functions, so that the crate is the same whatever is asked for.
        (Some(Criterion::build(&folder, toolchain, FUNCTIONS)?), Some(alone))
    };
    let measured = run::in_turns(kernel, criterion.as_ref(), &functions, options)?;
    let report = Report {
        rows: measured.rows,
        answers: measured.answers,
        versions,
        load: LoadSpan { before, after: LoadReading::now() },
        notes,
        failures: vec![],
    };
    let about = table::About { title: "Timing: `%%timeit` beside criterion", rounds: options.rounds, quick: options.quick };
    let failed = !report.answers.wrong.is_empty() || (options.check && report.missed());
    let rows: &[Row] = &report.rows;
    ensure!(!rows.is_empty(), "nothing was measured");
    Ok((table::text(&report, &about), report.json(options.json()), failed))
}
