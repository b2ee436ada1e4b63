//! Parquet: Snappy, row groups of 122,880 rows, no Arrow-specific metadata.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use tpchgen_arrow::arrow::array::RecordBatch;
use tpchgen_arrow::arrow::datatypes::SchemaRef;

use super::summed::Totals;
use crate::error::DataError;
use crate::make::Job;

/// The group size DuckDB itself writes: small enough that a scan of six million rows occupies every core.
const ROW_GROUP: usize = 122_880;

/// Writes the batches; returns rows and totals.
pub fn write(
    job: &Job<'_>,
    table: &str,
    path: &Path,
    schema: &SchemaRef,
    batches: &Receiver<RecordBatch>,
) -> Result<(u64, Totals), DataError> {
    let failed = |error| DataError::parquet(table, path, error, job.need_mb);
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(ROW_GROUP))
        // Not the library's version: the bytes shall depend on the data alone.
        .set_created_by("benchbook datasets".to_owned())
        .build();
    // Without the Arrow schema a reader maps text to its own usual type instead of a string view.
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let mut file = super::create(job, path)?;
    let mut writer = ArrowWriter::try_new_with_options(&mut file, Arc::clone(schema), options).map_err(failed)?;
    let mut rows = 0;
    for batch in batches {
        writer.write(&batch).map_err(failed)?;
        rows += batch.num_rows() as u64;
    }
    // `into_inner` would turn a full disk into plain text; closing keeps the error of the file system.
    writer.close().map_err(failed)?;
    let totals = file.finish().map_err(|source| DataError::io("write", path, source, job.need_mb))?;
    Ok((rows, totals))
}
