//! Two pieces of code in one cell, below the lines `%% before` and `%% after`.

use crate::error::MagicError;

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
/// Another number than two, a piece without code, both ways at once.
pub fn pair(body: &str, against: Option<&str>) -> Result<Option<Pair>, MagicError> {
    let mut setup = String::new();
    let mut sections: Vec<Section> = Vec::new();
    for line in body.lines() {
        if let Some(header) = line.strip_prefix("%%") {
            sections.push(Section { label: label(header, sections.len()), code: String::new() });
            continue;
        }
        let code = sections.last_mut().map_or(&mut setup, |section| &mut section.code);
        code.push_str(line);
        code.push('\n');
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

fn label(header: &str, index: usize) -> String {
    let named = header.split_once("label=").map(|(_, rest)| {
        let quoted = rest.strip_prefix('"').and_then(|rest| rest.split_once('"')).map(|(name, _)| name);
        quoted.unwrap_or_else(|| rest.split_whitespace().next().unwrap_or_default())
    });
    let name = named.unwrap_or(header).trim();
    if name.is_empty() { ["before", "after"].get(index).copied().unwrap_or("another").to_owned() } else { name.to_owned() }
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
