//! `%%python`: runs Python cells.

use super::python_tables;
use crate::cell::{Segment, parse};
use crate::error::MagicError;
use crate::host::Host;
use crate::registry::{self, Call, Magic};
use crate::spec::{Example, Kind, OptionSpec, Positional, PositionalKind, Spec, ValueKind};

static SPEC: Spec = Spec {
    name: "python",
    kind: Kind::Both,
    summary: "Runs Python; variables stay for later cells",
    category: "Languages",
    options: &[
        OptionSpec::value(
            "env",
            ValueKind::Path,
            "another interpreter: the folder of a virtual environment or a Python program; it needs ipykernel",
        ),
        OptionSpec::value(
            "in",
            ValueKind::List,
            "tables and Rust variables that become Python variables: `name`, or `name:pandas` (arrow, pandas, polars, numpy)",
        )
        .short('i'),
        OptionSpec::value("out", ValueKind::List, "Python variables that become tables and Rust DataFrames once the cell has run")
            .short('o'),
    ],
    positional: Some(Positional { name: "code", kind: PositionalKind::Code, required: false, help: "Python, on the line or below it" }),
    examples: &[
        Example { code: "%%python\nsquares = [n * n for n in range(5)]\nsquares", about: "A cell; its last expression is shown" },
        Example { code: "%python print(sum(squares))", about: "One line; `squares` is still there" },
        Example { code: "%%python\n%timeit sum(range(1000))", about: "IPython's own magics work inside" },
        Example {
            code: "%%python -i prices:pandas -o daily\ndaily = prices.groupby('day', as_index=False).sum()",
            about: "`prices` is a Rust DataFrame or an SQL table; SQL and Rust then see `daily`",
        },
        Example { code: "%%python --env ~/venvs/other\nimport sys; sys.version", about: "Another interpreter, with variables of its own" },
    ],
    details: "Python is a stock ipykernel of the installed environment, started by the first cell that needs it, in the notebook's folder. \
              Prints, displays, tracebacks and `input()` are what they are in a Python notebook.\n\n\
              An interrupt raises `KeyboardInterrupt` and keeps all variables; only Python that does not stop within 3 s is ended. \
              Each interpreter has variables of its own.\n\n\
              Tables travel in shared memory: `-i` maps them as pyarrow tables without a copy. `import benchbook` has the same as functions: \
              `benchbook.share(name, value)`, `benchbook.fetch(name, as_=\"polars\")`, `benchbook.tables()`.",
};

/// The magic.
pub struct Python;

impl Magic for Python {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn run(&self, call: &Call, host: &mut dyn Host) -> Result<(), MagicError> {
        let env = call.options.text("env");
        python_tables::take(call, env, host)?;
        let script = script(call);
        if !script.trim().is_empty() || call.options.list("in").is_none() {
            host.python(&script, env)?;
        }
        python_tables::give(call, env, host)
    }
}

/// The code on the magic's line and below it.
pub(super) fn script(call: &Call) -> String {
    match (call.rest.trim(), call.body.as_str()) {
        ("", body) => body.to_owned(),
        (rest, body) => format!("{rest}\n{body}"),
    }
}

/// The interpreter of the Python text that starts at this byte of the cell; `None`: the installed one.
pub fn env_at(code: &str, start: usize) -> Option<String> {
    let here = parse(code).segments.into_iter().find_map(|segment| match segment {
        Segment::Magic(magic) if magic.span.start < start && start <= magic.span.end => Some(magic),
        _ => None,
    })?;
    let spec = registry::find(&here.name)?.spec();
    registry::call(spec, &here).ok()??.options.text("env").map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::env_at;
    use crate::error::MagicError;
    use crate::testing::{Recorder, run_cell};

    fn ran(code: &str) -> (String, Option<String>) {
        let mut host = Recorder::default();
        run_cell(code, &mut host).unwrap();
        host.python.pop().unwrap()
    }

    #[test]
    fn the_body_is_handed_over_as_it_is() {
        assert_eq!(ran("%%python\nif True:\n    %timeit 1\n"), ("if True:\n    %timeit 1\n".into(), None));
        assert_eq!(ran("%%python\n%%timeit\nx = 1\n!ls"), ("%%timeit\nx = 1\n!ls".into(), None));
        assert_eq!(ran("%python print('a  b')"), ("print('a  b')".into(), None));
        assert_eq!(ran("%%python import os\nos.name"), ("import os\nos.name".into(), None));
        assert_eq!(ran("%%python --env /v/x\n1"), ("1".into(), Some("/v/x".into())));
    }

    #[test]
    fn the_error_is_pythons() {
        let mut host = Recorder::default();
        host.python_errors.push_back(MagicError::new("ValueError", "no"));
        assert_eq!(run_cell("%%python\n1", &mut host).unwrap_err().name, "ValueError");
    }

    #[test]
    fn completion_knows_the_interpreter() {
        let code = "%%python --env /v/x\nprint";
        assert_eq!(env_at(code, 20).as_deref(), Some("/v/x"));
        assert_eq!(env_at("%%python\nprint", 9), None);
        let code = "%%timeit --lang python --env /v/x\nprint";
        assert_eq!(env_at(code, 35).as_deref(), Some("/v/x"));
    }
}
