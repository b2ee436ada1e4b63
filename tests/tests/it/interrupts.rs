//! Interrupts: of a loop, of a compilation, of SQL, of a shell command; the next cell works.

use std::time::{Duration, Instant};

use tests::frontend::CELL;
use tests::process;
use tests::session::Session;

/// A cell that takes the compiler many seconds, and another one every time: it must not be in the cell cache.
pub fn slow_to_compile() -> String {
    let salt = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |time| time.as_nanos());
    let functions: String = (0..250)
        .map(|n| {
            format!("fn f{n}(v: &mut Vec<(u64, String)>) {{ v.sort_by_key(|x| (x.0 ^ {n}, x.1.len())); v.dedup_by_key(|x| x.0 + {n}); }}\n")
        })
        .collect();
    let calls: String = (0..250).map(|n| format!("f{n}(&mut v);")).collect();
    format!("const SALT: u128 = {salt};\n{functions}let mut v = vec![(1_u64, String::new())];\n{calls}\nv.len()")
}

/// Runs a cell that prints `started`, interrupts it there, and returns how it ended and after how long.
fn stopped(session: &mut Session, body: &str) -> (tests::transcript::Failure, Duration) {
    let code = format!("println!(\"started\");\n{body}");
    let cell = session.begin(code.as_str());
    let _ = session.recv_until(&cell, |message| message.text("text").contains("started"));
    std::thread::sleep(Duration::from_millis(100));
    let began = Instant::now();
    session.interrupt();
    let failure = session.end(&code, &cell).fails("Interrupted");
    (failure, began.elapsed())
}

/// Cells that an interrupt stops without taking anything from the session.
const STOPPED: &[(&str, &str)] = &[
    ("an empty loop", "loop {}"),
    (
        "a loop over integers",
        "let mut x = 1_u64;\nloop { x = x.wrapping_mul(6364136223846793005).wrapping_add(1); if x == 0 { break; } }\nx",
    ),
    ("a loop over floats", "let mut x = 1.0_f64;\nloop { x = (x * 1.000001).sqrt() + 0.5; if x > 1e300 { break; } }\nx"),
    ("recursion", "fn fib(n: u64) -> u64 { if n < 2 { n } else { fib(n - 1) + fib(n - 2) } }\nfib(std::hint::black_box(60))"),
    ("an iterator", "(0_u64..).filter(|n| n % 7 == 3).map(|n| n ^ 5).fold(0_u64, |a, b| a.wrapping_mul(31).wrapping_add(b))"),
    (
        "functions with values to drop",
        "fn g(n: u64) -> u64 { let v = vec![n; 100]; v.iter().sum() }\nlet mut s = 0_u64;\nloop { s = s.wrapping_add(g(std::hint::black_box(s))); }",
    ),
    ("a growing vector", "loop { numbers.push(1); if numbers.len() > 1000 { numbers.clear(); } }"),
    ("a hash map", "let mut m = std::collections::HashMap::new();\nlet mut i = 0_u64;\nloop { m.insert(i % 10_000, i); i += 1; }"),
    ("text", "let mut s = String::new();\nloop { s = format!(\"{}{}\", s.len(), \"abc\"); }"),
    ("printing", "loop { println!(\"x\"); std::thread::sleep(std::time::Duration::from_millis(1)); }"),
    ("sorting", "let mut v: Vec<u64> = (0..100_000).rev().collect();\nloop { v.sort(); v.reverse(); }"),
    (
        "many short Rayon calls",
        "use rayon::prelude::*;\nloop { std::hint::black_box((0..10_000_u64).into_par_iter().map(|n| n * n % 7).sum::<u64>()); }",
    ),
    (
        "many short Polars queries",
        "use polars::prelude::*;\nlet d = df![\"a\" => [1, 2, 3]]?;\nloop { std::hint::black_box(d.clone().lazy().select([col(\"a\").sum()]).collect()?); }",
    ),
    (
        "threads",
        "let h: Vec<_> = (0..2).map(|_| std::thread::spawn(|| loop { std::hint::spin_loop(); })).collect();\nfor t in h { let _ = t.join(); }",
    ),
    ("scoped threads", "std::thread::scope(|s| { s.spawn(|| loop { std::hint::spin_loop(); }); });"),
    ("a sleep", "std::thread::sleep(std::time::Duration::from_secs(3600));"),
    ("a blocking read", "use std::io::Read;\nlet (mut r, w) = std::io::pipe()?;\nlet mut b = [0_u8; 1];\nr.read(&mut b)?;\ndrop(w);"),
    ("waiting for a connection", "std::net::TcpListener::bind(\"127.0.0.1:0\")?.accept()?;"),
    (
        "a lock that this thread holds",
        "{ let m = std::sync::Mutex::new(1); let a = m.lock().unwrap(); let b = m.lock().unwrap(); drop((a, b)); }",
    ),
    ("a child process", "std::process::Command::new(\"sleep\").arg(\"1000\").status()?;"),
];

