//! Values of `$name` parameters as SQL literals, which stand in the `USING` list and never inside of the statement.

use serde_json::{Map, Value};

use crate::sql_wire::SqlFailure;
use crate::statements::{self, Statement};

/// What is sent for a statement.
pub struct Sent {
    pub sql: String,
    /// The statement is not the text itself, so positions in errors mean nothing here.
    pub wrapped: bool,
}

/// The statement behind `prefix` (`EXPLAIN ` or nothing). With parameters: `EXECUTE IMMEDIATE '… ? …' USING 1, 'x'`.
///
/// # Errors
/// A parameter without a value.
pub fn prepare(statement: &Statement, sql: &str, prefix: &str, values: &Map<String, Value>) -> Result<Sent, SqlFailure> {
    if statement.parameters.is_empty() {
        return Ok(Sent { sql: format!("{prefix}{}", &sql[statement.span.clone()]), wrapped: false });
    }
    let mut literals = Vec::new();
    for parameter in &statement.parameters {
        literals.push(literal(statements::value(values, &parameter.name)?));
    }
    let marked = format!("{prefix}{}", statement.rewritten(sql, |_| "?".to_owned()));
    Ok(Sent { sql: format!("EXECUTE IMMEDIATE {} USING {}", quoted(&marked), literals.join(", ")), wrapped: true })
}

fn literal(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(flag) => flag.to_string().to_uppercase(),
        Value::Number(number) if number.is_f64() => format!("{:E}", number.as_f64().unwrap_or_default()),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        // Refused before.
        other => quoted(&other.to_string()),
    }
}

/// Trino's strings know one escape: a doubled quote.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
