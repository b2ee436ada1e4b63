//! Shared by the tests of charts.

use super::chart::Chart;
use super::frame::Footer;
use crate::stats::noise::Level;

/// A footer as real charts have it.
pub fn footer() -> Footer {
    Footer {
        machine: "AMD EPYC 7B13 · 2 CPUs (1 core × 2 threads) · 7.8 GiB · KVM · load 1.3 before, 1.6 after".into(),
        build: "rustc 1.95.0 · opt-level 3, no debug assertions · Benchbook 0.1.0 · 2026-03-01 12:00 UTC".into(),
        noise: Some((Level::Amber, "noisy (load was 1.3 on 2 CPUs before the start)".into())),
    }
}

/// Checks what every chart must have; writes it to the folder in `BENCHBOOK_CHARTS` when that is set, to look at.
pub fn save(name: &str, chart: &Chart) {
    assert!(chart.svg.starts_with("<svg xmlns=") && chart.svg.contains(r#"role="img""#), "{name}");
    assert!(chart.svg.contains("<title>") && chart.svg.contains("<desc>"), "{name}");
    assert!(!chart.svg.contains("<script") && !chart.svg.contains("NaN") && !chart.svg.contains("inf"), "{name}");
    assert!(!chart.text.trim().is_empty() && !chart.alt.is_empty(), "{name}");
    let png = super::png::render(&chart.svg, super::png::SCALE).unwrap();
    if let Ok(folder) = std::env::var("BENCHBOOK_CHARTS") {
        let folder = std::path::Path::new(&folder);
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(folder.join(format!("{name}.svg")), &chart.svg).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), png).unwrap();
        std::fs::write(folder.join(format!("{name}.txt")), format!("{}\n\n{}\n", chart.text, chart.alt)).unwrap();
    }
}
