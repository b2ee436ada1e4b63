use serde_json::json;

use crate::results::with_store;
use crate::sql_wire::{Column, Comparison, DifferingRow, Moved, Phases, SqlFailure, SqlReply, class};
use crate::testing::{Recorder, plain, run_cell};

fn reply(version: &str, seconds: f64) -> SqlReply {
    SqlReply {
        columns: vec![Column { name: "n".into(), type_name: "BIGINT".into() }],
        rows: vec![vec![Some("<7>".into())]],
        row_count: 1,
        has_rows: true,
        phases: Phases { plan: Some(0.001), execute: Some(seconds), ..Phases::default() },
        threads: 2,
        engine_version: version.into(),
        ..SqlReply::default()
    }
}

fn cold(version: &str, seconds: f64) -> SqlReply {
    let warm = reply(version, seconds);
    let phases = Phases { open: Some(0.002), load: Some(0.4), ..warm.phases.clone() };
    SqlReply { phases, loaded: Some(Moved { rows: 9, bytes: 4096 }), notes: vec!["keeps decimals as floats".into()], ..warm }
}

fn failure(class: &str, message: &str) -> SqlFailure {
    SqlFailure { class: class.into(), message: message.into(), offset: None }
}

/// A host whose DuckDB takes 10 ms and whose SQLite takes 100 ms, whatever the order of the rounds.
fn two(rounds: usize) -> Recorder {
    let mut host = Recorder::default();
    host.outcomes.push_back(Ok(cold("DuckDB v1.5.6", 0.02)));
    host.outcomes.push_back(Ok(cold("SQLite 3.54.1", 0.2)));
    // The order is random, but the same each time: one answer fits both engines.
    for round in 0..2 * rounds {
        host.outcomes.push_back(Ok(reply("", 0.010 + 0.0001 * round as f64)));
    }
    host
}

#[test]
fn a_cold_run_each_then_rounds_in_random_order_on_the_same_tables() {
    let mut host = two(8);
    run_cell("%%sql --engines duckdb,sqlite --repeat 8 --threads 2 --timeout 5s\nSELECT a / b AS n, DATE '1994-01-01' AS d", &mut host)
        .unwrap();
    assert_eq!(host.sql.len(), 18);
    let (first, second) = (&host.sql[0], &host.sql[1]);
    assert!(first.cold && second.cold && host.sql[2..].iter().all(|request| !request.cold && request.out.is_none()));
    assert_eq!((first.engine.as_str(), second.engine.as_str()), ("duckdb", "sqlite"));
    assert_eq!(first.out.as_deref(), Some("/session/answer_duckdb.arrow"));
    assert_eq!((first.threads, first.timeout_s, first.limit), (Some(2), Some(5.0), 20));
    assert!(first.sql.contains("a / b AS n") && second.sql.contains("CAST(a AS REAL) / b AS n, '1994-01-01' AS d"), "{}", second.sql);
    let rounds: Vec<Vec<&str>> = host.sql[2..].chunks(2).map(|round| round.iter().map(|r| r.engine.as_str()).collect()).collect();
    assert!(rounds.iter().all(|round| round.contains(&"duckdb") && round.contains(&"sqlite")), "{rounds:?}");
    assert!(rounds.windows(2).any(|pair| pair[0] != pair[1]), "the order changes: {rounds:?}");
    let compared = &host.compared[0];
    assert_eq!(compared.files, ["/session/answer_duckdb.arrow", "/session/answer_sqlite.arrow"]);
    assert!(!compared.ordered && (compared.tolerance - 1e-9).abs() < 1e-20);

    assert_eq!(host.displays.len(), 3, "chart, numbers, rows");
    assert!(host.displays[0].data.contains_key("image/svg+xml") && host.displays[0].data.contains_key("image/png"));
    let text = host.shown();
    assert!(text.contains("SQLite and DuckDB take the same time within 2 %: 0.992"), "{text}");
    assert!(text.contains("SQL run on SQLite:") && text.contains("keeps decimals as floats") && text.contains("4 KiB"), "{text}");
    assert!(
        text.contains("the answer of DuckDB; equal on SQLite (floats and decimals within 1e-9, the order of rows left aside)"),
        "{text}"
    );
    let html = host.shown_html();
    assert!(html.contains("<details") && html.contains("&lt;7&gt;") && !html.contains("<7>") && !html.contains("<script"));
    let result = &host.displays[0].metadata["benchbook"];
    assert_eq!((&result["equal"], &result["seed"], &result["baseline"]), (&json!(true), &json!(42), &json!("DuckDB")));
    let sqlite = &result["variants"][1];
    assert_eq!((&sqlite["label"], &sqlite["engine"], &sqlite["status"]), (&json!("SQLite"), &json!("sqlite"), &json!("ok")));
    assert_eq!(sqlite["samples_s"].as_array().unwrap().len(), 8);
    assert!((sqlite["cold_s"].as_f64().unwrap() - 0.603).abs() < 1e-9, "{sqlite}");
    assert_eq!(sqlite["loaded"]["bytes"], 4096);
    assert!(sqlite["sql"].as_str().unwrap().contains("CAST(a AS REAL)") && result["variants"][0].get("sql").is_none());
    assert!(result["verdicts"][0]["ratio"].is_number() && result["verdicts"][0]["ci"].is_array());
    assert_eq!(with_store(|store| store.get("sql #1: SQLite").unwrap().samples().len()), 8);
}

