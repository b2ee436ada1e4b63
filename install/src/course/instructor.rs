//! The instructor's page: written by hand, but for the schedule between two marks, which follows from the notebooks.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::{lessons, schedule};

/// The page, in the folder of the notebooks.
pub const PAGE: &str = "INSTRUCTOR.md";

const BEGIN: &str = "<!-- schedule: written by `BENCHBOOK_BLESS=1 cargo test -p install` -->\n";
const END: &str = "<!-- end of schedule -->\n";

/// The page with the schedule that the notebooks beside it give.
///
/// # Errors
/// When the page or a notebook cannot be read, or the page has lost its marks.
pub fn page(notebooks: &Path) -> Result<String> {
    let path = notebooks.join(PAGE);
    let stored = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let schedule = schedule::markdown(&lessons(notebooks)?);
    with_schedule(&stored, &schedule).with_context(|| format!("{} cannot be renewed", path.display()))
}

fn with_schedule(page: &str, schedule: &str) -> Result<String> {
    let parts = page.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let Some((before, after)) = parts else { bail!("the lines `{}` and `{}` are to stand around the schedule", BEGIN.trim(), END.trim()) };
    Ok(format!("{before}{BEGIN}\n{schedule}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_is_replaced() -> Result<()> {
        let page = format!("# A\n{BEGIN}old\n{END}## B\n");
        let new = with_schedule(&page, "| new |\n")?;
        assert_eq!(new, format!("# A\n{BEGIN}\n| new |\n\n{END}## B\n"));
        assert_eq!(with_schedule(&new, "| new |\n")?, new);
        assert!(with_schedule("# A\n", "").is_err());
        Ok(())
    }

    #[test]
    fn the_instructors_page_is_current() -> Result<()> {
        let notebooks = crate::Layout::discover()?.notebooks();
        let (path, page) = (notebooks.join(PAGE), page(&notebooks)?);
        if std::env::var_os("BENCHBOOK_BLESS").is_some() {
            std::fs::write(&path, &page)?;
        }
        let stored = std::fs::read_to_string(&path)?;
        assert!(stored == page, "notebooks/{PAGE} is stale: run `BENCHBOOK_BLESS=1 cargo test -p install`");
        Ok(())
    }
}
