//! `%%expect_error`: a cell that must fail, and how.

use crate::ansi;
use crate::bundle::Bundle;
use crate::error::MagicError;
use crate::host::Host;
use crate::html::{self, inline};
use crate::nested;
use crate::registry::{Call, Magic};
use crate::spec::{Example, Kind, Positional, PositionalKind, Spec};

static SPEC: Spec = Spec {
    name: "expect_error",
    kind: Kind::Cell,
    summary: "Runs a cell that must fail in the way that is named; then it is a success",
    category: "Teaching",
    options: &[nested::LANG],
    positional: Some(Positional {
        name: "error [text]",
        kind: PositionalKind::Words(2),
        required: true,
        help: "a compiler code, `panic`, the name of a Python exception, the class or text of an SQL error; and text that the error must hold",
    }),
    examples: &[
        Example {
            code: "%%expect_error E0502\n{\n    let mut v = vec![1];\n    let first = &v[0];\n    v.push(2);\n    println!(\"{first}\");\n}",
            about: "The borrow checker refuses this",
        },
        Example { code: "%%expect_error panic \"index out of bounds\"\nvec![1, 2][2]", about: "A panic, and what it must say" },
        Example { code: "%%expect_error TypeError --lang python\n'1' + 1", about: "A Python exception" },
        Example { code: "%%expect_error \"Binder Error\"\n%%sql\nSELECT nothing FROM range(3)", about: "An SQL error, by its class" },
    ],
    details: "The error is shown as usual, after a line that says it was expected; the cell is a success, so that a notebook runs on. \
A cell that does not fail, or fails in another way, is an error. Variables are kept.\n\nThe error is a compiler's code such as `E0502` \
(one of the errors must have it), `CompileError` (any), `panic`, `Error` (a failing `?`), the name of a Python exception, or, for SQL, words of \
the error. The body may begin with another cell magic.",
};

/// The magic.
pub struct ExpectError;

impl Magic for ExpectError {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn run(&self, call: &Call, host: &mut dyn Host) -> Result<(), MagicError> {
        let words = call.options.words();
        let wanted = Wanted { what: words.first().map_or("", String::as_str), text: words.get(1).map(String::as_str) };
        if call.body.trim().is_empty() {
            return Err(MagicError::usage("`%%expect_error` has no code that could fail").hint("write the code below its line"));
        }
        match nested::run(call, host) {
            Ok(()) => Err(MagicError::new("NotAsExpected", format!("{} was expected, but the cell ran without an error", wanted.words()))),
            Err(error) if wanted.is(&error) => {
                host.display(&shown(&wanted, &error));
                Ok(())
            }
            Err(error) if error.name == "Interrupted" => Err(error),
            Err(error) => Err(other(&wanted, &error)),
        }
    }
}

/// The error that is wanted.
struct Wanted<'a> {
    what: &'a str,
    text: Option<&'a str>,
}

impl Wanted<'_> {
    fn words(&self) -> String {
        match self.text {
            Some(text) => format!("`{}` with the text “{text}”", self.what),
            None => format!("`{}`", self.what),
        }
    }

    fn is(&self, error: &MagicError) -> bool {
        let all = ansi::plain(&error.shown().join("\n"));
        let said = self.text.is_none_or(|text| error.message.contains(text) || all.contains(text));
        said && self.is_class(error, &all)
    }

    fn is_class(&self, error: &MagicError, all: &str) -> bool {
        let compiles_not = error.name.starts_with("CompileError");
        if is_compiler_code(self.what) {
            return compiles_not && (error.name == format!("CompileError[{}]", self.what) || all.contains(&format!("[{}]", self.what)));
        }
        if compiles_not {
            return self.what == "CompileError";
        }
        // SQL has classes of several words, which stand in the message.
        let in_sql = error.name == "SqlError" && error.message.to_lowercase().contains(&self.what.to_lowercase());
        in_sql || error.name == self.what || error.name.rsplit('.').next() == Some(self.what)
    }
}

