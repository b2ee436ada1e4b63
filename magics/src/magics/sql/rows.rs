//! The rows of a cell's query, for magics that draw them.

use super::bind::bind;
use super::cell_text::CellText;
use crate::error::MagicError;
use crate::host::Host;
use crate::registry::Call;
use crate::sql_params::prepare;
use crate::sql_wire::{SqlReply, SqlRequest};

/// Runs the call's query on DuckDB; tables and parameters are found as in `%%sql`. At most `limit` rows come back.
///
/// # Errors
/// No query, a failing one, tables or parameters that are not there.
pub fn rows(call: &Call, limit: usize, host: &mut dyn Host) -> Result<SqlReply, MagicError> {
    let text = CellText::of(call)?;
    let prepared = prepare(&text.sql);
    let inputs = bind(&text, &prepared, host)?;
    let request = SqlRequest {
        engine: "duckdb".into(),
        sql: prepared.sql.clone(),
        params: inputs.params,
        tables: inputs.tables,
        limit,
        ..SqlRequest::default()
    };
    host.sql(&request, &mut |_| {}).map_err(|error| text.with_original_lines(error, &prepared))
}
