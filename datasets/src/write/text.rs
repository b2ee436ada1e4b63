//! CSV, JSON lines and plain lines, with the same text for the same value everywhere, so that their bytes never depend
//! on a library.
//!
//! Dates are `1996-03-13`, timestamps `2024-01-02 14:30:00` (UTC) with as many decimals as they need, decimals keep all
//! their digits (`17.00`), floats have two decimals or as many as their field's metadata says. A missing value is empty
//! in CSV and `null` in JSON. Structs and lists are JSON, in CSV as a text.

use std::io::Write;
use std::path::Path;
use std::sync::mpsc::Receiver;

use tpchgen_arrow::arrow::array::{
    Array, AsArray, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringViewArray,
    TimestampMicrosecondArray, TimestampMillisecondArray,
};
use tpchgen_arrow::arrow::buffer::NullBuffer;
use tpchgen_arrow::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Field, Float64Type, Int32Type, Int64Type, SchemaRef, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType,
};

use super::summed::Totals;
use crate::calendar::civil;
use crate::error::DataError;
use crate::make::Job;

/// The key of a field's metadata that says how many decimals its floats have as text.
pub const DECIMALS: &str = "decimals";

/// Which of the text formats.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// A header line, then values separated by commas.
    Csv,
    /// An object a line.
    Jsonl,
    /// The last column alone, a line for each row.
    Plain,
}

/// Writes the batches; returns rows and totals.
pub fn write(
    job: &Job<'_>,
    table: &str,
    path: &Path,
    schema: &SchemaRef,
    batches: &Receiver<RecordBatch>,
    style: Style,
) -> Result<(u64, Totals), DataError> {
    let failed = |source| DataError::io("write", path, source, job.need_mb);
    let mut file = super::create(job, path)?;
    let mut text = header(schema, style);
    let mut rows = 0;
    for batch in batches {
        push(&mut text, &batch, style).map_err(|reason| DataError::Generate { table: table.to_owned(), reason })?;
        file.write_all(&text).map_err(failed)?;
        text.clear();
        rows += batch.num_rows() as u64;
    }
    file.write_all(&text).map_err(failed)?;
    Ok((rows, file.finish().map_err(failed)?))
}

/// What stands above the rows.
pub fn header(schema: &SchemaRef, style: Style) -> Vec<u8> {
    let mut text = Vec::new();
    if style == Style::Csv {
        for (i, field) in schema.fields().iter().enumerate() {
            separate(&mut text, i);
            csv_text(&mut text, field.name());
        }
        text.push(b'\n');
    }
    text
}

/// Appends the rows of a batch.
///
/// # Errors
/// A type that has no text form; a defect of the generator.
pub fn push(text: &mut Vec<u8>, batch: &RecordBatch, style: Style) -> Result<(), String> {
    let schema = batch.schema();
    let named = schema.fields().iter().zip(batch.columns()).enumerate();
    let columns = named
        .map(|(i, (field, array))| Ok((json_key(i, field.name()), Column::of(field, array.as_ref())?)))
        .collect::<Result<Vec<_>, String>>()?;
    for row in 0..batch.num_rows() {
        match style {
            Style::Csv => {
                for (i, (_, column)) in columns.iter().enumerate() {
                    separate(text, i);
                    column.csv(text, row);
                }
            }
            Style::Jsonl => object(text, &columns, row),
            Style::Plain => {
                if let Some((_, column)) = columns.last() {
                    column.plain(text, row);
                }
            }
        }
        text.push(b'\n');
    }
    Ok(())
}

/// What stands before a value of an object, `{"a":` or `,"b":`, and the column it comes from.
type Keyed<'a> = (Vec<u8>, Column<'a>);

/// A column with its type found once a batch, not once a value.
struct Column<'a> {
    missing: Option<&'a NullBuffer>,
    values: Values<'a>,
}

