//! Result columns: SQLite's values have types, its columns only a declaration, so an Arrow type is found at the end.

use std::sync::Arc;

use ::duckdb::arrow::array::{
    ArrayRef, BinaryViewBuilder, BooleanArray, Date32Array, Float64Array, Float64Builder, Int64Array, Int64Builder, NullArray,
    StringViewArray, StringViewBuilder, TimestampMicrosecondArray,
};
use rusqlite::types::{Value, ValueRef};

use crate::calendar::{parse_date, parse_timestamp};
use crate::sql_wire::Column;

/// A column while its values arrive.
pub struct ResultColumn {
    name: String,
    declared: Option<String>,
    values: Values,
}

/// A column when all its values are there.
pub struct Done {
    pub column: Column,
    pub array: ArrayRef,
    pub note: Option<String>,
}

/// Values so far. All but `Mixed` hold one type and NULL.
enum Values {
    Nulls(usize),
    Integers(Int64Builder),
    Reals(Float64Builder),
    Texts(StringViewBuilder),
    Blobs(BinaryViewBuilder),
    Mixed(Vec<Value>),
}

impl ResultColumn {
    /// `declared` is the type in `CREATE TABLE`, when the column is one of a table.
    pub fn new(name: &str, declared: Option<&str>) -> ResultColumn {
        let declared = declared.filter(|declared| !declared.is_empty()).map(str::to_ascii_uppercase);
        ResultColumn { name: name.to_owned(), declared, values: Values::Nulls(0) }
    }

    pub fn push(&mut self, value: ValueRef<'_>) {
        match (&mut self.values, value) {
            (Values::Nulls(count), ValueRef::Null) => *count += 1,
            (Values::Integers(values), ValueRef::Integer(value)) => values.append_value(value),
            (Values::Integers(values), ValueRef::Null) => values.append_null(),
            (Values::Reals(values), ValueRef::Real(value)) => values.append_value(value),
            (Values::Reals(values), ValueRef::Null) => values.append_null(),
            (Values::Texts(values), ValueRef::Text(value)) => values.append_value(String::from_utf8_lossy(value)),
            (Values::Texts(values), ValueRef::Null) => values.append_null(),
            (Values::Blobs(values), ValueRef::Blob(value)) => values.append_value(value),
            (Values::Blobs(values), ValueRef::Null) => values.append_null(),
            (Values::Mixed(values), value) => values.push(owned(value)),
            (Values::Nulls(count), value) => {
                self.values = Values::starting_with(*count, value);
                self.push(value);
            }
            (_, value) => {
                self.values.mix();
                self.push(value);
            }
        }
    }

    /// The Arrow array: of the declared type where the values fit it, else of the type of the values.
    pub fn finish(self) -> Done {
        let ResultColumn { name, declared, values } = self;
        let (kind, array, note) = values.finish(&name);
        let (array, fits) = match declared.as_deref().and_then(|declared| as_declared(declared, &array)) {
            Some(array) => (array, true),
            None => (array, declared.as_deref().is_some_and(|declared| holds(declared, kind))),
        };
        let type_name = declared.filter(|_| fits || kind == "NULL").unwrap_or_else(|| kind.to_owned());
        Done { column: Column { name, type_name }, array, note }
    }
}

impl Values {
    /// An empty column for values like `value`, after `nulls` NULLs.
    fn starting_with(nulls: usize, value: ValueRef<'_>) -> Values {
        macro_rules! with_nulls {
            ($builder:expr) => {{
                let mut builder = $builder;
                (0..nulls).for_each(|_| builder.append_null());
                builder
            }};
        }
        match value {
            ValueRef::Null => Values::Nulls(nulls),
            ValueRef::Integer(_) => Values::Integers(with_nulls!(Int64Builder::new())),
            ValueRef::Real(_) => Values::Reals(with_nulls!(Float64Builder::new())),
            ValueRef::Text(_) => Values::Texts(with_nulls!(StringViewBuilder::new())),
            ValueRef::Blob(_) => Values::Blobs(with_nulls!(BinaryViewBuilder::new())),
        }
    }

