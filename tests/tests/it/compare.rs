//! `%%compare` in real kernels: values first, then times. No time is judged, but for growth that differs hugely.

use serde_json::{Value, json};
use tests::result_object;
use tests::session::Session;
use tests::transcript::Transcript;

fn variant<'a>(cell: &'a Transcript, label: &str) -> &'a Value {
    let variants = cell.measured()["variants"].as_array().expect("checked");
    variants.iter().find(|variant| variant["label"] == label).unwrap_or_else(|| panic!("no variant {label}:\n{}", cell.text()))
}

/// All that was printed as rich text.
fn shown(cell: &Transcript) -> String {
    cell.displays().iter().filter_map(|message| message.content["data"]["text/plain"].as_str()).collect::<Vec<_>>().join("\n")
}

#[test]
fn three_languages_are_equal_and_ranked() {
    let mut session = Session::start();
    let cell = session.ok("%%compare --budget 3s --rounds 6 --baseline python\n\
         %% setup rust\nlet v: Vec<i64> = (0..100_000).collect();\n\
         %% setup python\nv = list(range(100_000))\n\
         %% python\nsum(x * 2 for x in v)\n\
         %% rust label=iterator\nv.iter().map(|x| x * 2).sum::<i64>()\n\
         %% sql engine=duckdb\nSELECT sum(value * 2) FROM v");
    result_object::check(cell.measured(), "compare");
    let result = cell.measured();
    assert_eq!((&result["equal"], &result["baseline"], &result["rounds"]), (&json!(true), &json!("python"), &json!(6)), "{}", cell.text());
    for (label, lang) in [("python", "python"), ("iterator", "rust"), ("DuckDB", "sql")] {
        let variant = variant(&cell, label);
        assert_eq!((&variant["lang"], &variant["status"]), (&json!(lang), &json!("ok")));
        assert_eq!(variant["samples_s"].as_array().map(Vec::len), Some(6));
    }
    let verdicts: Vec<&Value> = result["verdicts"].as_array().expect("checked").iter().map(|v| &v["label"]).collect();
    assert_eq!(verdicts, ["iterator", "DuckDB"]);
    assert!(shown(&cell).contains("all values are equal"), "{}", shown(&cell));
    assert!(cell.displays().iter().any(|message| message.content["data"]["image/png"].is_string()));
    // Rust against a loop of Python over the same numbers: some hundred times.
    assert!(session.ok("%claim iterator <= 0.5 * python").rich("text/plain").contains("iterator"));
    assert!(session.ok("%results").rich("text/plain").contains("iterator"));
}

