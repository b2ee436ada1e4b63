//! The cell's sections: header lines `%% rust label=…`, and the code below each.

use std::ops::Range;

use super::super::sql::engines::{ENGINES, shown};
use crate::error::MagicError;
use crate::headers::{self, Headed};
use crate::nearest::suggestion;
use crate::options::{Line, usage_error};
use crate::registry::Call;
use crate::words::Word;

/// The language of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lang {
    Rust,
    Python,
    Sql,
}

impl Lang {
    /// As in a header line and in a result object.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::Sql => "sql",
        }
    }
}

const LANGS: [Lang; 3] = [Lang::Rust, Lang::Python, Lang::Sql];

/// One section of the cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    pub lang: Lang,
    /// Unique among variants.
    pub label: String,
    /// Of SQL.
    pub engine: String,
    /// Another interpreter of Python.
    pub env: Option<String>,
    /// The header line; its code starts on the next one.
    pub line: Line,
    pub body: String,
}

/// The cell in parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sections {
    pub variants: Vec<Section>,
    pub setups: Vec<Section>,
}

const SHAPE: &str = "a variant starts with `%% rust label=…`, `%% python label=…` or `%% sql engine=duckdb label=…`, set-up code with \
                     `%% setup rust`";

/// Splits the body of a call.
///
/// # Errors
/// A header that cannot be read, code above the first header, sections without code, labels that are not unique, fewer than two
/// variants; each points at its line.
pub fn parse(call: &Call) -> Result<Sections, MagicError> {
    let divided = headers::divide(&call.body, call.body_line);
    if let Some((index, text)) = divided.before.split('\n').enumerate().find(|(_, text)| !text.trim().is_empty()) {
        let line = Line { number: call.body_line + index, text: text.to_owned() };
        return Err(usage_error(&line, 0..text.trim_end().len(), "this code belongs to no variant", Some(SHAPE.into())));
    }
    let mut sections: Vec<(bool, bool, Section)> = Vec::new();
    for Headed { line, body } in divided.sections {
        let (is_setup, is_named, section) = header(line)?;
        sections.push((is_setup, is_named, Section { body, ..section }));
    }
    let mut found = Sections::default();
    let mut named = Vec::new();
    for (is_setup, is_named, section) in sections {
        if section.body.trim().is_empty() {
            let span = 0..section.line.text.trim_end().len();
            let message = format!("there is no code below `{}`", section.line.text.trim());
            return Err(usage_error(&section.line, span, message, Some("write it on the lines below".into())));
        }
        if is_setup {
            found.setups.push(section);
        } else {
            named.push(is_named);
            found.variants.push(section);
        }
    }
    if found.variants.len() < 2 {
        let line = call.options.line();
        let message = match found.variants.len() {
            0 => "`%%compare` has no variants",
            _ => "`%%compare` has one variant only: there is nothing to compare it with",
        };
        return Err(usage_error(line, 0..line.text.trim_end().len(), message, Some(SHAPE.into())));
    }
    name(&mut found.variants, &named)?;
    Ok(found)
}

/// The section around byte `at` of the body: its language and the bytes of its code; `None` in header lines and above the first.
pub fn section_at(body: &str, at: usize) -> Option<(Lang, Range<usize>)> {
    let (text, code) = headers::section_at(body, at)?;
    let (_, _, section) = header(Line { number: 1, text: text?.to_owned() }).ok()?;
    Some((section.lang, code))
}

