//! What the processor and the system have counted, in words.

use serde_json::Value;

use crate::units::{count, percent, short_number, time};

/// One line on the processor's counters, or why there are none, and one on the system's; nothing when nothing was counted.
pub fn lines(counters: &Value) -> Vec<String> {
    if !counters.is_object() {
        return Vec::new();
    }
    let number = |name: &str| counters[name].as_f64();
    let mut hardware = Vec::new();
    if let (Some(instructions), Some(cycles)) = (number("instructions"), number("cycles").filter(|cycles| *cycles > 0.0)) {
        hardware.push(format!("{} instructions, {:.2} per cycle", large(instructions), instructions / cycles));
    }
    for (misses, of, what) in [
        ("branch_misses", "branches", "of branches were guessed wrong"),
        ("cache_misses", "cache_references", "of look-ups in the last cache missed"),
    ] {
        if let (Some(misses), Some(of)) = (number(misses), number(of).filter(|of| *of > 0.0)) {
            hardware.push(format!("{} {what} ({})", percent(misses / of), large(misses)));
        }
    }
    let missing = || counters["hardware_missing"].as_str().unwrap_or("nothing was counted").to_owned();
    let mut lines = vec![if hardware.is_empty() {
        format!("hardware counters are not available here ({})", missing())
    } else {
        format!("processor: {}", hardware.join(", "))
    }];
    let mut system = Vec::new();
    if let (Some(user), Some(kernel)) = (number("user_s"), number("system_s")) {
        system.push(format!("{} of CPU time in the program, {} in the system", time(user), time(kernel)));
    }
    for (name, what) in
        [("page_faults", "page faults"), ("context_switches", "context switches"), ("cpu_migrations", "moves to another CPU")]
    {
        system.extend(counters[name].as_u64().map(|value| format!("{} {what}", count(value))));
    }
    if !system.is_empty() {
        lines.push(format!("system: {}", system.join(", ")));
    }
    lines
}

/// A large count: `3.21 G`.
fn large(value: f64) -> String {
    match value {
        value if value >= 1e9 => format!("{} G", short_number(value / 1e9)),
        value if value >= 1e6 => format!("{} M", short_number(value / 1e6)),
        value => count(value as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn hardware_is_told_as_ratios() {
        let told = lines(&json!({"cycles": 2e9, "instructions": 3e9, "branches": 1e6, "branch_misses": 5000, "page_faults": 12}));
        assert_eq!(told[0], "processor: 3 G instructions, 1.50 per cycle, 0.5 % of branches were guessed wrong (5\u{202f}000)");
        assert_eq!(told[1], "system: 12 page faults");
    }

    #[test]
    fn what_is_missing_is_said_and_never_zero() {
        let told = lines(&json!({"hardware_missing": "the machine offers none", "user_s": 1.5, "system_s": 0.1, "context_switches": 0}));
        assert_eq!(told[0], "hardware counters are not available here (the machine offers none)");
        assert!(told[1].contains("0 context switches") && !told[1].contains("page"), "{told:?}");
        assert_eq!(lines(&Value::Null), Vec::<String>::new());
    }
}
