//! Completion and Shift-Tab in Python, which only a running worker answers.

use std::ops::Range;

use magics::bundle::Bundle;
use serde_json::Value;

use crate::engine::{Completion, Completions};
use crate::protocol::text::{byte_offset, code_points};
use crate::python_worker::PythonWorkers;

/// Completions at `position` of the cell, whose bytes `span` are Python.
pub fn complete(workers: &PythonWorkers, env: Option<&str>, code: &str, span: Range<usize>, position: usize) -> Completions {
    let body = &code[span.clone()];
    match workers.complete(env, body, code_points(body, position - span.start)) {
        Some(reply) => completions(&reply, body, span.start),
        None => Completions { matches: Vec::new(), start: position, end: position },
    }
}

fn completions(reply: &Value, body: &str, offset: usize) -> Completions {
    let at = |key: &str| {
        let position = reply[key].as_u64().and_then(|position| usize::try_from(position).ok());
        offset + byte_offset(body, position.unwrap_or_default())
    };
    let typed = reply["metadata"]["_jupyter_types_experimental"].as_array();
    let about = |index: usize, key: &str| typed.and_then(|typed| typed.get(index)?[key].as_str()).unwrap_or_default().to_owned();
    let names = reply["matches"].as_array().into_iter().flatten().filter_map(Value::as_str).enumerate();
    let matches =
        names.map(|(index, text)| Completion { text: text.to_owned(), kind: about(index, "type"), signature: about(index, "signature") });
    Completions { matches: matches.collect(), start: at("cursor_start"), end: at("cursor_end") }
}

/// What Python knows about the name at byte `position` of `body`.
pub fn inspect(workers: &PythonWorkers, env: Option<&str>, body: &str, position: usize, detail: u8) -> Option<Bundle> {
    let reply = workers.inspect(env, body, code_points(body, position), detail)?;
    let map = |key: &str| reply[key].as_object().cloned().unwrap_or_default();
    (reply["found"] == true).then(|| Bundle { data: map("data"), metadata: map("metadata") })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::completions;

    #[test]
    fn positions_are_bytes_of_the_cell() {
        let typed = json!([{ "type": "function", "signature": "(x)" }]);
        let reply = json!({
            "matches": ["length", "less"], "cursor_start": 3, "cursor_end": 5, "metadata": { "_jupyter_types_experimental": typed }
        });
        let found = completions(&reply, "é.\nle", 9);
        assert_eq!((found.start, found.end), (9 + 4, 9 + 6));
        assert_eq!((found.matches[0].kind.as_str(), found.matches[0].signature.as_str()), ("function", "(x)"));
        assert_eq!((found.matches[1].text.as_str(), found.matches[1].kind.as_str()), ("less", ""));
    }
}
