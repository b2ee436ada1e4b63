//! `%tables`: everything a query can name.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::bundle::Bundle;
use crate::error::MagicError;
use crate::host::{Host, Variable};
use crate::nearest::suggestion;
use crate::registry::{Call, Magic};
use crate::shared_tables::{self, SharedTable};
use crate::spec::{Example, Kind, OptionSpec, Spec, ValueKind};
use crate::sql_wire::SqlRequest;
use crate::table::{Heading, Table};
use crate::units;

static SPEC: Spec = Spec {
    name: "tables",
    kind: Kind::Line,
    summary: "Lists what a query can name: shared tables, SQL tables and views, Rust DataFrames",
    category: "Data",
    options: &[
        OptionSpec::value("drop", ValueKind::Name, "removes a shared table and frees its memory; who has it mapped keeps it").repeat(),
        OptionSpec::flag("columns", "names and types of the columns"),
    ],
    positional: None,
    examples: &[
        Example { code: "%tables", about: "All tables with owner, rows, columns, size and age" },
        Example { code: "%tables --columns", about: "With the names and types of their columns" },
        Example { code: "%tables --drop prices", about: "Frees the memory of the shared table `prices`" },
    ],
    details: "A shared table is an Arrow file in shared memory: Rust, SQL and Python map it and copy nothing. A variable that a query names \
              is shared by itself, again only when it has changed; `tables::share` in Rust and `benchbook.share` in Python share what you \
              like. All of them end with the kernel.\n\nRows of SQL tables are the engine's estimate; a view has none. The length of a \
              `LazyFrame` is not known before it is collected. Variables without a size are not shared yet.",
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

    fn run(&self, call: &Call, host: &mut dyn Host) -> Result<(), MagicError> {
        let dropped = call.options.texts("drop").into_iter().map(|name| drop_table(call, name, host)).collect::<Result<Vec<_>, _>>()?;
        let shared = shared_tables::list(host.session_dir());
        // Also tells the engines, at their next request, which tables are gone.
        let request = SqlRequest { engine: "duckdb".into(), sql: QUERY.into(), limit: MOST, ..SqlRequest::default() };
        let reply = host.sql(&request, &mut |_| {})?;
        if call.options.flag("columns") {
            host.display(&columns(&shared));
            return Ok(());
        }
        let mut rows: Vec<Row> = shared.iter().map(shared_row).collect();
        rows.extend(unshared(&shared, host)?);
        for row in reply.rows {
            if let [name, kind, count, columns] = row.as_slice() {
                let text = |value: &Option<String>| value.clone().unwrap_or_default();
                let kind = if kind.is_none() { "table".to_owned() } else { text(kind) };
                rows.push([text(name), "sql".into(), kind, text(count), text(columns), String::new(), String::new()]);
            }
        }
        let mut caption = vec![match rows.len() {
            1 => "1 table".to_owned(),
            count => format!("{count} tables"),
        }];
        if !shared.is_empty() {
            caption[0].push_str(&format!("; {} in shared memory", units::bytes(shared.iter().map(|table| table.bytes).sum())));
        }
        caption.extend(dropped);
        if rows.is_empty() {
            let text = "No tables yet: a Rust DataFrame variable is one, `CREATE TABLE` in `%%sql` makes one, `tables::share` in Rust and \
                        `benchbook.share` in Python share one, and `%data` makes files that are.";
            let lines = caption.into_iter().skip(1).chain([text.to_owned()]).collect::<Vec<_>>().join("\n");
            host.display(&Bundle::text(lines.replace('`', "")).with("text/html", crate::html::inline(&lines)));
            return Ok(());
        }
        let headings =
            ["table", "owner", "kind"].map(Heading::text).into_iter().chain(["rows", "columns", "bytes", "age"].map(Heading::number));
        let rows = rows.into_iter().map(|row| row.into_iter().map(Some).collect()).collect();
        host.display(&Table { headings: headings.collect(), rows, caption, marked: false }.bundle());
        Ok(())
    }
}

/// Name, owner, kind, rows, columns, bytes, age.
type Row = [String; 7];

fn shared_row(table: &SharedTable) -> Row {
    let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    [
        table.name.clone(),
        table.owner.clone(),
        "shared".into(),
        number(table.rows),
        number(table.columns.as_ref().map(|columns| columns.len() as u64)),
        table.bytes.to_string(),
        table.age_s.map(age).unwrap_or_default(),
    ]
}

/// An age in whole units: `5 s`, `12 min`, `3 h`.
fn age(seconds: f64) -> String {
    match seconds {
        ..120.0 => format!("{seconds:.0} s"),
        ..7200.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.0} h", seconds / 3600.0),
    }
}

