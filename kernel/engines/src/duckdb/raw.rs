//! Owners of DuckDB's C handles: database, connection, statements. Errors are DuckDB's own messages as text.

use std::ffi::{CStr, CString, c_char};
use std::ptr;
use std::sync::Arc;

use ::duckdb::ffi;

pub use super::result::{Chunk, Kind, LogicalType, QueryResult};

/// DuckDB's error message, as it gives it.
pub type RawResult<T> = Result<T, String>;

/// Text owned by DuckDB that must not be freed.
///
/// # Safety
/// `text` is null or points to a C string that lives during the call.
pub unsafe fn text(text: *const c_char) -> String {
    match text.is_null() {
        true => String::new(),
        // SAFETY: not null, and a C string by the contract above.
        false => unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned(),
    }
}

/// A C string of `text`; DuckDB's interface ends at a NUL byte, so one inside is refused.
pub fn c_string(text: &str) -> RawResult<CString> {
    CString::new(text).map_err(|_| "Invalid Input Error: the text has a NUL byte (\\0) inside, remove it".to_owned())
}

/// Takes the error out of an error handle and frees it.
///
/// # Safety
/// `error` is null or an error handle not used afterwards.
pub unsafe fn check(mut error: ffi::duckdb_error_data) -> RawResult<()> {
    if error.is_null() {
        return Ok(());
    }
    // SAFETY: a live handle; the message is copied before the handle is destroyed.
    unsafe {
        let result = match ffi::duckdb_error_data_has_error(error) {
            true => Err(text(ffi::duckdb_error_data_message(error))),
            false => Ok(()),
        };
        ffi::duckdb_destroy_error_data(&mut error);
        result
    }
}

/// An in-memory database.
pub struct Database(ffi::duckdb_database);

// SAFETY: DuckDB databases may be used from any thread.
unsafe impl Send for Database {}
// SAFETY: as above.
unsafe impl Sync for Database {}

impl Database {
    pub fn in_memory() -> RawResult<Database> {
        let mut handle = ptr::null_mut();
        let mut error = ptr::null_mut();
        // SAFETY: a null path is an in-memory database; both out pointers are valid.
        let state = unsafe { ffi::duckdb_open_ext(c":memory:".as_ptr(), &mut handle, ptr::null_mut(), &mut error) };
        if state == ffi::DuckDBSuccess {
            return Ok(Database(handle));
        }
        // SAFETY: on failure `error` is null or a string that is ours to free.
        unsafe {
            let message = text(error);
            if !error.is_null() {
                ffi::duckdb_free(error.cast());
            }
            Err(message)
        }
    }

    pub fn handle(&self) -> ffi::duckdb_database {
        self.0
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // SAFETY: owned; connections hold an `Arc` of the database, so all are closed.
        unsafe { ffi::duckdb_close(&mut self.0) };
    }
}

/// A connection. Queries run on one thread; interrupt and progress may come from others.
pub struct Connection {
    handle: ffi::duckdb_connection,
    _database: Arc<Database>,
}

// SAFETY: a connection may move between threads; DuckDB locks its context.
unsafe impl Send for Connection {}
// SAFETY: what takes `&self` on several threads at once is interrupt and progress, which are atomic,
// and the reading of settings in Arrow conversion; queries are run by one thread only.
unsafe impl Sync for Connection {}

impl Connection {
    pub fn open(database: &Arc<Database>) -> RawResult<Connection> {
        let mut handle = ptr::null_mut();
        // SAFETY: the database is open, the out pointer valid.
        match unsafe { ffi::duckdb_connect(database.handle(), &mut handle) } {
            ffi::DuckDBSuccess => Ok(Connection { handle, _database: Arc::clone(database) }),
            _ => Err("DuckDB refused another connection".to_owned()),
        }
    }

    pub fn handle(&self) -> ffi::duckdb_connection {
        self.handle
    }

    pub fn interrupt(&self) {
        // SAFETY: allowed from any thread while the connection lives.
        unsafe { ffi::duckdb_interrupt(self.handle) };
    }

