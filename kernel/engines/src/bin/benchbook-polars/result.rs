//! A frame turned into a reply.

use std::io::{BufWriter, Cursor, Write};
use std::path::Path;

use engines::arrow_file::{WholeFile, cannot_store, room_for};
use engines::arrow_text;
use engines::engine::failure;
use engines::sql_wire::{Column, Moved, SqlFailure, SqlReply, SqlRequest};
use lab::arrow::array::RecordBatch;
use lab::arrow::ipc::reader::FileReader;
use lab::polars::prelude::{CompatLevel, DataFrame, DataType, IpcWriter, PolarsResult, SerWriter};

/// Rows of a record batch on the average; a frame in smaller pieces is put together first.
const BATCH_ROWS: usize = 50_000;

/// The reply for a whole result, without times. Writes `request.out`.
pub fn reply(frame: DataFrame, request: &SqlRequest) -> Result<SqlReply, SqlFailure> {
    let columns: Vec<Column> =
        frame.columns().iter().map(|column| Column { name: column.name().to_string(), type_name: column.dtype().to_string() }).collect();
    let mut frame = storable(frame).map_err(cannot_store)?;
    let pieces = frame.first_col_n_chunks();
    if pieces > 1 && frame.height() / pieces < BATCH_ROWS {
        frame.rechunk_mut();
    }
    let row_count = frame.height() as u64;
    let bytes = match &request.out {
        Some(out) => store(Path::new(out), &mut frame)?,
        None => frame.estimated_size() as u64,
    };
    Ok(SqlReply {
        columns,
        rows: arrow_text::rows(&batches(&mut frame.head(Some(request.limit)))?, request.limit),
        row_count,
        has_rows: true,
        fetched: Some(Moved { rows: row_count, bytes }),
        ..SqlReply::default()
    })
}

/// A small frame as lines of text, values separated by two spaces.
pub fn lines(mut frame: DataFrame) -> Result<String, SqlFailure> {
    let height = frame.height();
    let rows = arrow_text::rows(&batches(&mut frame)?, height);
    let line = |row: Vec<Option<String>>| row.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>().join("  ");
    Ok(rows.into_iter().map(line).collect::<Vec<_>>().join("\n"))
}

/// The frame with integers of 128 bits, which Arrow does not have, as decimals.
fn storable(mut frame: DataFrame) -> PolarsResult<DataFrame> {
    let wide: Vec<usize> = frame
        .columns()
        .iter()
        .enumerate()
        .filter(|(_, column)| matches!(column.dtype(), DataType::Int128))
        .map(|(index, _)| index)
        .collect();
    for index in wide {
        let decimals = frame.columns()[index].cast(&DataType::Decimal(38, 0))?;
        frame.replace_column(index, decimals)?;
    }
    Ok(frame)
}

fn store(out: &Path, frame: &mut DataFrame) -> Result<u64, SqlFailure> {
    room_for(out, frame.estimated_size() as u64)?;
    let (whole, file) = WholeFile::create(out)?;
    let mut file = BufWriter::with_capacity(1 << 20, file);
    IpcWriter::new(&mut file).with_compat_level(CompatLevel::newest()).finish(frame).map_err(cannot_store)?;
    file.flush().map_err(cannot_store)?;
    whole.finish()
}

/// The same rows in Arrow's own arrays.
fn batches(frame: &mut DataFrame) -> Result<Vec<RecordBatch>, SqlFailure> {
    let unreadable = |error: String| failure("Output Error", format!("the rows cannot be shown: {error}"));
    let mut bytes = Cursor::new(Vec::new());
    IpcWriter::new(&mut bytes).with_compat_level(CompatLevel::newest()).finish(frame).map_err(|error| unreadable(error.to_string()))?;
    bytes.set_position(0);
    let reader = FileReader::try_new(bytes, None).map_err(|error| unreadable(error.to_string()))?;
    reader.collect::<Result<_, _>>().map_err(|error| unreadable(error.to_string()))
}
