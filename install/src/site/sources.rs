//! What the site's generator reads: the notebooks, and what the course says about them.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::course::{self, Lesson, MODULES, instructor, schedule};
use crate::editions::{self, Edition};

/// Writes `notebooks/*.ipynb` and `course.json` into `work`.
pub(super) fn write(notebooks: &Path, work: &Path, solutions: bool) -> Result<()> {
    describe(notebooks, &work.join("course.json"))?;
    let edition = if solutions { Edition::Handout } else { Edition::Reading };
    editions::write(notebooks, edition, &work.join("notebooks"))?;
    Ok(())
}

/// Writes what the notebooks say of themselves, and the schedule that follows, as JSON.
///
/// # Errors
/// When a notebook cannot be read, there is none, or the file cannot be written.
pub fn describe(notebooks: &Path, path: &Path) -> Result<()> {
    let lessons = course::lessons(notebooks)?;
    if lessons.is_empty() {
        bail!("{} holds no notebooks", notebooks.display());
    }
    let page = notebooks.join(instructor::PAGE);
    let instructor = if page.is_file() { Some(instructor::page(notebooks)?) } else { None };
    let course = json!({
        "parts": parts(&lessons),
        "schedule": schedule::markdown(&lessons),
        "instructor": instructor,
    });
    std::fs::write(path, course.to_string()).with_context(|| format!("cannot write {}", path.display()))
}

/// A part per module, then what belongs to none.
fn parts(lessons: &[Lesson]) -> Value {
    let part = |title: String, module: Option<u8>| {
        let lessons: Vec<Value> = lessons
            .iter()
            .filter(|lesson| lesson.module == module)
            .map(|lesson| json!({ "name": lesson.name, "label": lesson.label(), "minutes": lesson.minutes, "core": lesson.is_core() }))
            .collect();
        json!({ "module": module, "title": title, "lessons": lessons })
    };
    MODULES
        .iter()
        .map(|module| part(format!("Module {}: {}", module.number, module.title), Some(module.number)))
        .chain([part("Appendix".to_owned(), None)])
        .collect()
}
