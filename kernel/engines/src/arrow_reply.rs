//! A result in Arrow turned into a reply: its first rows as text, and all of it as a file.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use ::duckdb::arrow::array::{Array, RecordBatch};
use ::duckdb::arrow::datatypes::{Field, Schema, SchemaRef};

use crate::arrow_file::{ArrowFile, cannot_store};
use crate::arrow_text;
use crate::sql_wire::{Column, Moved, SqlFailure, SqlReply, SqlRequest};

/// The reply for a whole result, without times. Writes `request.out`. `columns` has the engine's own type names.
pub fn reply(columns: Vec<Column>, schema: &SchemaRef, batches: &[RecordBatch], request: &SqlRequest) -> Result<SqlReply, SqlFailure> {
    let row_count = batches.iter().map(|batch| batch.num_rows() as u64).sum();
    let bytes = match &request.out {
        Some(out) => store(Path::new(out), schema, batches)?,
        None => batches.iter().map(bytes).sum(),
    };
    Ok(SqlReply {
        columns,
        rows: arrow_text::rows(batches, request.limit),
        row_count,
        has_rows: true,
        fetched: Some(Moved { rows: row_count, bytes }),
        ..SqlReply::default()
    })
}

/// Bytes of the rows, without what lies beside them in the same buffers.
pub fn bytes(batch: &RecordBatch) -> u64 {
    let sizes = batch.columns().iter().map(|column| column.to_data().get_slice_memory_size().unwrap_or(0) as u64);
    sizes.sum()
}

/// Writes an Arrow IPC file; returns its bytes.
pub fn store(out: &Path, schema: &SchemaRef, batches: &[RecordBatch]) -> Result<u64, SqlFailure> {
    let names: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
    let names = distinct(&names);
    let fields = schema.fields().iter().zip(names).map(|(field, name)| Field::new(name, field.data_type().clone(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let mut file = ArrowFile::create(out, &schema)?;
    for batch in batches {
        file.write(&batch.clone().with_schema(Arc::clone(&schema)).map_err(cannot_store)?)?;
    }
    file.finish()
}

/// Column names without repeats, since a DataFrame cannot have two of one name: `a`, `a_1`, `a_2`.
pub fn distinct(names: &[String]) -> Vec<String> {
    let mut taken: HashSet<String> = HashSet::new();
    let mut free_name = |name: &String| {
        let candidates = std::iter::once(name.clone()).chain((1..).map(|n: u32| format!("{name}_{n}")));
        let free = candidates.into_iter().find(|candidate| taken.insert(candidate.clone()));
        free.unwrap_or_else(|| name.clone())
    };
    names.iter().map(&mut free_name).collect()
}