    /// Fraction of the running query that is done, when DuckDB can tell.
    pub fn progress(&self) -> Option<f64> {
        // SAFETY: allowed from any thread while the connection lives.
        let percentage = unsafe { ffi::duckdb_query_progress(self.handle) }.percentage;
        (percentage >= 0.0).then_some(percentage / 100.0)
    }

    /// Splits `sql` into statements, without running any.
    pub fn extract(&self, sql: &str) -> RawResult<Extracted<'_>> {
        let sql = c_string(sql)?;
        let mut handle = ptr::null_mut();
        // SAFETY: valid connection, C string and out pointer.
        let count = unsafe { ffi::duckdb_extract_statements(self.handle, sql.as_ptr(), &mut handle) };
        let extracted = Extracted { connection: self, handle, count };
        if count == 0 {
            // SAFETY: the error text belongs to the handle, which lives until the end of this call.
            let message = unsafe { text(ffi::duckdb_extract_statements_error(extracted.handle)) };
            if !message.is_empty() {
                return Err(message);
            }
        }
        Ok(extracted)
    }

    /// Runs statements of our own that need no parameters; returns the result of the last one.
    pub fn query(&self, sql: &str) -> RawResult<QueryResult> {
        let extracted = self.extract(sql)?;
        let mut last = None;
        for index in 0..extracted.count() {
            last = Some(extracted.prepare(index)?.execute()?);
        }
        last.ok_or_else(|| "no statement".to_owned())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: owned, not used afterwards.
        unsafe { ffi::duckdb_disconnect(&mut self.handle) };
    }
}

/// Parsed statements of one text.
pub struct Extracted<'c> {
    connection: &'c Connection,
    handle: ffi::duckdb_extracted_statements,
    count: ffi::idx_t,
}

impl Extracted<'_> {
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Plans statement `index`; the statements before it must have run.
    pub fn prepare(&self, index: u64) -> RawResult<Prepared> {
        let mut prepared = Prepared(ptr::null_mut());
        // SAFETY: valid handles; `index` is checked by DuckDB.
        let state = unsafe { ffi::duckdb_prepare_extracted_statement(self.connection.handle, self.handle, index, &mut prepared.0) };
        match state {
            ffi::DuckDBSuccess => Ok(prepared),
            // SAFETY: the error text belongs to the statement, which lives until the end of this call.
            _ => Err(unsafe { text(ffi::duckdb_prepare_error(prepared.0)) }),
        }
    }
}

impl Drop for Extracted<'_> {
    fn drop(&mut self) {
        // SAFETY: owned, not used afterwards; null is allowed.
        unsafe { ffi::duckdb_destroy_extracted(&mut self.handle) };
    }
}

/// A planned statement.
pub struct Prepared(ffi::duckdb_prepared_statement);

impl Prepared {
    pub fn handle(&self) -> ffi::duckdb_prepared_statement {
        self.0
    }

    /// Runs the statement to its end; the whole result is in memory afterwards.
    pub fn execute(&self) -> RawResult<QueryResult> {
        self.run(ffi::duckdb_execute_prepared)
    }

    /// Runs the statement as its chunks are fetched.
    pub fn execute_streaming(&self) -> RawResult<QueryResult> {
        self.run(ffi::duckdb_execute_prepared_streaming)
    }

    fn run(
        &self,
        call: unsafe extern "C" fn(ffi::duckdb_prepared_statement, *mut ffi::duckdb_result) -> ffi::duckdb_state,
    ) -> RawResult<QueryResult> {
        // SAFETY: an all-zero result is what DuckDB expects to fill; the handle is valid.
        unsafe {
            let mut raw: ffi::duckdb_result = std::mem::zeroed();
            let state = call(self.0, &mut raw);
            let mut result = QueryResult::own(raw);
            match state {
                ffi::DuckDBSuccess => Ok(result),
                _ => Err(result.error().unwrap_or_else(|| "the query failed without a message".to_owned())),
            }
        }
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        // SAFETY: owned, not used afterwards; null is allowed.
        unsafe { ffi::duckdb_destroy_prepare(&mut self.0) };
    }
}
