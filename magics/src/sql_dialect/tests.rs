use std::collections::BTreeMap;

use super::relations::{Source, rename, sources};
use super::rule::{Change, Function};
use super::template::{fill, text};
use super::{dialect, is_ordered, parse, translate};

/// What becomes of a query for an engine; `=`: nothing changes; `!…`: refused in words that hold `…`.
#[track_caller]
fn check(sql: &str, engine: &str, expected: &str) {
    let query = parse(sql).unwrap_or_else(|why| panic!("{sql}: {why}"));
    let got = match translate(&query, engine) {
        Ok(None) => "=".to_owned(),
        Ok(Some(sql)) => sql,
        Err(why) => format!("!{why}"),
    };
    match expected.strip_prefix('!') {
        Some(words) => assert!(got.starts_with('!') && got.contains(words), "{engine}: {sql}\n     {got}"),
        None => assert_eq!(got, expected, "{engine}: {sql}"),
    }
}

/// An expression in `SELECT … FROM t`.
#[track_caller]
fn expression(engine: &str, expr: &str, expected: &str) {
    let expected = match expected {
        "=" => "=".to_owned(),
        refused if refused.starts_with('!') => refused.to_owned(),
        other => format!("SELECT {other} AS x FROM t"),
    };
    check(&format!("SELECT {expr} AS x FROM t"), engine, &expected);
}

#[test]
fn sqlite_dates() {
    for (expr, expected) in [
        ("DATE '1994-01-01'", "'1994-01-01'"),
        ("DATE '1998-12-01' - INTERVAL '90' DAY", "'1998-09-02'"),
        ("DATE '1994-01-31' + INTERVAL 1 MONTH", "'1994-02-28'"),
        ("INTERVAL '2 weeks' + DATE '1994-01-01'", "'1994-01-15'"),
        ("DATE '1994-01-01' + INTERVAL '3 hours'", "datetime('1994-01-01', '+3 hour')"),
        ("CAST(d AS DATE) + INTERVAL '1' YEAR", "date(date(d), '+1 year', 'floor')"),
        ("d - INTERVAL '7' DAY", "iif(length(d) > 10, datetime(d, '-7 day'), date(d, '-7 day'))"),
        ("EXTRACT(YEAR FROM d)", "CAST(strftime('%Y', d) AS INTEGER)"),
        ("date_part('dow', d)", "CAST(strftime('%w', d) AS INTEGER)"),
        ("year(d) * 10", "CAST(strftime('%Y', d) AS INTEGER) * 10"),
        ("quarter(d)", "((CAST(strftime('%m', d) AS INTEGER) + 2) / 3)"),
        ("date_trunc('month', d)", "date(d, 'start of month')"),
        ("date_diff('day', a, b)", "CAST(julianday(date(b)) - julianday(date(a)) AS INTEGER)"),
        ("strftime(d, '%Y-%m')", "strftime('%Y-%m', d)"),
        ("strftime(d, '%B')", "!SQLite has no `%B`"),
        ("EXTRACT(century FROM d)", "!of a date"),
        ("d + INTERVAL (n) DAY", "!whole number of one unit"),
        ("date_diff('month', a, b)", "!only days"),
    ] {
        expression("sqlite", expr, expected);
    }
}

#[test]
fn sqlite_numbers_and_types() {
    for (expr, expected) in [
        ("a / b", "CAST(a AS REAL) / b"),
        ("100.0 * sum(a) / sum(b)", "="),
        ("sum(a) / 7.0", "="),
        ("(a + b) / c", "CAST((a + b) AS REAL) / c"),
        ("a // b", "CAST(a / b AS INTEGER)"),
        ("a ^ 2", "(CAST(a AS REAL) * a)"),
        ("a ^ b", "!no powers"),
        ("a::VARCHAR", "CAST(a AS VARCHAR)"),
        ("a::DATE", "date(a)"),
        ("a::INTEGER", "CAST(iif(typeof(a) = 'real', round(a), a) AS INTEGER)"),
        ("CAST(a * 0.5 AS BIGINT)", "CAST(round(a * 0.5) AS INTEGER)"),
        ("a::DECIMAL(12, 2)", "round(CAST(a AS REAL), 2)"),
        ("TRY_CAST(a AS INTEGER)", "!TRY_CAST"),
        ("floor(a)", "(CAST(a AS INTEGER) - (a < CAST(a AS INTEGER)))"),
        ("greatest(a, b)", "max(coalesce(a, b), coalesce(b, a))"),
        ("median(a)", "!SQLite has no `MEDIAN`: order the rows"),
        ("stddev(a)", "!SQLite has no `STDDEV`"),
        ("avg(a) FILTER (WHERE b)", "="),
        ("mean(a)", "avg(a)"),
        ("true", "="),
    ] {
        expression("sqlite", expr, expected);
    }
}

