//! A whole check on the recording host.

use serde_json::{Value, json};

use crate::error::MagicError;
use crate::sql_wire::SqlReply;
use crate::testing::{Recorder, plain, run_cell};

const CHECK: &str =
    "%%check a\n%% hint look\n%% correct\nf() == 1\n%% effect at-least=3 rounds=7\n%% baseline\nslow()\n%% solution\nquick()\n";

/// A host with an exercise that has run.
fn ready() -> Recorder {
    let mut host = Recorder::default();
    run_cell("%%exercise a\nfn f() -> i32 { 1 }", &mut host).unwrap();
    host.rust.clear();
    host
}

fn gate(host: &mut Recorder, holds: bool) {
    let event = json!({"holds": holds});
    host.events.push_back(vec![crate::host::Event { kind: "gate".into(), data: event }]);
}

fn object(host: &Recorder) -> Value {
    host.displays.iter().rev().find_map(|bundle| bundle.metadata.get("benchbook").cloned()).unwrap()
}

/// Times of both: a sample is told by the code that runs.
fn rounds(host: &mut Recorder, baseline: f64, solution: f64) {
    // The order within a round follows from the seed.
    let mut order = crate::stats::bootstrap::Rng::new(crate::stats::bootstrap::SEED);
    let mut times = vec![solution, baseline];
    for _ in 0..7 {
        let solution_first = order.below(2) == 1;
        times.extend(if solution_first { [solution, baseline] } else { [baseline, solution] });
    }
    for s in times {
        host.events.push_back(vec![crate::host::Event { kind: "sample".into(), data: json!({"s": s, "n": 1}) }]);
    }
}

#[test]
fn a_right_and_quick_answer_passes() {
    let mut host = ready();
    gate(&mut host, true);
    rounds(&mut host, 1e-2, 1e-3);
    run_cell(CHECK, &mut host).unwrap();
    let shown = host.shown();
    assert!(
        shown.starts_with("PASSED: a") && shown.contains("10 times as fast as the baseline [10, 10]; at least 3 is asked for"),
        "{shown}"
    );
    let object = object(&host);
    assert_eq!((&object["magic"], &object["exercise"], &object["verdict"]), (&json!("check"), &json!("a"), &json!("passed")));
    assert_eq!(object["gates"][1]["name"], "effect");
    assert!((object["gates"][1]["ratio"].as_f64().unwrap() - 10.0).abs() < 1e-9);
    assert_eq!(object["variants"][1]["samples_s"].as_array().unwrap().len(), 7);
    assert_eq!(object["code_sha256"].as_str().unwrap().len(), 64);
    assert!(object.get("score").is_none());
    // The code of a round stands on the lines of the cell, so that errors do.
    assert!(host.rust.iter().any(|code| code.lines().nth(8) == Some("quick()")), "{:?}", host.rust);
}

#[test]
fn a_slow_answer_fails_with_its_ratio() {
    let mut host = ready();
    gate(&mut host, true);
    rounds(&mut host, 1e-3, 1e-3);
    let error = run_cell(CHECK, &mut host).unwrap_err();
    assert_eq!(error.name, "NotYet");
    assert!(error.message.contains("a, effect: 1 times as fast"), "{error}");
    assert!(host.shown().contains("NOT YET: a") && host.shown().contains("There is a hint: `%hint a`."), "{}", host.shown());
    host.displays.clear();
    run_cell("%hint a", &mut host).unwrap();
    assert_eq!(host.shown(), "hint 1 of 1: look");
}

#[test]
fn a_wrong_answer_is_not_measured() {
    let mut host = ready();
    gate(&mut host, false);
    let error = run_cell(CHECK, &mut host).unwrap_err();
    assert!(error.message.contains("correct: this is not true: `f() == 1`"), "{error}");
    assert!(host.shown().contains("– not looked at"), "{}", host.shown());
    assert_eq!(host.rust.len(), 1);
    assert_eq!(object(&host)["gates"][1]["verdict"], "skipped");
}

