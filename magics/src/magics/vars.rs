//! `%vars`: live Rust variables.

use crate::bundle::Bundle;
use crate::error::MagicError;
use crate::host::Host;
use crate::registry::{Call, Magic};
use crate::spec::{Example, Kind, Spec};
use crate::table::{Heading, Table};

static SPEC: Spec = Spec {
    name: "vars",
    kind: Kind::Line,
    summary: "Lists live Rust variables and their types",
    category: "Data",
    options: &[],
    positional: None,
    examples: &[Example { code: "%vars", about: "All variables" }],
    details: "",
};

/// The magic.
pub struct Vars;

impl Magic for Vars {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn run(&self, _call: &Call, host: &mut dyn Host) -> Result<(), MagicError> {
        let variables = host.variables();
        if variables.is_empty() {
            let text = "No Rust variables yet: `let x = 1;` makes one.";
            host.display(&Bundle::text(text.replace('`', "")).with("text/html", crate::html::inline(text)));
            return Ok(());
        }
        let rows: Vec<_> = variables.into_iter().map(|variable| vec![Some(variable.name), Some(variable.type_name)]).collect();
        let caption = vec![if rows.len() == 1 { "1 variable".into() } else { format!("{} variables", rows.len()) }];
        let headings = vec![Heading::text("variable"), Heading::text("type")];
        host.display(&Table { headings, rows, caption, marked: false }.bundle());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Recorder, run_cell};

    #[test]
    fn types_are_escaped() {
        let mut host = Recorder::default().variable("v", "Vec<i64>");
        run_cell("%vars", &mut host).unwrap();
        assert!(host.shown().contains("│ v        │ Vec<i64> │"), "{}", host.shown());
        assert!(host.shown_html().contains("Vec&lt;i64&gt;"));
        let mut empty = Recorder::default();
        run_cell("%vars", &mut empty).unwrap();
        assert!(empty.shown().starts_with("No Rust variables yet"));
    }
}
