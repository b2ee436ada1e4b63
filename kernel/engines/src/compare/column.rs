//! Two columns in one common form.

use std::cmp::Ordering;

use ::duckdb::arrow::array::{Array, ArrayRef, AsArray, BinaryViewArray, PrimitiveArray, StringViewArray};
use ::duckdb::arrow::buffer::NullBuffer;
use ::duckdb::arrow::compute::cast;
use ::duckdb::arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type, TimeUnit, UInt64Type};
use ::duckdb::arrow::error::ArrowError;

use super::number::{Tolerance, order};
use crate::arrow_text::per_second;
use crate::calendar::{parse_clock, parse_timestamp};
use crate::json;

/// A column of the first result and the same column of the other one.
pub struct Pair {
    pub first: Side,
    pub other: Side,
    tolerance: Tolerance,
}

/// Values and NULLs of one column.
pub struct Side {
    pub values: Values,
    nulls: Option<NullBuffer>,
}

/// Values in a form that all engines' types come down to; those at NULLs mean nothing.
pub enum Values {
    Nulls,
    Integers(Vec<i128>),
    Floats(Vec<f64>),
    Bytes(BinaryViewArray),
}

/// What a type is, whatever an engine calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Null,
    Integer,
    Float,
    Text,
    Blob,
    /// Dates and timestamps, in nanoseconds.
    Instant,
    Clock,
    Duration,
    Nested,
}

impl Kind {
    fn of(data_type: &DataType) -> Option<Kind> {
        Some(match data_type {
            DataType::Null => Kind::Null,
            DataType::Boolean => Kind::Integer,
            kind if kind.is_integer() => Kind::Integer,
            // A sum of integers, in engines that have no integers as wide.
            DataType::Decimal128(_, 0) => Kind::Integer,
            DataType::Decimal128(_, _) | DataType::Decimal256(_, _) => Kind::Float,
            kind if kind.is_floating() => Kind::Float,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Kind::Text,
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => Kind::Blob,
            DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, _) => Kind::Instant,
            DataType::Time32(_) | DataType::Time64(_) => Kind::Clock,
            DataType::Duration(_) => Kind::Duration,
            DataType::Dictionary(_, values) => Kind::of(values)?,
            kind if kind.is_nested() => Kind::Nested,
            _ => return None,
        })
    }
}

impl Pair {
    /// Both columns in a common form; `None` when their types have none.
    pub fn new(first: &ArrayRef, other: &ArrayRef, tolerance: f64) -> Result<Option<Pair>, ArrowError> {
        let (first, other) = (plain(first)?, plain(other)?);
        let (Some(a), Some(b)) = (Kind::of(first.data_type()), Kind::of(other.data_type())) else { return Ok(None) };
        let single = [&first, &other].iter().any(|side| matches!(side.data_type(), DataType::Float16 | DataType::Float32));
        let scale = match (scale(first.data_type()), scale(other.data_type())) {
            (Some(a), Some(b)) if a == b => None,
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, two) => one.or(two),
        };
        let tolerance = Tolerance::new(tolerance, single, scale);
        let sides = match (a, b) {
            // NULL everywhere fits any column.
            (Kind::Null, kind) | (kind, Kind::Null) => Some((as_kind(&first, kind)?, as_kind(&other, kind)?)),
            (a, b) if a == b => Some((as_kind(&first, a)?, as_kind(&other, a)?)),
            (Kind::Integer, Kind::Float) | (Kind::Float, Kind::Integer) => {
                Some((as_kind(&first, Kind::Float)?, as_kind(&other, Kind::Float)?))
            }
            // An engine without durations has their number.
            (Kind::Integer, Kind::Duration) | (Kind::Duration, Kind::Integer) => Some((raw_integers(&first)?, raw_integers(&other)?)),
            // An engine without dates has their text; when it is another text, the values differ.
            (kind @ (Kind::Instant | Kind::Clock), Kind::Text) => {
                Some((as_kind(&first, kind)?, parsed(&other, kind)?)).filter(|(_, side)| side.values.are_there())
            }
            (Kind::Text, kind @ (Kind::Instant | Kind::Clock)) => {
                Some((parsed(&first, kind)?, as_kind(&other, kind)?)).filter(|(side, _)| side.values.are_there())
            }
            (Kind::Text | Kind::Nested, Kind::Text | Kind::Nested) | (Kind::Text | Kind::Blob, Kind::Text | Kind::Blob) => {
                Some((as_kind(&first, a)?, as_kind(&other, b)?))
            }
            _ => None,
        };
        Ok(sides.map(|(first, other)| Pair { first, other, tolerance }))
    }

    /// Whether row `a` of the first result has the same value as row `b` of the other.
    pub fn same(&self, a: usize, b: usize) -> bool {
        match (self.first.is_null(a), self.other.is_null(b)) {
            (true, true) => return true,
            (false, false) => {}
            _ => return false,
        }
        match (&self.first.values, &self.other.values) {
            (Values::Integers(x), Values::Integers(y)) => x[a] == y[b],
            (Values::Floats(x), Values::Floats(y)) => self.tolerance.same(x[a], y[b]),
            (Values::Bytes(x), Values::Bytes(y)) => x.value(a) == y.value(b),
            _ => false,
        }
    }

    /// The first of the first `rows` rows with another value.
    pub fn first_difference(&self, rows: usize) -> Option<usize> {
        (0..rows).find(|row| !self.same(*row, *row))
    }

    pub fn tolerance(&self) -> Option<Tolerance> {
        matches!(self.first.values, Values::Floats(_)).then_some(self.tolerance)
    }
}

