//! DuckDB's error messages, taken apart: class, message, position.

use serde_json::Value;

use crate::engine::{failure, interrupted};
use crate::planned::PlannedText;
use crate::sql_wire::SqlFailure;

const NO_EXTENSIONS: &str = "\nThis DuckDB has parquet, json, icu and core_functions built in; others are not downloaded by themselves. \
     With a network: INSTALL name; LOAD name;";

/// The failure for DuckDB's `message` about `text`. `errors_as_json` is on, so most are JSON; errors
/// from before that setting applies, or after a user turned it off, are plain text.
pub fn parse(message: &str, text: &PlannedText) -> SqlFailure {
    let mut parsed = from_json(message).unwrap_or_else(|| from_text(message));
    if parsed.class == "INTERRUPT Error" {
        return interrupted();
    }
    // The parser counts characters, everything after it bytes.
    if parsed.class == "Parser Error" && parsed.message.starts_with("syntax error") {
        parsed.offset = parsed.offset.map(|at| text.sql.char_indices().nth(at).map_or(text.sql.len(), |(byte, _)| byte));
    }
    parsed.offset = parsed.offset.filter(|at| *at <= text.sql.len()).map(|at| text.original(at));
    if let Some(cut) = parsed.message.find("\n\nAlternatively, consider enabling auto-install") {
        parsed.message.truncate(cut);
    }
    if parsed.class == "Missing Extension Error" || parsed.message.contains("is not in the catalog, but it exists in the") {
        parsed.message.push_str(NO_EXTENSIONS);
    }
    parsed
}

/// DuckDB's message without its JSON form, for errors of our own calls.
pub fn plain(message: &str) -> String {
    from_json(message).map_or_else(|| message.to_owned(), |parsed| parsed.message)
}

fn from_json(message: &str) -> Option<SqlFailure> {
    // Errors of the parser are JSON behind their class: `Parser Error: {...}`.
    let value: Value = serde_json::from_str(&message[message.find('{')?..]).ok()?;
    let field = |name: &str| value.get(name).and_then(Value::as_str);
    let class = format!("{} Error", field("exception_type")?);
    let offset = value.get("position").and_then(|at| match at {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64().and_then(|at| usize::try_from(at).ok()),
    });
    let message = without_caret(field("exception_message")?).0;
    Some(SqlFailure { offset, ..failure(&class, message) })
}

/// `Parser Error: syntax error at or near "x"`, an empty line, `LINE 1: ...`, and a caret.
fn from_text(message: &str) -> SqlFailure {
    let (body, _) = without_caret(message);
    match body.split_once(": ") {
        Some((class, rest)) if class.ends_with("Error") && class.len() < 40 => failure(class, rest),
        _ => failure("DuckDB Error", body),
    }
}

/// The message before its `LINE n:` part, and that part.
fn without_caret(message: &str) -> (String, Option<&str>) {
    match message.find("\n\nLINE ") {
        Some(cut) => (message[..cut].trim_end().to_owned(), Some(&message[cut + 2..])),
        None => (message.trim_end().to_owned(), None),
    }
}
