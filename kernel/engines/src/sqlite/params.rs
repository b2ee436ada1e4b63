//! Binds `$name` parameters to values; values are never pasted into the text.

use rusqlite::Statement;
use rusqlite::types::{ToSqlOutput, Value as Sql};
use serde_json::{Map, Value};

use super::failure::plain;
use crate::engine::failure;
use crate::params::lookup;
use crate::sql_wire::SqlFailure;

/// Binds all parameters that `statement` names. Values it does not name are left alone.
pub fn bind(statement: &mut Statement<'_>, values: &Map<String, Value>) -> Result<(), SqlFailure> {
    for index in 1..=statement.parameter_count() {
        // `?` has no name and is looked up by its number; `$name`, `:name` and `@name` are one name.
        let name = statement.parameter_name(index).map_or_else(|| index.to_string(), |name| name[1..].to_owned());
        let bound = to_sqlite(&name, lookup(values, &name)?)?;
        statement.raw_bind_parameter(index, ToSqlOutput::Owned(bound)).map_err(plain)?;
    }
    Ok(())
}

fn to_sqlite(name: &str, value: &Value) -> Result<Sql, SqlFailure> {
    let refuse = |what: &str| failure("Binder Error", format!("parameter ${name}: {what}"));
    Ok(match value {
        Value::Null => Sql::Null,
        Value::Bool(flag) => Sql::Integer(i64::from(*flag)),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Sql::Integer(integer),
            (None, Some(real)) if number.is_f64() => Sql::Real(real),
            _ => return Err(refuse("SQLite's integers have 64 bits with a sign, this one is larger")),
        },
        Value::String(text) => Sql::Text(text.clone()),
        Value::Array(_) | Value::Object(_) => {
            return Err(refuse("a list or struct cannot be a parameter; publish it as a table and join with it"));
        }
    })
}
