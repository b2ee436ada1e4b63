//! The course's notebooks: executed, without errors, their claims not refuted; and handouts made of notebooks.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use install::handouts::html::external_references;
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::prepared::{self, Slot, command, installed, root};
use tests::{python, result_object};

/// The notebook after its execution as `target`. The caller holds the slot.
fn executed_in_slot(name: &str, notebook: &Value, target: &Path) -> Value {
    let source = target.with_extension("source.ipynb");
    std::fs::write(&source, notebook.to_string()).expect("the folder can be written");
    let output = python::script("execute_notebook.py", &[&source, target]);
    let report = python::last_line(&output);
    assert!(report["failed"].is_null(), "{name} fails:\n{}", report["failed"].as_str().unwrap_or_default());
    read(target)
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

/// Notebooks whose exercise needs an engine that may not be installed.
const NEED_SPARK: &[&str] = &["34_spark_dataframe_sql_rdd"];

/// What a notebook must say besides.
const SAYS: &[(&str, &str)] = &[
    // The addresses lie in the mapped file.
    ("22_arrow_zero_copy", "in quotes.arrow"),
    ("25_one_task_many_ways", "ways give the same"),
];

/// One test per notebook: its name, and the fewest charts it must show.
macro_rules! course {
    ($($test:ident: $name:literal, $charts:literal;)*) => {
        const TESTED: &[&str] = &[$($name),*];
        $(#[test]
        fn $test() {
            works($name, $charts);
        })*
    };
}

course! {
    the_kernel_and_measurement: "00_kernel_and_measurement", 4;
    interpreter_vs_compiler: "11_interpreter_vs_compiler", 2;
    bottlenecks: "12_bottlenecks_cpu_mem_io_net", 7;
    object_overhead: "13_object_overhead", 6;
    profiling: "14_profiling_where_it_hurts", 7;
    foreign_functions: "15_c_and_rust_ffi", 3;
    pandas: "21_pandas_strengths_and_traps", 9;
    arrow_zero_copy: "22_arrow_zero_copy", 2;
    formats: "23_formats_csv_json_parquet", 6;
    polars_lazy: "24_polars_lazy", 7;
    one_task_many_ways: "25_one_task_many_ways", 5;
    sqlite_to_duckdb: "31_sqlite_to_duckdb", 3;
    sql_vs_dataframe: "32_sql_vs_dataframe_tpch", 8;
    push_into_sql: "33_practice_push_into_sql", 5;
    spark_dataframe_sql_rdd: "34_spark_dataframe_sql_rdd", 4;
    groupby_and_join: "35_lab_groupby_join_h2o", 5;
    processes_threads_gil: "41_processes_threads_gil", 5;
    parallel_map: "42_parallel_map_rosetta", 5;
    async_futures: "43_async_futures", 5;
    collections_dask_spark: "44_collections_dask_spark", 5;
    latency_and_batching: "45_latency_overhead_batching", 5;
    sql_engines_in_parallel: "46_sql_engines_in_parallel", 7;
    parallelise: "47_practice_parallelise", 3;
    contention: "48_lab_contention_locks", 4;
    communication: "49_lab_communication_serialization", 7;
    streaming: "4A_lab_streaming", 9;
    debugging_parallel: "4B_lab_debugging_parallel", 4;
    your_case: "99_your_case", 6;
}

#[test]
fn every_notebook_is_tested() {
    let folder = root().join("notebooks").read_dir().expect("the course");
    for path in folder.map(|entry| entry.expect("an entry").path()).filter(|path| path.extension().is_some_and(|e| e == "ipynb")) {
        let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
        assert!(TESTED.contains(&stem.as_str()), "{stem} has no line in tests/tests/it/notebooks.rs");
        let size = path.metadata().expect("readable").len();
        // What is committed is read as a handout: executed, without errors, its claims not refuted.
        check(&stem, &read(&path));
        assert!(size < 1 << 20, "{stem} has {size} bytes: a committed notebook has less than a megabyte");
    }
}

/// Executes the notebook as it stands; then, in the same kernel, its exercise with the solution and with the wrong answer.
fn works(name: &str, charts: usize) {
    // What a notebook measures is wrong while other tests keep the processor busy.
    let _alone = Slot::all();
    let mut notebook = read(&root().join("notebooks").join(format!("{name}.ipynb")));
    let answers = exercise_of(name) && (!NEED_SPARK.contains(&name) || crate::spark::is_installed(name));
    if answers {
        add_answers(name, &mut notebook);
    }
    let folder = prepared::artefacts().join("notebooks");
    std::fs::create_dir_all(&folder).expect("the target directory can be written");
    let executed = executed_in_slot(name, &notebook, &folder.join(format!("{name}.ipynb")));
    let drawn = check(name, &executed);
    assert!(drawn >= charts, "{name} shows {drawn} charts, less than {charts}");
    for (_, words) in SAYS.iter().filter(|(notebook, _)| *notebook == name) {
        assert!(executed.to_string().contains(words), "{name} does not say: {words}");
    }
    if answers {
        judge(name, executed);
    }
}

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("JSON")
}

