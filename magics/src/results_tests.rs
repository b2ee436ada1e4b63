use serde_json::{Value, json};

use super::*;

fn one(magic: &str, median: f64) -> Value {
    json!({"schema": 1, "magic": magic, "title": "work()", "variants": [
        {"label": "work()", "lang": "rust", "status": "ok", "median_s": median, "samples_s": [median, median * 1.1]}]})
}

fn labels(store: &Store) -> Vec<&str> {
    store.all().iter().map(|known| known.label.as_str()).collect()
}

#[test]
fn a_label_measured_again_keeps_its_place() {
    let mut store = Store::default();
    store.record(&one("timeit", 1.0), Some("a"));
    store.record(&one("sql", 2.0), Some("b"));
    store.record(&one("timeit", 3.0), Some("a"));
    assert_eq!(labels(&store), ["a", "b"]);
    assert_eq!(store.get("a").unwrap().median().unwrap().value, 3.0);
}

#[test]
fn unnamed_measurements_are_numbered_per_magic() {
    let mut store = Store::default();
    for magic in ["timeit", "sql", "timeit"] {
        store.record(&one(magic, 1.0), None);
    }
    assert_eq!(labels(&store), ["timeit #1", "sql #1", "timeit #2"]);
}

#[test]
fn several_variants() {
    let variants =
        json!([{"label": "1 threads", "status": "ok", "median_s": 1.0}, {"label": "2 threads", "status": "ok", "median_s": 0.5}]);
    let mut store = Store::default();
    store.record(&json!({"magic": "parallel", "variants": variants}), None);
    store.record(&json!({"magic": "compare", "variants": [{"label": "pandas", "status": "out_of_memory"}]}), None);
    assert_eq!(labels(&store), ["parallel #1: 1 threads", "parallel #1: 2 threads", "pandas"]);
    let pandas = store.get("pandas").unwrap();
    assert_eq!((pandas.median(), pandas.failure()), (None, "out of memory".to_owned()));
}

#[test]
fn parts_and_things_without_a_time_are_not_kept() {
    let mut store = Store::default();
    let mut part = one("timeit", 1.0);
    part["partial"] = json!(true);
    store.record(&part, Some("a"));
    store.record(&json!({"magic": "profile", "variants": [{"label": "x", "status": "ok", "wall_s": 1.0}]}), None);
    store.record(&json!(null), None);
    assert!(store.all().is_empty());
}

#[test]
fn the_interval_is_found_again_from_the_samples() {
    let mut result = one("timeit", 3.5);
    result["variants"][0]["samples_s"] = json!([3.0, 1.0, 2.0, 5.0, 4.0, 100.0]);
    let mut store = Store::default();
    store.record(&result, Some("a"));
    let found = store.get("a").unwrap();
    assert_eq!((found.median().unwrap().ci, found.min_s()), (Some((1.0, 100.0)), Some(1.0)));
}

#[test]
fn a_missing_label_names_the_nearest() {
    let mut store = Store::default();
    assert!(store.get("x").unwrap_err().hint.unwrap().contains("nothing is measured yet"));
    store.record(&one("sql", 1.0), Some("duckdb.q1"));
    assert!(store.get("dukdb.q1").unwrap_err().hint.unwrap().contains("did you mean `duckdb.q1`?"));
    assert!(store.get("pandas").unwrap_err().hint.unwrap().contains("there are `duckdb.q1`"));
}

#[test]
fn recording_names_the_only_variant() {
    let result = record(one("timeit", 1.0), Some("mine"));
    assert_eq!(result["variants"][0]["label"], "mine");
    assert_eq!(record(one("timeit", 1.0), None)["variants"][0]["label"], "work()");
    assert_eq!(with_store(|store| store.all().len()), 2);
}
