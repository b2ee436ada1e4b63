//! `%data`: a dataset made from a cell is checked, shown and usable as SQL tables.

use tests::session::Session;

#[test]
fn a_dataset_becomes_tables() {
    let mut session = Session::start();
    let list = session.ok("%data").rich("text/plain");
    assert!(list.contains("tpch") && list.contains("stocks"), "{list}");
    let made = session.ok("%data tpch --sf 0.001 --formats parquet --tables");
    assert!(made.rich("text/plain").contains("lineitem"), "{}", made.text());
    let standing: String = made.left_standing().iter().map(|message| message.content.to_string()).collect();
    assert!(!standing.contains('\u{23f3}') && !standing.contains(" %"), "the progress bar is gone:\n{}", made.text());
    let nations = session.ok("%%sql\nSELECT count(*) AS n FROM nation JOIN region ON n_regionkey = r_regionkey");
    assert!(nations.rich("text/plain").contains("25"), "{}", nations.text());
    session.run("%data tcph").fails("UsageError").says(&["did you mean", "tpch"]);
    let again = session.ok("%data tpch --sf 0.001 --formats parquet");
    assert!(again.stderr().is_empty());

    // The planted answer of the stock bars: one pair of symbols moves together.
    let _ = session.ok("%data stocks --tables");
    let pair = session.ok(
        "%%sql --out best\nWITH r AS (SELECT symbol, timestamp, ln(close) - lag(ln(close)) OVER (PARTITION BY symbol ORDER BY timestamp) AS r FROM bars)\nSELECT a.symbol AS a, b.symbol AS b, corr(a.r, b.r) AS c FROM r a JOIN r b USING (timestamp) WHERE a.symbol < b.symbol GROUP BY ALL ORDER BY c DESC LIMIT 2",
    );
    assert!(pair.rich("text/plain").contains("2 rows"), "{}", pair.text());
    let apart = session.ok("let c: Vec<f64> = best.column(\"c\")?.f64()?.into_no_null_iter().collect();\nc[0] > 0.9 && c[1] < 0.9");
    assert_eq!(apart.result(), "true", "{}", pair.text());
}

#[test]
fn a_dataset_is_a_folder_in_every_language() {
    let mut session = Session::start();
    let made = session.ok("%data taxi --rows 1000 --tables --out taxi");
    assert!(made.rich("text/plain").contains("trips.parquet"), "{}", made.text());
    assert!(made.text().contains("`taxi`: the folder, as `String` in Rust and `Path` in Python"), "{}", made.text());
    let counted = session.ok("%%sql\nSELECT count(*) AS n, count(DISTINCT payment_type) AS p FROM trips");
    assert!(counted.rich("text/plain").contains("1000"), "{}", counted.text());
    let rust = session.ok("std::fs::read_to_string(format!(\"{taxi}/trips.csv\"))?.lines().count()");
    assert_eq!(rust.result(), "1001");
    let python = session.ok("%%python\nprint(type(taxi).__name__, len((taxi / 'trips_bad.csv').read_bytes().splitlines()))");
    assert_eq!(python.stdout().trim(), "PosixPath 1001");
    session.run("%data taxi --rows 0").fails("UsageError").says(&["--rows 0 is out of range", "%data taxi --rows 0", "^"]);
    session.run("%data stocks --days 5.5").fails("UsageError").says(&["takes a whole number from 1 to 2520"]);
}
