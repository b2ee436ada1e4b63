//! What a shared table can be taken as.

use std::any::{Any, TypeId};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::{CastOptions, cast_with_options, concat_batches};
use arrow::datatypes::{
    DataType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use plane::mapping::Mapped;
use polars::prelude::{DataFrame, IntoLazy, LazyFrame, Series};
use serde::de::DeserializeOwned;
use serde_arrow::utils::Items;

use super::columns::{Columns, Share};
use super::frame;
use super::rows::first_line;
use crate::AnyError;

/// A type that a shared table can be taken as.
#[diagnostic::on_unimplemented(
    message = "a shared table cannot be fetched as `{Self}`",
    note = "fetch a DataFrame, LazyFrame, Series, RecordBatch, or a Vec of numbers, texts, or structs with `#[derive(serde::Deserialize)]`"
)]
pub trait Fetch: Sized {
    /// # Errors
    /// A table that is no such value.
    fn fetch(name: &str, table: Mapped) -> Result<Self, AnyError>;

    /// What sharing it again would write, if that is in the table's own memory.
    fn shared_again(&self) -> Option<Columns<'static>> {
        None
    }
}

/// Columns that keep their memory themselves.
fn kept<T: Share<super::columns::Frames>>(value: &T) -> Option<Columns<'static>> {
    let columns = value.columns().ok()?;
    columns.kept.then(|| Columns::kept(columns.schema, columns.batches))
}

impl Fetch for DataFrame {
    fn fetch(_name: &str, table: Mapped) -> Result<Self, AnyError> {
        frame::of_table(&table)
    }

    fn shared_again(&self) -> Option<Columns<'static>> {
        kept(self)
    }
}

impl Fetch for LazyFrame {
    fn fetch(_name: &str, table: Mapped) -> Result<Self, AnyError> {
        Ok(frame::of_table(&table)?.lazy())
    }
}

impl Fetch for Series {
    fn fetch(name: &str, table: Mapped) -> Result<Self, AnyError> {
        one_column(name, &table)?;
        let frame = frame::of_table(&table)?;
        frame.columns().first().map(|column| column.as_materialized_series().clone()).ok_or_else(|| no_columns(name))
    }

    fn shared_again(&self) -> Option<Columns<'static>> {
        kept(self)
    }
}

/// A table of several batches is put together, which copies it; [`super::batches`] does not.
impl Fetch for RecordBatch {
    fn fetch(_name: &str, table: Mapped) -> Result<Self, AnyError> {
        match table.batches.as_slice() {
            [batch] => Ok(batch.clone()),
            batches => Ok(concat_batches(&table.schema, batches)?),
        }
    }

    fn shared_again(&self) -> Option<Columns<'static>> {
        kept(self)
    }
}

fn no_columns(name: &str) -> AnyError {
    format!("the table `{name}` has no columns").into()
}

fn one_column(name: &str, table: &Mapped) -> Result<(), AnyError> {
    match table.schema.fields().len() {
        1 => Ok(()),
        0 => Err(no_columns(name)),
        count => Err(format!("the table `{name}` has {count} columns; fetch it as a DataFrame, or as a Vec of structs").into()),
    }
}

impl<T: DeserializeOwned + 'static> Fetch for Vec<T> {
    fn fetch(name: &str, table: Mapped) -> Result<Self, AnyError> {
        let mut values: Vec<T> = Vec::with_capacity(table.batches.iter().map(RecordBatch::num_rows).sum());
        if is_flat(TypeId::of::<T>()) {
            one_column(name, &table)?;
            for batch in &table.batches {
                append(&mut values, batch.column(0)).map_err(|error| format!("the table `{name}` is no {}: {error}", type_name::<T>()))?;
            }
            return Ok(values);
        }
        for batch in &table.batches {
            let rows = match serde_arrow::from_record_batch::<Vec<T>>(batch) {
                Ok(rows) => rows,
                Err(error) => as_items(batch)
                    .ok_or_else(|| format!("the rows of `{name}` are no {}: {}", std::any::type_name::<T>(), first_line(&error)))?,
            };
            values.extend(rows);
        }
        Ok(values)
    }
}

