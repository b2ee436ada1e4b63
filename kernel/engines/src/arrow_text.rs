//! Arrow values as text, the same for every engine: the forms that DuckDB writes.

use ::duckdb::arrow::array::{Array, AsArray, RecordBatch};
use ::duckdb::arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal128Type, Decimal256Type, DurationMicrosecondType, DurationMillisecondType,
    DurationNanosecondType, DurationSecondType, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    Time32MillisecondType, Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use ::duckdb::arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::calendar::{clock_text, date_text, timestamp_text};

/// The first `limit` rows; `None` is NULL.
pub fn rows(batches: &[RecordBatch], limit: usize) -> Vec<Vec<Option<String>>> {
    let places = batches.iter().flat_map(|batch| (0..batch.num_rows()).map(move |row| (batch, row)));
    places.take(limit).map(|(batch, row)| batch.columns().iter().map(|column| cell(column.as_ref(), row)).collect()).collect()
}

/// One value; `None` is NULL.
pub fn cell(array: &dyn Array, row: usize) -> Option<String> {
    if array.is_null(row) {
        return None;
    }
    macro_rules! primitive {
        ($kind:ty) => {
            array.as_primitive::<$kind>().value(row)
        };
    }
    Some(match array.data_type() {
        DataType::Null => return None,
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        DataType::Int8 => primitive!(Int8Type).to_string(),
        DataType::Int16 => primitive!(Int16Type).to_string(),
        DataType::Int32 => primitive!(Int32Type).to_string(),
        DataType::Int64 => primitive!(Int64Type).to_string(),
        DataType::UInt8 => primitive!(UInt8Type).to_string(),
        DataType::UInt16 => primitive!(UInt16Type).to_string(),
        DataType::UInt32 => primitive!(UInt32Type).to_string(),
        DataType::UInt64 => primitive!(UInt64Type).to_string(),
        DataType::Float16 => float(&format!("{:e}", primitive!(Float16Type).to_f32())),
        DataType::Float32 => float(&format!("{:e}", primitive!(Float32Type))),
        DataType::Float64 => float(&format!("{:e}", primitive!(Float64Type))),
        DataType::Decimal128(_, scale) => decimal(&primitive!(Decimal128Type).to_string(), *scale),
        DataType::Decimal256(_, scale) => decimal(&primitive!(Decimal256Type).to_string(), *scale),
        DataType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
        DataType::LargeUtf8 => array.as_string::<i64>().value(row).to_owned(),
        DataType::Utf8View => array.as_string_view().value(row).to_owned(),
        DataType::Binary => blob(array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => blob(array.as_binary::<i64>().value(row)),
        DataType::BinaryView => blob(array.as_binary_view().value(row)),
        DataType::FixedSizeBinary(_) => blob(array.as_fixed_size_binary().value(row)),
        DataType::Date32 => date_text(i64::from(primitive!(Date32Type))),
        DataType::Date64 => date_text(primitive!(Date64Type).div_euclid(86_400_000)),
        DataType::Time32(TimeUnit::Second) => clock_text(i64::from(primitive!(Time32SecondType)), 1),
        DataType::Time32(_) => clock_text(i64::from(primitive!(Time32MillisecondType)), 1000),
        DataType::Time64(TimeUnit::Microsecond) => clock_text(primitive!(Time64MicrosecondType), 1_000_000),
        DataType::Time64(_) => clock_text(primitive!(Time64NanosecondType), 1_000_000_000),
        DataType::Timestamp(unit, zone) => {
            let value = match unit {
                TimeUnit::Second => primitive!(TimestampSecondType),
                TimeUnit::Millisecond => primitive!(TimestampMillisecondType),
                TimeUnit::Microsecond => primitive!(TimestampMicrosecondType),
                TimeUnit::Nanosecond => primitive!(TimestampNanosecondType),
            };
            let text = timestamp_text(value, per_second(*unit));
            if zone.is_some() { text + "+00" } else { text }
        }
        DataType::Duration(unit) => {
            let value = match unit {
                TimeUnit::Second => primitive!(DurationSecondType),
                TimeUnit::Millisecond => primitive!(DurationMillisecondType),
                TimeUnit::Microsecond => primitive!(DurationMicrosecondType),
                TimeUnit::Nanosecond => primitive!(DurationNanosecondType),
            };
            clock_text(value, per_second(*unit))
        }
        DataType::List(_) => list(array.as_list::<i32>().value(row).as_ref()),
        DataType::LargeList(_) => list(array.as_list::<i64>().value(row).as_ref()),
        DataType::FixedSizeList(_, _) => list(array.as_fixed_size_list().value(row).as_ref()),
        DataType::Struct(fields) => {
            let parts = fields.iter().zip(array.as_struct().columns());
            let parts: Vec<String> = parts.map(|(field, column)| format!("'{}': {}", field.name(), inner(column.as_ref(), row))).collect();
            format!("{{{}}}", parts.join(", "))
        }
        DataType::Dictionary(_, _) => {
            let dictionary = array.as_any_dictionary();
            return cell(dictionary.values().as_ref(), *dictionary.normalized_keys().get(row)?);
        }
        _ => return other(array, row),
    })
}

/// How many of `unit` a second has.
pub fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

/// A value inside of a list or struct.
fn inner(array: &dyn Array, row: usize) -> String {
    cell(array, row).unwrap_or_else(|| "NULL".to_owned())
}

fn list(values: &dyn Array) -> String {
    let values: Vec<String> = (0..values.len()).map(|i| inner(values, i)).collect();
    format!("[{}]", values.join(", "))
}

/// A float from Rust's shortest scientific form: positional from 1e-4 to below 1e16, else scientific.
fn float(scientific: &str) -> String {
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific.to_ascii_lowercase();
    };
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |rest| ("-", rest));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let figures = digits.replace('.', "");
    let body = match exponent {
        0..16 => {
            let whole = exponent.unsigned_abs() as usize + 1;
            let padded = format!("{figures:0<whole$}");
            let (whole, fraction) = padded.split_at(whole);
            format!("{whole}.{}", if fraction.is_empty() { "0" } else { fraction })
        }
        -4..0 => format!("0.{}{figures}", "0".repeat(exponent.unsigned_abs() as usize - 1)),
        _ => {
            let mark = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{mark}{:02}", exponent.unsigned_abs())
        }
    };
    format!("{sign}{body}")
}

/// An unscaled decimal number with its point.
fn decimal(unscaled: &str, scale: i8) -> String {
    let (sign, digits) = unscaled.strip_prefix('-').map_or(("", unscaled), |rest| ("-", rest));
    match usize::try_from(scale) {
        Ok(0) => unscaled.to_owned(),
        Ok(scale) => {
            let width = scale + 1;
            let padded = format!("{digits:0>width$}");
            let (whole, fraction) = padded.split_at(padded.len() - scale);
            format!("{sign}{whole}.{fraction}")
        }
        Err(_) => format!("{unscaled}{}", "0".repeat(usize::from(scale.unsigned_abs()))),
    }
}

/// Printable ASCII stays, all else is `\xHH`.
fn blob(bytes: &[u8]) -> String {
    let plain = |b: u8| (32..127).contains(&b) && !matches!(b, b'\\' | b'\'' | b'"');
    bytes.iter().map(|b| if plain(*b) { char::from(*b).to_string() } else { format!("\\x{b:02X}") }).collect()
}

/// Types that no engine gives back in practice: maps, unions, intervals.
fn other(array: &dyn Array, row: usize) -> Option<String> {
    let options = FormatOptions::default();
    ArrayFormatter::try_new(array, &options).ok().map(|formatter| formatter.value(row).to_string())
}
