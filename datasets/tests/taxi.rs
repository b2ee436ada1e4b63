//! The taxi trips: the planted tip fraction, dirt, the malformed file, the pinned bytes.

mod common;

use std::collections::BTreeMap;

use common::{assert_formats_agree, made, parquet_cells, rows};
use datasets::Format;

const N: u64 = 50_000;

/// Trips by column name, as text.
fn trips(n: u64) -> Vec<BTreeMap<String, String>> {
    let root = tempfile::tempdir().expect("folder");
    let made = made(&rows("taxi", n).formats(&[Format::Parquet]), root.path());
    let (header, cells) = parquet_cells(&made, "trips");
    cells.into_iter().map(|row| header.iter().cloned().zip(row).collect()).collect()
}

fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap_or(f64::NAN)
}

/// The condition that the manifest gives as SQL.
fn is_clean(row: &BTreeMap<String, String>) -> bool {
    (1.0..=6.0).contains(&number(row, "passenger_count"))
        && number(row, "fare_amount") > 0.0
        && number(row, "trip_distance") < 1000.0
        && row["tpep_dropoff_datetime"] > row["tpep_pickup_datetime"]
        && row["tpep_pickup_datetime"].as_str() >= "2024-01-01"
}

#[test]
fn tips_are_as_planted() {
    let trips = trips(N);
    assert_eq!(trips.len() as u64, N);
    let mut fractions: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for trip in trips.iter().filter(|trip| is_clean(trip)) {
        let fraction = number(trip, "tip_amount") / number(trip, "fare_amount");
        match trip["payment_type"].as_str() {
            "1" => fractions.entry(trip["passenger_count"].clone()).or_default().push(fraction),
            _ => assert_eq!(fraction, 0.0),
        }
    }
    assert_eq!(fractions.len(), 6);
    for (passengers, fractions) in fractions {
        let planted = 0.15 + 0.01 * passengers.parse::<f64>().expect("number");
        let mean = fractions.iter().sum::<f64>() / fractions.len() as f64;
        // An even spread of 0.05 has a standard deviation of 0.029; five standard errors.
        let error = 5.0 * 0.029 / (fractions.len() as f64).sqrt();
        assert!((mean - planted).abs() < error, "{passengers} passengers: {mean}, not {planted} within {error}");
    }
}

#[test]
fn dirt_is_rare_and_of_every_kind_and_the_rest_adds_up() {
    let trips = trips(N);
    let dirty: Vec<_> = trips.iter().filter(|trip| !is_clean(trip)).collect();
    let share = dirty.len() as f64 / N as f64;
    assert!((share - 0.003).abs() < 0.0012, "{share}");
    let count = |what: &dyn Fn(&BTreeMap<String, String>) -> bool| dirty.iter().filter(|trip| what(trip)).count();
    let kinds = [
        count(&|trip| trip["passenger_count"] == "0"),
        count(&|trip| {
            ["passenger_count", "RatecodeID", "store_and_fwd_flag", "congestion_surcharge", "Airport_fee"]
                .iter()
                .all(|column| trip[*column].is_empty())
        }),
        count(&|trip| number(trip, "total_amount") < 0.0),
        count(&|trip| trip["tpep_dropoff_datetime"] <= trip["tpep_pickup_datetime"]),
        count(&|trip| number(trip, "trip_distance") >= 1000.0),
        count(&|trip| trip["tpep_pickup_datetime"].starts_with("2009-01") || trip["tpep_pickup_datetime"].starts_with("2008-12")),
    ];
    assert_eq!(kinds.iter().sum::<usize>(), dirty.len(), "{kinds:?}");
    assert!(kinds.iter().all(|kind| *kind > 5), "{kinds:?}");

    let mut last = String::new();
    let mut hours = [0; 24];
    for trip in trips.iter().filter(|trip| is_clean(trip)) {
        let parts = [
            "fare_amount",
            "extra",
            "mta_tax",
            "tip_amount",
            "tolls_amount",
            "improvement_surcharge",
            "congestion_surcharge",
            "Airport_fee",
        ];
        let sum: f64 = parts.iter().map(|part| number(trip, part)).sum();
        assert!((sum - number(trip, "total_amount")).abs() < 0.001, "{trip:?}");
        assert!((number(trip, "fare_amount") - 2.5 - 2.5 * number(trip, "trip_distance")).abs() < 0.0051, "{trip:?}");
        assert!((1.0..=265.0).contains(&number(trip, "PULocationID")) && (1.0..=265.0).contains(&number(trip, "DOLocationID")));
        assert!(trip["tpep_pickup_datetime"] >= last && trip["tpep_pickup_datetime"].starts_with("2024-01"), "in order");
        last.clone_from(&trip["tpep_pickup_datetime"]);
        hours[last[11..13].parse::<usize>().expect("hour")] += 1;
    }
    assert!(hours[18] > 3 * hours[4], "the evening is busier than the night: {hours:?}");
    let miles = trips.iter().filter(|trip| is_clean(trip)).map(|trip| number(trip, "trip_distance")).sum::<f64>() / N as f64;
    assert!((miles - 3.0).abs() < 0.05, "{miles}");
}

