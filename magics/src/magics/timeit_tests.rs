use serde_json::json;

use crate::error::MagicError;
use crate::measure::testing::Interrupting;
use crate::stats::bootstrap::Rng;
use crate::testing::{Recorder, plain, run_cell};

fn samples(n: usize) -> Vec<f64> {
    let mut rng = Rng::new(4);
    (0..n).map(|_| 12.3e-6 * (1.0 + 0.02 * rng.unit())).collect()
}

fn recorder(n: usize) -> Recorder {
    let samples = samples(n);
    let mut events: Vec<_> = samples.iter().map(|s| ("sample", json!({"s": s}))).collect();
    events.push(("progress", json!({"done": n, "of": n})));
    events.push((
        "result",
        json!({
        "samples_s": samples, "iterations": 1000, "first_s": 1e-3, "warmup_s": 0.3, "timer_step_s": 2e-8, "unit_result": false,
        "involuntary_switches": 0, "cpu_user_s": 1.2, "wall_s": 1.25}),
    ));
    Recorder::default().variable("v", "Vec<u64>").events(&events)
}

#[test]
fn a_cell_shows_chart_and_numbers_with_the_result_object() {
    let mut host = recorder(51);
    run_cell("%%timeit\nv.iter().sum::<u64>()", &mut host).unwrap();
    assert!(host.rust[0].contains("lab::measure::touch(&(&v, ))") && host.rust[0].contains("lab::measure::time("));
    let [chart, numbers] = host.displays.as_slice() else { panic!("two outputs") };
    for mime in ["image/svg+xml", "image/png", "text/plain"] {
        assert!(chart.data.contains_key(mime), "{mime}");
    }
    let html = numbers.data["text/html"].as_str().unwrap();
    for part in ["median [95 % interval]", "12.4", "51 samples of 1\u{202f}000 iterations", "first run", "<details"] {
        assert!(html.contains(part), "{part}: {html}");
    }
    for bundle in &host.displays {
        let result = &bundle.metadata["benchbook"];
        assert_eq!((&result["schema"], &result["magic"]), (&json!(1), &json!("timeit")));
        let variant = &result["variants"][0];
        assert_eq!((&variant["lang"], &variant["status"]), (&json!("rust"), &json!("ok")));
        assert_eq!(variant["samples_s"].as_array().unwrap().len(), 51);
        let (low, high) = (variant["ci_s"][0].as_f64().unwrap(), variant["ci_s"][1].as_f64().unwrap());
        assert!(low <= variant["median_s"].as_f64().unwrap() && variant["median_s"].as_f64().unwrap() <= high);
        assert_eq!(variant["iterations"], 1000);
        assert!(result["noise"]["level"].is_string() && result["machine"]["available_cpus"].is_number());
        assert!(result.get("partial").is_none());
    }
}

