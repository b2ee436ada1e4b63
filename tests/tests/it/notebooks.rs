//! The course's notebooks: executed, without errors, their claims not refuted; and handouts made of notebooks.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use install::handouts::html::external_references;
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::prepared::{self, Slot, command, installed, root};
use tests::{python, result_object};

/// The notebook after its execution in a folder of its own.
fn executed(name: &str) -> Value {
    let folder = prepared::artefacts().join("notebooks");
    std::fs::create_dir_all(&folder).expect("the target directory can be written");
    executed_to(name, &root().join("notebooks").join(name), &folder.join(name))
}

fn executed_to(name: &str, source: &Path, target: &Path) -> Value {
    let _slot = Slot::take();
    executed_in_slot(name, source, target)
}

/// The caller holds the slot.
fn executed_in_slot(name: &str, source: &Path, target: &Path) -> Value {
    let output = python::script("execute_notebook.py", &[source, target]);
    let report = python::last_line(&output);
    assert!(report["failed"].is_null(), "{name} fails:\n{}", report["failed"].as_str().unwrap_or_default());
    serde_json::from_str(&std::fs::read_to_string(target).expect("written")).expect("JSON")
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        _ => String::new(),
    }
}

/// Checks every output, and returns how many results with a chart there were.
fn check(name: &str, notebook: &Value) -> usize {
    let mut charts = 0;
    let cells = notebook["cells"].as_array().expect("a notebook");
    for cell in cells.iter().filter(|cell| cell["cell_type"] == "code") {
        let source = text(&cell["source"]);
        let outputs = cell["outputs"].as_array().expect("a code cell");
        assert!(cell["execution_count"].is_u64(), "{name}: not executed:\n{source}");
        for output in outputs {
            // The exercise is not done: its check says so, in a cell that is marked as one that may fail.
            let may_fail = cell["metadata"]["tags"].as_array().is_some_and(|tags| tags.contains(&json!("raises-exception")));
            let not_yet = may_fail && output["ename"] == "NotYet";
            assert!(output["output_type"] != "error" || not_yet, "{name}:\n{source}\n{output:#}");
            assert_ne!(output["name"], "stderr", "{name}: something on stderr:\n{source}\n{output:#}");
            let data = &output["data"];
            assert!(data.is_null() || data["text/plain"].is_string() || data["text/plain"].is_array(), "{name}: no plain text:\n{source}");
            assert!(!text(&data["text/plain"]).contains('\u{23f3}'), "{name}: a live line stayed:\n{source}");
            if !data["image/svg+xml"].is_null() {
                charts += 1;
                assert!(!data["image/png"].is_null(), "{name}: a chart without PNG:\n{source}");
            }
            let object = &output["metadata"]["benchbook"];
            if let Some(magic @ ("timeit" | "parallel" | "profile" | "sql" | "check")) = object["magic"].as_str() {
                result_object::check(object, magic);
            }
        }
        if source.trim_start().starts_with("%claim") {
            let said = outputs.iter().map(|output| text(&output["data"]["text/plain"])).collect::<String>().to_lowercase();
            assert!(said.contains("reproduced") || said.contains("inconclusive"), "{name}: a claim is refuted:\n{source}\n{said}");
            assert!(!said.contains("not reproduced"), "{name}: a claim is refuted:\n{source}\n{said}");
        }
    }
    charts
}

#[test]
fn the_kernel_and_measurement() {
    let name = "00_kernel_and_measurement.ipynb";
    assert!(check(name, &executed(name)) >= 4);
}

#[test]
fn one_task_many_ways() {
    let name = "25_one_task_many_ways.ipynb";
    let notebook = executed(name);
    assert!(check(name, &notebook) >= 4);
    let equal = notebook.to_string();
    assert!(equal.contains("ways give the same"), "the answers are compared");
}

/// What the check must find wrong, from the comment in a mutant's first line.
fn reason_of(cell: &str) -> Option<&str> {
    let first = cell.lines().next()?;
    first.strip_prefix("# ").or_else(|| first.strip_prefix("// "))
}

