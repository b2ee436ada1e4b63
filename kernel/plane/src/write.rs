//! Writing a table: its columns' memory goes straight to the file, in one pass and without a copy in between.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, IoSlice, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::SchemaRef;
use arrow::ipc::Block;

use crate::Error;
use crate::catalogue::Note;
use crate::dictionaries::unified;
use crate::directory::{Directory, check_name};
use crate::encode::{ALIGNMENT, Body, check_type, padded};
use crate::{message, room};

/// Pieces given to the system in one call; it takes 1024.
const PIECES: usize = 512;
/// Bytes given to the system in one call: an interrupt of the user waits for its end.
const STEP: usize = 32 << 20;

static PADDING: [u8; ALIGNMENT] = [0; ALIGNMENT];

/// Writes the table `name` of `batches`, all of `schema`; a table of this name is replaced, and who has it mapped keeps it.
///
/// # Errors
/// A bad name, types that tables cannot have, no room.
pub fn write(directory: &Directory, name: &str, owner: &str, schema: &SchemaRef, batches: Vec<RecordBatch>) -> Result<Note, Error> {
    check_name(name)?;
    let told = |error: Error| -> Error { format!("the table `{name}` cannot be shared: {error}").into() };
    for field in schema.fields() {
        check_type(field.name(), field.data_type()).map_err(told)?;
    }
    let contents = Contents::of(schema, batches).map_err(told)?;
    directory.remove_leftovers();
    room::check(directory, name, contents.length as u64)?;
    let part = Part(directory.part(name));
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part.0).map_err(|error| told(error.into()))?;
    contents.write_to(&file).map_err(|error| match error.raw_os_error() {
        // Somebody else was quicker.
        Some(libc::ENOSPC | libc::EDQUOT) => format!(
            "shared memory became full while `{name}` was written, which needs {}; `%tables --drop name` frees a table",
            room::shown(contents.length as u64)
        )
        .into(),
        _ => told(error.into()),
    })?;
    let note = Note::new(name, owner, contents.rows, schema, &file.metadata().map_err(|error| told(error.into()))?);
    fs::rename(&part.0, directory.file(name)).map_err(|error| told(error.into()))?;
    note.write(directory)?;
    Ok(note)
}

/// A file that is being written; removed unless it gets another name.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// A whole file: metadata of its own, and the columns' buffers.
struct Contents {
    messages: Vec<(Vec<u8>, Body)>,
    ending: Vec<u8>,
    length: usize,
    rows: usize,
}

impl Contents {
    fn of(schema: &SchemaRef, batches: Vec<RecordBatch>) -> Result<Self, Error> {
        let batches = if batches.is_empty() { vec![RecordBatch::new_empty(schema.clone())] } else { batches };
        let (batches, dictionaries) = unified(schema, batches)?;
        let mut position = message::MAGIC.len();
        let head = message::schema(schema, position);
        position += head.len();
        let mut messages = vec![(head, Body::default())];
        let mut add = |body: Body, encode: &dyn Fn(&Body, usize) -> Vec<u8>| -> Result<Block, Error> {
            let metadata = encode(&body, position);
            let block = Block::new(i64::try_from(position)?, i32::try_from(metadata.len())?, i64::try_from(body.length)?);
            position += metadata.len() + body.length;
            messages.push((metadata, body));
            Ok(block)
        };
        let mut dictionary_blocks = Vec::with_capacity(dictionaries.len());
        for (id, values) in (0..).zip(&dictionaries) {
            let values: &dyn Array = values;
            dictionary_blocks.push(add(Body::of([values])?, &|body, at| message::dictionary(id, body, values.len(), at))?);
        }
        let mut batch_blocks = Vec::with_capacity(batches.len());
        for batch in &batches {
            let columns = batch.columns().iter().map(|column| &**column);
            batch_blocks.push(add(Body::of(columns)?, &|body, at| message::batch(body, batch.num_rows(), at))?);
        }
        let ending = message::ending(schema, &dictionary_blocks, &batch_blocks);
        let rows = batches.iter().map(RecordBatch::num_rows).sum();
        Ok(Self { messages, length: position + ending.len(), ending, rows })
    }

    /// All bytes, in order.
    fn pieces(&self) -> Vec<&[u8]> {
        let mut pieces: Vec<&[u8]> = vec![message::MAGIC];
        for (metadata, body) in &self.messages {
            pieces.push(metadata);
            for buffer in &body.buffers {
                pieces.push(buffer);
                pieces.push(&PADDING[..padded(buffer.len()) - buffer.len()]);
            }
        }
        pieces.push(&self.ending);
        pieces.into_iter().flat_map(|piece| piece.chunks(STEP)).collect()
    }

    /// One thread writes: two would wait for each other, since a file is locked while it is written to.
    fn write_to(&self, mut file: &File) -> io::Result<()> {
        let pieces = self.pieces();
        let mut rest = pieces.as_slice();
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = |piece: &&&[u8]| {
                bytes += piece.len();
                bytes <= STEP
            };
            let count = rest[..rest.len().min(PIECES)].iter().take_while(fits).count().max(1);
            let (now, later) = rest.split_at(count);
            let mut slices: Vec<IoSlice<'_>> = now.iter().map(|piece| IoSlice::new(piece)).collect();
            let mut open = slices.as_mut_slice();
            // Empty pieces at the front count as written.
            IoSlice::advance_slices(&mut open, 0);
            while !open.is_empty() {
                match file.write_vectored(open) {
                    Ok(0) => return Err(ErrorKind::WriteZero.into()),
                    Ok(written) => IoSlice::advance_slices(&mut open, written),
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
            rest = later;
        }
        Ok(())
    }
}
