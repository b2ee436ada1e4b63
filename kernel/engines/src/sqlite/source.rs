//! Columns of Arrow as values of SQLite.

use ::duckdb::arrow::array::{Array, ArrayRef, AsArray};
use ::duckdb::arrow::compute::cast;
use ::duckdb::arrow::datatypes::{
    DataType, Decimal128Type, Decimal256Type, DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType, DurationSecondType,
    Float64Type, Int64Type, TimeUnit, UInt64Type,
};
use ::duckdb::arrow::error::ArrowError;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};

use crate::arrow_text;
use crate::json;

/// The value of a row.
pub type Cell<'a> = Box<dyn Fn(usize) -> ToSqlOutput<'a> + 'a>;

/// What SQLite lacks, and what it has instead.
pub type Lack = (&'static str, &'static str);

/// The type to declare for a column, and what SQLite lacks for it.
pub fn declared(kind: &DataType) -> (&'static str, Option<Lack>) {
    match kind {
        kind if kind.is_integer() => ("INTEGER", None),
        DataType::Float16 | DataType::Float32 | DataType::Float64 => ("REAL", None),
        DataType::Decimal128(_, _) | DataType::Decimal256(_, _) => ("REAL", Some(("decimals", "REAL"))),
        DataType::Boolean => ("BOOLEAN", None),
        DataType::Date32 | DataType::Date64 => ("DATE", None),
        DataType::Timestamp(_, None) => ("TIMESTAMP", None),
        DataType::Timestamp(_, Some(_)) => ("TIMESTAMP", Some(("time zones", "text in UTC"))),
        DataType::Time32(_) | DataType::Time64(_) => ("TIME", None),
        DataType::Duration(TimeUnit::Second) => ("INTEGER", Some(("durations", "INTEGER, in seconds"))),
        DataType::Duration(TimeUnit::Millisecond) => ("INTEGER", Some(("durations", "INTEGER, in milliseconds"))),
        DataType::Duration(TimeUnit::Microsecond) => ("INTEGER", Some(("durations", "INTEGER, in microseconds"))),
        DataType::Duration(TimeUnit::Nanosecond) => ("INTEGER", Some(("durations", "INTEGER, in nanoseconds"))),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => ("BLOB", None),
        DataType::Dictionary(_, values) => declared(values),
        DataType::Null => ("", None),
        nested if nested.is_nested() => ("TEXT", Some(("lists and structs", "JSON text"))),
        _ => ("TEXT", None),
    }
}

/// A column ready to be read row by row: of a type that [`cell`] reads quickly.
pub fn prepare(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let target = match column.data_type() {
        DataType::Dictionary(_, values) => values.as_ref().clone(),
        DataType::UInt64 | DataType::Int64 => return Ok(column.clone()),
        kind if kind.is_integer() => DataType::Int64,
        DataType::Float16 | DataType::Float32 => DataType::Float64,
        _ => return Ok(column.clone()),
    };
    cast(column, &target)
}

/// How a value of `column` is read; `column` comes from [`prepare`].
pub fn cell<'a>(column: &'a dyn Array) -> Cell<'a> {
    macro_rules! primitive {
        ($kind:ty, $value:expr) => {{
            let values = column.as_primitive::<$kind>();
            let value = $value;
            nullable(column, move |row| ToSqlOutput::Owned(value(values.value(row))))
        }};
    }
    macro_rules! borrowed {
        ($values:expr, $value:expr) => {{
            let values = $values;
            nullable(column, move |row| ToSqlOutput::Borrowed($value(values.value(row))))
        }};
    }
    match column.data_type() {
        DataType::Int64 => primitive!(Int64Type, Value::Integer),
        DataType::UInt64 => primitive!(UInt64Type, |value| i64::try_from(value).map_or(Value::Real(value as f64), Value::Integer)),
        DataType::Float64 => primitive!(Float64Type, Value::Real),
        DataType::Decimal128(_, scale) => {
            let unit = 10_f64.powi(i32::from(*scale));
            primitive!(Decimal128Type, move |value: i128| Value::Real(value as f64 / unit))
        }
        DataType::Decimal256(_, scale) => {
            let scale = i32::from(*scale);
            // Through text: there is no other way to a float that rounds once.
            primitive!(Decimal256Type, move |value: ::duckdb::arrow::datatypes::i256| {
                Value::Real(format!("{value}e{}", -scale).parse().unwrap_or(f64::NAN))
            })
        }
        DataType::Duration(TimeUnit::Second) => primitive!(DurationSecondType, Value::Integer),
        DataType::Duration(TimeUnit::Millisecond) => primitive!(DurationMillisecondType, Value::Integer),
        DataType::Duration(TimeUnit::Microsecond) => primitive!(DurationMicrosecondType, Value::Integer),
        DataType::Duration(TimeUnit::Nanosecond) => primitive!(DurationNanosecondType, Value::Integer),
        DataType::Boolean => {
            let flags = column.as_boolean();
            nullable(column, move |row| ToSqlOutput::Owned(Value::Integer(i64::from(flags.value(row)))))
        }
        DataType::Utf8 => borrowed!(column.as_string::<i32>(), |text: &'a str| ValueRef::Text(text.as_bytes())),
        DataType::LargeUtf8 => borrowed!(column.as_string::<i64>(), |text: &'a str| ValueRef::Text(text.as_bytes())),
        DataType::Utf8View => borrowed!(column.as_string_view(), |text: &'a str| ValueRef::Text(text.as_bytes())),
        DataType::Binary => borrowed!(column.as_binary::<i32>(), ValueRef::Blob),
        DataType::LargeBinary => borrowed!(column.as_binary::<i64>(), ValueRef::Blob),
        DataType::BinaryView => borrowed!(column.as_binary_view(), ValueRef::Blob),
        DataType::FixedSizeBinary(_) => borrowed!(column.as_fixed_size_binary(), ValueRef::Blob),
        DataType::Null => Box::new(|_| ToSqlOutput::Owned(Value::Null)),
        kind if kind.is_nested() => nullable(column, move |row| owned_text(json::value(column, row).to_string())),
        DataType::Timestamp(_, Some(_)) => nullable(column, move |row| {
            let text = arrow_text::cell(column, row).unwrap_or_default();
            owned_text(text.strip_suffix("+00").map(str::to_owned).unwrap_or(text))
        }),
        // Dates, times and timestamps: their ISO text.
        _ => nullable(column, move |row| owned_text(arrow_text::cell(column, row).unwrap_or_default())),
    }
}

fn owned_text<'a>(text: String) -> ToSqlOutput<'a> {
    ToSqlOutput::Owned(Value::Text(text))
}

fn nullable<'a>(column: &'a dyn Array, value: impl Fn(usize) -> ToSqlOutput<'a> + 'a) -> Cell<'a> {
    match column.nulls() {
        None => Box::new(value),
        Some(nulls) => Box::new(move |row| if nulls.is_null(row) { ToSqlOutput::Owned(Value::Null) } else { value(row) }),
    }
}
