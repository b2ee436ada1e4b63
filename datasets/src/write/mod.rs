//! Writes a stream of record batches to all wanted formats at once, one thread for each, in bounded memory.

mod parquet;
mod summed;
mod text;

use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use tpchgen_arrow::arrow::array::RecordBatch;
use tpchgen_arrow::arrow::datatypes::SchemaRef;
use tpchgen_arrow::arrow::error::ArrowError;

use crate::error::DataError;
use crate::make::Job;
use crate::manifest::FileRecord;
use crate::request::Format;

pub use summed::hex;

/// Batches that may wait for a writer: enough to keep it busy, little enough to bound memory.
const QUEUE: usize = 4;

/// Writes `table` in each format of the job and returns what was written. `on_rows` hears of every batch generated
/// and stops the work by returning false.
///
/// # Errors
/// The first error of the generator or of a writer.
pub fn table(
    job: &Job<'_>,
    table: &str,
    schema: &SchemaRef,
    batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
    mut on_rows: impl FnMut(u64) -> bool,
) -> Result<Vec<FileRecord>, DataError> {
    thread::scope(|scope| {
        let mut queues = Vec::new();
        let mut writers = Vec::new();
        for &format in job.formats {
            let (sender, receiver) = sync_channel(QUEUE);
            queues.push(sender);
            writers.push(scope.spawn(move || file(job, table, format, schema, &receiver)));
        }
        let mut generated = Ok(());
        for batch in batches {
            let batch = match batch {
                Ok(batch) => batch,
                Err(error) => {
                    generated = Err(DataError::arrow(table, &error));
                    break;
                }
            };
            let wanted = on_rows(batch.num_rows() as u64);
            // A writer that hung up has failed and says why below.
            if !wanted || queues.iter().any(|queue| queue.send(batch.clone()).is_err()) {
                break;
            }
        }
        drop(queues);
        let written: Vec<_> = writers
            .into_iter()
            .map(|writer| {
                writer
                    .join()
                    .unwrap_or_else(|_| Err(DataError::Generate { table: table.to_owned(), reason: "the writer panicked".to_owned() }))
            })
            .collect();
        generated?;
        written.into_iter().collect()
    })
}

fn file(job: &Job<'_>, table: &str, format: Format, schema: &SchemaRef, batches: &Receiver<RecordBatch>) -> Result<FileRecord, DataError> {
    let name = format!("{table}.{format}");
    let path = job.dir.join(&name);
    let (rows, done) = match format {
        Format::Parquet => parquet::write(job, table, &path, schema, batches)?,
        Format::Csv => text::write(job, table, &path, schema, batches, text::Style::Csv)?,
        Format::Jsonl => text::write(job, table, &path, schema, batches, text::Style::Jsonl)?,
    };
    Ok(FileRecord { path: name, table: table.to_owned(), format, rows, bytes: done.bytes, sha256: done.sha256 })
}

fn create(job: &Job<'_>, path: &Path) -> Result<summed::Summed, DataError> {
    summed::Summed::create(path).map_err(|source| DataError::io("create", path, source, job.need_mb))
}
