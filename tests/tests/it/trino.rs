//! Trino as an engine, against a server of our own that answers as the protocol's documentation says. No real server was to be
//! had where these tests were written.

use std::time::{Duration, Instant};

use benchbook::engine_worker::{EngineError, EngineWorker};
use magics::sql_wire::{Action, EngineControl, Plan, SqlFailure, SqlReply, SqlRequest, TableFile};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::prepared;
use tests::trino_server::{Step, TrinoServer};

struct Trino {
    server: TrinoServer,
    worker: EngineWorker,
    session: TempDir,
}

impl Trino {
    fn start() -> Trino {
        let session = TempDir::new().expect("a directory");
        let worker = EngineWorker::new(prepared::installed().engines.clone(), prepared::engine_libraries(), session.path().to_owned());
        Trino { server: TrinoServer::start(), worker, session }
    }

    fn request(&self, sql: &str) -> SqlRequest {
        let connect = Some(self.server.url("/tpch/tiny"));
        SqlRequest { engine: "trino".to_owned(), sql: sql.to_owned(), limit: 10, connect, ..SqlRequest::default() }
    }

    fn ask(&mut self, request: &SqlRequest) -> Result<SqlReply, SqlFailure> {
        match self.worker.run(request, &mut |_| {}, &|| false) {
            Ok(reply) => Ok(reply),
            Err(EngineError::Failed(failure)) => Err(failure),
            Err(error) => panic!("{error}"),
        }
    }

    fn ok(&mut self, sql: &str) -> SqlReply {
        let request = self.request(sql);
        self.ask(&request).unwrap_or_else(|failure| panic!("{sql}: {failure:?}"))
    }

    fn fails(&mut self, sql: &str) -> SqlFailure {
        let request = self.request(sql);
        self.ask(&request).expect_err(sql)
    }
}

fn columns(types: &[(&str, &str)]) -> Value {
    types.iter().map(|(name, kind)| json!({ "name": name, "type": kind })).collect()
}

#[test]
fn pages_of_all_types_become_rows_and_a_file() {
    let mut trino = Trino::start();
    let types = columns(&[
        ("b", "boolean"),
        ("t", "tinyint"),
        ("i", "integer"),
        ("n", "bigint"),
        ("r", "real"),
        ("d", "double"),
        ("p", "decimal(12,2)"),
        ("v", "varchar(9)"),
        ("c", "char(3)"),
        ("x", "varbinary"),
        ("day", "date"),
        ("clock", "time(3)"),
        ("at", "timestamp(3)"),
        ("zoned", "timestamp(3) with time zone"),
        ("list", "array(bigint)"),
        ("row", "row(a bigint, b varchar)"),
    ]);
    let first = json!([
        true,
        -3,
        7,
        9_007_199_254_740_993_i64,
        1.5,
        "NaN",
        "-12.50",
        "it's",
        "a  ",
        "AP8=",
        "2024-02-29",
        "01:02:03.004",
        "2024-01-02 03:04:05.678",
        "2024-01-02 03:04:05.678 +01:00",
        [1, null],
        [1, "x"]
    ]);
    let nulls: Value = (0..16).map(|_| Value::Null).collect();
    let stats = json!({ "state": "FINISHED", "queuedTimeMillis": 100, "elapsedTimeMillis": 700, "planningTimeMillis": 200, "analysisTimeMillis": 50 });
    trino.server.script(
        "SELECT * FROM everything",
        vec![
            Step::Status(503),
            Step::Page(json!({ "stats": { "state": "QUEUED" } })),
            Step::Status(502),
            Step::Page(
                json!({ "columns": types, "data": [first], "stats": { "state": "RUNNING", "totalSplits": 4, "completedSplits": 2 } }),
            ),
            Step::Status(504),
            Step::Page(json!({ "columns": types, "data": [nulls] })),
            Step::Page(json!({ "columns": types, "stats": stats })),
        ],
    );
    let out = trino.session.path().join("out.arrow");
    let mut request = trino.request("SELECT * FROM everything;");
    request.out = Some(out.display().to_string());
    let reply = trino.ask(&request).expect("rows");
    let shown: Vec<&str> = reply.rows[0].iter().map(|value| value.as_deref().unwrap_or("NULL")).collect();
    let expected = [
        "true",
        "-3",
        "7",
        "9007199254740993",
        "1.5",
        "nan",
        "-12.50",
        "it's",
        "a  ",
        "\\x00\\xFF",
        "2024-02-29",
        "01:02:03.004",
        "2024-01-02 03:04:05.678",
        "2024-01-02 02:04:05.678+00",
        "[1,null]",
        "[1,\"x\"]",
    ];
    assert_eq!(shown, expected);
    assert!(reply.rows[1].iter().all(Option::is_none));
    assert_eq!((reply.row_count, reply.columns[6].type_name.as_str()), (2, "DECIMAL(12,2)"));
    assert_eq!(reply.engine_version, "Trino 435");
    let phases = &reply.phases;
    assert_eq!((phases.plan, phases.execute), (Some(0.2), Some(0.4)), "the server's own times");
    assert!(phases.open.is_some() && phases.load.is_none(), "{phases:?}");
    assert!(
        reply.notes.iter().any(|note| note.contains("JSON text")) && reply.notes.iter().any(|note| note.contains("queue")),
        "{:?}",
        reply.notes
    );

    // The file is a table for the other engines.
    let table = TableFile { name: "everything".into(), path: out.display().to_string() };
    let sql = "SELECT sum(n), sum(p), count(*), max(octet_length(x)), max(zoned)::VARCHAR FROM everything".to_owned();
    let request = SqlRequest { engine: "duckdb".into(), sql, limit: 1, tables: vec![table], ..SqlRequest::default() };
    let back = trino.ask(&request).expect("DuckDB reads it");
    assert_eq!(back.rows[0][..4], ["9007199254740993", "-12.50", "2", "2"].map(|text| Some(text.to_owned())));

    let posted = trino.server.received().into_iter().find(|request| request.method == "POST").expect("a statement");
    let header = |name: &str| posted.headers.get(name).map(String::as_str);
    assert_eq!(
        (header("x-trino-catalog"), header("x-trino-schema"), header("x-trino-source")),
        (Some("tpch"), Some("tiny"), Some("benchbook"))
    );
    assert!(header("x-trino-user").is_some_and(|user| !user.is_empty()));
}

