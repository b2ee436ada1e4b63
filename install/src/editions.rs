//! One source, three editions of the course: *student* (outputs cleared, exercises unsolved), *solution* (solved) and *handout*
//! (as committed, with its outputs, and the solution folded below its check).

mod convert;
mod leaks;
mod note;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::course::notebook::Notebook;
use crate::course::{self, Lesson};

pub use convert::Edition;
pub use leaks::leaks;

/// Where the solution of a notebook's exercise lies, beside the notebooks.
#[must_use]
pub fn solution_path(notebooks: &Path, name: &str) -> PathBuf {
    notebooks.join("exercises").join(name).join("solution.cell")
}

/// The solution of a notebook's exercise; `None` for a notebook without exercise.
///
/// # Errors
/// When there is an exercise but no solution, or it cannot be read.
pub fn solution(notebooks: &Path, name: &str, notebook: &Notebook) -> Result<Option<String>> {
    let path = solution_path(notebooks, name);
    if notebook.position("exercise").is_none() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("{name} has an exercise, but its solution {} cannot be read", path.display()))?;
    Ok(Some(text.trim_end().to_owned()))
}

/// Writes one edition of each notebook into `out`; returns the paths.
///
/// # Errors
/// When a notebook or a solution cannot be read, something cannot be written, or a student's notebook would hold a solution.
pub fn write(notebooks: &Path, edition: Edition, out: &Path) -> Result<Vec<PathBuf>> {
    std::fs::create_dir_all(out).with_context(|| format!("cannot make the folder {}", out.display()))?;
    let mut written = Vec::new();
    for path in course::paths(notebooks)? {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let source = Notebook::read(&path)?;
        let solution = solution(notebooks, &name, &source)?;
        let made = convert::convert(&source, edition, solution.as_deref());
        if edition == Edition::Student
            && let Some(solution) = &solution
        {
            let found = leaks(&made, solution);
            if !found.is_empty() {
                bail!("{} would give its solution away to students:\n  {}", path.display(), found.join("\n  "));
            }
        }
        let target = out.join(path.file_name().unwrap_or_default());
        made.write(&target)?;
        written.push(target);
    }
    Ok(written)
}

/// Writes all three editions into folders of `out`, and a note for the instructor beside them; returns the folders.
///
/// # Errors
/// As [`write`].
pub fn write_all(notebooks: &Path, out: &Path) -> Result<Vec<PathBuf>> {
    let lessons: Vec<Lesson> = course::lessons(notebooks)?;
    let mut folders = Vec::new();
    for edition in Edition::ALL {
        let folder = out.join(edition.name());
        write(notebooks, edition, &folder)?;
        folders.push(folder);
    }
    let note_path = out.join("README.md");
    std::fs::write(&note_path, note::note(notebooks, &lessons)?).with_context(|| format!("cannot write {}", note_path.display()))?;
    Ok(folders)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Layout;

    #[test]
    fn no_students_notebook_holds_a_solution() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let notebooks = Layout::discover()?.notebooks();
        let folders = write_all(&notebooks, dir.path())?;
        let mut exercises = 0;
        for lesson in course::lessons(&notebooks)? {
            let file = format!("{}.ipynb", lesson.name);
            let student = Notebook::read(&folders[0].join(&file))?;
            let solved = Notebook::read(&folders[1].join(&file))?;
            let handout = Notebook::read(&folders[2].join(&file))?;
            let Some(solution) = solution(&notebooks, &lesson.name, &student)? else { continue };
            exercises += 1;
            assert_eq!(leaks(&student, &solution), Vec::<String>::new(), "{file}");
            assert!(!leaks(&solved, &solution).is_empty() && !leaks(&handout, &solution).is_empty(), "{file}: the test sees nothing");
        }
        assert!(exercises >= 7, "{exercises} exercises found");
        let names: Vec<String> = folders[0].read_dir()?.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
        assert!(names.iter().all(|name| name.ends_with(".ipynb")), "{names:?}");
        Ok(())
    }
}
