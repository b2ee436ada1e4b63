use super::*;
use crate::charts::colours;
use crate::charts::testing::{footer, save};
use crate::charts::value_bars::{ValueBar, ValueBars};

fn series(name: &str, look: usize, points: impl Iterator<Item = (f64, f64)>) -> PlotSeries {
    let points = points.map(|(x, y)| PlotPoint { x, y, label: None }).collect();
    PlotSeries { name: name.into(), look: colours::LOOKS[look], points }
}

fn plot() -> Plot {
    Plot {
        title: "What a list allocates as it grows".into(),
        note: "Lower is better.".into(),
        x_title: "items".into(),
        y_title: "bytes per item".into(),
        log_x: true,
        log_y: false,
        x_names: Vec::new(),
        y_names: Vec::new(),
        lines: true,
        series: vec![
            series("list", 5, (1..400).map(|i| (f64::from(i), 8.0 * (f64::from(i) * 1.125).ceil() / f64::from(i)))),
            series("array", 0, (0..9).map(|i| (2f64.powi(i), 8.0))),
        ],
        footer: footer(),
    }
}

#[test]
fn lines_with_names() {
    let drawn = plot().draw().unwrap();
    save("plot", &drawn);
    for part in ["list", "array", "items", "bytes per item", "Horizontal axis logarithmic"] {
        assert!(drawn.svg.contains(part), "{part}");
    }
    assert!(drawn.alt.contains("array from 8 at 1 to 8 at 256, 9 points"), "{}", drawn.alt);
    assert!(drawn.text.contains("one point in 11 of 408"), "{}", drawn.text);
}

#[test]
fn threads_are_counted_in_whole_numbers() {
    let chart = Plot { log_x: false, series: vec![series("threads", 0, [(1.0, 1.0), (2.0, 1.75), (3.0, 2.5)].into_iter())], ..plot() };
    let drawn = chart.draw().unwrap();
    assert!(drawn.svg.contains(">2</text>") && drawn.svg.contains(">2.0</text>"), "{}", drawn.svg);
    assert!(!drawn.svg.contains(">1.2</text>") && !drawn.svg.contains(">2.4</text>"), "{}", drawn.svg);
}

#[test]
fn points_with_labels() {
    let ways = [("CSV", 110.0, 1.9), ("Parquet", 30.0, 0.2), ("Arrow IPC", 62.0, 0.02)];
    let points = ways.iter().map(|(way, x, y)| PlotPoint { x: *x, y: *y, label: Some((*way).to_owned()) }).collect();
    let chart =
        Plot { lines: false, log_y: true, series: vec![PlotSeries { name: String::new(), look: colours::LOOKS[1], points }], ..plot() };
    let drawn = chart.draw().unwrap();
    save("plot_points", &drawn);
    assert!(ways.iter().all(|(way, ..)| drawn.svg.contains(way) && drawn.text.contains(way)), "{}", drawn.text);
}

/// Positions of the markers, one of each colour, by series.
fn markers(drawn: &Chart, look: usize) -> Vec<String> {
    let colour = colours::LOOKS[look].colour.hex();
    let is_marker = |line: &&str| line.contains(&format!("fill=\"{colour}\"")) && !line.starts_with("<text");
    drawn.svg.lines().filter(is_marker).map(str::to_owned).collect()
}

#[test]
fn names_along_an_axis() {
    let questions = ["sum by 100 texts", "median, deviation", "join, big"].map(str::to_owned).to_vec();
    let engine = |name: &str, look, ms: [f64; 3]| series(name, look, (0..3).map(|i| (ms[i as usize], f64::from(i))));
    let chart = Plot {
        lines: false,
        x_title: "milliseconds".into(),
        y_title: String::new(),
        y_names: questions.clone(),
        series: vec![engine("DuckDB", 0, [9.0, 40.0, 70.0]), engine("Polars", 1, [9.0, 40.0, 90.0])],
        ..plot()
    };
    let drawn = chart.draw().unwrap();
    save("plot_names", &drawn);
    assert!(questions.iter().all(|name| drawn.svg.contains(name) && drawn.text.contains(name)), "{}", drawn.text);
    assert!(drawn.alt.contains("DuckDB from sum by 100 texts at 9 to join, big at 70, 3 points"), "{}", drawn.alt);
    // Equal times: the markers of both are there, each at a place of its own.
    let (one, other) = (markers(&drawn, 0), markers(&drawn, 1));
    assert!(one.len() >= 3 && other.len() >= 3 && one.iter().all(|marker| !other.contains(marker)), "{one:?} {other:?}");
    let across = Plot { x_names: questions, y_names: Vec::new(), ..chart };
    let turned = |point: &PlotPoint| PlotPoint { x: point.y, y: point.x, label: None };
    let series = across.series.iter().map(|one| PlotSeries { points: one.points.iter().map(turned).collect(), ..one.clone() }).collect();
    let drawn = Plot { series, log_x: false, ..across }.draw().unwrap();
    save("plot_names_across", &drawn);
    assert!(drawn.alt.contains("70 at join, big"), "{}", drawn.alt);
}

