//! `cargo lab bench data`: how fast our own datasets are made, beside DuckDB's expressions that write the same columns.
//!
//! Ours is the whole program `benchbook data … --force`, its start and the checksums included; DuckDB's time is that of its
//! `COPY` statements alone (`make.py`), unseeded and in no promised order. Both write Parquet with Snappy. Rows and,
//! of ours, the checksums of every round are compared: a wrong one is not timed.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use ::tests::bench::program::{self, JsonFile};
use ::tests::bench::report::{Answers, Competitor, Limit, Report, Row, Section};
use ::tests::bench::table;
use anyhow::{Context as _, Result, ensure};
use install::Layout;
use lexopt::prelude::{Long, Short, ValueExt as _};
use magics::machine::{LoadReading, LoadSpan};
use serde_json::{Value, json};

const DUCKDB: &str = include_str!("make.py");

const USAGE: &str = "cargo lab bench data: how fast datasets are made, beside DuckDB's expressions for the same columns

options:
  --rows N          rows of each set (1000000)
  --rounds N        of each; both take turns (7)
  --quick           one round of 20000 rows: to see that it works
  --json FILE       everything, with every sample
  --benchbook FILE  another kernel program than the one that set-up built
";

/// Who makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Ours,
    DuckDb,
}

impl Competitor for Who {
    const OURS: Self = Self::Ours;
    const COLUMNS: &'static [Self] = &[Self::DuckDb];

    fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::DuckDb => "DuckDB",
        }
    }
}

/// The table has one part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sets;

impl Section for Sets {
    const ALL: &'static [Self] = &[Self];

    fn name(self) -> &'static str {
        "sets"
    }
}

struct Options {
    rows: u64,
    rounds: usize,
    quick: bool,
    json: Option<PathBuf>,
    benchbook: Option<PathBuf>,
}

fn main() -> ExitCode {
    program::run("data", USAGE, parse, |options| carry_out(&options))
}

fn parse(mut parser: lexopt::Parser) -> Result<Option<Options>, lexopt::Error> {
    let (mut rows, mut rounds) = (None, None);
    let mut options = Options { rows: 0, rounds: 0, quick: false, json: None, benchbook: None };
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("rows") => rows = Some(parser.value()?.parse()?),
            Long("rounds") => rounds = Some(parser.value()?.parse()?),
            Long("quick") => options.quick = true,
            Long("json") => options.json = Some(parser.value()?.into()),
            Long("benchbook") => options.benchbook = Some(parser.value()?.into()),
            other => return Err(other.unexpected()),
        }
    }
    options.rows = rows.unwrap_or(if options.quick { 20_000 } else { 1_000_000 });
    options.rounds = rounds.unwrap_or(if options.quick { 1 } else { 7 });
    if options.rows < 100 || options.rounds == 0 {
        return Err("rows start at 100, rounds at 1".into());
    }
    Ok(Some(options))
}

/// What one run has made.
struct Run {
    seconds: f64,
    /// Name and rows of each table, sorted.
    tables: Vec<(String, u64)>,
    /// Of ours: the checksums of all files; of DuckDB's: its version.
    word: String,
}

