//! What every engine of the engine worker must do alike, and what only one of them does, through the worker's wire.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int16Array, Int32Array, Int64Array,
    StringArray, StringViewArray, TimestampMicrosecondArray, UInt64Array,
};
use serde_json::{Value, json};

use crate::engine_worker::{Worker, write_arrow};

/// Engines that need no server.
const ENGINES: [&str; 3] = ["duckdb", "sqlite", "polars"];

/// `more` with the engine's name.
fn with(engine: &str, more: Value) -> Value {
    let mut request = json!({"engine": engine});
    request.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    request
}

/// A table with the types that engines share; the third row is NULL but for its number.
fn common_types() -> Vec<(&'static str, ArrayRef)> {
    let price = Decimal128Array::from(vec![Some(150), Some(-1), None]).with_precision_and_scale(12, 2).expect("a decimal");
    vec![
        ("id", Arc::new(Int32Array::from(vec![1, 2, 3])) as ArrayRef),
        ("small", Arc::new(Int16Array::from(vec![Some(-7), Some(7), None]))),
        ("big", Arc::new(Int64Array::from(vec![Some(i64::MAX), Some(i64::MIN), None]))),
        ("counted", Arc::new(UInt64Array::from(vec![Some(0), Some(1 << 40), None]))),
        ("single", Arc::new(Float32Array::from(vec![Some(0.5), Some(-0.25), None]))),
        ("real", Arc::new(Float64Array::from(vec![Some(0.1), Some(1e300), None]))),
        ("price", Arc::new(price)),
        ("flag", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]))),
        ("name", Arc::new(StringArray::from(vec![Some("ä; 'x'"), Some(""), None]))),
        ("view", Arc::new(StringViewArray::from(vec![Some("short"), Some("longer than twelve bytes"), None]))),
        ("bytes", Arc::new(BinaryArray::from(vec![Some(b"a\x00\xff".as_slice()), Some(b""), None]))),
        ("day", Arc::new(Date32Array::from(vec![Some(19_782), Some(-1), None]))),
        ("at", Arc::new(TimestampMicrosecondArray::from(vec![Some(1_704_164_645_678_000), Some(-1_000_000), None]))),
    ]
}

#[test]
fn every_engine_gives_back_the_types_it_was_given() {
    let mut worker = Worker::start();
    let path = worker.path("common.arrow");
    write_arrow(&path, common_types());
    let tables = json!([{"name": "common", "path": path}]);
    let mut shown = Vec::new();
    let mut files = vec![path.clone()];
    for engine in ENGINES {
        let out = worker.path(&format!("{engine}.arrow"));
        let reply = worker.reply_with("SELECT * FROM common ORDER BY id", with(engine, json!({"tables": tables, "out": out})));
        assert_eq!(reply["row_count"], 3, "{reply}");
        assert_eq!(reply["fetched"]["rows"], 3, "{reply}");
        for phase in ["load", "plan", "execute", "fetch"] {
            assert!(reply["phases"][phase].as_f64().is_some_and(|s| (0.0..60.0).contains(&s)), "{engine} {phase}: {reply}");
        }
        assert_eq!(reply["loaded"].is_object(), engine == "sqlite", "only SQLite copies: {reply}");
        shown.push(reply["rows"].clone());
        files.push(out);
    }
    let answer = worker.ask("compare", json!({"request": {"files": files, "ordered": true, "tolerance": 1e-9}}));
    for (engine, comparison) in ENGINES.iter().zip(answer["comparisons"].as_array().expect("comparisons")) {
        assert_eq!(comparison["equal"], true, "{engine}: {comparison}");
    }
    let expected = json!([
        [
            "1",
            "-7",
            "9223372036854775807",
            "0",
            "0.5",
            "0.1",
            "1.50",
            "true",
            "ä; 'x'",
            "short",
            "a\\x00\\xFF",
            "2024-02-29",
            "2024-01-02 03:04:05.678"
        ],
        [
            "2",
            "7",
            "-9223372036854775808",
            "1099511627776",
            "-0.25",
            "1e+300",
            "-0.01",
            "false",
            "",
            "longer than twelve bytes",
            "",
            "1969-12-31",
            "1969-12-31 23:59:59"
        ],
        ["3", null, null, null, null, null, null, null, null, null, null, null, null],
    ]);
    assert_eq!(shown[0], expected, "duckdb");
    assert_eq!(shown[2], expected, "polars");
    // SQLite has no decimals.
    let mut expected = expected;
    expected[0][6] = json!("1.5");
    assert_eq!(shown[1], expected, "sqlite");
}

