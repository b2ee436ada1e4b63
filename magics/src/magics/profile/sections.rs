//! Two pieces of code in one cell, below the lines `%% before` and `%% after`.

use crate::error::MagicError;
use crate::headers::{self, Headed};
use crate::words::Word;

/// One of the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    pub label: String,
    pub code: String,
}

/// Both, with the set-up that stands above them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    pub setup: String,
    pub before: Section,
    pub after: Section,
}

/// Reads a cell's two pieces of code; `against` is what `--against` names. None for a cell of one piece.
///
/// A header is a line that begins with `%%`; its name is the rest, or what follows `label=` in it.
///
/// # Errors
/// A quote that is never closed, another number than two, a piece without code, both ways at once.
pub fn pair(body: &str, against: Option<&str>) -> Result<Option<Pair>, MagicError> {
    let divided = headers::divide(body, 1);
    let setup = divided.before;
    let mut sections = Vec::new();
    for (index, Headed { line, body }) in divided.sections.into_iter().enumerate() {
        sections.push(Section { label: label(&headers::words(&line)?, index), code: body });
    }
    let hint = "write `%% before`, its code, `%% after`, its code; or give the other code with `--against`";
    let wrong = |what: String| Err(MagicError::usage(what).hint(hint));
    match (against, sections.len()) {
        (None, 0) => return Ok(None),
        (Some(_), 1..) => return wrong("the cell has sections, and `--against` names another piece of code".into()),
        (Some(code), 0) => {
            let section = |label: &str, code: &str| Section { label: label.into(), code: code.into() };
            return Ok(Some(Pair { setup: String::new(), before: section("before", code), after: section("after", body) }));
        }
        (None, 2) => {}
        (None, n) => return wrong(format!("a comparison needs two sections, not {n}")),
    }
    if let Some(empty) = sections.iter().find(|section| section.code.trim().is_empty()) {
        return wrong(format!("the section `{}` has no code", empty.label));
    }
    let mut sections = sections.into_iter();
    let (Some(before), Some(after)) = (sections.next(), sections.next()) else { return Ok(None) };
    if before.label == after.label {
        return wrong(format!("both sections are called `{}`", before.label));
    }
    Ok(Some(Pair { setup, before, after }))
}

fn label(words: &[Word], index: usize) -> String {
    let named = words.iter().find_map(|word| word.text.strip_prefix("label=")).map(str::to_owned);
    let name = named.unwrap_or_else(|| words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" "));
    if name.is_empty() { ["before", "after"].get(index).copied().unwrap_or("another").to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_have_names_and_a_common_set_up() {
        let pair = pair("let n = 3;\n%% before\nf(n)\n%% rust label=\"new one\"\ng(n)\n", None).unwrap().unwrap();
        assert_eq!((pair.setup.as_str(), pair.before.label.as_str(), pair.before.code.as_str()), ("let n = 3;\n", "before", "f(n)\n"));
        assert_eq!((pair.after.label.as_str(), pair.after.code.as_str()), ("new one", "g(n)\n"));
    }

    #[test]
    fn the_other_code_may_be_an_option() {
        let pair = pair("g()", Some("f()")).unwrap().unwrap();
        assert_eq!((pair.before.code.as_str(), pair.after.code.as_str()), ("f()", "g()"));
    }

    #[test]
    fn one_piece_is_no_pair() {
        assert_eq!(pair("a % b\n// %% no", None).unwrap(), None);
    }

    #[test]
    fn wrong_sections_are_explained() {
        for (body, against, said) in [
            ("%% before\nf()", None, "two sections, not 1"),
            ("%% a\nf()\n%% b\n\n", None, "`b` has no code"),
            ("%% a\nf()\n%% a\ng()", None, "both sections"),
            ("%% a\nf()\n%% b\ng()", Some("h()"), "--against"),
        ] {
            let error = pair(body, against).unwrap_err();
            assert!(error.message.contains(said), "{body}: {}", error.message);
        }
    }
}
