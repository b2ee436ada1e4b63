//! The engine worker through its wire: the binary is started, JSON lines go in and come out.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, DictionaryArray, Int64Array, ListArray, RecordBatch, StringViewArray};
use arrow_ipc::reader::FileReader;
use arrow_ipc::writer::FileWriter;
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::prepared;

/// The worker's binary, with the library it needs.
fn worker() -> Command {
    let mut command = prepared::command(&prepared::installed().engines);
    command.env("LD_LIBRARY_PATH", prepared::engine_libraries());
    command
}

/// A running worker in a directory of its own.
pub(crate) struct Worker {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<Value>,
    dir: TempDir,
    id: u64,
}

impl Worker {
    pub(crate) fn start() -> Worker {
        let dir = TempDir::new().expect("a temp directory");
        let mut child = worker()
            .current_dir(dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the worker starts");
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().expect("a pipe");
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let value = serde_json::from_str(&line).expect("every line is JSON");
                if sender.send(value).is_err() {
                    break;
                }
            }
        });
        let worker = Worker { child, stdin, lines, dir, id: 0 };
        let ready = worker.line();
        assert_eq!(ready["event"], "ready");
        assert!(ready["version"].as_str().is_some_and(|v| v.contains("duckdb")), "{ready}");
        worker
    }

    pub(crate) fn line(&self) -> Value {
        self.lines.recv_timeout(Duration::from_secs(120)).expect("an answer within two minutes")
    }

    pub(crate) fn send(&mut self, message: &Value) {
        let stdin = self.stdin.as_mut().expect("open");
        writeln!(stdin, "{message}").expect("the worker reads");
    }

    /// Sends a request; `more` is merged into it.
    pub(crate) fn request(&mut self, sql: &str, more: Value) -> u64 {
        self.id += 1;
        let mut request = json!({"engine": "duckdb", "sql": sql, "limit": 10});
        let fields = request.as_object_mut().expect("an object");
        fields.extend(more.as_object().expect("an object").clone());
        self.send(&json!({"op": "run", "id": self.id, "request": request}));
        self.id
    }

    /// The answer to the request sent last, and the progress before it.
    pub(crate) fn answer(&mut self) -> (Value, Vec<f64>) {
        let mut progress = Vec::new();
        loop {
            let line = self.line();
            assert_eq!(line["id"], self.id, "{line}");
            match line["event"].as_str() {
                Some("progress") => progress.push(line["fraction"].as_f64().expect("a number")),
                _ => return (line, progress),
            }
        }
    }

    pub(crate) fn reply_with(&mut self, sql: &str, more: Value) -> Value {
        self.request(sql, more);
        let (answer, _) = self.answer();
        assert_eq!(answer["event"], "done", "{sql}: {answer}");
        answer["reply"].clone()
    }

    pub(crate) fn reply(&mut self, sql: &str) -> Value {
        self.reply_with(sql, json!({}))
    }

    pub(crate) fn rows(&mut self, sql: &str) -> Value {
        self.reply(sql)["rows"].clone()
    }

    pub(crate) fn failure_with(&mut self, sql: &str, more: Value) -> Value {
        self.request(sql, more);
        let (answer, _) = self.answer();
        assert_eq!(answer["event"], "failed", "{sql}: {answer}");
        answer["failure"].clone()
    }

    pub(crate) fn failure(&mut self, sql: &str) -> Value {
        self.failure_with(sql, json!({}))
    }

    /// Sends a message of another kind and returns its answer.
    pub(crate) fn ask(&mut self, op: &str, fields: Value) -> Value {
        self.id += 1;
        let mut message = json!({"op": op, "id": self.id});
        message.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
        self.send(&message);
        loop {
            let line = self.line();
            if line["id"] == self.id && !matches!(line["event"].as_str(), Some("progress" | "doing")) {
                return line;
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stdin = None;
        let deadline = Instant::now() + Duration::from_secs(5);
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_query_brings_columns_rows_and_times() {
    let mut worker = Worker::start();
    let reply = worker.reply("SELECT 42 AS answer, 'x' AS text, NULL::DOUBLE AS nothing, 1.5::DECIMAL(12,2) AS price");
    assert_eq!(
        reply["columns"],
        json!([
            {"name": "answer", "type_name": "INTEGER"},
            {"name": "text", "type_name": "VARCHAR"},
            {"name": "nothing", "type_name": "DOUBLE"},
            {"name": "price", "type_name": "DECIMAL(12,2)"},
        ])
    );
    assert_eq!(reply["rows"], json!([["42", "x", null, "1.50"]]));
    assert_eq!(reply["has_rows"], true);
    for phase in ["plan", "execute", "fetch"] {
        assert!(reply["phases"][phase].as_f64().is_some_and(|s| (0.0..5.0).contains(&s)), "{phase}: {reply}");
    }
    assert!(reply["threads"].as_u64().is_some_and(|n| n > 0));
}

#[test]
fn all_rows_are_counted_and_few_are_sent() {
    let mut worker = Worker::start();
    let reply = worker.reply_with("SELECT range AS i FROM range(100000)", json!({"limit": 3}));
    assert_eq!(reply["row_count"], 100_000);
    assert_eq!(reply["rows"], json!([["0"], ["1"], ["2"]]));
}

#[test]
fn statements_run_in_order_and_tables_stay() {
    let mut worker = Worker::start();
    let sql = "CREATE TABLE t(i INTEGER); INSERT INTO t VALUES (1), (2); -- a comment; not a statement\nSELECT sum(i) FROM t;";
    assert_eq!(worker.rows(sql), json!([["3"]]));
    assert_eq!(worker.rows("SELECT count(*) FROM t"), json!([["2"]]));
    let inserted = worker.reply("INSERT INTO t VALUES (3)");
    assert_eq!((&inserted["has_rows"], &inserted["row_count"]), (&json!(false), &json!(1)));
    let list = worker.ask("tables", json!({}));
    assert_eq!(list["tables"], json!([{"engine": "duckdb", "name": "t", "rows": 3, "columns": [{"name": "i", "type_name": "INTEGER"}]}]));
}

#[test]
fn parameters_are_bound_by_name() {
    let mut worker = Worker::start();
    let params = json!({"params": {"low": 2, "name": "it's; --", "ratio": 0.5, "yes": true, "none": null, "unused": 1}});
    let sql = "CREATE TABLE p AS SELECT 1; SELECT count(*), $name, $ratio, $yes, $none IS NULL FROM range(5) WHERE range >= $low";
    assert_eq!(worker.reply_with(sql, params)["rows"], json!([["3", "it's; --", "0.5", "true", "true"]]));
    let since = json!({"params": {"since": "2024-01-02"}});
    let sql = "SELECT count(*) FROM (VALUES (DATE '2024-01-01'), (DATE '2024-01-03')) AS v(day) WHERE day >= $since";
    assert_eq!(worker.reply_with(sql, since)["rows"], json!([["1"]]));
    let failure = worker.failure_with("SELECT $missing", json!({"params": {"other": 1}}));
    assert!(failure["message"].as_str().is_some_and(|m| m.contains("$missing") && m.contains("$other")), "{failure}");
}

#[test]
fn files_are_read_where_they_lie() {
    let mut worker = Worker::start();
    worker.reply(
        "COPY (SELECT range AS i, 'n' || range AS name FROM range(4)) TO 'data.parquet';
         COPY (SELECT range AS i, 'n' || range AS name FROM range(4)) TO 'data.csv';
         COPY (SELECT range AS i, 'n' || range AS name FROM range(4)) TO 'data.json'",
    );
    for file in ["data.parquet", "data.csv", "data.json"] {
        let rows = worker.rows(&format!("SELECT sum(i), max(name) FROM '{file}'"));
        assert_eq!(rows, json!([["6", "n3"]]), "{file}");
    }
}

#[test]
fn values_read_as_duckdb_writes_them() {
    let mut worker = Worker::start();
    let rows = worker.rows(
        "SELECT [1, NULL], {'a': 1, 'b': 'x'}, MAP {'k': 2}, INTERVAL 3 DAYS, TIMESTAMP '2024-01-02 03:04:05.678',
                '\\x00\\xFF'::BLOB, 170141183460469231731687303715884105727, 'b'::ENUM('a', 'b'), DATE '2024-02-29'",
    );
    let expected = json!([[
        "[1, NULL]",
        "{'a': 1, 'b': x}",
        "{k=2}",
        "3 days",
        "2024-01-02 03:04:05.678",
        "\\x00\\xFF",
        "170141183460469231731687303715884105727",
        "b",
        "2024-02-29"
    ]]);
    assert_eq!(rows, expected);
}

#[test]
fn errors_carry_class_and_position() {
    let mut worker = Worker::start();
    for (sql, class, at) in [
        ("SELECT 1;\nSELEC 2", "Parser Error", "SELEC 2"),
        ("SELECT 1; SELECT 'ä', nope FROM range(3)", "Binder Error", "nope"),
        ("SELECT * FROM nowhere", "Catalog Error", "nowhere"),
        ("SELECT no_such_function(1)", "Catalog Error", "no_such_function"),
        ("SELECT CAST('abc' AS INTEGER)", "Conversion Error", "CAST"),
    ] {
        let failure = worker.failure(sql);
        assert_eq!(failure["class"], class, "{sql}: {failure}");
        assert_eq!(failure["offset"].as_u64(), sql.find(at).map(|i| i as u64), "{sql}: {failure}");
        assert!(!failure["message"].as_str().expect("text").contains("LINE 1"), "{failure}");
    }
    worker.reply("CREATE TABLE trades(price DOUBLE)");
    let failure = worker.failure("SELECT prise FROM trades");
    assert!(failure["message"].as_str().is_some_and(|m| m.contains("price")), "a candidate is named: {failure}");
    let failure = worker.failure_with("SELECT 1; SELECT nope FROM trades", json!({"plan": "explain"}));
    assert_eq!(failure["offset"], 17, "positions are those of the text without EXPLAIN: {failure}");
    for empty in ["", "-- only a comment", ";"] {
        assert_eq!(worker.failure(empty)["class"], "Parser Error", "{empty:?}");
    }
    assert_eq!(worker.rows("SELECT 1"), json!([["1"]]));
}

#[test]
fn plans_are_shown() {
    let mut worker = Worker::start();
    worker.reply("CREATE TABLE t AS SELECT range AS i FROM range(1000)");
    let sql = "SELECT 1; SELECT count(*) FROM t WHERE i > $low";
    let plan = worker.reply_with(sql, json!({"plan": "explain", "params": {"low": 3}}));
    assert!(plan["plan_text"].as_str().is_some_and(|p| p.contains("SEQ_SCAN") && !p.contains("Total Time")), "{plan}");
    let profile = worker.reply_with(sql, json!({"plan": "analyze", "params": {"low": 3}}));
    assert!(profile["plan_text"].as_str().is_some_and(|p| p.contains("Total Time") && p.contains("996 rows")), "{profile}");
}

#[test]
fn a_long_query_stops_within_a_second_and_tables_stay() {
    let mut worker = Worker::start();
    worker.reply("CREATE TABLE kept AS SELECT 7 AS seven");
    let id = worker.request("SELECT count(*) FROM range(100000000000) AS r(i) WHERE i % 7 = 3", json!({}));
    std::thread::sleep(Duration::from_millis(500));
    let asked = Instant::now();
    worker.send(&json!({"op": "cancel", "id": id}));
    let (answer, _) = worker.answer();
    assert!(asked.elapsed() < Duration::from_secs(1), "it took {:?}", asked.elapsed());
    assert_eq!((&answer["event"], &answer["failure"]["class"]), (&json!("failed"), &json!("Interrupted")), "{answer}");
    assert_eq!(worker.rows("SELECT seven FROM kept"), json!([["7"]]));
    // A request that waits its turn can be taken back as well.
    let first = worker.request("SELECT count(*) FROM range(100000000000) AS r(i) WHERE i % 7 = 3", json!({}));
    let second = worker.request("SELECT 1", json!({}));
    worker.send(&json!({"op": "cancel", "id": second}));
    worker.send(&json!({"op": "cancel", "id": first}));
    for id in [first, second] {
        let line = loop {
            let line = worker.line();
            if line["event"] != "progress" {
                break line;
            }
        };
        assert_eq!((&line["id"], &line["failure"]["class"]), (&json!(id), &json!("Interrupted")), "{line}");
    }
}

#[test]
fn a_long_query_reports_progress() {
    let mut worker = Worker::start();
    worker.reply("CREATE TABLE numbers AS SELECT range AS i FROM range(12000000)");
    let id = worker.request("SELECT sum(length(md5(md5(md5(md5(i::VARCHAR)))))) FROM numbers", json!({}));
    let mut progress = Vec::new();
    let start = Instant::now();
    loop {
        let line = worker.line();
        match line["event"].as_str() {
            Some("progress") => progress.push(line["fraction"].as_f64().expect("a number")),
            _ => break,
        }
        if progress.len() == 5 {
            worker.send(&json!({"op": "cancel", "id": id}));
        }
    }
    assert!(progress.len() >= 2 && progress.is_sorted(), "progress after {:?}: {progress:?}", start.elapsed());
    assert!(progress.iter().all(|f| (0.0..=1.0).contains(f)), "{progress:?}");
    assert!(start.elapsed() > Duration::from_millis(250), "a short query is silent");
}

pub(crate) fn write_arrow(path: &str, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter(columns).expect("a batch");
    let mut writer = FileWriter::try_new(std::fs::File::create(path).expect("a file"), &batch.schema()).expect("a writer");
    writer.write(&batch).and_then(|()| writer.finish()).expect("written");
}

pub(crate) fn read_arrow(path: &str) -> Vec<RecordBatch> {
    let file = std::fs::File::open(path).expect("a file");
    FileReader::try_new(file, None).expect("an Arrow file").map(|batch| batch.expect("a batch")).collect()
}

#[test]
fn arrow_files_are_tables() {
    let mut worker = Worker::start();
    let path = worker.path("t.arrow");
    let rows = 10_000;
    let number: ArrayRef = Arc::new(Int64Array::from_iter((0..rows).map(|i| (i % 5 != 0).then_some(i))));
    let text: ArrayRef = Arc::new(StringViewArray::from_iter(
        (0..rows).map(|i| (i % 3 != 0).then(|| if i % 2 == 0 { format!("s{i}") } else { format!("a string beyond twelve bytes {i}") })),
    ));
    let kinds: Vec<String> = (0..rows).map(|i| format!("kind {}", i % 4)).collect();
    let kind: ArrayRef = Arc::new(kinds.iter().map(String::as_str).collect::<DictionaryArray<Int32Type>>());
    let many: Vec<String> = (0..rows).map(|i| format!("value {}", i % 3000)).collect();
    let many: ArrayRef = Arc::new(many.iter().map(String::as_str).collect::<DictionaryArray<Int32Type>>());
    let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>((0..rows).map(|i| Some(vec![Some(i), None]))));
    write_arrow(&path, vec![("number", number), ("text", text), ("kind", kind), ("many", many), ("list", list)]);

    let tables = json!({"tables": [{"name": "t", "path": path}]});
    let reply = worker.reply_with("SELECT * FROM t WHERE number = 4099", tables.clone());
    let types: Vec<&str> = reply["columns"].as_array().expect("columns").iter().filter_map(|c| c["type_name"].as_str()).collect();
    assert_eq!(types, ["BIGINT", "VARCHAR", "VARCHAR", "VARCHAR", "BIGINT[]"]);
    assert_eq!(reply["rows"], json!([["4099", "a string beyond twelve bytes 4099", "kind 3", "value 1099", "[4099, NULL]"]]));
    assert!(reply["phases"]["load"].as_f64().is_some());
    let sql = "SELECT count(*), count(number), sum(number), count(text), count(DISTINCT kind), count(DISTINCT many) FROM t";
    assert_eq!(worker.reply_with(sql, tables.clone())["rows"], json!([["10000", "8000", "40000000", "6666", "4", "3000"]]));
    // The order of rows is kept, and only the columns asked for are read.
    let order = worker.reply_with("SELECT number FROM t", json!({"tables": tables["tables"], "limit": 10_000}));
    let order: Vec<Option<i64>> =
        order["rows"].as_array().expect("rows").iter().map(|row| row[0].as_str().map(|n| n.parse().expect("a number"))).collect();
    assert!(order.iter().zip(0..).all(|(got, i)| *got == (i % 5 != 0).then_some(i)));

    // A new file of that name is seen; a table made in SQL wins over it; without it, the file is back.
    std::fs::remove_file(&path).expect("removed");
    write_arrow(&path, vec![("number", Arc::new(Int64Array::from(vec![1, 2])) as ArrayRef)]);
    assert_eq!(worker.reply_with("SELECT count(*) FROM t", tables.clone())["rows"], json!([["2"]]));
    assert_eq!(
        worker.reply_with("CREATE TABLE t AS SELECT number * 10 AS x FROM t; SELECT sum(x) FROM t", tables.clone())["rows"],
        json!([["30"]])
    );
    assert_eq!(worker.reply_with("DROP TABLE t; SELECT sum(number) FROM t", tables)["rows"], json!([["3"]]));
}

#[test]
fn a_broken_arrow_file_is_an_error() {
    let mut worker = Worker::start();
    let path = worker.path("broken.arrow");
    let tables = json!({"tables": [{"name": "broken", "path": path}]});
    let missing = worker.failure_with("SELECT * FROM broken", tables.clone());
    assert!(missing["message"].as_str().is_some_and(|m| m.contains("broken.arrow")), "{missing}");
    write_arrow(&path, vec![("a", Arc::new(Int64Array::from_iter_values(0..1000)) as ArrayRef)]);
    let whole = std::fs::read(&path).expect("bytes");
    for length in [0, 5, 100, whole.len() - 20, whole.len() - 1] {
        std::fs::write(&path, &whole[..length]).expect("written");
        let failure = worker.failure_with("SELECT * FROM broken", tables.clone());
        assert_eq!(failure["class"], "Table Error", "{length} bytes: {failure}");
    }
    assert_eq!(worker.rows("SELECT 1"), json!([["1"]]));
}

#[test]
fn a_result_becomes_an_arrow_file() {
    let mut worker = Worker::start();
    let out = worker.path("out.arrow");
    let sql = "SELECT range AS i, 'text ' || range AS text, INTERVAL (range) DAYS AS span, uuid() AS id,
                      (['x', 'y'])[1 + range % 2]::ENUM('x', 'y') AS kind, 1 AS i
               FROM range(300000)";
    let reply = worker.reply_with(sql, json!({"out": out, "limit": 2}));
    assert_eq!(reply["row_count"], 300_000);
    assert_eq!(reply["rows"].as_array().map(Vec::len), Some(2));
    let mode = std::fs::metadata(&out).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let batches = read_arrow(&out);
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 300_000);
    assert!(batches.len() < 10, "{} batches", batches.len());
    let schema = batches[0].schema();
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["i", "text", "span", "id", "kind", "i_1"]);
    assert_eq!(batches[0].column(0).as_primitive::<Int64Type>().value(5), 5);
    assert_eq!(batches[0].column(1).as_string_view().value(5), "text 5");
    assert_eq!(batches[0].column(2).as_string_view().value(5), "5 days");
    assert_eq!(batches[0].column(3).as_string_view().value(5).len(), 36);
    assert_eq!(batches[0].column(4).as_any_dictionary().values().len(), 2);
    let left: Vec<_> = std::fs::read_dir(worker.dir.path()).expect("listed").flatten().map(|e| e.file_name()).collect();
    assert_eq!(left, ["out.arrow"], "no temporary file is left");

    // The file is a table again.
    let tables = json!({"tables": [{"name": "back", "path": out}]});
    let sql = "SELECT count(*), count(DISTINCT kind), max(i), min(text) FROM back";
    assert_eq!(worker.reply_with(sql, tables)["rows"], json!([["300000", "2", "299999", "text 0"]]));
    let failure = worker.failure_with("CREATE TABLE nothing(i INTEGER)", json!({"out": worker.path("none.arrow")}));
    assert!(failure["message"].as_str().is_some_and(|m| m.contains("no rows")), "{failure}");
    assert!(!Path::new(&worker.path("none.arrow")).exists());
}

