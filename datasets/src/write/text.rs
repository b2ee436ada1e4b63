//! CSV and JSON lines, with the same text for the same value in both, so that their bytes never depend on a library.
//!
//! Dates are `1996-03-13`, timestamps `2024-01-02 14:30:00` (UTC), decimals keep all their digits (`17.00`), floats are
//! money and have two decimals. No table has missing values; one that had is refused rather than written wrongly.

use std::io::Write;
use std::path::Path;
use std::sync::mpsc::Receiver;

use tpchgen_arrow::arrow::array::{
    Array, AsArray, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringViewArray,
    TimestampMillisecondArray,
};
use tpchgen_arrow::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int32Type, Int64Type, SchemaRef, TimeUnit, TimestampMillisecondType,
};

use super::summed::Totals;
use crate::calendar::civil;
use crate::error::DataError;
use crate::make::Job;

/// Which of the two text formats.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// A header line, then values separated by commas.
    Csv,
    /// An object a line.
    Jsonl,
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
    let mut text = Vec::new();
    if style == Style::Csv {
        for (i, field) in schema.fields().iter().enumerate() {
            separate(&mut text, i);
            csv_text(&mut text, field.name());
        }
        text.push(b'\n');
    }
    // What stands before each value of a JSON line: `{"a":`, then `,"b":`.
    let keys: Vec<_> = schema.fields().iter().enumerate().map(|(i, field)| json_key(i, field.name())).collect();
    let mut rows = 0;
    for batch in batches {
        let columns = batch
            .columns()
            .iter()
            .map(|column| Column::of(column.as_ref()))
            .collect::<Result<Vec<_>, String>>()
            .map_err(|reason| DataError::Generate { table: table.to_owned(), reason })?;
        for row in 0..batch.num_rows() {
            for (i, column) in columns.iter().enumerate() {
                match style {
                    Style::Csv => separate(&mut text, i),
                    Style::Jsonl => text.extend_from_slice(&keys[i]),
                }
                column.push(&mut text, row, style);
            }
            text.extend_from_slice(if style == Style::Csv { b"\n" } else { b"}\n" });
        }
        file.write_all(&text).map_err(failed)?;
        text.clear();
        rows += batch.num_rows() as u64;
    }
    file.write_all(&text).map_err(failed)?;
    Ok((rows, file.finish().map_err(failed)?))
}

/// A column with its type found once a batch, not once a value.
enum Column<'a> {
    Int32(&'a Int32Array),
    Int64(&'a Int64Array),
    Money(&'a Float64Array),
    Decimal(&'a Decimal128Array, u32),
    Text(&'a StringViewArray),
    Date(&'a Date32Array),
    Millis(&'a TimestampMillisecondArray),
}

impl<'a> Column<'a> {
    fn of(array: &'a dyn Array) -> Result<Self, String> {
        if array.null_count() > 0 {
            return Err("the column has missing values".to_owned());
        }
        match array.data_type() {
            DataType::Int32 => Ok(Self::Int32(array.as_primitive::<Int32Type>())),
            DataType::Int64 => Ok(Self::Int64(array.as_primitive::<Int64Type>())),
            DataType::Float64 => Ok(Self::Money(array.as_primitive::<Float64Type>())),
            DataType::Decimal128(_, scale @ 1..) => {
                Ok(Self::Decimal(array.as_primitive::<Decimal128Type>(), u32::from(scale.unsigned_abs())))
            }
            DataType::Utf8View => Ok(Self::Text(array.as_string_view())),
            DataType::Date32 => Ok(Self::Date(array.as_primitive::<Date32Type>())),
            DataType::Timestamp(TimeUnit::Millisecond, _) => Ok(Self::Millis(array.as_primitive::<TimestampMillisecondType>())),
            other => Err(format!("no text form for type {other}")),
        }
    }

    fn push(&self, text: &mut Vec<u8>, row: usize, style: Style) {
        match self {
            Self::Int32(values) => integer(text, i128::from(values.value(row))),
            Self::Int64(values) => integer(text, i128::from(values.value(row))),
            Self::Money(values) => decimal(text, (values.value(row) * 100.0).round() as i128, 2),
            Self::Decimal(values, scale) => decimal(text, values.value(row), *scale),
            Self::Text(values) if style == Style::Csv => csv_text(text, values.value(row)),
            Self::Text(values) => json_text(text, values.value(row)),
            Self::Date(values) => quoted(text, style, |text| date(text, values.value(row))),
            Self::Millis(values) => quoted(text, style, |text| timestamp(text, values.value(row))),
        }
    }
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

fn quoted(text: &mut Vec<u8>, style: Style, value: impl FnOnce(&mut Vec<u8>)) {
    if style == Style::Jsonl {
        text.push(b'"');
        value(text);
        text.push(b'"');
    } else {
        value(text);
    }
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

fn decimal(text: &mut Vec<u8>, value: i128, scale: u32) {
    if value < 0 {
        text.push(b'-');
    }
    let (value, unit) = (value.unsigned_abs(), 10_u128.pow(scale));
    padded(text, value / unit, 1);
    text.push(b'.');
    padded(text, value % unit, scale as usize);
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

fn timestamp(text: &mut Vec<u8>, millis: i64) {
    let seconds = millis.div_euclid(1000);
    date(text, seconds.div_euclid(86_400) as i32);
    let second = seconds.rem_euclid(86_400).unsigned_abs() as u128;
    for (mark, part) in [(b' ', second / 3600), (b':', second / 60 % 60), (b':', second % 60)] {
        text.push(mark);
        padded(text, part, 2);
    }
    let millis = millis.rem_euclid(1000).unsigned_abs();
    if millis > 0 {
        text.push(b'.');
        padded(text, u128::from(millis), 3);
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
        assert_eq!(text(|t| timestamp(t, 1_704_205_800_000)), "2024-01-02 14:30:00");
        assert_eq!(text(|t| timestamp(t, -1)), "1969-12-31 23:59:59.999");
    }

    #[test]
    fn awkward_text() {
        assert_eq!(text(|t| csv_text(t, "a, \"b\"")), "\"a, \"\"b\"\"\"");
        assert_eq!(text(|t| csv_text(t, " plain ")), " plain ");
        assert_eq!(text(|t| json_text(t, "a\"\\\n\u{e9}")), "\"a\\\"\\\\\\u000a\u{e9}\"");
    }
}
