use serde_json::{Value, json};

use crate::testing::{Recorder, plain, run_cell};

/// The arguments that the code sent to the worker calls its function with.
fn arguments(host: &Recorder, index: usize) -> Value {
    let code = &host.measured_python[index].0;
    let literal = code.rsplit_once("\", ").unwrap().1.trim_end_matches(')');
    let text: String = serde_json::from_str(literal).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()[0].clone()
}

fn interpreter() -> (&'static str, Value) {
    ("python", json!({"implementation": "CPython", "version": "3.11.7", "gil": true}))
}

fn timed(does_nothing: bool) -> Recorder {
    let samples: Vec<f64> = (0..21).map(|i| 1e-9 * (1.0 + 0.001 * f64::from(i))).collect();
    let result = json!({"samples_s": samples, "iterations": 1000, "first_s": 1e-6, "loop_s": 8e-9, "does_nothing": does_nothing});
    Recorder::default().events(&[interpreter(), ("result", result)])
}

fn swept(two: f64) -> Recorder {
    let samples = |s: f64| (0..15).map(|i| s * (1.0 + 0.002 * f64::from(i))).collect::<Vec<_>>();
    let threads = json!([{"threads": 1, "samples_s": samples(0.1)}, {"threads": 2, "samples_s": samples(two)}]);
    Recorder::default().events(&[interpreter(), ("result", json!({"rounds": 15, "start_s": 0.01, "threads": threads}))])
}

#[test]
fn timeit_sends_the_code_with_its_places() {
    let mut host = timed(false);
    run_cell("\n%%timeit --lang python --env /v -r 21 --setup 'w = v[:]' v = [3]\n# sorted\nw.sort()", &mut host).unwrap();
    assert!(host.rust.is_empty());
    assert_eq!(host.measured_python[0].1.as_deref(), Some("/v"));
    let sent = arguments(&host, 0);
    assert_eq!(sent["magic"], "%%timeit");
    let lines: Vec<&str> = sent["text"].as_str().unwrap().lines().collect();
    assert_eq!((lines[0], lines[2], lines[3]), ("", "# sorted", "w.sort()"));
    assert_eq!((&sent["body"]["line"], &sent["body"]["column"]), (&json!(3), &json!(0)));
    for (piece, text) in [("setup", "v = [3]"), ("each", "w = v[:]")] {
        assert_eq!((&sent[piece]["text"], &sent[piece]["line"]), (&json!(text), &json!(2)));
        assert!(lines[1][sent[piece]["column"].as_u64().unwrap() as usize..].starts_with(text));
    }
    assert_eq!(sent["config"]["r"], 21);
}

#[test]
fn timeit_tells_the_interpreter_and_no_traps_of_compiled_code() {
    let mut host = timed(false);
    run_cell("%%timeit --lang python\n# sum\nsum(v)", &mut host).unwrap();
    let result = &host.displays[0].metadata["benchbook"];
    assert_eq!((&result["title"], &result["variants"][0]["lang"]), (&json!("sum(v)"), &json!("python")));
    assert_eq!(result["python"], json!({"implementation": "CPython", "version": "3.11.7", "gil": true}));
    let shown = host.shown();
    for part in ["CPython 3.11.7, GIL on", "empty loop", "8.00 ns", "garbage collection was off"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("compiler") && !shown.contains("rustc"), "{shown}");
    let mut host = timed(true);
    run_cell("%timeit --lang python 2 + 2", &mut host).unwrap();
    assert!(host.shown().contains("nothing is left of this code"), "{}", host.shown());
    assert_eq!(arguments(&host, 0)["body"]["column"], 22);
}

#[test]
fn the_result_is_bound_in_python() {
    let mut host = timed(false);
    run_cell("t << %timeit -q --lang python f()", &mut host).unwrap();
    assert!(host.displays.is_empty() && host.rust.is_empty());
    let sent = arguments(&host, 1);
    assert_eq!((&sent["name"], &sent["timing"]["iterations"]), (&json!("t"), &json!(1000)));
}

#[test]
fn errors_are_pythons_own() {
    let told = json!({"ename": "ValueError", "evalue": "no", "traceback": ["line 2"]});
    let mut host = Recorder::default().events(&[interpreter(), ("failed", told)]);
    let error = run_cell("%%timeit --lang python\nf()", &mut host).unwrap_err();
    assert_eq!((error.name.as_str(), error.shown()), ("ValueError", vec!["line 2".to_owned()]));
    let told = json!({"ename": "UsageError", "evalue": "no share", "hint": "use `share`", "traceback": []});
    let mut host = Recorder::default().events(&[("failed", told)]);
    let error = run_cell("%%parallel --lang python\nf()", &mut host).unwrap_err();
    assert!(plain(&error).contains("no share") && plain(&error).contains("use `share`"), "{}", plain(&error));
}

#[test]
fn threads_that_do_not_scale_name_the_lock() {
    let mut host = swept(0.11);
    run_cell("%%parallel --lang python --threads 1,2 n = 3\nf(share(range(n)))", &mut host).unwrap();
    let sent = arguments(&host, 0);
    assert_eq!((&sent["counts"], &sent["backend"], &sent["setup"]["text"]), (&json!([1, 2]), &json!("threads"), &json!("n = 3")));
    let result = &host.displays[0].metadata["benchbook"];
    assert_eq!((&result["variants"][1]["backend"], &result["variants"][1]["threads"]), (&json!("threads"), &json!(2)));
    if crate::machine::Machine::read().available_cpus >= 2 {
        assert!(host.shown().contains("CPython 3.11.7 has a global interpreter lock"), "{}", host.shown());
    }
}

#[test]
fn processes_are_called_so() {
    let mut host = swept(0.055);
    run_cell("%%parallel --lang python --backend processes --threads 1,2\nf(worker, workers)", &mut host).unwrap();
    let result = &host.displays[0].metadata["benchbook"];
    assert_eq!(result["variants"][1]["label"], "2 processes");
    assert_eq!((&result["baseline"], &result["start_s"]), (&json!("1 process"), &json!(0.01)));
    let shown = host.shown();
    assert!(shown.contains("speed-up over one process") && shown.contains("starting the processes took 10"), "{shown}");
    assert!(!shown.contains("lock"), "{shown}");
}
