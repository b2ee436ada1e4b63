//! Which bytes an array has in an Arrow IPC file: its own buffers where they can be taken as they are, else trimmed copies.

use arrow::array::{Array, ArrayData, AsArray, GenericByteViewArray};
use arrow::buffer::{BooleanBuffer, Buffer, MutableBuffer};
use arrow::datatypes::{ArrowNativeType, ByteViewType, DataType};
use arrow::ipc::{Buffer as BufferPlace, FieldNode};

use crate::Error;

/// Alignment of every buffer in a file, in bytes.
pub const ALIGNMENT: usize = 64;
/// Text that rows no longer name is written all the same, up to this many bytes: looking costs more.
const UNUSED_TEXT: usize = 1 << 16;

/// The body of one message.
#[derive(Default)]
pub struct Body {
    /// Length and null count of each array, depth first.
    pub nodes: Vec<FieldNode>,
    /// Where each buffer lies in the body.
    pub places: Vec<BufferPlace>,
    /// For each array of views: how many buffers of text it has.
    pub variadic: Vec<i64>,
    /// The buffers that have bytes, in order; each starts at a multiple of [`ALIGNMENT`].
    pub buffers: Vec<Buffer>,
    /// Bytes, the last padding included.
    pub length: usize,
}

/// The next multiple of [`ALIGNMENT`].
#[must_use]
pub fn padded(length: usize) -> usize {
    length.next_multiple_of(ALIGNMENT)
}

impl Body {
    /// The body of `columns`.
    ///
    /// # Errors
    /// Types that tables cannot have.
    pub fn of<'a>(columns: impl IntoIterator<Item = &'a dyn Array>) -> Result<Self, Error> {
        let mut body = Self::default();
        for column in columns {
            body.array(column)?;
        }
        Ok(body)
    }

    fn push(&mut self, buffer: Buffer) {
        self.places.push(BufferPlace::new(signed(self.length), signed(buffer.len())));
        self.length += padded(buffer.len());
        if !buffer.is_empty() {
            self.buffers.push(buffer);
        }
    }

    fn array(&mut self, array: &dyn Array) -> Result<(), Error> {
        let data_type = array.data_type();
        if data_type == &DataType::Null {
            self.nodes.push(FieldNode::new(signed(array.len()), signed(array.len())));
            return Ok(());
        }
        self.nodes.push(FieldNode::new(signed(array.len()), signed(array.null_count())));
        match array.nulls().filter(|nulls| nulls.null_count() > 0) {
            Some(nulls) => self.push(bits(nulls.inner())),
            None => self.push(empty()),
        }
        match data_type {
            DataType::Boolean => self.push(bits(array.as_boolean().values())),
            DataType::Utf8 | DataType::Binary => self.text::<i32>(&array.to_data()),
            DataType::LargeUtf8 | DataType::LargeBinary => self.text::<i64>(&array.to_data()),
            DataType::Utf8View | DataType::BinaryView => self.views(array),
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                self.list::<i32>(&array.to_data(), list.values())?;
            }
            DataType::LargeList(_) => {
                let list = array.as_list::<i64>();
                self.list::<i64>(&array.to_data(), list.values())?;
            }
            DataType::Map(_, _) => {
                let map = array.as_map();
                self.list::<i32>(&array.to_data(), map.entries())?;
            }
            DataType::FixedSizeList(_, width) => {
                let list = array.as_fixed_size_list();
                let first = usize::try_from(list.value_offset(0))?;
                self.array(&list.values().slice(first, list.len() * usize::try_from(*width)?))?;
            }
            DataType::Struct(_) => {
                for child in array.as_struct().columns() {
                    self.array(child)?;
                }
            }
            DataType::FixedSizeBinary(width) => self.fixed(&array.to_data(), usize::try_from(*width)?),
            DataType::Dictionary(key, _) => self.fixed(&array.to_data(), width_of(key)?),
            other => self.fixed(&array.to_data(), width_of(other)?),
        }
        Ok(())
    }

    fn fixed(&mut self, data: &ArrayData, width: usize) {
        self.push(slice(&buffer(data, 0), data.offset() * width, data.len() * width));
    }

    /// Offsets that start at 0, and the bytes between the first and the last.
    fn text<O: ArrowNativeType + std::ops::Sub<Output = O>>(&mut self, data: &ArrayData) {
        let (offsets, first, last) = rebased::<O>(data);
        self.push(offsets);
        self.push(slice(&buffer(data, 1), first, last - first));
    }

    /// Offsets that start at 0, and the items between the first and the last.
    fn list<O: ArrowNativeType + std::ops::Sub<Output = O>>(&mut self, data: &ArrayData, items: &dyn Array) -> Result<(), Error> {
        let (offsets, first, last) = rebased::<O>(data);
        self.push(offsets);
        self.array(&items.slice(first, last - first))
    }

    fn views(&mut self, array: &dyn Array) {
        let data = trimmed_views(array).unwrap_or_else(|| array.to_data());
        self.fixed(&data, 16);
        let texts = data.buffers().get(1..).unwrap_or_default();
        self.variadic.push(signed(texts.len()));
        for text in texts {
            self.push(text.clone());
        }
    }
}

