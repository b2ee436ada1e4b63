//! Spark as an engine, with a real server. Skipped, and said so, where Spark is not installed: `cargo lab spark` installs it.

use std::cell::RefCell;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::{ArrayRef, DurationMicrosecondArray, Int64Array, RecordBatch, StringViewArray, Time64MicrosecondArray, UInt64Array};
use arrow_ipc::writer::FileWriter;
use benchbook::engine_worker::{EngineError, EngineWorker};
use magics::sql_wire::{Action, EngineControl, EngineState, Plan, SqlFailure, SqlReply, SqlRequest, TableFile};
use serde_json::json;
use tempfile::TempDir;
use tests::prepared;
use tests::process::{self, Process};
use tests::session::Session;

/// How long processes may take to be gone.
const GONE: Duration = Duration::from_secs(20);

/// Whether Spark can be tested here.
pub fn is_installed(test: &str) -> bool {
    let target = prepared::installed().target_dir.clone();
    let layout = install::Layout { root: prepared::root().to_owned(), target };
    let there = install::spark::installed(&layout).is_some() && install::spark::java(&layout).is_some();
    if !there {
        // Past the test runner's own capture, so that it is seen.
        let _ = writeln!(std::io::stderr(), "SKIPPED {test}: Spark is not installed here; `cargo lab spark` installs it");
    }
    there
}

struct Spark {
    worker: EngineWorker,
    session: TempDir,
}

impl Spark {
    fn new() -> Spark {
        let session = TempDir::new().expect("a directory");
        let worker = EngineWorker::new(prepared::installed().engines.clone(), prepared::engine_libraries(), session.path().to_owned());
        Spark { worker, session }
    }

    fn control(&mut self, action: Action) -> EngineState {
        let doing = RefCell::new(Vec::new());
        let settings = json!({ "threads": 2, "memory": "1g" }).as_object().cloned().unwrap_or_default();
        let settings = if action == Action::Start { settings } else { serde_json::Map::new() };
        let request = EngineControl { engine: "spark".into(), action, settings };
        let states = self.worker.control(&request, &mut |what| doing.borrow_mut().push(what.to_owned()), &|| false);
        if action == Action::Start {
            assert!(doing.borrow().iter().any(|what| what.contains("local[2]")), "progress is told: {doing:?}");
        }
        states.unwrap_or_else(|error| panic!("{action:?}: {error}")).remove(0)
    }

    fn request(sql: &str) -> SqlRequest {
        SqlRequest { engine: "spark".into(), sql: sql.into(), limit: 10, ..SqlRequest::default() }
    }

    fn ask(&mut self, request: &SqlRequest) -> Result<SqlReply, SqlFailure> {
        match self.worker.run(request, &mut |_| {}, &|| false) {
            Ok(reply) => Ok(reply),
            Err(EngineError::Failed(failure)) => Err(failure),
            Err(error) => panic!("{error}"),
        }
    }

    fn rows(&mut self, sql: &str) -> Vec<Vec<Option<String>>> {
        self.ask(&Self::request(sql)).unwrap_or_else(|failure| panic!("{sql}: {failure:?}")).rows
    }

    /// The server's process.
    fn java(&self) -> Process {
        let worker = i32::try_from(self.worker.pid().expect("it runs")).expect("a process number");
        process::wait_for(worker, "java", Duration::from_secs(5))
    }

    fn arrow_table(&self, name: &str, columns: Vec<(&str, ArrayRef)>) -> TableFile {
        let path = self.session.path().join(format!("{name}.arrow"));
        let batch = RecordBatch::try_from_iter(columns).expect("a batch");
        let mut writer = FileWriter::try_new(std::fs::File::create(&path).expect("a file"), &batch.schema()).expect("a writer");
        writer.write(&batch).and_then(|()| writer.finish()).expect("written");
        TableFile { name: name.into(), path: path.display().to_string() }
    }
}

fn texts(values: &[&str]) -> Vec<Option<String>> {
    values.iter().map(|value| Some((*value).to_owned())).collect()
}

/// About a minute of work.
const LONG: &str = "SELECT count_if(sha2(sha2(sha2(CAST(id AS STRING), 512), 512), 512) LIKE 'ab%') FROM range(0, 40000000, 1, 64)";

