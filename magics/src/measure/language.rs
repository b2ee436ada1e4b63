//! In which language measured code is: `--lang` and `--env`.

use crate::cell::MagicCall;
use crate::error::MagicError;
use crate::registry::{self, Call};
use crate::spec::{OptionSpec, ValueKind};

/// `--lang`.
pub const LANG: OptionSpec = OptionSpec::value("lang", ValueKind::Choice(&["rust", "python"]), "Language of the code").default("rust");
/// `--lang` of magics that measure SQL as well.
pub const LANG_OR_SQL: OptionSpec =
    OptionSpec::value("lang", ValueKind::Choice(&["rust", "python", "sql"]), "Language of the code").default("rust");
/// `--env`.
pub const ENV: OptionSpec = OptionSpec::value("env", ValueKind::Path, "With `--lang python`: another interpreter, as for `%%python`");

/// The language of a call's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language<'a> {
    Rust,
    Python { env: Option<&'a str> },
    Sql { engine: &'a str },
}

impl<'a> Language<'a> {
    /// The language that the call names; `only_python` are options that Rust has no use for.
    ///
    /// # Errors
    /// One of these options without `--lang python`.
    pub fn of(call: &'a Call, only_python: &[&str]) -> Result<Self, MagicError> {
        let env = call.options.text("env");
        let lang = call.options.text("lang");
        if lang == Some("python") {
            return Ok(Self::Python { env });
        }
        for option in ["env"].iter().chain(only_python) {
            if call.options.has(option) {
                let hint = Some(format!("add `--lang python`, or leave `--{option}` out"));
                return Err(call.options.error_at(option, format!("`--{option}` is for Python code"), hint));
            }
        }
        if lang == Some("sql") {
            return Ok(Self::Sql { engine: call.options.text("engine").unwrap_or("duckdb") });
        }
        Ok(Self::Rust)
    }

    /// How a comment begins.
    pub fn comment(self) -> &'static str {
        match self {
            Self::Rust => "//",
            Self::Python { .. } => "#",
            Self::Sql { .. } => "--",
        }
    }

    /// As in a result object.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python { .. } => "python",
            Self::Sql { .. } => "sql",
        }
    }
}

/// The language of a measuring magic's code, when `--lang` names another one than Rust.
pub fn named(magic: &MagicCall) -> Option<&'static str> {
    let spec = registry::find(&magic.name).map(registry::Magic::spec)?;
    spec.option(LANG.long)?;
    let call = registry::call(spec, magic).ok().flatten()?;
    ["python", "sql"].into_iter().find(|lang| call.options.text(LANG.long) == Some(lang))
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
        assert!(matches!(place("%%timeit --lang sql\nSELECT", 26), Place::Body { magic, .. } if magic == "sql"));
        assert!(!python("%%timeit\nsum") && !python("%%timeit --lang rust\nsum"));
    }
}