#[test]
fn every_engine_reads_the_file_formats() {
    let mut worker = Worker::start();
    worker.reply(
        "COPY (SELECT range AS i, 'n' || range AS name, range / 4 AS part FROM range(5000)) TO 'data.parquet';
         COPY (FROM 'data.parquet') TO 'data.csv'; COPY (FROM 'data.parquet') TO 'data.jsonl'",
    );
    for format in ["parquet", "csv", "jsonl"] {
        let tables = json!([{"name": "data", "path": worker.path(&format!("data.{format}"))}]);
        for engine in ENGINES {
            let sql = "SELECT count(*) AS n, sum(i) AS total, max(name) AS last, sum(part) AS parts FROM data";
            let reply = worker.reply_with(sql, with(engine, json!({"tables": tables})));
            assert_eq!(reply["rows"], json!([["5000", "12497500", "n999", "3124375.0"]]), "{engine} {format}: {reply}");
        }
    }
    // A table made in SQL wins over the file, also where the file is read by DuckDB's own function.
    let tables = json!({"tables": [{"name": "data", "path": worker.path("data.csv")}]});
    assert_eq!(worker.reply_with("CREATE TABLE data AS SELECT 1 AS i; SELECT count(*) FROM data", tables.clone())["rows"], json!([["1"]]));
    assert_eq!(worker.reply_with("DROP TABLE data; SELECT count(*) FROM data", tables)["rows"], json!([["5000"]]));
}

#[test]
fn every_engine_binds_parameters() {
    let mut worker = Worker::start();
    let path = worker.path("numbers.arrow");
    write_arrow(&path, vec![("n", Arc::new(Int64Array::from_iter_values(-5..5)) as ArrayRef)]);
    let params = json!({"low": -2, "high": 3.5, "name": "it's; -- '", "unused": 1});
    for engine in ENGINES {
        let more = with(engine, json!({"params": params, "tables": [{"name": "numbers", "path": path}]}));
        let sql = "SELECT count(*) AS n, min(n - $low) AS d, max($name) AS name FROM numbers WHERE n >= $LOW AND n < $high";
        assert_eq!(worker.reply_with(sql, more)["rows"], json!([["6", "0", "it's; -- '"]]), "{engine}");
        let more = with(engine, json!({"params": {"other": 1}, "tables": [{"name": "numbers", "path": path}]}));
        let failure = worker.failure_with("SELECT n FROM numbers WHERE n = $missing", more);
        assert!(failure["message"].as_str().is_some_and(|m| m.contains("$missing") && m.contains("$other")), "{engine}: {failure}");
    }
}

#[test]
fn every_engine_keeps_its_own_tables_and_says_where_an_error_is() {
    let mut worker = Worker::start();
    for (engine, name) in [("duckdb", "ducks"), ("sqlite", "lites"), ("polars", "bears")] {
        let sql = format!("CREATE TABLE {name} AS SELECT 7 AS seven; SELECT seven FROM {name}; SELECT seven + 1 AS eight FROM {name}");
        let reply = worker.reply_with(&sql, with(engine, json!({})));
        assert_eq!(reply["rows"], json!([["8"]]), "{engine}: several statements, the last one's result");
        assert_eq!(worker.reply_with(&format!("SELECT seven FROM {name}"), with(engine, json!({})))["rows"], json!([["7"]]), "{engine}");
        let failure = worker.failure_with("SELECT 'ä';\nSELECT 1 )", with(engine, json!({})));
        assert_eq!(failure["class"], "Parser Error", "{engine}: {failure}");
        assert_eq!(failure["offset"], 22, "{engine}: {failure}");
        let failure = worker.failure_with("SELECT nope FROM nowhere", with(engine, json!({})));
        assert!(failure["message"].as_str().is_some_and(|m| m.contains("nowhere")), "{engine}: {failure}");
        let failure = worker.failure_with(";", with(engine, json!({})));
        assert_eq!(failure["class"], "Parser Error", "{engine}: {failure}");
    }
    let list = worker.ask("tables", json!({}));
    let names: Vec<(&str, &str)> = list["tables"]
        .as_array()
        .expect("tables")
        .iter()
        .map(|table| (table["engine"].as_str().expect("an engine"), table["name"].as_str().expect("a name")))
        .collect();
    assert_eq!(names, [("duckdb", "ducks"), ("sqlite", "lites"), ("polars", "bears")]);
}

