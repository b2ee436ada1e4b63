//! What the command line asks for.

use std::path::PathBuf;

use lexopt::prelude::*;
use serde_json::json;

pub const USAGE: &str = "cargo lab bench cells: how quick cells are, beside evcxr_jupyter 0.22.0 and a bare rustc

usage: cargo lab bench cells [OPTIONS]

  --rounds N              measurements of each kind, default 30; the kernels take turns in every round
  --only PART[,PART]      of the parts below; may be given several times
  --quick                 5 rounds, fewer variables and definitions: to see that it works, not for publishing
  --evcxr-polars WHAT     how evcxr_jupyter gets Polars:
                            crates  `:dep polars` with our version and features, as its users would (default)
                            lab     `:dep lab = { path = … }`, our library built by evcxr's cargo
                            none    not at all; rows about it are not measured
                          both builds take half an hour the first time and stay in the user's cache
  --install-evcxr         install evcxr_jupyter 0.22.0 into the user's cache first (about 10 minutes on 2 cores)
  --without-evcxr         only ours and a bare rustc, even when there is an evcxr_jupyter
  --json FILE             write everything, with every sample, to FILE
  --check                 a missed target is a failure (exit code 1)
  --benchbook FILE        another kernel program than the one that set-up built

parts:
  cells     expression, let, print, function, iterators, with no, 5 and 50 live variables
  polars    `df!` and lazy queries, the same; size of their libraries
  start     from starting the kernel to the first answer; first let; first let with a Polars type
  rerun     an unchanged cell again, also after a restart
  notebook  cell 5 against cell 200 of a notebook of definitions
  assist    completion and inspection with Polars in scope, also while a cell runs
  speed     functions defined in cells against the same source built by `cargo build --release`
  memory    of the kernel and its processes with Polars in scope; CPU time when idle

The time of a cell is from sending its request to both its reply and idle. Every answer is checked: a wrong one is never
timed, and makes the exit code 1.
";

/// A part of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Cells,
    Polars,
    Start,
    Rerun,
    Notebook,
    Assist,
    Speed,
    Memory,
}

impl Part {
    pub const LIST: [Self; 8] =
        [Self::Cells, Self::Polars, Self::Start, Self::Rerun, Self::Notebook, Self::Assist, Self::Speed, Self::Memory];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cells => "cells",
            Self::Polars => "polars",
            Self::Start => "start",
            Self::Rerun => "rerun",
            Self::Notebook => "notebook",
            Self::Assist => "assist",
            Self::Speed => "speed",
            Self::Memory => "memory",
        }
    }
}

/// How evcxr_jupyter gets Polars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvcxrPolars {
    Crates,
    Lab,
    None,
}

impl EvcxrPolars {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Crates => "crates",
            Self::Lab => "lab",
            Self::None => "none",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    pub rounds: usize,
    pub parts: Vec<Part>,
    pub quick: bool,
    pub evcxr_polars: EvcxrPolars,
    pub install_evcxr: bool,
    pub without_evcxr: bool,
    pub json: Option<PathBuf>,
    pub check: bool,
    pub benchbook: Option<PathBuf>,
}

impl Options {
    /// What was asked for, as the JSON has it.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        json!({
            "benchmark": "cells",
            "rounds": self.rounds,
            "quick": self.quick,
            "parts": self.parts.iter().map(|part| part.name()).collect::<Vec<_>>(),
            "evcxr_polars": self.evcxr_polars.name(),
        })
    }
}

/// Reads the arguments; `None` when help is asked for.
///
/// # Errors
/// An argument that is unknown or makes no sense.
pub fn parse(mut parser: lexopt::Parser) -> Result<Option<Options>, lexopt::Error> {
    let mut options = Options {
        rounds: 0,
        parts: vec![],
        quick: false,
        evcxr_polars: EvcxrPolars::Crates,
        install_evcxr: false,
        without_evcxr: false,
        json: None,
        check: false,
        benchbook: None,
    };
    let mut rounds = None;
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("rounds") => rounds = Some(parser.value()?.parse::<usize>()?),
            Long("only") => {
                let names = parser.value()?.string()?;
                for name in names.split(',') {
                    options.parts.push(part(name.trim())?);
                }
            }
            Long("quick") => options.quick = true,
            Long("evcxr-polars") => {
                options.evcxr_polars = match parser.value()?.string()?.as_str() {
                    "crates" => EvcxrPolars::Crates,
                    "lab" => EvcxrPolars::Lab,
                    "none" => EvcxrPolars::None,
                    other => return Err(format!("--evcxr-polars is crates, lab or none, not `{other}`").into()),
                }
            }
            Long("install-evcxr") => options.install_evcxr = true,
            Long("without-evcxr") => options.without_evcxr = true,
            Long("json") => options.json = Some(PathBuf::from(parser.value()?)),
            Long("check") => options.check = true,
            Long("benchbook") => options.benchbook = Some(PathBuf::from(parser.value()?)),
            other => return Err(other.unexpected()),
        }
    }
    if options.install_evcxr && options.without_evcxr {
        return Err("--install-evcxr and --without-evcxr exclude each other".into());
    }
    options.rounds = rounds.unwrap_or(if options.quick { 5 } else { 30 });
    if options.rounds == 0 {
        return Err("--rounds is at least 1".into());
    }
    if options.parts.is_empty() {
        options.parts = Part::LIST.to_vec();
    }
    Ok(Some(options))
}

fn part(name: &str) -> Result<Part, String> {
    let names: Vec<&str> = Part::LIST.iter().map(|part| part.name()).collect();
    Part::LIST
        .into_iter()
        .find(|part| part.name() == name)
        .ok_or_else(|| format!("there is no part `{name}`; there are {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Option<Options>, lexopt::Error> {
        parse(lexopt::Parser::from_args(words))
    }

    #[test]
    fn options_are_understood() {
        let all = read(&[]).unwrap().unwrap();
        assert_eq!((all.rounds, all.parts.len(), all.evcxr_polars), (30, 8, EvcxrPolars::Crates));
        let some = read(&["--quick", "--only", "cells,speed", "--only=memory", "--json", "f"]).unwrap().unwrap();
        assert_eq!((some.rounds, some.parts), (5, vec![Part::Cells, Part::Speed, Part::Memory]));
        assert_eq!(read(&["--quick", "--rounds", "2"]).unwrap().unwrap().rounds, 2);
        assert_eq!(read(&["--help"]).unwrap(), None);
    }

    #[test]
    fn nonsense_is_refused() {
        for words in [&["--rounds", "0"][..], &["--only", "fly"], &["--evcxr-polars", "x"], &["x"], &["--install-evcxr", "--without-evcxr"]]
        {
            assert!(read(words).is_err(), "{words:?}");
        }
    }
}
