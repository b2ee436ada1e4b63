use serde_json::{Value, json};

use crate::testing::{Recorder, plain, run_cell};

fn sampled(stacks: Value) -> Recorder {
    Recorder::default()
        .variable("v", "Vec<u64>")
        .events(&[("result", json!({"wall_s": 2.0, "runs": 7, "samples": 0, "hz": 997, "stacks": stacks}))])
}

fn stack(inner: &str, count: u64) -> Value {
    json!({"frames": ["main", "lab::measure::profile::profile", "cell::benchbook_cell::{{closure}}", inner], "count": count})
}

#[test]
fn a_flame_graph_and_a_table_of_hot_functions() {
    let mut host = sampled(json!([stack("alloc::vec::Vec<T>::push", 300), stack("cell::fib", 700)]));
    run_cell("%%profile --hz 499 --budget 1s\nfib(v.len())", &mut host).unwrap();
    assert!(host.rust[0].contains(r#"\"hz\":499"#) && host.rust[0].contains(r#"\"repeat\":true"#), "{}", host.rust[0]);
    let [flame, table] = host.displays.as_slice() else { panic!("two outputs") };
    assert!(flame.data["image/svg+xml"].as_str().unwrap().contains("Vec::push"));
    assert!(flame.data.contains_key("image/png"));
    let html = table.data["text/html"].as_str().unwrap();
    assert!(html.contains("fib") && html.contains("70.0 %") && html.contains("<details"), "{html}");
    for bundle in &host.displays {
        let result = &bundle.metadata["benchbook"];
        assert_eq!((&result["magic"], &result["variants"][0]["samples"]), (&json!("profile"), &json!(1000)));
        assert_eq!((&result["hot"][0]["symbol"], &result["hot"][0]["share"]), (&json!("fib"), &json!(0.7)));
    }
}

#[test]
fn few_samples_are_said_to_be_too_few() {
    let mut host = sampled(json!([stack("cell::fib", 20)]));
    run_cell("%%profile --once\nfib(3)", &mut host).unwrap();
    assert!(host.rust[0].contains(r#"\"repeat\":false"#));
    assert!(host.shown().contains("Only 20 samples: too few"), "{}", host.shown());
}

#[test]
fn no_samples_are_said_and_no_chart_is_drawn() {
    let mut host = sampled(json!([]));
    run_cell("%profile 1 + 1", &mut host).unwrap();
    assert_eq!(host.displays.len(), 1);
    assert!(host.shown().contains("No samples"));
    assert_eq!(host.displays[0].metadata["benchbook"]["hot"], json!([]));
}

#[test]
fn wrong_use_is_explained() {
    let error = |cell: &str| plain(&run_cell(cell, &mut Recorder::default()).unwrap_err());
    assert!(error("%%profile --mode heap\nx").contains("bad value `heap`"));
    assert!(error("%%profile --hz 0\nx").contains("out of range"));
    assert!(error("%%profile\nx").contains("sent no result"));
}