#[test]
fn what_values_can_be() {
    let mut session = Session::start();
    let _ = session.ok("use polars::prelude::*;\n#[derive(Debug, Clone, PartialEq)]\nstruct Odd(i32);");
    for (rust, python) in [
        ("1.5", "1.5"),
        ("\"ä\".to_owned()", "'ä'"),
        ("true", "True"),
        ("None::<i32>", "[None]"),
        ("Some(3u8)", "3"),
        ("(1, 2.5, \"x\".to_owned())", "(1, 2.5, 'x')"),
        ("vec![1.0, 2.0]", "import numpy\nnumpy.array([1.0, 2.0])"),
        ("[1u8, 2, 3]", "(n for n in [1]) and [1, 2, 3]"),
        ("std::collections::HashMap::from([(1, 2.0), (3, 4.0)])", "{3: 4.0, 1: 2.0}"),
        (
            "df!(\"k\" => [\"b\", \"a\"], \"s\" => [3i64, 1])?",
            "import pandas\npandas.DataFrame({'k': ['a', 'b', 'b'], 's': [1, 1, 2]}).groupby('k').s.sum()",
        ),
        ("df!(\"s\" => [3i64, 1])?", "import polars\npolars.DataFrame({'other': [1, 3]})"),
    ] {
        let cell = session.ok(format!("%%compare --rounds 1 --budget 20ms\n%% rust\n{rust}\n%% python\n{python}"));
        assert_eq!(cell.measured()["equal"], true, "{rust}: {}", cell.text());
    }
    let odd = session.ok("%%compare --rounds 1 --budget 20ms\n%% rust\nOdd(1)\n%% rust\nOdd(1)");
    assert_eq!(odd.measured()["equal"], true, "by their `Debug` text: {}", odd.text());
    let mixed = session.ok("%%compare --rounds 6 --budget 20ms\n%% rust\nOdd(1)\n%% python\n1");
    assert_eq!((mixed.measured().get("equal"), &mixed.measured()["verdicts"]), (None, &json!([])));
    assert!(shown(&mixed).contains("not compared: rust and python"), "{}", shown(&mixed));
    let unchecked = session.ok("%%compare --no-check --rounds 6 --budget 20ms\n%% rust\nOdd(1)\n%% python\n1");
    assert_eq!(unchecked.measured()["verdicts"].as_array().map(Vec::len), Some(1));
    assert!(shown(&unchecked).contains("nobody has looked"), "{}", shown(&unchecked));
    let nothing = session.ok("%%compare --rounds 1 --budget 20ms\n%% rust\nlet _x = 1;\n%% python\nx = 1");
    assert!(shown(&nothing).contains("returns no value"), "{}", shown(&nothing));
    let sorted = session.ok("%%compare --rounds 1 --budget 20ms\n%% rust label=a\nvec![1, 2]\n%% rust label=b\nvec![2, 1]");
    assert_eq!(sorted.measured()["equal"], false);
    assert!(shown(&sorted).contains("in another order"), "{}", shown(&sorted));
    let any = session.ok("%%compare --unordered --rounds 1 --budget 20ms\n%% rust label=a\nvec![1, 2]\n%% rust label=b\nvec![2, 1]");
    assert_eq!(any.measured()["equal"], true);
}

#[test]
fn a_wrong_variant_is_shown_and_nothing_is_ranked() {
    let mut session = Session::start();
    let cell = session.ok("%%compare --rounds 6 --budget 500ms\n%% setup rust\nlet v: Vec<f64> = vec![1.0, 2.0, 4.0];\n\
         %% rust label=right\nv.iter().sum::<f64>()\n%% rust label=loop\nlet mut s = 0.0;\nfor x in &v { s += x; }\ns\n\
         %% rust label=wrong\nv.iter().skip(1).sum::<f64>()");
    result_object::check(cell.measured(), "compare");
    assert_eq!(variant(&cell, "wrong")["status"], "wrong");
    assert_eq!((&cell.measured()["equal"], &cell.measured()["verdicts"]), (&json!(false), &json!([])));
    let text = shown(&cell);
    assert!(text.contains("wrong and right give different answers") && text.contains("7.0") && text.contains("6.0"), "{text}");
    assert!(!text.contains("faster") && !text.contains("slower"), "{text}");
}

#[test]
fn a_failing_variant_leaves_the_others() {
    let mut session = Session::start();
    let code = "%%compare --rounds 6 --budget 500ms\n\
                %% rust label=good\n(0..1000u64).sum::<u64>()\n\
                %% rust label=typo\nlet x: u64 = \"a\";\nx\n\
                %% rust label=panic\nlet v: Vec<u64> = vec![];\nv[std::hint::black_box(3)]\n\
                %% python label=raises\ny = 1\ny / 0\n\
                %% sql label=syntax\nSELEC 1\n\
                %% python label=also\nsum(range(1000))";
    let cell = session.ok(code);
    result_object::check(cell.measured(), "compare");
    for (label, status) in [("good", "ok"), ("typo", "error"), ("panic", "error"), ("raises", "error"), ("syntax", "error"), ("also", "ok")]
    {
        assert_eq!(variant(&cell, label)["status"], status, "{label}: {}", cell.text());
    }
    assert_eq!(cell.measured()["equal"], true);
    assert_eq!(cell.measured()["verdicts"].as_array().map(Vec::len), Some(1));
    let said = tests::transcript::plain(&cell.stderr());
    for part in ["]:5:14", "let x: u64", "index out of bounds", "line 9", "y / 0", ":12", "SELEC 1", "line 14"] {
        assert!(said.contains(part), "{part}:\n{said}");
    }
    // All fail: the cell does.
    let _ = session.run("%%compare\n%% python label=a\n1 / 0\n%% python label=b\n1 / 0").fails("ZeroDivisionError");
}

