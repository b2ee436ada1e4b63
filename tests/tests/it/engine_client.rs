//! The kernel's side of the engine worker: started when needed, stopped on interrupt, replaced when dead.

use std::cell::Cell;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use benchbook::engine_worker::{EngineError, EngineWorker};
use magics::sql_wire::SqlRequest;
use tempfile::TempDir;
use tests::prepared;

/// A worker that has not been started.
fn engine(session: &TempDir) -> EngineWorker {
    let program = prepared::installed().engines.clone();
    EngineWorker::new(program, prepared::engine_libraries(), session.path().to_owned())
}

fn request(sql: &str) -> SqlRequest {
    SqlRequest { engine: "duckdb".to_owned(), sql: sql.to_owned(), limit: 10, ..SqlRequest::default() }
}

fn cell(engine: &mut EngineWorker, sql: &str) -> String {
    let reply = engine.run(&request(sql), &mut |_| {}, &|| false).expect(sql);
    reply.rows.first().and_then(|row| row.first().cloned().flatten()).unwrap_or_default()
}

fn kill(pid: u32) {
    let status = Command::new("kill").args(["-9", &pid.to_string()]).status().expect("kill runs");
    assert!(status.success());
}

const ENDLESS: &str = "SELECT count(*) FROM range(100000000000) AS r(i) WHERE i % 7 = 3";

#[test]
fn it_starts_at_the_first_request() {
    let session = TempDir::new().expect("a directory");
    let mut engine = engine(&session);
    assert_eq!(engine.pid(), None);
    assert_eq!(engine.tables().expect("no tables"), []);
    assert_eq!(engine.pid(), None, "listing starts nothing");
    assert_eq!(cell(&mut engine, "SELECT 6 * 7"), "42");
    let pid = engine.pid().expect("it runs");
    engine.shutdown();
    assert_eq!(engine.pid(), None);
    assert!(!PathBuf::from(format!("/proc/{pid}")).exists());
    assert_eq!(cell(&mut engine, "SELECT 1"), "1", "it can be used again");
}

#[test]
fn an_interrupt_keeps_worker_and_tables() {
    let session = TempDir::new().expect("a directory");
    let mut engine = engine(&session);
    cell(&mut engine, "CREATE TABLE kept AS SELECT 5 AS five");
    let pid = engine.pid();
    let start = Instant::now();
    let progress = Cell::new(0);
    let result = engine.run(&request(ENDLESS), &mut |_| progress.set(progress.get() + 1), &|| start.elapsed() > Duration::from_secs(1));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert!(matches!(&result, Err(EngineError::Failed(failure)) if failure.class == "Interrupted"), "{result:?}");
    assert_eq!(engine.pid(), pid);
    assert_eq!(cell(&mut engine, "SELECT five FROM kept"), "5");
    assert_eq!(engine.take_notice(), None);
}

#[test]
fn a_death_during_a_query_says_what_was_lost() {
    let session = TempDir::new().expect("a directory");
    let mut engine = engine(&session);
    cell(&mut engine, "CREATE TABLE prices AS SELECT 5 AS five; CREATE VIEW seen AS SELECT 1 AS one");
    let pid = engine.pid().expect("it runs");
    let killer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(500));
        kill(pid);
    });
    let error = engine.run(&request(ENDLESS), &mut |_| {}, &|| false).expect_err("it died");
    killer.join().expect("killed");
    let EngineError::Died { status, tables_lost, .. } = &error else { panic!("{error:?}") };
    assert!(status.contains("SIGKILL"), "{status}");
    assert_eq!(tables_lost, &["prices", "seen"]);
    assert!(error.to_string().contains("Kept"), "{error}");
    assert_eq!(cell(&mut engine, "SELECT 1"), "1");
    assert_eq!(engine.take_notice(), None, "the error has said it already");
    let error = engine.run(&request("SELECT * FROM prices"), &mut |_| {}, &|| false).expect_err("the table is lost");
    assert!(matches!(error, EngineError::Failed(_)), "{error:?}");
}

#[test]
fn a_death_between_queries_is_noticed() {
    let session = TempDir::new().expect("a directory");
    let mut engine = engine(&session);
    cell(&mut engine, "CREATE TABLE prices AS SELECT 5 AS five");
    kill(engine.pid().expect("it runs"));
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(cell(&mut engine, "SELECT 1"), "1");
    let notice = engine.take_notice().expect("a notice");
    assert!(notice.contains("prices") && notice.contains("fresh"), "{notice}");
    assert_eq!(engine.take_notice(), None, "it is said once");
}

#[test]
fn a_worker_that_does_not_stop_is_killed() {
    let session = TempDir::new().expect("a directory");
    let mut engine = engine(&session);
    cell(&mut engine, "CREATE TABLE prices AS SELECT 5 AS five");
    let pid = engine.pid().expect("it runs").to_string();
    // A stopped process cannot answer: the stand-in for one that hangs.
    assert!(Command::new("kill").args(["-STOP", &pid]).status().expect("kill runs").success());
    let start = Instant::now();
    let error = engine.run(&request("SELECT 1"), &mut |_| {}, &|| true).expect_err("it hangs");
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    let EngineError::Died { status, tables_lost, .. } = &error else { panic!("{error:?}") };
    assert!(status.contains("did not stop"), "{status}");
    assert_eq!(tables_lost, &["prices"]);
    assert_eq!(cell(&mut engine, "SELECT 1"), "1");
}

#[test]
fn a_missing_program_says_how_to_get_it() {
    let session = TempDir::new().expect("a directory");
    let mut engine = EngineWorker::new(session.path().join("none"), PathBuf::new(), session.path().to_owned());
    let error = engine.run(&request("SELECT 1"), &mut |_| {}, &|| false).expect_err("it is not there");
    assert!(matches!(error, EngineError::NotFound { .. }) && error.to_string().contains("cargo lab"), "{error}");
}
