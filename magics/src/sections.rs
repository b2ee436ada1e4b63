//! Cells of several sections, each in a language of its own: a header line `%% rust label=…` and the code below it.
//!
//! A header names the language, then `key=value` pairs and bare words, which are flags; quotes hold spaces. What keys mean is decided
//! by the magic.

use std::ops::Range;

use crate::caret;
use crate::error::MagicError;
use crate::headers::{self, Headed};
use crate::nearest::suggestion;

/// Languages that a header may name.
const LANGS: &[&str] = &["rust", "python", "sql"];

/// One `key=value` or flag of a header.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    name: String,
    /// Empty for a flag.
    value: String,
    span: Range<usize>,
}

/// One section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// `rust`, `python` or `sql`.
    pub lang: &'static str,
    /// The code below the header.
    pub body: String,
    /// Line number of the body's first line in the cell, 1-based.
    pub body_line: usize,
    header: String,
    keys: Vec<Key>,
}

/// A body without sections, or with some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// What stands above the first header.
    pub before: String,
    pub sections: Vec<Section>,
}

/// Splits a body that begins in line `body_line` of its cell (1-based); `None` when no line is a header.
///
/// # Errors
/// A header without a known language, an open quote, a section without code.
pub fn split(body: &str, body_line: usize) -> Result<Option<Split>, MagicError> {
    let divided = headers::divide(body, body_line);
    let sections = divided.sections.into_iter().map(section).collect::<Result<Vec<_>, _>>()?;
    let split = Split { before: divided.before, sections };
    if let Some(empty) = split.sections.iter().find(|section| section.body.trim().is_empty()) {
        return Err(empty.error_at(0..empty.header.len(), "this section has no code", "write the code below its header".into()));
    }
    Ok((!split.sections.is_empty()).then_some(split))
}

fn section(Headed { line, body }: Headed) -> Result<Section, MagicError> {
    let mut words = headers::words(&line)?.into_iter();
    let mut section = Section { lang: "", body, body_line: line.number + 1, header: line.text, keys: Vec::new() };
    let Some(first) = words.next() else {
        let hint = "for example `%% rust label=name`, `%% python` or `%% sql engine=duckdb`".to_owned();
        return Err(section.error_at(0..section.header.len(), "this header names no language", hint));
    };
    section.lang = LANGS.iter().find(|lang| **lang == first.text).ok_or_else(|| {
        let near = suggestion(&first.text, LANGS.iter().copied()).map(|near| format!("{near} ")).unwrap_or_default();
        let hint = format!("{near}A header is `%% rust`, `%% python` or `%% sql`, and what is to be said of it");
        section.error_at(first.span.clone(), format!("`{}` is no language of a section", first.text), hint)
    })?;
    section.keys = words
        .map(|word| {
            let (name, value) = word.text.split_once('=').unwrap_or((&word.text, ""));
            Key { name: name.to_owned(), value: value.to_owned(), span: word.span }
        })
        .collect();
    Ok(section)
}

impl Section {
    /// The value of a key; `None` when it is not there.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.keys.iter().rev().find(|key| key.name == name).map(|key| key.value.as_str())
    }

    /// Whether a bare word is there.
    pub fn flag(&self, name: &str) -> bool {
        self.keys.iter().any(|key| key.name == name)
    }

    /// Refuses what is neither one of `keys`, which take a value, nor one of `flags`.
    ///
    /// # Errors
    /// Points at the first such word.
    pub fn check(&self, keys: &[&str], flags: &[&str]) -> Result<(), MagicError> {
        for key in &self.keys {
            let (known_key, known_flag) = (keys.contains(&key.name.as_str()), flags.contains(&key.name.as_str()));
            let problem = match () {
                () if known_flag && key.value.is_empty() || known_key && !key.value.is_empty() => continue,
                () if known_flag => format!("`{}` takes no value", key.name),
                () if known_key => format!("`{}` needs a value", key.name),
                () => format!("a section of {} knows no `{}`", self.lang, key.name),
            };
            let all: Vec<String> =
                keys.iter().map(|key| format!("`{key}=…`")).chain(flags.iter().map(|flag| format!("`{flag}`"))).collect();
            let near = suggestion(&key.name, keys.iter().chain(flags).copied()).map(|near| format!("{near} ")).unwrap_or_default();
            return Err(self.error_at(key.span.clone(), problem, format!("{near}It takes {}", all.join(", "))));
        }
        Ok(())
    }

    /// An error that points at a key, or at the whole header when it is not there.
    pub fn error(&self, name: &str, message: impl Into<String>, hint: String) -> MagicError {
        let span = self.keys.iter().rev().find(|key| key.name == name).map_or(0..self.header.len(), |key| key.span.clone());
        self.error_at(span, message, hint)
    }

    fn error_at(&self, span: Range<usize>, message: impl Into<String>, hint: String) -> MagicError {
        let message = message.into();
        let place = caret::point_at(self.body_line - 1, &self.header, span);
        let lines = caret::error_lines("UsageError", &message, place, Some(&hint));
        MagicError::usage(message).hint(hint).traceback(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::plain;

    #[test]
    fn sections_with_their_lines_and_keys() {
        let split = split("\n%% rust label=\"two words\" sequential\na\n%% python backend=threads\n\nb\n%% sql engine=duckdb\nSELECT 1", 2)
            .unwrap()
            .unwrap();
        assert_eq!(split.before, "\n");
        let lines: Vec<_> = split.sections.iter().map(|s| (s.lang, s.body.as_str(), s.body_line)).collect();
        assert_eq!(lines, [("rust", "a\n", 4), ("python", "\nb\n", 6), ("sql", "SELECT 1", 9)]);
        let [rust, python, sql] = split.sections.as_slice() else { panic!("three") };
        assert_eq!((rust.value("label"), rust.flag("sequential")), (Some("two words"), true));
        assert_eq!((python.value("backend"), sql.value("engine"), sql.value("label")), (Some("threads"), Some("duckdb"), None));
    }

    #[test]
    fn a_body_without_a_header_is_left_alone() {
        for body in ["a % b", "", "// %%rust\nx"] {
            assert_eq!(split(body, 2), Ok(None), "{body}");
        }
    }

    #[test]
    fn mistakes_are_pointed_at() {
        let error = |body: &str| plain(&split(body, 2).unwrap_err());
        assert!(error("%% rusty\nx").contains("`rusty` is no language") && error("%% rusty\nx").contains("line 2"));
        assert!(error("%%\nx").contains("names no language"));
        assert!(error("%% rust label=\"a\nx").contains("never closed"));
        assert!(error("%% rust\n\n%% sql\nx").contains("has no code"));
        let section = split("%% rust lable=x sequential=1 label\nx", 2).unwrap().unwrap().sections.remove(0);
        let error = plain(&section.check(&["label"], &["sequential"]).unwrap_err());
        assert!(error.contains("knows no `lable`") && error.contains("`label`"), "{error}");
        assert!(plain(&section.check(&["lable", "label"], &["sequential"]).unwrap_err()).contains("takes no value"));
        assert!(plain(&section.check(&["lable", "label", "sequential"], &[]).unwrap_err()).contains("needs a value"));
    }

    #[test]
    fn any_text_has_an_answer() {
        crate::testing::any_texts(2000, |text| drop(split(&format!("%% {text}\nx"), 1)));
    }
}
