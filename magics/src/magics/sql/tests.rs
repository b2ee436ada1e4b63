use serde_json::json;

use crate::error::MagicError;
use crate::results::with_store;
use crate::sql_error::sql_failure_error;
use crate::sql_wire::{Column, Phases, Plan, SqlFailure, SqlReply};
use crate::testing::{Recorder, plain, run_cell};

fn reply() -> SqlReply {
    SqlReply {
        columns: vec![
            Column { name: "<b>".into(), type_name: "VARCHAR".into() },
            Column { name: "n".into(), type_name: "DECIMAL(12,2)".into() },
        ],
        rows: vec![vec![Some("<script>".into()), Some("1.50".into())], vec![None, Some("2.00".into())]],
        row_count: 1234,
        has_rows: true,
        phases: Phases { execute: Some(0.012), fetch: Some(0.0005), ..Phases::default() },
        plan_text: None,
        threads: 2,
        engine_version: "DuckDB v1.5.6".into(),
        ..SqlReply::default()
    }
}

#[test]
fn a_result_is_shown_with_types_cut_and_time() {
    let mut host = Recorder::default().reply(Ok(reply()));
    run_cell("%%sql --limit 2\nSELECT * FROM t", &mut host).unwrap();
    let text = host.shown();
    assert!(text.contains("│ VARCHAR  │ DECIMAL(12,2) │"), "{text}");
    assert!(text.contains("│ NULL     │          2.00 │"), "{text}");
    assert!(text.ends_with("showing 2 of 1234 rows × 2 columns · 12.5 ms · DuckDB v1.5.6, 2 threads"), "{text}");
    let html = host.shown_html();
    assert!(html.contains("&lt;script&gt;") && !html.contains("<script"));
    assert_eq!(host.sql[0].limit, 2);
    assert_eq!(host.sql[0].sql, "\nSELECT * FROM t");
    let result = &host.displays[0].metadata["benchbook"];
    assert_eq!(result["schema"], 1);
    assert_eq!(result["variants"][0]["rows"], 1234);
    assert_eq!(result["variants"][0]["phases_s"], json!({"execute": 0.012, "fetch": 0.0005}));
}

#[test]
fn parameters_are_bound_and_frames_published() {
    let mut host = Recorder::default()
        .variable("df", "lab::polars::frame::DataFrame")
        .variable("other", "DataFrame")
        .variable("limit_", "i64")
        .events(&[("param", json!({"name": "limit_", "value": 7}))]);
    run_cell("%%sql\nSELECT '{no}' FROM df\nWHERE a < {limit_}", &mut host).unwrap();
    assert_eq!(host.rust, ["lab::tables::param(\"limit_\", &limit_);\n(&&lab::tables::offer::Offer(&df)).benchbook_offer(\"df\")?;\n"]);
    let request = &host.sql[0];
    assert_eq!(request.sql, "\nSELECT '{no}' FROM df\nWHERE a < $limit_ ");
    assert_eq!(request.params["limit_"], 7);
    assert_eq!(request.tables.len(), 1);
    assert_eq!(request.tables[0].path, "/session/tables/df.arrow");
}

#[test]
fn a_variable_is_a_table_only_where_a_table_stands() {
    let mut host = Recorder::default().variable("price", "Vec<f64>").variable("t", "Vec<f64>").variable("n", "i32");
    run_cell("%%sql\nSELECT price, n FROM T, n", &mut host).unwrap();
    assert_eq!(host.rust, ["(&&lab::tables::offer::Offer(&t)).benchbook_offer(\"t\")?;\n"]);
    assert_eq!(host.sql[0].tables.len(), 1);
}

#[test]
fn python_is_asked_for_what_nobody_else_has() {
    let mut host = Recorder { python_is_idle: true, ..Recorder::default() };
    let known = SqlReply { rows: vec![vec![Some("made".into())]], ..SqlReply::default() };
    host = host.reply(Ok(known)).reply(Ok(reply())).events(&[("table", json!({"name": "people", "error": "no columns"}))]);
    let error = run_cell("%sql SELECT * FROM made, people", &mut host).unwrap_err();
    assert!(plain(&error).contains("the Python variable `people` cannot be shared as a table: no columns"), "{}", plain(&error));
    assert!(
        host.measured_python[0].0.contains("offer")
            && host.measured_python[0].0.contains("people")
            && !host.measured_python[0].0.contains("made")
    );
}

#[test]
fn a_query_without_rust_names_evaluates_no_rust() {
    let mut host = Recorder::default().variable("df", "DataFrame");
    run_cell("%sql SELECT 1", &mut host).unwrap();
    assert!(host.rust.is_empty());
    assert_eq!(host.sql[0].sql.trim(), "SELECT 1");
}

