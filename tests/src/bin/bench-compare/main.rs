//! `cargo lab bench compare`: how often `%%compare` is wrong about identical code, and how often it finds a true difference of 5 %.
//!
//! Each comparison is one cell in a real kernel. `spin` takes time in proportion to its number of steps and returns the same value, so
//! that the truth is known: identical variants (A/A), and one with 5 % more steps.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use lexopt::prelude::{Long, Short, ValueExt as _};
use magics::machine::{LoadReading, LoadSpan};
use serde_json::{Value, json};
use tests::bench::program::{self, JsonFile};
use tests::session::Session;

const USAGE: &str = "cargo lab bench compare: how honest and how sharp the verdicts of %%compare are

options:
  --comparisons N   comparisons of each kind (200)
  --only LANGS      some of rust,python,sql (rust,python)
  --budget TIME     budget of one comparison (2s)
  --json FILE       all verdicts as JSON
";
/// What the verdicts are held against.
const MOST_FALSE: f64 = 0.05;
const LEAST_FOUND: f64 = 0.8;

struct Options {
    comparisons: usize,
    languages: Vec<String>,
    budget: String,
    json: Option<PathBuf>,
}

/// One language: what it needs, and a variant of so many steps.
struct Language {
    name: &'static str,
    setup: &'static str,
    variant: fn(usize) -> String,
    steps: usize,
}

const LANGUAGES: [Language; 3] = [
    Language {
        name: "rust",
        setup: "fn spin(steps: u64) -> bool {\n    let mut x = 1u64;\n    for _ in 0..steps { x = std::hint::black_box(x.wrapping_mul(6364136223846793005).wrapping_add(1)); }\n    x > 0\n}",
        variant: |steps| format!("%% rust\nspin({steps})"),
        steps: 100_000,
    },
    Language {
        name: "python",
        setup: "%%python\ndef spin(steps):\n    x = 1\n    for _ in range(steps):\n        x = (x * 69069 + 1) & 0xffff\n    return True",
        variant: |steps| format!("%% python\nspin({steps})"),
        steps: 20_000,
    },
    Language {
        name: "sql",
        setup: "%%sql\nCREATE OR REPLACE TABLE spins AS SELECT range AS i FROM range(4000000)",
        variant: |steps| format!("%% sql engine=duckdb\nSELECT max(hash(i)) > 0 AS done FROM (SELECT i FROM spins LIMIT {steps})"),
        steps: 2_000_000,
    },
];

fn main() -> ExitCode {
    program::run("compare", USAGE, parse, |options| measure(&options))
}

fn parse(mut parser: lexopt::Parser) -> Result<Option<Options>, lexopt::Error> {
    let mut options = Options { comparisons: 200, languages: vec!["rust".into(), "python".into()], budget: "2s".into(), json: None };
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("comparisons") => options.comparisons = parser.value()?.parse()?,
            Long("only") => options.languages = parser.value()?.string()?.split(',').map(str::to_owned).collect(),
            Long("budget") => options.budget = parser.value()?.string()?,
            Long("json") => options.json = Some(parser.value()?.into()),
            other => return Err(other.unexpected()),
        }
    }
    if options.comparisons == 0 {
        return Err("at least one comparison".into());
    }
    if let Some(unknown) = options.languages.iter().find(|name| !LANGUAGES.iter().any(|language| language.name == **name)) {
        return Err(format!("there is no language `{unknown}`; there are rust, python and sql").into());
    }
    Ok(Some(options))
}

/// All comparisons of one kind.
struct Row {
    name: String,
    /// Truth: the second variant has 5 % more steps.
    differs: bool,
    verdicts: Vec<Value>,
}

impl Row {
    fn share(&self, wanted: &[&str]) -> f64 {
        let found = self.verdicts.iter().filter(|one| one["verdict"].as_str().is_some_and(|word| wanted.contains(&word))).count();
        found as f64 / self.verdicts.len() as f64
    }

    /// What is counted: wrong verdicts of identical code, right ones of code that differs.
    fn counted(&self) -> f64 {
        if self.differs { self.share(&["slower"]) } else { self.share(&["faster", "slower"]) }
    }

    fn line(&self) -> String {
        let what = if self.differs {
            format!("5 % found (at least {LEAST_FOUND:.0$})", 2)
        } else {
            format!("false verdicts (at most {MOST_FALSE:.0$})", 2)
        };
        let (low, high) = wilson(self.counted(), self.verdicts.len());
        format!(
            "{:<14} {:<28} {:>6.3} [{low:.3}, {high:.3}]   faster {:.3}  slower {:.3}  equivalent {:.3}  cannot tell {:.3}",
            self.name,
            what,
            self.counted(),
            self.share(&["faster"]),
            self.share(&["slower"]),
            self.share(&["equivalent"]),
            self.share(&["cannot tell"]),
        )
    }
}

/// 95 % interval of a share (Wilson, 1927).
fn wilson(share: f64, n: usize) -> (f64, f64) {
    let (n, z) = (n as f64, 1.96_f64);
    let middle = share + z * z / (2.0 * n);
    let half = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let below = 1.0 + z * z / n;
    (((middle - half) / below).max(0.0), ((middle + half) / below).min(1.0))
}

fn measure(options: &Options) -> Result<bool> {
    let mut file = JsonFile::create(options.json.as_deref())?;
    let before = LoadReading::now();
    let mut session = Session::start();
    let mut rows: Vec<Row> = Vec::new();
    for language in LANGUAGES.iter().filter(|language| options.languages.iter().any(|name| name == language.name)) {
        let cell = session.run(language.setup);
        if cell.reply["status"] != "ok" {
            bail!("the set-up of {} failed:\n{}", language.name, cell.text());
        }
        for differs in [false, true] {
            let other = if differs { language.steps + language.steps / 20 } else { language.steps };
            let variants = format!("{}\n{}", (language.variant)(language.steps), (language.variant)(other));
            let code = format!("%%compare --budget {}\n{variants}", options.budget);
            let name = format!("{} {}", language.name, if differs { "A/B" } else { "A/A" });
            let mut verdicts = Vec::with_capacity(options.comparisons);
            for number in 0..options.comparisons {
                if number % 20 == 0 {
                    eprintln!("{name}: {number} of {} …", options.comparisons);
                }
                let cell = session.run(code.as_str());
                if cell.reply["status"] != "ok" {
                    bail!("a comparison failed:\n{}", cell.text());
                }
                let result = cell.measured();
                let Some(verdict) = result["verdicts"].get(0) else { bail!("a comparison has no verdict:\n{}", cell.text()) };
                let mut verdict = verdict.clone();
                verdict["rounds"] = result["rounds"].clone();
                verdict["noise"] = result["noise"]["level"].clone();
                verdicts.push(verdict);
            }
            rows.push(Row { name, differs, verdicts });
        }
    }
    let load = LoadSpan { before, after: LoadReading::now() };
    for row in &rows {
        println!("{}", row.line());
    }
    println!("{} comparisons of each kind, budget {}; intervals: Wilson, 95 %. {}", options.comparisons, options.budget, load.text());
    file.write(|| {
        let told: Vec<Value> = rows
            .iter()
            .map(|row| json!({"name": row.name, "differs": row.differs, "counted": row.counted(), "verdicts": row.verdicts}))
            .collect();
        json!({"schema": 1, "benchmark": "compare", "comparisons": options.comparisons, "budget": options.budget, "rows": told})
    })?;
    Ok(true)
}
