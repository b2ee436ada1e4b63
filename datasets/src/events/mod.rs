//! A log of what people did on a site for code: nested records, and keys that are as unequal as in life.
//!
//! `user` and `repo` follow Zipf's law: the share of the key of rank r is proportional to 1 / r^zipf, and its name is its
//! rank (`user000001` is the busiest). With the default exponent 1.1 the busiest repository has about one event in six: a
//! join or a group by it does not spread evenly over partitions. Events are in order of time over 30 days.

mod table;

use serde_json::json;

use crate::error::DataError;
use crate::format::Format;
use crate::make::{Job, Progress};
use crate::manifest::FileRecord;
use crate::sets::{OWN, Parameter, Set, SetInfo, TableInfo};
use crate::write::{self, Meter};

use table::Events;

/// Rows of a piece.
const PIECE: u64 = 16_384;

/// The set. Planted: the exponent `zipf` of `users` users and `repos` repositories.
pub static SET: Set = Set {
    info: SetInfo {
        name: "events",
        about: "Nested events of a code site over 30 days; users and repositories follow Zipf's law (planted exponent), so that keys are skewed.",
        licence: OWN,
        parameters: &[
            Parameter::whole("rows", "{}", (1, 1_000_000_000), [100_000, 1_000_000, 10_000_000], "events").suggest(&["1e5", "1e6"]),
            Parameter::real("zipf", "zipf{}", (0.0, 3.0), [1.1; 3], "exponent of the skew; 0 makes all keys equal")
                .suggest(&["0", "1.1", "1.5"]),
            Parameter::seed("another seed gives other events of the same skew"),
        ],
        formats: &Format::ALL,
        default_formats: "parquet,jsonl",
        tables: &[TableInfo {
            name: "events",
            about: "one event: type, user, repo, ts (UTC), payload (a struct of action, size and labels, a list of texts)",
        }],
    },
    generator: ("benchbook-events", "1"),
    default_formats: |_| &[Format::Parquet, Format::Jsonl],
    estimate_mb: |values, format| values.real("rows") * bytes_a_row(format) / 1e6,
    refuse: |_| None,
    planted: |values| Some(json!({ "zipf": values.real("zipf"), "users": table::USERS, "repos": table::REPOS })),
    write: |job, values, progress| write(job, values.whole("rows"), values.real("zipf"), values.whole("seed"), progress),
};

fn bytes_a_row(format: Format) -> f64 {
    match format {
        Format::Parquet => 25.0,
        Format::Csv => 130.0,
        Format::Jsonl | Format::Txt => 165.0,
    }
}

fn write(job: &Job<'_>, rows: u64, zipf: f64, seed: u64, progress: &mut dyn FnMut(Progress)) -> Result<Vec<FileRecord>, DataError> {
    let events = Events::new(rows, zipf, seed);
    let mut meter = Meter::new(rows, progress);
    write::pieces(job, "events", &table::schema(), rows.div_ceil(PIECE), |piece| events.batch(piece, PIECE), &mut meter)
}
