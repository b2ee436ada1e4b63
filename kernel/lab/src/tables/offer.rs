//! Shares a variable that a query names, if its type can be a table; generated code asks, for any variable.
//!
//! The kernel writes `(&Offer(&df)).benchbook_offer("df")?;`. Method lookup tries [`ViaShare`] first, which needs
//! [`Share`](super::Share), and [`ViaRefusal`] one more reference away.

use super::columns::Share;
use super::share_again;
use crate::AnyError;

/// A variable that may become a table.
pub struct Offer<'a, T: ?Sized>(pub &'a T);

/// Types that can be shared.
pub trait ViaShare<Kind> {
    /// # Errors
    /// As for [`super::share`].
    fn benchbook_offer(&self, name: &str) -> Result<(), AnyError>;
}

impl<T: Share<Kind> + ?Sized, Kind> ViaShare<Kind> for Offer<'_, T> {
    fn benchbook_offer(&self, name: &str) -> Result<(), AnyError> {
        share_again(name, self.0.columns().map_err(|error| format!("the variable `{name}` cannot be shared as a table: {error}"))?)
    }
}

/// All others.
pub trait ViaRefusal {
    /// # Errors
    /// Always.
    fn benchbook_offer(&self, name: &str) -> Result<(), AnyError>;
}

impl<T: ?Sized> ViaRefusal for &Offer<'_, T> {
    fn benchbook_offer(&self, name: &str) -> Result<(), AnyError> {
        let type_name = std::any::type_name::<T>().replace("cell::", "").replace("alloc::vec::", "").replace("alloc::string::", "");
        Err(format!(
            "the variable `{name}` is a {type_name}, which cannot be a table; a Vec of structs can, once the struct has \
             `#[derive(serde::Serialize)]`"
        )
        .into())
    }
}