/// What the check of a notebook's exercise says when the cell `exercise` is `answer`; cells that only measure are left out.
fn said_of(name: &str, answer: Option<&str>) -> String {
    let text_of = |path: PathBuf| std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut notebook: Value = serde_json::from_str(&text_of(root().join("notebooks").join(format!("{name}.ipynb")))).expect("JSON");
    let cells = notebook["cells"].as_array_mut().expect("a notebook");
    let measures = |source: &str| {
        let magics = ["%timeit", "%%timeit", "%results", "%claim", "%engine", "%%sql --engines", "%%compare", "%%parallel", "%%chart"];
        magics.iter().any(|magic| source.starts_with(magic))
    };
    cells.retain(|cell| cell["cell_type"] == "code" && !measures(&text(&cell["source"])));
    if let Some(answer) = answer {
        let cell = text_of(root().join("notebooks/exercises").join(name).join(format!("{answer}.cell")));
        let exercise = cells.iter_mut().find(|cell| cell["id"] == "exercise").expect("a cell `exercise`");
        let comment = reason_of(&cell).is_some();
        exercise["source"] = json!(if comment { cell.split_once('\n').map_or("", |(_, rest)| rest) } else { cell.as_str() });
    }
    let folder = TempDir::new().expect("the temporary folder can be written");
    let source = folder.path().join("source.ipynb");
    std::fs::write(&source, notebook.to_string()).expect("the temporary folder can be written");
    let executed = executed_in_slot(name, &source, &folder.path().join("executed.ipynb"));
    let check = executed["cells"].as_array().expect("cells").iter().find(|cell| cell["id"] == "check").expect("a cell `check`");
    let outputs = check["outputs"].as_array().expect("outputs");
    let said: String = outputs.iter().map(|output| text(&output["data"]["text/plain"])).collect();
    // What stops nbconvert is the error, and only an answer that is not right yet has one.
    let fails = outputs.iter().any(|output| output["output_type"] == "error" && output["ename"] == "NotYet");
    assert_eq!(fails, said.contains("NOT YET: "), "{name}: card and error disagree: {outputs:#?}");
    said
}

/// As [`said_of`]; a check that the machine keeps from an answer is asked again.
fn said_at_last(name: &str, answer: Option<&str>) -> String {
    let mut said = String::new();
    for _ in 0..3 {
        said = said_of(name, answer);
        if !said.contains("INCONCLUSIVE: ") {
            return said;
        }
    }
    // Never held against an answer, so not against a test either; past the test runner's own capture, so that it is seen.
    let _ = writeln!(std::io::stderr(), "INCONCLUSIVE {name}, {}: {said}", answer.unwrap_or("as it stands"));
    said
}

/// The exercise as it stands fails, the solution passes, and a plausible wrong answer fails for the right reason.
fn check_exercise(name: &str) {
    // What a check measures is wrong while other tests keep the processor busy.
    let _alone = Slot::all();
    let unsolved = said_at_last(name, None);
    assert!(unsolved.contains("NOT YET") || unsolved.contains("INCONCLUSIVE"), "{name}, as it stands: {unsolved}");
    let solved = said_at_last(name, Some("solution"));
    assert!(solved.contains("PASSED") || solved.contains("INCONCLUSIVE"), "{name}, solution: {solved}");
    let wrong = said_at_last(name, Some("mutant"));
    let mutant = std::fs::read_to_string(root().join("notebooks/exercises").join(name).join("mutant.cell")).expect("a mutant");
    let reason = reason_of(&mutant).expect("a mutant begins with what is wrong");
    let found = wrong.contains("NOT YET") && wrong.contains(reason);
    assert!(found || wrong.contains("INCONCLUSIVE"), "{name}, mutant ({reason}): {wrong}");
}

#[test]
fn the_exercise_on_measurement() {
    check_exercise("00_kernel_and_measurement");
}

#[test]
fn interpreter_vs_compiler() {
    let name = "11_interpreter_vs_compiler.ipynb";
    assert!(check(name, &executed(name)) >= 2);
}

#[test]
fn the_exercise_on_compiling() {
    check_exercise("11_interpreter_vs_compiler");
}

#[test]
fn object_overhead() {
    let name = "13_object_overhead.ipynb";
    assert!(check(name, &executed(name)) >= 6);
}

#[test]
fn the_exercise_on_objects() {
    check_exercise("13_object_overhead");
}

#[test]
fn processes_threads_gil() {
    let name = "41_processes_threads_gil.ipynb";
    assert!(check(name, &executed(name)) >= 5);
}

#[test]
fn the_exercise_on_the_lock() {
    check_exercise("41_processes_threads_gil");
}

#[test]
fn arrow_zero_copy() {
    let name = "22_arrow_zero_copy.ipynb";
    let notebook = executed(name);
    assert!(check(name, &notebook) >= 2);
    assert!(notebook.to_string().contains("in quotes.arrow"), "the addresses lie in the mapped file");
}

#[test]
fn the_exercise_on_zero_copy() {
    check_exercise("22_arrow_zero_copy");
}

#[test]
fn sqlite_to_duckdb() {
    let name = "31_sqlite_to_duckdb.ipynb";
    assert!(check(name, &executed(name)) >= 3);
}

#[test]
fn the_exercise_on_sqlite() {
    check_exercise("31_sqlite_to_duckdb");
}

#[test]
fn spark_dataframe_sql_rdd() {
    let name = "34_spark_dataframe_sql_rdd.ipynb";
    assert!(check(name, &executed(name)) >= 4);
}

#[test]
fn the_exercise_on_spark() {
    if crate::spark::is_installed("notebooks::the_exercise_on_spark") {
        check_exercise("34_spark_dataframe_sql_rdd");
    }
}

