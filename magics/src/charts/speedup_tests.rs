use super::*;
use crate::charts::testing::{footer, save};
use crate::stats::bootstrap::{Rng, SEED};
use crate::stats::scaling::{self, Sweep};

fn chart(title: &str, serial: f64, threads: &[usize], available: usize, physical: Option<usize>) -> Chart {
    let mut rng = Rng::new(9);
    let sweeps: Vec<Sweep> = threads
        .iter()
        .map(|&p| {
            let useful = p.min(available) as f64;
            let time = 0.123 * (serial + (1.0 - serial) / useful);
            Sweep { threads: p, samples: (0..15).map(|_| time * (1.0 + 0.08 * rng.unit())).collect() }
        })
        .collect();
    let speedup = Speedup {
        title: title.into(),
        workers: THREADS,
        note: "15 rounds, thread counts in random order (seed 42).".into(),
        points: scaling::points(&sweeps, SEED),
        amdahl: scaling::amdahl(&sweeps, available, SEED),
        limits: Limits { available, physical, because: (available == 2).then_some("cgroup quota") },
        guess: None,
        footer: footer(),
    };
    speedup.draw().unwrap()
}

#[test]
fn two_cores_points_and_no_fit() {
    let chart = chart("prices.par_iter().map(black_scholes).sum::<f64>()", 0.06, &[1, 2], 2, Some(1));
    save("speedup_2", &chart);
    assert!(chart.svg.contains("higher is better") && chart.svg.contains(">ideal<"));
    assert!(chart.svg.contains("2 CPUs available (cgroup quota)") && chart.svg.contains("1 physical core"));
    assert!(chart.text.contains("No curve fitted"), "{}", chart.text);
    assert!(chart.alt.contains("with 2 threads"), "{}", chart.alt);
}

#[test]
fn eight_cores_with_amdahl() {
    let chart = chart("df.par_group_by(symbol)", 0.12, &[1, 2, 3, 4, 6, 8], 8, Some(4));
    save("speedup_8", &chart);
    assert!(chart.svg.contains("law fitted"), "{}", chart.text);
}

#[test]
fn more_threads_than_cpus_are_shaded() {
    save("speedup_over", &chart("v.par_sort()", 0.2, &[1, 2, 4, 8], 2, None));
}

#[test]
fn many_threads_keep_labels_apart() {
    let threads = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];
    save("speedup_64", &chart("monte_carlo(1_000_000)", 0.01, &threads, 64, Some(32)));
}

#[test]
fn code_that_does_not_scale() {
    save("speedup_flat", &chart("prices.iter().sum::<f64>()", 1.0, &[1, 2], 2, None));
}

#[test]
fn one_thread_only_is_drawn_and_no_base_is_an_error() {
    save("speedup_1", &chart("x", 0.1, &[1], 1, None));
    let none = Speedup {
        title: "x".into(),
        workers: THREADS,
        note: String::new(),
        points: vec![],
        amdahl: Amdahl::Refused("no fit".into()),
        limits: Limits { available: 2, physical: None, because: None },
        guess: None,
        footer: footer(),
    };
    assert!(none.draw().is_err());
}
