//! `cargo lab bench sql` and `cargo lab bench output`: whole round trips, beside ipykernel, jupysql and DuckDB's Python package.
//!
//! | module | what it does |
//! |---|---|
//! | [`options`] | the command line |
//! | [`environment`] | jupysql and DuckDB's package, in an environment of their own |
//! | [`kernels`] | the kernels that are compared |
//! | [`run`] | what all parts share: progress, answers |
//! | [`select`], [`group`], [`output`] | the parts of the table |

mod environment;
mod group;
mod kernels;
mod options;
mod output;
mod report;
mod run;
mod select;

use std::path::Path;
use std::process::ExitCode;

use ::tests::bench::program::JsonFile;
use ::tests::bench::report::Report;
use ::tests::bench::{cache, program, table};
use anyhow::{Result, ensure};
use install::Layout;
use magics::machine::{LoadReading, LoadSpan};

use kernels::Launcher;
use options::{Options, Part};
use run::Run;

fn main() -> ExitCode {
    program::run("sql|output", options::USAGE, options::parse, carry_out)
}

fn carry_out(options: Options) -> Result<bool> {
    let mut file = JsonFile::create(options.json.as_deref())?;
    let layout = Layout::discover()?;
    let benchbook = options.benchbook.clone().unwrap_or_else(|| layout.benchbook());
    ensure!(benchbook.is_file(), "there is no kernel {}: `cargo lab prepare` builds it", benchbook.display());
    let benchbook = std::path::absolute(benchbook)?;
    let needs_jupysql = options.parts.iter().any(|part| *part != Part::Output) && !options.without_jupysql;
    let (mut run, _alone) = {
        let scratch = tempfile::Builder::new().prefix("bench-trips-").tempdir()?;
        // The environment of that kernel, as it would find it itself.
        let own = benchbook.parent().and_then(Path::parent).map(|target| target.join("python/bin/python"));
        let python = own.filter(|python| python.is_file()).unwrap_or_else(|| layout.python());
        let mut run = Run::new(options, Launcher { benchbook, python, jupysql: None, scratch });
        let mut alone = None;
        if needs_jupysql {
            let folder = cache::folder("bench-sql")?;
            alone = Some(cache::alone(&folder)?);
            run.launcher.jupysql = Some(run.task("jupysql", "a minute the first time", |run| environment::ensure(&folder, run))?);
        }
        (run, alone)
    };
    let before = LoadReading::now();
    run.measure();
    let report = Report {
        rows: std::mem::take(&mut run.rows),
        answers: std::mem::take(&mut run.answers),
        versions: std::mem::take(&mut run.versions),
        load: LoadSpan { before, after: LoadReading::now() },
        notes: std::mem::take(&mut run.notes),
        failures: std::mem::take(&mut run.failures),
    };
    let about = table::About {
        title: "Round trips: Benchbook beside ipykernel, jupysql and DuckDB's Python package",
        rounds: run.options.rounds,
        quick: run.options.quick,
    };
    print!("{}", table::text(&report, &about));
    file.write(|| report.json(run.options.json()))?;
    let failed = !report.failures.is_empty() || !report.answers.wrong.is_empty() || (run.options.check && report.missed());
    Ok(!failed)
}
