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

use std::fs::File;
use std::path::Path;
use std::process::ExitCode;

use ::tests::bench::report::Report;
use ::tests::bench::{cache, table};
use anyhow::{Context as _, Result, ensure};
use install::Layout;
use magics::machine::{LoadReading, LoadSpan};

use kernels::Launcher;
use options::{Options, Part};
use run::Run;

fn main() -> ExitCode {
    let options = match options::parse(lexopt::Parser::from_env()) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{}", options::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("bench: {error}\n\n{}", options::USAGE);
            return ExitCode::from(2);
        }
    };
    match carry_out(options) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\nbench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn carry_out(options: Options) -> Result<ExitCode> {
    // Found out now, not after minutes.
    let mut file = match &options.json {
        Some(path) => Some(File::create(path).with_context(|| format!("{} cannot be written", path.display()))?),
        None => None,
    };
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
    if let Some(file) = &mut file {
        use std::io::Write as _;
        let text = format!("{:#}\n", report.json(run.options.json()));
        file.write_all(text.as_bytes()).context("the JSON could not be written")?;
    }
    let failed = !report.failures.is_empty() || !report.answers.wrong.is_empty() || (run.options.check && report.missed());
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
