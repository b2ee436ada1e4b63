//! What a query takes from Rust and Python: parameters and tables.

use serde_json::{Map, Value};

use super::cell_text::CellText;
use crate::error::MagicError;
use crate::host::{Host, Variable};
use crate::nearest::suggestion;
use crate::shared_tables;
use crate::sharing::{self, is_frame, is_table};
use crate::sql_params::{Param, Prepared};
use crate::sql_wire::{SqlRequest, TableFile};

/// What the query takes from Rust and Python.
#[derive(Default)]
pub struct Inputs {
    pub params: Map<String, Value>,
    pub tables: Vec<TableFile>,
}

/// Names of tables and views made in SQL, which come before variables of Python.
pub const MADE_IN_SQL: &str = "SELECT table_name FROM duckdb_tables() WHERE NOT internal UNION ALL \
    SELECT view_name FROM duckdb_views() WHERE NOT internal";

/// Obtains parameter values and shares the variables that stand for tables, those of Rust in one evaluation; a variable that
/// has not changed since is not shared again.
///
/// # Errors
/// Unknown variables, values that cannot be parameters, variables that cannot be tables, a failing evaluation.
pub fn bind(text: &CellText, prepared: &Prepared, host: &mut dyn Host) -> Result<Inputs, MagicError> {
    if prepared.params.is_empty() && prepared.tables.is_empty() {
        return Ok(Inputs::default());
    }
    let variables = host.variables();
    let wanted = wanted(text, prepared, &variables)?;
    let mut code: String = wanted.iter().map(|param| format!("lab::tables::param(\"{0}\", &{0});\n", param.name)).collect();
    let mut inputs = Inputs::default();
    let mut others: Vec<&str> = Vec::new();
    for table in &prepared.tables {
        let named = |variable: &&Variable| is_table(variable) && variable.name.eq_ignore_ascii_case(table);
        match variables.iter().find(|variable| is_table(variable) && variable.name == *table).or(variables.iter().find(named)) {
            Some(variable) => {
                code.push_str(&sharing::offer(&variable.name));
                let path = shared_tables::file(host.session_dir(), &variable.name).to_string_lossy().into_owned();
                inputs.tables.push(TableFile { name: variable.name.clone(), path });
            }
            None => others.push(table),
        }
    }
    if !code.is_empty() {
        let values = evaluate(&code, host).map_err(|error| binding_failed(error, &wanted, &variables))?;
        inputs.params = params(text, wanted, values)?;
    }
    offer_python(&others, host)?;
    for table in others {
        if let Some(shared) = shared_tables::find(host.session_dir(), table) {
            inputs.tables.push(TableFile { name: shared.name, path: shared.path.to_string_lossy().into_owned() });
        }
    }
    Ok(inputs)
}

/// The parameters, each once.
fn wanted<'a>(text: &CellText, prepared: &'a Prepared, variables: &[Variable]) -> Result<Vec<&'a Param>, MagicError> {
    let mut wanted: Vec<&Param> = Vec::new();
    for param in &prepared.params {
        let Some(variable) = variables.iter().find(|variable| variable.name == param.name) else {
            let near = suggestion(&param.name, variables.iter().map(|variable| variable.name.as_str()));
            let hint = near.unwrap_or_else(|| format!("define it first: `let {} = …;` (`%vars` lists what there is)", param.name));
            return Err(text.error(param, format!("parameter `{{{0}}}`: there is no Rust variable `{0}`", param.name), hint));
        };
        if is_frame(variable) {
            let hint = format!("a DataFrame is a table: write `{}` without braces", param.name);
            return Err(text.error(param, format!("parameter `{{{}}}` is a {}, not a value", param.name, variable.type_name), hint));
        }
        if !wanted.iter().any(|known| known.name == param.name) {
            wanted.push(param);
        }
    }
    Ok(wanted)
}

/// Runs the code that sends parameters and shares variables.
fn evaluate(code: &str, host: &mut dyn Host) -> Result<Map<String, Value>, MagicError> {
    host.status("passing Rust variables to the query");
    let mut values = Map::new();
    host.ask_rust(code, &mut |event| {
        if event.kind == "param"
            && let Some(name) = event.data.get("name").and_then(Value::as_str)
        {
            values.insert(name.to_owned(), event.data.get("value").cloned().unwrap_or(Value::Null));
        }
    })?;
    Ok(values)
}

fn params(text: &CellText, wanted: Vec<&Param>, mut values: Map<String, Value>) -> Result<Map<String, Value>, MagicError> {
    let mut params = Map::new();
    for param in wanted {
        match values.remove(&param.name) {
            Some(value) if !value.is_array() && !value.is_object() => {
                params.insert(param.name.clone(), value);
            }
            Some(_) => {
                let hint =
                    format!("numbers, text, booleans, dates and `Option` of them can be parameters; as a table, write `{}`", param.name);
                return Err(text.error(param, format!("parameter `{{{}}}` is not a single value", param.name), hint));
            }
            None => {
                let hint = "run the cell again; if it stays, restart the kernel".into();
                return Err(text.error(param, format!("the Rust worker sent no value for `{{{}}}`", param.name), hint));
            }
        }
    }
    Ok(params)
}

fn binding_failed(error: MagicError, wanted: &[&Param], variables: &[Variable]) -> MagicError {
    if wanted.is_empty() || error.name == "Error" || matches!(error.name.as_str(), "Interrupted" | "WorkerLost" | "WorkerDied") {
        return error;
    }
    let typed = wanted.iter().filter_map(|param| variables.iter().find(|variable| variable.name == param.name));
    let typed: Vec<String> = typed.map(|variable| format!("`{}: {}`", variable.name, variable.type_name)).collect();
    let hint = format!("parameters must be numbers, text, booleans, dates or `Option` of them; here: {}", typed.join(", "));
    let mut lines = error.shown();
    lines.push(format!("\u{1b}[1mhint\u{1b}[0m: {hint}"));
    error.hint(hint).traceback(lines)
}

/// Asks Python, if it runs and has nothing to do, for variables of these names.
fn offer_python(names: &[&str], host: &mut dyn Host) -> Result<(), MagicError> {
    if names.is_empty() || !host.python_is_idle() {
        return Ok(());
    }
    let request = SqlRequest { engine: "duckdb".into(), sql: MADE_IN_SQL.into(), limit: 100_000, ..SqlRequest::default() };
    let known = host.sql(&request, &mut |_| {})?.rows;
    let is_known = |name: &str| known.iter().flatten().flatten().any(|known| known.eq_ignore_ascii_case(name));
    let names: Vec<&str> = names.iter().copied().filter(|name| !is_known(name)).collect();
    if names.is_empty() {
        return Ok(());
    }
    host.status("passing Python variables to the query");
    sharing::offer_python(&names, host)
}
