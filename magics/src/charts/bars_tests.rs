use super::*;
use crate::charts::colours::look;
use crate::charts::testing::{footer, save};
use crate::stats::Summary;

fn bar(label: &str, detail: &str, engine: &str, centre: f64, spread: f64, n: usize, against: &str) -> Bar {
    let mut rng = Rng::new(centre.to_bits());
    let samples: Vec<f64> = (0..n).map(|_| centre * (1.0 + spread * rng.unit() * rng.unit())).collect();
    let summary = Summary::of(&samples).unwrap();
    let median = Median { value: summary.median, ci: summary.ci };
    let outcome = Outcome::Time { median, samples, against: against.into() };
    Bar { label: label.into(), detail: detail.into(), look: look(engine), outcome, peak_bytes: None }
}

fn gap(label: &str, engine: &str, why: &str) -> Bar {
    Bar { label: label.into(), detail: String::new(), look: look(engine), outcome: Outcome::Gap(why.into()), peak_bytes: None }
}

fn chart(title: &str, bars: Vec<Bar>) -> Bars {
    Bars {
        title: title.into(),
        note: "Ratios are to the time of the baseline.".into(),
        against: "of the baseline".into(),
        baseline: Some(0),
        bars,
        footer: footer(),
    }
}

#[test]
fn two_bars() {
    let bars = vec![
        bar("pandas.q1", "pandas 2.3.1", "pandas", 0.412, 0.1, 11, "baseline"),
        bar("duckdb.q1", "DuckDB v1.5.6", "duckdb", 0.0312, 0.2, 21, "0.074 [0.071, 0.079]"),
    ];
    let drawn = chart("TPC-H query 1, scale factor 0.1", bars).draw().unwrap();
    save("bars_2", &drawn);
    assert!(drawn.svg.contains("lower is better") && drawn.svg.contains("Bars from zero") && drawn.svg.contains(">baseline<"));
    assert!(drawn.alt.contains("pandas.q1 4") && drawn.alt.contains("Baseline: pandas.q1."), "{}", drawn.alt);
    assert!(drawn.text.contains("│████"), "{}", drawn.text);
}

#[test]
fn peaks_of_memory_have_a_panel_of_their_own() {
    let with = |bar: Bar, peak_bytes| Bar { peak_bytes, ..bar };
    let bars = vec![
        with(bar("list of dicts", "CPython 3.11.9", "python", 0.412, 0.1, 11, "baseline"), Some(230e6)),
        with(bar("columns", "Rust", "rust", 0.0312, 0.2, 21, "0.074 [0.071, 0.079]"), Some(16e6)),
        with(gap("spark", "spark", "not available here"), None),
    ];
    let drawn = chart("One million rows", bars).draw().unwrap();
    save("bars_memory", &drawn);
    assert!(drawn.svg.contains("peak memory (MiB)") && drawn.svg.contains("219 MiB"), "{}", drawn.svg);
    assert!(
        drawn.text.contains("219 MiB") && drawn.alt.contains("Peak memory: list of dicts 219 MiB; columns 15.3 MiB; spark –"),
        "{}\n{}",
        drawn.text,
        drawn.alt
    );
}

#[test]
fn five_bars_with_gaps_and_long_labels() {
    let bars = vec![
        bar("pandas", "groupby on object columns", "pandas", 1.20, 0.05, 11, "baseline"),
        bar("polars", "lazy, two threads", "polars", 0.19, 0.4, 31, "0.17 [0.16, 0.20]"),
        bar("duckdb with a label that is much longer than the column", "", "duckdb", 0.151, 0.1, 31, "0.13 [0.12, 0.14]"),
        gap("spark", "spark", "not available here"),
        gap("sqlite", "sqlite", "stopped: took too long: more than 60 s for one run of the query, which is the limit"),
        bar("raw samples only", "3 samples, no interval", "rust", 0.7, 0.1, 3, "cannot tell"),
    ];
    let drawn = chart("Group by symbol and day", bars).draw().unwrap();
    save("bars_6", &drawn);
    assert!(drawn.svg.contains("not available here") && drawn.text.contains("(not available here)"));
}

#[test]
fn twelve_bars_over_five_decades_are_dots() {
    let engines = ["rust", "polars", "duckdb", "sqlite", "pandas", "python", "spark", "trino", "other", "rust", "polars", "duckdb"];
    let bars = engines.iter().enumerate().map(|(i, engine)| {
        let centre = 2.3e-7 * 3.1f64.powi(i as i32);
        bar(
            &format!("{engine} variant {i}"),
            "sum of squares",
            engine,
            centre,
            if i == 3 { 2.5 } else { 0.3 },
            21,
            if i == 0 { "baseline" } else { "12345 [11000, 14000]" },
        )
    });
    let drawn = chart("Twelve ways to sum squares", bars.collect()).draw().unwrap();
    save("bars_12_log", &drawn);
    assert!(drawn.svg.contains("logarithmic") && !drawn.svg.contains("Bars from zero"));
    assert!(drawn.text.contains('●'), "{}", drawn.text);
}

#[test]
fn off_scale_samples_are_marked_and_one_bar_is_enough() {
    let mut one = bar("timeit #1", "v.iter().map(|x| x * x).sum::<u64>()", "rust", 12.3e-6, 0.05, 51, "baseline");
    if let Outcome::Time { samples, .. } = &mut one.outcome {
        samples.push(40e-6);
    }
    let drawn = Bars { against: String::new(), note: String::new(), ..chart("Results", vec![one]) }.draw().unwrap();
    save("bars_1", &drawn);
    assert!(drawn.svg.contains("1 sample at 40.0 µs"));
}

#[test]
fn only_gaps_draw_and_no_rows_do_not() {
    save("bars_gaps", &chart("Nothing ran", vec![gap("spark", "spark", "out of memory")]).draw().unwrap());
    assert!(chart("x", vec![]).draw().is_err());
}
