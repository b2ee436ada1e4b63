//! The 22 TPC-H-derived queries of `datasets/queries/tpch` on every engine, against the golden answers beside them. They are not
//! comparable with TPC-H results.
//!
//! `BENCHBOOK_BLESS=1 cargo test -p tests --test it -- tpch::duckdb` writes the golden answers anew, where DuckDB and SQLite agree.

use std::path::{Path, PathBuf};

use benchbook::engine_worker::{EngineError, EngineWorker};
use magics::sql_dialect::{parse, translate};
use magics::sql_wire::{Action, EngineControl, SqlFailure, SqlReply, SqlRequest, TableFile, class};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::prepared;

const TABLES: [&str; 8] = ["customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier"];
/// Relative tolerance of numbers: engines add floats in their own order.
const TOLERANCE: f64 = 1e-9;
/// Queries that Polars' SQL refuses, with what it says.
const POLARS_REFUSES: &[(usize, &str)] = &[];

/// One worker, and the tables of one scale factor.
struct Engines {
    worker: EngineWorker,
    tables: Vec<TableFile>,
    scale: &'static str,
    _session: TempDir,
}

type Answer = Vec<Vec<Option<String>>>;

impl Engines {
    fn at(scale: &'static str) -> Engines {
        let folder = data(scale);
        let session = TempDir::new().expect("a directory");
        let worker = EngineWorker::new(prepared::installed().engines.clone(), prepared::engine_libraries(), session.path().to_owned());
        let table = |name: &str| TableFile { name: name.into(), path: folder.join(format!("{name}.parquet")).display().to_string() };
        Engines { worker, tables: TABLES.map(table).to_vec(), scale, _session: session }
    }

    /// The answer of an engine to a query, put into its dialect.
    fn ask(&mut self, engine: &str, number: usize) -> Result<SqlReply, SqlFailure> {
        let text = query(number);
        let parsed = parse(&text).unwrap_or_else(|why| panic!("query {number}: {why}"));
        let sql = translate(&parsed, engine).unwrap_or_else(|why| panic!("query {number}: {why}")).unwrap_or(text);
        let request = SqlRequest {
            engine: engine.into(),
            sql: sql.clone(),
            tables: self.tables.clone(),
            limit: 100_000,
            timeout_s: Some(300.0),
            ..SqlRequest::default()
        };
        match self.worker.run(&request, &mut |_| {}, &|| false) {
            Ok(reply) => Ok(reply),
            Err(EngineError::Failed(failure)) => Err(failure),
            Err(error) => panic!("query {number} on {engine}: {error:?}\n{sql}"),
        }
    }

    /// Every query on one engine must give the golden answer; returns what could not be answered.
    fn check(&mut self, engine: &str) -> Vec<(usize, String)> {
        let mut refused = Vec::new();
        for number in 1..=22 {
            match self.ask(engine, number) {
                Ok(reply) => same(&format!("query {number} on {engine} at {}", self.scale), &golden(self.scale, number), &reply.rows),
                Err(failure) => refused.push((number, format!("{}: {}", failure.class, failure.message))),
            }
        }
        refused
    }
}

/// The folder of a scale factor's Parquet files, which are made when they are missing.
fn data(scale: &str) -> PathBuf {
    let folder = prepared::installed().data_root.join(format!("tpch-sf{scale}"));
    if !folder.join("lineitem.parquet").is_file() {
        let mut command = prepared::command(&prepared::installed().benchbook);
        let status = command.args(["data", "tpch", "--sf", scale, "--formats", "parquet"]).status().expect("the program runs");
        assert!(status.success(), "the data of scale factor {scale} cannot be made");
    }
    folder
}

fn queries() -> PathBuf {
    prepared::root().join("datasets/queries/tpch")
}

