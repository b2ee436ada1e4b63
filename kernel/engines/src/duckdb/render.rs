//! Values as text, in DuckDB's own words: the rows to show are cast to `VARCHAR` by DuckDB itself.

use std::sync::Arc;

use super::chunk_table::{ChunkTable, FROM, Shown};
use super::raw::{Connection, RawResult};

/// The first `limit` rows of `head` as text; `None` is NULL.
pub fn rows(
    connection: &Connection,
    shown: &Shown,
    head: &Arc<ChunkTable>,
    columns: usize,
    limit: usize,
) -> RawResult<Vec<Vec<Option<String>>>> {
    if columns == 0 || limit == 0 {
        return Ok(Vec::new());
    }
    let casts: Vec<String> = (0..columns).map(|i| format!("CAST(c{i} AS VARCHAR)")).collect();
    let sql = format!("SELECT {} {FROM} LIMIT {limit}", casts.join(", "));
    shown.with(Arc::clone(head), || {
        let mut result = connection.query(&sql)?;
        let mut rows = Vec::new();
        while let Some(chunk) = result.next_chunk()? {
            for row in 0..chunk.rows() {
                rows.push((0..columns).map(|column| chunk.varchar(column, row)).collect());
            }
        }
        Ok(rows)
    })
}