#[test]
fn the_exercise_must_have_run_well() {
    let mut host = Recorder::default();
    let error = run_cell(CHECK, &mut host).unwrap_err();
    assert!(error.name == "NotYet" && error.message.contains("has not run yet"), "{error}");
    host.rust_errors.push_back(MagicError::new("CompileError[E0308]", "mismatched types (Cell 1, line 2)"));
    run_cell("%%exercise a\nfn f() -> i32 { \"\" }", &mut host).unwrap_err();
    let error = run_cell(CHECK, &mut host).unwrap_err();
    assert!(error.message.contains("mismatched types"), "{error}");
    assert!(host.rust.len() == 1, "the check's code did not run");
}

#[test]
fn with_points_the_score_is_the_value_of_the_cell() {
    let mut host = ready();
    gate(&mut host, true);
    rounds(&mut host, 1e-3, 1e-3);
    run_cell(&CHECK.replace("check a", "check a --points 3"), &mut host).unwrap_err();
    let last = host.displays.last().unwrap();
    assert_eq!(last.data["text/plain"], "1.5");
    assert_eq!((object(&host)["score"].clone(), object(&host)["points"].clone()), (json!(1.5), json!(3.0)));
}

#[test]
fn what_the_machine_lacks_is_not_held_against_anyone() {
    let mut host = ready();
    gate(&mut host, false);
    run_cell("%%check a --points 1\n%% requires says=\"four CPUs\"\ncpus() >= 4\n%% correct\nf()", &mut host).unwrap();
    let shown = host.shown();
    assert!(shown.contains("INCONCLUSIVE: a") && shown.contains("four CPUs"), "{shown}");
    assert_eq!(host.displays.last().unwrap().data["text/plain"], "1.0");
}

#[test]
fn code_that_breaks_is_shown_in_the_traceback() {
    let mut host = ready();
    let lines = vec!["error[E0425]: cannot find function `f`".to_owned()];
    host.rust_errors.push_back(MagicError::new("CompileError[E0425]", "cannot find function `f` (Cell 2, line 4)").traceback(lines));
    let error = run_cell(CHECK, &mut host).unwrap_err();
    assert!(plain(&error).contains("error[E0425]: cannot find function `f`"), "{}", plain(&error));
    host.rust_errors.push_back(MagicError::interrupted());
    assert_eq!(run_cell(CHECK, &mut host).unwrap_err().name, "Interrupted");
}

#[test]
fn plans_and_queries_are_evidence() {
    let plan = |text: &str| Ok(SqlReply { plan_text: Some(text.into()), ..SqlReply::default() });
    let check = "%%check a\n%% evidence plan=\"COVERING INDEX\" plan-lacks=SCAN engine=sqlite\nSELECT 1";
    let mut host = ready().reply(plan("SEARCH orders USING COVERING\n INDEX x"));
    run_cell(check, &mut host).unwrap();
    assert_eq!((host.sql[0].engine.as_str(), host.sql[0].plan), ("sqlite", crate::sql_wire::Plan::Explain));
    let mut host = ready().reply(plan("SCAN orders USING COVERING INDEX x"));
    assert!(run_cell(check, &mut host).unwrap_err().message.contains("the plan has `SCAN`"));
    let rows = |value: &str| Ok(SqlReply { rows: vec![vec![Some(value.into())]], row_count: 1, ..SqlReply::default() });
    let mut host = ready().reply(rows("true")).reply(rows("false"));
    run_cell("%%check a --lang sql\nSELECT count(*) = 3 FROM t", &mut host).unwrap();
    assert!(run_cell("%%check a --lang sql\nSELECT count(*) = 3 FROM t", &mut host).unwrap_err().message.contains("count(*) = 3"));
}

#[test]
fn html_is_escaped() {
    let mut host = ready();
    gate(&mut host, false);
    run_cell("%%check a\n%% correct says=\"<b>no</b>\"\nf()", &mut host).unwrap_err();
    assert!(host.shown_html().contains("&lt;b&gt;no") && host.shown_html().contains("NOT YET"));
}
