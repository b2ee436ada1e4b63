//! `cargo lab bench tables`: what sharing and opening tables costs, beside copying the same bytes in memory.
//!
//! All of it is measured inside real workers, by one Rust and one Python cell (`measure.rs`, `measure.py`), which also check the
//! contents. This program only puts the numbers together.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use lexopt::prelude::{Long, Short, ValueExt as _};
use magics::machine::{LoadReading, LoadSpan};
use serde_json::{Value, json};
use tests::bench::program::{self, JsonFile};
use tests::session::Session;

const RUST: &str = include_str!("measure.rs");
const PYTHON: &str = include_str!("measure.py");
/// What sharing is compared with.
const COPIES: [&str; 2] = ["memcpy, memory in use", "memcpy, new memory"];

const USAGE: &str = "cargo lab bench tables: what sharing and opening tables costs

options:
  --megabytes N   size of the largest table (1000)
  --rounds N      measurements of each (7); opening: at least 11
  --json FILE     all numbers as JSON
";

struct Options {
    megabytes: usize,
    rounds: usize,
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    program::run("tables", USAGE, parse, |options| measure(&options))
}

fn parse(mut parser: lexopt::Parser) -> Result<Option<Options>, lexopt::Error> {
    let mut options = Options { megabytes: 1000, rounds: 7, json: None };
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("megabytes") => options.megabytes = parser.value()?.parse()?,
            Long("rounds") => options.rounds = parser.value()?.parse()?,
            Long("json") => options.json = Some(parser.value()?.into()),
            other => return Err(other.unexpected()),
        }
    }
    if options.megabytes == 0 || options.rounds == 0 {
        return Err("sizes and rounds start at 1".into());
    }
    Ok(Some(options))
}

/// All measurements of one thing.
#[derive(Default)]
struct Row {
    bytes: u64,
    seconds: Vec<f64>,
}

impl Row {
    fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.seconds.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(((sorted.len() - 1) as f64 * share).round() as usize).copied().unwrap_or_default()
    }

    fn speed(&self) -> f64 {
        self.bytes as f64 / self.quantile(0.5) / 1e9
    }
}

fn measure(options: &Options) -> Result<bool> {
    let mut file = JsonFile::create(options.json.as_deref())?;
    let before = LoadReading::now();
    let mut session = Session::start();
    let mut rows: Vec<(String, Row)> = Vec::new();
    for (magic, code) in [("", RUST), ("%%python\n", PYTHON)] {
        let code = code.replace("MEGABYTES", &options.megabytes.to_string()).replace("ROUNDS", &options.rounds.to_string());
        eprintln!("measuring in {} …", if magic.is_empty() { "Rust" } else { "Python" });
        let cell = session.run(format!("{magic}{code}"));
        let said = cell.stdout();
        if cell.reply["status"] != "ok" {
            bail!("the measuring cell failed:\n{}", cell.text());
        }
        for line in said.lines().filter(|line| line.starts_with('{')) {
            let one: Value = serde_json::from_str(line).with_context(|| format!("no measurement: {line}"))?;
            let name = one["name"].as_str().unwrap_or_default().to_owned();
            let index = rows.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
                rows.push((name, Row::default()));
                rows.len() - 1
            });
            rows[index].1.bytes = one["bytes"].as_u64().unwrap_or_default();
            rows[index].1.seconds.push(one["s"].as_f64().context("no seconds")?);
        }
    }
    let load = LoadSpan { before, after: LoadReading::now() };
    print!("{}", table(&rows));
    println!("{} MB, {} rounds; contents checked. {}", options.megabytes, options.rounds, load.text());
    file.write(|| {
        let rows: Vec<Value> = rows.iter().map(|(name, row)| json!({"name": name, "bytes": row.bytes, "samples_s": row.seconds})).collect();
        json!({"schema": 1, "benchmark": "tables", "megabytes": options.megabytes, "rounds": options.rounds, "rows": rows})
    })?;
    Ok(true)
}

/// Median, spread, speed, and the speed as a share of both copies; opening has no speed.
fn table(rows: &[(String, Row)]) -> String {
    let known: BTreeMap<&str, f64> = rows.iter().map(|(name, row)| (name.as_str(), row.speed())).collect();
    let mut text = format!("{:<36} {:>10} {:>21} {:>8} {:>9} {:>9}\n", "", "median", "from … to", "GB/s", "/in use", "/new");
    for (name, row) in rows {
        let ms = |share: f64| format!("{:.2}", row.quantile(share) * 1e3);
        text.push_str(&format!("{name:<36} {:>7} ms {:>21}", ms(0.5), format!("{} … {}", ms(0.0), ms(1.0))));
        if !name.contains("open ") {
            let share = |of: &str| known.get(of).map_or_else(String::new, |speed| format!("{:.2}", row.speed() / speed));
            text.push_str(&format!(" {:>8.2} {:>9} {:>9}", row.speed(), share(COPIES[0]), share(COPIES[1])));
        }
        text.push('\n');
    }
    text
}