#[test]
fn every_engine_stops_on_interrupt_and_at_its_time_limit() {
    let mut worker = Worker::start();
    let path = worker.path("many.arrow");
    write_arrow(&path, vec![("n", Arc::new(Int64Array::from_iter_values(0..4000)) as ArrayRef)]);
    let long = |engine: &str| match engine {
        "duckdb" => "SELECT count(*) FROM range(100000000000) AS r(i) WHERE i % 7 = 3",
        "sqlite" => "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT count(*) FROM c",
        _ => "SELECT max(CONCAT(a.n, b.n, a.n * b.n)) AS m FROM many AS a CROSS JOIN many AS b",
    };
    for engine in ENGINES {
        let more = with(engine, json!({"tables": [{"name": "many", "path": path}]}));
        // The first query may open the engine.
        worker.reply_with("CREATE TABLE kept AS SELECT 7 AS seven", more.clone());
        let mut limited = more.clone();
        limited["timeout_s"] = json!(0.25);
        let asked = Instant::now();
        let failure = worker.failure_with(long(engine), limited);
        assert!(asked.elapsed() < Duration::from_secs(2), "{engine} took {:?}", asked.elapsed());
        assert_eq!(failure["class"], "Timeout", "{engine}: {failure}");
        assert!(failure["message"].as_str().is_some_and(|m| m.contains("0.25 s")), "{engine}: {failure}");
        if engine == "polars" {
            assert!(failure["message"].as_str().is_some_and(|m| m.contains("gone: kept")), "what is lost is named: {failure}");
        } else {
            assert_eq!(worker.reply_with("SELECT seven FROM kept", more.clone())["rows"], json!([["7"]]), "{engine}");
        }
        let id = worker.request(long(engine), more.clone());
        std::thread::sleep(Duration::from_millis(400));
        let asked = Instant::now();
        worker.send(&json!({"op": "cancel", "id": id}));
        let (answer, _) = worker.answer();
        assert!(asked.elapsed() < Duration::from_secs(1), "{engine} took {:?}", asked.elapsed());
        assert_eq!(answer["failure"]["class"], "Interrupted", "{engine}: {answer}");
        assert_eq!(worker.reply_with("SELECT count(*) AS n FROM many", more)["rows"], json!([["4000"]]), "{engine}");
    }
}

#[test]
fn every_engine_tells_its_threads_and_state() {
    let mut worker = Worker::start();
    for threads in [1, 2] {
        for engine in ENGINES {
            let reply = worker.reply_with("SELECT 1 AS one", with(engine, json!({"threads": threads})));
            let used = if engine == "sqlite" { 1 } else { threads };
            assert_eq!(reply["threads"], used, "{engine}: {reply}");
        }
    }
    // What a user says in SQL holds for requests without a budget only.
    worker.reply("SET threads = 1");
    assert_eq!(worker.reply_with("SELECT 1", json!({"threads": 2}))["threads"], 2);
    assert_eq!(worker.reply("SELECT 1")["threads"], 1);
    let states = worker.ask("control", json!({"request": {"engine": "", "action": "status"}}));
    let states = states["states"].as_array().expect("states");
    for (engine, version) in [("duckdb", "DuckDB v1."), ("sqlite", "SQLite v3."), ("polars", "Polars v0.")] {
        let state = states.iter().find(|state| state["engine"] == engine).expect("every engine is described");
        assert!(state["version"].as_str().is_some_and(|v| v.starts_with(version)), "{state}");
        assert_eq!((&state["available"], &state["running"]), (&json!(true), &json!(true)), "{state}");
    }
    let unknown = worker.ask("control", json!({"request": {"engine": "nope", "action": "start"}}));
    assert!(unknown["failure"]["message"].as_str().is_some_and(|m| m.contains("nope") && m.contains("sqlite")), "{unknown}");
}

