//! Trades as a feed delivers them: in order of arrival, some late and therefore out of order.
//!
//! `seq` counts trades in order of their own time, at an even rate. A trade that is on time arrives 2 ms and at most two
//! gaps after it happened, and these stay in order. **Planted**: 2 % are late by 50 ms and more, 0.3 s in the mean, never
//! over 2 s, and so come after trades that happened later: with a watermark of 2.1 s nothing is lost. The last trades
//! arrive after the last second. Prices are random walks of eight symbols, in whole cents.

mod feed;

use serde_json::json;

use crate::error::DataError;
use crate::format::Format;
use crate::make::{Job, Progress};
use crate::manifest::FileRecord;
use crate::parallel;
use crate::sets::{OWN, Parameter, Set, SetInfo, TableInfo, Values};
use crate::write::{self, Meter};

use feed::{Feed, Merged};

/// The set. Planted: `late_share` of the trades, late by `late_least_s` to `late_most_s`.
pub static SET: Set = Set {
    info: SetInfo {
        name: "ticks",
        about: "Trades in order of arrival; 2 % arrive late, by 0.05 to 2 s, and so out of order (planted).",
        licence: OWN,
        parameters: &[
            Parameter::whole("seconds", "{}s", (1, 86_400), [30, 300, 3000], "length of the feed").suggest(&["30", "300"]),
            Parameter::whole("rate", "{}hz", (100, 1_000_000), [10_000; 3], "trades a second").suggest(&["1000", "10000"]),
            Parameter::seed("another seed gives another feed with the same late share"),
        ],
        formats: &Format::ALL,
        default_formats: "parquet,csv",
        tables: &[TableInfo {
            name: "ticks",
            about: "one trade, in order of arrival: seq (from 0, in order of event_time), event_time, arrival_time (UTC, microseconds), symbol, price (whole cents), volume",
        }],
    },
    generator: ("benchbook-ticks", "1"),
    default_formats: |_| &Format::ALL[..2],
    estimate_mb: |values, format| values.real("seconds") * values.real("rate") * bytes_a_row(format) / 1e6,
    refuse: |_| None,
    planted: |_| Some(json!({ "late_share": feed::LATE, "late_least_s": feed::LEAST_S, "late_most_s": feed::MOST_S })),
    write,
};

fn bytes_a_row(format: Format) -> f64 {
    match format {
        Format::Parquet => 26.0,
        Format::Csv => 80.0,
        Format::Jsonl | Format::Txt => 145.0,
    }
}

fn write(job: &Job<'_>, values: &Values, progress: &mut dyn FnMut(Progress)) -> Result<Vec<FileRecord>, DataError> {
    let (seconds, rate) = (values.whole("seconds"), values.whole("rate"));
    let feed = Feed::new(seconds, rate, values.whole("seed"));
    let mut meter = Meter::new(seconds * rate, progress);
    parallel::in_order(
        job.threads,
        seconds,
        |second| feed.second(second),
        |seconds| {
            let batches = Merged::new(seconds).map(|ticks| feed::batch(&ticks));
            write::table(job, "ticks", &feed::schema(), batches, |rows| {
                meter.rows("ticks", rows);
                true
            })
        },
    )
}