impl Side {
    pub fn is_null(&self, row: usize) -> bool {
        matches!(self.values, Values::Nulls) || self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }

    /// Hands the value in parts of 64 bits to `mix`. Floats are not hashed: near ones must have one hash.
    pub fn hash(&self, row: usize, mut mix: impl FnMut(u64)) {
        if self.is_null(row) {
            return mix(u64::MAX);
        }
        match &self.values {
            Values::Integers(values) => mix(values[row] as u64),
            Values::Bytes(values) => {
                let bytes = values.value(row);
                mix(bytes.len() as u64);
                for part in bytes.chunks(8) {
                    let mut word = [0; 8];
                    word[..part.len()].copy_from_slice(part);
                    mix(u64::from_le_bytes(word));
                }
            }
            Values::Floats(_) | Values::Nulls => {}
        }
    }

    /// NULL first, then by value.
    pub fn order(&self, a: usize, other: &Side, b: usize) -> Ordering {
        match (self.is_null(a), other.is_null(b)) {
            (true, true) => return Ordering::Equal,
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            (false, false) => {}
        }
        match (&self.values, &other.values) {
            (Values::Integers(x), Values::Integers(y)) => x[a].cmp(&y[b]),
            (Values::Floats(x), Values::Floats(y)) => order(x[a], y[b]),
            (Values::Bytes(x), Values::Bytes(y)) => x.value(a).cmp(y.value(b)),
            _ => Ordering::Equal,
        }
    }
}

impl Values {
    fn are_there(&self) -> bool {
        !matches!(self, Values::Nulls)
    }
}

/// The column without a dictionary.
fn plain(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match column.data_type() {
        DataType::Dictionary(_, values) => cast(column, values),
        _ => Ok(column.clone()),
    }
}

fn scale(data_type: &DataType) -> Option<i8> {
    match data_type {
        DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale) => Some(*scale),
        _ => None,
    }
}

fn side(values: Values, column: &dyn Array) -> Side {
    Side { values, nulls: column.logical_nulls() }
}

fn as_kind(column: &ArrayRef, kind: Kind) -> Result<Side, ArrowError> {
    if column.data_type() == &DataType::Null {
        return Ok(side(Values::Nulls, column));
    }
    Ok(match kind {
        Kind::Integer => integers(column)?,
        Kind::Float => side(Values::Floats(floats(column)?), column),
        Kind::Text => bytes(&cast(column, &DataType::Utf8View)?)?,
        Kind::Blob => bytes(column)?,
        Kind::Instant => instants(column)?,
        Kind::Clock => {
            let nanoseconds = cast(column, &DataType::Time64(TimeUnit::Nanosecond))?;
            from_i64(&cast(&nanoseconds, &DataType::Int64)?, 1)
        }
        Kind::Duration => {
            let unit = match column.data_type() {
                DataType::Duration(unit) => *unit,
                _ => TimeUnit::Nanosecond,
            };
            from_i64(&cast(column, &DataType::Int64)?, 1_000_000_000 / per_second(unit))
        }
        Kind::Nested => {
            let texts: StringViewArray =
                (0..column.len()).map(|row| column.is_valid(row).then(|| json::value(column.as_ref(), row).to_string())).collect();
            bytes(&(std::sync::Arc::new(texts) as ArrayRef))?
        }
        Kind::Null => side(Values::Nulls, column),
    })
}

