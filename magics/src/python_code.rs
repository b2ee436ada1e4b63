//! Python code of ours for [`crate::host::Host::measure_python`].

use serde_json::{Value, json};

/// A Python module whose text is part of the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Module {
    /// As in `import name`.
    pub name: &'static str,
    pub source: &'static str,
}

/// An expression that calls `function` of the last of `modules`, with one argument per value.
///
/// The worker makes each module at its first use, in this order, and keeps it in `sys.modules`; another text replaces it.
/// The expression stands on one line and binds no name among the user's variables.
pub fn call(modules: &[Module], function: &str, arguments: &[Value]) -> String {
    let modules: Vec<_> = modules.iter().map(|module| json!([module.name, module.source])).collect();
    // They travel as JSON text: a JSON string is a Python string as well, but `true` and `null` are no Python.
    let texts = [Value::from(modules).to_string(), function.to_owned(), Value::from(arguments).to_string()];
    let literals = texts.map(|text| Value::from(text).to_string()).join(", ");
    format!("__import__(\"benchbook_events\").call({literals})")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Module, call};

    #[test]
    fn a_call_is_one_line_whatever_is_in_it() {
        let code = call(&[Module { name: "m", source: "%x?\n" }], "run", &[json!(null), json!("é\n\"")]);
        let arguments = r#""[[\"m\",\"%x?\\n\"]]", "run", "[null,\"é\\n\\\"\"]""#;
        assert_eq!(code, format!("__import__(\"benchbook_events\").call({arguments})"));
    }
}
