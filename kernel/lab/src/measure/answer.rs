//! The value of a variant of `%%compare`, where the engine worker can compare it with those of other languages.
//!
//! Generated code writes `(&&&&&&Answer(&value)).benchbook_answer(name)?;`. Method lookup tries, in this order: [`ViaPlan`]
//! (plans that have not run), [`ViaTable`] (all that has [`Share`]), [`ViaItems`] (slices, maps, sets), [`ViaRow`] (what `serde` can
//! take apart: a table of one row), [`ViaText`] (its `Debug` text, which only Rust can compare), [`ViaNothing`].

use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Debug;
use std::hash::BuildHasher;

use polars::prelude::{DataFrame, LazyFrame};
use serde::Serialize;
use serde_json::json;

use crate::AnyError;
use crate::runtime::event;
use crate::tables::{self, Share};

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

/// Tables, vectors and arrays.
pub trait ViaTable<Kind> {
    /// # Errors
    /// See [`ViaPlan`].
    fn benchbook_answer(&self, name: &str) -> Result<(), AnyError>;
}

impl<T: Share<Kind> + 'static, Kind> ViaTable<Kind> for &&&&Answer<'_, T> {
    fn benchbook_answer(&self, name: &str) -> Result<(), AnyError> {
        // Rows of a frame are a set, as in SQL; a vector is a sequence.
        let ordered = TypeId::of::<T>() != TypeId::of::<DataFrame>();
        told(name, self.0.columns().and_then(|columns| tables::store(name, columns)), ordered);
        Ok(())
    }
}

/// What holds items and is no vector.
pub trait ViaItems {
    /// # Errors
    /// See [`ViaPlan`].
    fn benchbook_answer(&self, name: &str) -> Result<(), AnyError>;
}

impl<T: Serialize + 'static> ViaItems for &&&Answer<'_, &[T]> {
    fn benchbook_answer(&self, name: &str) -> Result<(), AnyError> {
        told(name, self.0.columns().and_then(|columns| tables::store(name, columns)), true);
        Ok(())
    }
}

impl<T: Serialize + 'static> ViaItems for &&&Answer<'_, &Vec<T>> {
    fn benchbook_answer(&self, name: &str) -> Result<(), AnyError> {
        told(name, self.0.columns().and_then(|columns| tables::store(name, columns)), true);
        Ok(())
    }
}

impl ViaItems for &&&Answer<'_, &str> {
    fn benchbook_answer(&self, name: &str) -> Result<(), AnyError> {
        row(name, &(*self.0).to_owned());
        Ok(())
    }
}

impl<K: Serialize + Clone + 'static, V: Serialize + Clone + 'static, S: BuildHasher> ViaItems for &&&Answer<'_, HashMap<K, V, S>> {
    fn benchbook_answer(&self, name: &str) -> Result<(), AnyError> {
        rows(name, self.0.iter().map(|(key, value)| (key.clone(), value.clone())).collect(), false);
        Ok(())
    }
}

impl<K: Serialize + Clone + 'static, V: Serialize + Clone + 'static> ViaItems for &&&Answer<'_, BTreeMap<K, V>> {
    fn benchbook_answer(&self, name: &str) -> Result<(), AnyError> {
        rows(name, self.0.iter().map(|(key, value)| (key.clone(), value.clone())).collect(), false);
        Ok(())
    }
}

impl<T: Serialize + Clone + 'static, S: BuildHasher> ViaItems for &&&Answer<'_, HashSet<T, S>> {
    fn benchbook_answer(&self, name: &str) -> Result<(), AnyError> {
        rows(name, self.0.iter().cloned().collect(), false);
        Ok(())
    }
}

impl<T: Serialize + Clone + 'static> ViaItems for &&&Answer<'_, BTreeSet<T>> {
    fn benchbook_answer(&self, name: &str) -> Result<(), AnyError> {
        rows(name, self.0.iter().cloned().collect(), false);
        Ok(())
    }
}

fn rows<T: Serialize + 'static>(name: &str, values: Vec<T>, ordered: bool) {
    told(name, values.columns().and_then(|columns| tables::store(name, columns)), ordered);
}

fn row<T: Serialize + 'static>(name: &str, value: &T) {
    told(name, std::slice::from_ref(value).columns().and_then(|columns| tables::store(name, columns)), true);
}

/// A single value.
pub trait ViaRow {
    /// # Errors
    /// See [`ViaPlan`].
    fn benchbook_answer(&self, name: &str) -> Result<(), AnyError>;
}

impl<T: Serialize + 'static> ViaRow for &&Answer<'_, T> {
    fn benchbook_answer(&self, name: &str) -> Result<(), AnyError> {
        if TypeId::of::<T>() == TypeId::of::<()>() {
            none("it returns no value");
        } else {
            row(name, self.0);
        }
        Ok(())
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