/// Measures; whether every answer was right.
fn carry_out(options: &Options) -> Result<bool> {
    let mut file = JsonFile::create(options.json.as_deref())?;
    let layout = Layout::discover()?;
    let benchbook = options.benchbook.clone().unwrap_or_else(|| layout.benchbook());
    ensure!(benchbook.is_file(), "there is no kernel {}: `cargo lab prepare` builds it", benchbook.display());
    let python = layout.python();
    let mut report = Report {
        rows: vec![],
        answers: Answers::default(),
        versions: vec![("benchbook".to_owned(), env!("CARGO_PKG_VERSION").to_owned())],
        load: LoadSpan { before: LoadReading::now(), after: LoadReading::now() },
        notes: vec![
            "ours: the whole program, with start, order and SHA-256; DuckDB: its COPY statements alone, unseeded".to_owned(),
            "both: Parquet with Snappy, all cores, files in the temporary folder".to_owned(),
        ],
        failures: vec![],
    };
    for set in ["taxi", "h2o"] {
        let mut row = Row::new(Sets, format!("{set}, {} rows", options.rows)).target(Limit::AtMostTimes(Who::DuckDb, 1.0));
        let mut sums: Option<String> = None;
        for round in 0..options.rounds {
            eprintln!("{set}: round {} of {}", round + 1, options.rounds);
            // In turns: who begins changes.
            let mut order = [Who::Ours, Who::DuckDb];
            order.rotate_left(round % 2);
            for who in order {
                let folder = tempfile::Builder::new().prefix("bench-data-").tempdir()?;
                let run = match who {
                    Who::Ours => ours(&benchbook, set, options.rows, folder.path())?,
                    Who::DuckDb => duckdb(&python, set, options.rows, folder.path())?,
                };
                let got = format!("{:?} {}", run.tables, run.word);
                let mut right = run.tables == expected(set, options.rows);
                match who {
                    Who::Ours => right &= *sums.get_or_insert_with(|| run.word.clone()) == run.word,
                    Who::DuckDb if report.versions.len() == 1 => report.versions.push(("DuckDB".to_owned(), run.word)),
                    Who::DuckDb => {}
                }
                if report.answers.check(who, &format!("{set} {}", options.rows), right, &got) {
                    row.push(who, run.seconds);
                }
            }
        }
        report.rows.push(row);
    }
    report.load.after = LoadReading::now();
    let about = table::About { title: "Making datasets, beside DuckDB", rounds: options.rounds, quick: options.quick };
    print!("{}", table::text(&report, &about));
    let asked =
        json!({"benchmark": "data", "rounds": options.rounds, "quick": options.quick, "rows_of_each": options.rows, "parts": ["sets"]});
    file.write(|| report.json(asked))?;
    Ok(report.answers.wrong.is_empty())
}

/// Tables and rows that there must be.
fn expected(set: &str, rows: u64) -> Vec<(String, u64)> {
    let named = |tables: &[(&str, u64)]| tables.iter().map(|(name, rows)| ((*name).to_owned(), *rows)).collect();
    match set {
        "taxi" => named(&[("trips", rows)]),
        _ => named(&[("h2o", rows), ("h2o_big", rows / 100 * 100), ("h2o_medium", rows / 100), ("h2o_small", 100)]),
    }
}

fn ours(benchbook: &Path, set: &str, rows: u64, folder: &Path) -> Result<Run> {
    let started = Instant::now();
    let mut command = Command::new(benchbook);
    command.args(["data", set, "--formats", "parquet", "--force", "--json", "--rows", &rows.to_string(), "--dir"]).arg(folder);
    let output = command.output().with_context(|| format!("{} cannot be started", benchbook.display()))?;
    let seconds = started.elapsed().as_secs_f64();
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "`benchbook data {set}` failed: {text}");
    let last: Value = serde_json::from_str(text.lines().last().unwrap_or_default()).context("the answer is no JSON")?;
    let dir = last["dir"].as_str().context("the answer names no folder")?;
    let manifest: Value = serde_json::from_slice(&std::fs::read(Path::new(dir).join("manifest.json"))?)?;
    let files = manifest["files"].as_array().context("the manifest lists no files")?;
    let tables = files.iter().filter(|file| file["format"] == "parquet");
    let mut tables: Vec<_> = tables.map(|file| (text_of(&file["table"]), file["rows"].as_u64().unwrap_or_default())).collect();
    tables.sort();
    Ok(Run { seconds, tables, word: files.iter().map(|file| text_of(&file["sha256"])).collect::<Vec<_>>().join(" ") })
}

fn duckdb(python: &Path, set: &str, rows: u64, folder: &Path) -> Result<Run> {
    let output = Command::new(python)
        .args(["-c", DUCKDB, set, &rows.to_string()])
        .arg(folder)
        .output()
        .with_context(|| format!("{} cannot be started", python.display()))?;
    ensure!(output.status.success(), "DuckDB failed: {}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout).context("DuckDB's answer is no JSON")?;
    let tables = answer["tables"].as_object().context("DuckDB's answer has no tables")?;
    let mut tables: Vec<_> = tables.iter().map(|(name, rows)| (name.clone(), rows.as_u64().unwrap_or_default())).collect();
    tables.sort();
    Ok(Run { seconds: answer["s"].as_f64().context("DuckDB's answer has no time")?, tables, word: text_of(&answer["version"]) })
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