/// Whether the notebook has an exercise with a check.
fn exercise_of(name: &str) -> bool {
    root().join("notebooks/exercises").join(name).is_dir()
}

/// A cell of the exercise's folder; and, of a wrong answer, what the check must find, from the comment in its first line.
fn answer(name: &str, which: &str) -> (String, Option<String>) {
    let path = root().join("notebooks/exercises").join(name).join(format!("{which}.cell"));
    let cell = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (first, rest) = cell.split_once('\n').unwrap_or((&cell, ""));
    match first.strip_prefix("# ").or_else(|| first.strip_prefix("// ")) {
        Some(reason) => (rest.to_owned(), Some(reason.to_owned())),
        None => (cell, None),
    }
}

/// Puts the solution and the wrong answer below the check, each with a check of its own, as a student would try one after the other.
fn add_answers(name: &str, notebook: &mut Value) {
    let cells = notebook["cells"].as_array_mut().expect("a notebook");
    let at = cells.iter().position(|cell| cell["id"] == "check").unwrap_or_else(|| panic!("{name}: a cell `check`"));
    assert!(cells[..at].iter().any(|cell| cell["id"] == "exercise"), "{name}: a cell `exercise` above the check");
    for which in ["mutant", "solution"] {
        let code = |id: String, source: Value| {
            let metadata = json!({"tags": ["raises-exception"]});
            json!({"cell_type": "code", "id": id, "metadata": metadata, "source": source, "outputs": [], "execution_count": null})
        };
        let check = code(format!("check-{which}"), cells[at]["source"].clone());
        cells.insert(at + 1, check);
        cells.insert(at + 1, code(which.to_owned(), json!(answer(name, which).0)));
    }
}

/// What a check has said.
fn said(name: &str, executed: &Value, id: &str) -> String {
    let check = executed["cells"].as_array().expect("cells").iter().find(|cell| cell["id"] == id).expect("a check");
    let outputs = check["outputs"].as_array().expect("outputs");
    let said: String = outputs.iter().map(|output| text(&output["data"]["text/plain"])).collect();
    // What stops nbconvert is the error, and only an answer that is not right yet has one.
    let fails = outputs.iter().any(|output| output["output_type"] == "error" && output["ename"] == "NotYet");
    assert_eq!(fails, said.contains("NOT YET: "), "{name}: card and error disagree: {outputs:#?}");
    said
}

/// The exercise as it stands fails, the solution passes, and a plausible wrong answer fails for the right reason.
fn judge(name: &str, mut executed: Value) {
    let reason = answer(name, "mutant").1.expect("a mutant begins with what is wrong");
    for attempt in 1.. {
        let [unsolved, solved, wrong] = ["check", "check-solution", "check-mutant"].map(|id| said(name, &executed, id));
        let unclear = [&unsolved, &solved, &wrong].into_iter().any(|said| said.contains("INCONCLUSIVE: "));
        // Never held against an answer, so not against a test either; but asked again.
        let or_unclear = |holds: bool, said: &String| holds || said.contains("INCONCLUSIVE: ");
        assert!(or_unclear(unsolved.contains("NOT YET"), &unsolved), "{name}, as it stands: {unsolved}");
        assert!(or_unclear(solved.contains("PASSED"), &solved), "{name}, solution: {solved}");
        assert!(or_unclear(wrong.contains("NOT YET") && wrong.contains(&reason), &wrong), "{name}, mutant ({reason}): {wrong}");
        if !unclear {
            return;
        }
        if attempt == 3 {
            // Past the test runner's own capture, so that it is seen.
            let _ = writeln!(std::io::stderr(), "INCONCLUSIVE {name}: {unsolved}\n{solved}\n{wrong}");
            return;
        }
        let mut notebook = read(&root().join("notebooks").join(format!("{name}.ipynb")));
        let measures = |source: &str| {
            let magics = ["%timeit", "%%timeit", "%results", "%claim", "%engine", "%%sql --engines", "%%compare", "%%parallel", "%%chart"];
            magics.iter().any(|magic| source.starts_with(magic))
        };
        let cells = notebook["cells"].as_array_mut().expect("a notebook");
        cells.retain(|cell| cell["cell_type"] == "code" && !measures(&text(&cell["source"])));
        // A cell about what is not measured this time fails; it has been checked in the first run.
        cells.iter_mut().filter(|cell| cell["id"] != "check").for_each(|cell| cell["metadata"]["tags"] = json!(["raises-exception"]));
        add_answers(name, &mut notebook);
        let folder = TempDir::new().expect("the temporary folder can be written");
        executed = executed_in_slot(name, &notebook, &folder.path().join("executed.ipynb"));
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
