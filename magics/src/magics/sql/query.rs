//! A piece of SQL that other magics run many times: text with its place in the cell, parameters and tables bound.

use super::bind::bind;
use super::cell_text::CellText;
use super::many::prepare::files_by_name;
use crate::error::MagicError;
use crate::host::Host;
use crate::registry::Call;
use crate::sql_params::{Prepared, prepare};
use crate::sql_wire::SqlRequest;

/// A query that is ready to run.
pub struct Query {
    text: CellText,
    prepared: Prepared,
    pub request: SqlRequest,
}

impl Query {
    /// Binds `sql`, which stands in line `line` of the cell (1-based) at byte `column`, for `engine`.
    ///
    /// # Errors
    /// Unknown parameters, variables that cannot be tables.
    pub fn bound(call: &Call, sql: &str, (line, column): (usize, usize), engine: &str, host: &mut dyn Host) -> Result<Self, MagicError> {
        let text = CellText::piece(call, sql, line, column);
        let prepared = prepare(&text.sql);
        let inputs = bind(&text, &prepared, host)?;
        let mut request = SqlRequest {
            engine: engine.to_owned(),
            sql: prepared.sql.clone(),
            params: inputs.params,
            tables: inputs.tables,
            ..SqlRequest::default()
        };
        if engine != "duckdb" {
            // DuckDB reads files by itself; to the others they are tables of that name.
            request.tables.extend(files_by_name(&request.sql));
        }
        Ok(Self { text, prepared, request })
    }

    /// The error of a run with the cell's own lines.
    pub fn in_cell(&self, error: MagicError) -> MagicError {
        self.text.with_original_lines(error, &self.prepared)
    }
}
