//! `cargo lab bench cells`: how quick cells are, beside evcxr_jupyter and a bare compiler.
//!
//! | module | what it does |
//! |---|---|
//! | [`options`] | the command line |
//! | [`kernels`] | the kernels that are compared |
//! | [`evcxr`] | finding, installing and setting up evcxr_jupyter |
//! | [`bare`] | a bare `rustc` against the prebuilt library |
//! | [`run`] | what all parts share: progress, answers, numbers that no cell has had |
//! | [`cells`], [`start`], [`rerun`], [`notebook`], [`assist`], [`speed`], [`memory`] | the parts of the table |
//! | [`machine`] | memory, CPU time and libraries of processes |
//!
//! Nothing of the kernel is used but its sockets, and of set-up but `lab.json`.

mod assist;
mod bare;
mod cells;
mod evcxr;
mod kernels;
mod machine;
mod memory;
mod notebook;
mod options;
mod report;
mod rerun;
mod run;
mod speed;
mod start;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use ::tests::bench::program::JsonFile;
use ::tests::bench::report::Report;
use ::tests::bench::{cache, program, table};
use anyhow::{Result, ensure};
use install::Layout;
use magics::machine::{LoadReading, LoadSpan};

use bare::Bare;
use evcxr::Evcxr;
use kernels::{Launcher, Who};
use options::{EvcxrPolars, Options};
use run::Run;

fn main() -> ExitCode {
    program::run("cells", options::USAGE, options::parse, carry_out)
}

fn carry_out(options: Options) -> Result<bool> {
    let mut file = JsonFile::create(options.json.as_deref())?;
    let layout = Layout::discover()?;
    let cache = cache::folder("bench-cells")?;
    // evcxr's build folder serves one kernel at a time.
    let _alone = if options.without_evcxr { None } else { Some(cache::alone(&cache)?) };

    let before = LoadReading::now();
    let mut run = prepare(options, &layout, &cache)?;
    let versions = versions(&mut run)?;
    run.measure();
    let report = Report {
        rows: std::mem::take(&mut run.rows),
        answers: std::mem::take(&mut run.answers),
        versions,
        load: LoadSpan { before, after: LoadReading::now() },
        notes: std::mem::take(&mut run.notes),
        failures: std::mem::take(&mut run.failures),
    };
    let about = table::About {
        title: "Cells: Benchbook beside evcxr_jupyter and a bare compiler",
        rounds: run.options.rounds,
        quick: run.options.quick,
    };
    print!("{}", table::text(&report, &about));
    file.write(|| report.json(run.options.json()))?;
    let failed = !report.failures.is_empty() || !report.answers.wrong.is_empty() || (run.options.check && report.missed());
    Ok(!failed)
}

fn prepare(options: Options, layout: &Layout, cache: &Path) -> Result<Run> {
    let scratch = tempfile::Builder::new().prefix("bench-cells-").tempdir()?;
    let benchbook = options.benchbook.clone().unwrap_or_else(|| layout.benchbook());
    ensure!(benchbook.is_file(), "there is no kernel {}: `cargo lab prepare` builds it", benchbook.display());
    let benchbook = std::path::absolute(benchbook)?;
    let bare = Bare::new(&beside(&benchbook, "lab.json").unwrap_or_else(|| layout.lab_json()), scratch.path())?;
    let toolchain = bare::toolchain(&bare.version);
    let mut notes = Vec::new();
    let program = if options.without_evcxr {
        None
    } else if options.install_evcxr {
        Some(evcxr::install(cache, &toolchain)?)
    } else {
        evcxr::find(cache)
    };
    let evcxr = match program {
        None if options.without_evcxr => {
            notes.push("without evcxr_jupyter, as asked".to_owned());
            None
        }
        None => {
            let how = format!(
                "there is no evcxr_jupyter: `--install-evcxr`, or `cargo install evcxr_jupyter --version {} --locked`",
                evcxr::VERSION
            );
            eprintln!("bench cells: {how}");
            notes.push(how);
            None
        }
        Some(program) => Some(Evcxr::new(program, cache, &layout.root, options.evcxr_polars)?),
    };
    let launcher = Launcher { benchbook, evcxr, scratch, toolchain };
    let mut run = Run::new(options, launcher, bare);
    run.notes = notes;
    Ok(run)
}

/// A file that lies in the folder of another one.
fn beside(file: &Path, name: &str) -> Option<PathBuf> {
    file.parent().map(|dir| dir.join(name)).filter(|path| path.is_file())
}

/// Starts each kernel once: their versions, and that all have the same Polars. evcxr_jupyter builds it now if it must.
fn versions(run: &mut Run) -> Result<Vec<(String, String)>> {
    let mut versions = vec![("rustc".to_owned(), run.launcher.toolchain.clone())];
    let ours = run.task("our kernel", "starting", |run| {
        let mut kernel = run.launcher.ready(Who::Ours)?;
        let polars = kernel.must("polars::VERSION")?.text.trim().trim_matches('"').to_owned();
        Ok((kernel.client.version.clone(), polars))
    })?;
    versions.push(("benchbook".to_owned(), ours.0));
    versions.push(("Polars".to_owned(), ours.1.clone()));
    let how = run.launcher.evcxr.as_ref().and_then(|evcxr| evcxr.polars.as_ref()).map_or(EvcxrPolars::None, |polars| polars.how);
    for who in run.launcher.evcxr_kernels() {
        let about = if who == Who::EvcxrPolars {
            "loading Polars; the first time cargo builds it for evcxr, half an hour on 2 cores"
        } else {
            "starting"
        };
        let (version, polars) = run.task(&format!("kernel of {}", who.name()), about, |run| {
            let mut kernel = run.launcher.ready(who)?;
            let constant = if how == EvcxrPolars::Lab { "lab::polars::VERSION" } else { "polars::VERSION" };
            let polars =
                if who == Who::EvcxrPolars { kernel.must(constant)?.text.trim().trim_matches('"').to_owned() } else { String::new() };
            Ok((kernel.client.version.clone(), polars))
        })?;
        if who == Who::EvcxrPolars {
            let what = if how == EvcxrPolars::Lab {
                "our library as a path dependency"
            } else {
                "Polars as a dependency, our version and features"
            };
            run.notes.push(format!("evcxr+Polars: evcxr_jupyter with {what}, opt-level 3, warm build folder"));
            if polars != ours.1 {
                run.notes.push(format!("evcxr_jupyter has Polars {polars}, ours is {}", ours.1));
            }
        } else {
            if version != evcxr::VERSION {
                run.notes.push(format!("this evcxr_jupyter is {version}; targets are about {}", evcxr::VERSION));
            }
            versions.push(("evcxr_jupyter".to_owned(), version));
        }
    }
    if run.launcher.evcxr.is_some() && how == EvcxrPolars::None {
        run.notes.push("evcxr_jupyter without Polars, as asked".to_owned());
    }
    Ok(versions)
}