fn query(number: usize) -> String {
    let path = queries().join(format!("q{number:02}.sql"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn golden_path(scale: &str, number: usize) -> PathBuf {
    queries().join(format!("golden/sf{scale}/q{number:02}.json"))
}

fn golden(scale: &str, number: usize) -> Answer {
    let path = golden_path(scale, number);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let value: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_value(value["rows"].clone()).expect("rows of texts")
}

/// One row a line, so that a change is seen.
fn write_golden(path: &Path, reply: &SqlReply) {
    let columns: Vec<&str> = reply.columns.iter().map(|column| column.name.as_str()).collect();
    let rows: Vec<String> = reply.rows.iter().map(|row| json!(row).to_string()).collect();
    let text = format!("{{\"columns\": {},\n\"rows\": [\n{}\n]}}\n", json!(columns), rows.join(",\n"));
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder can be made");
    std::fs::write(path, text).expect("the file can be written");
}

/// All queries order their rows: the same values stand in the same places.
#[track_caller]
fn same(what: &str, expected: &Answer, got: &Answer) {
    assert_eq!(expected.len(), got.len(), "{what}: number of rows");
    for (index, (a, b)) in expected.iter().zip(got).enumerate() {
        assert!(
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b)),
            "{what}, row {index}:\n  expected {a:?}\n  got      {b:?}"
        );
    }
}

fn alike(a: &Option<String>, b: &Option<String>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) if a != b => match (a.parse::<f64>(), b.parse::<f64>()) {
            (Ok(a), Ok(b)) => (a - b).abs() <= TOLERANCE * a.abs().max(b.abs()),
            _ => false,
        },
        (a, b) => a == b,
    }
}

fn on_duckdb_and_sqlite(scale: &'static str, revenue: &str) {
    let mut engines = Engines::at(scale);
    if std::env::var_os("BENCHBOOK_BLESS").is_some() {
        for number in 1..=22 {
            let first = engines.ask("duckdb", number).expect("DuckDB answers");
            let second = engines.ask("sqlite", number).expect("SQLite answers");
            same(&format!("query {number} at {scale}: the vote"), &first.rows, &second.rows);
            write_golden(&golden_path(scale, number), &first);
        }
    }
    assert_eq!(golden(scale, 6), [[Some(revenue.to_owned())]], "the one answer that is known from elsewhere");
    for engine in ["duckdb", "sqlite"] {
        let refused = engines.check(engine);
        assert!(refused.is_empty(), "{engine} at {scale}: {refused:?}");
    }
}

#[test]
fn duckdb_and_sqlite_give_the_golden_answers_at_0_01() {
    on_duckdb_and_sqlite("0.01", "1193053.2253");
}

#[test]
fn duckdb_and_sqlite_give_the_golden_answers_at_0_1() {
    on_duckdb_and_sqlite("0.1", "11803420.2534");
}

#[test]
fn polars_gives_the_golden_answers_but_for_what_it_refuses() {
    for scale in ["0.01", "0.1"] {
        let refused = Engines::at(scale).check("polars");
        let numbers: Vec<usize> = refused.iter().map(|(number, _)| *number).collect();
        let listed: Vec<usize> = POLARS_REFUSES.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, listed, "what Polars refuses has changed: {refused:#?}");
        for ((_, words), (number, says)) in refused.iter().zip(POLARS_REFUSES) {
            assert!(words.contains(says), "query {number}: {words}");
        }
    }
}

/// Spark is optional: without it, one query must say how to get it.
#[test]
fn spark_gives_the_golden_answers_where_it_is_installed() {
    let mut engines = Engines::at("0.01");
    let status = EngineControl { engine: "spark".into(), action: Action::Status, ..EngineControl::default() };
    let states = engines.worker.control(&status, &mut |_| {}, &|| false).expect("states");
    if !states.iter().any(|state| state.available || state.running) {
        let failure = engines.ask("spark", 6).expect_err("Spark is not there");
        assert_eq!(failure.class, class::UNAVAILABLE, "{failure:?}");
        eprintln!("Spark is not installed: its 22 answers are not checked ({})", failure.message);
        return;
    }
    let start = EngineControl { action: Action::Start, ..status };
    engines.worker.control(&start, &mut |_| {}, &|| false).expect("Spark starts");
    let refused = engines.check("spark");
    engines.worker.shutdown();
    assert!(refused.is_empty(), "{refused:#?}");
}
