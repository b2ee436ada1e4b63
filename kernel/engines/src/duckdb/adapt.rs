//! Arrow columns that DuckDB cannot scan, or only slowly, turned into ones it can.

use std::sync::Arc;

use ::duckdb::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use ::duckdb::arrow::compute::cast;
use ::duckdb::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use ::duckdb::arrow::error::ArrowError;

/// DuckDB decodes a dictionary anew for each 2048 rows; beyond this many values that costs more than
/// plain strings.
const LARGE_DICTIONARY: usize = 1024;

/// The same table with every column in a type that DuckDB scans.
pub fn adapt(schema: SchemaRef, batches: Vec<RecordBatch>) -> Result<(SchemaRef, Vec<RecordBatch>), ArrowError> {
    let targets: Vec<Option<DataType>> =
        (0..schema.fields().len()).map(|column| target(schema.field(column), batches.iter().map(|batch| batch.column(column)))).collect();
    if targets.iter().all(Option::is_none) {
        return Ok((schema, batches));
    }
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .zip(&targets)
        .map(|(field, target)| match target {
            Some(target) => Field::new(field.name(), target.clone(), true),
            None => field.as_ref().clone(),
        })
        .collect();
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    let batches = batches
        .into_iter()
        .map(|batch| {
            let columns = batch
                .columns()
                .iter()
                .zip(&targets)
                .map(|(column, target)| target.as_ref().map_or_else(|| Ok(Arc::clone(column)), |to| cast(column, to)))
                .collect::<Result<Vec<ArrayRef>, ArrowError>>()?;
            RecordBatch::try_new(Arc::clone(&schema), columns)
        })
        .collect::<Result<Vec<_>, ArrowError>>()?;
    Ok((schema, batches))
}

/// The type to cast a column to; `None` when DuckDB scans it as it is.
fn target<'a>(field: &Field, columns: impl Iterator<Item = &'a ArrayRef>) -> Option<DataType> {
    match field.data_type() {
        DataType::Float16 => Some(DataType::Float32),
        // DuckDB has few functions for times of day in nanoseconds, which is what Polars has.
        DataType::Time64(TimeUnit::Nanosecond) => Some(DataType::Time64(TimeUnit::Microsecond)),
        DataType::Decimal256(_, _) => Some(DataType::Float64),
        DataType::Dictionary(_, values) => {
            let large = columns
                .filter_map(|column| column.as_any_dictionary_opt().map(|dictionary| dictionary.values().len()))
                .any(|length| length > LARGE_DICTIONARY);
            large.then(|| values.as_ref().clone())
        }
        nested => Some(plain(nested)).filter(|plain| plain != nested),
    }
}

/// The same type with no dictionary inside: DuckDB reads dictionaries at the top of a column only.
fn plain(data_type: &DataType) -> DataType {
    let part = |field: &FieldRef| Arc::new(field.as_ref().clone().with_data_type(plain(field.data_type())));
    match data_type {
        DataType::Dictionary(_, values) => plain(values),
        DataType::List(field) => DataType::List(part(field)),
        DataType::LargeList(field) => DataType::LargeList(part(field)),
        DataType::FixedSizeList(field, size) => DataType::FixedSizeList(part(field), *size),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(part).collect()),
        other => other.clone(),
    }
}
