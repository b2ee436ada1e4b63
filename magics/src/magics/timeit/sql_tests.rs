use serde_json::json;

use crate::sql_wire::{Phases, SqlFailure, SqlReply};
use crate::testing::{Recorder, plain, run_cell};

fn reply(execute: f64) -> SqlReply {
    SqlReply {
        phases: Phases { open: None, load: None, plan: Some(0.001), execute: Some(execute), fetch: Some(0.002) },
        row_count: 3,
        has_rows: true,
        threads: 2,
        engine_version: "DuckDB v1.5.6".into(),
        ..SqlReply::default()
    }
}

/// A host that answers any number of runs in 10 ms of the engine's own time.
fn host() -> Recorder {
    let mut host = Recorder::default();
    host.replies.extend((0..5000).map(|i| Ok(reply(0.007 + 1e-6 * f64::from(i % 7)))));
    let mut cold = reply(0.1);
    cold.phases.open = Some(0.05);
    cold.phases.load = Some(0.02);
    host.outcomes.push_back(Ok(cold));
    host
}

#[test]
fn a_query_has_the_same_statistics_as_code_and_its_cold_run_apart() {
    let mut host = host();
    run_cell("%%timeit --lang sql -r 21 --budget 500ms\n-- three\nSELECT 1\nFROM t", &mut host).unwrap();
    assert!(host.sql[0].cold && !host.sql[1].cold, "the first run is cold");
    assert_eq!(host.sql[1].sql, "\n-- three\nSELECT 1\nFROM t", "lines are the cell's");
    let result = &host.displays[0].metadata["benchbook"];
    assert_eq!((&result["magic"], &result["title"]), (&json!("timeit"), &json!("SELECT 1 …")));
    let variant = &result["variants"][0];
    assert_eq!((&variant["lang"], &variant["engine"], &variant["rows"]), (&json!("sql"), &json!("duckdb"), &json!(3)));
    assert_eq!(variant["samples_s"].as_array().unwrap().len(), 21);
    assert!((variant["median_s"].as_f64().unwrap() - 0.010).abs() < 1e-4, "{variant}");
    assert!((variant["cold_s"].as_f64().unwrap() - 0.173).abs() < 1e-9, "{variant}");
    assert_eq!((&variant["cold_phases_s"]["load"], variant["phases_s"].get("load")), (&json!(0.02), None));
    assert!(host.shown().contains("cold run (not counted)") && host.shown().contains("DuckDB v1.5.6, 2 threads"), "{}", host.shown());
    assert!(host.displays[0].data.contains_key("image/svg+xml"));
}

#[test]
fn a_query_that_a_fresh_connection_cannot_run_has_no_cold_run() {
    let mut host = host();
    host.outcomes.clear();
    let failure = SqlFailure { class: "Catalog Error".into(), message: "Table with name tmp does not exist!".into(), offset: None };
    host.outcomes.push_back(Err(failure));
    run_cell("%timeit --lang sql -r 6 --budget 100ms SELECT * FROM tmp", &mut host).unwrap();
    assert!(host.shown().contains("no cold run") && host.shown().contains("first run (not counted)"), "{}", host.shown());
    assert!(host.displays[0].metadata["benchbook"]["variants"][0].get("cold_s").is_none());
}

#[test]
fn set_up_runs_once_and_each_before_every_run() {
    let mut host = host();
    run_cell(
        "%%timeit --lang sql -r 6 -n 2 --budget 50ms --setup \"DELETE FROM t\" CREATE OR REPLACE TABLE t(a INT)\nINSERT INTO t VALUES (1)",
        &mut host,
    )
    .unwrap();
    let run: Vec<&str> = host.sql.iter().map(|request| request.sql.trim()).collect();
    assert_eq!(run.iter().filter(|sql| sql.starts_with("CREATE")).count(), 1);
    let (each, body) =
        (run.iter().filter(|sql| sql.starts_with("DELETE")).count(), run.iter().filter(|sql| sql.starts_with("INSERT")).count());
    assert!(each == body && body >= 13, "{each} {body}");
    assert!(!host.sql.iter().any(|request| request.cold), "a fresh connection knows nothing of the set-up");
}

#[test]
fn wrong_use_of_sql_is_explained() {
    let error = |cell: &str| plain(&run_cell(cell, &mut Recorder::default()).unwrap_err());
    assert!(error("%%timeit --engine sqlite\nx").contains("`--engine` is for SQL"));
    assert!(error("%%timeit --lang sql\nINSERT INTO t VALUES (1)").contains("`INSERT` cannot be repeated"));
    assert!(error("%%timeit --lang sql -c\nSELECT 1").contains("engine's own seconds"));
    assert!(error("%%timeit --lang sql --threads 0\nSELECT 1").contains("cannot use 0 threads"));
    assert!(error("%%timeit --lang sql --env /x\nSELECT 1").contains("is for Python code"));
    assert!(error("%%timeit -t -c\nx").contains("exclude each other"));
    assert!(error("%%timeit -p 0\nx").contains("cannot show 0 digits"));
    assert!(error("%%timeit --lang sql\nSELECT {nothing}").contains("there is no Rust variable `nothing`"));
}

#[test]
fn amounts_are_numbers_or_what_the_engine_computes() {
    for (sql, asked) in [
        ("\n   (SELECT 1)", "\n    SELECT 1"),
        ("select 1", "select 1"),
        ("2 * 3", "SELECT 2 * 3"),
        ("(1 + 2) * (3)", "SELECT (1 + 2) * (3)"),
    ] {
        assert_eq!(super::asking(sql), asked);
    }
    let mut host = host();
    let counted = SqlReply { rows: vec![vec![Some("1000".into())]], ..SqlReply::default() };
    host.replies.push_front(Ok(counted));
    run_cell("%%timeit --lang sql -r 6 --budget 50ms --rows \"(SELECT count(*) FROM t)\"\nSELECT * FROM t", &mut host).unwrap();
    let variant = &host.displays[0].metadata["benchbook"]["variants"][0];
    let rate = variant["rows_per_s"].as_f64().unwrap() * variant["median_s"].as_f64().unwrap();
    assert!((rate - 1000.0).abs() < 1e-6 && variant["input_rows"] == 1000.0, "{variant}");
    assert!(host.shown().contains("rows per second"), "{}", host.shown());
}