#[test]
fn an_unknown_parameter_names_the_nearest_variable() {
    let mut host = Recorder::default().variable("threshold", "f64");
    let error = run_cell("%%sql\nSELECT\n  {treshold}", &mut host).unwrap_err();
    let text = plain(&error);
    assert!(text.contains("there is no Rust variable `treshold`"), "{text}");
    assert!(text.contains("line 3 |   {treshold}\n       |   ^^^^^^^^^^"), "{text}");
    assert!(text.contains("did you mean `threshold`?"), "{text}");
    assert!(host.sql.is_empty());
}

#[test]
fn frames_and_lists_are_no_parameters() {
    let mut host = Recorder::default().variable("df", "DataFrame");
    let error = run_cell("%sql SELECT * FROM {df}", &mut host).unwrap_err();
    assert!(plain(&error).contains("without braces"));
    let mut host = Recorder::default().variable("v", "Vec<i64>").events(&[("param", json!({"name": "v", "value": [1]}))]);
    let error = run_cell("%sql SELECT {v}", &mut host).unwrap_err();
    assert!(plain(&error).contains("not a single value"));
    let mut host = Recorder::default().variable("f", "F");
    host.rust_errors.push_back(MagicError::new("CompileError", "no"));
    let error = run_cell("%sql SELECT {f}", &mut host).unwrap_err();
    assert!(plain(&error).contains("here: `f: F`"), "{}", plain(&error));
}

#[test]
fn a_result_can_become_a_rust_variable() {
    for cell in
        ["%%sql --out top\nSELECT 1", "%%sql top <<\nSELECT 1", "%sql top << SELECT 1", "top << %%sql\nSELECT 1", "top << %sql SELECT 1"]
    {
        let mut host = Recorder::default().reply(Ok(reply()));
        run_cell(cell, &mut host).unwrap();
        assert_eq!(host.sql[0].out.as_deref(), Some("/session/out_top.arrow"), "{cell}");
        assert_eq!(host.sql[0].sql.trim(), "SELECT 1", "{cell}");
        assert_eq!(host.rust, ["let top: lab::polars::frame::DataFrame = lab::tables::adopt(\"top\", \"/session/out_top.arrow\")?;"]);
        assert!(host.shown().contains("`top`: DataFrame, 1234 rows × 2 columns"), "{}", host.shown());
    }
    let mut host = Recorder::default().reply(Ok(SqlReply::default()));
    assert!(plain(&run_cell("%%sql --out top\nCREATE TABLE t(a INT)", &mut host).unwrap_err()).contains("returns no rows"));
}

#[test]
fn plans_are_preformatted() {
    let plan = SqlReply { plan_text: Some("┌──┐\n│<>│".into()), ..reply() };
    let mut host = Recorder::default().reply(Ok(plan));
    run_cell("%%sql --explain\nSELECT 1", &mut host).unwrap();
    assert_eq!(host.sql[0].plan, Plan::Explain);
    assert!(host.shown_html().contains("│&lt;&gt;│"));
    assert!(run_cell("%%sql --explain --profile\nSELECT 1", &mut host).is_err());
    assert!(run_cell("%%sql --explain --out x\nSELECT 1", &mut host).is_err());
}

/// Answers as the kernel does: the failure refers to the request's text.
#[test]
fn failures_point_into_the_cell_as_written() {
    let cell = "%%sql\nSELECT {x},\n  nope FROM t {x}";
    let host = || Recorder::default().variable("x", "i64").events(&[("param", json!({"name": "x", "value": 1}))]);
    let mut first = host();
    run_cell(cell, &mut first).unwrap();
    let sql = first.sql[0].sql.clone();
    let failure = SqlFailure { class: "Binder Error".into(), message: "no `nope`".into(), offset: sql.find("nope") };
    let mut second = host().reply(Err(sql_failure_error(&sql, &failure, 1)));
    let text = plain(&run_cell(cell, &mut second).unwrap_err());
    assert!(text.contains("line 3 |   nope FROM t {x}\n       |   ^^^^"), "{text}");

    let mut line = Recorder::default();
    run_cell("let a = 1;\n%sql SELECT é FORM", &mut line).unwrap();
    let sql = line.sql[0].sql.clone();
    let failure = SqlFailure { offset: sql.find("FORM"), ..failure };
    let mut again = Recorder::default().reply(Err(sql_failure_error(&sql, &failure, 1)));
    let text = plain(&run_cell("let a = 1;\n%sql SELECT é FORM", &mut again).unwrap_err());
    assert!(text.contains("line 2 | %sql SELECT é FORM\n       |               ^^^^"), "{text}");
}

