//! Binds `$name` parameters to values; values are never pasted into the text.

use std::ffi::CString;

use ::duckdb::ffi;
use serde_json::{Map, Value};

use super::raw::{Prepared, c_string};
use crate::engine::failure;
use crate::params::lookup;
use crate::sql_wire::SqlFailure;

/// Binds all parameters that `statement` names. Values it does not name are left alone.
pub fn bind(statement: &Prepared, values: &Map<String, Value>) -> Result<(), SqlFailure> {
    // SAFETY: a valid statement.
    let count = unsafe { ffi::duckdb_nparams(statement.handle()) };
    for index in 1..=count {
        let name = parameter_name(statement, index);
        let value = lookup(values, &name)?;
        let mut bound = to_duckdb(&name, value)?;
        // SAFETY: valid statement and value; DuckDB copies the value.
        let state = unsafe {
            let state = ffi::duckdb_bind_value(statement.handle(), index, bound);
            ffi::duckdb_destroy_value(&mut bound);
            state
        };
        if state != ffi::DuckDBSuccess {
            return Err(failure("Binder Error", format!("parameter ${name} could not be bound to {value}")));
        }
    }
    Ok(())
}

fn parameter_name(statement: &Prepared, index: u64) -> String {
    // SAFETY: a valid statement; the text is ours to free.
    unsafe { ffi::DuckDbString::from_nullable_ptr(ffi::duckdb_parameter_name(statement.handle(), index)) }
        .map_or_else(|| index.to_string(), |name| name.to_string_lossy().into_owned())
}

fn to_duckdb(name: &str, value: &Value) -> Result<ffi::duckdb_value, SqlFailure> {
    let refuse = |what: &str| failure("Binder Error", format!("parameter ${name}: {what}"));
    // SAFETY: constructors of plain values; texts are C strings or have a length.
    let bound = unsafe {
        match value {
            Value::Null => ffi::duckdb_create_null_value(),
            Value::Bool(flag) => ffi::duckdb_create_bool(*flag),
            Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(small), _, _) => match i32::try_from(small) {
                    Ok(small) => ffi::duckdb_create_int32(small),
                    Err(_) => ffi::duckdb_create_int64(small),
                },
                (None, Some(large), _) => ffi::duckdb_create_uint64(large),
                (None, None, Some(real)) => ffi::duckdb_create_double(real),
                (None, None, None) => return Err(refuse("a number that is neither an integer of 64 bits nor a float")),
            },
            Value::String(text) => {
                let text: CString = c_string(text).map_err(|_| refuse("text with a NUL byte (\\0) inside"))?;
                ffi::duckdb_create_varchar(text.as_ptr())
            }
            Value::Array(_) | Value::Object(_) => {
                return Err(refuse("a list or struct cannot be a parameter; publish it as a table and join with it"));
            }
        }
    };
    match bound.is_null() {
        true => Err(refuse("DuckDB refused the value")),
        false => Ok(bound),
    }
}
