//! The TPC-H-derived tables: rows, sums, formats, determinism.

mod common;

use std::path::Path;

use common::{assert_formats_agree, batches, made, tpch};
use datasets::{Format, Made, Manifest, Request, make};
use tpchgen_arrow::arrow::array::AsArray;
use tpchgen_arrow::arrow::datatypes::Decimal128Type;

const TABLES: [(&str, u64); 8] = [
    ("customer", 1500),
    ("lineitem", 60_175),
    ("nation", 25),
    ("orders", 15_000),
    ("part", 2000),
    ("partsupp", 8000),
    ("region", 5),
    ("supplier", 100),
];

/// Sum of a decimal column of `lineitem`, in hundredths.
fn sum(made: &Made, column: &str) -> i128 {
    let of = |batch: &tpchgen_arrow::arrow::array::RecordBatch| -> i128 {
        let column = batch.column_by_name(column).expect("column");
        column.as_primitive::<Decimal128Type>().values().iter().sum()
    };
    batches(made, "lineitem").iter().map(of).sum()
}

fn sums_of_files(root: &Path, request: &Request) -> Vec<(String, String)> {
    made(request, root).files.iter().map(|file| (format!("{}.{}", file.table, file.format), file.sha256.clone())).collect()
}

#[test]
fn scale_001_has_the_known_rows_and_sums_in_three_formats() {
    let root = tempfile::tempdir().expect("folder");
    let mut steps = Vec::new();
    let made = make(&tpch(0.01), root.path(), &mut |progress| steps.push(progress)).expect("made");
    assert!(!made.reused && made.dir.ends_with("tpch-sf0.01"));
    assert_eq!(made.files.len(), 24);
    for (table, rows) in TABLES {
        for format in Format::ALL {
            let file = made.file(table, format).expect("listed");
            assert_eq!((file.rows, file.bytes), (rows, file.path.metadata().expect("there").len()), "{table}.{format}");
        }
        let read: usize = batches(&made, table).iter().map(|batch| batch.num_rows()).sum();
        assert_eq!(read as u64, rows, "{table}");
        assert_formats_agree(&made, table);
    }
    assert_eq!(sum(&made, "l_quantity"), 153_612_700);
    assert_eq!(sum(&made, "l_extendedprice"), 215_218_976_047);

    assert!(steps.windows(2).all(|two| two[0].done <= two[1].done), "progress goes forward");
    assert_eq!(steps.last().map(|step| step.done), Some(1.0));
    assert!(steps.iter().any(|step| step.what == "writing lineitem" && step.done > 0.0 && step.done < 1.0));

    let manifest = datasets::verify(&made.dir).expect("whole");
    assert!(manifest.licence.contains("TPC-H-derived, not comparable with TPC-H results"));
    assert_eq!(manifest.generator.name, "tpchgen-arrow");

    // The same bytes once more, elsewhere.
    let second = tempfile::tempdir().expect("folder");
    let first: Vec<_> = sums_of_files(root.path(), &tpch(0.01));
    assert_eq!(first, sums_of_files(second.path(), &tpch(0.01)));
    let text = |root: &Path| std::fs::read_to_string(root.join("tpch-sf0.01/manifest.json")).expect("reads");
    assert_eq!(text(root.path()), text(second.path()));
}

#[test]
fn formats_are_chosen_kept_and_added() {
    let root = tempfile::tempdir().expect("folder");
    let parquet = tpch(0.001).formats(&[Format::Parquet]);
    let first = made(&parquet, root.path());
    assert_eq!(first.files.len(), 8);
    let csv = tpch(0.001).formats(&[Format::Csv, Format::Csv]);
    let both = made(&csv, root.path());
    assert!(!both.reused && both.files.len() == 16, "CSV was added, Parquet kept");
    assert!(made(&parquet, root.path()).reused, "more formats than asked for are fine");
    assert_eq!(Manifest::read(&both.dir).expect("there").formats, [Format::Parquet, Format::Csv]);
}

#[test]
fn parameters_out_of_range_are_refused() {
    let root = tempfile::tempdir().expect("folder");
    for sf in [0.0, -1.0, 0.000_1, 11.0, f64::NAN, f64::INFINITY] {
        let error = make(&tpch(sf), root.path(), &mut |_| {}).expect_err("refused").to_string();
        assert!(error.contains("out of range") && error.contains("0.001 to 10"), "{error}");
    }
    assert_eq!(std::fs::read_dir(root.path()).expect("reads").count(), 0, "nothing was created");
}
