//! An engine's failure as an error that points into the cell.

use crate::caret;
use crate::error::MagicError;
use crate::sql_wire::SqlFailure;

/// Renders a failure of `sql`: class, message, and the line with a caret when the engine gave a position.
///
/// `body_line` is the cell line of the first line of `sql`. The `%%sql` magic keeps the cell's line numbers in the
/// text that it sends, so for its requests this is 1.
pub fn sql_failure_error(sql: &str, failure: &SqlFailure, body_line: usize) -> MagicError {
    if failure.class == "Interrupted" {
        return MagicError::interrupted();
    }
    let class = if failure.class.is_empty() { "Error" } else { failure.class.as_str() };
    let mut message = failure.message.trim().lines();
    let first = format!("{class}: {}", message.next().unwrap_or("no message"));
    let mut place: Vec<String> = message.map(str::to_owned).collect();
    if let Some(offset) = failure.offset.filter(|offset| *offset <= sql.len()) {
        let offset = caret::floor_boundary(sql, offset);
        let line_start = sql[..offset].rfind('\n').map_or(0, |line_break| line_break + 1);
        let number = body_line + sql[..line_start].matches('\n').count();
        let line = sql[line_start..].lines().next().unwrap_or("");
        let start = offset - line_start;
        let word = line.get(start..).unwrap_or("");
        let length = word.find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(word.len()).max(1);
        place.extend(caret::point_at(number, line, start..start + length));
    }
    let hint = hint(failure);
    let mut error = MagicError::new("SqlError", first);
    error.traceback = caret::error_lines("SqlError", &error.message, place, hint);
    error.hint = hint.map(str::to_owned);
    error
}

fn hint(failure: &SqlFailure) -> Option<&'static str> {
    let message = &failure.message;
    if failure.class.starts_with("Catalog") && message.contains("Table") && message.contains("does not exist") {
        return Some("`%tables` lists the tables; a Rust DataFrame variable is found by its name, a file by its quoted path");
    }
    // SQLite's and Polars' words for it.
    if message.contains("no such table") || (message.contains("relation ") && message.contains("was not found")) {
        return Some(
            "every engine has tables of its own: name a file by its quoted path, a DataFrame of Rust or Python, or use \
             `%%sql --engines duckdb,…`, which hands DuckDB's tables to the others",
        );
    }
    if failure.class.starts_with("IO") {
        return Some("check the path; relative paths start at the notebook's folder");
    }
    if failure.class.starts_with("Out of Memory") {
        return Some("select fewer columns or rows, or aggregate before sorting and joining");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::sql_failure_error;
    use crate::sql_wire::SqlFailure;

    fn failure(offset: Option<usize>) -> SqlFailure {
        SqlFailure { class: "Parser Error".into(), message: "syntax error at or near \"FORM\"".into(), offset }
    }

    #[test]
    fn the_caret_stands_under_the_word() {
        let error = sql_failure_error("SELECT é\nFORM t", &failure(Some(10)), 2);
        let text = error.shown().join("\n").replace("\u{1b}[0m", "").replace("\u{1b}[31;1m", "").replace("\u{1b}[34m", "");
        assert_eq!(text, "SqlError: Parser Error: syntax error at or near \"FORM\"\nline 3 | FORM t\n       | ^^^^");
    }

    #[test]
    fn a_table_of_another_engine_is_explained() {
        for message in ["no such table: bars", "relation 'bars' was not found"] {
            let error = sql_failure_error("FROM bars", &SqlFailure { message: message.into(), ..SqlFailure::default() }, 1);
            assert!(error.hint.is_some_and(|hint| hint.contains("--engines")), "{message}");
        }
    }

    #[test]
    fn odd_offsets_do_not_panic() {
        for offset in 0..20 {
            let _ = sql_failure_error("é\n\nü", &failure(Some(offset)), 1);
        }
        assert_eq!(sql_failure_error("x", &failure(None), 1).name, "SqlError");
        let interrupted = SqlFailure { class: "Interrupted".into(), ..SqlFailure::default() };
        assert_eq!(sql_failure_error("x", &interrupted, 1).name, "Interrupted");
    }
}
