//! The machine card: what a number was measured on. Settings are read and told, never changed.
//!
//! A fact that cannot be read is absent; it is never shown as zero.

mod bandwidth;
mod caches;
mod card;
mod limits;
mod load;
mod processor_time;
mod text;
mod virt;

pub use bandwidth::Bandwidth;
pub use card::Machine;
pub use load::{LoadReading, LoadSpan};

use serde_json::Value;

/// The compiler that built this program, and so the cells: `1.95.0`. Cells link a library of the same build, which
/// only the same compiler can read.
pub const RUSTC: &str = env!("BENCHBOOK_RUSTC");

/// The machine as the `machine` field of a result object.
pub fn card_json() -> Value {
    let mut card = serde_json::to_value(Machine::read()).unwrap_or_default();
    if let (Some(fields), Some(bandwidth)) = (card.as_object_mut(), Bandwidth::known()) {
        fields.insert("memory_bandwidth".into(), serde_json::to_value(bandwidth).unwrap_or_default());
    }
    card
}

/// The `build` field of a result object: how cells are compiled.
pub fn build_json() -> Value {
    serde_json::json!({
        "opt_level": 3,
        "debug_assertions": false,
        "overflow_checks": false,
        "rustc": RUSTC,
        "target": std::env::consts::ARCH,
        "benchbook": env!("CARGO_PKG_VERSION"),
    })
}

/// One line for the footer of charts: compiler, build and versions.
pub fn build_line() -> String {
    build_line_of(&format!("rustc {RUSTC} · opt-level 3, no debug assertions, no overflow checks"))
}

/// As [`build_line`] for code that `what` builds or runs.
pub fn build_line_of(what: &str) -> String {
    format!("{what} · Benchbook {} · {}", env!("CARGO_PKG_VERSION"), chrono::Utc::now().format("%Y-%m-%d %H:%M UTC"))
}
