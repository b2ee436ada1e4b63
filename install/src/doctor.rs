//! The doctor: what is there, what is missing, and how to mend it.

mod engine;
mod optional;
mod required;
mod table;

use serde_json::json;

use crate::layout::Layout;

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Ok,
    /// Works, but something will be slower or poorer than it could be.
    Warning,
    /// Required, and not there or broken.
    Missing,
    /// Not there, and only some notebooks want it.
    Optional,
}

impl Status {
    /// The word shown and written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Warning => "warning",
            Status::Missing => "missing",
            Status::Optional => "optional",
        }
    }
}

/// One line of the doctor's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    pub name: String,
    pub status: Status,
    /// What was found, or what is wrong.
    pub detail: String,
    /// How to mend it; empty when there is nothing to mend.
    pub mend: String,
}

impl Check {
    fn ok(name: &str, detail: impl Into<String>) -> Self {
        Self::new(name, Status::Ok, detail, "")
    }

    fn missing(name: &str, detail: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::new(name, Status::Missing, detail, mend)
    }

    fn new(name: &str, status: Status, detail: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { name: name.to_owned(), status, detail: detail.into(), mend: mend.into() }
    }
}

/// All checks, required ones first. Takes a few seconds: programs are really started.
#[must_use]
pub fn checks(layout: &Layout) -> Vec<Check> {
    let mut all = required::checks(layout);
    all.extend(optional::checks(layout));
    all
}

/// Prints the table, or with `json` one JSON object; returns the exit code: 1 when something required is missing.
#[must_use]
pub fn run(json: bool) -> i32 {
    let checks = match Layout::discover() {
        Ok(layout) => checks(&layout),
        Err(error) => vec![Check::missing("clone", format!("{error:#}"), "clone the repository and run `cargo lab` in it")],
    };
    let text = if json { format!("{:#}\n", as_json(&checks)) } else { table::render(&checks) };
    // A reader that went away (`| head`) is no error.
    let _ = std::io::Write::write_all(&mut std::io::stdout().lock(), text.as_bytes());
    exit_code(&checks)
}

fn exit_code(checks: &[Check]) -> i32 {
    i32::from(checks.iter().any(|c| c.status == Status::Missing))
}

fn as_json(checks: &[Check]) -> serde_json::Value {
    let list: Vec<_> =
        checks.iter().map(|c| json!({"name": c.name, "status": c.status.word(), "detail": c.detail, "mend": c.mend})).collect();
    json!({"schema": 1, "ok": exit_code(checks) == 0, "checks": list})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_missing_required_part_fails() {
        let optional = Check::new("Spark", Status::Optional, "not installed", "pip install pyspark");
        let warning = Check::new("shared memory", Status::Warning, "64 MiB", "");
        assert_eq!(exit_code(&[Check::ok("a", ""), optional.clone(), warning]), 0);
        let missing = Check::missing("Python", "none", "apt-get install python3");
        assert_eq!(exit_code(&[optional, missing.clone()]), 1);
        let json = as_json(&[missing]);
        assert_eq!(json["ok"], false);
        assert_eq!(json["checks"][0]["status"], "missing");
    }
}
