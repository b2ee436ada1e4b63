//! Header lines: a line that begins with `%%` starts a section of a cell. What its words mean is decided by the magic.

use std::ops::Range;

use crate::error::MagicError;
use crate::options::{Line, usage_error};
use crate::words::{Word, next_word};

/// A header line and what stands below it, up to the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headed {
    pub line: Line,
    pub body: String,
}

/// A body in parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Divided {
    /// What stands above the first header.
    pub before: String,
    pub sections: Vec<Headed>,
}

/// Whether a line is a header.
pub fn is_header(line: &str) -> bool {
    line.trim_start().starts_with("%%")
}

/// Divides a body whose first line has this number in its cell (1-based).
pub fn divide(body: &str, first: usize) -> Divided {
    let mut divided = Divided::default();
    for (index, full) in body.split_inclusive('\n').enumerate() {
        if is_header(full) {
            let line = Line { number: first + index, text: full.trim_end().to_owned() };
            divided.sections.push(Headed { line, body: String::new() });
        } else {
            divided.sections.last_mut().map_or(&mut divided.before, |section| &mut section.body).push_str(full);
        }
    }
    divided
}

/// The header, if there is one above, and the bytes of the section around byte `at`; `None` in a header line.
pub fn section_at(body: &str, at: usize) -> Option<(Option<&str>, Range<usize>)> {
    let mut header = None;
    let mut start = 0;
    let mut place = 0;
    for full in body.split_inclusive('\n') {
        if is_header(full) {
            if place > at {
                return Some((header, start..place));
            }
            // The end of a header that ends the text is still on it.
            start = place + full.len() + usize::from(!full.ends_with('\n'));
            if at < start {
                return None;
            }
            header = Some(full.trim_end());
        }
        place += full.len();
    }
    (start <= place || header.is_none()).then_some((header, start.min(place)..place))
}

/// The words after the `%%` of a header line.
///
/// # Errors
/// A quote that is never closed.
pub fn words(line: &Line) -> Result<Vec<Word>, MagicError> {
    let text = line.text.as_str();
    let mut words = Vec::new();
    let mut at = text.len() - text.trim_start().len() + 2;
    loop {
        at = text.len() - text.get(at..).unwrap_or_default().trim_start().len();
        if at >= text.len() {
            return Ok(words);
        }
        let word = next_word(text, at).map_err(|quote| {
            usage_error(line, quote..text.len(), "this quote is never closed", Some("close it with the same quote".into()))
        })?;
        at = word.span.end;
        words.push(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_keep_their_lines() {
        let divided = divide("a\n%% rust label=\"two words\"\nb\n\n%%sql\nSELECT 1", 2);
        assert_eq!(divided.before, "a\n");
        let parts: Vec<_> = divided.sections.iter().map(|part| (part.line.number, part.body.as_str())).collect();
        assert_eq!(parts, [(3, "b\n\n"), (6, "SELECT 1")]);
        let texts = |part: &Headed| words(&part.line).unwrap().into_iter().map(|word| word.text).collect::<Vec<_>>();
        assert_eq!(
            (texts(&divided.sections[0]), texts(&divided.sections[1])),
            (vec!["rust".into(), "label=two words".into()], vec!["sql".into()])
        );
        assert!(divide("a % b\n// %% no", 1).sections.is_empty());
    }

    #[test]
    fn sections_around_a_place() {
        let body = "a\n%% one\nb\n%% two";
        let at = |text: &str| section_at(body, body.find(text).unwrap()).map(|(header, range)| (header, &body[range]));
        assert_eq!((at("a"), at("b")), (Some((None, "a\n")), Some((Some("%% one"), "b\n"))));
        assert_eq!((at("one"), at("two"), section_at(body, body.len())), (None, None, None));
        assert_eq!(section_at("", 0), Some((None, 0..0)));
        crate::testing::any_texts(2000, |text| {
            let body = format!("%% {text}\n{text}");
            for at in (0..=body.len()).filter(|at| body.is_char_boundary(*at)) {
                assert!(section_at(&body, at).is_none_or(|(_, range)| body.get(range).is_some()), "{body:?} at {at}");
            }
        });
    }
}
