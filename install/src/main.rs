//! `cargo lab`: one command from a fresh clone to the course in JupyterLab.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use install::bench::{Bench, KINDS};
use install::editions::Edition;
use install::{
    Installed, Layout, Progress, course, doctor, editions, execution, handouts, launch, pdf, prepare_for, prepare_python, seconds, site,
};
use lexopt::prelude::*;

const USAGE: &str = "cargo lab: sets Benchbook up and opens the course in JupyterLab

usage:
  cargo lab [--no-browser] [-- ARGUMENTS OF JUPYTERLAB]
                              set everything up, then open JupyterLab on the course; Ctrl-C ends it
  cargo lab --headless        set everything up, then execute 25_one_task_many_ways to HTML
  cargo lab prepare           set everything up, and no more
  cargo lab handouts [NOTEBOOKS] [--out DIR]
                              execute notebooks (all of the course by default) to HTML pages that need
                              neither kernel nor network; in the build folder's `handouts` by default
  cargo lab editions [--execute] [--out DIR]
                              the notebooks for students (no outputs, no solutions), solved, and as handouts (outputs kept,
                              solutions folded), in `student`, `solution` and `handout`; --execute runs the last two anew
  cargo lab site [--no-solutions] [--out DIR]
                              the executed notebooks as a site with navigation and search; it needs no network
  cargo lab pdf [--no-solutions] [--out DIR]
                              the same as PDFs, one per module and one of all; wants chromium
  cargo lab spark             install the optional engine Spark, about 900 MB; `%engine start spark` then starts it
  cargo lab bench cells [OPTIONS]
                              how quick cells are, beside evcxr_jupyter and a bare compiler; its --help tells more
  cargo lab bench tables [OPTIONS]
                              what sharing and opening tables costs, beside copying them in memory
  cargo lab bench sql|output [OPTIONS]
                              what a query costs beside jupysql and DuckDB's Python package; how fast printed lines
                              arrive beside ipykernel
  cargo lab bench compare [OPTIONS]
                              how often %%compare is wrong about identical code, and finds a true 5 %
  cargo lab bench timeit [OPTIONS]
                              whether the numbers of `%%timeit` are right, beside criterion and by repetition
  cargo lab bench data [OPTIONS]
                              how fast datasets are made, beside DuckDB's expressions for the same columns
  cargo lab doctor [--json]   check the installation and say how to mend it
  cargo lab uninstall [--all] [--dry-run]
                              remove what set-up made; --all: what cargo built as well

The first time takes 40 to 70 minutes on 2 cores, nearly all of it compiling Polars once.
An interrupted set-up goes on where it stopped; a finished one takes seconds.
";

/// The notebook that shows whether all of it works.
const PROOF: &str = "25_one_task_many_ways.ipynb";

#[derive(Debug, PartialEq, Eq)]
enum Wish {
    Help,
    Lab { browser: bool, extra: Vec<OsString> },
    Headless,
    Prepare,
    Spark,
    Handouts { notebooks: Vec<PathBuf>, out: Option<PathBuf> },
    Editions { out: Option<PathBuf>, execute: bool },
    Site { out: Option<PathBuf>, solutions: bool },
    Pdf { out: Option<PathBuf>, solutions: bool },
    Bench(Bench),
    Doctor { json: bool },
    Uninstall { all: bool, dry: bool },
}