#[test]
fn a_cold_run_loads_again() {
    let mut worker = Worker::start();
    let path = worker.path("t.arrow");
    write_arrow(&path, vec![("n", Arc::new(Int64Array::from_iter_values(0..1000)) as ArrayRef)]);
    let more = json!({"tables": [{"name": "t", "path": path}]});
    let mut cold = more.clone();
    cold["cold"] = json!(true);
    let sql = "SELECT sum(n) AS s FROM t";
    for engine in ENGINES {
        assert!(worker.reply_with(sql, with(engine, more.clone()))["phases"]["open"].is_f64(), "{engine} was opened");
        let warm = worker.reply_with(sql, with(engine, more.clone()));
        assert!(warm["phases"]["open"].is_null() && warm["loaded"].is_null(), "{engine}: {warm}");
        let again = worker.reply_with(sql, with(engine, cold.clone()));
        assert_eq!(again["rows"], json!([["499500"]]), "{engine}");
        assert_eq!(again["loaded"]["rows"] == 1000, engine == "sqlite", "{engine}: {again}");
        assert_eq!(again["phases"]["open"].is_f64(), engine == "duckdb", "{engine}: {again}");
    }
    // Tables made in SQL outlive a cold run.
    for engine in ENGINES {
        worker.reply_with("CREATE TABLE mine AS SELECT 1 AS one", with(engine, json!({})));
        let sql = "SELECT max(one) AS m FROM mine, t";
        let mut request = cold.clone();
        request["engine"] = json!(engine);
        assert_eq!(worker.reply_with(&sql.replace("mine, t", "mine CROSS JOIN t"), request)["rows"], json!([["1"]]), "{engine}");
    }
}

#[test]
fn sqlite_is_itself() {
    let mut worker = Worker::start();
    let sqlite = |more: Value| with("sqlite", more);
    // Values of several types in one column, dates by declaration, a name that is none.
    let sql = "CREATE TABLE t(a INTEGER, d DATE, b BOOLEAN, x); INSERT INTO t VALUES (1, '2024-02-29', 1, 'one'), (2, 'soon', 0, 2);
               SELECT a, d, b, x, a + 0.5 AS half, NULL AS blank FROM t ORDER BY a";
    let reply = worker.reply_with(sql, sqlite(json!({})));
    let types: Vec<&str> = reply["columns"].as_array().expect("columns").iter().filter_map(|c| c["type_name"].as_str()).collect();
    assert_eq!(types, ["INTEGER", "TEXT", "BOOLEAN", "TEXT", "REAL", "NULL"], "{reply}");
    assert_eq!(reply["rows"], json!([["1", "2024-02-29", "true", "one", "1.5", null], ["2", "soon", "false", "2", "2.5", null]]));
    assert!(reply["notes"][0].as_str().is_some_and(|note| note.contains("column x")), "{reply}");
    let changed = worker.reply_with("UPDATE t SET a = a + 1", sqlite(json!({})));
    assert_eq!((&changed["has_rows"], &changed["row_count"]), (&json!(false), &json!(2)));

    let plan = worker.reply_with("SELECT 1; SELECT * FROM t AS l JOIN t AS r ON l.a = r.a", sqlite(json!({"plan": "explain"})));
    assert!(plan["plan_text"].as_str().is_some_and(|p| p.contains("SCAN l") && p.lines().count() >= 2), "{plan}");
    assert_eq!(worker.failure_with("SELECT 1", sqlite(json!({"plan": "analyze"})))["class"], "Not implemented Error");
    let failure = worker.failure_with("SELECT 1; SELECT nope FROM t", sqlite(json!({})));
    assert_eq!((&failure["class"], &failure["offset"]), (&json!("Binder Error"), &json!(17)), "{failure}");
    assert_eq!(
        worker.failure_with("CREATE TABLE u(i UNIQUE); INSERT INTO u VALUES (1), (1)", sqlite(json!({})))["class"],
        "Constraint Error"
    );
    // A correlated subquery gets an index, without which SQLite would scan its table once for each row.
    let path = worker.path("many.arrow");
    write_arrow(&path, vec![("n", Arc::new(Int64Array::from_iter_values((0..50_000).map(|i| i % 20_000))) as ArrayRef)]);
    let more = sqlite(json!({"tables": [{"name": "many", "path": path}], "timeout_s": 60}));
    let sql = "SELECT count(*) FROM many AS a WHERE NOT EXISTS (SELECT 1 FROM many AS b WHERE b.n = a.n AND b.rowid <> a.rowid)";
    let reply = worker.reply_with(sql, more);
    assert_eq!(reply["rows"], json!([["0"]]));
    assert!(reply["notes"][0].as_str().is_some_and(|note| note.contains("index on many(n)")), "{reply}");
    // A database file, by its own statement.
    let file = worker.path("notes.sqlite");
    worker.reply_with(&format!("ATTACH '{file}' AS notes; CREATE TABLE notes.n AS SELECT 5 AS five"), sqlite(json!({})));
    let list = worker.ask("tables", json!({}));
    assert!(list["tables"].as_array().expect("tables").iter().any(|table| table["name"] == "notes.n"), "{list}");
    // A new version of a file replaces the copy; a table made in SQL wins over it.
    let path = worker.path("f.arrow");
    let tables = sqlite(json!({"tables": [{"name": "f", "path": path}]}));
    for rows in [3, 2] {
        let _ = std::fs::remove_file(&path);
        write_arrow(&path, vec![("n", Arc::new(Int64Array::from_iter_values(0..rows)) as ArrayRef)]);
        let reply = worker.reply_with("SELECT count(*) FROM f", tables.clone());
        assert_eq!((&reply["rows"], &reply["loaded"]["rows"]), (&json!([[rows.to_string()]]), &json!(rows)), "{reply}");
    }
    let sql = "CREATE TABLE f AS SELECT n * 10 AS n FROM f; SELECT sum(n) FROM f";
    assert_eq!(worker.reply_with(sql, tables.clone())["rows"], json!([["10"]]));
    assert_eq!(worker.reply_with("DROP TABLE f; SELECT sum(n) FROM f", tables)["rows"], json!([["1"]]));
}

