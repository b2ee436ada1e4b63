//! File formats.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::DataError;

/// A file format a table is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Apache Parquet, Snappy-compressed, row groups of 122,880 rows.
    Parquet,
    /// Comma-separated values with a header line, quoted only where needed; nested values as JSON.
    Csv,
    /// JSON lines: one object a line.
    Jsonl,
    /// The text of the last column, a line for each row, and nothing else.
    Txt,
}

impl Format {
    /// The formats of tables, in the order in which they are listed; [`Format::Txt`] is for text alone.
    pub const ALL: [Self; 3] = [Self::Parquet, Self::Csv, Self::Jsonl];

    /// The file extension, which is also the name used in options.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Txt => "txt",
        }
    }

    /// Formats with commas between them.
    pub fn list(formats: &[Self]) -> String {
        formats.iter().map(|format| format.extension()).collect::<Vec<_>>().join(",")
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
        let found = [Self::Parquet, Self::Csv, Self::Jsonl, Self::Txt].into_iter().find(|format| format.extension() == text);
        found.ok_or_else(|| DataError::BadRequest(format!("unknown format `{text}`: use parquet, csv or jsonl, separated by commas")))
    }
}
