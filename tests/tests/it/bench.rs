//! The benchmarks: that they run, check answers and write what they promise. No time is judged.

use std::process::Command;

use serde_json::Value;
use tests::prepared::{installed, without_cargo};

fn bench_cells() -> Command {
    program("CARGO_BIN_EXE_bench-cells")
}

fn program(variable: &str) -> Command {
    // Not `env!`: the shell script that cargo runs the compiler through loses variables with a hyphen in their name.
    let program = std::env::var_os(variable).expect("cargo tells a test where its program is");
    let mut command = Command::new(program);
    without_cargo(&mut command);
    command
}

#[test]
fn the_benchmark_measures_ours() {
    let dir = tempfile::tempdir().expect("the temporary folder can be written");
    let file = dir.path().join("cells.json");
    let mut command = bench_cells();
    command.args(["--rounds", "1", "--quick", "--without-evcxr", "--only", "cells,speed", "--benchbook"]);
    let output = command.arg(&installed().benchbook).arg("--json").arg(&file).output().expect("the program runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.lines().all(|line| line.chars().count() <= 140), "{text}");

    let json: Value = serde_json::from_slice(&std::fs::read(&file).expect("it was written")).expect("JSON");
    assert_eq!((&json["schema"], &json["benchmark"], &json["rounds"]), (&1.into(), &"cells".into(), &1.into()));
    assert!(json["answers"]["checked"].as_u64() > Some(40), "{}", json["answers"]);
    assert_eq!((&json["answers"]["wrong"], &json["failures"]), (&Value::Array(vec![]), &Value::Array(vec![])));
    for name in ["rustc", "benchbook", "Polars"] {
        assert!(json["versions"][name].as_str().is_some_and(|version| version.contains('.')), "{}", json["versions"]);
    }
    let rows = json["rows"].as_array().expect("a list");
    let of_part = |part: &str| rows.iter().filter(|row| row["part"] == part).count();
    assert_eq!((of_part("cells"), of_part("speed"), rows.len()), (10, 10, 20));
    for row in rows {
        let samples = row["samples"].as_array().expect("a list");
        assert!(samples.iter().any(|one| one["who"] == "ours" && one["samples"][0].as_f64().is_some_and(|value| value >= 0.0)), "{row:#}");
        for target in row["targets"].as_array().expect("a list") {
            let verdict = target["verdict"].as_str().unwrap_or_default();
            assert!(["holds", "missed", "unclear", "not measured"].contains(&verdict), "{row:#}");
        }
    }
}

#[test]
fn round_trips_are_measured() {
    let dir = tempfile::tempdir().expect("the temporary folder can be written");
    for (kind, rows) in [("sql", 6), ("output", 2)] {
        let file = dir.path().join(kind);
        let mut command = program("CARGO_BIN_EXE_bench-trips");
        command.args([kind, "--rounds", "1", "--quick", "--without-jupysql", "--benchbook"]).arg(&installed().benchbook);
        let output = command.arg("--json").arg(&file).output().expect("the program runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
        assert!(text.lines().all(|line| line.chars().count() <= 140), "{text}");
        let json: Value = serde_json::from_slice(&std::fs::read(&file).expect("it was written")).expect("JSON");
        assert_eq!((&json["answers"]["wrong"], &json["failures"]), (&Value::Array(vec![]), &Value::Array(vec![])), "{text}");
        let measured = json["rows"].as_array().expect("a list");
        assert_eq!(measured.len(), rows, "{text}");
        for row in measured {
            let ours = row["samples"].as_array().expect("a list").iter().find(|one| one["who"] == "ours");
            assert!(ours.is_some_and(|one| one["samples"][0].as_f64().is_some_and(|value| value >= 0.0)), "{row:#}");
        }
    }
}

#[test]
fn verdicts_of_comparisons_are_counted() {
    let dir = tempfile::tempdir().expect("the temporary folder can be written");
    let file = dir.path().join("compare.json");
    let output = program("CARGO_BIN_EXE_bench-compare")
        .env("CARGO_TARGET_DIR", &installed().target_dir)
        .args(["--comparisons", "2", "--only", "rust", "--budget", "200ms", "--json"])
        .arg(&file)
        .output()
        .expect("the program runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("rust A/A") && text.contains("rust A/B"), "{text}");
    let json: Value = serde_json::from_slice(&std::fs::read(&file).expect("it was written")).expect("JSON");
    assert_eq!(json["rows"][1]["verdicts"].as_array().map(Vec::len), Some(2), "{json:#}");
}

#[test]
fn making_datasets_is_measured() {
    let dir = tempfile::tempdir().expect("the temporary folder can be written");
    let file = dir.path().join("data.json");
    let mut command = program("CARGO_BIN_EXE_bench-data");
    // Python is looked for where cargo would build: where this test has made it.
    command.env("CARGO_TARGET_DIR", &installed().target_dir).args(["--quick", "--benchbook"]).arg(&installed().benchbook);
    let output = command.arg("--json").arg(&file).output().expect("the program runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let json: Value = serde_json::from_slice(&std::fs::read(&file).expect("it was written")).expect("JSON");
    assert_eq!((&json["answers"]["checked"], &json["answers"]["wrong"]), (&4.into(), &Value::Array(vec![])), "{text}");
    let rows = json["rows"].as_array().expect("a list");
    assert!(rows.len() == 2 && rows.iter().all(|row| row["samples"].as_array().map(Vec::len) == Some(2)), "{json:#}");
}

#[test]
fn nonsense_is_refused() {
    let help = bench_cells().arg("--help").output().expect("the program runs");
    assert!(help.status.success() && String::from_utf8_lossy(&help.stdout).contains("--rounds"));
    let wrong = bench_cells().args(["--only", "everything"]).output().expect("the program runs");
    assert!(wrong.status.code() == Some(2) && String::from_utf8_lossy(&wrong.stderr).contains("notebook"));
    let absent = bench_cells().args(["--without-evcxr", "--benchbook", "/nonexistent/benchbook"]).output().expect("the program runs");
    assert!(absent.status.code() == Some(1) && String::from_utf8_lossy(&absent.stderr).contains("cargo lab prepare"));
}

#[test]
fn the_benchmark_of_tables_measures_both_languages() {
    let dir = tempfile::tempdir().expect("the temporary folder can be written");
    let file = dir.path().join("tables.json");
    // The program looks for the installation where cargo would build: where this test has made it.
    let output = program("CARGO_BIN_EXE_bench-tables")
        .env("CARGO_TARGET_DIR", &installed().target_dir)
        .args(["--megabytes", "2", "--rounds", "1", "--json"])
        .arg(&file)
        .output()
        .expect("the program runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    for row in
        ["memcpy, new memory", "Rust: share floats", "Rust: share texts", "Rust: open 1 MB of floats", "Python: share a pyarrow table"]
    {
        assert!(text.contains(row), "{row}:\n{text}");
    }
    let json: Value = serde_json::from_slice(&std::fs::read(&file).expect("it was written")).expect("JSON");
    assert_eq!((&json["schema"], &json["benchmark"]), (&1.into(), &"tables".into()));
    assert!(json["rows"].as_array().is_some_and(|rows| rows.len() >= 18), "{json:#}");
}

#[test]
fn timing_is_proved() {
    let dir = tempfile::tempdir().expect("the temporary folder can be written");
    let run = |arguments: &[&str], file: &str| -> Value {
        let file = dir.path().join(file);
        let mut command = program("CARGO_BIN_EXE_bench-timeit");
        command.args(arguments).arg("--benchbook").arg(&installed().benchbook).arg("--json").arg(&file);
        let output = command.output().expect("the program runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&std::fs::read(&file).expect("it was written")).expect("JSON")
    };
    let json = run(&["--quick", "--without-criterion", "--only", "add_chain,allocate,sort"], "functions");
    assert_eq!((&json["benchmark"], json["rows"].as_array().map(Vec::len)), (&"timeit".into(), Some(3)), "{json:#}");
    for row in json["rows"].as_array().expect("a list") {
        assert!(row["samples"][0]["samples"][0].as_f64() > Some(0.0), "{row:#}");
    }
    let coverage = run(&["--quick", "--coverage", "4", "--only", "float_sum"], "coverage");
    assert_eq!((&coverage["times"], coverage["intervals_s"].as_array().map(Vec::len)), (&4.into(), Some(4)), "{coverage:#}");
    assert!(coverage["covered"].as_u64().is_some_and(|covered| covered <= 4));
}
