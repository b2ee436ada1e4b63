//! Days as Arrow record batches. Prices become floats only here: cents / 100 is the number that the text form reads as.

use std::sync::{Arc, LazyLock};

use tpchgen_arrow::arrow::array::{
    ArrayRef, Date32Array, Float64Array, Int64Array, RecordBatch, StringViewArray, TimestampMillisecondArray,
};
use tpchgen_arrow::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use tpchgen_arrow::arrow::error::ArrowError;

use super::day::{Bar, Day};
use super::symbols::{ALL, SECTORS, sector};

static BARS: LazyLock<SchemaRef> = LazyLock::new(|| {
    // No time zone in the type: several engines need an extra library for types that have one.
    priced(Field::new("timestamp", DataType::Timestamp(TimeUnit::Millisecond, None), false))
});
static DAILY: LazyLock<SchemaRef> = LazyLock::new(|| priced(Field::new("date", DataType::Date32, false)));
static SYMBOLS: LazyLock<SchemaRef> = LazyLock::new(|| {
    let text = |name| Field::new(name, DataType::Utf8View, false);
    Arc::new(Schema::new(vec![text("symbol"), text("name"), text("sector")]))
});

fn priced(time: Field) -> SchemaRef {
    let price = |name| Field::new(name, DataType::Float64, false);
    let (symbol, volume) = (Field::new("symbol", DataType::Utf8View, false), Field::new("volume", DataType::Int64, false));
    Arc::new(Schema::new(vec![symbol, time, price("open"), price("high"), price("low"), price("close"), volume]))
}

/// The schema of `bars`.
pub fn bars_schema() -> SchemaRef {
    Arc::clone(&BARS)
}

/// The bars of a day in order of time, then of symbol, as a feed delivers them.
pub fn bars(day: &Day) -> Result<RecordBatch, ArrowError> {
    let minutes = day.bars.first().map_or(0, Vec::len);
    let order = || (0..minutes).flat_map(|minute| (0..day.bars.len()).map(move |symbol| (minute, symbol)));
    let times = order().map(|(minute, _)| day.timestamp(minute));
    let rows: Vec<_> = order().map(|(minute, symbol)| (symbol, day.bars[symbol][minute])).collect();
    batch(&BARS, Arc::new(TimestampMillisecondArray::from_iter_values(times)), &rows)
}

/// Collects the day of each symbol while bars are being written.
#[derive(Default)]
pub struct Daily {
    dates: Vec<i32>,
    rows: Vec<(usize, Bar)>,
}

impl Daily {
    /// Adds one row for each symbol.
    pub fn add(&mut self, day: &Day) {
        for (symbol, bars) in day.bars.iter().enumerate() {
            let whole = bars.iter().copied().reduce(|day, bar| Bar {
                open: day.open,
                high: day.high.max(bar.high),
                low: day.low.min(bar.low),
                close: bar.close,
                volume: day.volume + bar.volume,
            });
            if let Some(whole) = whole {
                self.dates.push(day.date);
                self.rows.push((symbol, whole));
            }
        }
    }

    /// The table `daily`.
    pub fn batch(self) -> Result<RecordBatch, ArrowError> {
        batch(&DAILY, Arc::new(Date32Array::from(self.dates)), &self.rows)
    }
}

/// The table `symbols`, of the first `n` companies.
pub fn symbols(n: usize) -> Result<RecordBatch, ArrowError> {
    let known = &ALL[..n.min(ALL.len())];
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringViewArray::from_iter_values(known.iter().map(|company| company.symbol))),
        Arc::new(StringViewArray::from_iter_values(known.iter().map(|company| company.name))),
        Arc::new(StringViewArray::from_iter_values((0..known.len()).map(|i| SECTORS[sector(i)]))),
    ];
    RecordBatch::try_new(Arc::clone(&SYMBOLS), columns)
}

fn batch(schema: &SchemaRef, times: ArrayRef, rows: &[(usize, Bar)]) -> Result<RecordBatch, ArrowError> {
    let price =
        |of: fn(&Bar) -> i64| -> ArrayRef { Arc::new(Float64Array::from_iter_values(rows.iter().map(|(_, bar)| of(bar) as f64 / 100.0))) };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringViewArray::from_iter_values(rows.iter().map(|(symbol, _)| ALL[*symbol].symbol))),
        times,
        price(|bar| bar.open),
        price(|bar| bar.high),
        price(|bar| bar.low),
        price(|bar| bar.close),
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|(_, bar)| bar.volume))),
    ];
    RecordBatch::try_new(Arc::clone(schema), columns)
}