/// `E` and four digits.
fn is_compiler_code(text: &str) -> bool {
    text.len() == 5 && text.starts_with('E') && text[1..].chars().all(|c| c.is_ascii_digit())
}

fn shown(wanted: &Wanted<'_>, error: &MagicError) -> Bundle {
    let lines = error.shown();
    let said = lines.join("\n");
    let said = said.trim_end();
    let first = format!("This error was expected: {}.", wanted.words());
    let html = format!(
        "<div style=\"border-left:3px solid var(--jp-border-color1,#757575);padding:.1em .6em\">{}</div>\n<pre style=\"{}\">{}</pre>",
        inline(&first),
        html::PRE,
        ansi::html(said)
    );
    Bundle::text(format!("{first}\n{}", ansi::plain(said))).with("text/html", html)
}

/// It failed, but differently.
fn other(wanted: &Wanted<'_>, error: &MagicError) -> MagicError {
    let message = format!("{} was expected, but the cell failed with `{}`: {}", wanted.words(), error.name, error.message);
    let mut lines = vec![format!("\u{1b}[31;1mNotAsExpected\u{1b}[0m: {} was expected, but the cell failed with this:", wanted.words())];
    lines.extend(error.shown());
    MagicError::new("NotAsExpected", message).traceback(lines)
}

#[cfg(test)]
mod tests {
    use crate::error::MagicError;
    use crate::testing::{Recorder, plain, run_cell};

    fn failing(error: MagicError, code: &str) -> (Result<(), MagicError>, Recorder) {
        let mut host = Recorder::default();
        host.rust_errors.push_back(error.clone());
        host.python_errors.push_back(error.clone());
        host.replies.push_back(Err(error));
        (run_cell(code, &mut host), host)
    }

    fn compile_error() -> MagicError {
        let lines = vec!["\u{1b}[31;1merror[E0502]\u{1b}[0m: cannot borrow `v`".into(), "error[E0599]: no method".into()];
        MagicError::new("CompileError[E0502]", "cannot borrow `v` (Cell 1, line 2)").traceback(lines)
    }

    #[test]
    fn the_expected_error_is_shown_and_no_error() {
        let (outcome, host) = failing(compile_error(), "%%expect_error E0502\nv.push(2);");
        outcome.unwrap();
        assert!(host.shown().starts_with("This error was expected: `E0502`.\nerror[E0502]: cannot borrow"), "{}", host.shown());
        assert!(host.shown_html().contains("error[E0502]</span>"));
        failing(compile_error(), "%%expect_error E0599\nv").0.unwrap();
        failing(compile_error(), "%%expect_error CompileError\nv").0.unwrap();
        failing(MagicError::new("panic", "index out of bounds (Cell 1)"), "%%expect_error panic \"out of bounds\"\nv[9]").0.unwrap();
        failing(MagicError::new("TypeError", "no"), "%%expect_error TypeError --lang python\n1").0.unwrap();
        failing(MagicError::new("SqlError", "Binder Error: column"), "%%expect_error \"binder error\"\n%%sql\nSELECT x").0.unwrap();
    }

    #[test]
    fn another_error_or_none_is_an_error() {
        let error = run_cell("%%expect_error E0502\n1", &mut Recorder::default()).unwrap_err();
        assert_eq!(
            (error.name.as_str(), error.message.as_str()),
            ("NotAsExpected", "`E0502` was expected, but the cell ran without an error")
        );
        let error = failing(compile_error(), "%%expect_error panic\n1").0.unwrap_err();
        assert!(error.message.contains("failed with `CompileError[E0502]`") && plain(&error).contains("error[E0599]"), "{error}");
        for wanted in ["E0503", "panic bounds", "TypeError"] {
            failing(MagicError::new("panic", "a message"), &format!("%%expect_error {wanted}\n1")).0.unwrap_err();
        }
        assert_eq!(failing(MagicError::interrupted(), "%%expect_error panic\n1").0.unwrap_err().name, "Interrupted");
    }
}
