//! Step 6: the small datasets, made by the kernel's own `data` command.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::progress::Step;
use crate::run;

/// The datasets every notebook can rely on: arguments of `benchbook data`.
///
/// Their size does not depend on `COURSE_SCALE`: tests and the doctor look for these.
pub const SMALL: [&[&str]; 2] = [&["tpch", "--sf", "0.01", "--scale", "ci"], &["stocks", "--days", "20", "--scale", "ci"]];

/// Makes the small datasets, or finds them made and intact.
///
/// # Errors
/// When one cannot be written; the message holds what `benchbook data` said.
pub fn ensure(benchbook: &Path, step: &mut Step) -> Result<()> {
    for arguments in SMALL {
        let name = arguments[0];
        let mut command = Command::new(benchbook);
        command.arg("data").args(arguments).arg("--json");
        let started = std::time::Instant::now();
        run::lines(
            &mut command,
            |line| {
                if let Some(text) = progress(line) {
                    if started.elapsed().as_secs_f64() > 1.0 {
                        step.work("making them, less than a minute");
                    }
                    step.say(&format!("{name}: {text}"));
                }
            },
            |_| {},
            |_| true,
        )
        .with_context(|| format!("the dataset `{name}` could not be made"))?;
    }
    Ok(())
}

/// `{"done":0.5,"what":"lineitem"}` as `50 % lineitem`.
fn progress(line: &str) -> Option<String> {
    let value: Value = serde_json::from_str(line).ok()?;
    let done = value["done"].as_f64()?;
    Some(format!("{:.0} % {}", done.clamp(0.0, 1.0) * 100.0, value["what"].as_str().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_lines_are_read_and_others_skipped() {
        assert_eq!(progress(r#"{"done":0.5,"what":"lineitem"}"#).as_deref(), Some("50 % lineitem"));
        assert_eq!(progress(r#"{"dir":"/d","files":[]}"#), None);
        assert_eq!(progress("hello"), None);
    }
}
