//! Whether results of several engines are the same answer.
//!
//! Types are brought together first, column by column ([`column`]): engines differ in what they call an integer or a date.
//! Then rows are compared as they come; when that fails and their order does not count, as multisets ([`multiset`]).

mod column;
mod multiset;
mod number;

use std::path::Path;

use ::duckdb::arrow::array::{ArrayRef, RecordBatch};
use ::duckdb::arrow::compute::concat_batches;

use crate::arrow_text;
use crate::engine::{Job, failure};
use crate::mapping;
use crate::sql_wire::{CompareRequest, Comparison, DifferingRow, SqlFailure};

use column::Pair;
use multiset::Difference;

/// Compares each file after the first with the first.
///
/// # Errors
/// A file that cannot be read, an interrupt.
pub fn compare(request: &CompareRequest, job: &Job) -> Result<Vec<Comparison>, SqlFailure> {
    let Some((first, others)) = request.files.split_first() else { return Ok(Vec::new()) };
    let first = read(first)?;
    others
        .iter()
        .map(|other| {
            job.check()?;
            pair(&first, &read(other)?, request)
        })
        .collect()
}

fn read(path: &str) -> Result<RecordBatch, SqlFailure> {
    let table = mapping::read(Path::new(path)).and_then(|(schema, batches)| concat_batches(&schema, &batches));
    table.map_err(|error| failure("Table Error", format!("the result in {path} cannot be read: {error}")))
}

fn pair(first: &RecordBatch, other: &RecordBatch, request: &CompareRequest) -> Result<Comparison, SqlFailure> {
    let different = |reason: String| Comparison { equal: false, reason, row: None };
    if first.num_columns() != other.num_columns() {
        return Ok(different(format!("{} instead of {}", counted(other.num_columns(), "column"), first.num_columns())));
    }
    let mut pairs = Vec::new();
    for index in 0..first.num_columns() {
        let name = first.schema_ref().field(index).name();
        match Pair::new(first.column(index), other.column(index), request.tolerance) {
            Ok(Some(pair)) => pairs.push(pair),
            Ok(None) => {
                let types = (other.column(index).data_type(), first.column(index).data_type());
                return Ok(different(format!("column {name} is of type {} instead of {}", types.0, types.1)));
            }
            Err(error) => return Err(failure("Table Error", format!("column {name} cannot be compared: {error}"))),
        }
    }
    let counts = (first.num_rows(), other.num_rows());
    let difference = match in_order(&pairs, counts) {
        Some(_) if !request.ordered => multiset::difference(&pairs, counts),
        found => found,
    };
    Ok(match difference {
        None => Comparison { equal: true, reason: renamed(first, other).unwrap_or_default(), row: None },
        Some(difference) => told(first, other, &pairs, &difference),
    })
}

/// The first row that differs, in the order in which they come.
fn in_order(pairs: &[Pair], (first, other): (usize, usize)) -> Option<Difference> {
    let common = first.min(other);
    let row = pairs.iter().filter_map(|pair| pair.first_difference(common)).min();
    match row {
        Some(row) => Some(Difference { index: row, first: Some(row), other: Some(row) }),
        None if first == other => None,
        None => Some(Difference { index: common, first: (common < first).then_some(common), other: (common < other).then_some(common) }),
    }
}

fn told(first: &RecordBatch, other: &RecordBatch, pairs: &[Pair], difference: &Difference) -> Comparison {
    let names: Vec<String> = first.schema_ref().fields().iter().map(|field| field.name().clone()).collect();
    let texts = |columns: &[ArrayRef], row: usize| columns.iter().map(|column| arrow_text::cell(column.as_ref(), row)).collect::<Vec<_>>();
    let row = DifferingRow {
        index: difference.index as u64,
        columns: names.clone(),
        first: difference.first.map(|row| texts(first.columns(), row)),
        other: difference.other.map(|row| texts(other.columns(), row)),
    };
    let reason = if first.num_rows() != other.num_rows() {
        format!("{} instead of {}", counted(other.num_rows(), "row"), first.num_rows())
    } else {
        let places = difference.first.zip(difference.other);
        let column = places.and_then(|(a, b)| pairs.iter().position(|pair| !pair.same(a, b)));
        let value = |texts: &Option<Vec<Option<String>>>, column: usize| {
            texts.as_ref().and_then(|texts| texts.get(column).cloned().flatten()).unwrap_or_else(|| "NULL".to_owned())
        };
        let number = difference.index + 1;
        column.map_or_else(
            || format!("row {number} is not the same"),
            |column| {
                format!("row {number}, column {}: {} instead of {}", names[column], value(&row.other, column), value(&row.first, column))
            },
        )
    };
    Comparison { equal: false, reason, row: Some(row) }
}

/// What to say of equal results whose columns are called differently.
fn renamed(first: &RecordBatch, other: &RecordBatch) -> Option<String> {
    let names = first.schema_ref().fields().iter().zip(other.schema_ref().fields());
    let renamed: Vec<String> = names
        .filter(|(a, b)| !a.name().eq_ignore_ascii_case(b.name()))
        .map(|(a, b)| format!("{} instead of {}", b.name(), a.name()))
        .collect();
    (!renamed.is_empty()).then(|| format!("the values are the same, columns are named differently: {}", renamed.join(", ")))
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}
