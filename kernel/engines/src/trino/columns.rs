//! Columns of a result: from Trino's JSON to Arrow.

use std::sync::Arc;

use ::duckdb::arrow::array::builder::{
    BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder, Float64Builder, Int8Builder, Int16Builder,
    Int32Builder, Int64Builder, StringBuilder, Time64MicrosecondBuilder, TimestampMicrosecondBuilder,
};
use ::duckdb::arrow::array::{ArrayRef, RecordBatch};
use ::duckdb::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use serde_json::Value;

use super::base64;
use super::protocol::PageColumn;
use crate::calendar::{parse_clock, parse_date, parse_timestamp};
use crate::engine::failure;
use crate::sql_wire::{SqlFailure, class};

/// What a column's values become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Boolean,
    Int8,
    Int16,
    Int32,
    Int64,
    Float32,
    Float64,
    Decimal(u8, i8),
    Text,
    Binary,
    Date,
    Time,
    Timestamp,
    /// Kept in UTC.
    ZonedTimestamp,
    /// Arrays, maps and rows.
    Json,
}

/// The columns of one result.
pub struct Columns {
    columns: Vec<(PageColumn, Kind)>,
    schema: SchemaRef,
}

impl Columns {
    pub fn new(columns: Vec<PageColumn>) -> Columns {
        let columns: Vec<(PageColumn, Kind)> = columns.into_iter().map(|column| (column.clone(), Kind::of(&column.type_name))).collect();
        let fields = columns.iter().map(|(column, kind)| Field::new(&column.name, kind.arrow(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        Columns { columns, schema }
    }

    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// One sentence for each loss.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let named = |test: &dyn Fn(&PageColumn, Kind) -> bool| {
            let names: Vec<&str> =
                self.columns.iter().filter(|(column, kind)| test(column, *kind)).map(|(column, _)| column.name.as_str()).collect();
            (!names.is_empty()).then(|| names.join(", "))
        };
        notes.extend(named(&|_, kind| kind == Kind::Json).map(|names| format!("arrays, maps and rows are JSON text here: {names}")));
        let fine = |column: &PageColumn, kind| {
            matches!(kind, Kind::Time | Kind::Timestamp | Kind::ZonedTimestamp)
                && argument(&column.type_name).is_some_and(|digits| digits > 6)
        };
        notes.extend(named(&fine).map(|names| format!("times are cut to microseconds: {names}")));
        notes
    }

    /// The rows of one page.
    ///
    /// # Errors
    /// A value that does not fit its type.
    pub fn batch(&self, rows: &[Vec<Value>]) -> Result<RecordBatch, SqlFailure> {
        let arrays = self.columns.iter().enumerate().map(|(index, (column, kind))| {
            let values = rows.iter().map(|row| row.get(index).filter(|value| !value.is_null()));
            kind.array(values).map_err(|value| {
                let message = format!("column `{}`: {value} cannot be read as {}", column.name, column.type_name);
                match kind {
                    Kind::ZonedTimestamp => failure(class::UNSUPPORTED, format!("{message}; select it `AT TIME ZONE 'UTC'`")),
                    _ => failure("Type Error", message),
                }
            })
        });
        let arrays = arrays.collect::<Result<Vec<ArrayRef>, SqlFailure>>()?;
        RecordBatch::try_new(Arc::clone(&self.schema), arrays).map_err(|error| failure("Type Error", error.to_string()))
    }
}

/// The first number in brackets: `timestamp(3) with time zone`.
fn argument(type_name: &str) -> Option<u8> {
    type_name.split_once('(')?.1.split([',', ')']).next()?.trim().parse().ok()
}

impl Kind {
    fn of(type_name: &str) -> Kind {
        let base = type_name.split('(').next().unwrap_or_default().trim();
        let zoned = type_name.ends_with("with time zone");
        match base {
            "boolean" => Kind::Boolean,
            "tinyint" => Kind::Int8,
            "smallint" => Kind::Int16,
            "integer" => Kind::Int32,
            "bigint" => Kind::Int64,
            "real" => Kind::Float32,
            "double" => Kind::Float64,
            "decimal" => {
                let scale = type_name.split_once(',').and_then(|(_, rest)| rest.trim_end_matches(')').trim().parse().ok());
                Kind::Decimal(argument(type_name).unwrap_or(38), scale.unwrap_or(0))
            }
            "varbinary" => Kind::Binary,
            "date" => Kind::Date,
            _ if base.starts_with("timestamp") && zoned => Kind::ZonedTimestamp,
            _ if base.starts_with("timestamp") => Kind::Timestamp,
            _ if base.starts_with("time") && !zoned => Kind::Time,
            "array" | "map" | "row" => Kind::Json,
            // varchar, char, uuid, json, ipaddress, intervals, times with a zone: text as Trino writes it.
            _ => Kind::Text,
        }
    }

