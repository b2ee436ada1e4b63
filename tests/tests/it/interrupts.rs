//! Interrupts: of a loop, of a compilation, of SQL, of a shell command; the next cell works.

use std::time::{Duration, Instant};

use tests::frontend::CELL;
use tests::process;
use tests::session::Session;

/// A cell that takes the compiler many seconds.
pub fn slow_to_compile() -> String {
    let functions: String = (0..250)
        .map(|n| {
            format!("fn f{n}(v: &mut Vec<(u64, String)>) {{ v.sort_by_key(|x| (x.0 ^ {n}, x.1.len())); v.dedup_by_key(|x| x.0 + {n}); }}\n")
        })
        .collect();
    let calls: String = (0..250).map(|n| format!("f{n}(&mut v);")).collect();
    format!("{functions}let mut v = vec![(1_u64, String::new())];\n{calls}\nv.len()")
}

#[test]
fn a_running_loop_stops_and_says_what_was_lost() {
    let mut session = Session::start();
    let _ = session.ok("let lost = 5;\nfn kept() -> i32 { 6 }");
    let code = "println!(\"started\");\nloop { std::hint::black_box(0); }";
    let cell = session.begin(code);
    let _ = session.recv_until(&cell, |message| message.text("text").contains("started"));
    let began = Instant::now();
    session.interrupt();
    let failure = session.end(code, &cell).fails("Interrupted");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    failure.says(&["interrupted", "lost", "Kept"]);
    assert_eq!(session.ok("kept() + 1").result(), "7", "functions stay");
    let _ = session.run("lost").fails("CompileError[E0425]");
    assert_eq!(session.ok("let again = 2;\nagain").result(), "2");

    // SIGINT does the same, for frontends that send signals.
    let cell = session.begin(code);
    let _ = session.recv_until(&cell, |message| message.text("text").contains("started"));
    process::send(session.kernel.pid(), libc::SIGINT);
    let _ = session.end(code, &cell).fails("Interrupted");

    // An interrupt of nothing does not reach the next cell.
    session.interrupt();
    assert_eq!(session.ok("kept()").result(), "6");
}

#[test]
fn compiling_stops_and_nothing_is_lost() {
    let mut session = Session::start();
    let _ = session.ok("let kept = 5;");
    let code = slow_to_compile();
    let cell = session.begin(code.as_str());
    let _ = session.recv_output(&cell, CELL);
    let compiler = process::wait_for(session.kernel.pid(), "rustc", CELL);
    let began = Instant::now();
    session.interrupt();
    let failure = session.end(&code, &cell).fails("Interrupted");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    failure.says(&["compil", "nothing was lost"]);
    process::wait_gone(&compiler, Duration::from_secs(5));
    assert_eq!(session.ok("kept").result(), "5");
}

#[test]
fn queries_and_commands_stop() {
    let mut session = Session::start();
    let _ = session.ok("let kept = 5;");
    let _ = session.ok("%%sql\nCREATE TABLE stays AS SELECT 7 AS x");
    let query = "%%sql\nSELECT count(*) FROM range(100000000000) a, range(1000) b WHERE a.range % 7 = b.range % 5";
    let cell = session.begin(query);
    let _ = session.recv_output(&cell, CELL);
    std::thread::sleep(Duration::from_millis(1500));
    let began = Instant::now();
    session.interrupt();
    let failure = session.end(query, &cell).fails("Interrupted");
    assert!(began.elapsed() < Duration::from_secs(2), "a query stops within about a second: {:?}", began.elapsed());
    failure.says(&["interrupted"]);
    assert!(session.ok("%%sql\nSELECT x FROM stays").rich("text/plain").contains('7'), "tables are kept");
    assert_eq!(session.ok("kept").result(), "5", "Rust has nothing to do with it");

    let cell = session.begin("!sleep 100; echo never");
    let _ = session.recv_output(&cell, CELL);
    let sleeper = process::wait_for(session.kernel.pid(), "sleep", CELL);
    session.interrupt();
    let stopped = session.end("!sleep 100; echo never", &cell);
    let _ = stopped.fails("Interrupted");
    process::wait_gone(&sleeper, Duration::from_secs(5));

    let timing = "%%timeit -r 5000 --budget 60s\nstd::thread::sleep(std::time::Duration::from_millis(20))";
    let cell = session.begin(timing);
    let _ = session.recv_output(&cell, CELL);
    std::thread::sleep(Duration::from_secs(3));
    let began = Instant::now();
    session.interrupt();
    let _ = session.end(timing, &cell).fails("Interrupted");
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(session.ok("1 + 1").result(), "2");
}
