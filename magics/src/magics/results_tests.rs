use serde_json::json;

use crate::results;
use crate::testing::{Recorder, plain, run_cell};

fn measured(label: &str, engine: &str, centre: f64) {
    let samples: Vec<f64> = (0..11).map(|i| centre * (0.95 + 0.01 * f64::from(i))).collect();
    let variant = json!({"label": "x", "lang": "sql", "engine": engine, "engine_version": "DuckDB v1.5.6", "status": "ok",
        "median_s": centre, "min_s": samples[0], "samples_s": samples});
    let noise = json!({"level": if engine == "pandas" { "amber" } else { "green" }, "reasons": ["load was 1.3"]});
    results::record(
        json!({"magic": "sql", "title": "SQL", "variants": [variant], "noise": noise, "machine": {"load_before": 0.4}}),
        Some(label),
    );
}

#[test]
fn chart_and_table_with_the_result_object() {
    measured("pandas.q1", "pandas", 0.4);
    measured("duckdb.q1", "duckdb", 0.1);
    measured("duckdb again", "duckdb", 0.102);
    results::record(json!({"magic": "compare", "variants": [{"label": "spark", "engine": "spark", "status": "unavailable"}]}), None);
    let mut host = Recorder::default();
    run_cell("%results --title \"Query 1\"", &mut host).unwrap();
    let [chart, table] = host.displays.as_slice() else { panic!("two outputs") };
    for mime in ["image/svg+xml", "image/png", "text/plain"] {
        assert!(chart.data.contains_key(mime), "{mime}");
    }
    let svg = chart.data["image/svg+xml"].as_str().unwrap();
    assert!(svg.contains("Query 1") && svg.contains("not available here") && svg.contains("DuckDB v1.5.6"));
    assert!(svg.contains("noisy (pandas.q1: load was 1.3)") && svg.contains("load 0.4 before"));
    let text = table.data["text/plain"].as_str().unwrap();
    assert!(text.contains("takes 0.250 of the time of pandas.q1"), "{text}");
    assert!(text.contains("0.250 [0.231") && text.contains("not available here"), "{text}");
    let result = &chart.metadata["benchbook"];
    assert_eq!((&result["magic"], &result["baseline"]), (&json!("results"), &json!("pandas.q1")));
    assert_eq!(result["variants"].as_array().unwrap().len(), 4);
    assert_eq!(result["variants"][1]["label"], "duckdb.q1");
    assert_eq!(result["verdicts"][0]["verdict"], "faster");
    assert_eq!(result["noise"]["level"], "amber");
}

#[test]
fn overlapping_intervals_are_never_called_faster() {
    measured("a", "rust", 1.0);
    measured("b", "rust", 1.02);
    let mut host = Recorder::default();
    run_cell("%results b a --baseline b", &mut host).unwrap();
    assert!(host.shown().contains("cannot tell: the intervals overlap"), "{}", host.shown());
    assert!(!host.shown().contains("takes"), "{}", host.shown());
    assert_eq!(host.displays[0].metadata["benchbook"]["verdicts"][0]["verdict"], "cannot tell");
}

#[test]
fn a_baseline_outside_the_list_is_added_and_bad_ones_are_refused() {
    measured("a", "rust", 1.0);
    measured("b", "rust", 3.0);
    results::record(json!({"magic": "sql", "variants": [{"label": "x", "status": "timeout"}]}), Some("slow"));
    let mut host = Recorder::default();
    run_cell("%results b --baseline a", &mut host).unwrap();
    assert!(
        host.shown().contains("takes 3.0 times the time of a") || host.shown().contains("takes 3.00 times the time of a"),
        "{}",
        host.shown()
    );
    let text = plain(&run_cell("%results --baseline slow", &mut host).unwrap_err());
    assert!(text.contains("`slow` cannot be the baseline: stopped: took too long"), "{text}");
    let text = plain(&run_cell("%results a slw", &mut host).unwrap_err());
    assert!(text.contains("did you mean `slow`?"), "{text}");
}

#[test]
fn nothing_measured_is_said() {
    let mut host = Recorder::default();
    run_cell("%results", &mut host).unwrap();
    assert!(host.shown().contains("Nothing is measured yet"));
}

#[test]
fn many_results_show_the_latest() {
    for i in 0..30 {
        measured(&format!("m{i}"), "rust", 1.0);
    }
    let mut host = Recorder::default();
    run_cell("%results", &mut host).unwrap();
    assert!(host.shown().contains("The latest 24 are shown; 6 earlier ones are not"), "{}", host.shown());
}

#[test]
fn labels_with_sizes_become_curves() {
    for (label, seconds) in [("pickle @ 1", 0.001), ("pickle @ 10", 0.011), ("IPC @ 1", 0.0002), ("IPC @ 1_0", 0.0003), ("other", 1.0)] {
        measured(label, "python", seconds);
    }
    let mut host = Recorder::default();
    run_cell("%results --x megabytes IPC pickle", &mut host).unwrap();
    let [chart, table] = host.displays.as_slice() else { panic!("two outputs") };
    assert!(chart.data["image/svg+xml"].as_str().unwrap().contains("megabytes"));
    let text = table.data["text/plain"].as_str().unwrap();
    let heading = text.lines().find(|line| line.contains("megabytes")).unwrap();
    assert!(heading.find("IPC").unwrap() < heading.find("pickle").unwrap() && !heading.contains("other"), "{text}");
    assert_eq!(table.metadata["benchbook"]["variants"][1]["x"], 10.0);
    let error = run_cell("%results --x megabytes JSON", &mut host).unwrap_err();
    assert!(error.message.contains("`JSON @ …`"), "{}", error.message);
}
