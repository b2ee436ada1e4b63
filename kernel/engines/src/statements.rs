//! SQL text taken apart for servers that take one statement at a time: statements and their `$name` parameters.

use std::ops::Range;

use serde_json::{Map, Value};

use crate::engine::failure;
use crate::sql_wire::SqlFailure;

/// A `$name` parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Bytes in the whole text, with the `$`.
    pub span: Range<usize>,
    pub name: String,
}

/// One statement of a text, without its semicolon and without blanks around it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Statement {
    /// Bytes in the whole text.
    pub span: Range<usize>,
    pub parameters: Vec<Parameter>,
}

impl Statement {
    /// The statement with each parameter replaced by what `with` makes of its name.
    pub fn rewritten(&self, sql: &str, mut with: impl FnMut(&str) -> String) -> String {
        let mut text = String::new();
        let mut from = self.span.start;
        for parameter in &self.parameters {
            text.push_str(&sql[from..parameter.span.start]);
            text.push_str(&with(&parameter.name));
            from = parameter.span.end;
        }
        text.push_str(&sql[from..self.span.end]);
        text
    }
}

/// Splits at semicolons outside of quotes and comments. `backslashes`: in strings, `\'` is a quote that does not end it.
///
/// # Errors
/// When there is no statement at all.
pub fn split(sql: &str, backslashes: bool) -> Result<Vec<Statement>, SqlFailure> {
    let mut statements = Vec::new();
    let mut parameters = Vec::new();
    // Where the statement begins and, so far, ends; none before its first word.
    let mut span: Option<Range<usize>> = None;
    let mut at = 0;
    while at < sql.len() {
        let (piece, end) = piece(sql, at, backslashes);
        match piece {
            Piece::End => {
                statements.extend(span.take().map(|span| Statement { span, parameters: std::mem::take(&mut parameters) }));
                parameters.clear();
            }
            Piece::Blank => {}
            Piece::Parameter => {
                parameters.push(Parameter { span: at..end, name: sql[at + 1..end].to_owned() });
                span.get_or_insert(at..end).end = end;
            }
            Piece::Other => span.get_or_insert(at..end).end = end,
        }
        at = end;
    }
    statements.extend(span.map(|span| Statement { span, parameters }));
    if statements.is_empty() {
        return Err(failure("Parser Error", "there is no SQL statement here"));
    }
    Ok(statements)
}

enum Piece {
    End,
    /// White space or a comment.
    Blank,
    Parameter,
    Other,
}

/// The piece of text that starts at byte `at`, and its end.
fn piece(sql: &str, at: usize, backslashes: bool) -> (Piece, usize) {
    let rest = &sql[at..];
    let mut letters = rest.chars();
    let first = letters.next().unwrap_or(' ');
    let second = letters.next();
    let until = |found: Option<usize>| found.map_or(sql.len(), |found| at + found);
    match (first, second) {
        (';', _) => (Piece::End, at + 1),
        ('-', Some('-')) => (Piece::Blank, until(rest.find('\n'))),
        ('/', Some('*')) => (Piece::Blank, until(rest[2..].find("*/").map(|found| found + 4))),
        ('\'' | '"' | '`', _) => (Piece::Other, until(closing(rest, first, backslashes && first != '`'))),
        ('$', Some(next)) if next.is_alphabetic() || next == '_' => {
            let end = rest[1..].find(|c: char| !(c == '_' || c.is_alphanumeric())).map(|end| end + 1);
            (Piece::Parameter, until(end))
        }
        (space, _) if space.is_whitespace() => (Piece::Blank, at + space.len_utf8()),
        // A word as a whole, so that a `$` inside of it is no parameter.
        (letter, _) if letter == '_' || letter.is_alphanumeric() => {
            (Piece::Other, until(rest.find(|c: char| !(c == '_' || c == '$' || c.is_alphanumeric()))))
        }
        (other, _) => (Piece::Other, at + other.len_utf8()),
    }
}

/// The byte behind the quote that ends the quoted text; a doubled quote starts another one right away, which does as well.
fn closing(rest: &str, quote: char, backslashes: bool) -> Option<usize> {
    let mut escaped = false;
    for (index, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' if backslashes => escaped = true,
            letter if letter == quote => return Some(index + 1),
            _ => {}
        }
    }
    None
}

/// The value of a parameter: its name exactly, then without regard to case, as SQL names are.
///
/// # Errors
/// When it has none, or when it is a list or an object.
pub fn value<'v>(values: &'v Map<String, Value>, name: &str) -> Result<&'v Value, SqlFailure> {
    let value = values.get(name).or_else(|| values.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value));
    match value {
        Some(Value::Array(_) | Value::Object(_)) => Err(failure(
            "Binder Error",
            format!("parameter ${name}: a list or struct cannot be a parameter; publish it as a table and join with it"),
        )),
        Some(value) => Ok(value),
        None => {
            let known: Vec<String> = values.keys().map(|key| format!("${key}")).collect();
            let known = if known.is_empty() {
                "no parameter has a value here".to_owned()
            } else {
                format!("parameters with a value: {}", known.join(", "))
            };
            Err(failure("Binder Error", format!("parameter ${name} has no value; {known}")))
        }
    }
}
