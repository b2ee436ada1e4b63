//! Files as Arrow batches, for engines that cannot read them: an Arrow file is mapped, all others are read by DuckDB.

use std::path::Path;
use std::sync::Arc;

use ::duckdb::arrow::array::RecordBatch;
use ::duckdb::arrow::datatypes::Schema;

use super::arrow_out::Converter;
use super::failure::plain;
use super::raw::{Connection, Database, RawResult};
use super::types::readable_expression;
use crate::engine::failure;
use crate::mapping;
use crate::sql_wire::SqlFailure;

/// Takes the schema and, if there is one, a batch.
pub type Take<'a> = &'a mut dyn FnMut(&Schema, Option<&RecordBatch>) -> Result<(), SqlFailure>;

/// The table function that reads a file, by its ending; `None` for an Arrow file.
pub fn function(path: &Path) -> Option<&'static str> {
    match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "parquet" => Some("read_parquet"),
        "csv" => Some("read_csv"),
        "jsonl" => Some("read_ndjson"),
        _ => None,
    }
}

/// Hands the batches of a file to `take`, one after the other, after the schema alone. Failures to read are of class `Table Error`.
pub fn each_batch(path: &Path, take: Take<'_>) -> Result<(), SqlFailure> {
    let Some(function) = function(path) else {
        let (schema, batches) = mapping::read(path).map_err(|error| failure("Table Error", error.to_string()))?;
        take(&schema, None)?;
        return batches.iter().try_for_each(|batch| take(&schema, Some(batch)));
    };
    let unreadable = |message: String| failure("Table Error", plain(&message));
    let database = Arc::new(Database::in_memory().map_err(unreadable)?);
    let connection = Connection::open(&database).map_err(unreadable)?;
    let from = format!("FROM {function}('{}')", path.display().to_string().replace('\'', "''"));
    let sql = readable(&connection, &from).map_err(unreadable)?;
    let statements = connection.extract(&sql).map_err(unreadable)?;
    let statement = statements.prepare(0).map_err(unreadable)?;
    let mut result = statement.execute_streaming().map_err(unreadable)?;
    let names: Vec<String> = result.columns().into_iter().map(|(name, _)| name).collect();
    let mut converter = Converter::new(&mut result, &names).map_err(unreadable)?;
    let schema = Arc::clone(converter.schema());
    take(&schema, None)?;
    while let Some(chunk) = result.next_chunk().map_err(unreadable)? {
        let batch = converter.batch(&chunk).map_err(unreadable)?;
        take(&schema, Some(&batch))?;
    }
    Ok(())
}

/// The query for all columns, with types that Arrow has.
fn readable(connection: &Connection, from: &str) -> RawResult<String> {
    let columns = connection.query(&format!("{from} LIMIT 0"))?.columns();
    let columns: Vec<String> = columns
        .iter()
        .map(|(name, logical)| {
            let name = super::types::identifier(name);
            readable_expression(logical, &name).map_or_else(|| name.clone(), |cast| format!("{cast} AS {name}"))
        })
        .collect();
    Ok(format!("SELECT {} {from}", columns.join(", ")))
}
