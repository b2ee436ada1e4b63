//! TPC-H-derived tables. Not comparable with TPC-H results.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use tpchgen::generators::{
    CustomerGenerator, LineItemGenerator, NationGenerator, OrderGenerator, PartGenerator, PartSuppGenerator, RegionGenerator,
    SupplierGenerator,
};
use tpchgen_arrow::arrow::record_batch::RecordBatchReader;
use tpchgen_arrow::{CustomerArrow, LineItemArrow, NationArrow, OrderArrow, PartArrow, PartSuppArrow, RegionArrow, SupplierArrow};

use crate::error::DataError;
use crate::make::{Job, Progress};
use crate::manifest::FileRecord;
use crate::request::Format;
use crate::write;

/// Name and version of the generator; the part after `+` counts changes of our own encoding.
pub const GENERATOR: (&str, &str) = ("tpchgen-arrow", "4.0.0+1");

/// Rows of a batch; four of them may wait for each writer.
const BATCH: usize = 8192;

type Batches = Box<dyn RecordBatchReader>;

/// A table: name, rows at scale factor 1, bytes of text a row, how to open it at a scale factor.
struct Table {
    name: &'static str,
    rows_at_sf_1: f64,
    bytes_a_row: f64,
    open: fn(f64) -> Batches,
}

/// Two lanes of about equal work, one thread each: `lineitem` is seven tenths of all bytes.
static LANES: [&[Table]; 2] = [
    &[Table {
        name: "lineitem",
        rows_at_sf_1: 6_001_215.0,
        bytes_a_row: 125.0,
        open: |sf| Box::new(LineItemArrow::new(LineItemGenerator::new(sf, 1, 1)).with_batch_size(BATCH)),
    }],
    &[
        Table {
            name: "orders",
            rows_at_sf_1: 1_500_000.0,
            bytes_a_row: 112.0,
            open: |sf| Box::new(OrderArrow::new(OrderGenerator::new(sf, 1, 1)).with_batch_size(BATCH)),
        },
        Table {
            name: "partsupp",
            rows_at_sf_1: 800_000.0,
            bytes_a_row: 147.0,
            open: |sf| Box::new(PartSuppArrow::new(PartSuppGenerator::new(sf, 1, 1)).with_batch_size(BATCH)),
        },
        Table {
            name: "customer",
            rows_at_sf_1: 150_000.0,
            bytes_a_row: 160.0,
            open: |sf| Box::new(CustomerArrow::new(CustomerGenerator::new(sf, 1, 1)).with_batch_size(BATCH)),
        },
        Table {
            name: "part",
            rows_at_sf_1: 200_000.0,
            bytes_a_row: 119.0,
            open: |sf| Box::new(PartArrow::new(PartGenerator::new(sf, 1, 1)).with_batch_size(BATCH)),
        },
        Table {
            name: "supplier",
            rows_at_sf_1: 10_000.0,
            bytes_a_row: 140.0,
            open: |sf| Box::new(SupplierArrow::new(SupplierGenerator::new(sf, 1, 1)).with_batch_size(BATCH)),
        },
        Table {
            name: "nation",
            rows_at_sf_1: 0.0,
            bytes_a_row: 0.0,
            open: |sf| Box::new(NationArrow::new(NationGenerator::new(sf, 1, 1)).with_batch_size(BATCH)),
        },
        Table {
            name: "region",
            rows_at_sf_1: 0.0,
            bytes_a_row: 0.0,
            open: |sf| Box::new(RegionArrow::new(RegionGenerator::new(sf, 1, 1)).with_batch_size(BATCH)),
        },
    ],
];

/// Size of the set at scale factor 1 in MB, for estimates.
pub fn mb_at_sf_1(format: Format) -> f64 {
    match format {
        Format::Parquet => 370.0,
        Format::Csv => 1110.0,
        Format::Jsonl => 2750.0,
    }
}

/// Writes all eight tables.
pub fn write(job: &Job<'_>, sf: f64, progress: &mut dyn FnMut(Progress)) -> Result<Vec<FileRecord>, DataError> {
    progress(Progress { done: 0.0, what: "preparing the text pool".to_owned() });
    let total: f64 = LANES.iter().copied().flatten().map(|table| table.rows_at_sf_1 * sf * table.bytes_a_row).sum();
    let stop = AtomicBool::new(false);
    let (sender, news) = channel();
    thread::scope(|scope| {
        let stop = &stop;
        let lanes = LANES.map(|tables| {
            let sender = sender.clone();
            scope.spawn(move || lane(job, sf, tables, &sender, stop))
        });
        drop(sender);
        let mut bytes = 0.0;
        for (name, more) in news {
            bytes += more;
            progress(Progress { done: bytes / total, what: format!("writing {name}") });
        }
        let mut files = Vec::new();
        for lane in lanes {
            files.extend(
                lane.join().unwrap_or_else(|_| {
                    Err(DataError::Generate { table: "tpch".to_owned(), reason: "the generator panicked".to_owned() })
                })?,
            );
        }
        Ok(files)
    })
}

fn lane(
    job: &Job<'_>,
    sf: f64,
    tables: &[Table],
    news: &Sender<(&'static str, f64)>,
    stop: &AtomicBool,
) -> Result<Vec<FileRecord>, DataError> {
    let mut files = Vec::new();
    for table in tables {
        let batches = (table.open)(sf);
        let schema = batches.schema();
        let on_rows = |rows: u64| {
            // The receiver lives as long as the lanes do.
            let _ = news.send((table.name, rows as f64 * table.bytes_a_row));
            !stop.load(Ordering::Relaxed)
        };
        match write::table(job, table.name, &schema, batches, on_rows) {
            Ok(written) => files.extend(written),
            Err(error) => {
                stop.store(true, Ordering::Relaxed);
                return Err(error);
            }
        }
    }
    Ok(files)
}
