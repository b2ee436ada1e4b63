//! What a query takes from Rust: parameters and DataFrames.

use serde_json::{Map, Value};

use super::cell_text::CellText;
use crate::error::MagicError;
use crate::host::{Host, Variable};
use crate::nearest::suggestion;
use crate::sql_params::{Param, Prepared};
use crate::sql_wire::TableFile;

/// What the query takes from Rust.
#[derive(Default)]
pub struct Inputs {
    pub params: Map<String, Value>,
    pub tables: Vec<TableFile>,
}

fn is_frame(variable: &Variable) -> bool {
    let type_name = variable.type_name.trim();
    type_name.ends_with("DataFrame") || type_name.ends_with("LazyFrame")
}

/// Obtains parameter values and publishes the DataFrames that the query names, in one evaluation.
///
/// # Errors
/// Unknown variables, values that cannot be parameters, a failing evaluation.
pub fn bind(text: &CellText, prepared: &Prepared, host: &mut dyn Host) -> Result<Inputs, MagicError> {
    if prepared.params.is_empty() && prepared.identifiers.is_empty() {
        return Ok(Inputs::default());
    }
    let variables = host.variables();
    let mut code = String::new();
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
            code.push_str(&format!("lab::tables::param(\"{0}\", &{0});\n", param.name));
            wanted.push(param);
        }
    }
    let mut inputs = Inputs::default();
    for variable in variables.iter().filter(|variable| is_frame(variable)) {
        if prepared.identifiers.iter().any(|word| word.eq_ignore_ascii_case(&variable.name)) {
            code.push_str(&format!("lab::tables::publish(\"{0}\", &{0})?;\n", variable.name));
            let path = host.session_dir().join(format!("{}.arrow", variable.name)).to_string_lossy().into_owned();
            inputs.tables.push(TableFile { name: variable.name.clone(), path });
        }
    }
    if code.is_empty() {
        return Ok(inputs);
    }
    host.status("passing Rust variables to DuckDB");
    let mut values = Map::new();
    host.measure_rust(&code, &mut |event| {
        if event.kind == "param"
            && let Some(name) = event.data.get("name").and_then(Value::as_str)
        {
            values.insert(name.to_owned(), event.data.get("value").cloned().unwrap_or(Value::Null));
        }
    })
    .map_err(|error| binding_failed(error, &wanted, &variables))?;
    for param in wanted {
        match values.remove(&param.name) {
            Some(value) if !value.is_array() && !value.is_object() => {
                inputs.params.insert(param.name.clone(), value);
            }
            Some(_) => {
                let hint = "numbers, text, booleans, dates and `Option` of them can be parameters; publish more as a DataFrame".into();
                return Err(text.error(param, format!("parameter `{{{}}}` is not a single value", param.name), hint));
            }
            None => {
                let hint = "run the cell again; if it stays, restart the kernel".into();
                return Err(text.error(param, format!("the Rust worker sent no value for `{{{}}}`", param.name), hint));
            }
        }
    }
    Ok(inputs)
}

fn binding_failed(error: MagicError, wanted: &[&Param], variables: &[Variable]) -> MagicError {
    if wanted.is_empty() || matches!(error.name.as_str(), "Interrupted" | "WorkerLost") {
        return error;
    }
    let typed = wanted.iter().filter_map(|param| variables.iter().find(|variable| variable.name == param.name));
    let typed: Vec<String> = typed.map(|variable| format!("`{}: {}`", variable.name, variable.type_name)).collect();
    let hint = format!("parameters must be numbers, text, booleans, dates or `Option` of them; here: {}", typed.join(", "));
    let mut lines = error.shown();
    lines.push(format!("\u{1b}[1mhint\u{1b}[0m: {hint}"));
    error.hint(hint).traceback(lines)
}