#[test]
fn wrong_use_is_explained() {
    let mut host = Recorder::default();
    assert!(plain(&run_cell("%%sql\n  \n", &mut host).unwrap_err()).contains("there is no query"));
    let text = plain(&run_cell("%%sql --limt 3\nSELECT 1", &mut host).unwrap_err());
    assert!(text.contains("line 1 | %%sql --limt 3\n       |       ^^^^^^"), "{text}");
    assert!(text.contains("did you mean `--limit`?"), "{text}");
    assert!(plain(&run_cell("%%sql --limit -1\nSELECT 1", &mut host).unwrap_err()).contains("cannot show -1 rows"));
    let text = plain(&run_cell("%%sql --engine duckbd\nSELECT 1", &mut host).unwrap_err());
    assert!(text.contains("did you mean `duckdb`? It takes one of `duckdb`, `sqlite`, `polars`, `spark`, `trino`"), "{text}");
    assert!(host.sql.is_empty());
}

fn timed_reply(execute: f64) -> SqlReply {
    SqlReply {
        phases: Phases { load: Some(9.0), plan: Some(0.001), execute: Some(execute), fetch: Some(0.001), ..Phases::default() },
        ..reply()
    }
}

#[test]
fn a_repeated_query_reports_the_median_of_the_engine_s_seconds() {
    let mut host = Recorder::default().reply(Ok(timed_reply(5.0)));
    for run in 0..11 {
        host = host.reply(Ok(timed_reply(0.010 + 0.001 * f64::from(run))));
    }
    host = host.reply(Ok(timed_reply(7.0)));
    run_cell("%%sql --repeat 11 --label q1 --out top\nSELECT * FROM t", &mut host).unwrap();
    assert_eq!(host.sql.len(), 13);
    assert!(host.sql[..12].iter().all(|request| request.out.is_none()));
    assert_eq!(host.sql[12].out.as_deref(), Some("/session/out_top.arrow"));
    assert_eq!(host.displays.len(), 1);
    let text = host.shown();
    assert!(text.contains("median 17 ms [13, 21] (95 % interval) of 11 runs, fastest 12 ms, slowest 22.0 ms"), "{text}");
    assert!(text.contains("the first run, 5.00 s, is not counted") && text.contains("`top`: DataFrame"), "{text}");
    let variant = &host.displays[0].metadata["benchbook"]["variants"][0];
    assert_eq!(variant["samples_s"].as_array().unwrap().len(), 11);
    assert!((variant["median_s"].as_f64().unwrap() - 0.017).abs() < 1e-12 && variant["ci_s"].is_array());
    assert!((variant["min_s"].as_f64().unwrap() - 0.012).abs() < 1e-12);
    assert_eq!(variant["label"], "q1");
    assert!(variant["phases_s"].get("load").is_none());
    assert_eq!(with_store(|store| store.get("q1").unwrap().samples().len()), 11);
}

#[test]
fn an_interrupted_repetition_leaves_no_result() {
    let mut host = Recorder::default().reply(Ok(reply())).reply(Ok(reply())).reply(Err(MagicError::interrupted()));
    assert_eq!(run_cell("%%sql -r 11 -l q1\nSELECT 1", &mut host).unwrap_err().name, "Interrupted");
    assert!(host.displays.is_empty() && with_store(|store| store.all().is_empty()));
}

#[test]
fn names_of_results() {
    for cell in ["%%sql -r 6\nSELECT 1", "%%sql -r 2 -o top\nSELECT 1", "%%sql --label once\nSELECT 1", "%sql SELECT 1"] {
        let mut host = Recorder::default();
        host.replies.extend((0..9).map(|_| Ok(reply())));
        run_cell(cell, &mut host).unwrap();
        if cell.contains("-r 2") {
            assert!(host.shown().contains("too few runs for an interval"), "{}", host.shown());
        }
    }
    let labels = with_store(|store| store.all().iter().map(|known| known.label.clone()).collect::<Vec<_>>());
    assert_eq!(labels, ["sql #1", "top", "once"]);
}

#[test]
fn what_cannot_be_repeated() {
    let mut host = Recorder::default();
    let text = plain(&run_cell("%%sql --repeat 3\nINSERT INTO t VALUES (1)", &mut host).unwrap_err());
    assert!(text.contains("`INSERT` cannot be repeated") && text.contains("^"), "{text}");
    assert!(plain(&run_cell("%%sql --repeat 0\nSELECT 1", &mut host).unwrap_err()).contains("cannot run the query 0 times"));
    assert!(run_cell("%%sql --repeat 3 --explain\nSELECT 1", &mut host).is_err());
    assert!(host.sql.is_empty());
}