#[test]
fn set_up_and_options_reach_the_code() {
    let mut host = recorder(21);
    run_cell("%%timeit -n 10 -r 21 --budget 500ms let n = 3\nv.len() + n", &mut host).unwrap();
    let code = &host.rust[0];
    assert!(code.starts_with("{ let n = 3; #[allow"), "{code}");
    assert!(code.contains(r#"\"budget_s\":0.5"#) && code.contains(r#"\"n\":10"#) && code.contains(r#"\"r\":21"#), "{code}");
    assert!(code.contains("touch(&(&n, &v, ))"), "{code}");
}

#[test]
fn the_line_form_times_its_text() {
    let mut host = recorder(21);
    run_cell("%timeit v.len()", &mut host).unwrap();
    assert!(host.rust[0].contains("Ok({ v.len() })"));
}

#[test]
fn quiet_shows_nothing_and_out_binds() {
    for cell in ["%%timeit -q -o t\nv.len()", "%%timeit -q -v t\nv.len()", "t << %timeit -q v.len()"] {
        let mut host = recorder(11);
        run_cell(cell, &mut host).unwrap();
        assert!(host.displays.is_empty());
        assert!(host.rust[1].starts_with("let t: lab::measure::Timing = lab::measure::Timing::from_json(\"{"), "{}", host.rust[1]);
        assert!(host.rust[1].contains(r#"\"iterations\":1000"#));
    }
}

#[test]
fn suspicious_times_are_warned_about() {
    let fast = vec![0.2e-9; 11];
    let mut host = Recorder::default().events(&[("result", json!({"samples_s": fast, "iterations": 1_000_000, "unit_result": true}))]);
    run_cell("%%timeit\n2 + 2;", &mut host).unwrap();
    let shown = host.shown();
    assert!(shown.contains("clock cycle") && shown.contains("returns no value") && shown.contains("computed it in advance"), "{shown}");
    assert!(host.displays[0].metadata["benchbook"]["warnings"].as_array().unwrap().len() >= 3);
}

#[test]
fn few_samples_are_listed_without_an_interval() {
    let mut host = Recorder::default().events(&[("result", json!({"samples_s": [0.5, 0.6, 0.55], "iterations": 1}))]);
    run_cell("%timeit -r 3 v.len()", &mut host).unwrap();
    let shown = host.shown();
    assert!(shown.contains("all samples") && shown.contains("too few for an interval"), "{shown}");
    assert!(host.displays[0].metadata["benchbook"]["variants"][0].get("ci_s").is_none());
}

#[test]
fn an_interrupt_shows_the_part_and_then_fails() {
    let mut host = Interrupting(recorder(30));
    host.0.events.front_mut().unwrap().truncate(12);
    let error = host.run_cell("%%timeit -o t\nv.len()").unwrap_err();
    assert_eq!(error.name, "Interrupted");
    assert!(host.0.shown().contains("interrupted: this is the part measured so far, 12 samples"), "{}", host.0.shown());
    assert_eq!(host.0.displays[0].metadata["benchbook"]["partial"], true);
    assert_eq!(host.0.rust.len(), 1, "a part is not bound");
}

#[test]
fn wrong_use_is_explained() {
    let error = |cell: &str| plain(&run_cell(cell, &mut Recorder::default()).unwrap_err());
    assert!(error("%%timeit\n\n").contains("no code to measure"));
    assert!(error("%%timeit -n 0\nx").contains("out of range"));
    assert!(error("%%timeit --budget 0s\nx").contains("longer than nothing"));
    assert!(error("%%timeit\nx").contains("sent no samples"));
}

#[test]
fn a_moved_variable_gets_a_hint() {
    let mut host = Recorder::default();
    host.rust_errors.push_back(MagicError::new("CompileError", "error[E0507]: cannot move out of `v`"));
    let error = run_cell("%%timeit\ndrop(v)", &mut host).unwrap_err();
    assert!(error.hint.unwrap().contains("many times"));
    assert!(host.displays.is_empty());
}

#[test]
fn finished_measurements_are_kept_under_their_name() {
    for cell in ["%%timeit --label sum\nv.len()", "%%timeit -o len\nv.len()", "%timeit -q v.len()"] {
        run_cell(cell, &mut recorder(11)).unwrap();
    }
    Interrupting(recorder(11)).run_cell("%%timeit --label part\nv.len()").unwrap_err();
    let labels = crate::results::with_store(|store| store.all().iter().map(|known| known.label.clone()).collect::<Vec<_>>());
    assert_eq!(labels, ["sum", "len", "timeit #1"]);
}

#[test]
fn a_guess_is_marked_and_told() {
    let mut host = recorder(51);
    run_cell("%%timeit --predict 25us\nv.len()", &mut host).unwrap();
    assert!(host.shown().contains("your guess 25.0 µs") && host.shown().contains("times too high"), "{}", host.shown());
    let predicted = host.displays[0].metadata["benchbook"]["variants"][0]["predicted_s"].as_f64().unwrap();
    assert!((predicted - 25e-6).abs() < 1e-12, "{predicted}");
    let mut host = recorder(51);
    run_cell("%predict mine = 1us\n%timeit --label mine v.len()", &mut host).unwrap();
    assert!(host.shown().contains("the guess was 12 times too low"), "{}", host.shown());
    let mut host = recorder(51);
    let error = plain(&run_cell("%%timeit --predict soon\nv.len()", &mut host).unwrap_err());
    assert!(error.contains("`soon` is no time") && host.rust.is_empty(), "{error}");
}

#[test]
fn what_measuring_costs_and_what_was_allocated_is_told_where_it_shows() {
    let timed = |median: f64, more: serde_json::Value| {
        let mut result = json!({"samples_s": vec![median; 11], "iterations": 100, "loop_s": 0.27e-9, "reading_s": 20e-9});
        result.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Recorder::default().variable("v", "Vec<u64>").events(&[("result", result)])
    };
    let more = json!({"readings_per_iteration": 0.05, "allocations": 1.0, "allocated_bytes": 1024, "peak_bytes": 4096});
    let mut host = timed(20e-9, more);
    run_cell("%timeit v.clone()", &mut host).unwrap();
    let shown = host.shown();
    for part in
        ["empty loop (in part counted)", "reading the clock (subtracted)", "1.00 ns", "allocations per iteration", "1, 1 KiB", "4 KiB"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let variant = &host.displays[0].metadata["benchbook"]["variants"][0];
    assert_eq!((&variant["peak_bytes"], &variant["allocations"]), (&json!(4096), &json!(1)));
    assert!((variant["subtracted_s"].as_f64().unwrap() - 1e-9).abs() < 1e-15);
    let mut host = timed(1e-3, json!({}));
    run_cell("%timeit v.clone()", &mut host).unwrap();
    assert!(!host.shown().contains("empty loop") && !host.shown().contains("allocations"), "{}", host.shown());
    assert!(host.displays[0].metadata["benchbook"]["variants"][0].get("allocations").is_none());
}

#[test]
fn options_of_ipython() {
    let mut host = recorder(21);
    run_cell("%timeit -n 10 -r 21 -p 5 -c v.len()", &mut host).unwrap();
    assert!(host.rust[0].contains(r#"\"cpu\":true"#), "{}", host.rust[0]);
    assert_eq!(host.displays[0].metadata["benchbook"]["variants"][0]["clock"], "cpu");
    assert!(host.shown().contains("CPU time of the whole process"), "{}", host.shown());
    let mut host = recorder(21);
    run_cell("%timeit -t -p 2 v.len()", &mut host).unwrap();
    assert!(!host.rust[0].contains("cpu") && host.shown().contains("12 µs ["), "{}", host.shown());
}

#[test]
fn amounts_are_computed_after_the_set_up() {
    let mut host = recorder(11);
    host.events.front_mut().unwrap().insert(0, crate::host::Event { kind: "amount".into(), data: json!({"name": "rows", "value": 1e6}) });
    run_cell("%%timeit --rows \"2 * n\" let n = 3\nv.len() + n", &mut host).unwrap();
    assert!(host.rust[0].starts_with("{ let n = 3; lab::measure::amount(\"rows\", (2 * n) as f64);"), "{}", host.rust[0]);
    let variant = &host.displays[0].metadata["benchbook"]["variants"][0];
    assert_eq!(variant["input_rows"], 1e6);
    assert!(host.shown().contains("rows per second"), "{}", host.shown());
}
