//! Table functions written in Rust, registered with DuckDB's C interface. A panic or an error in one
//! becomes an error of the query and never crosses into C.

use std::ffi::{CStr, CString, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use ::duckdb::ffi;

use super::raw::{Connection, LogicalType, RawResult};

/// What a table has, as DuckDB's planner wants to know it.
pub struct Shape<'a> {
    pub columns: Vec<(&'a str, &'a LogicalType)>,
    pub rows: usize,
    /// Threads that may scan at once; 1 keeps the order of rows.
    pub threads: usize,
}

/// A table that a query scans; shared by all threads of the query.
pub trait Table: Send + Sync + 'static {
    /// State of one scan, shared by its threads.
    type Scan: Send + Sync + 'static;

    fn shape(&self) -> Shape<'_>;

    /// Starts a scan of `columns` (positions in `shape().columns`; others are virtual and stay unfilled).
    fn start(&self, columns: Vec<usize>) -> Self::Scan;

    /// Fills `output` with the next rows, and returns how many; 0 is the end.
    fn fill(&self, scan: &Self::Scan, output: ffi::duckdb_data_chunk) -> RawResult<usize>;
}

/// Finds the table that the function's argument names.
pub type Find<T> = Box<dyn Fn(&str) -> Option<std::sync::Arc<T>> + Send + Sync>;

/// Registers table function `name(table VARCHAR)` for tables that `find` knows.
pub fn register<T: Table>(connection: &Connection, name: &CStr, find: Find<T>) -> RawResult<()> {
    // SAFETY: valid handles; `find` is freed by DuckDB through `free`; callbacks match their types.
    unsafe {
        let mut function = ffi::duckdb_create_table_function();
        ffi::duckdb_table_function_set_name(function, name.as_ptr());
        let mut varchar = ffi::duckdb_create_logical_type(ffi::DUCKDB_TYPE_DUCKDB_TYPE_VARCHAR);
        ffi::duckdb_table_function_add_parameter(function, varchar);
        ffi::duckdb_destroy_logical_type(&mut varchar);
        let extra = Box::into_raw(Box::new(find));
        ffi::duckdb_table_function_set_extra_info(function, extra.cast(), Some(free::<Find<T>>));
        ffi::duckdb_table_function_set_bind(function, Some(bind::<T>));
        ffi::duckdb_table_function_set_init(function, Some(init::<T>));
        ffi::duckdb_table_function_set_function(function, Some(scan::<T>));
        ffi::duckdb_table_function_supports_projection_pushdown(function, true);
        let state = ffi::duckdb_register_table_function(connection.handle(), function);
        ffi::duckdb_destroy_table_function(&mut function);
        match state {
            ffi::DuckDBSuccess => Ok(()),
            _ => Err(format!("table function {} was refused", name.to_string_lossy())),
        }
    }
}

type Bound<T> = std::sync::Arc<T>;

unsafe extern "C" fn bind<T: Table>(info: ffi::duckdb_bind_info) {
    let outcome = guard(|| {
        // SAFETY: DuckDB passes a valid info with one VARCHAR argument and the `Find` given at registration.
        unsafe {
            let find = &*ffi::duckdb_bind_get_extra_info(info).cast::<Find<T>>();
            let mut value = ffi::duckdb_bind_get_parameter(info, 0);
            let name = ffi::DuckDbString::from_nullable_ptr(ffi::duckdb_get_varchar(value)).map(|name| name.to_string_lossy().into_owned());
            ffi::duckdb_destroy_value(&mut value);
            let name = name.unwrap_or_default();
            let table = find(&name).ok_or_else(|| format!("Catalog Error: table {name} is no longer there"))?;
            let shape = table.shape();
            for (name, logical) in &shape.columns {
                let name = CString::new(name.replace('\0', "")).unwrap_or_default();
                ffi::duckdb_bind_add_result_column(info, name.as_ptr(), logical.handle());
            }
            ffi::duckdb_bind_set_cardinality(info, shape.rows as u64, true);
            let bound: Bound<T> = table;
            ffi::duckdb_bind_set_bind_data(info, Box::into_raw(Box::new(bound)).cast(), Some(free::<Bound<T>>));
            Ok(0)
        }
    });
    if let Err(message) = outcome {
        // SAFETY: a valid info.
        unsafe { ffi::duckdb_bind_set_error(info, message.as_ptr()) };
    }
}

unsafe extern "C" fn init<T: Table>(info: ffi::duckdb_init_info) {
    let outcome = guard(|| {
        // SAFETY: DuckDB passes a valid info with the data that `bind` set.
        unsafe {
            let table = &*ffi::duckdb_init_get_bind_data(info).cast::<Bound<T>>();
            let columns = (0..ffi::duckdb_init_get_column_count(info))
                .map(|i| usize::try_from(ffi::duckdb_init_get_column_index(info, i)).unwrap_or(usize::MAX))
                .collect();
            ffi::duckdb_init_set_max_threads(info, table.shape().threads.max(1) as u64);
            let scan = table.start(columns);
            ffi::duckdb_init_set_init_data(info, Box::into_raw(Box::new(scan)).cast(), Some(free::<T::Scan>));
            Ok(0)
        }
    });
    if let Err(message) = outcome {
        // SAFETY: a valid info.
        unsafe { ffi::duckdb_init_set_error(info, message.as_ptr()) };
    }
}

unsafe extern "C" fn scan<T: Table>(info: ffi::duckdb_function_info, output: ffi::duckdb_data_chunk) {
    let outcome = guard(|| {
        // SAFETY: DuckDB passes valid handles with the data that `bind` and `init` set.
        unsafe {
            let table = &*ffi::duckdb_function_get_bind_data(info).cast::<Bound<T>>();
            let scan = &*ffi::duckdb_function_get_init_data(info).cast::<T::Scan>();
            table.fill(scan, output)
        }
    });
    // SAFETY: valid handles.
    unsafe {
        match outcome {
            Ok(rows) => ffi::duckdb_data_chunk_set_size(output, rows as u64),
            Err(message) => ffi::duckdb_function_set_error(info, message.as_ptr()),
        }
    }
}

/// Runs a callback; errors and panics become a C string.
fn guard(callback: impl FnOnce() -> RawResult<usize>) -> Result<usize, CString> {
    let result = catch_unwind(AssertUnwindSafe(callback)).unwrap_or_else(|_| Err("the table scan met a defect".to_owned()));
    result.map_err(|message| CString::new(message.replace('\0', "")).unwrap_or_default())
}

unsafe extern "C" fn free<D>(data: *mut c_void) {
    // SAFETY: `data` came from `Box::into_raw` of the same type and is freed once.
    let boxed = unsafe { Box::from_raw(data.cast::<D>()) };
    // A panic must not cross into C; there is nothing left to do about it here.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(boxed)));
}
