//! `%%timeit` of SQL, with rates, by CPU time, and `%%parallel` with sections, in a real kernel. No time is judged.

use serde_json::Value;
use tests::process;
use tests::result_object;
use tests::session::Session;
use tests::transcript::{Transcript, data};

fn variants(cell: &Transcript) -> Vec<Value> {
    cell.measured()["variants"].as_array().expect("checked").clone()
}

#[test]
fn sql_is_timed_like_code() {
    let mut session = Session::start();
    let _ = session.ok("let numbers: Vec<i64> = (0..50_000).collect(); let least = 10;");
    for engine in ["duckdb", "sqlite", "polars"] {
        let cell = format!(
            "%%timeit --lang sql --engine {engine} --budget 300ms --rows \"(SELECT count(*) FROM numbers)\"\n\
             SELECT sum(value) AS total\nFROM numbers WHERE value > {{least}}"
        );
        let timed = session.ok(cell.as_str());
        result_object::check(timed.measured(), "timeit");
        let variant = &variants(&timed)[0];
        assert_eq!((&variant["lang"], &variant["engine"], &variant["rows"]), (&"sql".into(), &engine.into(), &1.into()));
        assert_eq!(variant["input_rows"], 50_000.0, "{variant}");
        assert!(variant["samples_s"].as_array().is_some_and(|samples| samples.len() >= 7), "{variant}");
        assert!(variant["cold_s"].as_f64() > Some(0.0) && variant["phases_s"]["execute"].is_number(), "{variant}");
        assert!(timed.displays().iter().any(|message| message.content["data"]["image/png"].is_string()));
    }
    // A temporary table belongs to the connection: no cold run, and it is said.
    let _ = session.ok("%sql CREATE TEMP TABLE mine AS SELECT 1 AS a");
    let warm = session.ok("%timeit --lang sql --budget 200ms -o t SELECT a FROM mine");
    assert!(warm.rich("text/plain").contains("no cold run"), "{}", warm.text());
    assert_eq!(session.ok("t.samples_s.len() >= 7").result(), "true");
    let each =
        "%%timeit --lang sql -n 1 -r 6 --setup \"DELETE FROM kept\" CREATE OR REPLACE TABLE kept(a INT)\nINSERT INTO kept VALUES (1)";
    let _ = session.ok(each);
    assert!(session.ok("%sql SELECT count(*) AS n FROM kept").rich("text/plain").contains('1'));
    session.run("%%timeit --lang sql\nSELECT nothing\nFROM numbers").fails("SqlError").says(&["line 2", "SELECT nothing"]);
    session.run("%%timeit --lang sql\nSELECT {absent}").fails("SqlError").says(&["no Rust variable `absent`"]);
}

#[test]
fn a_loop_is_not_computed_once_for_all_iterations() {
    let mut session = Session::start();
    let _ = session.ok("let x: u64 = 12_345;");
    // Forty multiplications, each of which waits for the one before, cannot be done in one turn of an empty loop.
    let timed = session.ok("%%timeit --budget 300ms\nlet mut a = x;\nfor _ in 0..40 { a = a.wrapping_mul(a) ^ 7; }\na");
    assert!(!timed.rich("text/plain").contains("empty loop takes"), "{}", timed.rich("text/plain"));
    let variant = &variants(&timed)[0];
    assert!(variant["median_s"].as_f64() > variant["loop_s"].as_f64().map(|empty| 5.0 * empty), "{variant}");
    // Nothing at all is recognised as nothing.
    assert!(session.ok("%timeit --budget 300ms x").rich("text/plain").contains("empty loop takes"));
}

#[test]
fn results_that_own_memory_are_dropped_and_flags_mean_what_they_mean_in_ipython() {
    let mut session = Session::start();
    let dropped = "use std::sync::{Arc, atomic::{AtomicU64, Ordering}};\nstruct Noisy(Arc<AtomicU64>);\n\
                   impl Drop for Noisy { fn drop(&mut self) { self.0.fetch_add(1, Ordering::Relaxed); } }\n\
                   let count = Arc::new(AtomicU64::new(0));\nlet x: u64 = 3;";
    let _ = session.ok(dropped);
    let timed = session.ok("%timeit -n 5000 -r 8 --budget 200ms Noisy(Arc::clone(&count))");
    let samples = variants(&timed)[0]["samples_s"].as_array().map_or(0, Vec::len);
    assert_eq!(samples, 8);
    let count: u64 = session.ok("count.load(Ordering::Relaxed)").result().parse().expect("a number");
    assert!(count > 40_000, "all results were dropped, of warm-up and samples: {count}");
    let cpu = session.ok("%timeit -c -p 5 --budget 300ms (0..1000u64).map(|i| i ^ x).sum::<u64>()");
    assert_eq!(variants(&cpu)[0]["clock"], "cpu");
    assert!(cpu.rich("text/plain").contains("CPU time of the whole process"), "{}", cpu.text());
    let python = session.ok("%timeit --lang python -c -r 6 --budget 200ms sum(range(100))");
    assert_eq!(variants(&python)[0]["clock"], "cpu");
}