fn integers(column: &ArrayRef) -> Result<Side, ArrowError> {
    Ok(match column.data_type() {
        DataType::UInt64 => {
            let values = column.as_primitive::<UInt64Type>().values().iter().map(|value| i128::from(*value)).collect();
            side(Values::Integers(values), column)
        }
        DataType::Decimal128(_, _) => {
            side(Values::Integers(column.as_primitive::<Decimal128Type>().values().iter().copied().collect()), column)
        }
        DataType::Boolean => from_i64(&cast(&cast(column, &DataType::Int8)?, &DataType::Int64)?, 1),
        _ => from_i64(&cast(column, &DataType::Int64)?, 1),
    })
}

/// Integers and durations as their numbers.
fn raw_integers(column: &ArrayRef) -> Result<Side, ArrowError> {
    match column.data_type() {
        DataType::Duration(_) => Ok(from_i64(&cast(column, &DataType::Int64)?, 1)),
        _ => integers(column),
    }
}

fn from_i64(column: &ArrayRef, factor: i64) -> Side {
    let values: &PrimitiveArray<Int64Type> = column.as_primitive();
    side(Values::Integers(values.values().iter().map(|value| i128::from(*value) * i128::from(factor)).collect()), column)
}

fn floats(column: &ArrayRef) -> Result<Vec<f64>, ArrowError> {
    Ok(match column.data_type() {
        DataType::Decimal128(_, scale) => {
            let unit = 10_f64.powi(i32::from(*scale));
            column.as_primitive::<Decimal128Type>().values().iter().map(|value| *value as f64 / unit).collect()
        }
        DataType::Boolean => return floats(&cast(column, &DataType::Int8)?),
        _ => cast(column, &DataType::Float64)?.as_primitive::<Float64Type>().values().to_vec(),
    })
}

fn bytes(column: &ArrayRef) -> Result<Side, ArrowError> {
    let column = match column.data_type() {
        DataType::FixedSizeBinary(_) => cast(&cast(column, &DataType::Binary)?, &DataType::BinaryView)?,
        _ => cast(column, &DataType::BinaryView)?,
    };
    Ok(side(Values::Bytes(column.as_binary_view().clone()), &column))
}

/// Dates are the instant of their midnight; a zone does not change an instant.
fn instants(column: &ArrayRef) -> Result<Side, ArrowError> {
    let (column, unit) = match column.data_type() {
        DataType::Date32 => (cast(&cast(column, &DataType::Int32)?, &DataType::Int64)?, 86_400 * 1_000_000_000),
        DataType::Date64 => (cast(column, &DataType::Int64)?, 1_000_000),
        DataType::Timestamp(unit, _) => (cast(column, &DataType::Int64)?, 1_000_000_000 / per_second(*unit)),
        _ => (cast(column, &DataType::Int64)?, 1),
    };
    Ok(from_i64(&column, unit))
}

/// ISO texts as nanoseconds; no values when one of them is another text.
fn parsed(column: &ArrayRef, kind: Kind) -> Result<Side, ArrowError> {
    let texts = cast(column, &DataType::Utf8View)?;
    let parse = match kind {
        Kind::Clock => parse_clock,
        _ => parse_timestamp,
    };
    let values: Option<Vec<i128>> = texts
        .as_string_view()
        .iter()
        .map(|text| text.map_or(Some(0), |text| parse(text).map(|micros| i128::from(micros) * 1000)))
        .collect();
    Ok(side(values.map_or(Values::Nulls, Values::Integers), column))
}
