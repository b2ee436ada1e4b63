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
fn counters_are_told_or_said_to_be_missing() {
    let result = json!({"wall_s": 2.0, "runs": 7, "hz": 997, "stacks": [stack("cell::fib", 700)],
        "counters": {"hardware_missing": "the machine offers none", "page_faults": 12}});
    let mut host = Recorder::default().events(&[("result", result)]);
    run_cell("%%profile\nfib(3)", &mut host).unwrap();
    assert!(host.shown().contains("hardware counters are not available here (the machine offers none)"), "{}", host.shown());
    assert_eq!(host.displays[0].metadata["benchbook"]["counters"]["page_faults"], 12);
}

#[test]
fn two_sections_are_compared() {
    let event =
        |f: u64| ("result", json!({"wall_s": 2.0, "runs": 7, "hz": 997, "stacks": [stack("cell::f", f), stack("cell::g", 1000 - f)]}));
    let mut host = Recorder::default().events(&[event(800)]).events(&[event(300)]);
    run_cell("%%profile\nlet n = 3;\n%% before\nf(n)\n%% after\ng(n)", &mut host).unwrap();
    assert!(host.rust[0].contains("f(n)") && !host.rust[0].contains("g(n)") && host.rust[1].contains("let n = 3;"), "{:?}", host.rust);
    let text = host.shown();
    assert!(text.contains("−50.0") && text.contains("+50.0"), "{text}");
    let result = &host.displays[0].metadata["benchbook"];
    assert_eq!((&result["variants"][1]["label"], &result["baseline"]), (&json!("after"), &json!("before")));
    assert_eq!(result["hot"][0]["symbol"], "f");
}

#[test]
fn memory_is_a_timeline_with_its_peak() {
    let points: Vec<_> = (0..50).map(|i| json!({"s": 0.01 * f64::from(i), "rss_bytes": (10 + i) << 20, "live_bytes": i << 20})).collect();
    let result = json!({"wall_s": 0.5, "runs": 1, "every_s": 0.0005, "points": points, "start_rss_bytes": 10 << 20,
        "peak_rss_bytes": 74 << 20, "peak_bytes": 64 << 20, "allocations": 3, "allocated_bytes": 70 << 20});
    let mut host = Recorder::default().events(&[("result", result)]);
    run_cell("%%profile --mode memory\nf()", &mut host).unwrap();
    assert!(host.rust[0].contains(r#"\"mode\":\"memory\""#), "{}", host.rust[0]);
    assert!(host.shown().contains("peak 64 MiB") && host.shown().contains("74 MiB (64 MiB)"), "{}", host.shown());
    let variant = &host.displays[0].metadata["benchbook"]["variants"][0];
    assert_eq!((&variant["peak_bytes"], &variant["allocations"]), (&json!(64 << 20), &json!(3)));
}

#[test]
fn allocations_are_told_by_site() {
    let result = json!({"wall_s": 0.5, "runs": 2, "samples": 3, "allocations": 1001, "allocated_bytes": 1_048_000, "peak_bytes": 1_056_008,
        "stacks": [stack("alloc::vec::Vec<T>::push", 1_048_000)], "lines": [],
        "sites": [{"function": "alloc::vec::Vec<T>::push", "allocations": 1001, "bytes": 1_048_000}]});
    let mut host = Recorder::default().events(&[("result", result)]);
    run_cell("%%profile --mode alloc\nf()", &mut host).unwrap();
    let text = host.shown();
    assert!(text.contains("Vec::push") && text.contains("1\u{202f}001") && text.contains("every allocation was noted"), "{text}");
    assert!(!text.contains("samples"), "nothing was sampled:\n{text}");
    let mut host = Recorder::default().events(&[("result", json!({"stacks": [], "sites": [], "allocations": 0}))]);
    run_cell("%%profile --mode alloc\n1 + 1", &mut host).unwrap();
    assert!(host.shown().contains("allocates nothing"));
}

#[test]
fn python_has_lines_of_cells() {
    let result = json!({"wall_s": 2.0, "runs": 1, "hz": 997, "samples": 400,
        "stacks": [{"frames": ["cell::benchbook_cell", "burn"], "count": 1_900_000}, {"frames": ["cell::benchbook_cell", "json.loads"], "count": 100_000}],
        "lines": [{"file": "<%%profile>", "line": 2, "self": 2_000_000.0, "total": 2_000_000.0}],
        "sources": {"<%%profile>": {"cell": "this cell", "source": "%%profile --lang python\nburn()"}}});
    let mut host = Recorder::default()
        .events(&[("python", json!({"implementation": "CPython", "version": "3.11.7", "gil": true})), ("result", result)]);
    run_cell("%%profile --lang python\nburn()", &mut host).unwrap();
    let object = &host.displays[0].metadata["benchbook"];
    assert_eq!((&object["variants"][0]["lang"], &object["hot"][0]["symbol"]), (&json!("python"), &json!("burn")));
    assert_eq!((&object["hot_lines"][0]["line"], &object["hot_lines"][0]["text"]), (&json!(2), &json!("burn()")));
    assert!(host.shown().contains("400 samples") && host.shown().contains("json.loads"), "{}", host.shown());
}

#[test]
fn wrong_use_is_explained() {
    let error = |cell: &str| plain(&run_cell(cell, &mut Recorder::default()).unwrap_err());
    assert!(error("%%profile --mode heap\nx").contains("bad value `heap`"));
    assert!(error("%%profile --lang python --mode alloc\nx").contains("is for Rust code"));
    assert!(error("%%profile --mode alloc --against y\nx").contains("CPU time of Rust only"));
    assert!(error("%%profile --mode memory --asm hot\nx").contains("follows CPU samples"));
    assert!(error("%%profile --hz 0\nx").contains("out of range"));
    assert!(error("%%profile\nx").contains("sent no result"));
}