#[test]
fn a_server_of_its_own_answers_fails_dies_and_comes_back() {
    if !is_installed("spark::a_server_of_its_own_answers_fails_dies_and_comes_back") {
        return;
    }
    let mut spark = Spark::new();
    let failure = spark.ask(&Spark::request("SELECT 1")).expect_err("not started");
    assert!(failure.class == "Unavailable" && failure.message.contains("%engine start spark"), "{failure:?}");
    let state = spark.control(Action::Status);
    assert!(state.available && !state.running && state.version.starts_with("Spark 4"), "{state:?}");
    let state = spark.control(Action::Start);
    assert!(state.running && state.started_s.is_some() && state.warmed_s.is_some(), "{state:?}");
    assert!(state.detail.contains("sc://localhost:") && state.rss_bytes.is_some_and(|bytes| bytes > 100 << 20), "{state:?}");
    answers(&mut spark);
    errors_and_plans(&mut spark);
    stops(&mut spark);

    // Killed in the middle of a query: told at once, and a fresh one can be had.
    let java = spark.java();
    let killed = java.clone();
    let killer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(2));
        killed.signal(9);
    });
    let asked = Instant::now();
    let failure = spark.ask(&Spark::request(LONG)).expect_err("its server was killed");
    killer.join().expect("it was killed");
    assert!(
        failure.class == "Unavailable" && failure.message.contains("SIGKILL") && failure.message.contains("%engine start spark"),
        "{failure:?}"
    );
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    assert!(!spark.control(Action::Status).running);
    spark.control(Action::Start);
    assert_eq!(spark.rows("SELECT 6 * 7"), [texts(&["42"])]);

    let all = process::descendants(i32::try_from(spark.worker.pid().expect("it runs")).expect("a process number"));
    assert!(!spark.control(Action::Stop).running);
    for process in &all {
        process::wait_gone(process, GONE);
    }
}

fn answers(spark: &mut Spark) {
    let number: ArrayRef = Arc::new(Int64Array::from_iter((0..100_000).map(|i| (i % 5 != 0).then_some(i))));
    let name: ArrayRef =
        Arc::new(StringViewArray::from_iter_values((0..100_000).map(|i| format!("a name of more than twelve bytes {}", i % 7))));
    let large: ArrayRef = Arc::new(UInt64Array::from_iter_values((0..100_000).map(|_| u64::MAX)));
    let clock: ArrayRef = Arc::new(Time64MicrosecondArray::from_iter_values((0..100_000).map(|i| i * 1_000_000 % 86_400_000_000)));
    let span: ArrayRef = Arc::new(DurationMicrosecondArray::from_iter_values((0..100_000).map(|_| 90_000_000)));
    let columns = vec![("number", number), ("name", name), ("large", large), ("clock", clock), ("span", span)];
    let numbers = spark.arrow_table("numbers", columns);
    let bars = TableFile { name: "bars".into(), path: prepared::dataset("stocks-20d").join("bars.parquet").display().to_string() };
    let symbols = TableFile { name: "symbols".into(), path: prepared::dataset("stocks-20d").join("bars.csv").display().to_string() };

    let mut request = Spark::request(
        "SELECT count(*), count(number), count(DISTINCT name), max(large), max(clock), max(span), sum(number) FROM numbers WHERE number >= $low OR number IS NULL",
    );
    request.tables = vec![numbers];
    request.params = [("low".to_owned(), json!(0))].into_iter().collect();
    let reply = spark.ask(&request).expect("an answer");
    assert_eq!(reply.rows, [texts(&["100000", "80000", "7", "18446744073709551615", "23:59:59", "00:01:30", "4000000000"])]);
    assert!(reply.engine_version.starts_with("Spark 4") && reply.threads == 2, "{reply:?}");
    assert!(reply.phases.open.is_none() && reply.phases.load.is_some() && reply.phases.execute.is_some(), "{:?}", reply.phases);
    assert_eq!(reply.loaded.map(|moved| moved.rows), Some(100_000));
    assert_eq!(spark.ask(&request).expect("again").loaded, None, "an unchanged file is not copied again");
    request.cold = true;
    let cold = spark.ask(&request).expect("cold");
    assert!(cold.loaded.is_some() && cold.phases.open.is_some(), "{cold:?}");

    let mut request = Spark::request(
        "SELECT count(*), count(DISTINCT bars.symbol), count(DISTINCT symbols.symbol) FROM bars, (SELECT DISTINCT symbol FROM symbols) symbols WHERE bars.symbol = symbols.symbol",
    );
    request.tables = vec![bars, symbols];
    let shown = spark.ask(&request).expect("files").rows;
    assert_eq!(shown[0][1..], texts(&["29", "29"]));

    let out = spark.session.path().join("out.arrow");
    let mut request = Spark::request(
        "SELECT id, 'text ' || id AS text, map('k', id) AS m, CAST(id AS DECIMAL(12,2)) AS d, id AS id FROM range(300000) ORDER BY id DESC",
    );
    request.out = Some(out.display().to_string());
    request.limit = 1;
    let reply = spark.ask(&request).expect("stored");
    assert_eq!((reply.row_count, reply.fetched.map(|moved| moved.rows)), (300_000, Some(300_000)));
    assert_eq!(reply.rows[0][..2], texts(&["299999", "text 299999"]));
    let mut request = Spark::request("SELECT count(*), sum(id_1), sum(d)::VARCHAR FROM t");
    request.engine = "duckdb".into();
    request.tables = vec![TableFile { name: "t".into(), path: out.display().to_string() }];
    assert_eq!(spark.ask(&request).expect("DuckDB reads it").rows, [texts(&["300000", "44999850000", "44999850000.00"])]);

    let types = "SELECT ';' AS s, array(1, NULL) AS a, named_struct('x', 1) AS st, X'00ff' AS b, TIMESTAMP'2024-01-02 03:04:05.678' AS at, DATE'2024-02-29' AS day, NULL AS n, true AS t, double('nan') AS f";
    let shown = spark.rows(&format!("CREATE TEMPORARY VIEW one AS SELECT 1; -- and; then\n{types}"));
    let shown: Vec<&str> = shown[0].iter().map(|value| value.as_deref().unwrap_or("NULL")).collect();
    assert_eq!(shown, [";", "[1, NULL]", "{'x': 1}", "\\x00\\xFF", "2024-01-02 03:04:05.678", "2024-02-29", "NULL", "true", "nan"]);
    // A list for completion waits for Spark a second at most: what is not there in time is there the next time.
    let listed =
        |worker: &mut EngineWorker| worker.tables().expect("listed").iter().any(|table| table.engine == "spark" && table.name == "one");
    assert!((0..10).any(|_| listed(&mut spark.worker)), "{:?}", spark.worker.tables());
}