#[test]
fn headers_and_help() {
    let mut session = Session::start();
    session.run("%%compare\n%% rust\n1\n%% pyhton\n1").fails("UsageError").says(&["line 4", "did you mean `python`?"]);
    session.run("%%compare\n1\n%% rust\n1").fails("UsageError").says(&["line 2", "belongs to no variant"]);
    session.run("%%compare --baseline x\n%% rust\n1\n%% python\n1").fails("UsageError").says(&["`rust`, `python`"]);
    assert!(session.ok("%%compare --help").rich("text/plain").contains("%% setup rust"));
    session.run("%%compare\n%% setup rust\nlet a: i32 = \"\";\n%% rust\n1\n%% rust\n2").fails("CompileError[E0308]").says(&["]:3:"]);
}

#[test]
fn an_interrupt_shows_the_part() {
    let mut session = Session::start();
    let _ = session.ok("let kept = 5;\nuse std::time::Duration;");
    let code = "%%compare --rounds 10000 --budget 100s\n%% rust label=a\nstd::thread::sleep(Duration::from_millis(5)); kept\n\
                %% rust label=b\nstd::thread::sleep(Duration::from_millis(5)); kept";
    let id = session.begin(code);
    // The status line tells when rounds are done.
    let _ = session.recv_until(&id, |message| {
        let status = message.content["data"]["text/plain"].as_str().unwrap_or_default();
        status.contains(" of 10000") && !status.contains("round 1 of")
    });
    session.interrupt();
    let cell = session.end(code, &id);
    let _ = cell.fails("Interrupted");
    assert_eq!(cell.measured()["partial"], true, "{}", cell.text());
    assert!(cell.measured()["rounds"].as_u64() > Some(0), "{}", cell.text());
    assert!(shown(&cell).contains("interrupted: this is the part"), "{}", shown(&cell));
    assert_eq!(session.ok("kept").result(), "5");
}

#[test]
fn a_sweep_finds_exponents() {
    let mut session = Session::start();
    let cell =
        session.ok("%%compare --sweep n=200..3200,5 --budget 4s --bytes 8\n%% setup rust\nlet v: Vec<u64> = (0..n as u64).collect();\n\
         %% rust label=linear\nv.iter().map(|x| std::hint::black_box(*x)).max()\n\
         %% rust label=quadratic\nlet mut most = None;\n\
         for x in &v { if v.iter().all(|y| std::hint::black_box(y) <= x) { most = Some(*x); } \
         if v.iter().any(|y| std::hint::black_box(*y) == u64::MAX) { most = None; } }\nmost");
    result_object::check(cell.measured(), "compare");
    let result = cell.measured();
    assert_eq!((&result["equal"], &result["sweep"]["values"]), (&json!(true), &json!([200, 400, 800, 1600, 3200])), "{}", cell.text());
    let exponent = |label: &str| {
        let all = result["exponents"].as_array().expect("a list");
        all.iter().find(|one| one["label"] == label).and_then(|one| one["exponent"].as_f64()).expect("an exponent")
    };
    // Far enough apart for any machine.
    assert!(exponent("quadratic") > exponent("linear") + 0.4, "{}", cell.text());
    assert!(shown(&cell).contains("exponent [95 %]"));
    assert_eq!(session.ok("n").result(), "3200");
    let three = session.ok("%%compare --sweep n=10..1000,3 --budget 2s\n%% rust\n(0..n as i64).sum::<i64>()\n%% python\nsum(range(n))\n\
         %% sql\nSELECT sum(range) FROM range({n})");
    assert_eq!(three.measured()["equal"], true, "{}", three.text());
    assert_eq!(variant(&three, "DuckDB @ 1000")["status"], "ok");
    assert!(session.ok("%results --x n").rich("text/plain").contains("DuckDB"));
}