    /// Turns the values into ones of any type.
    fn mix(&mut self) {
        fn list<T>(values: impl IntoIterator<Item = Option<T>>, wrap: impl Fn(T) -> Value) -> Vec<Value> {
            values.into_iter().map(|value| value.map_or(Value::Null, &wrap)).collect()
        }
        let values = match self {
            Values::Nulls(count) => vec![Value::Null; *count],
            Values::Integers(values) => list(&values.finish(), Value::Integer),
            Values::Reals(values) => list(&values.finish(), Value::Real),
            Values::Texts(values) => list(&values.finish(), |text: &str| Value::Text(text.to_owned())),
            Values::Blobs(values) => list(&values.finish(), |blob: &[u8]| Value::Blob(blob.to_owned())),
            Values::Mixed(values) => std::mem::take(values),
        };
        *self = Values::Mixed(values);
    }

    /// SQLite's name of the type, the array, and a note when values had to become text.
    fn finish(self, name: &str) -> (&'static str, ArrayRef, Option<String>) {
        match self {
            Values::Nulls(count) => ("NULL", Arc::new(NullArray::new(count)), None),
            Values::Integers(mut values) => ("INTEGER", Arc::new(values.finish()), None),
            Values::Reals(mut values) => ("REAL", Arc::new(values.finish()), None),
            Values::Texts(mut values) => ("TEXT", Arc::new(values.finish()), None),
            Values::Blobs(mut values) => ("BLOB", Arc::new(values.finish()), None),
            Values::Mixed(values) => match values.iter().map(number).collect::<Option<Float64Array>>() {
                Some(reals) => ("REAL", Arc::new(reals), None),
                None => {
                    let texts: StringViewArray = values.iter().map(text).collect();
                    ("TEXT", Arc::new(texts), Some(format!("column {name} has values of several types, which are shown as text")))
                }
            },
        }
    }
}

fn owned(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(integer) => Value::Integer(integer),
        ValueRef::Real(real) => Value::Real(real),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_owned()),
    }
}

/// A number or NULL; `None` for anything else.
fn number(value: &Value) -> Option<Option<f64>> {
    match value {
        Value::Null => Some(None),
        Value::Integer(integer) => Some(Some(*integer as f64)),
        Value::Real(real) => Some(Some(*real)),
        Value::Text(_) | Value::Blob(_) => None,
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Integer(integer) => Some(integer.to_string()),
        Value::Real(real) => Some(real.to_string()),
        Value::Text(text) => Some(text.clone()),
        Value::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
    }
}

/// Whether values of `kind` are what a column declared so holds, after SQLite's rules of affinity.
fn holds(declared: &str, kind: &str) -> bool {
    let has = |parts: &[&str]| parts.iter().any(|part| declared.contains(part));
    match kind {
        "INTEGER" => has(&["INT"]) || !has(&["CHAR", "CLOB", "TEXT", "BLOB", "REAL", "FLOA", "DOUB", "DATE", "TIME", "BOOL"]),
        "REAL" => has(&["REAL", "FLOA", "DOUB", "DEC", "NUM"]),
        "TEXT" => has(&["CHAR", "CLOB", "TEXT", "TIME", "JSON"]),
        "BLOB" => has(&["BLOB"]),
        _ => true,
    }
}

/// Turns back what SQLite has no type for; `None` when a value does not allow it, or when there is nothing to turn.
fn as_declared(declared: &str, array: &ArrayRef) -> Option<ArrayRef> {
    let any = array.as_any();
    let texts = || any.downcast_ref::<StringViewArray>();
    let integers = || any.downcast_ref::<Int64Array>();
    Some(match declared {
        "DATE" => {
            let days = texts()?.iter().map(|text| text.map_or(Some(None), |text| i32::try_from(parse_date(text)?).ok().map(Some)));
            Arc::new(days.collect::<Option<Date32Array>>()?)
        }
        "TIMESTAMP" | "DATETIME" => {
            let micros = texts()?.iter().map(|text| text.map_or(Some(None), |text| parse_timestamp(text).map(Some)));
            Arc::new(micros.collect::<Option<TimestampMicrosecondArray>>()?)
        }
        "BOOLEAN" | "BOOL" => {
            let flags = integers()?.iter().map(|value| match value {
                None => Some(None),
                Some(flag @ 0..=1) => Some(Some(flag == 1)),
                Some(_) => None,
            });
            Arc::new(flags.collect::<Option<BooleanArray>>()?)
        }
        "REAL" | "DOUBLE" | "FLOAT" | "DOUBLE PRECISION" => {
            Arc::new(integers()?.iter().map(|value| value.map(|value| value as f64)).collect::<Float64Array>())
        }
        _ => return None,
    })
}
