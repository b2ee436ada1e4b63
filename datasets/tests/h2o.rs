//! The group-by and join tables: cardinalities, sums, partners, the pinned bytes.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{assert_formats_agree, made, parquet_cells, rows};
use datasets::{Format, Number};

const N: u64 = 40_000;
const K: u64 = 100;

/// A column as numbers; texts lose their `id`.
fn numbers(cells: &[Vec<String>], column: usize) -> Vec<f64> {
    cells.iter().map(|row| row[column].trim_start_matches("id").parse().expect("number")).collect()
}

#[test]
fn groups_are_as_many_as_wanted_and_even() {
    let root = tempfile::tempdir().expect("folder");
    let made = made(&rows("h2o", N), root.path());
    let (header, cells) = parquet_cells(&made, "h2o");
    assert_eq!(header, ["id1", "id2", "id3", "id4", "id5", "id6", "v1", "v2", "v3"]);
    assert_eq!(cells.len() as u64, N);
    assert!(cells.iter().all(|row| row[0].len() == 5 && row[2].len() == 12 && row[0].starts_with("id")));
    for (column, most) in [(0, K), (1, K), (2, N / K), (3, K), (4, K), (5, N / K), (6, 5), (7, 15)] {
        let values = numbers(&cells, column);
        let mut counts: BTreeMap<u64, u64> = BTreeMap::new();
        for value in &values {
            *counts.entry(*value as u64).or_default() += 1;
        }
        assert_eq!(counts.keys().copied().collect::<Vec<_>>(), (1..=most).collect::<Vec<_>>(), "{}", header[column]);
        let each = N as f64 / most as f64;
        let worst = counts.values().map(|count| (*count as f64 - each).abs()).fold(0.0, f64::max);
        assert!(worst < 5.0 * each.sqrt(), "{}: {worst} off {each}", header[column]);
    }
    let v3 = numbers(&cells, 8);
    let mean = v3.iter().sum::<f64>() / N as f64;
    assert!((mean - 50.0).abs() < 5.0 * 28.9 / (N as f64).sqrt() && v3.iter().all(|v| (0.0..=100.0).contains(v)), "{mean}");
}

#[test]
fn nine_in_ten_rows_find_a_partner_and_only_one() {
    let root = tempfile::tempdir().expect("folder");
    let made = made(&rows("h2o", N), root.path());
    let h2o = parquet_cells(&made, "h2o").1;
    // Name, key columns there, key columns in h2o.
    type Question = (&'static str, &'static [usize], &'static [usize]);
    let questions: [Question; 5] = [
        ("h2o_small", &[1], &[3]),
        ("h2o_small", &[0], &[0]),
        ("h2o_medium", &[1], &[5]),
        ("h2o_medium", &[0], &[2]),
        ("h2o_big", &[0, 1], &[3, 5]),
    ];
    for (table, right, left) in questions {
        let key = |row: &[String], columns: &[usize]| columns.iter().map(|column| row[*column].clone()).collect::<Vec<_>>();
        let cells = parquet_cells(&made, table).1;
        let keys: BTreeSet<_> = cells.iter().map(|row| key(row, right)).collect();
        assert_eq!(keys.len(), cells.len(), "{table}: keys are distinct");
        assert!(!cells.is_sorted_by_key(|row| key(row, right)), "{table}: in no order");
        let matched = h2o.iter().filter(|row| keys.contains(&key(row, left))).count() as f64 / N as f64;
        assert!((matched - 0.9).abs() < 0.02, "{table} by {left:?}: {matched}");
    }
    let rows = |table| made.file(table, Format::Parquet).expect("listed").rows;
    assert_eq!((rows("h2o_small"), rows("h2o_medium"), rows("h2o_big")), (K, N / K, N));
}

#[test]
fn formats_agree() {
    let root = tempfile::tempdir().expect("folder");
    let made = made(&rows("h2o", 1000).with("groups", Number::Whole(7)).formats(&Format::ALL), root.path());
    assert!(made.dir.ends_with("h2o-1000-7k"));
    for table in ["h2o", "h2o_small", "h2o_medium", "h2o_big"] {
        assert_formats_agree(&made, table);
    }
}

#[test]
fn bytes_are_the_same_on_every_computer() {
    let root = tempfile::tempdir().expect("folder");
    let made = made(&rows("h2o", 20_000), root.path());
    let found: Vec<_> = made.files.iter().map(|file| (file.table.as_str(), file.format, file.sha256.as_str())).collect();
    assert_eq!(found, GOLDEN);
}

/// A change here changes every number of the course: raise the version of the generator with it.
const GOLDEN: [(&str, Format, &str); 8] = [
    ("h2o", Format::Parquet, "479c586ad19bf3354bbe3de0b1175fef8ccd7ed55038cd263b9614f0d34bf2be"),
    ("h2o", Format::Csv, "101e04e248ad6dbded5eb196855b21f99e3603402cf20a7a3937c3a8fea062de"),
    ("h2o_big", Format::Parquet, "722660849a50d77fc2f22f8d54881df0ab72272b80eab5847e9d2f04f406e69d"),
    ("h2o_big", Format::Csv, "4129eecab0b1c4e1d2e433e67dbbb3db81e7bf5be51fe11cafe53504b1f34414"),
    ("h2o_medium", Format::Parquet, "6eace9ba14b93a212ceabade56f88c2aefa66ac6fb9c3127d0df34666c4ca0a8"),
    ("h2o_medium", Format::Csv, "3addf1b94481a62c7ccbc14bbaf6f5340faec6cd74c734553846deb107066f14"),
    ("h2o_small", Format::Parquet, "522166dac94b97b51e08b2f92e5148f2f9f2aaf8dcaa1b3cc3a963367da12948"),
    ("h2o_small", Format::Csv, "ddeec7238ff01157aa71f73c07917a5ed0f519fa73f0447eefdc13867e7dba42"),
];
