//! Taxi trips of a month in a city of 265 zones, with the columns of New York's yellow cabs and a planted answer.
//!
//! * **Demand** ([`demand`]) depends on hour and weekday; rows are in order of pick-up time (but for the dirty ones).
//! * **Zones** ([`zones`]) are unequal, and come in pairs that much traffic runs between.
//! * **Distance** is a gamma variate of shape 2 with mean 3 miles; the fare is 2.50 and 2.50 a mile, in whole cents.
//! * **Planted**: the mean of `tip_amount / fare_amount` over clean trips paid by card is 0.15 + 0.01 times the number of
//!   passengers (so 0.16 to 0.21); all others leave no tip. Single tips scatter evenly by 0.05 around that.
//! * **Dirty**: 0.3 % of the rows, of six kinds ([`trip::Dirt`]); `clean` in the manifest is the condition that leaves them out.
//! * **`trips_bad.csv`** ([`bad`]) is a day's part with three broken lines. It is no table.
//!
//! Each piece of 16,384 rows has a random stream of its own.

mod bad;
mod demand;
mod table;
mod trip;
mod zones;

use serde_json::{Value, json};

use crate::error::DataError;
use crate::format::Format;
use crate::make::{Job, Progress};
use crate::manifest::FileRecord;
use crate::sets::{OWN, Parameter, Set, SetInfo, TableInfo};
use crate::write::{self, Meter};

use trip::Trips;

/// Rows of a piece.
const PIECE: u64 = 16_384;

/// The set. Planted: see the page of this module.
pub static SET: Set = Set {
    info: SetInfo {
        name: "taxi",
        about: "Taxi trips of January 2024 in the 19 yellow-cab columns, 0.3 % of them dirty; the tip fraction of card trips is 0.15 + 0.01 per passenger (planted). trips_bad.csv has three broken lines.",
        licence: OWN,
        parameters: &[
            Parameter::whole("rows", "{}", (1, 1_000_000_000), [200_000, 3_000_000, 10_000_000], "trips").suggest(&["1e4", "2e5", "3e6"]),
            Parameter::seed("another seed gives another month with the same planted answer"),
        ],
        formats: &Format::ALL,
        default_formats: "parquet,csv",
        tables: &[TableInfo {
            name: "trips",
            about: "one trip: VendorID, tpep_pickup_datetime, tpep_dropoff_datetime, passenger_count, trip_distance (miles), RatecodeID, store_and_fwd_flag, PULocationID, DOLocationID, payment_type (1 card, 2 cash), fare_amount, extra, mta_tax, tip_amount, tolls_amount, improvement_surcharge, total_amount, congestion_surcharge, Airport_fee",
        }],
    },
    generator: ("benchbook-taxi", "1"),
    default_formats: |_| &Format::ALL[..2],
    estimate_mb: |values, format| values.real("rows") * bytes_a_row(format) / 1e6,
    refuse: |_| None,
    planted: |_| Some(planted()),
    write: |job, values, progress| write(job, values.whole("rows"), values.whole("seed"), progress),
};

fn bytes_a_row(format: Format) -> f64 {
    match format {
        Format::Parquet => 40.0,
        Format::Csv => 118.0,
        Format::Jsonl | Format::Txt => 480.0,
    }
}

fn planted() -> Value {
    let by_passengers = |passengers: i64| (passengers.to_string(), json!(trip::tip_percent(passengers) as f64 / 100.0));
    json!({
        "tip_fraction_by_card_and_passengers": (1..=6).map(by_passengers).collect::<serde_json::Map<_, _>>(),
        "tip_fraction_of_other_payments": 0.0,
        "dirty_share": trip::DIRTY,
        "clean": trip::CLEAN,
        "bad_lines": bad::LINES.iter().map(|(line, fault)| (line.to_string(), json!(fault))).collect::<serde_json::Map<_, _>>(),
    })
}

fn write(job: &Job<'_>, rows: u64, seed: u64, progress: &mut dyn FnMut(Progress)) -> Result<Vec<FileRecord>, DataError> {
    let trips = Trips::month(rows, seed);
    let piece = |piece: u64| table::batch(&trips.piece(piece, PIECE));
    let mut meter = Meter::new(rows, progress);
    let mut files = write::pieces(job, "trips", &table::schema(), rows.div_ceil(PIECE), piece, &mut meter)?;
    files.push(bad::write(job, seed)?);
    Ok(files)
}
