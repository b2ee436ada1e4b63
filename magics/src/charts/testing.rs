//! Shared by the tests of charts.

use std::path::Path;

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

/// Checks what every chart must have, and that what it says is what it said (`snapshots/`, written by `BENCHBOOK_BLESS=1`); writes it to the folder in `BENCHBOOK_CHARTS` when that is set, to look at.
pub fn save(name: &str, chart: &Chart) {
    assert!(chart.svg.starts_with("<svg xmlns=") && chart.svg.contains(r#"role="img""#), "{name}");
    assert!(chart.svg.contains("<title>") && chart.svg.contains("<desc>"), "{name}");
    assert!(!chart.svg.contains("<script") && !chart.svg.contains("NaN") && !chart.svg.contains("inf"), "{name}");
    assert!(!chart.text.trim().is_empty() && !chart.alt.is_empty(), "{name}");
    let png = super::png::render(&chart.svg, super::png::SCALE).unwrap();
    let snapshot = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/charts/snapshots").join(format!("{name}.txt"));
    let said = super::data_layer::data_layer(&chart.svg);
    if std::env::var_os("BENCHBOOK_BLESS").is_some() {
        std::fs::write(&snapshot, &said).unwrap();
    }
    let stored = std::fs::read_to_string(&snapshot).unwrap_or_default();
    let differs = stored.lines().zip(said.lines()).find(|(stored, said)| stored != said);
    assert!(
        stored == said,
        "{name} is drawn in another way, first {differs:?}; look at it (BENCHBOOK_CHARTS=folder), and if it is right: \
         BENCHBOOK_BLESS=1 cargo test -p magics"
    );
    if let Ok(folder) = std::env::var("BENCHBOOK_CHARTS") {
        let folder = Path::new(&folder);
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(folder.join(format!("{name}.svg")), &chart.svg).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), png).unwrap();
        std::fs::write(folder.join(format!("{name}.txt")), format!("{}\n\n{}\n", chart.text, chart.alt)).unwrap();
    }
}
