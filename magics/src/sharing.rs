//! Variables as tables: which can be one, and the code of the workers that shares and fetches them.

use serde_json::{Value, json};

use crate::error::MagicError;
use crate::host::{Host, Variable};

/// The type's own name, without path and parameters.
fn base(variable: &Variable) -> &str {
    let path = variable.type_name.trim().split('<').next().unwrap_or_default();
    path.rsplit("::").next().unwrap_or_default()
}

/// Whether the Rust variable is a frame of Polars.
pub fn is_frame(variable: &Variable) -> bool {
    matches!(base(variable), "DataFrame" | "LazyFrame")
}

/// Whether the Rust variable may be a table. Whether a `Vec` is one only the compiler knows.
pub fn is_table(variable: &Variable) -> bool {
    is_frame(variable) || matches!(base(variable), "Series" | "RecordBatch" | "Vec") || variable.type_name.trim().starts_with('[')
}

/// Rust that shares the variable `name` if it has changed.
pub fn offer(name: &str) -> String {
    format!("(&&lab::tables::offer::Offer(&{name})).benchbook_offer(\"{name}\")?;\n")
}

/// Rust that makes the shared table `name` a variable.
pub fn fetch(name: &str) -> String {
    format!("let {name}: lab::polars::frame::DataFrame = lab::tables::fetch(\"{name}\")?;\n")
}

/// Python of ours that calls a function of the module `benchbook`.
pub fn python(function: &str, argument: &Value) -> String {
    // A JSON text is a Python text as well, but `true` is no Python.
    let argument = Value::from(argument.to_string());
    format!("__import__(\"benchbook\")._call(\"{function}\", {argument})")
}

/// Calls a function of the module `benchbook` in Python; its failure is an error without the lines of our own code.
///
/// # Errors
/// What the function says, an interrupt, a dead worker.
pub fn call_python(function: &str, argument: &Value, env: Option<&str>, host: &mut dyn Host) -> Result<(), MagicError> {
    let mut failed = None;
    host.ask_python(&python(function, argument), env, &mut |event| {
        if event.kind == "failed" {
            let text = |key: &str| event.data[key].as_str().unwrap_or_default().to_owned();
            failed = Some(MagicError::new(text("name"), text("message")));
        }
    })?;
    failed.map_or(Ok(()), Err)
}

/// Shares those Python variables among `names` that can be tables and have changed. What Python does not have is left alone.
///
/// # Errors
/// A variable that should be a table and cannot be one.
pub fn offer_python(names: &[&str], host: &mut dyn Host) -> Result<(), MagicError> {
    let mut failed = None;
    host.ask_python(&python("offer", &json!(names)), None, &mut |event| {
        if event.kind == "table"
            && let (Some(name), Some(error)) = (event.data["name"].as_str(), event.data["error"].as_str())
        {
            failed = Some(MagicError::new("TableError", format!("the Python variable `{name}` cannot be shared as a table: {error}")));
        }
    })?;
    failed.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_that_may_be_tables() {
        let variable = |type_name: &str| Variable { name: "x".into(), type_name: type_name.into() };
        for good in ["DataFrame", "lab::polars::frame::DataFrame", "Vec<Option<f64>>", "[i32; 3]", "arrow::array::RecordBatch", "Series"] {
            assert!(is_table(&variable(good)), "{good}");
        }
        for bad in ["i32", "String", "HashMap<String, Vec<i32>>", "MyDataFrame", "Option<DataFrame>", "(Vec<i32>, i32)"] {
            assert!(!is_table(&variable(bad)), "{bad}");
        }
        assert_eq!(python("offer", &json!(["a"])), "__import__(\"benchbook\")._call(\"offer\", \"[\\\"a\\\"]\")");
    }
}
