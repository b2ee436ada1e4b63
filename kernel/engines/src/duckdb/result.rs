//! Results of statements: chunks of rows, and the types of their columns.

use ::duckdb::ffi;

use super::raw::{RawResult, text};

/// What a statement gives back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Rows,
    Changed,
    Nothing,
}

/// The result of one statement.
pub struct QueryResult(ffi::duckdb_result);

impl QueryResult {
    /// Takes ownership of `raw`.
    ///
    /// # Safety
    /// `raw` was filled by DuckDB, and nobody else frees it.
    pub unsafe fn own(raw: ffi::duckdb_result) -> QueryResult {
        QueryResult(raw)
    }

    pub fn raw(&mut self) -> &mut ffi::duckdb_result {
        &mut self.0
    }

    pub fn kind(&self) -> Kind {
        // SAFETY: a valid result.
        match unsafe { ffi::duckdb_result_return_type(self.0) } {
            ffi::duckdb_result_type_DUCKDB_RESULT_TYPE_QUERY_RESULT => Kind::Rows,
            ffi::duckdb_result_type_DUCKDB_RESULT_TYPE_CHANGED_ROWS => Kind::Changed,
            _ => Kind::Nothing,
        }
    }

    /// Rows of a materialised result.
    pub fn row_count(&mut self) -> u64 {
        // SAFETY: a valid result.
        unsafe { ffi::duckdb_row_count(&mut self.0) }
    }

    /// Rows an `INSERT`, `UPDATE`, `DELETE` or `COPY` touched.
    pub fn rows_changed(&mut self) -> u64 {
        // SAFETY: a valid result.
        unsafe { ffi::duckdb_rows_changed(&mut self.0) }
    }

    /// Names and types of the columns.
    pub fn columns(&mut self) -> Vec<(String, LogicalType)> {
        // SAFETY: a valid result; indices are below its column count; types are ours to free.
        unsafe {
            (0..ffi::duckdb_column_count(&mut self.0))
                .map(|index| {
                    let name = text(ffi::duckdb_column_name(&mut self.0, index));
                    (name, LogicalType::own(ffi::duckdb_column_logical_type(&mut self.0, index)))
                })
                .collect()
        }
    }

    /// The next chunk of rows (at most 2048), or `None` at the end.
    pub fn next_chunk(&mut self) -> RawResult<Option<Chunk>> {
        // SAFETY: a valid result; the chunk is ours.
        let chunk = unsafe { ffi::duckdb_fetch_chunk(self.0) };
        if chunk.is_null() {
            return self.error().map_or(Ok(None), Err);
        }
        let chunk = Chunk(chunk);
        match chunk.rows() {
            0 => Ok(None),
            _ => Ok(Some(chunk)),
        }
    }

    /// Why the query failed, or why fetching did.
    pub fn error(&mut self) -> Option<String> {
        // SAFETY: a valid result; the text belongs to it.
        let message = unsafe { text(ffi::duckdb_result_error(&mut self.0)) };
        (!message.is_empty()).then_some(message)
    }
}

impl Drop for QueryResult {
    fn drop(&mut self) {
        // SAFETY: owned, not used afterwards.
        unsafe { ffi::duckdb_destroy_result(&mut self.0) };
    }
}

/// Some rows, as column vectors.
pub struct Chunk(ffi::duckdb_data_chunk);

// SAFETY: a chunk owns its memory and is only read after it was made.
unsafe impl Send for Chunk {}
// SAFETY: as above.
unsafe impl Sync for Chunk {}

impl Chunk {
    /// Takes ownership of `handle`.
    ///
    /// # Safety
    /// `handle` is a valid chunk that nobody else frees.
    pub unsafe fn own(handle: ffi::duckdb_data_chunk) -> Chunk {
        Chunk(handle)
    }

    pub fn handle(&self) -> ffi::duckdb_data_chunk {
        self.0
    }

    pub fn rows(&self) -> usize {
        // SAFETY: a valid chunk.
        unsafe { ffi::duckdb_data_chunk_get_size(self.0) as usize }
    }

    pub fn vector(&self, column: usize) -> ffi::duckdb_vector {
        // SAFETY: a valid chunk; callers stay below its column count.
        unsafe { ffi::duckdb_data_chunk_get_vector(self.0, column as u64) }
    }

    /// Row `row` of `VARCHAR` column `column`; `None` is NULL.
    pub fn varchar(&self, column: usize, row: usize) -> Option<String> {
        let vector = self.vector(column);
        // SAFETY: callers ask for VARCHAR columns and existing rows; fetched vectors are flat.
        unsafe {
            let validity = ffi::duckdb_vector_get_validity(vector);
            if !validity.is_null() && !ffi::duckdb_validity_row_is_valid(validity, row as u64) {
                return None;
            }
            let string = ffi::duckdb_vector_get_data(vector).cast::<ffi::duckdb_string_t>().add(row);
            let length = ffi::duckdb_string_t_length(*string) as usize;
            let start = ffi::duckdb_string_t_data(string).cast::<u8>();
            Some(String::from_utf8_lossy(std::slice::from_raw_parts(start, length)).into_owned())
        }
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        // SAFETY: owned, not used afterwards.
        unsafe { ffi::duckdb_destroy_data_chunk(&mut self.0) };
    }
}

/// A column type.
pub struct LogicalType(ffi::duckdb_logical_type);

// SAFETY: a type owns its memory and is only read.
unsafe impl Send for LogicalType {}
// SAFETY: as above.
unsafe impl Sync for LogicalType {}

impl LogicalType {
    /// Takes ownership of `handle`.
    ///
    /// # Safety
    /// `handle` is a valid type that nobody else frees.
    pub unsafe fn own(handle: ffi::duckdb_logical_type) -> LogicalType {
        LogicalType(handle)
    }

    pub fn handle(&self) -> ffi::duckdb_logical_type {
        self.0
    }
}

impl Drop for LogicalType {
    fn drop(&mut self) {
        // SAFETY: owned, not used afterwards.
        unsafe { ffi::duckdb_destroy_logical_type(&mut self.0) };
    }
}
