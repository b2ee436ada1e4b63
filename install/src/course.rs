//! The course as its notebooks tell it: their numbers, titles and minutes, in modules.

pub mod instructor;
pub mod notebook;
pub mod schedule;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use notebook::Notebook;

/// Teaching minutes of one module, which is one day of programme A.
pub const MINUTES: u64 = 216;

/// One module: its title and the numbers of its core notebooks, whose minutes add up to [`MINUTES`]. Others are labs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Module {
    /// 1 to 5.
    pub number: u8,
    /// What it is about.
    pub title: &'static str,
    /// The numbers of its core notebooks, in the order in which they are taught.
    pub core: &'static [&'static str],
}

/// The modules of the course. The notebooks of the fifth are not written yet.
pub const MODULES: [Module; 5] = [
    Module { number: 1, title: "Where Python hurts", core: &["00", "11", "12", "13", "14", "15"] },
    Module { number: 2, title: "Representations and formats", core: &["21", "22", "23", "24", "25"] },
    Module { number: 3, title: "What about SQL?", core: &["31", "32", "33", "34"] },
    Module { number: 4, title: "Parallelism without myths", core: &["41", "42", "43", "44", "45", "46", "47"] },
    Module { number: 5, title: "Horizontal scaling", core: &["51", "52", "53", "54", "55", "56", "58"] },
];

/// One notebook of the course.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesson {
    /// The file's name without `.ipynb`.
    pub name: String,
    /// What stands before the first `_` of the name: `41`, `4A`.
    pub number: String,
    /// Its module; `None` for an appendix.
    pub module: Option<u8>,
    /// `benchbook.title`, or the name.
    pub title: String,
    /// `benchbook.minutes`.
    pub minutes: Option<u64>,
}

impl Lesson {
    /// What a notebook says of itself.
    ///
    /// # Errors
    /// When the file cannot be read as a notebook.
    pub fn read(path: &Path) -> Result<Self> {
        let name = path.file_stem().with_context(|| format!("{} has no name", path.display()))?.to_string_lossy().into_owned();
        let notebook = Notebook::read(path)?;
        let number = name.split('_').next().unwrap_or_default().to_owned();
        let facts = &notebook.json["metadata"]["benchbook"];
        let title = facts["title"].as_str().unwrap_or(&name).to_owned();
        Ok(Self { module: module_of(&number), title, minutes: facts["minutes"].as_u64(), name, number })
    }

    /// Whether its minutes count for its module.
    #[must_use]
    pub fn is_core(&self) -> bool {
        MODULES.iter().any(|module| module.core.contains(&self.number.as_str()))
    }

    /// Number and title, as a heading names it.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{} {}", self.number, self.title)
    }
}

/// The module is the number's first digit; the first notebook of all, 00, opens module 1.
fn module_of(number: &str) -> Option<u8> {
    match number.chars().next()? {
        '0' => Some(1),
        digit @ '1'..='5' => digit.to_digit(10).and_then(|digit| u8::try_from(digit).ok()),
        _ => None,
    }
}

/// All notebooks in a folder, in the order of their names.
///
/// # Errors
/// When the folder or one of its notebooks cannot be read.
pub fn lessons(folder: &Path) -> Result<Vec<Lesson>> {
    paths(folder)?.iter().map(|path| Lesson::read(path)).collect()
}

/// The paths of all notebooks in a folder, by name.
///
/// # Errors
/// When the folder cannot be read.
pub fn paths(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = folder.read_dir().with_context(|| format!("cannot read {}", folder.display()))?;
    let mut found: Vec<PathBuf> = entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "ipynb")).collect();
    found.sort();
    Ok(found)
}

