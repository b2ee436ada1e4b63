//! Events, ticks and words: Zipf's law, the late share, nested values, the pinned bytes.

mod common;

use std::collections::BTreeMap;
use std::fs;

use common::{made, parquet_cells, path, rows};
use datasets::{Format, Made, Number};
use serde_json::Value;

/// The slope of log frequency over log rank among the most frequent keys.
fn zipf_exponent(counts: &BTreeMap<String, u64>, ranks: usize) -> f64 {
    let mut counts: Vec<_> = counts.values().copied().collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let points: Vec<(f64, f64)> = counts[..ranks].iter().enumerate().map(|(i, n)| (((i + 1) as f64).ln(), (*n as f64).ln())).collect();
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / ranks as f64;
    let (mx, my) = (mean(&|p| p.0), mean(&|p| p.1));
    -mean(&|p| (p.0 - mx) * (p.1 - my)) / mean(&|p| (p.0 - mx).powi(2))
}

fn counts(keys: impl Iterator<Item = String>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for key in keys {
        *counts.entry(key).or_default() += 1;
    }
    counts
}

fn golden(made: &Made) -> Vec<(&str, Format, &str)> {
    made.files.iter().map(|file| (file.table.as_str(), file.format, file.sha256.as_str())).collect()
}

#[test]
fn events_are_nested_and_skewed_by_the_exponent() {
    let root = tempfile::tempdir().expect("folder");
    for (request, exponent) in [(rows("events", 60_000), 1.1), (rows("events", 60_000).with("zipf", Number::Real(0.7)), 0.7)] {
        let made = made(&request, root.path());
        let text = fs::read_to_string(path(&made, "events", Format::Jsonl)).expect("reads");
        let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(events.len(), 60_000);
        for key in ["user", "repo"] {
            let found = zipf_exponent(&counts(events.iter().map(|event| event[key].as_str().expect("text").to_owned())), 40);
            assert!((found - exponent).abs() < 0.06, "{key}: {found}, not {exponent}");
        }
        assert!(events.windows(2).all(|two| two[0]["ts"].as_str() <= two[1]["ts"].as_str()), "in order of time");
        let payload = &events[0]["payload"];
        assert!(payload["action"].is_string() && payload["size"].is_u64() && payload["labels"].is_array(), "{payload}");
        let most = events.iter().map(|event| event["payload"]["labels"].as_array().expect("labels").len()).max();
        assert_eq!(most, Some(3));
        // The same in Parquet, nested as well.
        let (header, cells) = parquet_cells(&made, "events");
        assert_eq!(header, ["type", "user", "repo", "ts", "payload"]);
        for (event, row) in events.iter().zip(&cells) {
            assert_eq!((event["user"].as_str(), event["ts"].as_str()), (Some(row[1].as_str()), Some(row[3].as_str())));
            let labels: Vec<_> = event["payload"]["labels"].as_array().expect("labels").iter().filter_map(Value::as_str).collect();
            let shown = format!(
                "{{action: {}, size: {}, labels: [{}]}}",
                event["payload"]["action"].as_str().expect("text"),
                event["payload"]["size"],
                labels.join(", ")
            );
            assert_eq!(row[4], shown);
        }
    }
}

#[test]
fn nested_values_are_json_in_csv() {
    let root = tempfile::tempdir().expect("folder");
    let made = made(&rows("events", 500).formats(&[Format::Csv, Format::Jsonl]), root.path());
    let (header, cells) = common::csv_cells(&made, "events");
    let text = fs::read_to_string(path(&made, "events", Format::Jsonl)).expect("reads");
    for (line, row) in text.lines().zip(&cells) {
        let event: Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(serde_json::from_str::<Value>(&row[4]).expect("JSON"), event[&header[4]]);
    }
    assert_eq!(cells.len(), 500);
}

