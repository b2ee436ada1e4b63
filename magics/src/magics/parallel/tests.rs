use serde_json::{Value, json};

use super::{default_threads, threads};
use crate::measure::testing::Interrupting;
use crate::registry::Call;
use crate::stats::bootstrap::Rng;
use crate::testing::{Recorder, plain, run_cell};

fn events(serial: f64, rounds: usize) -> Vec<(&'static str, Value)> {
    let mut rng = Rng::new(8);
    let counts = [1_usize, 2];
    let mut all: Vec<Vec<f64>> = vec![Vec::new(); counts.len()];
    let mut events = Vec::new();
    for _ in 0..rounds {
        for (i, p) in counts.iter().enumerate() {
            let s = 0.1 * (serial + (1.0 - serial) / *p as f64) * (1.0 + 0.02 * rng.unit());
            all[i].push(s);
            events.push(("sample", json!({"threads": p, "s": s})));
        }
    }
    let threads: Vec<Value> = counts.iter().zip(all).map(|(p, s)| json!({"threads": p, "samples_s": s})).collect();
    events.push(("result", json!({"rounds": rounds, "seed": 42, "threads": threads})));
    events
}

#[test]
fn two_threads_give_points_and_no_fit() {
    let mut host = Recorder::default().variable("v", "Vec<f64>").events(&events(0.1, 15));
    run_cell("%%parallel --threads 1,2\nv.par_iter().sum::<f64>()", &mut host).unwrap();
    assert!(host.rust[0].contains("lab::measure::parallel(") && host.rust[0].contains("&[1, 2]"), "{}", host.rust[0]);
    let result = &host.displays[0].metadata["benchbook"];
    assert_eq!((&result["magic"], &result["seed"], &result["rounds"]), (&json!("parallel"), &json!(42), &json!(15)));
    let variants = result["variants"].as_array().unwrap();
    assert_eq!(variants.iter().map(|v| v["threads"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2]);
    let speedup = variants[1]["speedup"].as_f64().unwrap();
    assert!((1.75..1.9).contains(&speedup), "{speedup}");
    assert!(variants[1]["speedup_ci"].is_array() && variants[0].get("karp_flatt").is_none());
    assert!(result["amdahl"]["refused"].as_str().unwrap().contains("at least 3 thread counts"));
    assert!(host.shown().contains("Karp-Flatt"), "{}", host.shown());
    assert!(host.displays[1].data.contains_key("text/html") && host.displays[1].metadata.contains_key("benchbook"));
}

#[test]
fn code_without_rayon_is_advised() {
    let mut host = Recorder::default().events(&events(1.0, 15));
    run_cell("%%parallel --threads 1,2\nv.iter().sum::<f64>()", &mut host).unwrap();
    if crate::machine::Machine::read().available_cpus >= 2 {
        assert!(host.shown().contains("names nothing of Rayon"), "{}", host.shown());
    }
}

#[test]
fn an_interrupt_shows_the_rounds_so_far() {
    let mut host = Interrupting(Recorder::default().events(&events(0.1, 15)[..16]));
    let error = host.run_cell("%%parallel --threads 1,2\nwork()").unwrap_err();
    assert_eq!(error.name, "Interrupted");
    assert!(host.0.shown().contains("this is the part measured so far, 8 rounds"), "{}", host.0.shown());
}

#[test]
fn thread_counts() {
    assert_eq!(default_threads(1), [1]);
    assert_eq!(default_threads(2), [1, 2]);
    assert_eq!(default_threads(5), [1, 2, 3, 4, 5]);
    assert_eq!(default_threads(16), [1, 2, 3, 4, 6, 8, 12, 16]);
    assert_eq!(threads(&Call::default(), 2).unwrap(), (vec![1, 2], false));
    let mut host = Recorder::default().events(&events(0.1, 6));
    run_cell("%%parallel -t 4,2,2\nx", &mut host).unwrap();
    assert!(host.rust[0].contains("&[1, 2, 4]"));
    assert!(host.shown().contains("1 thread was added"), "{}", host.shown());
}

#[test]
fn wrong_use_is_explained() {
    let error = |cell: &str| plain(&run_cell(cell, &mut Recorder::default()).unwrap_err());
    assert!(error("%%parallel --threads 1,0\nx").contains("`0` is no thread count"));
    assert!(error("%%parallel --threads two\nx").contains("`two` is no thread count"));
    assert!(error("%%parallel --rounds 0\nx").contains("out of range"));
    assert!(error("%%parallel\n").contains("no code to measure"));
}

#[test]
fn a_guess_is_marked_and_told() {
    let mut host = Recorder::default().events(&events(0.1, 15));
    run_cell("%%parallel --threads 1,2 --predict 1.2\nv.par_iter().sum::<f64>()", &mut host).unwrap();
    assert!(host.shown().contains("your guess for the largest count: 1.20 ×"), "{}", host.shown());
    assert!(host.shown().contains("% too low") && host.displays[0].data["image/svg+xml"].as_str().unwrap().contains("your guess: 1.20"));
    assert_eq!(host.displays[0].metadata["benchbook"]["predicted_speedup"], 1.2);
    assert!(run_cell("%%parallel --predict much\n1", &mut host).is_err());
}

/// A host with a session folder that answers every sample: Rust and Python halve their time with two, SQL stays.
struct Sections(Recorder);

impl Sections {
    fn new() -> (Self, tempfile::TempDir) {
        let session = tempfile::tempdir().unwrap();
        (Self(Recorder { session: session.path().to_owned(), ..Recorder::default() }), session)
    }

    /// Events of as many samples as there may be: all say the same of one count.
    fn samples(mut self, seconds: &[f64]) -> Self {
        for s in seconds {
            self.0 = self.0.events(&[("sample", json!({"s": s, "repeats": 2}))]);
        }
        self
    }
}

#[test]
fn sections_are_swept_together_and_drawn_on_one_chart() {
    let (host, _session) = Sections::new();
    // One that prepares, then 6 rounds of Rust at 1 and 2 and the sequential code.
    let mut host = host.samples(&[0.01; 40]).0;
    let reply = |execute: f64| crate::sql_wire::SqlReply {
        phases: crate::sql_wire::Phases { execute: Some(execute), ..Default::default() },
        engine_version: "DuckDB v1.5.6".into(),
        threads: 2,
        ..Default::default()
    };
    host.outcomes.extend((0..200).map(|i| Ok(reply(0.02 + 1e-5 * f64::from(i % 5)))));
    let cell = "%%parallel --threads 1,2 --rounds 6\n%% rust label=Rayon\nuse lab::rayon::prelude::*; v.par_iter().sum::<f64>()\n\
                %% rust sequential\nv.iter().sum::<f64>()\n%% sql\nSELECT 1";
    run_cell(cell, &mut host).unwrap();
    let result = &host.displays[0].metadata["benchbook"];
    assert_eq!(
        (&result["magic"], &result["rounds"], &result["best_sequential"]),
        (&json!("parallel"), &json!(6), &json!("Rust, sequential"))
    );
    let labels: Vec<&str> = result["variants"].as_array().unwrap().iter().map(|v| v["label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["Rayon, 1 thread", "Rayon, 2 threads", "Rust, sequential, 1 thread", "DuckDB, 1 thread", "DuckDB, 2 threads"]);
    for variant in result["variants"].as_array().unwrap() {
        assert_eq!(variant["samples_s"].as_array().unwrap().len(), 6, "{variant}");
        assert!(variant["over_sequential"].is_number(), "{variant}");
    }
    let codes: std::collections::BTreeSet<&String> = host.rust.iter().collect();
    assert_eq!(codes.len(), 2, "the code of a section is always the same, so that it is compiled once");
    let told: Vec<Option<usize>> = host.sql.iter().map(|request| request.threads).collect();
    assert!(told.contains(&Some(1)) && told.contains(&Some(2)), "{told:?}");
    let shown = host.shown();
    for part in ["Speed-up: Rayon and DuckDB", "best sequential code (Rust, sequential", "over the best sequential", "DuckDB v1.5.6"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(host.displays[0].data.contains_key("image/png") && host.displays[1].data.contains_key("text/html"));
}

#[test]
fn an_engine_that_is_not_there_is_a_gap_and_the_others_go_on() {
    let (host, _session) = Sections::new();
    let mut host = host.samples(&[0.01; 40]).0;
    let failure = crate::sql_wire::SqlFailure { class: "Unavailable".into(), message: "it is not installed".into(), offset: None };
    host.outcomes.push_back(Err(failure));
    run_cell("%%parallel -t 1,2 --rounds 6\n%% rust\nv.par_iter().sum::<f64>()\n%% sql engine=spark\nSELECT 1", &mut host).unwrap();
    let variants = host.displays[0].metadata["benchbook"]["variants"].as_array().unwrap();
    assert_eq!((&variants[2]["status"], &variants[2]["label"]), (&json!("unavailable"), &json!("Spark")));
    assert!(host.shown().contains("Spark: not available here: it is not installed"), "{}", host.shown());
}

#[test]
fn python_sections_keep_their_workers_and_end_them() {
    let (mut host, _session) = Sections::new();
    let about = ("python", json!({"implementation": "CPython", "version": "3.11.7", "gil": true}));
    host.0 = host.0.events(&[about, ("result", json!({"repeats": 3, "start_s": 0.02}))]);
    let mut host = host.samples(&[0.1; 12]).0;
    run_cell("%%parallel -t 1,2 --rounds 6\n%% python backend=processes label=p\nsum(share(v))", &mut host).unwrap();
    let calls: Vec<&str> = host.measured_python.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(calls.len(), 14);
    assert!(calls[0].contains("\"begin\"") && calls[0].contains("processes") && calls[13].contains("\"close\""));
    assert!(calls[1..13].iter().all(|code| code.contains("\"take\"")));
    let result = &host.displays[0].metadata["benchbook"];
    assert_eq!(result["variants"][1]["backend"], "processes");
    assert_eq!(result["sections"][0]["python"]["gil"], true);
}

#[test]
fn wrong_sections_are_explained() {
    let error = |cell: &str| plain(&run_cell(cell, &mut Recorder::default()).unwrap_err());
    assert!(error("%%parallel\nlet x = 1;\n%% rust\nx").contains("before the first section"));
    assert!(error("%%parallel --lang python\n%% rust\nx").contains("exclude each other"));
    assert!(error("%%parallel\n%% rust sequential\nx").contains("nothing to spread"));
    assert!(error("%%parallel\n%% rust label=a\nx\n%% sql label=a\nSELECT 1").contains("two sections are called `a`"));
    assert!(error("%%parallel\n%% python backend=fibres\nx").contains("`fibres` runs no Python"));
    assert!(error("%%parallel\n%% sql engine=duckbd\nSELECT 1").contains("there is no engine `duckbd`"));
    assert!(error("%%parallel\n%% sql\nINSERT INTO t VALUES (1)").contains("cannot be repeated"));
    assert!(error("%%parallel\n%% rust engine=duckdb\nx").contains("knows no `engine`"));
}
