//! Chunks of a result as a table again, so that DuckDB itself casts its values to text.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ::duckdb::ffi;

use super::raw::{Chunk, Connection, LogicalType, RawResult};
use super::table_function::{Shape, Table, register};

/// SQL that scans the chunks last shown. Columns are named `c0`, `c1` and so on: a result may name
/// two columns alike.
pub const FROM: &str = "FROM benchbook_result('')";

/// Some chunks of one result.
pub struct ChunkTable {
    columns: Vec<(String, LogicalType)>,
    chunks: Vec<Chunk>,
}

impl ChunkTable {
    pub fn new(types: Vec<LogicalType>, chunks: Vec<Chunk>) -> ChunkTable {
        let columns = types.into_iter().enumerate().map(|(i, logical)| (format!("c{i}"), logical)).collect();
        ChunkTable { columns, chunks }
    }

    pub fn into_chunks(self) -> Vec<Chunk> {
        self.chunks
    }
}

pub struct Scan {
    next: AtomicUsize,
    columns: Vec<usize>,
}

impl Table for ChunkTable {
    type Scan = Scan;

    fn shape(&self) -> Shape<'_> {
        Shape {
            columns: self.columns.iter().map(|(name, logical)| (name.as_str(), logical)).collect(),
            rows: self.chunks.iter().map(Chunk::rows).sum(),
            threads: 1,
        }
    }

    fn start(&self, columns: Vec<usize>) -> Scan {
        Scan { next: AtomicUsize::new(0), columns }
    }

    fn fill(&self, scan: &Scan, output: ffi::duckdb_data_chunk) -> RawResult<usize> {
        let Some(chunk) = self.chunks.get(scan.next.fetch_add(1, Ordering::Relaxed)) else { return Ok(0) };
        for (position, index) in scan.columns.iter().enumerate().filter(|(_, index)| **index < self.columns.len()) {
            // SAFETY: both vectors have the column's type; they share memory afterwards.
            unsafe {
                let target = ffi::duckdb_data_chunk_get_vector(output, position as u64);
                ffi::duckdb_vector_reference_vector(target, chunk.vector(*index));
            }
        }
        Ok(chunk.rows())
    }
}

/// The place where the chunks being shown lie.
#[derive(Clone, Default)]
pub struct Shown(Arc<Mutex<Option<Arc<ChunkTable>>>>);

impl Shown {
    pub fn install(connection: &Connection) -> RawResult<Shown> {
        let shown = Shown::default();
        let lookup = shown.clone();
        register::<ChunkTable>(connection, c"benchbook_result", Box::new(move |_| lookup.lock().clone()))?;
        Ok(shown)
    }

    /// Shows `table` while `work` runs.
    pub fn with<R>(&self, table: Arc<ChunkTable>, work: impl FnOnce() -> R) -> R {
        *self.lock() = Some(table);
        let result = work();
        *self.lock() = None;
        result
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<ChunkTable>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