#[test]
fn two_in_a_hundred_ticks_are_late_and_only_they_are_out_of_order() {
    let root = tempfile::tempdir().expect("folder");
    let made = made(&rows("ticks", 5), root.path());
    let (header, cells) = parquet_cells(&made, "ticks");
    assert_eq!(header, ["seq", "event_time", "arrival_time", "symbol", "price", "volume"]);
    assert_eq!(cells.len(), 50_000);
    assert!(cells.is_sorted_by(|a, b| a[2] <= b[2]), "in order of arrival");
    let mut by_seq: Vec<_> = cells.iter().map(|row| (row[0].parse::<u64>().expect("number"), row[1].as_str())).collect();
    by_seq.sort_unstable();
    assert!(by_seq.iter().enumerate().all(|(i, (seq, _))| *seq == i as u64), "every trade once");
    assert!(by_seq.is_sorted_by_key(|(_, event)| *event), "numbered in order of their own time");

    let micros = |text: &str| {
        let clock = text.split(' ').nth(1).expect("time");
        let parts: Vec<f64> = clock.split(':').map(|part| part.parse().expect("number")).collect();
        (parts[0] * 3600.0 + parts[1] * 60.0 + parts[2]) * 1e6
    };
    let (mut newest, mut late, mut behind) = (0.0_f64, 0, 0);
    for row in &cells {
        let (event, delay) = (micros(&row[1]), micros(&row[2]) - micros(&row[1]));
        assert!((2000.0..2_000_001.0).contains(&delay), "{row:?}");
        late += usize::from(delay >= 50_000.0);
        behind += usize::from(event < newest);
        newest = newest.max(event);
        let cents = row[4].parse::<f64>().expect("price") * 100.0;
        assert!((cents - cents.round()).abs() < 1e-6 && cents > 0.0 && row[5].parse::<u64>().expect("volume") > 0);
    }
    // The last trades may have none after them that happened later.
    assert!((late as f64 / 50_000.0 - 0.02).abs() < 0.003 && late - behind < 20, "{late} late, {behind} out of order");
}

#[test]
fn words_follow_zipf_and_the_text_is_the_table() {
    let root = tempfile::tempdir().expect("folder");
    let made = made(&rows("words", 200_005), root.path());
    let text = fs::read_to_string(path(&made, "words", Format::Txt)).expect("reads");
    let cells = parquet_cells(&made, "words").1;
    assert_eq!((text.lines().count(), cells.len()), (20_001, 20_001));
    for (i, (line, row)) in text.lines().zip(&cells).enumerate() {
        assert_eq!((row[0].as_str(), row[1].as_str()), ((i + 1).to_string().as_str(), line));
        assert_eq!(line.split(' ').count(), if i == 20_000 { 5 } else { 10 });
    }
    let counts = counts(text.split_whitespace().map(str::to_owned));
    let found = zipf_exponent(&counts, 100);
    assert!((found - 1.0).abs() < 0.03, "{found}");
    let planted = datasets::verify(&made.dir).expect("whole").planted.expect("planted");
    for (word, share) in planted["share"].as_object().expect("shares") {
        let share = share.as_f64().expect("number");
        let found = counts[word] as f64 / 200_005.0;
        assert!((found - share).abs() < 5.0 * (share / 200_005.0).sqrt(), "{word}: {found}, not {share}");
    }
}

#[test]
fn bytes_are_the_same_on_every_computer() {
    let root = tempfile::tempdir().expect("folder");
    for (set, n, known) in [("events", 20_000, GOLDEN[0]), ("ticks", 2, GOLDEN[1]), ("words", 100_000, GOLDEN[2])] {
        assert_eq!(golden(&made(&rows(set, n), root.path())), known);
    }
}

/// A change here changes every number of the course: raise the version of the generator with it.
const GOLDEN: [[(&str, Format, &str); 2]; 3] = [
    [
        ("events", Format::Parquet, "137ceb51ac4debd111f6a39d9eb48930957ab353767f230657866182688bd82f"),
        ("events", Format::Jsonl, "3d6de1ef08d17a2f7aafce8fc22f56d6c1bead6f94a3572505fc0f3073326486"),
    ],
    [
        ("ticks", Format::Parquet, "0be38d51fa29f61f71d7a8b7129418e1454b7b87d01c92a151155d7ecb327d40"),
        ("ticks", Format::Csv, "92bfb09b606c500dfb308a5aefa291861f6e75f586c356a0006d61115e7100ed"),
    ],
    [
        ("words", Format::Parquet, "ff0d1c5483aabe09bceeb9b6511acb59c5e47175825c1e891252404da26408d1"),
        ("words", Format::Txt, "d0bcf5f2c1ca78de46556f4face15c0d9c284c7e9bd1f52d7b6db67e8a700635"),
    ],
];
