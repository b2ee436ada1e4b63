//! SQLite's errors: its own message, a class, and the position where SQLite gives one.

use rusqlite::{Error, ErrorCode};

use crate::engine::{failure, interrupted};
use crate::planned::PlannedText;
use crate::sql_wire::{SqlFailure, class};

/// The failure for an `error` about `text`, which was prepared statement by statement.
pub fn about(text: &PlannedText, error: Error) -> SqlFailure {
    match error {
        // The error has the text from its statement on, and a position in that.
        Error::SqlInputError { error, msg, sql, offset } => {
            let start = text.sql.len().saturating_sub(sql.len());
            let offset = usize::try_from(offset).ok().map(|offset| text.original(start + offset));
            SqlFailure { offset, ..failure(kind(error.code, &msg), msg) }
        }
        other => plain(other),
    }
}

/// The failure for an `error` of a statement of our own, or of a running one.
pub fn plain(error: Error) -> SqlFailure {
    match error {
        Error::SqlInputError { error, msg, .. } => failure(kind(error.code, &msg), msg),
        Error::SqliteFailure(error, _) if error.code == ErrorCode::OperationInterrupted => interrupted(),
        Error::SqliteFailure(error, message) => {
            let message = message.unwrap_or_else(|| error.to_string());
            failure(kind(error.code, &message), message)
        }
        other => failure("SQLite Error", other.to_string()),
    }
}

fn kind(code: ErrorCode, message: &str) -> &'static str {
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    match code {
        ErrorCode::OutOfMemory => class::OUT_OF_MEMORY,
        ErrorCode::ConstraintViolation => "Constraint Error",
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => "Lock Error",
        ErrorCode::CannotOpen | ErrorCode::SystemIoFailure | ErrorCode::DiskFull | ErrorCode::NotADatabase | ErrorCode::ReadOnly => {
            "IO Error"
        }
        ErrorCode::TypeMismatch => "Mismatch Type Error",
        _ if says(&["syntax error", "incomplete input", "unrecognized token"]) => "Parser Error",
        _ if says(&["no such table", "no such view", "already exists"]) => "Catalog Error",
        _ if says(&["no such column", "no such function", "ambiguous column", "wrong number of arguments"]) => "Binder Error",
        _ => "SQLite Error",
    }
}
