//! What sets exist, as data: `%data`, `benchbook data list` and the documentation read it from here.

mod values;

use serde_json::Value;

use crate::error::DataError;
use crate::format::Format;
use crate::make::{Job, Progress};
use crate::manifest::FileRecord;
use crate::{events, h2o, stocks, taxi, ticks, tpch, words};

pub(crate) use values::Values;
pub use values::{Number, Parameter, Range};

/// The licence of everything that we generate ourselves.
pub(crate) const OWN: &str = "CC0-1.0: own data, no rights reserved. Companies, people and prices are invented.";

/// A dataset that can be made.
#[derive(Debug, Clone, Copy)]
pub struct SetInfo {
    /// The name used in commands.
    pub name: &'static str,
    /// What it is, in one or two sentences.
    pub about: &'static str,
    /// Terms under which the data may be used.
    pub licence: &'static str,
    /// Parameters, in the order in which they are listed; the first one says how large the set is.
    pub parameters: &'static [Parameter],
    /// Formats it can be written in.
    pub formats: &'static [Format],
    /// Formats it is written in unless others are asked for, for people.
    pub default_formats: &'static str,
    /// Tables; each becomes one file in each format.
    pub tables: &'static [TableInfo],
}

/// A table of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableInfo {
    /// Name, which is also the name of the file.
    pub name: &'static str,
    /// What a row is, and its columns where they are ours.
    pub about: &'static str,
}

/// Writes the tables of a set and returns what was written.
pub(crate) type Write = fn(&Job<'_>, &Values, &mut dyn FnMut(Progress)) -> Result<Vec<FileRecord>, DataError>;

/// A set and how to make it.
pub(crate) struct Set {
    /// What there is to say about it.
    pub info: SetInfo,
    /// Name and version of the generator; the version changes with the contents.
    pub generator: (&'static str, &'static str),
    /// The formats written unless others are asked for.
    pub default_formats: fn(&Values) -> &'static [Format],
    /// A rough size of all tables in a format in MB (10^6 bytes), for messages.
    pub estimate_mb: fn(&Values, Format) -> f64,
    /// What is wrong with values that are each in range.
    pub refuse: fn(&Values) -> Option<String>,
    /// The answer hidden in the data.
    pub planted: fn(&Values) -> Option<Value>,
    /// Writes it.
    pub write: Write,
}

/// Every set, in the order in which they are listed.
pub(crate) static SETS: [&Set; 7] = [&tpch::SET, &stocks::SET, &taxi::SET, &h2o::SET, &events::SET, &ticks::SET, &words::SET];

/// Every set that can be made.
pub fn sets() -> impl Iterator<Item = &'static SetInfo> {
    SETS.iter().map(|set| &set.info)
}