#[test]
fn a_cell_stops_and_variables_are_kept() {
    let mut session = Session::start();
    let _ = session.ok("let kept = vec![1, 2, 3];\nlet mut numbers = vec![0_u64];\nfn six() -> i32 { 6 }");
    let worker = session.kernel.rust_worker().pid;
    for (what, body) in STOPPED {
        let (failure, took) = stopped(&mut session, body);
        assert!(failure.message.contains("variables are kept"), "{what}: {failure:?}");
        assert!(took < Duration::from_secs(2), "{what} took {took:?}");
        assert_eq!(session.ok("(kept.len(), numbers.len() < 2000, six())").result(), "(3, true, 6)", "after {what}");
    }
    assert_eq!(session.kernel.rust_worker().pid, worker, "it is the same worker");
    let (failure, _) = stopped(&mut session, "loop { numbers.push(1); if numbers.len() > 1000 { numbers.clear(); } }");
    failure.says(&["numbers may be half changed"]);
    assert_eq!(session.ok("use rayon::prelude::*;\n(0..1000_u64).into_par_iter().sum::<u64>()").result(), "499500", "the pool works");

    // SIGINT does the same, for frontends that send signals.
    let code = "println!(\"started\");\nloop {}";
    let cell = session.begin(code);
    let _ = session.recv_until(&cell, |message| message.text("text").contains("started"));
    process::send(session.kernel.pid(), libc::SIGINT);
    let _ = session.end(code, &cell).fails("Interrupted");

    // An interrupt of nothing does not reach the next cell.
    session.interrupt();
    assert_eq!(session.ok("six()").result(), "6");
}

#[test]
fn what_cannot_be_stopped_is_ended_and_restored() {
    let mut session = Session::start();
    let _ = session
        .ok("use polars::prelude::*;\nuse rayon::prelude::*;\nlet mut numbers = vec![1, 2, 3];\nlet table = df![\"a\" => [1, 2, 3]]?;");
    let _ = session.ok("numbers.push(4);");
    let _ = session.ok("fn six() -> i32 { 6 }");
    for body in [
        // Code on a pool's threads shares its frames with the pool's own state.
        "(0..1_000_000_u64).into_par_iter().for_each(|n| loop { std::hint::black_box(n); });",
        // One call into Polars that takes a minute.
        "let big = df![\"a\" => (0..5_000_000_u64).map(|n| n.wrapping_mul(6364136223846793005) >> 20).collect::<Vec<_>>()]?.lazy();\nlet parts: Vec<_> = (0..400).map(|n| (col(\"a\") * lit(2 * n + 1)).sort(Default::default()).last().alias(format!(\"c{n}\"))).collect();\nbig.select(parts).collect()?",
        "let (t, r) = std::sync::mpsc::channel::<i32>();\nlet _ = r.recv();\ndrop(t);",
    ] {
        let (failure, took) = stopped(&mut session, body);
        assert!(took < Duration::from_secs(6), "{took:?}");
        failure.says(&["could not be stopped", "numbers", "Kept", "%restore"]);
        let _ = session.run("numbers").fails("CompileError[E0425]");
        let restored = session.ok("%restore").stdout();
        assert!(restored.contains(" cells ran again") && restored.contains("numbers, table"), "{restored}");
        assert_eq!(session.ok("(numbers.len(), table.height(), six())").result(), "(4, 3, 6)");
    }
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
