use serde_json::json;

use crate::results;
use crate::testing::{Recorder, plain, run_cell};

fn measured(label: &str, samples: &[f64]) {
    let median = samples[samples.len() / 2];
    let result = json!({"magic": "timeit", "variants": [{"label": "x", "status": "ok", "median_s": median, "samples_s": samples}]});
    results::record(result, Some(label));
}

fn around(centre: f64) -> Vec<f64> {
    (0..11).map(|i| centre * (0.95 + 0.01 * f64::from(i))).collect()
}

fn status(claim: &str) -> (String, String) {
    let mut host = Recorder::default();
    run_cell(&format!("%claim {claim}"), &mut host).unwrap();
    let result = &host.displays[0].metadata["benchbook"];
    assert_eq!((&result["schema"], &result["magic"], &result["claim"]), (&json!(1), &json!("claim"), &json!(claim)));
    assert_eq!(host.shown().lines().count(), 1);
    assert!(host.shown_html().contains(result["status"].as_str().unwrap()));
    (result["status"].as_str().unwrap().to_owned(), host.shown())
}

#[test]
fn three_outcomes() {
    measured("a", &around(1.0));
    measured("b", &around(4.0));
    for (claim, expected) in [
        ("a <= 0.5 * b", "reproduced"),
        ("a < b", "reproduced"),
        ("b >= 2 * a", "reproduced"),
        ("b <= a", "not reproduced"),
        ("a >= 0.5 * b", "not reproduced"),
        ("a <= 0.25 * b", "inconclusive"),
        ("a >= 0.25 * b", "inconclusive"),
        ("a <= 0.2 * b", "not reproduced"),
    ] {
        assert_eq!(status(claim).0, expected, "{claim}");
    }
    let (_, text) = status("a <= 0.5 * b");
    assert!(text.starts_with("✔ reproduced: a <= 0.5 * b (a takes 0.250 of the time of b, ratio 0.250 [0.231, 0.271]"), "{text}");
}

#[test]
fn what_cannot_be_told_is_inconclusive() {
    measured("few", &[1.0, 1.1]);
    measured("a b", &around(4.0));
    results::record(json!({"magic": "sql", "variants": [{"label": "x", "status": "out_of_memory"}]}), Some("gone"));
    let (outcome, text) = status("few <= 0.5 * 'a b'");
    assert_eq!(outcome, "inconclusive");
    assert!(text.contains("few has too few samples"), "{text}");
    let (outcome, text) = status("gone <= 'a b'");
    assert_eq!(outcome, "inconclusive");
    assert!(text.contains("gone has no time (out of memory)"), "{text}");
}

#[test]
fn malformed_claims_and_missing_labels_are_errors() {
    measured("duckdb.q1", &around(1.0));
    let mut host = Recorder::default();
    let text = plain(&run_cell("%claim duckdb.q1 <= 0.5 * dukdb.q1", &mut host).unwrap_err());
    assert!(text.contains("no measurement labelled `dukdb.q1`") && text.contains("did you mean `duckdb.q1`?"), "{text}");
    let text = plain(&run_cell("%claim duckdb.q1 == 2", &mut host).unwrap_err());
    assert!(text.contains("no comparison") && text.contains("^^^^") && text.contains("%claim a <= 0.5 * b"), "{text}");
    assert!(run_cell("%claim", &mut host).is_err());
    assert!(host.displays.is_empty());
}