/// Values that are no structs, from a table of one column.
fn as_items<T: DeserializeOwned>(batch: &RecordBatch) -> Option<Vec<T>> {
    let [column] = batch.columns() else { return None };
    let renamed = RecordBatch::try_from_iter([("item", ArrayRef::clone(column))]).ok()?;
    serde_arrow::from_record_batch::<Items<Vec<T>>>(&renamed).ok().map(|Items(rows)| rows)
}

fn type_name<T>() -> String {
    format!("Vec<{}>", std::any::type_name::<T>().replace("alloc::string::", "").replace("core::option::", ""))
}

macro_rules! flat {
    ($($native:ty),*) => {
        /// Whether `Vec`s of this type are filled by [`append`].
        fn is_flat(id: TypeId) -> bool {
            [$(TypeId::of::<$native>(), TypeId::of::<Option<$native>>()),*].contains(&id)
        }
    };
}
flat!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize, f32, f64, bool, String);

/// Appends a column's values to a `Vec` of numbers, texts or their options. Not generic, so that no cell compiles it again.
fn append(any: &mut dyn Any, column: &ArrayRef) -> Result<(), AnyError> {
    macro_rules! numbers {
        ($($native:ty => $arrow:ty, $data_type:ident);*) => {$(
            if let Some(values) = any.downcast_mut::<Vec<$native>>() {
                let column = converted(column, &DataType::$data_type)?;
                without_nulls(&column)?;
                values.extend(column.as_primitive::<$arrow>().values().iter().map(|value| *value as $native));
                return Ok(());
            }
            if let Some(values) = any.downcast_mut::<Vec<Option<$native>>>() {
                let column = converted(column, &DataType::$data_type)?;
                values.extend(column.as_primitive::<$arrow>().iter().map(|value| value.map(|value| value as $native)));
                return Ok(());
            }
        )*};
    }
    numbers!(i8 => Int8Type, Int8; i16 => Int16Type, Int16; i32 => Int32Type, Int32; i64 => Int64Type, Int64; isize => Int64Type, Int64;
        u8 => UInt8Type, UInt8; u16 => UInt16Type, UInt16; u32 => UInt32Type, UInt32; u64 => UInt64Type, UInt64; usize => UInt64Type, UInt64;
        f32 => Float32Type, Float32; f64 => Float64Type, Float64);
    if let Some(values) = any.downcast_mut::<Vec<bool>>() {
        let column = converted(column, &DataType::Boolean)?;
        without_nulls(&column)?;
        values.extend(column.as_boolean().values());
    } else if let Some(values) = any.downcast_mut::<Vec<Option<bool>>>() {
        values.extend(converted(column, &DataType::Boolean)?.as_boolean());
    } else if let Some(values) = any.downcast_mut::<Vec<String>>() {
        let column = converted(column, &DataType::Utf8View)?;
        without_nulls(&column)?;
        values.extend(column.as_string_view().iter().map(|text| text.unwrap_or_default().to_owned()));
    } else if let Some(values) = any.downcast_mut::<Vec<Option<String>>>() {
        values.extend(converted(column, &DataType::Utf8View)?.as_string_view().iter().map(|text| text.map(str::to_owned)));
    }
    Ok(())
}

/// The column in the wanted type; a value that does not fit is an error, and so is text for a number.
fn converted(column: &ArrayRef, wanted: &DataType) -> Result<ArrayRef, AnyError> {
    let own = match column.data_type() {
        DataType::Dictionary(_, values) => values,
        own => own,
    };
    if own == wanted && column.data_type() == wanted {
        return Ok(ArrayRef::clone(column));
    }
    let text = |data_type: &DataType| matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    let same_kind = (own.is_numeric() && wanted.is_numeric() && !(own.is_floating() && wanted.is_integer()))
        || (text(own) && text(wanted))
        || own == wanted
        || own == &DataType::Null;
    if !same_kind {
        return Err(format!("its column is {}", column.data_type()).into());
    }
    Ok(cast_with_options(column, wanted, &CastOptions { safe: false, ..CastOptions::default() })?)
}

fn without_nulls(column: &ArrayRef) -> Result<(), AnyError> {
    match column.null_count() {
        0 => Ok(()),
        1 => Err("one value is null; fetch a Vec of Option".into()),
        count => Err(format!("{count} values are null; fetch a Vec of Option").into()),
    }
}