fn main() -> ExitCode {
    let wish = match parse(lexopt::Parser::from_env()) {
        Ok(wish) => wish,
        Err(error) => {
            eprintln!("cargo lab: {error}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match carry_out(wish) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\ncargo lab: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn parse(mut parser: lexopt::Parser) -> Result<Wish, lexopt::Error> {
    let mut command: Option<String> = None;
    let (mut browser, mut headless, mut json, mut all, mut dry) = (true, false, false, false, false);
    let (mut execute, mut solutions) = (false, true);
    let mut out = None;
    let mut words: Vec<OsString> = Vec::new();
    let mut extra: Vec<OsString> = Vec::new();
    loop {
        // What follows `--` is JupyterLab's.
        if let Some(mut raw) = parser.try_raw_args()
            && raw.peek().is_some_and(|word| word == "--")
        {
            raw.next();
            extra = raw.collect();
            break;
        }
        let Some(argument) = parser.next()? else { break };
        match argument {
            Short('h') | Long("help") => return Ok(Wish::Help),
            Long("headless") if command.is_none() => headless = true,
            Long("no-browser") if command.is_none() => browser = false,
            Long("json") if command.as_deref() == Some("doctor") => json = true,
            Long("all") if command.as_deref() == Some("uninstall") => all = true,
            Long("dry-run") if command.as_deref() == Some("uninstall") => dry = true,
            Long("execute") if command.as_deref() == Some("editions") => execute = true,
            Long("no-solutions") if matches!(command.as_deref(), Some("site" | "pdf")) => solutions = false,
            Long("out") if matches!(command.as_deref(), Some("handouts" | "editions" | "site" | "pdf")) => {
                out = Some(PathBuf::from(parser.value()?))
            }
            // What follows is the benchmark's.
            Value(word) if command.as_deref() == Some("bench") => {
                let word = word.string()?;
                let kinds = KINDS.map(|(kind, _)| kind).join(", ");
                let bench = Bench::named(&word).ok_or_else(|| format!("there is no benchmark `{word}`; there are {kinds}"))?;
                return Ok(Wish::Bench(Bench { arguments: parser.raw_args()?.collect(), ..bench }));
            }
            Value(word) if command.is_none() => command = Some(word.string()?),
            Value(word) if command.as_deref() == Some("handouts") => words.push(word),
            other => return Err(other.unexpected()),
        }
    }
    Ok(match command.as_deref() {
        None if headless => Wish::Headless,
        None => Wish::Lab { browser, extra },
        Some("help") => Wish::Help,
        Some("prepare") => Wish::Prepare,
        Some("spark") => Wish::Spark,
        Some("bench") => {
            return Err(
                "what is to be measured? There are `bench cells`, `bench tables`, `bench sql`, `bench output` and `bench compare`".into()
            );
        }
        Some("handouts") => Wish::Handouts { notebooks: words.into_iter().map(PathBuf::from).collect(), out },
        Some("editions") => Wish::Editions { out, execute },
        Some("site") => Wish::Site { out, solutions },
        Some("pdf") => Wish::Pdf { out, solutions },
        Some("doctor") => Wish::Doctor { json },
        Some("uninstall") => Wish::Uninstall { all, dry },
        Some(other) => {
            return Err(format!(
                "unknown command `{other}`; there are prepare, spark, handouts, editions, site, pdf, bench, doctor and uninstall"
            )
            .into());
        }
    })
}

fn carry_out(wish: Wish) -> Result<ExitCode> {
    let progress = Progress::stderr();
    match wish {
        Wish::Help => print!("{USAGE}"),
        Wish::Doctor { json } => return Ok(ExitCode::from(u8::try_from(doctor::run(json)).unwrap_or(1))),
        Wish::Prepare => {
            let installed = set_up(&progress)?;
            println!("{}", installed.benchbook.display());
        }
        Wish::Spark => println!("{}", install::prepare_spark(&progress)?.display()),
        Wish::Lab { browser, extra } => {
            let installed = set_up(&progress)?;
            progress.say("[7/7] JupyterLab: its address follows; Ctrl-C ends it");
            launch::launch(&Layout::discover()?, &installed, browser, &extra)?;
        }
        Wish::Headless => {
            let proof = Layout::discover()?.notebooks().join(PROOF);
            make_handouts(&progress, vec![proof], None)?;
        }
        Wish::Bench(bench) => {
            let layout = Layout::discover()?;
            let only_help = bench.arguments.iter().any(|argument| argument == "--help" || argument == "-h");
            if !(only_help && bench.is_built(&layout)) {
                set_up(&progress)?;
            }
            bench.start(&layout)?;
        }
        Wish::Handouts { notebooks, out } => make_handouts(&progress, notebooks, out)?,
        Wish::Editions { out, execute } => make_editions(&progress, out, execute)?,
        Wish::Site { out, solutions } => {
            let layout = prepare_python(&progress)?;
            let out = out.unwrap_or_else(|| layout.site());
            println!("{}", site::build(&layout, &layout.notebooks(), &out, solutions, &progress)?.index.display());
        }
        Wish::Pdf { out, solutions } => {
            let layout = prepare_python(&progress)?;
            let out = out.unwrap_or_else(|| layout.pdf());
            for file in pdf::print(&layout, &layout.notebooks(), &out, solutions, &progress)? {
                println!("{}", file.display());
            }
        }
        Wish::Uninstall { all, dry } => {
            install::uninstall(all, dry, |line| println!("{line}"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn set_up(progress: &Progress) -> Result<Installed> {
    let installed = prepare_for(progress, true)?;
    progress.say(&format!("Set-up finished in {}", seconds(progress.elapsed())));
    Ok(installed)
}

/// Prints the path of each page on a line of its own.
fn make_handouts(progress: &Progress, notebooks: Vec<PathBuf>, out: Option<PathBuf>) -> Result<()> {
    let layout = Layout::discover()?;
    let notebooks = if notebooks.is_empty() { handouts::all(&layout)? } else { notebooks };
    // A misspelt name must not cost a build first.
    if let Some(absent) = notebooks.iter().find(|n| !n.is_file()) {
        bail!("there is no notebook {}", absent.display());
    }
    let installed = set_up(progress)?;
    let out = out.unwrap_or_else(|| layout.handouts());
    for page in handouts::make(&layout, &installed, &notebooks, &out, progress)? {
        println!("{}", page.display());
    }
    Ok(())
}

/// Prints the folder of each edition on a line of its own.
fn make_editions(progress: &Progress, out: Option<PathBuf>, execute: bool) -> Result<()> {
    let layout = Layout::discover()?;
    let installed = if execute { Some(set_up(progress)?) } else { None };
    let out = out.unwrap_or_else(|| layout.editions());
    for folder in editions::write_all(&layout.notebooks(), &out)? {
        // A student's notebook stays as it is to be solved.
        if let Some(installed) = installed.as_ref().filter(|_| !folder.ends_with(Edition::Student.name())) {
            for notebook in course::paths(&folder)? {
                execution::execute(&layout, installed, &notebook, progress)?;
            }
        }
        println!("{}", folder.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(words: &[&str]) -> Result<Wish, lexopt::Error> {
        parse(lexopt::Parser::from_args(words))
    }

    #[test]
    fn commands_are_understood() -> Result<(), lexopt::Error> {
        assert_eq!(wish(&[])?, Wish::Lab { browser: true, extra: vec![] });
        let extra = vec!["--port=9999".into()];
        assert_eq!(wish(&["--no-browser", "--", "--port=9999"])?, Wish::Lab { browser: false, extra });
        assert_eq!(wish(&["--headless"])?, Wish::Headless);
        assert_eq!(wish(&["spark"])?, Wish::Spark);
        assert_eq!(wish(&["doctor", "--json"])?, Wish::Doctor { json: true });
        assert_eq!(wish(&["uninstall", "--dry-run"])?, Wish::Uninstall { all: false, dry: true });
        let handouts = Wish::Handouts { notebooks: vec!["a.ipynb".into()], out: Some("o".into()) };
        assert_eq!(wish(&["handouts", "a.ipynb", "--out", "o"])?, handouts);
        assert_eq!(wish(&["editions", "--execute"])?, Wish::Editions { out: None, execute: true });
        assert_eq!(wish(&["site", "--out", "o"])?, Wish::Site { out: Some("o".into()), solutions: true });
        assert_eq!(wish(&["pdf", "--no-solutions"])?, Wish::Pdf { out: None, solutions: false });
        assert_eq!(wish(&["doctor", "--help"])?, Wish::Help);
        for kind in ["cells", "tables", "sql", "output"] {
            let bench = Wish::Bench(Bench { kind, arguments: vec!["--rounds".into(), "3".into(), "--help".into()] });
            assert_eq!(wish(&["bench", kind, "--rounds", "3", "--help"])?, bench);
        }
        Ok(())
    }

    #[test]
    fn nonsense_is_refused() {
        for words in [
            &["fly"][..],
            &["--json"],
            &["doctor", "--all"],
            &["bench"],
            &["bench", "x"],
            &["handouts", "--out"],
            &["prepare", "x"],
            &["site", "x"],
            &["site", "--execute"],
        ] {
            assert!(wish(words).is_err(), "{words:?}");
        }
    }
}
