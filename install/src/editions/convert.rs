//! From the committed notebook to an edition of it.

use serde_json::{Map, Value, json};

use crate::course::notebook::{Notebook, lines};

/// For whom a notebook is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edition {
    /// To work with: no outputs, exercises as they are to be solved.
    Student,
    /// Solved, not executed.
    Solution,
    /// To read: as committed, with its outputs; the solution is folded below its check.
    Handout,
    /// To read before the lesson: as committed, without solution. The site and the PDFs can be made of it.
    Reading,
}

impl Edition {
    /// Those that are handed out as notebooks.
    pub const ALL: [Self; 3] = [Self::Student, Self::Solution, Self::Handout];

    /// The name of its folder.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Student => "student",
            Self::Solution => "solution",
            Self::Handout => "handout",
            Self::Reading => "reading",
        }
    }
}

/// Marks a cell that may fail, as the check of an unsolved exercise does.
const MAY_FAIL: &str = "raises-exception";

pub(super) fn convert(source: &Notebook, edition: Edition, solution: Option<&str>) -> Notebook {
    let mut notebook = source.clone();
    let benchbook = notebook.json["metadata"]["benchbook"].clone();
    notebook.json["metadata"]["benchbook"] = with_edition(benchbook, edition);
    if matches!(edition, Edition::Student | Edition::Solution) {
        for cell in notebook.cells_mut() {
            clear(cell);
        }
    }
    match (edition, solution) {
        (Edition::Solution, Some(solution)) => solve(&mut notebook, solution),
        (Edition::Handout, Some(solution)) => append_folded(&mut notebook, solution),
        _ => {}
    }
    notebook
}

fn with_edition(facts: Value, edition: Edition) -> Value {
    let mut facts = if let Value::Object(facts) = facts { facts } else { Map::new() };
    facts.insert("edition".to_owned(), Value::from(edition.name()));
    Value::Object(facts)
}

/// Takes away outputs and all metadata but the tags: what an author's editor left there is nobody's business.
fn clear(cell: &mut Value) {
    let tags = cell["metadata"]["tags"].take();
    cell["metadata"] = if tags.is_array() { json!({ "tags": tags }) } else { json!({}) };
    if cell["cell_type"] == "code" {
        cell["outputs"] = json!([]);
        cell["execution_count"] = Value::Null;
    }
}

/// The solution in the place of the starter; its check must pass now.
fn solve(notebook: &mut Notebook, solution: &str) {
    for cell in notebook.cells_mut() {
        if cell["id"] == "exercise" {
            cell["source"] = lines(solution);
        } else if cell["id"] == "check"
            && let Some(tags) = cell["metadata"]["tags"].as_array_mut()
        {
            tags.retain(|tag| tag != MAY_FAIL);
        }
    }
}

/// The solution below the check (or the exercise, when there is no check), folded.
fn append_folded(notebook: &mut Notebook, solution: &str) {
    let Some(place) = notebook.position("check").or_else(|| notebook.position("exercise")) else { return };
    let heading = json!({
        "cell_type": "markdown", "id": "solution-note", "metadata": { "tags": ["solution"] },
        "source": ["*One solution follows. Try it yourself first.*"],
    });
    let folded = json!({
        "cell_type": "code", "id": "solution", "metadata": { "jupyter": { "source_hidden": true }, "tags": ["solution"] },
        "execution_count": null, "outputs": [], "source": lines(solution),
    });
    notebook.cells_mut().splice(place + 1..place + 1, [heading, folded]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::notebook::text;

    fn source() -> Notebook {
        let code = |id: &str, source: &str, tags: Value| {
            json!({"cell_type": "code", "id": id, "execution_count": 3, "source": source,
                "metadata": {"execution": {"t": "x = 41 + 1"}, "tags": tags}, "outputs": [{"output_type": "stream", "text": "42"}]})
        };
        let cells = json!([
            {"cell_type": "markdown", "id": "c0", "metadata": {"secret": 1}, "source": "# T"},
            code("exercise", "%%exercise e\ntodo!()", json!(["exercise"])),
            code("check", "%%check e", json!(["check", "raises-exception"])),
        ]);
        Notebook { json: json!({"nbformat": 4, "nbformat_minor": 5, "metadata": {"benchbook": {"minutes": 5}}, "cells": cells}) }
    }

    #[test]
    fn a_students_notebook_is_clear() {
        let made = convert(&source(), Edition::Student, Some("%%exercise e\nx = 41 + 1"));
        assert_eq!(made.json["metadata"]["benchbook"], json!({"minutes": 5, "edition": "student"}));
        let all = made.json.to_string();
        assert!(!all.contains("42") && !all.contains("41 + 1") && !all.contains("secret"), "{all}");
        assert_eq!(text(&made.cells()[1]["source"]), "%%exercise e\ntodo!()");
        assert_eq!(made.cells()[2]["metadata"]["tags"], json!(["check", "raises-exception"]));
        assert_eq!(made.cells()[1]["execution_count"], Value::Null);
    }

    #[test]
    fn a_solved_one_must_pass_its_check() {
        let made = convert(&source(), Edition::Solution, Some("%%exercise e\nx = 41 + 1"));
        assert_eq!(text(&made.cells()[1]["source"]), "%%exercise e\nx = 41 + 1");
        assert_eq!(made.cells()[2]["metadata"]["tags"], json!(["check"]));
        assert_eq!(made.cells()[1]["outputs"], json!([]));
    }

    #[test]
    fn a_handout_keeps_all_and_folds_the_solution() {
        let made = convert(&source(), Edition::Handout, Some("%%exercise e\nx = 41 + 1"));
        assert_eq!(made.cells().len(), 5);
        assert_eq!(made.cells()[1], source().cells()[1]);
        assert_eq!(made.cells()[4]["metadata"]["jupyter"]["source_hidden"], json!(true));
        assert_eq!(convert(&source(), Edition::Handout, None).cells().len(), 3);
    }
}