    fn arrow(self) -> DataType {
        match self {
            Kind::Boolean => DataType::Boolean,
            Kind::Int8 => DataType::Int8,
            Kind::Int16 => DataType::Int16,
            Kind::Int32 => DataType::Int32,
            Kind::Int64 => DataType::Int64,
            Kind::Float32 => DataType::Float32,
            Kind::Float64 => DataType::Float64,
            Kind::Decimal(precision, scale) => DataType::Decimal128(precision, scale),
            Kind::Text | Kind::Json => DataType::Utf8,
            Kind::Binary => DataType::Binary,
            Kind::Date => DataType::Date32,
            Kind::Time => DataType::Time64(TimeUnit::Microsecond),
            Kind::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Kind::ZonedTimestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        }
    }

    /// Values as an array; `None` is NULL. Fails with the first value that does not fit.
    fn array<'v>(self, values: impl Iterator<Item = Option<&'v Value>>) -> Result<ArrayRef, Value> {
        macro_rules! built {
            ($builder:expr, $read:expr) => {{
                let (mut builder, read) = ($builder, $read);
                for value in values {
                    match value {
                        Some(value) => builder.append_value(read(value).ok_or_else(|| value.clone())?),
                        None => builder.append_null(),
                    }
                }
                let array: ArrayRef = Arc::new(builder.finish());
                Ok(array)
            }};
        }
        match self {
            Kind::Boolean => built!(BooleanBuilder::new(), Value::as_bool),
            Kind::Int8 => built!(Int8Builder::new(), |value: &Value| i8::try_from(value.as_i64()?).ok()),
            Kind::Int16 => built!(Int16Builder::new(), |value: &Value| i16::try_from(value.as_i64()?).ok()),
            Kind::Int32 => built!(Int32Builder::new(), |value: &Value| i32::try_from(value.as_i64()?).ok()),
            Kind::Int64 => built!(Int64Builder::new(), Value::as_i64),
            Kind::Float32 => built!(Float32Builder::new(), |value: &Value| float(value).map(|number| number as f32)),
            Kind::Float64 => built!(Float64Builder::new(), float),
            Kind::Decimal(_, scale) => {
                built!(Decimal128Builder::new().with_data_type(self.arrow()), |value: &Value| decimal(value.as_str()?, scale))
            }
            Kind::Text => built!(StringBuilder::new(), |value: &'v Value| match value {
                Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            }),
            Kind::Json => built!(StringBuilder::new(), |value: &Value| Some(value.to_string())),
            Kind::Binary => built!(BinaryBuilder::new(), |value: &Value| base64::decode(value.as_str()?)),
            Kind::Date => built!(Date32Builder::new(), |value: &Value| i32::try_from(parse_date(value.as_str()?)?).ok()),
            Kind::Time => built!(Time64MicrosecondBuilder::new(), |value: &Value| parse_clock(cut(value.as_str()?))),
            Kind::Timestamp => built!(TimestampMicrosecondBuilder::new(), |value: &Value| parse_timestamp(cut(value.as_str()?))),
            Kind::ZonedTimestamp => {
                built!(TimestampMicrosecondBuilder::new().with_timezone("UTC"), |value: &Value| zoned(value.as_str()?))
            }
        }
    }
}

/// JSON has no infinities: Trino writes them as text.
fn float(value: &Value) -> Option<f64> {
    match value.as_str() {
        None => value.as_f64(),
        Some("NaN") => Some(f64::NAN),
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        Some(_) => None,
    }
}

/// `-12.50` in units of its last digit.
fn decimal(text: &str, scale: i8) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let scale = usize::try_from(scale).ok()?;
    if fraction.len() > scale {
        return None;
    }
    format!("{whole}{fraction:0<scale$}").parse().ok()
}

/// A time with at most nine digits behind the point.
fn cut(text: &str) -> &str {
    let end = text.find('.').map_or(text.len(), |point| (point + 10).min(text.len()));
    text.get(..end).unwrap_or(text)
}

/// `2024-01-02 03:04:05.678 UTC` and with offsets such as `+01:00`, in UTC.
fn zoned(text: &str) -> Option<i64> {
    let (moment, zone) = text.rsplit_once(' ')?;
    let offset = match zone {
        "UTC" | "Z" | "GMT" => 0,
        _ => {
            let (sign, rest) = match zone.split_at_checked(1)? {
                ("+", rest) => (1, rest),
                ("-", rest) => (-1, rest),
                _ => return None,
            };
            sign * parse_clock(rest)?
        }
    };
    parse_timestamp(cut(moment))?.checked_sub(offset)
}
