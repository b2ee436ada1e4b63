//! Whether a student's notebook gives the solution of its exercise away.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::course::notebook::{Notebook, text};

/// Lines with fewer letters and digits, such as braces and `else`, tell nothing.
const TELLING: usize = 8;

/// Where lines of the solution that are not in the starter can be read, a sentence for each.
///
/// Prose, outputs and metadata may hold none of them. Code of the lesson and of the check may share some, since a lesson shows
/// what its exercise needs and a check computes its reference, but fewer than three quarters of them.
#[must_use]
pub fn leaks(notebook: &Notebook, solution: &str) -> Vec<String> {
    let starter = notebook.position("exercise").map(|at| text(&notebook.cells()[at]["source"])).unwrap_or_default();
    // A notebook that is solved already has no starter to compare with: all lines count.
    let starter = if starter.trim_end() == solution { String::new() } else { squeeze(&starter) };
    let own: BTreeSet<String> =
        solution.lines().filter(|line| is_telling(line)).map(squeeze).filter(|line| !starter.contains(line)).collect();
    let mut found = Vec::new();
    let mut in_code = BTreeSet::new();
    for cell in notebook.cells() {
        let source = squeeze(&text(&cell["source"]));
        let mut rest = cell.clone();
        rest["source"] = Value::Null;
        let rest = strings(&rest);
        let id = cell["id"].as_str().unwrap_or("without id");
        for line in &own {
            if rest.contains(line) {
                found.push(format!("outputs or metadata of cell {id}: {line}"));
            } else if source.contains(line) && cell["cell_type"] == "code" {
                in_code.insert((line.clone(), id.to_owned()));
            } else if source.contains(line) {
                found.push(format!("text of cell {id}: {line}"));
            }
        }
    }
    let metadata = strings(&notebook.json["metadata"]);
    found.extend(own.iter().filter(|line| metadata.contains(*line)).map(|line| format!("metadata of the notebook: {line}")));
    let shared: BTreeSet<&String> = in_code.iter().map(|(line, _)| line).collect();
    if !shared.is_empty() && shared.len() * 4 >= own.len() * 3 {
        found.extend(in_code.iter().map(|(line, id)| format!("code of cell {id}: {line}")));
    }
    found
}

/// A header is in the starter as well, and a single word may stand anywhere.
fn is_telling(line: &str) -> bool {
    let long = line.chars().filter(|c| c.is_alphanumeric()).count() >= TELLING;
    let word = line.trim().chars().all(|c| c.is_alphanumeric() || c == '_');
    long && !word && !line.starts_with("%%")
}

/// White space does not matter.
fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// All text in a JSON value, names of members included.
fn strings(value: &Value) -> String {
    match value {
        Value::String(text) => squeeze(text),
        Value::Array(items) if items.iter().all(Value::is_string) => squeeze(&text(value)),
        Value::Array(items) => items.iter().map(strings).collect::<Vec<_>>().join(" "),
        Value::Object(members) => {
            members.iter().map(|(name, value)| format!("{} {}", squeeze(name), strings(value))).collect::<Vec<_>>().join(" ")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SOLUTION: &str =
        "%%exercise e\nfn f(n: u32) -> u32 {\n    let doubled = n * 2;\n    let tripled = n * 3;\n    doubled + tripled\n}";

    fn notebook(change: impl Fn(&mut Value)) -> Notebook {
        let mut json = json!({"nbformat": 4, "metadata": {}, "cells": [
            {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["Write `f`.\n"]},
            {"cell_type": "code", "id": "exercise", "metadata": {}, "outputs": [], "source": "%%exercise e\nfn f(n: u32) -> u32 {\n    todo!()\n}"},
            {"cell_type": "code", "id": "check", "metadata": {}, "outputs": [], "source": "%%check e\nassert_eq!(f(1), 5);"},
        ]});
        change(&mut json);
        Notebook { json }
    }

    #[test]
    fn every_way_to_leak_is_found() {
        assert_eq!(leaks(&notebook(|_| {}), SOLUTION), Vec::<String>::new());
        let places: [fn(&mut Value); 6] = [
            |json| json["cells"][0]["source"] = json!("Say `let  doubled = n * 2;`"),
            |json| json["cells"][1]["metadata"]["old"] = json!(["let doubled\n", " = n * 2;"]),
            |json| json["cells"][2]["outputs"] = json!([{"data": {"text/plain": ["x\n", "doubled + tripled\n"]}}]),
            |json| json["metadata"]["let doubled = n * 2;"] = json!(1),
            |json| json["cells"][0]["attachments"] = json!({"a": {"text/plain": "doubled + tripled"}}),
            |json| json["cells"][1]["source"] = json!(SOLUTION),
        ];
        for (number, place) in places.iter().enumerate() {
            assert!(!leaks(&notebook(place), SOLUTION).is_empty(), "place {number}");
        }
    }

    #[test]
    fn a_check_may_share_a_line_but_not_most_of_them() {
        let with = |source: &'static str| notebook(move |json| json["cells"][2]["source"] = json!(source));
        assert!(leaks(&with("%%check e\nlet doubled = n * 2;"), SOLUTION).is_empty());
        assert!(!leaks(&with("%%check e\nlet doubled = n * 2;\n  let tripled = n * 3;\nassert!(doubled + tripled)"), SOLUTION).is_empty());
    }
}