#[test]
fn formats_agree_missing_values_included() {
    let root = tempfile::tempdir().expect("folder");
    let made = made(&rows("taxi", 20_000).formats(&Format::ALL), root.path());
    assert_formats_agree(&made, "trips");
}

#[test]
fn the_malformed_file_is_broken_where_it_says() {
    let root = tempfile::tempdir().expect("folder");
    let made = made(&rows("taxi", 100), root.path());
    let bad = made.file("trips_bad", Format::Csv).expect("listed");
    assert!(made.file("trips_bad", Format::Parquet).is_none(), "it is no table");
    let bytes = std::fs::read(&bad.path).expect("reads");
    let lines: Vec<&[u8]> = bytes.strip_suffix(b"\n").expect("the last line ends").split(|byte| *byte == b'\n').collect();
    assert_eq!((lines.len(), bad.rows), (1001, 1000));
    let wrong = |line: &[u8]| line.split(|byte| *byte == b',').count() != 19 || std::str::from_utf8(line).is_err();
    let found: Vec<String> = (1..).zip(&lines).filter(|(_, line)| wrong(line)).map(|(i, _): (usize, _)| i.to_string()).collect();
    assert_eq!(found, ["301", "501", "701"]);
    let planted = datasets::verify(&made.dir).expect("whole").planted.expect("planted");
    assert_eq!(planted["bad_lines"].as_object().expect("lines").keys().collect::<Vec<_>>(), found.iter().collect::<Vec<_>>());
    let day = |line: &&[u8]| String::from_utf8_lossy(line.split(|byte| *byte == b',').nth(1).expect("time")).starts_with("2024-01-15");
    assert!(lines[1..].iter().filter(|line| day(line)).count() > 990, "all of one day, but for the dirty ones");
}

#[test]
fn bytes_are_the_same_on_every_computer() {
    let root = tempfile::tempdir().expect("folder");
    let made = made(&rows("taxi", 20_000), root.path());
    let found: Vec<_> = made.files.iter().map(|file| (file.table.as_str(), file.format, file.sha256.as_str())).collect();
    assert_eq!(found, GOLDEN);
}

/// A change here changes every number of the course: raise the version of the generator with it.
const GOLDEN: [(&str, Format, &str); 3] = [
    ("trips", Format::Parquet, "404fdcf503e277675213a796879fe0a23e3daf8df53769792c6ee0d63cf50b5f"),
    ("trips", Format::Csv, "0186b2772f34251adc64727f1347d11c9de329adcbd60a783811f7c66c25bc26"),
    ("trips_bad", Format::Csv, "593f57a635201f433911f08f83881fb6b2fc45d89c04c2a4f1e029cb0efab6d8"),
];
