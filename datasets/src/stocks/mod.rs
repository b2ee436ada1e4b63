//! Minute bars of fictional stocks, with a planted answer.
//!
//! The model, in two steps. (1) Days: the logarithm of each price is a Brownian motion (so prices are a geometric one)
//! whose steps are a mixture of a market, a sector and an own factor; a night's gap and a day's open-to-close move are
//! drawn for each symbol. (2) Minutes: between the day's open and close runs a Brownian bridge with the same mixture of
//! factors, five points a minute, of which bars are made. Prices are rounded to cents, so a day's first open, last
//! close, highest high and lowest low are exactly the row of `daily`.
//!
//! One symbol follows another with correlation 0.98 at every step, across sectors; every other pair stays below about
//! 0.5. Each (symbol, day) has a random stream of its own: fewer days or symbols give a part of the same data.

mod day;
mod factors;
mod symbols;
mod tables;

use serde_json::json;

use crate::error::DataError;
use crate::format::Format;
use crate::make::{Job, Progress};
use crate::manifest::FileRecord;
use crate::sets::{Parameter, Set, SetInfo, TableInfo};
use crate::write;

use day::{MINUTES, Market};

/// All symbols there are.
const SYMBOLS: u64 = symbols::ALL.len() as u64;

/// The set. Planted: `pair`, two symbols of different sectors, and the `correlation` of their log returns as built in.
pub static SET: Set = Set {
    info: SetInfo {
        name: "stocks",
        about: "Minute bars of fictional companies, 241 a trading day; one pair of symbols from different sectors moves together (planted correlation 0.98).",
        licence: "CC0-1.0: own data, no rights reserved. Companies and prices are invented.",
        parameters: &[
            Parameter::whole("days", "{}d", (1, 2520), [20, 252, 910], "trading days (Monday to Friday) from 2024-01-02")
                .suggest(&["5", "20", "252"]),
            Parameter::whole("symbols", "{}s", (8, SYMBOLS), [SYMBOLS; 3], "number of symbols").suggest(&["8", "29"]),
            Parameter::seed("another seed gives another market with the same planted pair"),
        ],
        formats: &Format::ALL,
        default_formats: "parquet,csv,jsonl",
        tables: &[
            TableInfo {
                name: "bars",
                about: "one symbol and minute, in order of time: symbol, timestamp (UTC), open, high, low, close (whole cents), volume (shares)",
            },
            TableInfo {
                name: "daily",
                about: "one symbol and day, what the day's bars must add up to: symbol, date, open, high, low, close, volume",
            },
            TableInfo { name: "symbols", about: "one company: symbol, name, sector" },
        ],
    },
    generator: ("benchbook-stocks", "1"),
    default_formats: |_| &Format::ALL,
    estimate_mb: |values, format| values.real("days") * values.real("symbols") * f64::from(MINUTES) * bytes_a_row(format) / 1e6,
    refuse: |_| None,
    planted: |_| {
        let pair = [symbols::LEADER, symbols::FOLLOWER].map(|i| symbols::ALL[i].symbol);
        Some(json!({ "pair": pair, "correlation": factors::PLANTED }))
    },
    write: |job, values, progress| write(job, values.whole("days") as u32, values.whole("symbols") as u32, values.whole("seed"), progress),
};

fn bytes_a_row(format: Format) -> f64 {
    match format {
        Format::Parquet => 20.0,
        Format::Csv => 58.0,
        Format::Jsonl | Format::Txt => 117.0,
    }
}

/// Writes the three tables.
fn write(job: &Job<'_>, days: u32, symbols: u32, seed: u64, progress: &mut dyn FnMut(Progress)) -> Result<Vec<FileRecord>, DataError> {
    let mut market = Market::new(seed, symbols as usize);
    let mut daily = tables::Daily::default();
    let mut done = 0;
    let bars = (0..days).map(|_| {
        let day = market.next_day();
        daily.add(&day);
        tables::bars(&day)
    });
    let mut files = write::table(job, "bars", &tables::bars_schema(), bars, |_| {
        done += 1;
        progress(Progress { done: f64::from(done) / f64::from(days), what: format!("day {done} of {days}") });
        true
    })?;
    let whole = [("daily", daily.batch()), ("symbols", tables::symbols(symbols as usize))];
    for (name, batch) in whole {
        let batch = batch.map_err(|error| DataError::arrow(name, &error))?;
        let schema = batch.schema();
        files.extend(write::table(job, name, &schema, std::iter::once(Ok(batch)), |_| true)?);
    }
    Ok(files)
}