/// Process numbers of the children of `parent`.
fn children(parent: u32) -> Vec<i32> {
    let processes = std::fs::read_dir("/proc").expect("processes");
    let pids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let is_child = |pid: &i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let parent_of = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)?.parse::<u32>().ok());
        parent_of == Some(parent)
    };
    pids.filter(is_child).collect()
}

#[test]
fn a_killed_polars_is_told_and_replaced() {
    let mut worker = Worker::start();
    let polars = |more: Value| with("polars", more);
    assert!(children(worker.pid()).is_empty(), "it is started at its first use");
    worker.reply_with("CREATE TABLE mine AS SELECT 1 AS one", polars(json!({"threads": 1})));
    for threads in [2, 3] {
        worker.reply_with("SELECT 1 AS one", polars(json!({"threads": threads})));
    }
    let running = children(worker.pid());
    assert_eq!(running.len(), 2, "one process for each of the two budgets used last");
    let path = worker.path("many.arrow");
    write_arrow(&path, vec![("n", Arc::new(Int64Array::from_iter_values(0..4000)) as ArrayRef)]);
    let tables = json!([{"name": "many", "path": path}]);
    let sql = "SELECT max(CONCAT(a.n, b.n, a.n * b.n)) AS m FROM many AS a CROSS JOIN many AS b";
    worker.request(sql, polars(json!({"threads": 3, "tables": tables})));
    std::thread::sleep(Duration::from_millis(200));
    for pid in running {
        // SAFETY: a plain system call on processes that this test's worker has started.
        unsafe { libc::kill(pid, libc::SIGKILL) };
    }
    let (answer, _) = worker.answer();
    assert_eq!(answer["failure"]["class"], "Out of Memory Error", "{answer}");
    assert_eq!(worker.reply_with("SELECT count(*) AS n FROM many", polars(json!({"tables": tables})))["rows"], json!([["4000"]]));
    assert_eq!(worker.rows("SELECT 1"), json!([["1"]]), "other engines were not disturbed");
}

#[test]
fn polars_shows_its_plans() {
    let mut worker = Worker::start();
    worker.reply_with("CREATE TABLE t AS SELECT 1 AS a", with("polars", json!({})));
    let sql = "SELECT a, count(*) AS n FROM t WHERE a > 0 GROUP BY a";
    let plan = worker.reply_with(sql, with("polars", json!({"plan": "explain"})));
    assert!(plan["plan_text"].as_str().is_some_and(|p| p.contains("AGGREGATE")), "{plan}");
    let profile = worker.reply_with(sql, with("polars", json!({"plan": "analyze"})));
    assert!(profile["plan_text"].as_str().is_some_and(|p| p.contains("µs")), "{profile}");
}
