//! `%restore`: makes the variables of a lost worker again.

use crate::error::MagicError;
use crate::host::{Host, Stream};
use crate::registry::{Call, Magic};
use crate::spec::{Example, Kind, Spec};

static SPEC: Spec = Spec {
    name: "restore",
    kind: Kind::Line,
    summary: "Runs the cells again that made the variables, in a fresh worker",
    category: "Data",
    options: &[],
    positional: None,
    examples: &[Example { code: "%restore", about: "After an interrupt or a crash has taken the variables" }],
    details: "Every Rust cell that has made variables, or names one that it could change, runs again, in the order in which they ran first and without \
              output; they come from the cell cache, so nothing is compiled. What those cells do outside (files, network) happens again. \
              Variables that are there now are made anew.",
};

/// The magic.
pub struct Restore;

impl Magic for Restore {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn run(&self, _call: &Call, host: &mut dyn Host) -> Result<(), MagicError> {
        let restored = host.restore()?;
        let names: Vec<String> = host.variables().into_iter().map(|variable| variable.name).collect();
        let cells = match restored.cells {
            1 => "1 cell".to_owned(),
            n => format!("{n} cells"),
        };
        let there = if names.is_empty() { "no variables".to_owned() } else { names.join(", ") };
        if let Some((cell, error)) = restored.failed {
            return Err(MagicError::new(error.name.clone(), format!("{cell} failed when it ran again: {}", error.message))
                .hint(format!("{cells} ran before it; there are now: {there}. Run the rest by hand")));
        }
        host.stream(Stream::Stdout, &format!("{cells} ran again; there are now: {there}\n"));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::error::MagicError;
    use crate::host::Restored;
    use crate::testing::{Recorder, run_cell};

    #[test]
    fn it_says_what_is_there_again() {
        let mut host = Recorder::default().variable("a", "i32").variable("df", "DataFrame");
        host.restored = Restored { cells: 2, failed: None };
        run_cell("%restore", &mut host).unwrap();
        assert!(host.streams.contains("2 cells ran again; there are now: a, df"), "{}", host.streams);
    }

    #[test]
    fn a_cell_that_fails_is_named() {
        let failed = Some(("cell [3]".into(), MagicError::new("panic", "no such file")));
        let mut host = Recorder { restored: Restored { cells: 1, failed }, ..Recorder::default() };
        let error = run_cell("%restore", &mut host).unwrap_err();
        assert!(error.message.contains("cell [3]") && error.message.contains("no such file"), "{error:?}");
    }
}
