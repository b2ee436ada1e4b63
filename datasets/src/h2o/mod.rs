//! The tables of the db-benchmark by H2O.ai, made by a generator of our own: group by and join at chosen cardinality.
//!
//! `h2o` has N rows and K groups: `id1`, `id2` K texts, `id3` N/K texts, `id4`, `id5` 1 to K, `id6` 1 to N/K, `v1` 1 to 5,
//! `v2` 1 to 15, `v3` 0 to 100 with six decimals, all even and independent. The benchmark draws the same shapes in R, whose
//! numbers cannot be had here: answers are not those of other computers' db-benchmark.
//!
//! Three tables are made for joining `h2o` with ([`joins`]); nine in ten of its rows find a partner (planted, exact in the
//! right tables): `h2o_small` by `id4`, `h2o_medium` by `id6` or by `id3`, `h2o_big` by (`id4`, `id6`). The five questions:
//! small inner by `id4`; medium inner by `id6`; medium left by `id6`; medium inner by the text `id3`; big inner by both.

mod joins;
mod table;

use serde_json::json;

use crate::error::DataError;
use crate::format::Format;
use crate::make::{Job, Progress};
use crate::manifest::FileRecord;
use crate::sets::{OWN, Parameter, Set, SetInfo, TableInfo};
use crate::write::{self, Meter};

use table::Shape;

/// Rows of a piece.
const PIECE: u64 = 16_384;

/// The set. Planted: `matched_share` of the rows of `h2o` that each join finds a partner for.
pub static SET: Set = Set {
    info: SetInfo {
        name: "h2o",
        about: "The tables of H2O.ai's db-benchmark from a generator of our own: h2o for ten group-by questions, h2o_small, h2o_medium and h2o_big for five joins; nine in ten rows find a partner (planted).",
        licence: OWN,
        parameters: &[
            Parameter::whole("rows", "{}", (1, 1_000_000_000), [1_000_000, 10_000_000, 100_000_000], "rows of h2o")
                .suggest(&["1e5", "1e6", "1e7"]),
            Parameter::whole("groups", "{}k", (1, 1_000_000), [100; 3], "groups of id1, id2, id4 and id5; the others have rows / groups")
                .suggest(&["2", "100"]),
            Parameter::seed("another seed gives other rows"),
        ],
        formats: &Format::ALL,
        default_formats: "parquet,csv up to 2,000,000 rows, else parquet",
        tables: &[
            TableInfo {
                name: "h2o",
                about: "one row: id1, id2, id3 (texts), id4, id5, id6 (numbers), v1 (1 to 5), v2 (1 to 15), v3 (0 to 100)",
            },
            TableInfo { name: "h2o_small", about: "one of `groups` rows for joining by id4: id1, id4, v4" },
            TableInfo { name: "h2o_medium", about: "one of `rows / groups` rows for joining by id6 or id3: id3, id6, v5" },
            TableInfo { name: "h2o_big", about: "one of about `rows` rows for joining by id4 and id6: id4, id6, v6" },
        ],
    },
    generator: ("benchbook-h2o", "1"),
    default_formats: |values| if values.whole("rows") <= 2_000_000 { &Format::ALL[..2] } else { &Format::ALL[..1] },
    estimate_mb: |values, format| values.real("rows") * bytes_a_row(format) / 1e6,
    refuse: |values| {
        let (rows, groups) = (values.whole("rows"), values.whole("groups"));
        (groups > rows).then(|| format!("{groups} groups need at least as many rows, not {rows}: use fewer --groups or more --rows"))
    },
    planted: |_| Some(json!({ "matched_share": joins::MATCHED })),
    write: |job, values, progress| write(job, Shape::of(values), progress),
};

fn bytes_a_row(format: Format) -> f64 {
    match format {
        Format::Parquet => 45.0,
        Format::Csv => 75.0,
        Format::Jsonl | Format::Txt => 190.0,
    }
}

fn write(job: &Job<'_>, shape: Shape, progress: &mut dyn FnMut(Progress)) -> Result<Vec<FileRecord>, DataError> {
    let tables = joins::tables(shape);
    let mut meter = Meter::new(shape.rows + tables.iter().map(|table| table.rows).sum::<u64>(), progress);
    let mut files =
        write::pieces(job, "h2o", &table::schema(), shape.rows.div_ceil(PIECE), |piece| table::batch(shape, piece, PIECE), &mut meter)?;
    for table in &tables {
        let pieces = table.rows.div_ceil(PIECE);
        files.extend(write::pieces(job, table.name, &table.schema(), pieces, |piece| table.batch(piece, PIECE), &mut meter)?);
    }
    Ok(files)
}