#[test]
fn memory_is_measured_in_every_language() {
    let mut session = Session::start();
    // 64 MiB in each: eight million numbers of eight bytes, of which the sum is the value.
    let cell = session.ok("%%compare --memory --budget 100ms --rounds 1\n\
         %% setup rust\nlet n = 8_388_608_u64;\n\
         %% rust label=rust\n(0..n).collect::<Vec<u64>>().iter().sum::<u64>()\n\
         %% python\nimport numpy\nint(numpy.arange(8_388_608, dtype='u8').sum())\n\
         %% sql engine=duckdb\nSELECT sum(a)::BIGINT FROM (SELECT range AS a FROM range(8388608) ORDER BY hash(range))\n\
         %% sql engine=polars label=polars\nSELECT 35184367894528");
    assert_eq!(cell.measured()["equal"], true, "{}", cell.text());
    result_object::check(cell.measured(), "compare");
    for label in ["rust", "python", "DuckDB"] {
        let peak = variant(&cell, label)["peak_rss_bytes"].as_u64().unwrap_or_else(|| panic!("{label}: no peak\n{}", cell.text()));
        assert!((60 << 20..1 << 30).contains(&peak), "{label}: {peak} bytes");
    }
    // Polars runs in a process of its own, and needs nearly nothing for one number.
    let small = variant(&cell, "polars")["peak_rss_bytes"].as_u64().expect("a peak");
    assert!(small < 32 << 20, "polars: {small} bytes");
    assert!(shown(&cell).contains("peak memory"), "{}", shown(&cell));
    let without = session.ok("%%compare --rounds 1 --budget 20ms\n%% rust label=a\n1\n%% rust label=b\n1");
    assert_eq!(variant(&without, "a").get("peak_rss_bytes"), None);
}

/// DuckDB and Polars bring allocators that keep freed memory for a second: it must not hide what a run needs.
#[test]
fn memory_in_reserve_is_not_taken_for_none() {
    let mut session = Session::start();
    let code = "%%compare --memory --budget 100ms --rounds 1\n\
         %% setup python\nimport numpy, polars\nbase = numpy.arange(8_388_608, dtype='u8')\n\
         %% sql engine=duckdb\nSELECT sum(a)::BIGINT FROM (SELECT range AS a FROM range(8388608) ORDER BY hash(range))\n\
         %% python label=polars\nint((polars.Series(base) + 1 - 1).sum())\n\
         %% python label=numpy\nint((base + 1 - 1).sum())";
    for _ in 0..2 {
        let cell = session.ok(code);
        for label in ["DuckDB", "polars", "numpy"] {
            let peak = variant(&cell, label)["peak_rss_bytes"].as_u64().unwrap_or_else(|| panic!("{label}: no peak\n{}", cell.text()));
            assert!((60 << 20..1 << 30).contains(&peak), "{label}: {peak} bytes");
        }
    }
}

#[test]
fn a_time_that_does_not_grow_is_told() {
    let mut session = Session::start();
    // The sum of a range is a formula to the compiler; that of a vector is not. A busy machine may hide that: then it is asked again.
    let told = (0..3).any(|_| {
        let cell = session.ok("%%compare --sweep n=1e3..1e6,3 --budget 2s --rounds 6\n\
             %% setup rust\nlet v: Vec<u64> = (0..n as u64).collect();\n\
             %% rust label=formula\n(0..n as u64).sum::<u64>()\n\
             %% rust label=vector\nv.iter().sum::<u64>()");
        assert!(!shown(&cell).contains("vector: the size grew"), "{}", shown(&cell));
        shown(&cell).contains("formula: the size grew by a factor of 1000")
    });
    assert!(told, "nothing was said in three runs");
}
