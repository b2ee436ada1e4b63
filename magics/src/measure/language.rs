//! In which language measured code is: `--lang` and `--env`.

use crate::cell::MagicCall;
use crate::error::MagicError;
use crate::registry::{self, Call};
use crate::spec::{OptionSpec, ValueKind};

/// `--lang`.
pub const LANG: OptionSpec = OptionSpec::value("lang", ValueKind::Choice(&["rust", "python"]), "Language of the code").default("rust");
/// `--env`.
pub const ENV: OptionSpec = OptionSpec::value("env", ValueKind::Path, "With `--lang python`: another interpreter, as for `%%python`");

/// The language of a call's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language<'a> {
    Rust,
    Python { env: Option<&'a str> },
}

impl<'a> Language<'a> {
    /// The language that the call names; `only_python` are options that Rust has no use for.
    ///
    /// # Errors
    /// One of these options without `--lang python`.
    pub fn of(call: &'a Call, only_python: &[&str]) -> Result<Self, MagicError> {
        let env = call.options.text("env");
        if call.options.text("lang") == Some("python") {
            return Ok(Self::Python { env });
        }
        for option in ["env"].iter().chain(only_python) {
            if call.options.has(option) {
                let hint = Some(format!("add `--lang python`, or leave `--{option}` out"));
                return Err(call.options.error_at(option, format!("`--{option}` is for Python code"), hint));
            }
        }
        Ok(Self::Rust)
    }

    /// How a comment begins.
    pub fn comment(self) -> &'static str {
        match self {
            Self::Rust => "//",
            Self::Python { .. } => "#",
        }
    }

    /// As in a result object.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python { .. } => "python",
        }
    }
}

/// Whether the code of this magic is Python that is measured.
pub fn is_python(magic: &MagicCall) -> bool {
    let Some(spec) = registry::find(&magic.name).map(registry::Magic::spec) else { return false };
    spec.option(LANG.long).is_some()
        && registry::call(spec, magic).ok().flatten().is_some_and(|call| call.options.text(LANG.long) == Some("python"))
}

#[cfg(test)]
mod tests {
    use crate::complete::{Place, place};
    use crate::testing::{Recorder, plain, run_cell};

    #[test]
    fn options_of_python_are_no_options_of_rust() {
        let error = plain(&run_cell("%%timeit --env /x\nf()", &mut Recorder::default()).unwrap_err());
        assert!(error.contains("`--env` is for Python code") && error.contains("add `--lang python`"), "{error}");
        let error = plain(&run_cell("%%parallel --backend threads\nf()", &mut Recorder::default()).unwrap_err());
        assert!(error.contains("`--backend` is for Python code"), "{error}");
    }

    #[test]
    fn completion_knows_the_language() {
        let python = |code: &str| matches!(place(code, code.len()), Place::Body { magic, .. } if magic == "python");
        assert!(python("%%timeit --lang python\nsum") && python("%timeit --lang python sum"));
        assert!(!python("%%timeit\nsum") && !python("%%timeit --lang rust\nsum"));
    }
}
