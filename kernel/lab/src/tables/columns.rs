//! What can be shared, as Arrow record batches in the value's own memory wherever that is possible.

use std::marker::PhantomData;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use polars::prelude::{DataFrame, LazyFrame, Series};
use serde::Serialize;

use super::{frame, rows};
use crate::AnyError;

/// A value's columns.
pub struct Columns<'a> {
    pub(super) schema: SchemaRef,
    pub(super) batches: Vec<RecordBatch>,
    /// The batches keep the value's memory: while they live it is not changed in place, so that the same place means the same values.
    pub(super) kept: bool,
    /// Batches of a slice borrow its memory.
    value: PhantomData<&'a ()>,
}

impl Columns<'static> {
    pub(super) fn kept(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        Self { schema, batches, kept: true, value: PhantomData }
    }
}

impl<'a> Columns<'a> {
    pub(super) fn borrowed(batch: RecordBatch, _value: &'a (impl ?Sized + 'a)) -> Self {
        Self { schema: batch.schema(), batches: vec![batch], kept: false, value: PhantomData }
    }
}

/// Something that can be shared as a table. `Kind` only tells families of types apart and is inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be shared as a table",
    note = "tables are made of a DataFrame, LazyFrame, Series or RecordBatch, of a Vec, slice or array of numbers, bool or text, and of a \
            Vec of structs with `#[derive(serde::Serialize)]`"
)]
pub trait Share<Kind> {
    /// # Errors
    /// Columns that tables cannot have, rows that cannot be computed.
    fn columns(&self) -> Result<Columns<'_>, AnyError>;
}

/// Columns in memory that clones share.
pub struct Frames;
/// Values side by side.
pub struct Rows;

impl Share<Frames> for DataFrame {
    fn columns(&self) -> Result<Columns<'_>, AnyError> {
        let (schema, batches) = frame::batches(self)?;
        Ok(Columns::kept(schema, batches))
    }
}

impl Share<Frames> for Series {
    fn columns(&self) -> Result<Columns<'_>, AnyError> {
        let frame = self.clone().into_frame();
        let (schema, batches) = frame::batches(&frame)?;
        Ok(Columns::kept(schema, batches))
    }
}

/// Runs each time: what it reads may have changed.
impl Share<Frames> for LazyFrame {
    fn columns(&self) -> Result<Columns<'_>, AnyError> {
        let (schema, batches) = frame::batches(&self.clone().collect()?)?;
        Ok(Columns { kept: false, ..Columns::kept(schema, batches) })
    }
}

impl Share<Frames> for RecordBatch {
    fn columns(&self) -> Result<Columns<'_>, AnyError> {
        Ok(Columns::kept(self.schema(), vec![self.clone()]))
    }
}

impl Share<Frames> for [RecordBatch] {
    fn columns(&self) -> Result<Columns<'_>, AnyError> {
        let schema = self.first().ok_or("no record batches: a table needs at least one, which may be empty")?.schema();
        if self.iter().any(|batch| batch.schema() != schema) {
            return Err("the record batches have different columns".into());
        }
        Ok(Columns::kept(schema, self.to_vec()))
    }
}

impl Share<Frames> for Vec<RecordBatch> {
    fn columns(&self) -> Result<Columns<'_>, AnyError> {
        self.as_slice().columns()
    }
}

impl<T: Serialize + 'static> Share<Rows> for [T] {
    fn columns(&self) -> Result<Columns<'_>, AnyError> {
        Ok(Columns::borrowed(rows::batch(self)?, self))
    }
}

impl<T: Serialize + 'static> Share<Rows> for Vec<T> {
    fn columns(&self) -> Result<Columns<'_>, AnyError> {
        self.as_slice().columns()
    }
}

impl<T: Serialize + 'static, const N: usize> Share<Rows> for [T; N] {
    fn columns(&self) -> Result<Columns<'_>, AnyError> {
        self.as_slice().columns()
    }
}
