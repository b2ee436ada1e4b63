//! Nested Arrow values as JSON: a form that engines without lists and structs can hold.

use ::duckdb::arrow::array::{Array, AsArray};
use ::duckdb::arrow::datatypes::{DataType, Float16Type, Float32Type, Float64Type};
use serde_json::{Map, Number, Value};

use crate::arrow_text;

/// One value. Numbers and booleans stay what they are; dates, decimals and the like are their text.
pub fn value(array: &dyn Array, row: usize) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    let text = || arrow_text::cell(array, row).map_or(Value::Null, Value::String);
    let elements = |values: &dyn Array| (0..values.len()).map(|i| value(values, i)).collect();
    match array.data_type() {
        DataType::Boolean => Value::Bool(array.as_boolean().value(row)),
        kind if kind.is_integer() => text().as_str().and_then(|text| text.parse::<Number>().ok()).map_or_else(text, Value::Number),
        DataType::Float16 => float(array.as_primitive::<Float16Type>().value(row).to_f64()),
        DataType::Float32 => float(f64::from(array.as_primitive::<Float32Type>().value(row))),
        DataType::Float64 => float(array.as_primitive::<Float64Type>().value(row)),
        DataType::List(_) => elements(array.as_list::<i32>().value(row).as_ref()),
        DataType::LargeList(_) => elements(array.as_list::<i64>().value(row).as_ref()),
        DataType::FixedSizeList(_, _) => elements(array.as_fixed_size_list().value(row).as_ref()),
        DataType::Struct(fields) => {
            let parts = fields.iter().zip(array.as_struct().columns());
            let parts: Map<String, Value> = parts.map(|(field, part)| (field.name().clone(), value(part.as_ref(), row))).collect();
            Value::Object(parts)
        }
        _ => text(),
    }
}

/// JSON has neither NaN nor infinities.
fn float(number: f64) -> Value {
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}