#[test]
fn statements_parameters_and_plans() {
    let mut trino = Trino::start();
    let one = |name: &str, kind: &str, value: Value| Step::Page(json!({ "columns": columns(&[(name, kind)]), "data": [[value]] }));
    trino.server.script("USE memory.other", vec![Step::PageWith(json!({ "updateType": "USE" }), "X-Trino-Set-Schema", "other")]);
    trino.server.script("SELECT ';' AS x", vec![one("x", "varchar", json!(";"))]);
    assert_eq!(trino.ok("USE memory.other; -- then; this\nSELECT ';' AS x;").rows, [[Some(";".to_owned())]]);
    let last = trino.server.received().into_iter().rfind(|request| request.method == "POST").expect("a statement");
    assert_eq!(last.headers["x-trino-schema"], "other", "the session remembers");

    let immediate = "EXECUTE IMMEDIATE 'SELECT ''$no'', ? + ?, ?, ?' USING 2, 2, 'it''s; --', NULL";
    trino.server.script(immediate, vec![one("x", "bigint", json!(4))]);
    let mut request = trino.request("SELECT '$no', $low + $LOW, $name, $none");
    request.params =
        [("low".to_owned(), json!(2)), ("name".to_owned(), json!("it's; --")), ("none".to_owned(), Value::Null)].into_iter().collect();
    assert_eq!(trino.ask(&request).expect("bound").rows, [[Some("4".to_owned())]]);
    request.params.clear();
    assert!(trino.ask(&request).expect_err("no value").message.contains("$low"));

    trino.server.script("EXPLAIN SELECT 1", vec![one("Query Plan", "varchar", json!("Fragment 0\n  Values"))]);
    let mut request = trino.request("SELECT 1");
    request.plan = Plan::Explain;
    assert_eq!(trino.ask(&request).expect("a plan").plan_text.as_deref(), Some("Fragment 0\n  Values"));
    trino.server.script(
        "CREATE TABLE t AS SELECT 1",
        vec![Step::Page(json!({
            "columns": columns(&[("rows", "bigint")]), "data": [[3]], "updateType": "CREATE TABLE", "updateCount": 3
        }))],
    );
    let made = trino.ok("CREATE TABLE t AS SELECT 1");
    assert_eq!((made.has_rows, made.row_count), (false, 3));
}

