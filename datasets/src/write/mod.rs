//! Writes a stream of record batches to all wanted formats at once, one thread for each, in bounded memory.

mod meter;
mod parquet;
mod summed;
pub mod text;

use std::io::Write as _;
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use tpchgen_arrow::arrow::array::RecordBatch;
use tpchgen_arrow::arrow::datatypes::{DataType, Field, SchemaRef};
use tpchgen_arrow::arrow::error::ArrowError;

use crate::error::DataError;
use crate::format::Format;
use crate::make::Job;
use crate::manifest::FileRecord;
use crate::parallel;

pub use meter::Meter;
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

/// A table made of pieces, which are generated on all cores: `make` must depend on the number of the piece alone.
///
/// # Errors
/// As [`table`].
pub fn pieces(
    job: &Job<'_>,
    name: &str,
    schema: &SchemaRef,
    pieces: u64,
    make: impl Fn(u64) -> Result<RecordBatch, ArrowError> + Sync,
    meter: &mut Meter<'_>,
) -> Result<Vec<FileRecord>, DataError> {
    parallel::in_order(job.threads, pieces, make, |batches| {
        table(job, name, schema, batches, |rows| {
            meter.rows(name, rows);
            true
        })
    })
}

/// A file that is no table: `text` under `name`, recorded with so many rows of CSV.
///
/// # Errors
/// From the file system.
pub fn plain(job: &Job<'_>, name: &str, rows: u64, text: &[u8]) -> Result<FileRecord, DataError> {
    let path = format!("{name}.csv");
    let target = job.dir.join(&path);
    let mut file = create(job, &target)?;
    let done = file.write_all(text).and_then(|()| file.finish());
    let done = done.map_err(|source| DataError::io("write", &target, source, job.need_mb))?;
    Ok(FileRecord { path, table: name.to_owned(), format: Format::Csv, rows, bytes: done.bytes, sha256: done.sha256 })
}

/// A column that always has a value.
pub fn column(name: &str, kind: DataType) -> Field {
    Field::new(name, kind, false)
}

/// A column of floats that are written with so many decimals as text.
pub fn decimals(name: &str, digits: usize) -> Field {
    column(name, DataType::Float64).with_metadata([(text::DECIMALS.to_owned(), digits.to_string())])
}

fn file(job: &Job<'_>, table: &str, format: Format, schema: &SchemaRef, batches: &Receiver<RecordBatch>) -> Result<FileRecord, DataError> {
    let name = format!("{table}.{format}");
    let path = job.dir.join(&name);
    let (rows, done) = match format {
        Format::Parquet => parquet::write(job, table, &path, schema, batches)?,
        Format::Csv => text::write(job, table, &path, schema, batches, text::Style::Csv)?,
        Format::Jsonl => text::write(job, table, &path, schema, batches, text::Style::Jsonl)?,
        Format::Txt => text::write(job, table, &path, schema, batches, text::Style::Plain)?,
    };
    Ok(FileRecord { path: name, table: table.to_owned(), format, rows, bytes: done.bytes, sha256: done.sha256 })
}

fn create(job: &Job<'_>, path: &Path) -> Result<summed::Summed, DataError> {
    summed::Summed::create(path).map_err(|source| DataError::io("create", path, source, job.need_mb))
}
