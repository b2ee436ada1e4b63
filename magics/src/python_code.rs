//! Python code of ours for [`crate::host::Host::measure_python`].

use serde_json::Value;

/// An expression that calls `function` of the module whose text is `source`, with one argument per value.
///
/// The worker makes the module at its first use and keeps it under `name` in `sys.modules`; another text replaces it. The
/// expression stands on one line and binds no name among the user's variables.
pub fn call(name: &str, source: &str, function: &str, arguments: &[Value]) -> String {
    // Arguments travel as one JSON text: a JSON string is a Python string as well, but `true` and `null` are no Python.
    let texts = [name, source, function].map(literal).join(", ");
    let arguments = literal(&Value::from(arguments).to_string());
    format!("__import__(\"benchbook_events\").call({texts}, {arguments})")
}

/// A Python string literal on one line.
fn literal(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::call;

    #[test]
    fn a_call_is_one_line_whatever_is_in_it() {
        let code = call("m", "a = \"1\"\n%x?\n", "run", &[json!({"n": null}), json!("é\n\"")]);
        assert_eq!(
            code,
            "__import__(\"benchbook_events\").call(\"m\", \"a = \\\"1\\\"\\n%x?\\n\", \"run\", \
             \"[{\\\"n\\\":null},\\\"é\\\\n\\\\\\\"\\\"]\")"
        );
    }
}
