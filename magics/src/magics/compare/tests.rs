use serde_json::json;

use crate::host::Event;
use crate::sql_wire::{Comparison, DifferingRow};
use crate::testing::{Recorder, plain, run_cell};

/// A host whose two Rust variants take these times.
fn host(first: f64, other: f64) -> Recorder {
    let mut host = Recorder::default();
    let times = [first, other];
    let event = |kind: &str, data: serde_json::Value| Event { kind: kind.into(), data };
    for (index, time) in times.into_iter().enumerate() {
        let answer = event("answer", json!({"table": format!("compare_answer_{index}"), "ordered": true, "rows": 1}));
        host.events.push_back(vec![event("sample", json!({"s": time})), answer]);
    }
    for time in times {
        host.events.push_back(vec![event("warm", json!({"s": time, "spent_s": 0.1}))]);
    }
    host
}

const CELL: &str = "%%compare --rounds 8\n%% rust label=a\nf(&v)\n%% rust label=b\ng(&v)";

#[test]
fn values_come_before_times() {
    let session = tempfile::tempdir().unwrap();
    let mut host = Recorder { session: session.path().to_owned(), ..host(1e-3, 2e-3) };
    host.comparisons.push_back(vec![Comparison {
        equal: false,
        reason: "row 1, column value: 2 instead of 1".into(),
        row: Some(DifferingRow {
            index: 0,
            columns: vec!["value".into()],
            first: Some(vec![Some("1".into())]),
            other: Some(vec![Some("2".into())]),
        }),
    }]);
    // In order, they differ; without order they do too.
    host.comparisons.push_back(vec![Comparison::default()]);
    run_cell(CELL, &mut host).unwrap();
    let text = host.shown();
    assert!(text.contains("b and a give different answers: row 1, column value: 2 instead of 1"), "{text}");
    assert!(text.contains("nothing is ranked") && !text.contains("faster"), "{text}");
    assert!(host.displays.iter().all(|bundle| !bundle.data.contains_key("image/png")), "no chart");
    let result = &host.displays.last().unwrap().metadata["benchbook"];
    assert_eq!((&result["equal"], &result["variants"][1]["status"]), (&json!(false), &json!("wrong")));
    assert_eq!(result["verdicts"], json!([]));
}

#[test]
fn the_code_of_a_variant_is_the_same_in_all_rounds() {
    let session = tempfile::tempdir().unwrap();
    let mut host = Recorder { session: session.path().to_owned(), ..host(1e-3, 2e-3) }.variable("v", "Vec<u64>");
    // No more events: the first round fails, and is told.
    run_cell(CELL, &mut host).unwrap();
    let of = |name: &str| host.rust.iter().filter(|code| code.contains(name)).collect::<Vec<_>>();
    assert!(of("f(&v)").len() >= 3 && of("f(&v)").windows(2).all(|pair| pair[0] == pair[1]), "{:?}", host.rust);
    let code = of("g(&v)")[0];
    assert_eq!(code.lines().nth(4), Some("g(&v)"), "on its own line of the cell: {code}");
    assert!(code.contains("lab::measure::touch(&(&v, ));"), "{code}");
}

#[test]
fn options_are_checked() {
    for (line, message, hint) in [
        ("--baseline c", "no variant is labelled `c`", "variants are `a`, `b`"),
        ("--delta much", "no relative difference", "2%"),
        ("--tolerance 2", "no tolerance", "relative"),
        ("--budget 0", "longer than nothing", "10s"),
        ("--rounds 0", "0 rounds", "6"),
        ("--ordered --unordered", "exclude each other", "leave one out"),
        ("--sweep n=1", "no sweep", "n=1e3..1e6"),
        ("--processes 0", "0 processes", "5 are usual"),
        ("--processes 2 --sweep n=1..9", "exclude each other", "leave one out"),
        ("--bytes 8", "for a sweep", "--sweep"),
        ("1 + 1", "unexpected `1`", "--help"),
    ] {
        let cell = format!("%%compare {line}\n%% rust label=a\n1\n%% rust label=b\n1");
        let error = plain(&run_cell(&cell, &mut Recorder::default()).unwrap_err());
        assert!(error.contains(message) && error.contains(hint) && error.contains("line 1 |"), "{line}: {error}");
    }
}
