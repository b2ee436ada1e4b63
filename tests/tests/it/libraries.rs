//! What cells can use without `:dep`, and `:dep` for the rest.

use tests::session::Session;

#[test]
fn polars_arrow_rayon_and_serde_are_there() {
    let mut session = Session::start();
    let frame = session.ok(
        "use polars::prelude::*;\nlet df = df![\n    \"name\" => [\"<script>alert(1)</script>\", \"b\", \"c\"],\n    \"n\" => [Some(1_i64), None, Some(3)],\n]?;\ndf",
    );
    assert_eq!(frame.left_standing().len(), 1, "{}", frame.text());
    let html = frame.result_as("text/html");
    assert!(html.contains("<table") && html.contains("3 rows \u{d7} 2 columns") && html.contains("i64") && html.contains("null"), "{html}");
    assert!(!html.contains("<script") && html.contains("&lt;script&gt;"), "text from data is escaped: {html}");
    assert!(frame.result().contains("shape: (3, 2)"), "{}", frame.result());

    let _ = session.ok("let long = df![\"i\" => (0..1000_i32).collect::<Vec<_>>()]?;");
    let long = session.ok("long.clone()").result_as("text/html");
    assert!(long.contains("985 more rows") && long.contains(">999<") && !long.contains(">500<"), "{long}");
    let lazy = session.ok("long.clone().lazy().filter(col(\"i\").lt(lit(10))).select([col(\"i\").sum()]).collect()?");
    assert!(lazy.result().contains("45"), "{}", lazy.result());
    let plan = session.ok("long.clone().lazy().filter(col(\"i\").lt(lit(10)))");
    assert!(plan.result().contains("nothing has run yet"), "{}", plan.result());
    let group = session.ok("df![\"k\" => [\"a\", \"b\", \"a\"], \"v\" => [1, 2, 3]]?.lazy().group_by([col(\"k\")]).agg([col(\"v\").sum()]).sort([\"k\"], Default::default()).collect()?");
    assert!(group.result_as("text/html").contains(">4<"), "{}", group.result_as("text/html"));

    let _ = session.ok("use rayon::prelude::*;");
    assert_eq!(session.ok("(1..=100_u64).into_par_iter().sum::<u64>()").result(), "5050");
    assert_eq!(session.ok("let squares: Vec<u64> = vec![1_u64, 2, 3].par_iter().map(|n| n * n).collect();\nsquares").result(), "[1, 4, 9]");
    let batch = session.ok(
        "use arrow::array::{Int32Array, RecordBatch};\nuse std::sync::Arc;\nlet column: arrow::array::ArrayRef = Arc::new(Int32Array::from(vec![7, 8]));\nlet batch = RecordBatch::try_from_iter([(\"x\", column)])?;\nbatch",
    );
    assert!(batch.result_as("text/html").contains(">8<") || batch.result().contains('8'), "{}", batch.text());
    let json = session.ok("#[derive(serde::Serialize)]\nstruct Row { a: i32 }\nserde_json::to_string(&Row { a: 5 })?");
    assert_eq!(json.result(), "\"{\\\"a\\\":5}\"");
    assert_eq!(
        session.ok("use rand::{Rng, SeedableRng};\nlet mut rng = rand::rngs::StdRng::seed_from_u64(1);\nrng.random_range(3..4)").result(),
        "3"
    );
    assert_eq!(session.ok("chrono::NaiveDate::from_ymd_opt(2024, 2, 29).unwrap().to_string()").result(), "\"2024-02-29\"");
    // One copy of every static: the pool that cells see is the one Polars uses.
    assert_eq!(session.ok("rayon::current_num_threads() == lab::rayon::current_num_threads()").result(), "true");

    let path = tests::prepared::dataset("stocks-20d").join("bars.parquet");
    let read =
        session.ok(format!("let bars = LazyFrame::scan_parquet(PlRefPath::new({path:?}), Default::default())?.collect()?;\nbars.height()"));
    assert!(read.result().parse::<usize>().is_ok_and(|rows| rows > 10_000), "{}", read.result());
}

#[test]
fn dep_adds_a_crate() {
    let mut session = Session::start();
    let _ = session.ok("let before = 1;");
    let _ = session.ok(":dep itoa = \"1\"");
    assert_eq!(session.ok("itoa::Buffer::new().format(12_345_u32).to_owned()").result(), "\"12345\"");
    assert_eq!(session.ok("before").result(), "1", "adding a crate keeps variables");
    let known = session.ok(":dep polars");
    assert!(known.stdout().contains("part of every cell already"), "{}", known.text());
    let absent = session.run(":dep benchbook-no-such-crate-for-sure = \"99\"");
    assert_eq!(absent.reply["status"], "error", "{}", absent.text());
    assert_eq!(session.ok("before + 1").result(), "2", "a crate that cannot be had breaks nothing");
}
