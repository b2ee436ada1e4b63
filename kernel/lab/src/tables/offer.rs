//! Shares a variable that a query names, if its type can be a table; generated code asks, for any variable.
//!
//! The kernel writes `(&&Offer(&df)).benchbook_offer("df")?;`. Method lookup tries, in this order: [`ViaValues`] (numbers and texts,
//! for which nothing is compiled in the cell), [`ViaShare`] (one more reference; all that has [`Share`](super::Share)), [`ViaRefusal`]
//! (one reference less; anything).

use std::any::TypeId;

use super::columns::{Columns, Share};
use super::{rows, share_again};
use crate::AnyError;

/// A variable that may become a table.
pub struct Offer<'a, T: ?Sized>(pub &'a T);

/// Vectors and arrays of numbers and texts.
pub trait ViaValues {
    /// # Errors
    /// As for [`super::share`].
    fn benchbook_offer(&self, name: &str) -> Result<(), AnyError>;
}

/// # Safety
/// `values` must point to `length` values of the type `id`.
unsafe fn offer_values(name: &str, id: TypeId, values: *const (), length: usize) -> Result<(), AnyError> {
    // SAFETY: the caller vouches for the values, which outlive this call.
    let batch = unsafe { rows::flat(id, values, length) }.map_err(|error| not_shared(name, &error))?;
    share_again(name, Columns::borrowed(batch, name))
}

macro_rules! values {
    ($($type:ty),*) => {$(
        impl ViaValues for &Offer<'_, Vec<$type>> {
            fn benchbook_offer(&self, name: &str) -> Result<(), AnyError> {
                // SAFETY: what is passed describes the vector.
                unsafe { offer_values(name, TypeId::of::<$type>(), self.0.as_ptr().cast(), self.0.len()) }
            }
        }

        impl<const N: usize> ViaValues for &Offer<'_, [$type; N]> {
            fn benchbook_offer(&self, name: &str) -> Result<(), AnyError> {
                // SAFETY: what is passed describes the array.
                unsafe { offer_values(name, TypeId::of::<$type>(), self.0.as_ptr().cast(), N) }
            }
        }
    )*};
}
macro_rules! values_and_options {
    ($($type:ty),*) => {
        values!($($type, Option<$type>),*);
    };
}
values_and_options!(i8, i16, i32, i64, u8, u16, u32, u64, f32, f64, bool, String, &'static str);
values!(isize, usize, i128, u128, char);

/// Types that can be shared.
pub trait ViaShare<Kind> {
    /// # Errors
    /// As for [`super::share`].
    fn benchbook_offer(&self, name: &str) -> Result<(), AnyError>;
}

impl<T: Share<Kind> + ?Sized, Kind> ViaShare<Kind> for &&Offer<'_, T> {
    fn benchbook_offer(&self, name: &str) -> Result<(), AnyError> {
        share_again(name, self.0.columns().map_err(|error| not_shared(name, &error))?)
    }
}

fn not_shared(name: &str, error: &AnyError) -> AnyError {
    format!("the variable `{name}` cannot be shared as a table: {error}").into()
}

/// All others.
pub trait ViaRefusal {
    /// # Errors
    /// Always.
    fn benchbook_offer(&self, name: &str) -> Result<(), AnyError>;
}

impl<T: ?Sized> ViaRefusal for Offer<'_, T> {
    fn benchbook_offer(&self, name: &str) -> Result<(), AnyError> {
        let type_name = std::any::type_name::<T>().replace("cell::", "").replace("alloc::vec::", "").replace("alloc::string::", "");
        Err(format!(
            "the variable `{name}` is a {type_name}, which cannot be a table; a Vec of structs can, once the struct has \
             `#[derive(serde::Serialize)]`"
        )
        .into())
    }
}