#[test]
fn rates_are_held_against_the_memory() {
    let mut session = Session::start();
    assert!(session.ok("%machine").rich("text/plain").contains("not measured yet"));
    let _ = session.ok("let v: Vec<f64> = (0..1_000_000).map(f64::from).collect();");
    let rust = session.ok("%%timeit --budget 300ms --rows v.len() --bytes \"v.len() * 8\"\nv.iter().sum::<f64>()");
    let variant = &variants(&rust)[0];
    assert_eq!((&variant["input_rows"], &variant["input_bytes"]), (&1e6.into(), &8e6.into()));
    let rate = variant["bytes_per_s"].as_f64().unwrap_or_default() * variant["median_s"].as_f64().unwrap_or_default();
    assert!((rate - 8e6).abs() < 1.0, "{variant}");
    assert!(variant["bandwidth_share"].as_f64() > Some(0.0));
    assert!(rust.rich("text/plain").contains("share of the memory's bandwidth"), "{}", rust.text());
    let machine = session.ok("%machine");
    assert!(machine.rich("text/plain").contains("GB/s with one thread"), "{}", machine.text());
    assert!(rust.measured()["machine"]["memory_bandwidth"]["one"].as_f64() > Some(1e8), "{}", rust.measured()["machine"]);
    let python = session.ok("%%timeit --lang python --budget 300ms --rows \"len(w)\" w = list(range(1000))\nsum(w)");
    assert_eq!(variants(&python)[0]["input_rows"], 1000.0);
    session.run("%timeit --lang python --rows \"'many'\" 1 + 1").fails("UsageError").says(&["`--rows` is not a number but str"]);
    session.run("%timeit --rows nothing 1 + 1").fails("CompileError[E0425]").says(&["nothing"]);
}

#[test]
fn sections_are_swept_on_one_chart() {
    let mut session = Session::start();
    let _ = session.ok("let n: u64 = 300_000;\nfn work(i: u64) -> u64 { (i ^ 5).wrapping_mul(i) >> 7 }");
    let cell = "%%parallel --threads 1,2 --rounds 6 --budget 1s\n\
                %% rust label=Rayon\nuse rayon::prelude::*;\n(0..n).into_par_iter().map(work).sum::<u64>()\n\
                %% rust sequential\n(0..n).map(work).sum::<u64>()\n\
                %% python backend=threads\nsum(i * i for i in share(range(20_000)))\n\
                %% python backend=processes label=forks\nsum(i * i for i in share(range(20_000)))\n\
                %% sql engine=duckdb\nSELECT sum(range * range) FROM range(300000)\n\
                %% sql engine=polars label=\"Polars SQL\"\nSELECT 1 AS a\n\
                %% sql engine=trino\nSELECT 1";
    let swept = session.ok(cell);
    result_object::check(swept.measured(), "parallel");
    let all = variants(&swept);
    let of = |section: &str| all.iter().filter(|variant| variant["section"] == section).collect::<Vec<_>>();
    for section in ["Rayon", "Python threads", "forks", "DuckDB", "Polars SQL"] {
        let counts: Vec<u64> = of(section).iter().filter_map(|variant| variant["threads"].as_u64()).collect();
        assert_eq!(counts, [1, 2], "{section}");
        for variant in of(section) {
            assert_eq!(variant["samples_s"].as_array().map(Vec::len), Some(6), "{variant}");
        }
        assert!(of(section)[1]["speedup_ci"].is_array() && of(section)[1]["over_sequential"].is_number());
    }
    assert_eq!(of("Rust, sequential").len(), 1);
    assert_eq!(of("Trino")[0]["status"], "unavailable");
    assert_eq!((&swept.measured()["best_sequential"], &swept.measured()["rounds"]), (&"Rust, sequential".into(), &6.into()));
    let charts: Vec<_> = swept.displays().into_iter().filter(|message| message.content["data"]["image/png"].is_string()).collect();
    assert_eq!(charts.len(), 1);
    let svg = data(charts[0], "image/svg+xml");
    for part in ["Rayon", "forks", "DuckDB", "ideal", "Trino: not available here"] {
        assert!(svg.contains(part), "{part}");
    }
    let left = process::descendants(session.kernel.pid()).into_iter().filter(|process| process.name.starts_with("python")).count();
    assert_eq!(left, 1, "only the interpreter is left");
    // Errors point into the cell, at the section's own line.
    session.run("%%parallel\n%% rust\nn\n%% rust label=b\nlet s: u64 = \"a\";\ns").fails("CompileError[E0308]").says(&["let s: u64"]);
    session.run("%%parallel\n%% python\nshare(range(9))\n1 / 0").fails("ZeroDivisionError").says(&["1 / 0", ":4"]);
    session.run("%%parallel\n%% sql\nSELECT\n  nothing").fails("SqlError").says(&["line 4"]);
    assert_eq!(session.ok("n").result(), "300000");
}