#[test]
fn the_wire_is_safe_from_sql() {
    let mut worker = Worker::start();
    worker.reply("COPY (SELECT 'noise' FROM range(1000)) TO '/dev/stdout'");
    assert_eq!(worker.failure("SELECT count(*) FROM read_csv('/dev/stdin', columns = {'a': 'VARCHAR'})")["class"], "IO Error");
    assert_eq!(worker.rows("SELECT 1"), json!([["1"]]));
    worker.send(&json!({"op": "no such thing"}));
    assert_eq!(worker.rows("SELECT 2"), json!([["2"]]));
    let failure = worker.failure_with("SELECT 1", json!({"engine": "nope"}));
    assert!(failure["message"].as_str().is_some_and(|m| m.contains("duckdb")), "{failure}");
}

#[test]
fn nothing_is_downloaded_by_itself() {
    let mut worker = Worker::start();
    let failure = worker.failure("SELECT * FROM 'https://example.invalid/x.parquet'");
    assert!(failure["message"].as_str().is_some_and(|m| m.contains("built in")), "{failure}");
}

#[test]
fn it_ends_with_its_kernel_even_while_a_query_runs() {
    let mut worker = Worker::start();
    worker.request("SELECT count(*) FROM range(100000000000) AS r(i) WHERE i % 7 = 3", json!({}));
    std::thread::sleep(Duration::from_millis(300));
    worker.stdin = None;
    let closed = Instant::now();
    while matches!(worker.child.try_wait(), Ok(None)) {
        assert!(closed.elapsed() < Duration::from_secs(2), "the worker outlives its kernel");
        std::thread::sleep(Duration::from_millis(10));
    }
}
