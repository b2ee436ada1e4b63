//! `%%sql`: files, DataFrames and tables in; tables and DataFrames out.

use serde_json::Value;
use tests::prepared::dataset;
use tests::result_object;
use tests::session::Session;

#[test]
fn files_tables_and_dataframes() {
    let mut session = Session::start();
    let answer = session.ok("%%sql\nSELECT 42 AS answer, 'x' AS word, NULL AS nothing, DATE '2024-02-29' AS day");
    let html = answer.rich("text/html");
    assert!(html.contains("<table") && html.contains("answer") && html.contains("INTEGER") && html.contains("2024-02-29"), "{html}");
    assert!(answer.rich("text/plain").contains("1 row"), "{}", answer.rich("text/plain"));
    result_object::check(answer.measured(), "sql");
    assert_eq!(answer.measured()["variants"][0]["rows"], 1);

    let folder = dataset("stocks-20d");
    let mut counts = Vec::new();
    for file in ["bars.parquet", "bars.csv", "bars.jsonl"] {
        let counted = session
            .ok(format!("n << %sql SELECT count(*) AS n, count(DISTINCT symbol) AS symbols FROM '{}'\nn", folder.join(file).display()));
        assert!(counted.result_as("text/html").contains(">29<"), "{}", counted.text());
        counts.push(session.ok("n.column(\"n\")?.i64()?.get(0).unwrap()").result());
    }
    assert!(counts.iter().all(|count| count == &counts[0]), "all formats hold the same rows: {counts:?}");

    // A result becomes a Rust DataFrame, and a DataFrame a table, by name.
    let bound = session.ok(format!("%%sql --out daily\nSELECT * FROM '{}' ORDER BY symbol, date", folder.join("daily.parquet").display()));
    assert!(bound.rich("text/plain").contains("`daily`: DataFrame"), "{}", bound.text());
    let _ = session.ok("use polars::prelude::*;\nlet high = daily.clone().lazy().filter(col(\"volume\").gt(lit(0))).collect()?;");
    let rows = session.ok("high.height()").result();
    let back = session.ok("%%sql\nSELECT count(*) AS n FROM high");
    assert!(back.rich("text/plain").replace('\u{202f}', "").contains(&rows), "{}", back.text());
    let joined = session.ok("%%sql\nCREATE TABLE kept AS SELECT symbol, max(high) AS top FROM high GROUP BY symbol;\nSELECT count(*) FROM kept JOIN high USING (symbol)");
    assert!(joined.rich("text/plain").replace('\u{202f}', "").contains(&rows), "{}", joined.text());
    let _ = session.ok("let high = high.head(Some(3));");
    assert!(session.ok("%%sql\nSELECT count(*) AS n FROM high").rich("text/plain").contains('3'), "a changed DataFrame is seen");
    let lazy = session.ok("let lazy = high.clone().lazy();\n%sql SELECT count(*) AS n FROM lazy");
    assert!(lazy.rich("text/plain").contains('3'), "{}", lazy.text());
    let tables = session.ok("%tables").rich("text/plain");
    assert!(["kept", "high", "daily"].iter().all(|name| tables.contains(name)), "{tables}");

    let many = session.ok("%%sql\nSELECT * FROM range(1000000)");
    assert!(many.rich("text/plain").contains("showing 20 of 1"), "the cut is said:\n{}", many.rich("text/plain"));
    assert!(many.rich("text/html").matches("<tr").count() < 30);
    assert_eq!(many.measured()["variants"][0]["rows"], 1_000_000);
    let few = session.ok("%%sql --limit 3\nSELECT * FROM range(1000000)");
    assert!(few.rich("text/plain").contains("showing 3 of 1"));

    let escaped = session.ok("%%sql\nSELECT '<script>alert(1)</script>' AS \"<img src=x onerror=alert(2)>\"");
    let html = escaped.rich("text/html");
    assert!(!html.contains("<script") && !html.contains("<img") && html.contains("&lt;script&gt;"), "{html}");
}

#[test]
fn parameters_are_bound_and_never_pasted() {
    let mut session = Session::start();
    let _ = session.ok(
        "let limit = 2_i64;\nlet word = String::from(\"x'; DROP TABLE t; --\");\nlet maybe: Option<f64> = None;\nlet many = vec![1, 2];",
    );
    let _ = session.ok("%%sql\nCREATE TABLE t AS SELECT * FROM range(5) r(i)");
    let counted = session.ok("%%sql --out n\nSELECT count(*) AS n FROM t WHERE i < {limit}");
    assert!(counted.rich("text/plain").contains('2'), "{}", counted.text());
    let injected = session.ok("%%sql --out back\nSELECT {word} AS word, {maybe} IS NULL AS nothing");
    assert!(injected.rich("text/plain").contains("DROP TABLE"), "{}", injected.text());
    assert_eq!(session.ok("back.column(\"word\")?.str()?.get(0) == Some(word.as_str())").result(), "true", "the text stays a value");
    assert!(session.ok("%%sql\nSELECT count(*) AS n FROM t").rich("text/plain").contains('5'), "the table is still there");
    // Braces in SQL strings and struct literals are not parameters.
    assert!(session.ok("%%sql\nSELECT '{limit}' AS s, {'a': 1}.a AS one").rich("text/plain").contains("{limit}"));

    session.run("%%sql\nSELECT {limt}").fails("SqlError").says(&["limt", "did you mean", "limit", "line 2"]);
    let list = session.run("%%sql\nSELECT {many}");
    assert_eq!(list.reply["status"], "error", "{}", list.text());
}

