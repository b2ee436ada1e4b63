//! `%lsmagic`: all magics by category.

use crate::bundle::Bundle;
use crate::error::MagicError;
use crate::host::Host;
use crate::html::{MUTED, escape};
use crate::reference::by_category;
use crate::registry::{Call, Magic};
use crate::spec::{Example, Kind, Spec};
use crate::table::{Heading, Table};

static SPEC: Spec = Spec {
    name: "lsmagic",
    kind: Kind::Line,
    summary: "Lists all magics",
    category: "Help",
    options: &[],
    positional: None,
    examples: &[Example { code: "%lsmagic", about: "All magics by category" }],
    details: "",
};

/// The magic.
pub struct LsMagic;

impl Magic for LsMagic {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn run(&self, _call: &Call, host: &mut dyn Host) -> Result<(), MagicError> {
        host.display(&list());
        Ok(())
    }
}

/// The list as text and HTML.
pub fn list() -> Bundle {
    let mut text = Vec::new();
    let mut html = String::new();
    for (category, specs) in by_category() {
        let row = |spec: &&Spec| {
            let forms = if spec.kind == Kind::Both { format!("`%%{0}`, `%{0}`", spec.name) } else { format!("`{}`", spec.written()) };
            vec![Some(forms), Some(spec.summary.to_owned())]
        };
        let rows = specs.iter().map(row).collect();
        let table = Table { headings: vec![Heading::text(category), Heading::text("does")], rows, caption: Vec::new(), marked: true };
        text.push(format!("{category}\n{}", lines(&specs)));
        html.push_str(&table.html());
    }
    let more =
        "Help on one: %%sql? or %%sql --help. evcxr's :commands (:help lists them) and !shell lines work before the first line of Rust.";
    text.push(more.to_owned());
    html.push_str(&format!("<div style=\"{MUTED}\">{}</div>", escape(more)));
    Bundle::text(text.join("\n\n")).with("text/html", html)
}

fn lines(specs: &[&Spec]) -> String {
    let line = |spec: &&Spec| format!("  {:14}{}", spec.written(), spec.summary);
    specs.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use crate::registry::MAGICS;
    use crate::testing::{Recorder, run_cell};

    #[test]
    fn every_magic_is_listed_in_text_and_html() {
        let mut host = Recorder::default();
        run_cell("%lsmagic", &mut host).unwrap();
        for magic in MAGICS {
            assert!(host.shown().contains(&magic.spec().written()), "{}", magic.spec().name);
            assert!(host.shown_html().contains(&magic.spec().written()));
        }
    }
}