/// One header: whether it is of a set-up, whether it has a label, and its section without code.
fn header(line: Line) -> Result<(bool, bool, Section), MagicError> {
    let mut words = headers::words(&line)?.into_iter();
    let whole = 0..line.text.trim_end().len();
    let Some(first) = words.next() else {
        return Err(usage_error(&line, whole, "this header names no language", Some(SHAPE.into())));
    };
    let (is_setup, lang) = if first.text == "setup" {
        match words.next() {
            Some(word) => (true, lang(&line, &word, false)?),
            None => {
                let hint = "write `%% setup rust`, `%% setup python` or `%% setup sql`";
                return Err(usage_error(&line, first.span, "this set-up names no language", Some(hint.into())));
            }
        }
    } else {
        (false, lang(&line, &first, true)?)
    };
    let mut section = Section { lang, label: String::new(), engine: "duckdb".into(), env: None, line: line.clone(), body: String::new() };
    let allowed: &[&str] = match (lang, is_setup) {
        (Lang::Rust, false) => &["label"],
        (Lang::Python, false) => &["label", "env"],
        (Lang::Sql, false) => &["label", "engine"],
        (Lang::Rust, true) => &[],
        (Lang::Python, true) => &["env"],
        (Lang::Sql, true) => &["engine"],
    };
    let mut given: Vec<String> = Vec::new();
    for word in words {
        let (key, value, at) = key_value(&line, &word, allowed)?;
        if given.contains(&key) {
            return Err(usage_error(&line, word.span, format!("`{key}` is given twice"), Some("leave one out".into())));
        }
        match key.as_str() {
            "engine" if !ENGINES.contains(&value.as_str()) => {
                let near = suggestion(&value, ENGINES.iter().copied()).map_or_else(String::new, |near| format!("{near} "));
                let hint = format!("{near}engines are {}", list(ENGINES));
                return Err(usage_error(&line, at, format!("there is no engine `{value}`"), Some(hint)));
            }
            "engine" => section.engine = value,
            "env" => section.env = Some(crate::home::expanded(&value)),
            _ => section.label = value,
        }
        given.push(key);
    }
    let is_named = !section.label.is_empty();
    Ok((is_setup, is_named, section))
}

fn lang(line: &Line, word: &Word, or_setup: bool) -> Result<Lang, MagicError> {
    if let Some(lang) = LANGS.into_iter().find(|lang| lang.name() == word.text) {
        return Ok(lang);
    }
    let names = LANGS.iter().map(|lang| lang.name()).chain(or_setup.then_some("setup"));
    let hint = suggestion(&word.text, names).map_or_else(|| SHAPE.to_owned(), |near| format!("{near} {SHAPE}"));
    Err(usage_error(line, word.span.clone(), format!("`{}` is no language of `%%compare`", word.text), Some(hint)))
}

