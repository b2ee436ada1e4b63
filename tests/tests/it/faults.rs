//! Workers and kernels that are killed or crash: the kernel answers, says what was lost, and goes on.

use std::time::Duration;

use tests::frontend::CELL;
use tests::process;
use tests::session::Session;

use crate::interrupts::slow_to_compile;

const SOON: Duration = Duration::from_secs(10);

/// A session with something to lose and something to keep.
fn prepared() -> Session {
    let mut session = Session::start();
    let _ = session.ok("let lost = vec![1, 2, 3];\nfn kept() -> i32 { 41 }");
    let _ = session.ok("%%sql\nCREATE TABLE stays AS SELECT 7 AS x");
    session
}

/// What must hold after the Rust worker died.
#[track_caller]
fn goes_on(session: &mut Session) {
    assert_eq!(session.ok("kept() + 1").result(), "42", "functions stay");
    let _ = session.run("lost.len()").fails("CompileError[E0425]");
    assert_eq!(session.ok("let fresh = 3;\nfresh * 2").result(), "6");
    assert!(session.ok("%%sql\nSELECT x FROM stays").rich("text/plain").contains('7'), "SQL tables stay");
}

#[test]
fn the_rust_worker_is_killed_during_a_cell() {
    let mut session = prepared();
    let code = "println!(\"started\");\nloop { std::thread::sleep(std::time::Duration::from_millis(10)); }";
    let cell = session.begin(code);
    let _ = session.recv_until(&cell, |message| message.text("text").contains("started"));
    session.kernel.rust_worker().signal(libc::SIGKILL);
    let failure = session.end(code, &cell).fails("WorkerDied");
    failure.says(&["killed", "signal 9", "lost", "Kept", "functions"]);
    goes_on(&mut session);
}

#[test]
fn the_rust_worker_is_killed_between_cells() {
    let mut session = prepared();
    let worker = session.kernel.rust_worker();
    worker.signal(libc::SIGKILL);
    process::wait_gone(&worker, SOON);
    let next = session.ok("println!(\"here\"); kept()");
    assert_eq!((next.stdout().as_str(), next.result().as_str()), ("here\n", "41"), "{}", next.text());
    let told = next.stderr();
    assert!(told.contains("lost") && told.contains("killed") && told.contains("Kept"), "what was lost is said:\n{}", next.text());
    goes_on(&mut session);
    let told_once = session.ok("kept()");
    assert!(told_once.stderr().is_empty(), "{}", told_once.text());
}

#[test]
fn the_rust_worker_is_killed_while_compiling() {
    let mut session = prepared();
    let code = slow_to_compile();
    let cell = session.begin(code.as_str());
    let _ = process::wait_for(session.kernel.pid(), "rustc", CELL);
    session.kernel.rust_worker().signal(libc::SIGKILL);
    let ended = session.end(&code, &cell);
    let said = format!("{}{}", ended.stderr(), ended.reply["traceback"]);
    assert!(said.contains("killed") && said.contains("lost"), "what was lost is said:\n{}", ended.text());
    goes_on(&mut session);
}

#[test]
fn the_compiler_is_killed() {
    let mut session = prepared();
    let code = slow_to_compile();
    let cell = session.begin(code.as_str());
    process::wait_for(session.kernel.pid(), "rustc", CELL).signal(libc::SIGKILL);
    let ended = session.end(&code, &cell);
    assert_eq!(ended.reply["status"], "error", "{}", ended.text());
    assert_eq!(session.ok("lost.len()").result(), "3", "the worker has not noticed");
}

#[test]
fn cells_that_crash() {
    let mut session = prepared();
    for (code, says) in [
        ("unsafe { std::ptr::null_mut::<u64>().write_volatile(1) };", "signal 11"),
        ("fn sink(n: u64) -> u64 { let a = std::hint::black_box([n; 64]); sink(a[3] + 1) + a[5] }\nsink(0)", "signal 6"),
        ("std::process::abort();", "signal 6"),
        ("std::process::exit(3);", "code 3"),
    ] {
        let _ = session.ok("let lost = 1;");
        let crashed = session.run(code);
        assert!(!code.contains("sink") || crashed.stderr().contains("overflowed its stack"), "{}", crashed.text());
        let failure = crashed.fails("WorkerDied");
        failure.says(&[says, "lost", "Kept"]);
        goes_on(&mut session);
    }
}

#[test]
fn the_engine_worker_is_killed() {
    let mut session = prepared();
    let _ = session.ok("use polars::prelude::*;\nlet df = df![\"x\" => [1, 2, 3]]?;");
    assert!(session.ok("%%sql\nSELECT sum(x) AS s FROM df").rich("text/plain").contains('6'));
    let query = "%%sql\nSELECT count(*) FROM range(100000000000) a WHERE a.range % 7 = 3";
    let cell = session.begin(query);
    let _ = session.recv_output(&cell, CELL);
    std::thread::sleep(Duration::from_millis(700));
    session.kernel.engine_worker().signal(libc::SIGKILL);
    let failure = session.end(query, &cell).fails("WorkerDied");
    failure.says(&["killed", "stays"]);
    assert_eq!(session.ok("lost.len()").result(), "3", "Rust has nothing to do with it");
    let gone = session.run("%%sql\nSELECT x FROM stays").fails("SqlError");
    gone.says(&["stays", "does not exist"]);
    assert!(session.ok("%%sql\nSELECT sum(x) AS s FROM df").rich("text/plain").contains('6'), "DataFrames are still found");

    let _ = session.ok("%%sql\nCREATE TABLE second AS SELECT 1 AS y");
    let worker = session.kernel.engine_worker();
    worker.signal(libc::SIGKILL);
    process::wait_gone(&worker, SOON);
    let next = session.ok("%%sql\nSELECT 5 AS five");
    assert!(next.rich("text/plain").contains('5'));
    assert!(format!("{}{}", next.stderr(), next.rich("text/plain")).contains("second"), "what was lost is said:\n{}", next.text());
}

#[test]
fn a_killed_kernel_leaves_no_worker_and_no_directory() {
    let mut session = prepared();
    let code = "println!(\"started\");\nloop { std::thread::sleep(std::time::Duration::from_millis(10)); }";
    let cell = session.begin(code);
    let _ = session.recv_until(&cell, |message| message.text("text").contains("started"));
    let children = process::descendants(session.kernel.pid());
    assert!(children.len() >= 2, "{children:?}");
    let pid = session.kernel.pid();
    let directory = session.kernel.session_dir().expect("a session directory");
    session.forgive();
    session.kernel.kill();
    for child in &children {
        process::wait_gone(child, SOON);
    }
    drop(session);
    let next = Session::start();
    assert!(!directory.exists(), "the next kernel removes what kernel {pid} left");
    drop(next);
}