/// Frames that no query has named yet: DataFrames with their shapes, LazyFrames without.
fn unshared(shared: &[SharedTable], host: &mut dyn Host) -> Result<Vec<Row>, MagicError> {
    let variables: Vec<Variable> = host.variables().into_iter().filter(|v| !shared.iter().any(|table| table.name == v.name)).collect();
    let ends = |suffix: &'static str| variables.iter().filter(move |variable| variable.type_name.ends_with(suffix));
    let code: String = ends("DataFrame")
        .map(|v| format!("lab::tables::param(\"{0}.rows\", &{0}.height());\nlab::tables::param(\"{0}.columns\", &{0}.width());\n", v.name))
        .collect();
    let mut shapes: BTreeMap<String, String> = BTreeMap::new();
    if !code.is_empty() {
        host.ask_rust(&code, &mut |event| {
            if let (Some(name), Some(value)) = (event.data.get("name").and_then(Value::as_str), event.data.get("value")) {
                shapes.insert(name.to_owned(), value.to_string());
            }
        })?;
    }
    let shape = |name: &str, what: &str| shapes.get(&format!("{name}.{what}")).cloned().unwrap_or_default();
    let eager = ends("DataFrame").map(|v| (v, "DataFrame"));
    let lazy = ends("LazyFrame").map(|v| (v, "LazyFrame"));
    let row = |(v, kind): (&Variable, &str)| {
        [v.name.clone(), "rust".into(), kind.into(), shape(&v.name, "rows"), shape(&v.name, "columns"), String::new(), String::new()]
    };
    Ok(eager.chain(lazy).map(row).collect())
}

/// Every column of every shared table.
fn columns(shared: &[SharedTable]) -> Bundle {
    let row = |table: &SharedTable, name: &str, type_name: &str| vec![Some(table.name.clone()), Some(name.into()), Some(type_name.into())];
    let rows = shared.iter().flat_map(|table| {
        table.columns.iter().flatten().map(move |column| row(table, &column.name, &column.type_name)).collect::<Vec<_>>()
    });
    let headings = ["table", "column", "type"].map(Heading::text).to_vec();
    let caption = vec!["Columns of shared tables; `DESCRIBE name` in `%%sql` tells of all others.".to_owned()];
    Table { headings, rows: rows.collect(), caption, marked: false }.bundle()
}

/// Removes a shared table; says what it freed.
fn drop_table(call: &Call, name: &str, host: &mut dyn Host) -> Result<String, MagicError> {
    let session = host.session_dir();
    let Some(table) = shared_tables::find(session, name) else {
        let tables = shared_tables::list(session);
        let near = suggestion(name, tables.iter().map(|table| table.name.as_str()));
        let hint = near.unwrap_or_else(|| "`%tables` lists what there is; a table made in SQL goes with `DROP TABLE`".into());
        return Err(call.options.error_at("drop", format!("there is no shared table `{name}`"), Some(hint)));
    };
    shared_tables::remove(&table).map_err(|error| call.options.error_at("drop", format!("`{name}` cannot be removed: {error}"), None))?;
    Ok(format!("Removed `{}`, {}.", table.name, units::bytes(table.bytes)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::shared_tables::{file, folder, note_result};
    use crate::sql_wire::{Column, SqlReply};
    use crate::testing::{Recorder, plain, run_cell};

    #[test]
    fn shared_rust_and_sql_tables_in_one_list() {
        let session = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder(session.path())).unwrap();
        std::fs::write(file(session.path(), "prices"), [0; 2048]).unwrap();
        let column = Column { name: "a".into(), type_name: "Int64".into() };
        let shared = SqlReply { row_count: 12, columns: vec![column], ..SqlReply::default() };
        note_result(session.path(), "prices", &shared).unwrap();
        let some = |text: &str| Some(text.to_owned());
        let rows = vec![vec![some("t"), some("table"), some("10"), some("3")], vec![some("v"), some("view"), None, some("2")]];
        let host = || {
            Recorder { session: session.path().to_owned(), ..Recorder::default() }
                .variable("df", "DataFrame")
                .variable("lf", "LazyFrame")
                .variable("prices", "DataFrame")
                .events(&[("param", json!({"name": "df.rows", "value": 7})), ("param", json!({"name": "df.columns", "value": 2}))])
                .reply(Ok(SqlReply { rows: rows.clone(), ..SqlReply::default() }))
        };
        let mut one = host();
        run_cell("%tables", &mut one).unwrap();
        let text = one.shown();
        assert!(text.contains("│ prices │ sql   │ shared    │   12 │       1 │  2048 │ 0 s │"), "{text}");
        assert!(text.contains("│ df     │ rust  │ DataFrame │    7 │       2 │       │     │"), "{text}");
        assert!(text.contains("│ t      │ sql   │ table     │   10 │       3 │"), "{text}");
        assert!(text.ends_with("5 tables; 2 KiB in shared memory"), "{text}");
        let mut two = host();
        run_cell("%tables --columns", &mut two).unwrap();
        assert!(two.shown().contains("│ prices │ a      │ Int64 │"), "{}", two.shown());
        let error = run_cell("%tables --drop price", &mut host()).unwrap_err();
        assert!(plain(&error).contains("no shared table `price`") && plain(&error).contains("did you mean `prices`?"), "{}", plain(&error));
        let mut three = host();
        run_cell("%tables --drop prices", &mut three).unwrap();
        assert!(three.shown().ends_with("Removed `prices`, 2 KiB."), "{}", three.shown());
        assert!(!file(session.path(), "prices").exists());
    }
}
