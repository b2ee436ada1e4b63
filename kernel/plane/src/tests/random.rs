//! Random tables from a seed: every type that tables can have, nested, sliced, with and without nulls.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayData, ArrayRef, BinaryArray, BinaryViewArray, LargeBinaryArray, LargeStringArray, RecordBatch, RecordBatchOptions,
    StringArray, StringViewArray, StructArray, make_array,
};
use arrow::buffer::{Buffer, NullBuffer};
use arrow::datatypes::{DataType, Field, Fields, IntervalUnit, Schema, TimeUnit};

pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }
}

/// A type; `depth` counts how deep it may be nested.
pub fn data_type(random: &mut Random, depth: usize) -> DataType {
    use DataType::{
        Binary, BinaryView, Boolean, Date32, Date64, Decimal128, Decimal256, Dictionary, Duration, FixedSizeBinary, FixedSizeList, Float16,
        Float32, Float64, Int8, Int16, Int32, Int64, Interval, LargeBinary, LargeList, LargeUtf8, List, Null, Struct, Time32, Time64,
        Timestamp, UInt8, UInt16, UInt32, UInt64, Utf8, Utf8View,
    };
    let unit = random.pick(&[TimeUnit::Second, TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond]);
    let zone = random.pick(&[None, Some(Arc::from("UTC")), Some(Arc::from("Europe/Berlin")), Some(Arc::from("+02:00"))]);
    let flat = [
        Int8,
        Int16,
        Int32,
        Int64,
        UInt8,
        UInt16,
        UInt32,
        UInt64,
        Float16,
        Float32,
        Float64,
        Boolean,
        Utf8,
        LargeUtf8,
        Utf8View,
        Binary,
        LargeBinary,
        BinaryView,
        FixedSizeBinary(5),
        Date32,
        Date64,
        Time32(TimeUnit::Second),
        Time32(TimeUnit::Millisecond),
        Time64(TimeUnit::Microsecond),
        Time64(TimeUnit::Nanosecond),
        Timestamp(unit, zone),
        Duration(unit),
        Decimal128(20, 4),
        Decimal256(50, 7),
        Interval(IntervalUnit::MonthDayNano),
        Null,
        Dictionary(Box::new(Int32), Box::new(Utf8)),
        Dictionary(Box::new(UInt8), Box::new(Int64)),
    ];
    if depth == 0 || random.below(3) > 0 {
        return random.pick(&flat);
    }
    let item = Arc::new(Field::new("item", data_type(random, depth - 1), true));
    match random.below(4) {
        0 => List(item),
        1 => LargeList(item),
        2 => FixedSizeList(item, 1 + random.below(3) as i32),
        _ => {
            let fields = (0..1 + random.below(3)).map(|n| Field::new(format!("f{n}"), data_type(random, depth - 1), true));
            Struct(fields.collect::<Fields>())
        }
    }
}

fn nulls(random: &mut Random, rows: usize) -> Option<NullBuffer> {
    let often = random.pick(&[0, 0, 3, 10]);
    (often > 0).then(|| NullBuffer::from((0..rows).map(|_| random.below(often) > 0).collect::<Vec<bool>>()))
}

fn text(random: &mut Random) -> String {
    let length = random.pick(&[0, 3, 11, 12, 13, 40]);
    (0..length).map(|_| random.pick(&['a', 'z', '0', ' ', 'é', '漢', '🦀', '<'])).collect()
}

/// Values of `width` bytes that every reader takes for this type: times of day lie in a day, dates in our time.
fn numbers(random: &mut Random, data_type: &DataType, rows: usize, width: usize) -> Buffer {
    let day = 86_400_i128;
    let limit: Option<i128> = match data_type {
        DataType::Date32 => Some(60_000),
        DataType::Date64 => Some(60_000),
        DataType::Time32(TimeUnit::Second) => Some(day),
        DataType::Time32(_) => Some(day * 1000),
        DataType::Time64(TimeUnit::Microsecond) => Some(day * 1_000_000),
        DataType::Time64(_) => Some(day * 1_000_000_000),
        DataType::Timestamp(TimeUnit::Second, _) | DataType::Duration(TimeUnit::Second) => Some(4_000_000_000),
        DataType::Timestamp(TimeUnit::Millisecond, _) | DataType::Duration(TimeUnit::Millisecond) => Some(4_000_000_000_000),
        DataType::Timestamp(_, _) | DataType::Duration(_) => Some(4_000_000_000_000_000),
        DataType::Decimal128(_, _) | DataType::Decimal256(_, _) | DataType::Interval(_) => Some(1_000_000_000_000),
        _ => None,
    };
    let mut bytes = Vec::with_capacity(rows * width);
    for _ in 0..rows {
        let wild = u128::from(random.next()) | (u128::from(random.next()) << 64);
        let value = limit.map_or(wild as i128, |limit| (wild % limit as u128) as i128);
        let value = if data_type == &DataType::Date64 { value * day * 1000 } else { value };
        let mut wide = [0; 32];
        wide[..16].copy_from_slice(&value.to_le_bytes());
        bytes.extend_from_slice(&wide[..width]);
    }
    Buffer::from_vec(bytes)
}

