//! What cargo prints while it builds: JSON lines about artifacts, and a progress bar.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::Value;

/// One thing cargo built, or found built.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Artifact {
    pub package_id: String,
    /// The target's name, with `-` as in the manifest.
    pub name: String,
    /// `lib`, `dylib`, `bin`, `proc-macro`, ...
    pub kinds: Vec<String>,
    pub features: Vec<String>,
    /// `"3"` for code that runs in cells, `"0"` for build scripts and what they use.
    pub opt_level: String,
    pub files: Vec<PathBuf>,
    pub executable: Option<PathBuf>,
}

impl Artifact {
    /// Whether the target is of this kind.
    #[must_use]
    pub fn is(&self, kind: &str) -> bool {
        self.kinds.iter().any(|k| k == kind)
    }

    /// The first file with this ending.
    #[must_use]
    pub fn file(&self, extension: &str) -> Option<&PathBuf> {
        self.files.iter().find(|f| f.extension().is_some_and(|e| e == extension))
    }
}

/// Artifacts in the order cargo told of them; other lines are skipped.
///
/// # Errors
/// When a line that looks like JSON is not.
pub fn artifacts(lines: &str) -> Result<Vec<Artifact>> {
    let mut found = Vec::new();
    for line in lines.lines().filter(|l| l.starts_with('{')) {
        let value: Value = serde_json::from_str(line).with_context(|| format!("cargo printed a broken line: {line}"))?;
        if value["reason"] == "compiler-artifact" {
            found.push(artifact(&value));
        }
    }
    Ok(found)
}

fn artifact(value: &Value) -> Artifact {
    let strings = |v: &Value| -> Vec<String> { v.as_array().into_iter().flatten().filter_map(|s| s.as_str().map(str::to_owned)).collect() };
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    Artifact {
        package_id: text(&value["package_id"]),
        name: text(&value["target"]["name"]),
        kinds: strings(&value["target"]["kind"]),
        features: strings(&value["features"]),
        opt_level: text(&value["profile"]["opt_level"]),
        files: strings(&value["filenames"]).into_iter().map(PathBuf::from).collect(),
        executable: value["executable"].as_str().map(PathBuf::from),
    }
}

/// How far a build is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crates {
    pub done: usize,
    pub total: usize,
    /// Names of what is being compiled.
    pub now: String,
}

/// Reads `   Building [=====>    ] 12/340: polars-core, serde`.
#[must_use]
pub fn crates_done(line: &str) -> Option<Crates> {
    let rest = line.trim().strip_prefix("Building [")?;
    let (_, rest) = rest.split_once(']')?;
    let (count, now) = rest.split_once(':').unwrap_or((rest, ""));
    let (done, total) = count.trim().split_once('/')?;
    Some(Crates { done: done.parse().ok()?, total: total.parse().ok()?, now: now.trim().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_cargos_bar() {
        let crates = crates_done("    Building [====>        ] 12/340: polars-core, serde(build)");
        assert_eq!(crates, Some(Crates { done: 12, total: 340, now: "polars-core, serde(build)".to_owned() }));
        assert_eq!(crates_done("   Compiling serde v1.0.0"), None);
        assert_eq!(crates_done("    Building [=> ] x/y: z"), None);
    }

    #[test]
    fn broken_json_is_an_error_and_other_lines_are_not() {
        assert!(artifacts("{\"reason\":").is_err());
        assert_eq!(artifacts("hello\n{\"reason\":\"build-finished\",\"success\":true}").ok(), Some(Vec::new()));
    }
}