#[test]
fn sqlite_texts() {
    for (expr, expected) in [
        ("SUBSTRING(a FROM 1 FOR 2)", "SUBSTR(a, 1, 2)"),
        ("a LIKE '%green%'", "a GLOB '*green*'"),
        ("a NOT LIKE 'a_[*'", "a NOT GLOB 'a?[[][*]'"),
        ("a || b ILIKE 'X%'", "lower(a || b) GLOB 'x*'"),
        ("a LIKE b", "!only a literal pattern"),
        ("starts_with(a, 'x')", "(SUBSTR(a, 1, length('x')) = 'x')"),
        ("strpos(a, 'x')", "instr(a, 'x')"),
        ("POSITION('x' IN a)", "instr(a, 'x')"),
        ("TRIM(LEADING 'x' FROM a)", "ltrim(a, 'x')"),
        ("string_agg(a, ',' ORDER BY a)", "string_agg(a, ',' ORDER BY a NULLS LAST)"),
        ("a = $threshold", "="),
        ("'it''s'", "="),
    ] {
        expression("sqlite", expr, expected);
    }
}

#[test]
fn sqlite_queries() {
    for (sql, expected) in [
        ("SELECT a FROM t ORDER BY a, b DESC", "SELECT a FROM t ORDER BY a NULLS LAST, b DESC"),
        ("SELECT a, b + 1, sum(c) FROM t GROUP BY ALL", "SELECT a, b + 1, sum(c) FROM t GROUP BY a, b + 1"),
        ("SELECT a, b FROM t ORDER BY ALL", "SELECT a, b FROM t ORDER BY 1 NULLS LAST, 2 NULLS LAST"),
        ("FROM t", "SELECT * FROM t"),
        ("FROM t SELECT a", "SELECT a FROM t"),
        ("SELECT * EXCLUDE (a) FROM t", "!* EXCLUDE"),
        ("SELECT a FROM t QUALIFY row_number() OVER (ORDER BY a) = 1", "!QUALIFY"),
        ("SELECT DISTINCT ON (a) a, b FROM t", "!DISTINCT ON"),
        ("SELECT a FROM t GROUP BY ROLLUP (a)", "!ROLLUP"),
        ("SELECT a FROM t SEMI JOIN u ON t.a = u.a", "!SEMI"),
        (
            "SELECT row_number() OVER (PARTITION BY a ORDER BY b) FROM t",
            "SELECT row_number() OVER (PARTITION BY a ORDER BY b NULLS LAST) FROM t",
        ),
        ("WITH c AS (SELECT a / b AS r FROM t) SELECT r FROM c", "WITH c AS (SELECT CAST(a AS REAL) / b AS r FROM t) SELECT r FROM c"),
        ("SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.a)", "="),
        ("SELECT count(*) FROM t", "="),
    ] {
        check(sql, "sqlite", expected);
    }
}

#[test]
fn polars_spark_and_trino() {
    for (engine, expr, expected) in [
        ("polars", "a / b", "CAST(a AS DOUBLE) / b"),
        ("polars", "a ^ 2", "pow(a, 2)"),
        ("polars", "CAST(avg(a) AS INTEGER)", "CAST(round(avg(a)) AS INTEGER)"),
        ("polars", "contains(a, 'x')", "(strpos(a, 'x') > 0)"),
        ("polars", "DATE '1994-01-01' + INTERVAL '1' YEAR", "DATE('1995-01-01')"),
        ("polars", "d - INTERVAL '3' MONTH", "d - INTERVAL '3 months'"),
        ("polars", "a * (1 - b) * c", "CAST(a AS DOUBLE) * (1 - b) * c"),
        ("polars", "a * 2", "="),
        ("polars", "a // b", "CAST(CAST(a AS DOUBLE) / b AS BIGINT)"),
        ("polars", "a % b", "(a - b * CAST(CAST(a AS DOUBLE) / b AS BIGINT))"),
        ("polars", "year(d)", "EXTRACT(YEAR FROM d)"),
        ("polars", "date_trunc('month', d)", "DATE(strftime(d, '%Y-%m-01'))"),
        ("spark", "avg(a)", "avg(CAST(a AS DOUBLE))"),
        ("spark", "a / b", "CAST(a AS DOUBLE) / b"),
        ("spark", "a // b", "a DIV b"),
        ("spark", "\"odd name\"", "`odd name`"),
        ("spark", "'it''s a \\'", "'it\\'s a \\\\'"),
        ("spark", "strftime(d, '%Y-%m T')", "date_format(d, 'yyyy-MM \\'T\\'')"),
        ("spark", "EXTRACT(dow FROM d)", "(dayofweek(d) - 1)"),
        ("spark", "a::VARCHAR", "CAST(a AS STRING)"),
        ("spark", "concat(a, 'x')", "concat_ws('', a, 'x')"),
        ("spark", "quantile_cont(a, 0.5)", "percentile(a, 0.5)"),
        ("spark", "date_diff('day', a, b)", "datediff(b, a)"),
        ("spark", "median(a)", "="),
        ("trino", "a / b", "CAST(a AS DOUBLE) / b"),
        ("trino", "avg(a)", "avg(CAST(a AS DOUBLE))"),
        ("trino", "d + INTERVAL 3 MONTH", "d + INTERVAL '3' MONTH"),
        ("trino", "d + INTERVAL '2 weeks'", "d + INTERVAL '14' DAY"),
        ("trino", "date_part('year', d)", "EXTRACT(YEAR FROM d)"),
        ("trino", "a ILIKE 'X%'", "lower(a) LIKE lower('X%')"),
        ("trino", "median(a)", "!Trino has no `MEDIAN`"),
        ("trino", "strftime(d, '%H:%M')", "date_format(d, '%H:%i')"),
    ] {
        expression(engine, expr, expected);
    }
    for (engine, sql, expected) in [
        ("polars", "SELECT a FROM t ORDER BY a DESC", "SELECT a FROM t ORDER BY a DESC NULLS LAST"),
        ("polars", "SELECT count(*), a FROM t GROUP BY ALL", "SELECT count(*) AS \"count(*)\", a FROM t GROUP BY ALL"),
        ("polars", "SELECT * FROM t JOIN u USING (k)", "!name the columns"),
        ("polars", "SELECT t.a FROM t LEFT JOIN u ON t.a = u.a AND u.b > 2", "!loses rows of an outer join"),
        ("polars", "SELECT t.a FROM t LEFT JOIN u ON t.a = u.a AND t.b = u.b", "="),
        ("spark", "SELECT * EXCLUDE (a) FROM t", "SELECT * EXCEPT (a) FROM t"),
        ("spark", "SELECT a FROM t ANTI JOIN u ON t.a = u.a", "SELECT a FROM t LEFT ANTI JOIN u ON t.a = u.a"),
        ("spark", "SELECT \"a b\" FROM t ORDER BY 1", "SELECT `a b` FROM t ORDER BY 1 NULLS LAST"),
        ("trino", "SELECT a + 1 AS k, count(*) FROM t GROUP BY k", "SELECT a + 1 AS k, count(*) FROM t GROUP BY a + 1"),
        ("duckdb", "FROM t SELECT a // b", "="),
    ] {
        check(sql, engine, expected);
    }
}

