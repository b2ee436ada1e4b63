//! Errors of Polars and of its parser, taken apart: class, message, position.

use engines::engine::failure;
use engines::sql_wire::SqlFailure;
use lab::polars::prelude::PolarsError;
use sqlparser::parser::ParserError;

/// The failure for an error of Polars about the statement `text`.
pub fn polars_failure(error: &PolarsError, text: &str) -> SqlFailure {
    let class = class(error);
    // A context is what Polars was doing, in many lines with the whole plan; the error inside is what happened.
    let message = root(error).to_string();
    SqlFailure { offset: offset(&message, text), ..failure(class, message) }
}

fn root(error: &PolarsError) -> &PolarsError {
    match error {
        PolarsError::Context { error, .. } | PolarsError::ExprContext { error, .. } => root(error),
        other => other,
    }
}

/// The name that Polars' Python package gives the error.
fn class(error: &PolarsError) -> &'static str {
    match root(error) {
        PolarsError::AssertionError(_) => "AssertionError",
        PolarsError::ColumnNotFound(_) => "ColumnNotFoundError",
        PolarsError::ComputeError(_) => "ComputeError",
        PolarsError::Duplicate(_) => "DuplicateError",
        PolarsError::InvalidOperation(_) => "InvalidOperationError",
        PolarsError::IO { .. } => "IOError",
        PolarsError::NoData(_) => "NoDataError",
        PolarsError::OutOfBounds(_) => "OutOfBoundsError",
        PolarsError::SchemaFieldNotFound(_) => "SchemaFieldNotFoundError",
        PolarsError::SchemaMismatch(_) => "SchemaError",
        PolarsError::ShapeMismatch(_) => "ShapeError",
        PolarsError::SQLInterface(_) => "SQLInterfaceError",
        PolarsError::SQLSyntax(_) => "SQLSyntaxError",
        PolarsError::StructFieldNotFound(_) => "StructFieldNotFoundError",
        _ => "PolarsError",
    }
}

/// The failure for a text that is not SQL.
pub fn parse_failure(error: &ParserError, text: &str) -> SqlFailure {
    let message = error.to_string();
    let message = message.strip_prefix("sql parser error: ").unwrap_or(&message);
    let at = offset(message, text);
    let plain = message.find(" at Line: ").map_or(message, |cut| &message[..cut]);
    SqlFailure { offset: at, ..failure("Parser Error", plain) }
}

/// The byte offset in `text` of `... at Line: 2, Column: 5`.
fn offset(message: &str, text: &str) -> Option<usize> {
    let (_, place) = message.rsplit_once("at Line: ")?;
    let (line, column) = place.split_once(", Column: ")?;
    let column = column.split(|c: char| !c.is_ascii_digit()).next()?;
    let (line, column): (usize, usize) = (line.parse().ok()?, column.parse().ok()?);
    let start: usize = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let line = text.get(start..)?;
    Some(start + line.char_indices().nth(column.checked_sub(1)?).map_or(line.len(), |(at, _)| at))
}