fn errors_and_plans(spark: &mut Spark) {
    for (sql, class, says) in [
        ("SELECT 1;\nSELEC 2", "Parse Error", "SELEC 2"),
        ("SELECT 1; SELECT 'ä', nope FROM one", "Analysis Error", "nope"),
        ("SELECT * FROM nowhere", "Analysis Error", "nowhere"),
        ("SELECT CAST('abc' AS INT)", "Number Format Error", "CAST"),
    ] {
        let failure = spark.ask(&Spark::request(sql)).expect_err(sql);
        assert_eq!((failure.class.as_str(), failure.offset), (class, sql.find(says)), "{failure:?}");
        assert!(
            failure.message.starts_with('[') && !failure.message.contains("JVM") && !failure.message.contains("SQLSTATE"),
            "{failure:?}"
        );
    }
    let failure = spark.ask(&Spark::request("SELECT $nothing")).expect_err("no value");
    assert!(failure.message.contains("$nothing"), "{failure:?}");
    let mut request = Spark::request("SELECT id % 3 AS g, count(*) FROM range(1000) GROUP BY id % 3");
    request.plan = Plan::Explain;
    assert!(
        spark
            .ask(&request)
            .expect("a plan")
            .plan_text
            .is_some_and(|plan| plan.contains("HashAggregate") && !plan.contains("numOutputRows"))
    );
    request.plan = Plan::Analyze;
    assert!(spark.ask(&request).expect("a plan").plan_text.is_some_and(|plan| plan.contains("numOutputRows 3")));
}

/// An interrupt and a time limit stop the query, and Spark keeps its tables.
fn stops(spark: &mut Spark) {
    let (asked, mut progress) = (Instant::now(), Vec::new());
    let outcome =
        spark.worker.run(&Spark::request(LONG), &mut |fraction| progress.push(fraction), &|| asked.elapsed() > Duration::from_secs(4));
    assert!(matches!(&outcome, Err(EngineError::Failed(failure)) if failure.class == "Interrupted"), "{outcome:?}");
    assert!(progress.is_sorted(), "{progress:?}");
    assert_eq!(spark.rows("SELECT * FROM one"), [texts(&["1"])]);
    let mut request = Spark::request(LONG);
    request.timeout_s = Some(1.5);
    assert_eq!(spark.ask(&request).expect_err("too slow").class, "Timeout");
    assert_eq!(spark.rows("SELECT * FROM one"), [texts(&["1"])]);
}

#[test]
fn it_ends_with_a_kernel_that_is_killed() {
    if !is_installed("spark::it_ends_with_a_kernel_that_is_killed") {
        return;
    }
    let mut session = Session::start();
    let before = session.ok("%engine").rich("text/plain");
    assert!(before.contains("spark") && before.contains("%engine start spark") && before.contains("trino"), "{before}");
    session.run("%engine start spark --memory 1k").fails("SqlError").says(&["512m"]);
    let started = session.ok("%engine start spark --threads 2");
    let text = started.rich("text/plain");
    assert!(text.contains("running") && text.contains("local[2]"), "{text}");
    assert!(started.rich("text/html").contains("<table"));
    assert!(started.status_lines().iter().any(|line| line.contains("Spark")), "what it does is shown: {:?}", started.status_lines());
    let kernel = session.kernel.pid();
    let all = process::descendants(kernel);
    assert!(all.iter().any(|process| process.name == "java"), "{all:?}");
    session.kernel.kill();
    for process in &all {
        process::wait_gone(process, GONE);
    }
}