#[test]
fn engines_that_fail_are_shown_and_the_others_run() {
    let mut host = Recorder::default();
    host.outcomes.push_back(Ok(cold("DuckDB v1.5.6", 0.02)));
    host.outcomes.push_back(Err(failure(class::TIMEOUT, "not done within 60 s")));
    host.outcomes.push_back(Err(failure(class::UNAVAILABLE, "Spark is not installed: `cargo lab spark`")));
    run_cell("%%sql --engines duckdb,polars,sqlite,spark --repeat 2\nSELECT median(a) FROM 'no' ", &mut host).unwrap_err();
    let mut host = Recorder { outcomes: host.outcomes, ..Recorder::default() };
    run_cell("%%sql --engines duckdb,polars,sqlite,spark --repeat 2\nSELECT median(1) AS m", &mut host).unwrap();
    // SQLite was not asked; only DuckDB is left for the rounds, with nothing to compare.
    let asked: Vec<&str> = host.sql.iter().map(|request| request.engine.as_str()).collect();
    assert_eq!(asked, ["duckdb", "polars", "spark", "duckdb", "duckdb"]);
    assert!(host.compared.is_empty());
    let result = &host.displays[0].metadata["benchbook"];
    let status: Vec<&str> = result["variants"].as_array().unwrap().iter().filter_map(|variant| variant["status"].as_str()).collect();
    assert_eq!(status, ["ok", "timeout", "error", "unavailable"]);
    assert!(result.get("equal").is_none() && result["verdicts"].as_array().unwrap().is_empty());
    let text = host.shown();
    for words in ["stopped: took too long", "SQLite has no `MEDIAN`", "not available here: Spark is not installed"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(host.shown_html().contains("`--timeout 5m`") || host.shown_html().contains("<code>--timeout 5m</code>"));
}

#[test]
fn different_answers_come_first_and_nothing_is_ranked() {
    let mut host = two(6);
    let row = DifferingRow {
        index: 3,
        columns: vec!["k".into(), "n".into()],
        first: Some(vec![Some("a".into()), Some("7".into())]),
        other: Some(vec![Some("a".into()), None]),
    };
    host.comparisons.push_back(vec![Comparison { equal: false, reason: "`n` differs in row 4".into(), row: Some(row) }]);
    run_cell("%%sql --engines sqlite,duckdb\nSELECT 1 AS n ORDER BY n", &mut host).unwrap();
    // DuckDB is the reference, wherever it stands.
    assert_eq!(host.compared[0].files[0], "/session/answer_duckdb.arrow");
    assert!(host.compared[0].ordered);
    let first = host.displays[0].data["text/plain"].as_str().unwrap();
    assert!(first.starts_with("SQLite and DuckDB give different answers: `n` differs in row 4"), "{first}");
    assert!(first.contains("│ n      │ 7      │ NULL   │ ≠ │") && first.contains("no ranking"), "{first}");
    let result = &host.displays[1].metadata["benchbook"];
    assert_eq!((&result["equal"], &result["variants"][0]["status"]), (&json!(false), &json!("wrong")));
    assert!(result["verdicts"].as_array().unwrap().is_empty() && result.get("baseline").is_none());
    assert!(host.sql[2..].iter().all(|request| request.engine == "duckdb"), "the wrong one is not timed");
}

#[test]
fn an_interrupt_shows_what_there_is() {
    let mut host = Recorder::default();
    host.outcomes.push_back(Ok(cold("DuckDB v1.5.6", 0.02)));
    host.outcomes.push_back(Err(failure(class::INTERRUPTED, "interrupted")));
    assert_eq!(run_cell("%%sql --engines duckdb,sqlite\nSELECT 1 AS n", &mut host).unwrap_err().name, "Interrupted");
    assert_eq!(host.displays.len(), 2, "chart and numbers");
    let result = &host.displays[0].metadata["benchbook"];
    assert_eq!((&result["partial"], &result["variants"][0]["rows"]), (&json!(true), &json!(1)));
    assert!(host.shown().contains("interrupted") && host.compared.is_empty(), "{}", host.shown());
    assert!(with_store(|store| store.all().is_empty()));
}

#[test]
fn files_and_tables_of_duckdb_are_given_to_all() {
    let folder = std::env::temp_dir().join(format!("benchbook-many-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("line item.parquet");
    std::fs::write(&file, "").unwrap();
    let mut host = two(6);
    host.outcomes.push_front(Ok(SqlReply::default()));
    host = host.variable("df", "lab::polars::frame::DataFrame");
    let cell = format!("%%sql --engines duckdb,sqlite\nSELECT * FROM '{}' AS l, kept, df", file.display());
    run_cell(&cell, &mut host).unwrap();
    let export = &host.sql[0];
    assert_eq!((export.engine.as_str(), export.sql.as_str()), ("duckdb", "SELECT * FROM \"kept\""));
    for request in &host.sql[1..] {
        let names: Vec<&str> = request.tables.iter().map(|table| table.name.as_str()).collect();
        assert_eq!(names, ["df", "table_kept", "file_line_item"]);
        assert!(request.sql.contains("FROM file_line_item AS l, table_kept AS kept, df"), "{}", request.sql);
    }
    std::fs::remove_dir_all(&folder).unwrap();
    let text = plain(&run_cell(&cell, &mut host).unwrap_err());
    assert!(text.contains("there is no file"), "{text}");
}

#[test]
fn wrong_use_is_explained() {
    for (cell, words) in [
        ("%%sql --engines duckdb,sqlit\nSELECT 1", "did you mean `sqlite`?"),
        ("%%sql --engines duckdb,duckdb\nSELECT 1", "bad value"),
        ("%%sql --engines duckdb --engine sqlite\nSELECT 1", "exclude each other"),
        ("%%sql --engines duckdb --explain\nSELECT 1", "exclude each other"),
        ("%%sql --engines duckdb,sqlite --baseline polars\nSELECT 1", "not among the engines"),
        ("%%sql --baseline polars\nSELECT 1", "compares engines"),
        ("%%sql --engines duckdb,sqlite --tolerance 2\nSELECT 1", "no tolerance"),
        ("%%sql --engines duckdb,sqlite --connect sc://h:1\nSELECT 1", "address of Spark"),
        ("%%sql --engines duckdb,sqlite --timeout 0s\nSELECT 1", "longer than nothing"),
        ("%%sql --engines duckdb,sqlite\nSELECT 1; SELECT 2", "several statements"),
        ("%%sql --engines duckdb,sqlite\nFROM range(3)", "table function"),
        ("%%sql --file nowhere.sql", "cannot be read"),
    ] {
        let mut host = Recorder::default();
        let text = plain(&run_cell(cell, &mut host).unwrap_err());
        assert!(text.contains(words), "{cell}: {text}");
        assert!(host.displays.is_empty());
    }
}
