//! Values that a query takes as parameters.

use serde_json::{Value, json};

use crate::runtime::event;

/// A value that can be bound to a `{name}` in SQL.
pub trait Param {
    fn param(&self) -> Value;
}

macro_rules! param_numbers {
    ($($type:ty),*) => {$(
        impl Param for $type {
            fn param(&self) -> Value {
                json!(self)
            }
        }
    )*};
}
param_numbers!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize, f32, f64, bool, str, String);

impl Param for char {
    fn param(&self) -> Value {
        json!(self.to_string())
    }
}

macro_rules! param_text {
    ($($type:ty),*) => {$(
        impl Param for $type {
            fn param(&self) -> Value {
                json!(self.to_string())
            }
        }
    )*};
}
param_text!(chrono::NaiveDate, chrono::NaiveTime, chrono::NaiveDateTime);

impl<T: Param> Param for Option<T> {
    fn param(&self) -> Value {
        self.as_ref().map_or(Value::Null, Param::param)
    }
}

impl<T: Param + ?Sized> Param for &T {
    fn param(&self) -> Value {
        (**self).param()
    }
}

/// Sends the value of a variable to the kernel, to be bound as a parameter.
pub fn param<T: Param + ?Sized>(name: &str, value: &T) {
    event("param", &json!({"name": name, "value": value.param()}));
}
