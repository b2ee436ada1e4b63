//! What to make: a set, its parameters, the file formats.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::DataError;
use crate::{stocks, tpch};

/// A file format a table is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Apache Parquet, Snappy-compressed, row groups of 122,880 rows.
    Parquet,
    /// Comma-separated values with a header line, quoted only where needed.
    Csv,
    /// JSON lines: one object a line.
    Jsonl,
}

impl Format {
    /// All formats, in the order in which they are listed.
    pub const ALL: [Self; 3] = [Self::Parquet, Self::Csv, Self::Jsonl];

    /// The file extension, which is also the name used in options.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.extension())
    }
}

impl FromStr for Format {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        Self::ALL
            .into_iter()
            .find(|format| format.extension() == text)
            .ok_or_else(|| DataError::BadRequest(format!("unknown format `{text}`: use parquet, csv or jsonl, separated by commas")))
    }
}

/// A set with its parameters. `formats` empty means the default of the set.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// TPC-H-derived tables.
    Tpch {
        /// Scale factor, 0.001 to 10; 1 gives six million rows in `lineitem`.
        sf: f64,
        /// Formats; by default all three below scale factor 1, Parquet alone from there.
        formats: Vec<Format>,
    },
    /// Minute bars of fictional stocks.
    Stocks {
        /// Trading days, 1 to 2520, of 241 minutes each.
        days: u32,
        /// How many symbols, 8 to 29.
        symbols: u32,
        /// Seed of the generator; another seed gives another market with the same planted pair.
        seed: u64,
        /// Formats; by default all three.
        formats: Vec<Format>,
    },
}

impl Request {
    /// TPC-H-derived tables at scale factor `sf`, default formats.
    pub fn tpch(sf: f64) -> Self {
        Self::Tpch { sf, formats: Vec::new() }
    }

    /// Minute bars of all symbols for `days` trading days, default seed and formats.
    pub fn stocks(days: u32) -> Self {
        Self::Stocks { days, symbols: stocks::SYMBOLS, seed: stocks::SEED, formats: Vec::new() }
    }

    /// The name of the set: `tpch` or `stocks`.
    pub fn set(&self) -> &'static str {
        match self {
            Self::Tpch { .. } => "tpch",
            Self::Stocks { .. } => "stocks",
        }
    }

    /// The name of the folder under the data root, for example `tpch-sf0.1` or `stocks-20d`.
    pub fn folder(&self) -> String {
        match self {
            Self::Tpch { sf, .. } => format!("tpch-sf{sf}"),
            Self::Stocks { days, symbols, seed, .. } => {
                let mut name = format!("stocks-{days}d");
                if *symbols != stocks::SYMBOLS {
                    name += &format!("-{symbols}s");
                }
                if *seed != stocks::SEED {
                    name += &format!("-seed{seed}");
                }
                name
            }
        }
    }

    /// The formats that will be there, sorted, the set's default filled in.
    pub fn formats(&self) -> Vec<Format> {
        let (chosen, default) = match self {
            Self::Tpch { sf, formats } => (formats, if *sf < 1.0 { &Format::ALL[..] } else { &Format::ALL[..1] }),
            Self::Stocks { formats, .. } => (formats, &Format::ALL[..]),
        };
        let mut formats = if chosen.is_empty() { default.to_vec() } else { chosen.clone() };
        formats.sort();
        formats.dedup();
        formats
    }

    /// The parameters that decide the contents, as they stand in the manifest.
    pub(crate) fn parameters(&self) -> BTreeMap<String, Value> {
        let pairs = match self {
            Self::Tpch { sf, .. } => vec![("sf", json!(sf))],
            Self::Stocks { days, symbols, seed, .. } => {
                vec![("days", json!(days)), ("symbols", json!(symbols)), ("seed", json!(seed))]
            }
        };
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Refuses parameters outside the allowed values.
    pub(crate) fn check(&self) -> Result<(), DataError> {
        let bad = |text: String| Err(DataError::BadRequest(text));
        match self {
            // A NaN fails the range test as well.
            Self::Tpch { sf, .. } if !(0.001..=10.0).contains(sf) => {
                bad(format!("scale factor {sf} is out of range: use 0.001 to 10 (the course uses 0.01, 0.1 and 1)"))
            }
            Self::Stocks { days, .. } if !(1..=2520).contains(days) => {
                bad(format!("{days} days is out of range: use 1 to 2520 (252 are a trading year)"))
            }
            Self::Stocks { symbols, .. } if !(8..=stocks::SYMBOLS).contains(symbols) => {
                bad(format!("{symbols} symbols is out of range: use 8 to {}", stocks::SYMBOLS))
            }
            _ => Ok(()),
        }
    }

    /// A rough size of the set on disk in MB (10^6 bytes), for messages.
    pub(crate) fn estimate_mb(&self, formats: &[Format]) -> u64 {
        let each = |format: &Format| match (self, format) {
            (Self::Tpch { sf, .. }, format) => sf * tpch::mb_at_sf_1(*format),
            (Self::Stocks { days, symbols, .. }, format) => {
                f64::from(*days) * f64::from(*symbols) * f64::from(stocks::MINUTES) * stocks::bytes_a_row(*format) / 1e6
            }
        };
        formats.iter().map(each).sum::<f64>().ceil() as u64
    }
}
