//! Values of `$name` parameters.

use serde_json::{Map, Value};

use crate::engine::failure;
use crate::sql_wire::SqlFailure;

/// The value of parameter `name`: exactly, then without regard to case, as SQL names are.
pub fn lookup<'v>(values: &'v Map<String, Value>, name: &str) -> Result<&'v Value, SqlFailure> {
    let ignoring_case = || values.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    values.get(name).or_else(ignoring_case).ok_or_else(|| missing(name, values))
}

fn missing(name: &str, values: &Map<String, Value>) -> SqlFailure {
    let known: Vec<String> = values.keys().map(|key| format!("${key}")).collect();
    let known = match known.is_empty() {
        true => "no parameter has a value here".to_owned(),
        false => format!("parameters with a value: {}", known.join(", ")),
    };
    failure("Binder Error", format!("parameter ${name} has no value; {known}"))
}