/// `key=value` and where the value stands.
fn key_value(line: &Line, word: &Word, allowed: &[&str]) -> Result<(String, String, Range<usize>), MagicError> {
    let takes =
        if allowed.is_empty() { "this header takes nothing more".to_owned() } else { format!("this header takes {}", list(allowed)) };
    let Some((key, value)) = word.text.split_once('=') else {
        let hint = if allowed.contains(&"label") { format!("{takes}; perhaps `label={}`", word.text) } else { takes };
        return Err(usage_error(line, word.span.clone(), format!("unexpected `{}`", word.text), Some(hint)));
    };
    let name_end = (word.span.start + key.len()).min(word.span.end);
    if !allowed.contains(&key) {
        let hint = suggestion(key, allowed.iter().copied()).map_or_else(|| takes.clone(), |near| format!("{near} {takes}"));
        return Err(usage_error(line, word.span.start..name_end, format!("unknown `{key}=`"), Some(hint)));
    }
    if value.trim().is_empty() {
        return Err(usage_error(line, word.span.clone(), format!("`{key}=` has no value"), Some(takes)));
    }
    Ok((key.to_owned(), value.trim().to_owned(), (name_end + 1).min(word.span.end)..word.span.end))
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Labels of variants without one: language or engine, numbered when it is there more than once.
fn name(variants: &mut [Section], named: &[bool]) -> Result<(), MagicError> {
    for i in 0..variants.len() {
        let twice = variants[..i].iter().enumerate().any(|(j, other)| named[j] && other.label == variants[i].label);
        if named[i] && twice {
            let line = variants[i].line.clone();
            let at = line.text.find("label").unwrap_or(0);
            let message = format!("the label `{}` is given twice", variants[i].label);
            return Err(usage_error(&line, at..line.text.trim_end().len(), message, Some("labels name the variants in results".into())));
        }
    }
    let kind =
        |section: &Section| if section.lang == Lang::Sql { shown(&section.engine).to_owned() } else { section.lang.name().to_owned() };
    for i in (0..variants.len()).filter(|i| !named[*i]) {
        let own = kind(&variants[i]);
        let alone = variants.iter().enumerate().all(|(j, other)| j == i || named[j] || kind(other) != own);
        let taken = |label: &str| variants.iter().any(|other| other.label == label);
        let numbered = (1..).map(|number| format!("{own} {number}"));
        let free = alone.then(|| own.clone()).into_iter().chain(numbered).find(|label| !taken(label));
        variants[i].label = free.unwrap_or(own);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::plain;

    fn sections(body: &str) -> Result<Sections, MagicError> {
        parse(&Call { body: body.into(), body_line: 2, is_cell: true, ..Call::default() })
    }

    fn error(body: &str) -> String {
        plain(&sections(body).unwrap_err())
    }

    #[test]
    fn variants_and_setups() {
        let found = sections(
            "\n%% setup rust\nlet v = 1;\n%% rust label=\"two words\"\nv\n%% python\nv\n%%sql engine=sqlite\nSELECT 1\n\n%% rust\nv\n%% rust\nv",
        )
        .unwrap();
        let labels: Vec<&str> = found.variants.iter().map(|v| v.label.as_str()).collect();
        assert_eq!(labels, ["two words", "python", "SQLite", "rust 1", "rust 2"]);
        assert_eq!((found.variants[2].engine.as_str(), found.variants[2].line.number), ("sqlite", 9));
        assert_eq!((found.setups[0].line.number, found.setups[0].body.as_str()), (3, "let v = 1;\n"));
    }

    #[test]
    fn sections_around_a_place() {
        let body = "%% rust\nlet a\n%% sql\nSELECT\n%% pyton\nx";
        let at = |text: &str| section_at(body, body.find(text).unwrap()).map(|(lang, range)| (lang, &body[range]));
        assert_eq!(at("a\n"), Some((Lang::Rust, "let a\n")));
        assert_eq!(at("SELECT"), Some((Lang::Sql, "SELECT\n")));
        assert_eq!((at("%% sql"), section_at(body, body.len())), (None, None));
        assert_eq!(section_at("", 0), None);
    }

    #[test]
    fn headers_are_explained_at_their_line() {
        for (body, message, hint) in [
            ("%% rsut\n1\n%% rust\n1", "`rsut` is no language", "did you mean `rust`?"),
            ("%% rust lable=a\n1", "unknown `lable=`", "did you mean `label`?"),
            ("%% sql engine=dukdb\n1", "there is no engine `dukdb`", "did you mean `duckdb`?"),
            ("%% rust fast\n1", "unexpected `fast`", "`label=fast`"),
            ("%%\n1", "names no language", "%% rust"),
            ("%% setup\n1", "names no language", "%% setup rust"),
            ("%% rust label=a label=b\n1", "given twice", "leave one out"),
            ("%% rust label=\"a\n1", "never closed", "same quote"),
            ("%% rust engine=duckdb\n1", "unknown `engine=`", "takes `label`"),
            ("%% rust\n\n%% rust\n1", "no code below `%% rust`", "lines below"),
            ("%% rust label=\n1", "has no value", "`label`"),
            ("1 + 1\n%% rust\n1", "belongs to no variant", "%% rust"),
        ] {
            let text = error(body);
            assert!(text.contains(message) && text.contains(hint) && text.contains("line 2 |"), "{body}: {text}");
        }
        assert!(error("%% rust label=a\n1\n%% python label=a\n1").contains("line 4 |"));
        assert!(error("%% rust\n1").contains("one variant only"));
        assert!(error("").contains("has no variants"));
    }
}
