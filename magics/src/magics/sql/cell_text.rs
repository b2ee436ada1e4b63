//! The query in the cell: positions, and errors that point at them.

use crate::caret;
use crate::error::MagicError;
use crate::options::usage_error;
use crate::registry::Call;
use crate::sql_params::{Param, Prepared};

/// The query with the cell's own lines and columns, so that every position means the same in both.
pub struct CellText {
    /// The cell up to the end of the query.
    cell: String,
    /// The same, blank where the cell holds no SQL; line numbers and byte columns are equal.
    pub sql: String,
}

impl CellText {
    /// The text of a call.
    ///
    /// # Errors
    /// When there is no query.
    pub fn of(call: &Call) -> Result<Self, MagicError> {
        let line = call.options.line();
        if call.body.trim().is_empty() && call.rest.trim().is_empty() {
            let hint = "write the query below `%%sql`, or after `%sql` on its line; `%%sql --help` shows examples";
            let span = 0..line.text.trim_end().len();
            return Err(usage_error(line, span, "there is no query", Some(hint.into())));
        }
        let before = "\n".repeat(line.number.saturating_sub(1));
        // The query stands at the end of the magic's line: all of it for a line magic, perhaps a part for a cell magic.
        let on_line = if call.is_cell { &call.rest } else { &call.body };
        let magic_line = line.text.trim_end();
        let column = magic_line.len().saturating_sub(on_line.trim_end().len());
        let blank = if on_line.trim().is_empty() { String::new() } else { format!("{}{on_line}", " ".repeat(column)) };
        let below = if call.is_cell { format!("\n{}", call.body.trim_end()) } else { String::new() };
        Ok(Self { cell: format!("{before}{magic_line}{below}"), sql: format!("{before}{blank}{below}") })
    }

    /// A piece of SQL in a cell of another magic: it stands in line `line` (1-based) at byte `column`.
    pub fn piece(call: &Call, sql: &str, line: usize, column: usize) -> Self {
        let own = call.options.line();
        let before = "\n".repeat(own.number.saturating_sub(1));
        let below = if call.is_cell { format!("\n{}", call.body.trim_end()) } else { String::new() };
        let place = format!("{}{}", "\n".repeat(line.saturating_sub(1)), " ".repeat(column));
        Self { cell: format!("{before}{}{below}", own.text.trim_end()), sql: format!("{place}{}", sql.trim_end()) }
    }

    /// A part of a cell: the query whose first line is the 1-based `line` of `cell`.
    pub fn of_part(cell: &str, query: &str, line: usize) -> Self {
        Self { cell: cell.to_owned(), sql: format!("{}{}", "\n".repeat(line.saturating_sub(1)), query.trim_end()) }
    }

    /// The text of a file, whose lines and columns then count.
    ///
    /// # Errors
    /// A file that cannot be read or is empty, a query beside it.
    pub fn of_file(call: &Call, path: &str) -> Result<Self, MagicError> {
        if !call.body.trim().is_empty() || !call.rest.trim().is_empty() {
            let hint = "leave `--file` out, or the text in the cell".to_owned();
            return Err(call.options.error_at("file", "there is a query in the cell and one in a file", Some(hint)));
        }
        let text = std::fs::read_to_string(path).map_err(|error| {
            let hint = "check the path; relative paths start at the notebook's folder".to_owned();
            call.options.error_at("file", format!("the file `{path}` cannot be read: {error}"), Some(hint))
        })?;
        if text.trim().is_empty() {
            return Err(call.options.error_at("file", format!("there is no query in `{path}`"), None));
        }
        Ok(Self { cell: text.clone(), sql: text })
    }

    /// Line number, text and span in that line of bytes of `sql`.
    fn place(&self, span: std::ops::Range<usize>) -> Vec<String> {
        let number = self.sql[..span.start].matches('\n').count();
        let start = self.sql[..span.start].rfind('\n').map_or(0, |line_break| line_break + 1);
        let line = self.cell.lines().nth(number).unwrap_or("");
        caret::point_at(number + 1, line, span.start - start..span.end - start)
    }

    /// Puts the cell's lines back where an error shows lines of the rewritten query.
    pub fn with_original_lines(&self, mut error: MagicError, prepared: &Prepared) -> MagicError {
        let rewritten: Vec<&str> = prepared.sql.lines().collect();
        let original: Vec<&str> = self.cell.lines().collect();
        for shown in &mut error.traceback {
            let pairs = rewritten.iter().zip(&original).filter(|(new, old)| new != old && !new.trim().is_empty());
            if let Some((new, old)) = pairs.into_iter().find(|(new, _)| shown.ends_with(**new)) {
                shown.truncate(shown.len() - new.len());
                shown.push_str(old);
            }
        }
        error
    }

    /// An error that points at a parameter.
    pub fn error(&self, param: &Param, message: String, hint: String) -> MagicError {
        let lines = caret::error_lines("SqlError", &message, self.place(param.span.clone()), Some(&hint));
        MagicError::new("SqlError", message).hint(hint).traceback(lines)
    }
}