/// What is wrong with the minutes of the core notebooks: a sentence for each module that is whole and does not take
/// [`MINUTES`], or is not whole and takes as many already; and for each notebook in a module that names no minutes.
#[must_use]
pub fn wrong_minutes(lessons: &[Lesson]) -> Vec<String> {
    let mut wrong: Vec<String> = lessons
        .iter()
        .filter(|lesson| lesson.module.is_some() && lesson.minutes.is_none())
        .map(|lesson| format!("{}: no `benchbook.minutes` in the notebook's metadata", lesson.name))
        .collect();
    for module in MODULES {
        let core: Vec<&Lesson> = lessons.iter().filter(|lesson| module.core.contains(&lesson.number.as_str())).collect();
        let sum: u64 = core.iter().filter_map(|lesson| lesson.minutes).sum();
        let whole = core.len() == module.core.len();
        if whole && sum != MINUTES || !whole && sum >= MINUTES {
            let terms: Vec<String> = core.iter().map(|l| format!("{} {}", l.number, l.minutes.unwrap_or(0))).collect();
            let kind = if whole { "" } else { ", though some are missing" };
            wrong.push(format!("module {}: {sum} minutes instead of {MINUTES}{kind} ({})", module.number, terms.join(", ")));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn lesson(number: &str, minutes: Option<u64>) -> Lesson {
        Lesson { name: format!("{number}_x"), number: number.to_owned(), module: module_of(number), title: "X".to_owned(), minutes }
    }

    #[test]
    fn a_number_tells_the_module() {
        let modules: Vec<Option<u8>> = ["00", "11", "4A", "99"].map(module_of).to_vec();
        assert_eq!(modules, [Some(1), Some(1), Some(4), None]);
        assert!(lesson("34", None).is_core() && !lesson("35", None).is_core() && !lesson("99", None).is_core());
    }

    #[test]
    fn a_wrong_sum_is_told_with_its_terms() {
        let day = |minutes: [u64; 4]| -> Vec<Lesson> {
            ["31", "32", "33", "34"].into_iter().zip(minutes).map(|(number, minutes)| lesson(number, Some(minutes))).collect()
        };
        assert_eq!(wrong_minutes(&day([50, 50, 50, 66])), Vec::<String>::new());
        let wrong = wrong_minutes(&day([50, 50, 50, 60]));
        assert!(wrong.len() == 1 && wrong[0].contains("module 3: 210 minutes instead of 216") && wrong[0].contains("34 60"), "{wrong:?}");
        // A lab does not count, and a module of which notebooks are missing is wrong only when it is full without them.
        let mut part = vec![lesson("31", Some(50)), lesson("35", Some(400))];
        assert_eq!(wrong_minutes(&part), Vec::<String>::new());
        part[0].minutes = Some(216);
        assert!(wrong_minutes(&part)[0].contains("some are missing"));
        assert!(wrong_minutes(&[lesson("35", None), lesson("99", None)])[0].contains("35_x"));
    }

    /// Links of Markdown that are no address; code is left out.
    fn local_links(markdown: &str) -> Vec<&str> {
        let prose = markdown.split('`').step_by(2);
        let targets = prose.flat_map(|prose| prose.split("](").skip(1)).filter_map(|rest| rest.split(')').next());
        targets.map(|target| target.split('#').next().unwrap_or_default()).filter(|t| !t.is_empty() && !t.contains(':')).collect()
    }

    #[test]
    fn links_between_notebooks_lead_somewhere() -> Result<()> {
        assert_eq!(local_links("[a](b.ipynb#c) ![d](e.png) [f](https://g) [h](#i) `j[0](k)`"), ["b.ipynb", "e.png"]);
        let folder = crate::Layout::discover()?.notebooks();
        for path in paths(&folder)? {
            for cell in Notebook::read(&path)?.cells().iter().filter(|cell| cell["cell_type"] == "markdown") {
                let text = notebook::text(&cell["source"]);
                let lost: Vec<&str> = local_links(&text).into_iter().filter(|link| !folder.join(link).exists()).collect();
                assert!(lost.is_empty(), "{}, cell {}: there is no {}", path.display(), cell["id"], lost.join(", "));
            }
        }
        Ok(())
    }

    #[test]
    fn the_core_notebooks_of_each_module_take_a_day() -> Result<()> {
        let wrong = wrong_minutes(&lessons(&crate::Layout::discover()?.notebooks())?);
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        Ok(())
    }
}
