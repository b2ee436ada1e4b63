//! The value of a variant of `%%compare`, where the engine worker can compare it with those of other languages.
//!
//! Generated code writes `(&&&&&&Answer(&value)).benchbook_answer(name)?;`. Method lookup tries, in this order: [`ViaPlan`]
//! (plans that have not run), [`ViaTable`] (frames), [`ViaItems`] (vectors, slices, maps, sets), [`ViaRow`] (what `serde` can take apart:
//! a table of one row), [`ViaText`] (its `Debug` text, which only Rust can compare), [`ViaNothing`]. Lookup does not see lifetimes, so no
//! implementation may ask for `'static` where a value may borrow.

use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Debug;
use std::hash::BuildHasher;

use polars::prelude::{LazyFrame, Series};
use serde::Serialize;
use serde_json::json;

use crate::AnyError;
use crate::runtime::event;
use crate::tables::{self, Frames, Share};

/// Longest `Debug` text that is sent.
const TEXT: usize = 1 << 20;

/// A value to be compared.
pub struct Answer<'a, T: ?Sized>(pub &'a T);

fn told(name: &str, stored: Result<u64, AnyError>, ordered: bool) {
    match stored {
        Ok(rows) => event("answer", &json!({"table": name, "ordered": ordered, "rows": rows})),
        Err(error) => none(&format!("it cannot be a table: {error}")),
    }
}

fn none(reason: &str) {
    event("answer", &json!({"none": reason}));
}

/// Plans, whose rows nobody has computed.
pub trait ViaPlan {
    /// # Errors
    /// None; all of these methods have one signature.
    fn benchbook_answer(&self, name: &str) -> Result<(), AnyError>;
}

impl ViaPlan for &&&&&Answer<'_, LazyFrame> {
    fn benchbook_answer(&self, _name: &str) -> Result<(), AnyError> {
        Err("the value is a LazyFrame, which is a plan that has not run: end with `.collect()?`".into())
    }
}

/// Frames, series and record batches, none of which borrow.
pub trait ViaTable {
    /// # Errors
    /// See [`ViaPlan`].
    fn benchbook_answer(&self, name: &str) -> Result<(), AnyError>;
}

impl<T: Share<Frames> + 'static> ViaTable for &&&&Answer<'_, T> {
    fn benchbook_answer(&self, name: &str) -> Result<(), AnyError> {
        // Rows of a frame are a set, as in SQL; a series is a sequence.
        let ordered = TypeId::of::<T>() == TypeId::of::<Series>();
        told(name, self.0.columns().and_then(|columns| tables::store(name, columns)), ordered);
        Ok(())
    }
}

/// What holds items.
pub trait ViaItems {
    /// # Errors
    /// See [`ViaPlan`].
    fn benchbook_answer(&self, name: &str) -> Result<(), AnyError>;
}

fn items<T: Serialize>(name: &str, values: &[T], ordered: bool) -> Result<(), AnyError> {
    told(name, tables::store_values(name, values), ordered);
    Ok(())
}

impl<T: Serialize> ViaItems for &&&Answer<'_, &[T]> {
    fn benchbook_answer(&self, name: &str) -> Result<(), AnyError> {
        items(name, self.0, true)
    }
}

impl<T: Serialize> ViaItems for &&&Answer<'_, Vec<T>> {
    fn benchbook_answer(&self, name: &str) -> Result<(), AnyError> {
        items(name, self.0, true)
    }
}

impl<T: Serialize> ViaItems for &&&Answer<'_, &Vec<T>> {
    fn benchbook_answer(&self, name: &str) -> Result<(), AnyError> {
        items(name, self.0, true)
    }
}

impl<T: Serialize, const N: usize> ViaItems for &&&Answer<'_, [T; N]> {
    fn benchbook_answer(&self, name: &str) -> Result<(), AnyError> {
        items(name, self.0, true)
    }
}

impl<K: Serialize, V: Serialize, S: BuildHasher> ViaItems for &&&Answer<'_, HashMap<K, V, S>> {
    fn benchbook_answer(&self, name: &str) -> Result<(), AnyError> {
        items(name, &self.0.iter().collect::<Vec<_>>(), false)
    }
}

impl<K: Serialize, V: Serialize> ViaItems for &&&Answer<'_, BTreeMap<K, V>> {
    fn benchbook_answer(&self, name: &str) -> Result<(), AnyError> {
        items(name, &self.0.iter().collect::<Vec<_>>(), false)
    }
}

impl<T: Serialize, S: BuildHasher> ViaItems for &&&Answer<'_, HashSet<T, S>> {
    fn benchbook_answer(&self, name: &str) -> Result<(), AnyError> {
        items(name, &self.0.iter().collect::<Vec<_>>(), false)
    }
}

impl<T: Serialize> ViaItems for &&&Answer<'_, BTreeSet<T>> {
    fn benchbook_answer(&self, name: &str) -> Result<(), AnyError> {
        items(name, &self.0.iter().collect::<Vec<_>>(), false)
    }
}

/// A single value.
pub trait ViaRow {
    /// # Errors
    /// See [`ViaPlan`].
    fn benchbook_answer(&self, name: &str) -> Result<(), AnyError>;
}

impl<T: Serialize> ViaRow for &&Answer<'_, T> {
    fn benchbook_answer(&self, name: &str) -> Result<(), AnyError> {
        if size_of::<T>() == 0 {
            none("it returns no value");
            return Ok(());
        }
        items(name, std::slice::from_ref(self.0), true)
    }
}

/// What can only be printed.
pub trait ViaText {
    /// # Errors
    /// See [`ViaPlan`].
    fn benchbook_answer(&self, name: &str) -> Result<(), AnyError>;
}

impl<T: Debug + ?Sized> ViaText for &Answer<'_, T> {
    fn benchbook_answer(&self, _name: &str) -> Result<(), AnyError> {
        let text = format!("{:?}", self.0);
        if text.len() > TEXT {
            none("its text is too long to be compared");
        } else {
            event("answer", &json!({"text": text}));
        }
        Ok(())
    }
}

/// All others.
pub trait ViaNothing {
    /// # Errors
    /// See [`ViaPlan`].
    fn benchbook_answer(&self, name: &str) -> Result<(), AnyError>;
}

impl<T: ?Sized> ViaNothing for Answer<'_, T> {
    fn benchbook_answer(&self, _name: &str) -> Result<(), AnyError> {
        let type_name = std::any::type_name::<T>().replace("cell::", "");
        none(&format!("a {type_name} cannot be compared: end with a number, a text, a vector or a table"));
        Ok(())
    }
}
