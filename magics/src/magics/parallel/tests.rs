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
