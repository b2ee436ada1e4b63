//! The metadata of an Arrow IPC file: flatbuffers that tell where the bytes of each batch lie.

use arrow::datatypes::Schema;
use arrow::ipc::convert::IpcSchemaEncoder;
use arrow::ipc::writer::DictionaryTracker;
use arrow::ipc::{
    Block, DictionaryBatchBuilder, FooterBuilder, MessageBuilder, MessageHeader, MetadataVersion, RecordBatch, RecordBatchBuilder,
};
use flatbuffers::{FlatBufferBuilder, UnionWIPOffset, WIPOffset};

use crate::encode::{ALIGNMENT, Body};

/// The first and, without its padding, the last bytes of a file.
pub const MAGIC: &[u8; 8] = b"ARROW1\0\0";
const CONTINUATION: [u8; 4] = [0xff; 4];
const VERSION: MetadataVersion = MetadataVersion::V5;

/// The message with the schema, to stand at `position` in the file.
#[must_use]
pub fn schema(schema: &Schema, position: usize) -> Vec<u8> {
    let mut builder = FlatBufferBuilder::new();
    let mut tracker = DictionaryTracker::new(true);
    let header = IpcSchemaEncoder::new().with_dictionary_tracker(&mut tracker).schema_to_fb_offset(&mut builder, schema);
    message(builder, MessageHeader::Schema, header.as_union_value(), 0, position)
}

/// The message of a batch of `rows` rows.
#[must_use]
pub fn batch(body: &Body, rows: usize, position: usize) -> Vec<u8> {
    let mut builder = FlatBufferBuilder::new();
    let header = record_batch(&mut builder, body, rows).as_union_value();
    message(builder, MessageHeader::RecordBatch, header, body.length, position)
}

/// The message of the values of dictionary `id`.
#[must_use]
pub fn dictionary(id: i64, body: &Body, rows: usize, position: usize) -> Vec<u8> {
    let mut builder = FlatBufferBuilder::new();
    let data = record_batch(&mut builder, body, rows);
    let mut dictionary = DictionaryBatchBuilder::new(&mut builder);
    dictionary.add_id(id);
    dictionary.add_data(data);
    let header = dictionary.finish().as_union_value();
    message(builder, MessageHeader::DictionaryBatch, header, body.length, position)
}

fn record_batch<'a>(builder: &mut FlatBufferBuilder<'a>, body: &Body, rows: usize) -> WIPOffset<RecordBatch<'a>> {
    let nodes = builder.create_vector(&body.nodes);
    let buffers = builder.create_vector(&body.places);
    let variadic = (!body.variadic.is_empty()).then(|| builder.create_vector(&body.variadic));
    let mut batch = RecordBatchBuilder::new(builder);
    batch.add_length(i64::try_from(rows).unwrap_or(i64::MAX));
    batch.add_nodes(nodes);
    batch.add_buffers(buffers);
    if let Some(variadic) = variadic {
        batch.add_variadicBufferCounts(variadic);
    }
    batch.finish()
}

/// With its length in front, and padded so that what follows is aligned.
fn message(
    mut builder: FlatBufferBuilder<'_>,
    kind: MessageHeader,
    header: WIPOffset<UnionWIPOffset>,
    body_length: usize,
    position: usize,
) -> Vec<u8> {
    let mut message = MessageBuilder::new(&mut builder);
    message.add_version(VERSION);
    message.add_header_type(kind);
    message.add_header(header);
    message.add_bodyLength(i64::try_from(body_length).unwrap_or(i64::MAX));
    let root = message.finish();
    builder.finish(root, None);
    let metadata = builder.finished_data();
    let end = (position + 8 + metadata.len()).next_multiple_of(ALIGNMENT);
    let mut bytes = Vec::with_capacity(end - position);
    bytes.extend(CONTINUATION);
    bytes.extend(u32::try_from(end - position - 8).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend(metadata);
    bytes.resize(end - position, 0);
    bytes
}

/// What ends a file: end of messages, footer, its length, the magic.
#[must_use]
pub fn ending(schema: &Schema, dictionaries: &[Block], batches: &[Block]) -> Vec<u8> {
    let mut builder = FlatBufferBuilder::new();
    let mut tracker = DictionaryTracker::new(true);
    let schema = IpcSchemaEncoder::new().with_dictionary_tracker(&mut tracker).schema_to_fb_offset(&mut builder, schema);
    let dictionaries = builder.create_vector(dictionaries);
    let batches = builder.create_vector(batches);
    let mut footer = FooterBuilder::new(&mut builder);
    footer.add_version(VERSION);
    footer.add_schema(schema);
    footer.add_dictionaries(dictionaries);
    footer.add_recordBatches(batches);
    let root = footer.finish();
    builder.finish(root, None);
    let footer = builder.finished_data();
    let mut bytes = Vec::with_capacity(footer.len() + 18);
    bytes.extend(CONTINUATION);
    bytes.extend([0; 4]);
    bytes.extend(footer);
    bytes.extend(u32::try_from(footer.len()).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend(&MAGIC[..6]);
    bytes
}
