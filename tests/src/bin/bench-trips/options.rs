//! What the command line asks for.

use std::path::PathBuf;

use ::tests::bench::report::Section;
use lexopt::prelude::*;
use serde_json::json;

pub const USAGE: &str = "cargo lab bench sql:    what a query costs beside jupysql and DuckDB's Python package
cargo lab bench output: how fast printed lines arrive beside ipykernel

usage: cargo lab bench sql|output [OPTIONS]

  --rounds N              measurements of each kind, default 30 (select: ten times as many, output: a third);
                          the kernels take turns in every round
  --only PART[,PART]      of the parts below
  --quick                 5 rounds, fewer rows and lines: to see that it works, not for publishing
  --without-jupysql       only ours and ipykernel; nothing is installed
  --json FILE             write everything, with every sample, to FILE
  --check                 a missed target is a failure (exit code 1)
  --benchbook FILE        another kernel program than the one that set-up built

parts:
  select    (sql) `SELECT 42`: the round trip, what it takes beyond the engine's own time, and `1 + 1` beside it
  group     (sql) grouping 10 million rows: the engine's time and the round trip beside DuckDB's package
  output    (output) 200,000 printed lines, from Rust and from Python

A round trip is from sending the request to both its reply and idle, and for output to the last line. jupysql and DuckDB's
package (about 100 MB) go into an environment in the user's cache. Every answer is checked: a wrong one is never timed, and makes
the exit code 1.
";

/// A part of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Select,
    Group,
    Output,
}

impl Section for Part {
    const ALL: &'static [Self] = &[Self::Select, Self::Group, Self::Output];

    fn name(self) -> &'static str {
        match self {
            Self::Select => "select",
            Self::Group => "group",
            Self::Output => "output",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    pub rounds: usize,
    pub parts: Vec<Part>,
    pub quick: bool,
    pub without_jupysql: bool,
    pub json: Option<PathBuf>,
    pub check: bool,
    pub benchbook: Option<PathBuf>,
}

impl Options {
    /// What was asked for, as the JSON has it.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        json!({
            "benchmark": "trips",
            "rounds": self.rounds,
            "quick": self.quick,
            "parts": self.parts.iter().map(|part| part.name()).collect::<Vec<_>>(),
        })
    }
}

/// Reads the arguments; `None` when help is asked for.
///
/// # Errors
/// An argument that is unknown or makes no sense.
pub fn parse(mut parser: lexopt::Parser) -> Result<Option<Options>, lexopt::Error> {
    let mut all: &[Part] = &[];
    let mut named = Vec::new();
    let mut rounds = None;
    let mut options = Options { rounds: 0, parts: vec![], quick: false, without_jupysql: false, json: None, check: false, benchbook: None };
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Value(word) if all.is_empty() && word == "sql" => all = &[Part::Select, Part::Group],
            Value(word) if all.is_empty() && word == "output" => all = &[Part::Output],
            Long("rounds") => rounds = Some(parser.value()?.parse::<usize>()?),
            Long("only") => named.extend(parser.value()?.string()?.split(',').map(|name| name.trim().to_owned())),
            Long("quick") => options.quick = true,
            Long("without-jupysql") => options.without_jupysql = true,
            Long("json") => options.json = Some(PathBuf::from(parser.value()?)),
            Long("check") => options.check = true,
            Long("benchbook") => options.benchbook = Some(PathBuf::from(parser.value()?)),
            other => return Err(other.unexpected()),
        }
    }
    if all.is_empty() {
        return Err("what is to be measured? There are `sql` and `output`".into());
    }
    let names: Vec<&str> = all.iter().map(|part| part.name()).collect();
    for name in named {
        let found = all.iter().find(|part| part.name() == name);
        options.parts.push(*found.ok_or_else(|| format!("there is no part `{name}` here; there are {}", names.join(", ")))?);
    }
    if options.parts.is_empty() {
        options.parts = all.to_vec();
    }
    options.rounds = rounds.unwrap_or(if options.quick { 5 } else { 30 });
    if options.rounds == 0 {
        return Err("--rounds is at least 1".into());
    }
    Ok(Some(options))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Option<Options>, lexopt::Error> {
        parse(lexopt::Parser::from_args(words))
    }

    #[test]
    fn options_are_understood() {
        let all = read(&["sql"]).unwrap().unwrap();
        assert_eq!((all.rounds, all.parts), (30, vec![Part::Select, Part::Group]));
        let some = read(&["sql", "--quick", "--only", "group", "--json", "f"]).unwrap().unwrap();
        assert_eq!((some.rounds, some.parts), (5, vec![Part::Group]));
        assert_eq!(read(&["output"]).unwrap().unwrap().parts, [Part::Output]);
        assert_eq!(read(&["sql", "--help"]).unwrap(), None);
    }

    #[test]
    fn nonsense_is_refused() {
        for words in [&[][..], &["x"], &["sql", "--rounds", "0"], &["sql", "--only", "output"], &["output", "--only", "fly"]] {
            assert!(read(words).is_err(), "{words:?}");
        }
    }
}