#[test]
fn many_series_stay_in_their_slots_and_the_chart_stays_a_page() {
    let names: Vec<String> = (0..40).map(|i| format!("question {i}")).collect();
    let points = || (0..40).map(|i| (f64::from(i + 1), f64::from(i)));
    let many = (0..300).map(|i| series(&format!("engine {i}"), i % colours::LOOKS.len(), points())).collect();
    let chart = Plot { lines: false, y_names: names, series: many, ..plot() };
    let height =
        |drawn: &Chart| drawn.svg.split("viewBox=\"0 0 ").nth(1).unwrap().split(['"', ' ']).nth(1).unwrap().parse::<f64>().unwrap();
    assert!(height(&chart.draw().unwrap()) / crate::charts::svg::UNITS < 2000.0);
    let axis = Axis::linear(-0.5, 14.5, 72.0, 600.0);
    let across = Plot { x_names: (0..15).map(|i| format!("q{i}")).collect(), y_names: Vec::new(), ..chart };
    let (first, last) = (across.aside(0, &axis, &axis).0, across.aside(299, &axis, &axis).0);
    assert!(first < 0.0 && last > 0.0 && last - first < 528.0 / 15.0, "{first} to {last} within a slot");
}

#[test]
fn a_row_without_a_value_does_not_bring_the_legend_back() {
    let rows = ["one", "two"].map(str::to_owned).to_vec();
    let lane = |name: &str, look, y: f64| series(name, look, [(1.0, y), (2.0, y), (3.0, f64::NAN), (4.0, y)].into_iter());
    let chart = Plot { log_x: false, y_names: rows.clone(), series: vec![lane("one", 0, 0.0), lane("two", 1, 1.0)], ..plot() };
    assert_eq!(chart.draw().unwrap().svg.matches(">two</text>").count(), 1);
}

#[test]
fn rows_of_a_timeline_need_no_legend() {
    let rows = ["quarter, thread 1", "queue, thread 1"].map(str::to_owned).to_vec();
    let lane = |name: &str, look, y: f64| series(name, look, [(2.0, y), (90.0, y), (f64::NAN, y), (130.0, y), (170.0, y)].into_iter());
    let chart = Plot {
        log_x: false,
        x_title: "milliseconds".into(),
        y_title: "thread".into(),
        y_names: rows.clone(),
        series: vec![lane(&rows[0], 0, 0.0), lane(&rows[1], 1, 1.0)],
        ..plot()
    };
    let drawn = chart.draw().unwrap();
    save("plot_timeline", &drawn);
    assert_eq!(drawn.svg.matches("queue, thread 1</text>").count(), 1, "the axis names it");
    assert_eq!(drawn.svg.matches("<polyline").count(), 4 + drawn_frame_lines(&drawn), "two lines in two pieces each");
}

/// Lines that are not of a series.
fn drawn_frame_lines(drawn: &Chart) -> usize {
    let colours = [0, 1].map(|look| format!("stroke=\"{}\"", colours::LOOKS[look].colour.hex()));
    drawn.svg.lines().filter(|line| line.starts_with("<polyline") && !colours.iter().any(|colour| line.contains(colour))).count()
}