/// Whether a file can hold this type.
///
/// # Errors
/// Unions, run-end encoding and list views, by the column's name.
pub fn check_type(column: &str, data_type: &DataType) -> Result<(), Error> {
    match data_type {
        DataType::Union(_, _) | DataType::RunEndEncoded(_, _) | DataType::ListView(_) | DataType::LargeListView(_) => {
            Err(format!("column `{column}` has the Arrow type {data_type}, which tables cannot have; cast it first").into())
        }
        DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) | DataType::Map(field, _) => {
            check_type(column, field.data_type())
        }
        DataType::Struct(fields) => fields.iter().try_for_each(|field| check_type(column, field.data_type())),
        DataType::Dictionary(_, values) => check_type(column, values),
        _ => Ok(()),
    }
}

fn width_of(data_type: &DataType) -> Result<usize, Error> {
    data_type.primitive_width().ok_or_else(|| format!("tables cannot have columns of the Arrow type {data_type}; cast them first").into())
}

fn signed(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn empty() -> Buffer {
    Buffer::from_vec(Vec::<u8>::new())
}

/// An empty array may have no buffers at all.
fn buffer(data: &ArrayData, index: usize) -> Buffer {
    data.buffers().get(index).cloned().unwrap_or_else(empty)
}

fn slice(buffer: &Buffer, start: usize, length: usize) -> Buffer {
    if length == 0 { empty() } else { buffer.slice_with_length(start, length) }
}

/// A bitmap that starts with its first bit: the buffer's own bytes when it starts with a byte.
fn bits(bitmap: &BooleanBuffer) -> Buffer {
    if bitmap.offset().is_multiple_of(8) { slice(bitmap.inner(), bitmap.offset() / 8, bitmap.len().div_ceil(8)) } else { bitmap.sliced() }
}

/// Offsets of `data` that start at 0, with the first and last of the original ones.
fn rebased<O: ArrowNativeType + std::ops::Sub<Output = O>>(data: &ArrayData) -> (Buffer, usize, usize) {
    let width = size_of::<O>();
    let all = buffer(data, 0);
    if data.is_empty() || all.is_empty() {
        return (MutableBuffer::from_len_zeroed(width).into(), 0, 0);
    }
    let own = slice(&all, data.offset() * width, (data.len() + 1) * width);
    let offsets = own.typed_data::<O>();
    let (first, last) = (offsets[0], offsets[data.len()]);
    let buffer = match first.as_usize() {
        0 => own.clone(),
        _ => Buffer::from_vec(offsets.iter().map(|offset| *offset - first).collect::<Vec<O>>()),
    };
    (buffer, first.as_usize(), last.as_usize())
}

/// Views whose buffers are mostly text of other rows, which slices and filters leave behind, get buffers of their own.
fn trimmed_views(array: &dyn Array) -> Option<ArrayData> {
    fn trimmed<T: ByteViewType>(views: &GenericByteViewArray<T>) -> Option<ArrayData> {
        let held: usize = views.data_buffers().iter().map(Buffer::len).sum();
        (held > UNUSED_TEXT && held > 2 * views.total_buffer_bytes_used() + UNUSED_TEXT).then(|| views.gc().into_data())
    }
    match array.data_type() {
        DataType::Utf8View => trimmed(array.as_string_view()),
        _ => trimmed(array.as_binary_view()),
    }
}
