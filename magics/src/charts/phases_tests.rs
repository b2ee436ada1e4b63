use super::*;
use crate::charts::colours::look;
use crate::charts::testing::{footer, save};

fn stack(parts: &[f64]) -> Stack {
    Part::ALL.into_iter().zip(parts.iter().copied()).filter(|(_, seconds)| *seconds > 0.0).collect()
}

fn row(label: &str, engine: &str, warm: &[f64], cold: &[f64], against: &str) -> Row {
    let parts = stack(warm);
    let value = total(&parts);
    Row {
        label: label.into(),
        detail: format!("{label} v1.2.3"),
        detail_2: "2 threads · 4 rows".into(),
        look: look(engine),
        warm: Some(Warm { median: Median { value, ci: Some((value * 0.94, value * 1.07)) }, parts }),
        cold: Some(stack(cold)),
        gap: None,
        against: against.into(),
    }
}

fn gap(label: &str, engine: &str, why: &str) -> Row {
    Row { warm: None, cold: None, gap: Some(why.into()), against: String::new(), ..row(label, engine, &[0.0], &[0.0], "") }
}

fn chart(rows: Vec<Row>) -> Phases {
    Phases {
        title: "TPC-H-derived query 1 on 5 engines: opening and loading included".into(),
        note: "The first run opens and loads.".into(),
        against: "of the baseline".into(),
        baseline: Some(0),
        rows,
        footer: footer(),
    }
}

#[test]
fn warm_and_cold_with_parts_clips_and_gaps() {
    let rows = vec![
        row("DuckDB", "duckdb", &[0.0, 0.0, 0.0016, 0.021, 0.0008], &[0.011, 0.004, 0.002, 0.044, 0.001], "baseline"),
        row("SQLite", "sqlite", &[0.0, 0.0, 0.0001, 0.24, 0.0], &[0.001, 0.31, 0.0001, 0.26, 0.0], "10.3 [9.8, 10.9]"),
        row("Polars", "polars", &[0.0, 0.003, 0.004, 0.019, 0.002], &[0.0, 0.004, 0.006, 0.061, 0.003], "1.20 [1.08, 1.31]"),
        row("Spark", "spark", &[0.0, 0.0, 0.09, 0.23, 0.05], &[0.3, 4.1, 1.4, 3.6, 0.4], "15.8 [14.1, 17.7]"),
        gap("Trino", "trino", "not available here: no server is known; `--connect http://host:8080` names one"),
    ];
    let drawn = chart(rows).draw().unwrap();
    save("phases_5", &drawn);
    assert!(
        drawn.svg.contains("lower is better") && drawn.svg.contains(">execute<") && drawn.svg.contains("9.80 s"),
        "clipped and labelled"
    );
    assert!(drawn.alt.contains("DuckDB warm") && drawn.alt.contains("cold 62.0 ms"), "{}", drawn.alt);
    assert!(drawn.text.contains('»') && drawn.text.contains("not available here"), "{}", drawn.text);
}

#[test]
fn a_slow_engine_does_not_hide_the_others() {
    let rows = vec![
        row("DuckDB", "duckdb", &[0.0, 0.0, 0.001, 0.002, 0.0], &[0.01, 0.0, 0.001, 0.003, 0.0], "baseline"),
        row("Polars", "polars", &[0.0, 0.0, 0.001, 0.003, 0.0], &[0.0, 0.001, 0.001, 0.004, 0.0], "1.4 [1.2, 1.6]"),
        row("Spark", "spark", &[0.0, 0.0, 0.1, 0.2, 0.05], &[0.3, 4.1, 1.4, 3.6, 0.4], "110 [100, 120]"),
    ];
    let drawn = chart(rows);
    assert!(drawn.limit() < 0.02, "{}", drawn.limit());
    save("phases_clipped", &drawn.draw().unwrap());
}

#[test]
fn two_rows_without_cold_and_only_gaps() {
    let mut rows = vec![
        row("Polars", "polars", &[0.0, 0.0, 0.001, 0.05, 0.0], &[0.0], ""),
        row("DuckDB", "duckdb", &[0.0, 0.0, 0.002, 0.04, 0.001], &[0.0], ""),
    ];
    rows.iter_mut().for_each(|row| row.cold = None);
    let few = Phases { against: String::new(), baseline: None, ..chart(rows) };
    save("phases_2", &few.draw().unwrap());
    save("phases_gaps", &chart(vec![gap("Spark", "spark", "out of memory"), gap("SQLite", "sqlite", "wrong result")]).draw().unwrap());
    assert!(chart(vec![]).draw().is_err());
}