#[test]
fn what_a_query_reads() {
    let read = |sql: &str| sources(&parse(sql).unwrap());
    let expected = [Source::Table("t".into()), Source::File("a/x.parquet".into()), Source::File("y.csv".into())];
    let sql = "WITH c AS (SELECT * FROM t) SELECT * FROM c, 'a/x.parquet' JOIN read_csv('y.csv') AS y ON true WHERE x IN (FROM T)";
    assert_eq!(read(sql).unwrap().into_iter().filter(|source| *source != Source::Table("T".into())).collect::<Vec<_>>(), expected);
    for (sql, words) in [
        ("FROM range(5)", "table function"),
        ("FROM read_csv('a.csv', header = true)", "with options"),
        ("FROM 'a/*.parquet'", "several files"),
        ("FROM 'https://x/a.parquet'", "this computer"),
        ("FROM main.t", "schema"),
    ] {
        assert!(read(sql).unwrap_err().contains(words), "{sql}: {:?}", read(sql));
    }
}

#[test]
fn sources_get_other_names_and_keep_their_own_as_aliases() {
    let names = BTreeMap::from([
        (Source::File("d/line-item.parquet".into()), "file_line_item".to_owned()),
        (Source::Table("t".into()), "table_t".to_owned()),
    ]);
    let mut query = parse("SELECT t.a, u.b FROM t JOIN read_parquet('d/line-item.parquet') AS u ON true, 'd/line-item.parquet'").unwrap();
    rename(&mut query, &names);
    let expected = "SELECT t.a, u.b FROM table_t AS t JOIN file_line_item AS u ON true, file_line_item AS \"line-item\"";
    assert_eq!(query.to_string(), expected);
}

#[test]
fn only_one_query_can_run() {
    for (sql, words) in [
        ("SELECT 1; SELECT 2", "several statements"),
        ("CREATE TABLE t (a INT)", "no query"),
        ("SELEC 1", "cannot be read"),
        ("", "no query"),
    ] {
        let why = parse(sql).unwrap_err();
        assert!(why.contains(words), "{sql}: {why}");
    }
    assert!(is_ordered(&parse("SELECT a FROM t ORDER BY a LIMIT 3").unwrap()));
    assert!(!is_ordered(&parse("SELECT a FROM (SELECT a FROM t ORDER BY a) AS s").unwrap()));
}

#[test]
fn every_template_is_an_expression_and_no_function_has_two_rules() {
    for engine in ["sqlite", "polars", "spark", "trino"] {
        let dialect = dialect(engine).unwrap();
        let arguments = ["a", "b", "c"].map(text);
        for Function { change, .. } in dialect.functions {
            if let Change::Text(template) | Change::Argument(template) = change {
                fill(template, &arguments).unwrap();
            }
        }
        let names: Vec<&str> = dialect.functions.iter().flat_map(|rule| rule.names).copied().collect();
        let mut once = names.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), names.len(), "{engine}");
        assert!(dialect.expressions.iter().all(|rule| !rule.about.is_empty()));
    }
}

#[test]
fn any_text_is_parsed_or_refused() {
    crate::testing::any_texts(2000, |text| {
        if let Ok(query) = parse(text) {
            for engine in ["sqlite", "polars", "spark", "trino"] {
                let _ = translate(&query, engine);
            }
        }
    });
}