#[test]
fn labels_of_near_points_do_not_lie_on_each_other() {
    let near = [("Q9", 30.0, 46.0), ("Q1", 30.0, 45.9), ("Q3", 30.3, 46.0), ("Q18", 29.9, 45.8)];
    let points = near.iter().map(|(label, x, y)| PlotPoint { x: *x, y: *y, label: Some((*label).to_owned()) }).collect();
    let series = vec![
        PlotSeries { name: String::new(), look: colours::LOOKS[1], points },
        series("far", 0, [(1.0, 1.0), (90.0, 200.0)].into_iter()),
    ];
    let drawn = Plot { lines: false, log_x: false, series, ..plot() }.draw().unwrap();
    save("plot_near_labels", &drawn);
    let at = |label: &str| {
        let line = drawn.svg.lines().find(|line| line.ends_with(&format!(">{label}</text>"))).unwrap().to_owned();
        let get = |name: &str| line.split(&format!(" {name}=\"")).nth(1).unwrap().split('"').next().unwrap().to_owned();
        (get("x"), get("y"), get("text-anchor"))
    };
    let rows: Vec<Vec<&str>> = drawn.text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert!(rows.iter().any(|row| row.first() == Some(&"far")) && rows.iter().any(|row| row.first() == Some(&"Q18")), "{}", drawn.text);
    let places: Vec<_> = near.iter().map(|(label, ..)| at(label)).collect();
    assert!(places.iter().enumerate().all(|(i, place)| !places[..i].contains(place)), "{places:?}");
}

#[test]
fn labels_in_a_corner_stay_between_the_axes_and_off_the_markers() {
    let ways = [("Rust columns (97)", 7.0, 10.0), ("Rust parallel (116)", 8.2, 9.8), ("csv and dict", 90.0, 600.0)];
    let points = ways.iter().map(|(way, x, y)| PlotPoint { x: *x, y: *y, label: Some((*way).to_owned()) }).collect();
    let chart =
        Plot { lines: false, log_y: true, series: vec![PlotSeries { name: String::new(), look: colours::LOOKS[0], points }], ..plot() };
    let drawn = chart.draw().unwrap();
    save("plot_corner_labels", &drawn);
    let number = |line: &str, name: &str| -> f64 {
        line.split(&format!(" {name}=\"")).nth(1).and_then(|rest| rest.split('"').next()).and_then(|text| text.parse().ok()).unwrap()
    };
    let marker = |line: &str| (number(line, "cx"), number(line, "cy"));
    let centres: Vec<(f64, f64)> = markers(&drawn, 0).iter().filter(|line| line.starts_with("<circle")).map(|line| marker(line)).collect();
    assert_eq!(centres.len(), 3, "{}", drawn.svg);
    for (way, ..) in &ways[..2] {
        let line = drawn.svg.lines().find(|line| line.ends_with(&format!(">{way}</text>"))).unwrap();
        let wide = crate::charts::measure_text::width(way, crate::charts::theme::SMALL, false);
        let from = match () {
            () if line.contains("text-anchor=\"middle\"") => number(line, "x") - wide / 2.0,
            () if line.contains("text-anchor=\"end\"") => number(line, "x") - wide,
            () => number(line, "x"),
        };
        let over = |(x, y): &(f64, f64)| (from..from + wide).contains(x) && (number(line, "y") - y).abs() < 9.0;
        assert!(!centres.iter().any(over), "{way} lies on a marker: {line}, {centres:?}");
    }
}

#[test]
fn zero_has_no_logarithm() {
    let mut chart = plot();
    chart.series[0].points[3].x = 0.0;
    assert!(chart.draw().unwrap_err().to_string().contains("logarithmic axis cannot show 0"));
    chart.series.iter_mut().for_each(|series| series.points.clear());
    assert!(chart.draw().is_err());
}

#[test]
fn bars_of_values() {
    let bar = |label: &str, value| ValueBar { label: label.into(), series: String::new(), look: colours::LOOKS[1], value };
    let mut chart = ValueBars {
        title: "Bytes per row".into(),
        note: "Lower is better.".into(),
        value_title: "bytes per row".into(),
        log: false,
        bars: vec![bar("list of dicts", Some(248.4)), bar("list of tuples", Some(120.4)), bar("NumPy", Some(8.0)), bar("Arrow", None)],
        footer: footer(),
    };
    let drawn = chart.draw().unwrap();
    save("value_bars", &drawn);
    assert!(drawn.svg.contains("248") && drawn.svg.contains("no value") && drawn.alt.contains("NumPy 8"), "{}", drawn.alt);
    chart.log = true;
    save("value_bars_log", &chart.draw().unwrap());
    chart.bars[0].value = Some(-1.0);
    assert!(chart.draw().is_err(), "no logarithm");
    chart.log = false;
    save("value_bars_negative", &chart.draw().unwrap());
}
