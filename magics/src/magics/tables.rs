//! `%tables`: everything a query can name.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::bundle::Bundle;
use crate::error::MagicError;
use crate::host::Host;
use crate::registry::{Call, Magic};
use crate::spec::{Example, Kind, Spec};
use crate::sql_wire::SqlRequest;
use crate::table::{Heading, Table};

static SPEC: Spec = Spec {
    name: "tables",
    kind: Kind::Line,
    summary: "Lists what a query can name: SQL tables and views, Rust DataFrames",
    category: "Data",
    options: &[],
    positional: None,
    examples: &[Example { code: "%tables", about: "All tables with rows and columns" }],
    details: "Rows of SQL tables are the engine's estimate; a view has none. The length of a `LazyFrame` is not known before it is collected.",
};

/// Columns: name, kind, rows, columns.
const QUERY: &str = "\
SELECT table_name, 'table' AS kind, estimated_size::VARCHAR AS rows, column_count::VARCHAR AS columns FROM duckdb_tables() WHERE NOT internal
UNION ALL
SELECT view_name, 'view', NULL, column_count::VARCHAR FROM duckdb_views() WHERE NOT internal
ORDER BY 1";

/// Tables listed at most.
const MOST: usize = 1000;

/// The magic.
pub struct Tables;

impl Magic for Tables {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn run(&self, _call: &Call, host: &mut dyn Host) -> Result<(), MagicError> {
        let mut rows = rust_tables(host)?;
        let names: Vec<Option<String>> = rows.iter().map(|row| row[0].clone()).collect();
        let request = SqlRequest { engine: "duckdb".into(), sql: QUERY.into(), limit: MOST, ..SqlRequest::default() };
        let reply = host.sql(&request, &mut |_| {})?;
        for row in reply.rows {
            // A published DataFrame is a view in the engine as well.
            if let [name, kind, count, columns] = row.as_slice()
                && !names.contains(name)
            {
                let blank = |value: &Option<String>| Some(value.clone().unwrap_or_default());
                let kind = kind.as_deref().unwrap_or("table");
                rows.push(vec![name.clone(), Some(format!("DuckDB {kind}")), blank(count), blank(columns)]);
            }
        }
        if rows.is_empty() {
            let text =
                "No tables yet: a Rust DataFrame variable is one, `CREATE TABLE` in `%%sql` makes one, and `%data` makes files that are.";
            host.display(&Bundle::text(text.replace('`', "")).with("text/html", crate::html::inline(text)));
            return Ok(());
        }
        let caption = vec![if rows.len() == 1 { "1 table".into() } else { format!("{} tables", rows.len()) }];
        let headings = vec![Heading::text("table"), Heading::text("kind"), Heading::number("rows"), Heading::number("columns")];
        host.display(&Table { headings, rows, caption, marked: false }.bundle());
        Ok(())
    }
}

/// Rust DataFrames with their shapes, LazyFrames without.
fn rust_tables(host: &mut dyn Host) -> Result<Vec<Vec<Option<String>>>, MagicError> {
    let variables = host.variables();
    let ends = |suffix: &'static str| variables.iter().filter(move |variable| variable.type_name.ends_with(suffix));
    let code: String = ends("DataFrame")
        .map(|v| format!("lab::tables::param(\"{0}.rows\", &{0}.height());\nlab::tables::param(\"{0}.columns\", &{0}.width());\n", v.name))
        .collect();
    let mut shapes: BTreeMap<String, String> = BTreeMap::new();
    if !code.is_empty() {
        host.measure_rust(&code, &mut |event| {
            if let (Some(name), Some(value)) = (event.data.get("name").and_then(Value::as_str), event.data.get("value")) {
                shapes.insert(name.to_owned(), value.to_string());
            }
        })?;
    }
    let shape = |name: &str, what: &str| Some(shapes.get(&format!("{name}.{what}")).cloned().unwrap_or_default());
    let eager = ends("DataFrame").map(|v| (v, "Rust DataFrame"));
    let lazy = ends("LazyFrame").map(|v| (v, "Rust LazyFrame"));
    let row = |(v, kind): (&crate::host::Variable, &str)| {
        vec![Some(v.name.clone()), Some(kind.to_owned()), shape(&v.name, "rows"), shape(&v.name, "columns")]
    };
    Ok(eager.chain(lazy).map(row).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::sql_wire::SqlReply;
    use crate::testing::{Recorder, run_cell};

    #[test]
    fn rust_and_sql_tables_in_one_list() {
        let some = |text: &str| Some(text.to_owned());
        let rows = vec![vec![some("df"), some("view"), None, some("2")], vec![some("t"), some("table"), some("10"), some("3")]];
        let mut host = Recorder::default()
            .variable("df", "DataFrame")
            .variable("lf", "LazyFrame")
            .variable("x", "i32")
            .events(&[("param", json!({"name": "df.rows", "value": 7})), ("param", json!({"name": "df.columns", "value": 2}))])
            .reply(Ok(SqlReply { rows, ..SqlReply::default() }));
        run_cell("%tables", &mut host).unwrap();
        let text = host.shown();
        assert!(text.contains("│ df    │ Rust DataFrame │    7 │       2 │"), "{text}");
        assert!(text.contains("│ t     │ DuckDB table   │   10 │       3 │"), "{text}");
        assert!(text.ends_with("3 tables"), "{text}");
    }
}