/// An array of this type.
pub fn array(random: &mut Random, data_type: &DataType, rows: usize) -> ArrayRef {
    // A part of a longer array: its buffers then start in the middle.
    let (before, after) = if random.below(2) == 0 { (0, 0) } else { (random.below(11), random.below(5)) };
    let all = before + rows + after;
    let nulls = nulls(random, all);
    let texts = |random: &mut Random| -> Vec<Option<String>> {
        (0..all).map(|row| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)).then(|| text(random))).collect()
    };
    let bytes = |texts: &[Option<String>]| -> Vec<Option<Vec<u8>>> {
        texts.iter().map(|text| text.as_ref().map(|text| text.bytes().map(|byte| byte ^ 0x55).collect())).collect()
    };
    let built = |buffers: Vec<Buffer>, children: Vec<ArrayRef>| {
        let builder = ArrayData::builder(data_type.clone()).len(all).buffers(buffers).nulls(nulls.clone());
        let children = children.iter().map(Array::to_data).collect();
        make_array(builder.child_data(children).align_buffers(true).build().unwrap())
    };
    let offsets = |random: &mut Random| -> Vec<usize> {
        let mut end = 0;
        std::iter::once(0)
            .chain((0..all).map(|_| {
                end += random.below(4);
                end
            }))
            .collect()
    };
    let whole: ArrayRef = match data_type {
        DataType::Null => make_array(ArrayData::new_null(data_type, all)),
        DataType::Boolean => {
            let bits: Vec<u8> = (0..all.div_ceil(8)).map(|_| random.next() as u8).collect();
            built(vec![Buffer::from_vec(bits)], vec![])
        }
        DataType::Utf8 => Arc::new(StringArray::from_iter(texts(random))),
        DataType::LargeUtf8 => Arc::new(LargeStringArray::from_iter(texts(random))),
        DataType::Utf8View => Arc::new(StringViewArray::from_iter(texts(random))),
        DataType::Binary => Arc::new(BinaryArray::from_iter(bytes(&texts(random)))),
        DataType::LargeBinary => Arc::new(LargeBinaryArray::from_iter(bytes(&texts(random)))),
        DataType::BinaryView => Arc::new(BinaryViewArray::from_iter(bytes(&texts(random)))),
        DataType::FixedSizeBinary(width) => built(vec![numbers(random, data_type, all, *width as usize)], vec![]),
        DataType::List(item) => {
            let offsets = offsets(random);
            let child = array(random, item.data_type(), offsets[all]);
            built(vec![Buffer::from_vec(offsets.into_iter().map(|offset| offset as i32).collect::<Vec<_>>())], vec![child])
        }
        DataType::LargeList(item) => {
            let offsets = offsets(random);
            let child = array(random, item.data_type(), offsets[all]);
            built(vec![Buffer::from_vec(offsets.into_iter().map(|offset| offset as i64).collect::<Vec<_>>())], vec![child])
        }
        DataType::FixedSizeList(item, width) => {
            let child = array(random, item.data_type(), all * *width as usize);
            built(vec![], vec![child])
        }
        DataType::Struct(fields) => {
            let columns = fields.iter().map(|field| array(random, field.data_type(), all)).collect();
            Arc::new(StructArray::try_new_with_length(fields.clone(), columns, nulls.clone(), all).unwrap())
        }
        DataType::Dictionary(key, values) => {
            let values = {
                let count = 1 + random.below(20);
                let flat = array(random, values, count);
                flat.slice(0, count)
            };
            let width = key.primitive_width().unwrap();
            let keys: Vec<u8> = (0..all).flat_map(|_| (random.below(values.len()) as u64).to_le_bytes()[..width].to_vec()).collect();
            built(vec![Buffer::from_vec(keys)], vec![values])
        }
        other => built(vec![numbers(random, other, all, other.primitive_width().unwrap())], vec![]),
    };
    whole.slice(before, rows)
}

/// A table, in one to three batches. Some have no rows, some no columns.
pub fn table(seed: u64) -> (Arc<Schema>, Vec<RecordBatch>) {
    let random = &mut Random(seed);
    let columns = random.pick(&[0, 1, 3, 8, 20]);
    let fields: Vec<Field> = (0..columns).map(|n| Field::new(format!("c{n}"), data_type(random, 2), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let batches = (0..random.pick(&[1, 1, 3]))
        .map(|_| {
            let rows = random.pick(&[0, 1, 7, 64, 1000]);
            let columns = schema.fields().iter().map(|field| array(random, field.data_type(), rows)).collect();
            let options = RecordBatchOptions::new().with_row_count(Some(rows));
            RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &options).unwrap()
        })
        .collect();
    (schema, batches)
}
