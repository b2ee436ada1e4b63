//! What lies beside the editions for whoever teaches.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;

use super::solution;
use crate::course::notebook::{Notebook, text};
use crate::course::{Lesson, instructor};

/// The note: what is in the folders, and what each exercise is to find.
pub(super) fn note(notebooks: &Path, lessons: &[Lesson]) -> Result<String> {
    let mut note = format!(
        "# Editions of the course\n\n\
         | folder | for | what |\n|---|---|---|\n\
         | `student` | students, before the lesson | no outputs, exercises to be solved, checks; no solution is in it |\n\
         | `solution` | you | each exercise solved, its check passes; keep it to yourself until the lesson is over |\n\
         | `handout` | everybody, after the lesson | with outputs and charts; the solution is folded below its check |\n\n\
         Made by `cargo lab editions`; with `--execute` the last two are executed on this machine. The schedule, and what to install before, are in\n\
         `notebooks/{}` of the clone.\n\n\
         ## Exercises\n\n| notebook | exercise | a plausible answer that is wrong |\n|---|---|---|\n",
        instructor::PAGE
    );
    for lesson in lessons {
        let source = Notebook::read(&notebooks.join(format!("{}.ipynb", lesson.name)))?;
        let Some(solution) = solution(notebooks, &lesson.name, &source)? else { continue };
        let first = solution.lines().next().unwrap_or_default();
        let exercise = first.split_whitespace().nth(1).unwrap_or("–");
        let _ = writeln!(note, "| {} | `{exercise}` | {} |", lesson.label(), wrong_answer(notebooks, lesson));
    }
    let _ = write!(note, "\nNotebooks without an automatic check: {}.\n", without(notebooks, lessons)?);
    Ok(note)
}

/// What the check finds wrong about the wrong answer that lies beside the solution; its first line says so.
fn wrong_answer(notebooks: &Path, lesson: &Lesson) -> String {
    let mutant = std::fs::read_to_string(notebooks.join("exercises").join(&lesson.name).join("mutant.cell")).unwrap_or_default();
    let first = mutant.lines().next().unwrap_or_default();
    let reason = first.strip_prefix("# ").or_else(|| first.strip_prefix("// "));
    reason.map_or("–".to_owned(), |reason| format!("the check says \"{}\"", reason.replace('|', "\\|")))
}

fn without(notebooks: &Path, lessons: &[Lesson]) -> Result<String> {
    let mut names = Vec::new();
    for lesson in lessons {
        let source = Notebook::read(&notebooks.join(format!("{}.ipynb", lesson.name)))?;
        if !source.cells().iter().any(|cell| text(&cell["source"]).starts_with("%%check")) {
            names.push(lesson.number.as_str());
        }
    }
    Ok(if names.is_empty() { "none".to_owned() } else { names.join(", ") })
}