fn notebook(folder: &Path, name: &str, cells: &[(&str, &str)]) -> PathBuf {
    let cells: Vec<Value> = cells
        .iter()
        .enumerate()
        .map(|(n, (kind, source))| {
            let mut cell = json!({ "cell_type": kind, "id": format!("c{n}"), "metadata": {}, "source": source });
            if *kind == "code" {
                cell["outputs"] = json!([]);
                cell["execution_count"] = Value::Null;
            }
            cell
        })
        .collect();
    let notebook = json!({
        "cells": cells, "nbformat": 4, "nbformat_minor": 5,
        "metadata": { "kernelspec": { "name": "benchbook", "display_name": "Rust (Benchbook)", "language": "rust" } }
    });
    let path = folder.join(name);
    std::fs::write(&path, notebook.to_string()).expect("the temporary folder can be written");
    path
}

/// `cargo lab handouts`, as the program that it runs.
fn handout(notebook: &Path, out: &Path) -> std::process::Output {
    let program = installed().benchbook.with_file_name("install");
    command(&program).current_dir(root()).arg("handouts").arg(notebook).arg("--out").arg(out).output().expect("the program runs")
}

#[test]
fn a_handout_needs_nothing_and_a_failing_cell_stops_it() {
    let _slot = Slot::take();
    let folder = TempDir::new().expect("the temporary folder can be written");
    let good = notebook(
        folder.path(),
        "good.ipynb",
        &[
            ("markdown", "# Title\n\n$x^2$ and [a link](https://example.org)"),
            ("code", "polars::df![\"n\" => [123456789_i64]]?"),
            ("code", "%timeit --budget 1s (0..1000_u64).map(|x| x * x).sum::<u64>()"),
            ("code", "%%sql\nSELECT 'from <b>SQL</b>' AS word"),
        ],
    );
    let out = folder.path().join("out");
    let made = handout(&good, &out);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let html = std::fs::read_to_string(out.join("good.html")).expect("written");
    assert_eq!(external_references(&html), Vec::<String>::new());
    for part in ["123456789", "<math", "data:image/", "from &lt;b&gt;SQL&lt;/b&gt;", "Title"] {
        assert!(html.contains(part), "{part} is not in the handout");
    }

    let bad =
        notebook(folder.path(), "bad.ipynb", &[("code", "1 + 1"), ("code", "panic!(\"on purpose\")"), ("code", "println!(\"never\")")]);
    let stopped = handout(&bad, &out);
    let said = String::from_utf8_lossy(&stopped.stderr).into_owned();
    assert!(!stopped.status.success(), "a failing cell stops the handout");
    assert!(said.contains("on purpose") && said.contains("bad.ipynb"), "{said}");
    assert!(!out.join("bad.html").exists());
    // nbconvert itself stops, too: an error reply is an error reply.
    let nbconvert = python::python()
        .args(["-m", "nbconvert", "--execute", "--to", "html", "--output-dir"])
        .arg(&out)
        .arg(&bad)
        .output()
        .expect("nbconvert runs");
    assert!(!nbconvert.status.success(), "nbconvert goes on after an error");
    assert!(String::from_utf8_lossy(&nbconvert.stderr).contains("on purpose"));
}

#[test]
fn nbconvert_passes_a_good_check_and_stops_at_a_failing_one() {
    let _slot = Slot::take();
    let folder = TempDir::new().expect("the temporary folder can be written");
    let check = "%%check double --points 2\n%% correct\nassert_eq!(double(21), 42, \"twice 21 is 42\");";
    let convert = |name: &str, answer: &str| {
        let exercise = format!("%%exercise double\nfn double(n: i32) -> i32 {{\n    {answer}\n}}");
        let cells = [("code", exercise.as_str()), ("code", check), ("code", "%%expect_error E0425\nnothing"), ("code", "1 + 1")];
        let source = notebook(folder.path(), name, &cells);
        let mut command = python::python();
        command.args(["-m", "nbconvert", "--execute", "--to", "notebook", "--output-dir"]).arg(folder.path().join("out")).arg(&source);
        (command.output().expect("nbconvert runs"), folder.path().join("out").join(name))
    };
    let (good, executed) = convert("good.ipynb", "2 * n");
    assert!(good.status.success(), "{}", String::from_utf8_lossy(&good.stderr));
    let executed: Value = serde_json::from_str(&std::fs::read_to_string(executed).expect("written")).expect("JSON");
    let outputs = executed["cells"][1]["outputs"].as_array().expect("outputs");
    let results: Vec<String> =
        outputs.iter().filter(|o| o["output_type"] == "execute_result").map(|o| text(&o["data"]["text/plain"])).collect();
    assert_eq!(results, ["2.0"], "the score, as a grader reads it: {outputs:#?}");
    assert!(outputs.iter().all(|output| output["name"] != "stderr" && output["output_type"] != "error"), "{outputs:#?}");
    for answer in ["n + 1", "todo!()"] {
        let (bad, _) = convert("bad.ipynb", answer);
        let said = String::from_utf8_lossy(&bad.stderr).into_owned();
        assert!(!bad.status.success() && said.contains("NotYet"), "{answer}: {said}");
    }
}
