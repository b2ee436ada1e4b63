//! Whether a site is whole: nothing is loaded from outside of it, and links within it lead somewhere.

use std::path::Path;

use anyhow::{Context, Result};

use super::files;
use crate::handouts::html;

/// The number of pages, and what is wrong with them, by page.
pub(super) fn check(site: &Path) -> Result<(usize, Vec<String>)> {
    let mut pages = 0;
    let mut wrong = Vec::new();
    for file in files(site)? {
        let extension = file.extension().unwrap_or_default();
        let read = || std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()));
        let found = if extension == "html" {
            pages += 1;
            broken(&read()?, &file)
        } else if extension == "css" {
            absent(html::loaded_by_css(&read()?), &file)
        } else {
            continue;
        };
        let name = file.strip_prefix(site).unwrap_or(&file).display().to_string();
        wrong.extend(found.into_iter().map(|what| format!("{name}: {what}")));
    }
    Ok((pages, wrong))
}

/// What a page loads, or links to beside it, that is not there as a file.
#[must_use]
pub fn broken(page: &str, file: &Path) -> Vec<String> {
    let mut found = absent(html::loaded(page), file);
    let local = html::links(page).into_iter().filter(|link| !link.address.contains(':') && !link.address.starts_with("//"));
    found.extend(absent(local.collect(), file));
    found
}

fn absent(references: Vec<html::Reference>, file: &Path) -> Vec<String> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let is_there = |address: &str| {
        let path = address.split(['?', '#']).next().unwrap_or_default();
        path.is_empty() || !path.contains(':') && !path.starts_with('/') && folder.join(path).exists()
    };
    references.into_iter().filter(|reference| !is_there(&reference.address)).map(|reference| reference.shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_there_may_be_loaded() -> Result<()> {
        let dir = tempfile::tempdir()?;
        std::fs::write(dir.path().join("a.css"), "p { background: url(b.png) } q { background: url(data:,x) }")?;
        std::fs::write(dir.path().join("index.html"), "")?;
        let page = dir.path().join("index.html");
        let good =
            r##"<link rel="stylesheet" href="a.css?v=1"><a href="index.html#x">a</a><a href="https://example.org">b</a><a href="#">c</a>"##;
        assert_eq!(broken(good, &page), Vec::<String>::new());
        for bad in [
            r#"<link rel="stylesheet" href="https://cdn/a.css">"#,
            r#"<script src="//cdn/x.js"></script>"#,
            r#"<img src="gone.svg">"#,
            r#"<img src="/a.css">"#,
            r#"<a href="gone.html">x</a>"#,
            r#"<script>import("https://x")</script>"#,
        ] {
            assert_eq!(broken(bad, &page).len(), 1, "{bad}");
        }
        let (pages, wrong) = check(dir.path())?;
        assert_eq!(pages, 1);
        assert!(wrong.len() == 1 && wrong[0].starts_with("a.css: ") && wrong[0].contains("b.png"), "{wrong:?}");
        Ok(())
    }
}
