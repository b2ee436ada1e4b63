//! Puts `EXPLAIN` before the last statement of a text, and maps positions back.

use crate::split::statements;

/// A text to run, and how its positions relate to the text that was asked for.
#[derive(Debug, PartialEq)]
pub struct PlannedText {
    pub sql: String,
    inserted_at: usize,
    inserted: usize,
}

impl PlannedText {
    /// The text with `prefix`, such as `EXPLAIN `, before its last statement; one that is an `EXPLAIN` already stays as it is.
    pub fn new(sql: &str, prefix: &str) -> PlannedText {
        let last = statements(sql).pop();
        match last {
            Some(start) if !prefix.is_empty() && !starts_with_explain(&sql[start..]) => {
                PlannedText { sql: format!("{}{prefix}{}", &sql[..start], &sql[start..]), inserted_at: start, inserted: prefix.len() }
            }
            _ => PlannedText { sql: sql.to_owned(), inserted_at: sql.len(), inserted: 0 },
        }
    }

    /// Byte offset in the text that was asked for, of a byte offset in `sql`.
    pub fn original(&self, offset: usize) -> usize {
        match offset {
            before if before < self.inserted_at => before,
            inside if inside < self.inserted_at + self.inserted => self.inserted_at,
            after => after - self.inserted,
        }
    }
}

fn starts_with_explain(statement: &str) -> bool {
    statement.get(..7).is_some_and(|word| word.eq_ignore_ascii_case("explain"))
        && !statement[7..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
}
