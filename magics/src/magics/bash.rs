//! `%%bash`: runs a shell script.

use crate::error::MagicError;
use crate::host::Host;
use crate::registry::{Call, Magic};
use crate::spec::{Example, Kind, Positional, PositionalKind, Spec};

use super::python::script;

static SPEC: Spec = Spec {
    name: "bash",
    kind: Kind::Both,
    summary: "Runs a bash script, with its output as it comes",
    category: "Languages",
    options: &[],
    positional: Some(Positional { name: "script", kind: PositionalKind::Code, required: false, help: "shell commands" }),
    examples: &[
        Example { code: "%%bash\nset -e\nfor n in 1 2 3; do echo $n; done", about: "A script" },
        Example { code: "%bash nproc", about: "One line, as `!nproc`" },
    ],
    details: "The script runs in the notebook's folder and in your own environment; it cannot read input. An exit code other than 0 fails the \
              cell. The cell ends once everything that it started has closed its output; an interrupt ends all of it.",
};

/// The magic.
pub struct Bash;

impl Magic for Bash {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn run(&self, call: &Call, host: &mut dyn Host) -> Result<(), MagicError> {
        host.bash(&script(call))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Recorder, run_cell};

    #[test]
    fn the_script_is_handed_over_as_it_is() {
        let mut host = Recorder::default();
        run_cell("%%bash\necho '%x'\n  echo \"$HOME\"\n", &mut host).unwrap();
        run_cell("%bash ls -l | wc", &mut host).unwrap();
        assert_eq!(host.scripts, ["echo '%x'\n  echo \"$HOME\"\n", "ls -l | wc"]);
    }
}
