//! `%%python -i` and `-o`: tables that become Python variables, and Python variables that become tables.

use serde_json::json;

use crate::error::MagicError;
use crate::host::Host;
use crate::registry::Call;
use crate::shared_tables;
use crate::sharing::{self, is_table};
use crate::sql_wire::SqlRequest;

/// What a table can become in Python.
const KINDS: &[&str] = &["arrow", "pandas", "polars", "numpy"];

/// Makes what `--in` names variables of Python.
///
/// # Errors
/// Names of nothing, variables that cannot be tables, libraries that this Python lacks.
pub fn take(call: &Call, env: Option<&str>, host: &mut dyn Host) -> Result<(), MagicError> {
    let Some(items) = call.options.list("in") else { return Ok(()) };
    let mut wanted = Vec::with_capacity(items.len());
    for item in items {
        let (name, kind) = item.split_once(':').unwrap_or((item, "arrow"));
        if !KINDS.contains(&kind) {
            let hint = format!("it takes {}", KINDS.join(", "));
            return Err(call.options.error_at("in", format!("a table cannot become `{kind}`"), Some(hint)));
        }
        wanted.push((name.trim(), kind));
    }
    let names: Vec<&str> = wanted.iter().map(|(name, _)| *name).collect();
    make_tables(call, &names, host)?;
    let wanted: Vec<_> = wanted.iter().map(|(name, kind)| json!([name, kind])).collect();
    sharing::call_python("take", &json!(wanted), env, host)
}

/// Makes sure that each name is a shared table: variables of Rust are shared if they have changed, tables of SQL are read.
fn make_tables(call: &Call, names: &[&str], host: &mut dyn Host) -> Result<(), MagicError> {
    let variables = host.variables();
    let is_variable = |name: &str| variables.iter().any(|variable| variable.name == name && is_table(variable));
    let (own, others): (Vec<&str>, Vec<&str>) = names.iter().partition(|name| is_variable(name));
    if !own.is_empty() {
        host.status("sharing Rust variables");
        let code: String = own.iter().map(|name| sharing::offer(name)).collect();
        host.ask_rust(&code, &mut |_| {})?;
    }
    if others.is_empty() {
        return Ok(());
    }
    let known = made_in_sql(host)?;
    for name in others {
        if let Some(exact) = known.iter().find(|known| known.eq_ignore_ascii_case(name)) {
            read_from_sql(name, exact, host)?;
        } else if shared_tables::find(host.session_dir(), name).is_none() {
            let hint = "it takes shared tables and tables made in SQL (`%tables` lists them), and Rust variables that can be tables";
            return Err(call.options.error_at("in", format!("there is no table or Rust variable `{name}`"), Some(hint.into())));
        }
    }
    Ok(())
}

fn made_in_sql(host: &mut dyn Host) -> Result<Vec<String>, MagicError> {
    let request = SqlRequest { engine: "duckdb".into(), sql: super::sql::MADE_IN_SQL.into(), limit: 100_000, ..SqlRequest::default() };
    Ok(host.sql(&request, &mut |_| {})?.rows.into_iter().flatten().flatten().collect())
}

/// A table that DuckDB has in its own store is written as a shared one.
fn read_from_sql(name: &str, exact: &str, host: &mut dyn Host) -> Result<(), MagicError> {
    let session = host.session_dir().to_owned();
    let failed = |error: std::io::Error| MagicError::new("TableError", format!("the table `{name}` cannot be shared: {error}"));
    std::fs::create_dir_all(shared_tables::folder(&session)).map_err(failed)?;
    let out = shared_tables::file(&session, name).to_string_lossy().into_owned();
    let sql = format!("SELECT * FROM \"{}\"", exact.replace('"', "\"\""));
    let reply = host.sql(&SqlRequest { engine: "duckdb".into(), sql, out: Some(out), ..SqlRequest::default() }, &mut |_| {})?;
    shared_tables::note_result(&session, name, &reply).map_err(failed)
}

/// Makes what `--out` names tables, and variables of Rust.
///
/// # Errors
/// Names of nothing, variables that cannot be tables, a full shared memory.
pub fn give(call: &Call, env: Option<&str>, host: &mut dyn Host) -> Result<(), MagicError> {
    let Some(names) = call.options.list("out") else { return Ok(()) };
    if let Some(name) = names.iter().find(|name| !crate::options::is_rust_name(name)) {
        let hint = "a name that Rust, SQL and Python all understand: letters, digits and _";
        return Err(call.options.error_at("out", format!("`{name}` cannot be a variable of Rust"), Some(hint.into())));
    }
    sharing::call_python("give", &json!(names), env, host)?;
    host.status("binding the tables in Rust");
    let code: String = names.iter().map(|name| sharing::fetch(name)).collect();
    host.eval_rust(&code).map(drop)
}

#[cfg(test)]
mod tests {
    use crate::sql_wire::SqlReply;
    use crate::testing::{Recorder, plain, run_cell};

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn variables_are_shared_then_taken_then_given() {
        let mut host = Recorder::default().variable("df", "DataFrame");
        run_cell("%%python -i df:pandas -o out\nout = df", &mut host).unwrap();
        assert_eq!(host.rust[0], "(&&lab::tables::offer::Offer(&df)).benchbook_offer(\"df\")?;\n");
        let code: Vec<&str> = host.measured_python.iter().map(|(code, _)| code.as_str()).collect();
        assert!(code[0].contains("_call(\"take\", \"[[\\\"df\\\",\\\"pandas\\\"]]\")"), "{}", code[0]);
        assert!(code[1].contains("_call(\"give\", \"[\\\"out\\\"]\")"), "{}", code[1]);
        assert_eq!(host.python[0].0, "out = df");
        assert_eq!(host.rust[1], "let out: lab::polars::frame::DataFrame = lab::tables::fetch(\"out\")?;\n");
    }

    #[test]
    fn tables_of_sql_are_written_for_python() {
        let session = tempfile::tempdir().unwrap();
        std::fs::create_dir(crate::shared_tables::folder(session.path())).unwrap();
        std::fs::write(crate::shared_tables::file(session.path(), "t"), "").unwrap();
        let mut host = Recorder { session: session.path().to_owned(), ..Recorder::default() };
        host = host.reply(Ok(SqlReply { rows: vec![vec![some("T")]], ..SqlReply::default() }));
        run_cell("%python -i t", &mut host).unwrap();
        assert_eq!(host.sql[1].sql, "SELECT * FROM \"T\"");
        assert!(host.sql[1].out.as_deref().unwrap().ends_with("tables/t.arrow"));
        assert!(host.python.is_empty() && host.measured_python.len() == 1, "there is no cell to run");
    }

    #[test]
    fn names_of_nothing_are_errors() {
        let error = run_cell("%%python -i nothing\n1", &mut Recorder::default()).unwrap_err();
        assert!(plain(&error).contains("no table or Rust variable `nothing`"), "{}", plain(&error));
        let error = run_cell("%%python -i df:excel\n1", &mut Recorder::default()).unwrap_err();
        assert!(plain(&error).contains("arrow, pandas, polars, numpy"), "{}", plain(&error));
        let error = run_cell("%%python -o a.b\n1", &mut Recorder::default()).unwrap_err();
        assert!(plain(&error).contains("`a.b` cannot be a variable"), "{}", plain(&error));
    }
}
