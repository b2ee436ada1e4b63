//! The reference page of all magics, made from their specs.

use crate::help::about;
use crate::registry::MAGICS;
use crate::spec::{Kind, Spec};

/// Magics in groups, in the order in which categories first appear in the registry.
pub fn by_category() -> Vec<(&'static str, Vec<&'static Spec>)> {
    let mut groups: Vec<(&'static str, Vec<&'static Spec>)> = Vec::new();
    for spec in MAGICS.iter().map(|magic| magic.spec()) {
        match groups.iter_mut().find(|(category, _)| *category == spec.category) {
            Some((_, specs)) => specs.push(spec),
            None => groups.push((spec.category, vec![spec])),
        }
    }
    groups
}

/// The page as Markdown.
pub fn reference_markdown() -> String {
    let mut out = String::from(
        "# Magics\n\n\
         This page is made from the specs in `magics/src/magics/`; a test says when it is stale.\n\n\
         One grammar for all options: `--long value`, `--long=value`, `-s value`, flags, `--help`; `--` ends the options; \
         quotes hold spaces. `%%name?` and `?%name` show help.\n",
    );
    for (category, specs) in by_category() {
        out.push_str(&format!("\n## {category}\n"));
        for spec in specs {
            out.push_str(&one(spec));
        }
    }
    out
}

fn one(spec: &Spec) -> String {
    let forms = match spec.kind {
        Kind::Both => format!("`%%{0}`, `%{0}`", spec.name),
        Kind::Line | Kind::Cell => format!("`{}`", spec.written()),
    };
    let mut out = format!("\n### {forms}\n\n{}.\n\n```text\n{}\n```\n", spec.summary, spec.usage());
    if !spec.options.is_empty() {
        out.push_str("\n| option | meaning |\n|---|---|\n");
        for option in spec.options {
            // A bar inside a cell would start the next one.
            let written = option.written().replace('|', "\\|");
            out.push_str(&format!("| `{written}` | {} |\n", about(option).replace('|', "\\|")));
        }
    }
    if let Some(positional) = &spec.positional {
        out.push_str(&format!("\n`{}`: {}\n", positional.name, positional.help));
    }
    if !spec.details.is_empty() {
        out.push_str(&format!("\n{}\n", spec.details));
    }
    for example in spec.examples {
        out.push_str(&format!("\n{}:\n\n```text\n{}\n```\n", example.about, example.code));
    }
    out
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// Write it anew with `BENCHBOOK_BLESS=1 cargo test -p magics`.
    #[test]
    fn the_page_is_not_stale() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("MAGICS.md");
        let page = super::reference_markdown();
        if std::env::var_os("BENCHBOOK_BLESS").is_some() {
            std::fs::write(&path, &page).unwrap();
        }
        let stored = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(stored == page, "magics/MAGICS.md is stale: run `BENCHBOOK_BLESS=1 cargo test -p magics`");
    }
}
