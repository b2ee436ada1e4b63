//! Trino's errors as failures.

use super::protocol::QueryError;
use crate::engine::{failure, interrupted};
use crate::sql_wire::{SqlFailure, class};

/// The failure for `error` of a statement that starts at byte `start` of `sql`; `before` characters of ours stood in front of
/// it in its first line. `placed`: positions are those of the statement.
pub fn explain(error: &QueryError, sql: &str, start: usize, before: usize, placed: bool) -> SqlFailure {
    let name = error.error_name.as_str();
    let message = without_place(&error.message);
    match name {
        "USER_CANCELED" => return interrupted(),
        "EXCEEDED_TIME_LIMIT" | "EXCEEDED_CPU_LIMIT" => return failure(class::TIMEOUT, message),
        _ if name.contains("MEMORY") => return failure(class::OUT_OF_MEMORY, message),
        "NOT_SUPPORTED" => return SqlFailure { offset: place(error, sql, start, before, placed), ..failure(class::UNSUPPORTED, message) },
        "SERVER_STARTING_UP" | "SERVER_SHUTTING_DOWN" | "NO_NODES_AVAILABLE" => return failure(class::UNAVAILABLE, message),
        _ => {}
    }
    SqlFailure { offset: place(error, sql, start, before, placed), ..failure(&words(name), message) }
}

fn place(error: &QueryError, sql: &str, start: usize, before: usize, placed: bool) -> Option<usize> {
    let location = error.error_location.filter(|_| placed)?;
    let statement = sql.get(start..)?;
    let line_start: usize = statement.split_inclusive('\n').take(location.line_number.checked_sub(1)?).map(str::len).sum();
    let column = location.column_number.checked_sub(1)?.checked_sub(if location.line_number == 1 { before } else { 0 })?;
    let line = statement.get(line_start..)?;
    Some(start + line_start + line.char_indices().nth(column).map_or(line.len(), |(byte, _)| byte))
}

/// Messages begin with `line 1:8: `, which the caret says better.
fn without_place(message: &str) -> &str {
    let rest = message.strip_prefix("line ").and_then(|rest| rest.split_once(": "));
    rest.filter(|(place, _)| place.chars().all(|c| c.is_ascii_digit() || c == ':')).map_or(message, |(_, rest)| rest)
}

/// `TABLE_NOT_FOUND` as `Table Not Found`.
fn words(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| format!("{first}{}", letters.as_str().to_lowercase())).unwrap_or_default()
    };
    let words: Vec<String> = name.split('_').map(word).collect();
    if name.is_empty() { "Trino Error".to_owned() } else { words.join(" ") }
}
