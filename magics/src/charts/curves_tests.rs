use super::*;
use crate::charts::colours;
use crate::charts::testing::{footer, save};

fn curve(name: &str, per: f64, start: f64, sizes: &[f64]) -> Curve {
    let points = sizes.iter().map(|x| {
        let value = start + per * x;
        Point { x: *x, median: Median { value, ci: Some((value * 0.93, value * 1.08)) } }
    });
    Curve { name: name.into(), look: colours::series(&[name])[0], points: points.collect(), gaps: Vec::new() }
}

fn chart() -> Curves {
    let sizes = [0.1, 1.0, 10.0, 100.0];
    let mut json = curve("JSON", 0.2, 0.001, &sizes[..3]);
    json.gaps.push((100.0, "timeout".into()));
    let mut chart = Curves {
        title: "Moving a table from one process to another".into(),
        note: String::new(),
        x_title: "megabytes".into(),
        curves: vec![
            json,
            curve("pickle", 0.002, 0.0002, &sizes),
            curve("Parquet", 0.01, 0.002, &sizes),
            curve("mapped IPC", 0.0, 0.0003, &sizes),
        ],
        marks: vec![(0.4, "L1d".into()), (8.0, "L2".into()), (1e9, "L3".into())],
        footer: footer(),
    };
    let names: Vec<String> = chart.curves.iter().map(|curve| curve.name.clone()).collect();
    let looks = colours::series(&names.iter().map(String::as_str).collect::<Vec<_>>());
    chart.curves.iter_mut().zip(looks).for_each(|(curve, look)| curve.look = look);
    chart
}

#[test]
fn curves_with_names_and_gaps() {
    let drawn = chart().draw().unwrap();
    save("curves", &drawn);
    for part in ["mapped IPC", "megabytes", "lower is better", "✕", "L1d", "L2"] {
        assert!(drawn.svg.contains(part), "{part}");
    }
    assert!(drawn.alt.contains("mapped IPC from 300 µs at 0.1 megabytes to 300 µs at 100 megabytes"), "{}", drawn.alt);
    assert!(!drawn.svg.contains("L3") && drawn.text.contains("marked: L1d at 0.4, L2 at 8"), "{}", drawn.text);
    assert!(drawn.alt.contains("none at 100 (timeout)"), "{}", drawn.alt);
    let lines: Vec<&str> = drawn.text.lines().collect();
    assert!(lines[2].starts_with("megabytes") && lines[6].contains("(timeout)"), "{}", drawn.text);
}

#[test]
fn one_point_is_drawn_and_none_is_an_error() {
    let mut one = chart();
    one.curves = vec![curve("Arrow", 1.0, 0.0, &[5.0])];
    save("curves_one", &one.draw().unwrap());
    one.curves = vec![curve("Arrow", 1.0, 0.0, &[])];
    assert_eq!(one.draw().unwrap_err().name, "ChartError");
}

#[test]
fn names_keep_their_distance() {
    let placed = spread(&[10.0, 11.0, 12.0, 100.0], 0.0, 105.0);
    assert!(placed.windows(2).all(|pair| pair[1] - pair[0] >= LINE - 1e-9), "{placed:?}");
    let low = spread(&[99.0, 100.0, 101.0], 0.0, 100.0);
    assert!(low.iter().all(|y| *y <= 100.0) && low.windows(2).all(|pair| pair[1] - pair[0] >= LINE - 1e-9), "{low:?}");
}