#[test]
fn errors_say_what_and_where() {
    let mut trino = Trino::start();
    let error = |name: &str, message: &str, line: usize, column: usize| {
        let location = json!({ "lineNumber": line, "columnNumber": column });
        Step::Page(json!({ "error": { "message": message, "errorName": name, "errorType": "USER_ERROR", "errorLocation": location } }))
    };
    let sql = "SELECT 1;\nSELECT 'ä',\n  nope FROM t";
    trino.server.script("SELECT 1", vec![Step::Page(json!({}))]);
    trino.server.script(&sql[10..], vec![error("COLUMN_NOT_FOUND", "line 2:3: Column 'nope' cannot be resolved", 2, 3)]);
    let failure = trino.fails(sql);
    assert_eq!((failure.class.as_str(), failure.message.as_str()), ("Column Not Found", "Column 'nope' cannot be resolved"));
    assert_eq!(failure.offset, sql.find("nope"));
    trino.server.script("EXPLAIN SELECT 'ä', x", vec![error("COLUMN_NOT_FOUND", "line 1:21: Column 'x' cannot be resolved", 1, 21)]);
    let mut request = trino.request("SELECT 'ä', x");
    request.plan = Plan::Explain;
    assert_eq!(trino.ask(&request).expect_err("no column").offset, "SELECT 'ä', x".find('x'));
    trino.server.script("SELECT big", vec![error("EXCEEDED_LOCAL_MEMORY_LIMIT", "Query exceeded per-node memory limit", 0, 0)]);
    let failure = trino.fails("SELECT big");
    assert_eq!((failure.class.as_str(), failure.offset), ("Out of Memory Error", None));

    let mut request = trino.request("SELECT * FROM df");
    request.tables = vec![TableFile { name: "df".into(), path: "/tmp/df.arrow".into() }];
    let failure = trino.ask(&request).expect_err("not the server's");
    assert!(failure.class == "Not implemented Error" && failure.message.contains("`df`"), "{failure:?}");
    for (address, says) in [
        ("http://127.0.0.1:9/x", "does not answer"),
        ("127.0.0.1:8080", "no address"),
        ("http://me:secret@host/x", "TRINO_PASSWORD"),
        ("http://host/a/b/c", "no address"),
    ] {
        let mut request = trino.request("SELECT 1");
        request.connect = Some(address.to_owned());
        let failure = trino.ask(&request).expect_err(address);
        assert!(failure.class == "Unavailable" && failure.message.contains(says) && !failure.message.contains("secret"), "{failure:?}");
    }
    let control = EngineControl { engine: "trino".into(), action: Action::Start, ..EngineControl::default() };
    let refused = trino.worker.control(&control, &mut |_| {}, &|| false).expect_err("a server elsewhere");
    assert!(refused.to_string().contains("--connect"), "{refused}");
}

#[test]
fn a_stopped_query_is_deleted_on_the_server() {
    let mut trino = Trino::start();
    trino.server.script("SELECT forever", vec![Step::Endless]);
    let request = trino.request("SELECT forever");
    let (start, mut progress) = (Instant::now(), 0.0);
    let outcome = trino.worker.run(&request, &mut |fraction| progress = fraction, &|| start.elapsed() > Duration::from_secs(1));
    assert!(matches!(&outcome, Err(EngineError::Failed(failure)) if failure.class == "Interrupted"), "{outcome:?}");
    assert_eq!(progress, 0.25);
    let mut request = trino.request("SELECT forever");
    request.timeout_s = Some(0.5);
    assert_eq!(trino.ask(&request).expect_err("too slow").class, "Timeout");
    let deleted = trino.server.received().iter().filter(|request| request.method == "DELETE").count();
    assert_eq!(deleted, 2);
    trino.server.script("SELECT 1", vec![Step::Page(json!({ "columns": columns(&[("x", "integer")]), "data": [[1]] }))]);
    assert_eq!(trino.ok("SELECT 1").row_count, 1, "the engine goes on");
}
