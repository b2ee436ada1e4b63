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
mod random;
mod symbols;
mod tables;

use crate::error::DataError;
use crate::make::{Job, Progress};
use crate::manifest::{FileRecord, Planted};
use crate::request::Format;
use crate::write;

pub use day::MINUTES;
use day::Market;

/// Name and version of the generator; the version changes with the contents.
pub const GENERATOR: (&str, &str) = ("benchbook-stocks", "1");
/// The default seed.
pub const SEED: u64 = 42;
/// All symbols there are.
pub const SYMBOLS: u32 = symbols::ALL.len() as u32;

/// The answer hidden in the data.
pub fn planted() -> Planted {
    let pair = [symbols::LEADER, symbols::FOLLOWER].map(|i| symbols::ALL[i].symbol.to_owned());
    Planted { pair, correlation: factors::PLANTED }
}

/// Bytes a bar takes, for estimates.
pub fn bytes_a_row(format: Format) -> f64 {
    match format {
        Format::Parquet => 20.0,
        Format::Csv => 58.0,
        Format::Jsonl => 117.0,
    }
}

/// Writes the three tables.
pub fn write(job: &Job<'_>, days: u32, symbols: u32, seed: u64, progress: &mut dyn FnMut(Progress)) -> Result<Vec<FileRecord>, DataError> {
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
