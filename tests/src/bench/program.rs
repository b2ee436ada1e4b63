//! What every benchmark is as a program: its help, its usage errors, its exit code, its JSON file.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use serde_json::Value;

/// Parses the arguments, prints the help when that is asked for, and measures.
///
/// `parse` gives `None` for help; `measure` says whether all answers were right and what had to be met was met.
/// The exit code is 2 for wrong arguments, 1 for an error or when `measure` says no, else 0.
pub fn run<O>(
    name: &str,
    usage: &str,
    parse: impl FnOnce(lexopt::Parser) -> Result<Option<O>, lexopt::Error>,
    measure: impl FnOnce(O) -> Result<bool>,
) -> ExitCode {
    let options = match parse(lexopt::Parser::from_env()) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{usage}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("bench {name}: {error}\n\n{usage}");
            return ExitCode::from(2);
        }
    };
    match measure(options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("\nbench {name}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The file of `--json`, if one was asked for.
#[derive(Debug)]
pub struct JsonFile(Option<File>);

impl JsonFile {
    /// Creates it: that it cannot be written is found out before measuring, not after an hour.
    pub fn create(path: Option<&Path>) -> Result<Self> {
        let create = |path: &Path| File::create(path).with_context(|| format!("{} cannot be written", path.display()));
        path.map(create).transpose().map(Self)
    }

    /// Writes the whole of it.
    pub fn write(&mut self, value: impl FnOnce() -> Value) -> Result<()> {
        let Some(file) = &mut self.0 else { return Ok(()) };
        file.write_all(format!("{:#}\n", value()).as_bytes()).context("the JSON could not be written")
    }
}