enum Values<'a> {
    Int32(&'a Int32Array),
    Int64(&'a Int64Array),
    Float(&'a Float64Array, usize),
    Decimal(&'a Decimal128Array, usize),
    Text(&'a StringViewArray),
    Date(&'a Date32Array),
    Millis(&'a TimestampMillisecondArray),
    Micros(&'a TimestampMicrosecondArray),
    Struct(Vec<Keyed<'a>>),
    List(&'a [i32], Box<Column<'a>>),
}

impl<'a> Column<'a> {
    fn of(field: &Field, array: &'a dyn Array) -> Result<Self, String> {
        let values = match array.data_type() {
            DataType::Int32 => Values::Int32(array.as_primitive::<Int32Type>()),
            DataType::Int64 => Values::Int64(array.as_primitive::<Int64Type>()),
            DataType::Float64 => {
                let digits = field.metadata().get(DECIMALS).map_or(Ok(2), |digits| digits.parse());
                Values::Float(
                    array.as_primitive::<Float64Type>(),
                    digits.map_err(|error| format!("decimals of {}: {error}", field.name()))?,
                )
            }
            DataType::Decimal128(_, scale @ 1..) => {
                Values::Decimal(array.as_primitive::<Decimal128Type>(), usize::from(scale.unsigned_abs()))
            }
            DataType::Utf8View => Values::Text(array.as_string_view()),
            DataType::Date32 => Values::Date(array.as_primitive::<Date32Type>()),
            DataType::Timestamp(TimeUnit::Millisecond, _) => Values::Millis(array.as_primitive::<TimestampMillisecondType>()),
            DataType::Timestamp(TimeUnit::Microsecond, _) => Values::Micros(array.as_primitive::<TimestampMicrosecondType>()),
            DataType::Struct(fields) => {
                let children = fields.iter().zip(array.as_struct().columns()).enumerate();
                let keyed = children.map(|(i, (field, array))| Ok((json_key(i, field.name()), Column::of(field, array.as_ref())?)));
                Values::Struct(keyed.collect::<Result<_, String>>()?)
            }
            DataType::List(field) => {
                let list = array.as_list::<i32>();
                Values::List(list.value_offsets(), Box::new(Column::of(field, list.values().as_ref())?))
            }
            other => return Err(format!("no text form for type {other}")),
        };
        Ok(Self { missing: array.nulls(), values })
    }

    fn is_missing(&self, row: usize) -> bool {
        self.missing.is_some_and(|missing| missing.is_null(row))
    }

    fn csv(&self, text: &mut Vec<u8>, row: usize) {
        match &self.values {
            _ if self.is_missing(row) => {}
            Values::Text(values) => csv_text(text, values.value(row)),
            Values::Struct(_) | Values::List(..) => {
                let mut inner = Vec::new();
                self.json(&mut inner, row);
                csv_text(text, &String::from_utf8_lossy(&inner));
            }
            _ => self.plain(text, row),
        }
    }

    fn json(&self, text: &mut Vec<u8>, row: usize) {
        match &self.values {
            _ if self.is_missing(row) => text.extend_from_slice(b"null"),
            Values::Text(values) => json_text(text, values.value(row)),
            Values::Struct(columns) => object(text, columns, row),
            Values::List(offsets, items) => {
                text.push(b'[');
                let (first, end) = (offsets[row] as usize, offsets[row + 1] as usize);
                for item in first..end {
                    separate(text, item - first);
                    items.json(text, item);
                }
                text.push(b']');
            }
            Values::Date(_) | Values::Millis(_) | Values::Micros(_) => {
                text.push(b'"');
                self.plain(text, row);
                text.push(b'"');
            }
            _ => self.plain(text, row),
        }
    }

    fn plain(&self, text: &mut Vec<u8>, row: usize) {
        match &self.values {
            Values::Int32(values) => integer(text, i128::from(values.value(row))),
            Values::Int64(values) => integer(text, i128::from(values.value(row))),
            Values::Float(values, digits) => {
                decimal(text, (values.value(row) * 10_f64.powi(*digits as i32)).round() as i128, *digits);
            }
            Values::Decimal(values, digits) => decimal(text, values.value(row), *digits),
            Values::Text(values) => text.extend_from_slice(values.value(row).as_bytes()),
            Values::Date(values) => date(text, values.value(row)),
            Values::Millis(values) => timestamp(text, values.value(row), 3),
            Values::Micros(values) => timestamp(text, values.value(row), 6),
            Values::Struct(_) | Values::List(..) => self.json(text, row),
        }
    }
}

fn object(text: &mut Vec<u8>, columns: &[Keyed<'_>], row: usize) {
    for (key, column) in columns {
        text.extend_from_slice(key);
        column.json(text, row);
    }
    text.push(b'}');
}

fn separate(text: &mut Vec<u8>, column: usize) {
    if column > 0 {
        text.push(b',');
    }
}

fn json_key(column: usize, name: &str) -> Vec<u8> {
    let mut key = vec![if column == 0 { b'{' } else { b',' }];
    json_text(&mut key, name);
    key.push(b':');
    key
}

fn csv_text(text: &mut Vec<u8>, value: &str) {
    if value.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
        text.push(b'"');
        text.extend_from_slice(value.replace('"', "\"\"").as_bytes());
        text.push(b'"');
    } else {
        text.extend_from_slice(value.as_bytes());
    }
}

fn json_text(text: &mut Vec<u8>, value: &str) {
    text.push(b'"');
    for &byte in value.as_bytes() {
        match byte {
            b'"' | b'\\' => text.extend_from_slice(&[b'\\', byte]),
            0..0x20 => text.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => text.push(byte),
        }
    }
    text.push(b'"');
}

fn integer(text: &mut Vec<u8>, value: i128) {
    if value < 0 {
        text.push(b'-');
    }
    padded(text, value.unsigned_abs(), 1);
}

fn decimal(text: &mut Vec<u8>, value: i128, digits: usize) {
    if value < 0 {
        text.push(b'-');
    }
    let (value, unit) = (value.unsigned_abs(), 10_u128.pow(digits as u32));
    padded(text, value / unit, 1);
    text.push(b'.');
    padded(text, value % unit, digits);
}

/// Decimal digits, filled with zeros on the left to at least `width`.
fn padded(text: &mut Vec<u8>, value: u128, width: usize) {
    let Ok(mut value) = u64::try_from(value) else {
        text.extend_from_slice(format!("{value:0width$}").as_bytes());
        return;
    };
    let start = text.len();
    while value > 0 || text.len() - start < width {
        text.push(b'0' + (value % 10) as u8);
        value /= 10;
    }
    text[start..].reverse();
}

fn date(text: &mut Vec<u8>, days: i32) {
    let (year, month, day) = civil(days);
    integer(text, i128::from(year));
    text.push(b'-');
    padded(text, u128::from(month), 2);
    text.push(b'-');
    padded(text, u128::from(day), 2);
}

/// A count of parts of a second since 1970, `digits` decimals each; the parts are shown where there are any.
fn timestamp(text: &mut Vec<u8>, parts: i64, digits: usize) {
    let unit = 10_i64.pow(digits as u32);
    let seconds = parts.div_euclid(unit);
    date(text, seconds.div_euclid(86_400) as i32);
    let second = seconds.rem_euclid(86_400).unsigned_abs() as u128;
    for (mark, part) in [(b' ', second / 3600), (b':', second / 60 % 60), (b':', second % 60)] {
        text.push(mark);
        padded(text, part, 2);
    }
    let rest = parts.rem_euclid(unit).unsigned_abs();
    if rest > 0 {
        text.push(b'.');
        padded(text, u128::from(rest), digits);
    }
}

#[cfg(test)]
mod tests {
    use super::{csv_text, date, decimal, integer, json_text, timestamp};

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut text = Vec::new();
        write(&mut text);
        String::from_utf8(text).expect("UTF-8")
    }

    #[test]
    fn numbers_and_dates() {
        assert_eq!(text(|t| integer(t, i128::from(i64::MIN))), "-9223372036854775808");
        assert_eq!(text(|t| integer(t, 0)), "0");
        assert_eq!(text(|t| decimal(t, -5, 2)), "-0.05");
        assert_eq!(text(|t| decimal(t, 1700, 2)), "17.00");
        assert_eq!(text(|t| date(t, 9568)), "1996-03-13");
        assert_eq!(text(|t| timestamp(t, 1_704_205_800_000, 3)), "2024-01-02 14:30:00");
        assert_eq!(text(|t| timestamp(t, -1, 3)), "1969-12-31 23:59:59.999");
        assert_eq!(text(|t| timestamp(t, 1_000_020, 6)), "1970-01-01 00:00:01.000020");
    }

    #[test]
    fn awkward_text() {
        assert_eq!(text(|t| csv_text(t, "a, \"b\"")), "\"a, \"\"b\"\"\"");
        assert_eq!(text(|t| csv_text(t, " plain ")), " plain ");
        assert_eq!(text(|t| json_text(t, "a\"\\\n\u{e9}")), "\"a\\\"\\\\\\u000a\u{e9}\"");
    }
}
