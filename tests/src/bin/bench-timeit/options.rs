//! What the command line asks for.

use std::path::PathBuf;

use ::tests::bench::report::Section;
use lexopt::prelude::*;
use serde_json::json;

pub const USAGE: &str = "cargo lab bench timeit: whether the numbers of `%%timeit` are right

usage: cargo lab bench timeit [OPTIONS]

  --rounds N              measurements of each function by each of both, default 7; both take turns in every round
  --only NAME[,NAME]      of the functions
  --budget SECONDS        of each measurement, default 3
  --coverage N            instead: times one function (--only NAME, default float_sum) N times, and counts how many of the 95 %
                          intervals hold the median of all; without a number 200
  --quick                 1 round of 0.3 s (coverage: 10 times), without the function of a second: to see that it works
  --without-criterion     only ours; nothing is installed or built
  --json FILE             write everything, with every sample, to FILE
  --check                 a missed target is a failure (exit code 1)
  --benchbook FILE        another kernel program than the one that set-up built

Ten functions from a nanosecond to a second are timed by `%%timeit` in a real kernel and by criterion in a crate with the same text,
compiler and flags, which is built in the user's cache. Targets: the medians agree within 3 %; 90 to 99 % of the intervals hold the
median. Results are compared first: a wrong one is never timed, and makes the exit code 1.
";

/// A part of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Functions,
}

impl Section for Part {
    const ALL: &'static [Self] = &[Self::Functions];

    fn name(self) -> &'static str {
        "functions"
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    pub rounds: usize,
    pub only: Vec<String>,
    pub budget_s: f64,
    pub coverage: Option<usize>,
    pub quick: bool,
    pub without_criterion: bool,
    pub json: Option<PathBuf>,
    pub check: bool,
    pub benchbook: Option<PathBuf>,
}

impl Options {
    /// What was asked for, as the JSON has it.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        json!({"benchmark": "timeit", "rounds": self.rounds, "quick": self.quick, "budget_s": self.budget_s, "parts": ["functions"]})
    }
}

/// Reads the arguments; `None` when help is asked for.
///
/// # Errors
/// An argument that is unknown or makes no sense.
pub fn parse(mut parser: lexopt::Parser) -> Result<Option<Options>, lexopt::Error> {
    let (mut rounds, mut budget_s, mut coverage) = (None, None, None);
    let mut options = Options {
        rounds: 0,
        only: vec![],
        budget_s: 0.0,
        coverage: None,
        quick: false,
        without_criterion: false,
        json: None,
        check: false,
        benchbook: None,
    };
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("rounds") => rounds = Some(parser.value()?.parse::<usize>()?),
            Long("only") => options.only.extend(parser.value()?.string()?.split(',').map(|name| name.trim().to_owned())),
            Long("budget") => budget_s = Some(parser.value()?.parse::<f64>()?),
            Long("coverage") => coverage = Some(parser.optional_value().map(|value| value.parse::<usize>()).transpose()?),
            // The number may also stand apart.
            Value(word) if coverage == Some(None) => coverage = Some(Some(word.parse::<usize>()?)),
            Long("quick") => options.quick = true,
            Long("without-criterion") => options.without_criterion = true,
            Long("json") => options.json = Some(PathBuf::from(parser.value()?)),
            Long("check") => options.check = true,
            Long("benchbook") => options.benchbook = Some(PathBuf::from(parser.value()?)),
            other => return Err(other.unexpected()),
        }
    }
    let names = super::functions::FUNCTIONS.iter().map(|function| function.name);
    for name in &options.only {
        if !names.clone().any(|known| known == name) {
            let all: Vec<&str> = names.collect();
            return Err(format!("there is no function `{name}`; there are {}", all.join(", ")).into());
        }
    }
    options.rounds = rounds.unwrap_or(if options.quick { 1 } else { 7 });
    options.budget_s = budget_s.unwrap_or(if options.quick { 0.3 } else { 3.0 });
    options.coverage = coverage.map(|times| times.unwrap_or(if options.quick { 10 } else { 200 }));
    if options.rounds == 0 || options.budget_s <= 0.0 || options.coverage.is_some_and(|times| times < 2) {
        return Err("`--rounds` is at least 1, `--budget` longer than nothing, `--coverage` at least 2".into());
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
        let all = read(&[]).unwrap().unwrap();
        assert_eq!((all.rounds, all.budget_s, all.coverage), (7, 3.0, None));
        let some = read(&["--quick", "--only", "sort,sieve", "--coverage", "50"]).unwrap().unwrap();
        assert_eq!((some.rounds, some.only.len(), some.coverage), (1, 2, Some(50)));
        assert_eq!(read(&["--coverage"]).unwrap().unwrap().coverage, Some(200));
        assert_eq!(read(&["--coverage=30", "--quick"]).unwrap().unwrap().coverage, Some(30));
        assert_eq!(read(&["--help"]).unwrap(), None);
    }

    #[test]
    fn nonsense_is_refused() {
        for words in [&["x"][..], &["--rounds", "0"], &["--only", "sleep"], &["--budget", "0"], &["--coverage", "1"]] {
            assert!(read(words).is_err(), "{words:?}");
        }
    }
}