#[test]
fn errors_have_positions_and_plans_have_times() {
    let mut session = Session::start();
    let syntax = session.run("%%sql\n\nSELECT 1;\nSELCT 2").fails("SqlError");
    syntax.says(&["syntax error", "SELCT", "line 4", "^^^^^"]);
    let missing = session.run("%%sql\nSELECT 1 AS a, nowhere FROM range(3)").fails("SqlError");
    missing.says(&["nowhere", "line 2", "^^^^^^^"]);
    session.run("%%sql\nSELECT * FROM no_such_table").fails("SqlError").says(&["no_such_table", "does not exist", "%tables"]);
    session.run("%%sql\nSELECT * FROM 'no_such_file.parquet'").fails("SqlError").says(&["no_such_file.parquet"]);
    let nothing = session.run("%%sql");
    assert_eq!(nothing.reply["status"], "error", "{}", nothing.text());
    session.run("%%sql --out x\nCREATE TABLE empty (i INT)").fails("SqlError").says(&["no rows"]);

    let plan = session.ok("%%sql --explain\nSELECT sum(range) FROM range(1000000) WHERE range % 2 = 0").rich("text/plain");
    assert!(plan.contains("not run") && plan.to_uppercase().contains("FILTER"), "{plan}");
    let profile = session.ok("%%sql --profile\nSELECT sum(range) FROM range(10000000) WHERE range % 2 = 0");
    let text = profile.rich("text/plain");
    assert!(text.contains("Plan with times") && text.contains("0.0"), "{text}");
    result_object::check(profile.measured(), "sql");
    let phases: &Value = &profile.measured()["variants"][0]["phases_s"];
    assert!(phases.as_object().is_some_and(|phases| !phases.is_empty()), "{phases}");

    // A long query says so, and counts.
    let long = session.ok("%%sql\nSELECT count(*) AS n FROM range(500000000) a WHERE a.range % 7 = 3");
    assert!(
        long.messages
            .iter()
            .any(|message| message.content.to_string().contains("SQL \u{2026}") || message.content.to_string().contains("querying")),
        "{}",
        long.text()
    );
    assert!(long.left_standing().len() == 1, "only the table stays:\n{}", long.text());
}

#[test]
fn one_query_on_several_engines() {
    let mut session = Session::start();
    let lineitem = dataset("tpch-sf0.01").join("lineitem.parquet").display().to_string();
    let cell = format!(
        "%%sql --engines duckdb,sqlite,polars --repeat 6 --label many --out answer\nSELECT l_returnflag AS flag, sum(l_quantity) / count(*) AS \
         mean, count(*) AS n\nFROM '{lineitem}'\nWHERE EXTRACT(YEAR FROM l_shipdate) = 1994\nGROUP BY ALL"
    );
    let answer = session.ok(cell.as_str());
    let result = answer.measured();
    result_object::check(result, "sql");
    assert_eq!((&result["equal"], &result["reference"]), (&Value::Bool(true), &Value::from("DuckDB")), "{result:#}");
    let variants = result["variants"].as_array().expect("variants");
    let engines: Vec<&str> = variants.iter().filter_map(|variant| variant["engine"].as_str()).collect();
    assert_eq!(engines, ["duckdb", "sqlite", "polars"]);
    assert!(variants.iter().all(|variant| variant["samples_s"].as_array().is_some_and(|samples| samples.len() == 6)), "{result:#}");
    assert!(variants[1]["loaded"]["rows"].as_u64() == Some(60_175), "SQLite has its own copy: {result:#}");
    let chart = answer.rich("image/svg+xml");
    assert!(["DuckDB", "SQLite", "Polars", "lower is better"].iter().all(|words| chart.contains(words)));
    let text = answer.rich("text/plain");
    assert!(text.contains("SQL run on SQLite") && text.contains("strftime"), "{text}");
    assert_eq!(session.ok("answer.height()").result(), "2", "the rows are a DataFrame, though the engines' answers are gone");
    assert!(session.ok("%results").rich("text/plain").contains("many: Polars"));

    // A Rust DataFrame and a table of DuckDB's are seen by all; answers that differ are shown, not ranked.
    let _ = session.ok("use polars::prelude::*;\nlet df = df!(\"k\" => [1i64, 2, 3], \"x\" => [-7i64, 7, 8])?;");
    let _ = session.ok("%sql CREATE TABLE kept AS SELECT 2 AS k");
    let equal = session.ok("%%sql --engines sqlite,duckdb -r 1\nSELECT df.k, x / 2 AS half FROM df JOIN kept ON kept.k = df.k");
    assert_eq!(equal.measured()["equal"], true, "{}", equal.text());
    let differs = session.ok("%%sql --engines duckdb,sqlite -r 1\nSELECT k, x % 4.5 AS rest FROM df ORDER BY k");
    assert_eq!(differs.measured()["equal"], false, "{}", differs.text());
    assert!(
        differs.rich("text/plain").contains("SQLite and DuckDB give different answers")
            && differs.rich("text/plain").contains("no ranking"),
        "{}",
        differs.text()
    );
    result_object::check(differs.measured(), "sql");
    let lacks = session.ok("%%sql --engines duckdb,sqlite -r 1\nSELECT median(x) AS m FROM df");
    assert!(lacks.rich("text/plain").contains("SQLite has no `MEDIAN`"), "{}", lacks.text());

    // One engine reads the text as it is.
    for engine in ["sqlite", "polars"] {
        let one = session.ok(format!("%%sql --engine {engine}\nSELECT count(*) AS n FROM '{lineitem}'"));
        assert!(one.rich("text/plain").contains("60175"), "{engine}: {}", one.text());
        assert_eq!(one.measured()["variants"][0]["engine"], engine);
    }
    session.run("%%sql --engines duckdb,sqlit\nSELECT 1").fails("UsageError").says(&["did you mean", "sqlite"]);
}
