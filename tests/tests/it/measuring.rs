//! `%%timeit`, `%%parallel`, `%%profile`: charts in three forms, and the documented object. No time is judged.

use base64::Engine;
use serde_json::Value;
use tests::result_object;
use tests::session::Session;
use tests::transcript::{Transcript, data};

/// Every chart is SVG, PNG and text, with text for those who cannot see it, and needs nothing from elsewhere.
#[track_caller]
fn chart(cell: &Transcript) {
    let charts: Vec<_> = cell.displays().into_iter().filter(|message| message.content["data"]["image/svg+xml"].is_string()).collect();
    assert_eq!(charts.len(), 1, "one chart:\n{}", cell.text());
    let svg = data(charts[0], "image/svg+xml");
    assert!(svg.contains("<svg") && svg.trim_end().ends_with("</svg>"), "{svg:.200}");
    for banned in ["<script", "onload=", "<foreignObject", "href=\"http", "url(http", "@import"] {
        assert!(!svg.contains(banned), "{banned} in the chart");
    }
    assert!(svg.contains("<title") || svg.contains("aria-label"), "a text for those who cannot see the chart");
    let png = base64::engine::general_purpose::STANDARD.decode(data(charts[0], "image/png").replace('\n', "")).expect("base64");
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    let size = |at: usize| u32::from_be_bytes([png[at], png[at + 1], png[at + 2], png[at + 3]]);
    assert!(size(16) >= 400 && size(20) >= 150, "{} x {}", size(16), size(20));
    assert!(data(charts[0], "text/plain").lines().count() > 1, "{}", data(charts[0], "text/plain"));
}

fn variants(cell: &Transcript) -> Vec<Value> {
    cell.measured()["variants"].as_array().expect("checked").clone()
}

#[test]
fn timeit() {
    let mut session = Session::start();
    let _ = session.ok("let data: Vec<u64> = (0..100_000).rev().collect();");
    let timed = session.ok("%%timeit --budget 1s -o sorting\nlet mut copy = data.clone();\ncopy.sort();\ncopy");
    result_object::check(timed.measured(), "timeit");
    chart(&timed);
    let text = timed.rich("text/plain");
    assert!(text.contains("median") && text.contains("release") || text.contains("opt"), "{text}");
    assert!(timed.status_lines().is_empty() || timed.left_standing().len() <= 2, "progress leaves no trace:\n{}", timed.text());
    assert!(variants(&timed)[0]["samples_s"].as_array().is_some_and(|samples| samples.len() >= 11));
    let line = session.ok("%timeit -r 12 -n 3 data.iter().sum::<u64>()");
    assert_eq!(variants(&line)[0]["samples_s"].as_array().map(Vec::len), Some(12));
    let setup = session.ok("%%timeit --budget 1s --setup \"let mut copy = data.clone();\"\ncopy.sort();\ncopy.len()");
    result_object::check(setup.measured(), "timeit");
    let quiet = session.ok("%%timeit -q --budget 1s\ndata.len()");
    assert!(quiet.left_standing().is_empty(), "{}", quiet.text());
    let trap = session.ok("%%timeit --budget 1s\n2 + 2");
    assert!(
        trap.rich("text/plain").to_lowercase().contains("warning") || trap.rich("text/plain").contains("too"),
        "what cannot be measured is said:\n{}",
        trap.text()
    );
    let failing = session.run("%%timeit\n\"x\".parse::<i32>()?");
    failing.fails("Error").says(&["invalid digit", "line 2"]);
    let panicking = session.run("%%timeit\nlet v: Vec<i32> = Vec::new();\nv[std::hint::black_box(0)]");
    panicking.fails("panic").says(&["index out of bounds", "line 3"]);
    session.run("%%timeit\nlet x: i32 = \"a\";\nx").fails("CompileError[E0308]").says(&["]:2:14", "let x: i32"]);
    assert_eq!(session.ok("data.len()").result(), "100000", "measuring leaves variables as they were");
    assert_eq!(session.run("%%timeit --budget nonsense\n1").fails("UsageError").name, "UsageError");
}

#[test]
fn parallel_and_profile() {
    let mut session = Session::start();
    let _ = session.ok("use rayon::prelude::*;\nlet data: Vec<f64> = (0..300_000).map(f64::from).collect();");
    let swept = session.ok("%%parallel --threads 1,2 --rounds 6 --budget 2s\ndata.par_iter().map(|x| x.sqrt().sin()).sum::<f64>()");
    result_object::check(swept.measured(), "parallel");
    chart(&swept);
    let threads: Vec<u64> = variants(&swept).iter().filter_map(|variant| variant["threads"].as_u64()).collect();
    assert_eq!(threads, [1, 2]);
    assert_eq!(swept.measured()["seed"], 42);
    session.run("%%parallel --threads 0\n1").fails("UsageError").says(&["0"]);

    let _ = session.ok("fn hot_spot(data: &[f64]) -> f64 { data.iter().map(|x| (x.sin() * x.cos()).abs().sqrt()).sum() }");
    let profiled = session.ok("%%profile --budget 1s\nhot_spot(&data)");
    result_object::check(profiled.measured(), "profile");
    chart(&profiled);
    let samples = profiled.measured()["variants"][0]["samples"].as_u64().unwrap_or_default();
    assert!(samples >= 50, "a second of computing gives hundreds of samples, not {samples}");
    let text = profiled.rich("text/plain");
    assert!(text.contains("hot_spot"), "the cell's own function is seen:\n{text}");
    for ours in ["benchbook", "guard", "serve_commands"] {
        assert!(!text.contains(ours), "what runs cells is not what was measured (`{ours}`):\n{text}");
    }
    assert!(profiled.rich("text/html").contains("<table"), "the table of hot functions:\n{}", profiled.text());
    let machine = session.ok("%machine").rich("text/plain");
    assert!(machine.contains("CPU") || machine.contains("cpu"), "{machine}");
    assert_eq!(session.ok("data.len()").result(), "300000");
}
