//! The card as people read it: rows, a line, collapsed HTML.

use super::{Bandwidth, LoadSpan, Machine, RUSTC};
use crate::html::escape;
use crate::units::bytes;

impl Machine {
    /// Names and values, in reading order; `load` when something was measured.
    pub fn rows(&self, load: Option<&LoadSpan>) -> Vec<(&'static str, String)> {
        let mut rows = vec![("CPU", self.cpu.clone().unwrap_or_else(|| format!("unknown ({})", self.arch)))];
        rows.push(("CPUs", self.cpus_text()));
        let list = self.affinity.as_ref().map_or_else(String::new, |list| format!(" (CPUs {list})"));
        rows.push(("available to us", format!("{}{list}", self.available_cpus)));
        rows.push(("cgroup CPU quota", self.cgroup_cpus.map_or_else(|| "none".into(), |q| format!("{q} CPUs"))));
        let clock = self.mhz.map(|mhz| format!("{:.2} GHz now", mhz as f64 / 1000.0));
        let governor = self.governor.as_ref().map(|g| format!("governor {g}"));
        let turbo = self.turbo.map(|on| if on { "turbo on" } else { "turbo off" }.to_owned());
        let facts: Vec<String> = [clock, governor, turbo].into_iter().flatten().collect();
        rows.push(("clock", if facts.is_empty() { "not readable here".into() } else { facts.join(", ") }));
        rows.push(("caches", self.caches_text()));
        let limit = self.cgroup_memory_bytes.map_or_else(String::new, |b| format!(", cgroup limit {}", bytes(b)));
        rows.push(("memory", format!("{}{limit}", bytes(self.ram_bytes))));
        let bandwidth = Bandwidth::known().map_or_else(|| "not measured yet; `%%timeit --bytes N` measures it".into(), Bandwidth::text);
        rows.push(("memory bandwidth", bandwidth));
        rows.push(("swap", if self.swap_bytes == 0 { "none".into() } else { bytes(self.swap_bytes) }));
        let layers = if self.virtual_layers.is_empty() { "none seen".into() } else { self.virtual_layers.join(", ") };
        rows.push(("virtualisation", layers));
        let os: Vec<String> = [self.os.clone(), self.kernel.clone()].into_iter().flatten().collect();
        rows.push(("system", if os.is_empty() { "unknown".into() } else { os.join(", kernel ") }));
        rows.push(("compiler", format!("rustc {RUSTC}, opt-level 3, no debug assertions, no overflow checks")));
        rows.push(("Benchbook", env!("CARGO_PKG_VERSION").into()));
        if let Some(load) = load {
            let shown = load.text();
            let steal = load.steal_s().map(|s| format!(", steal {s:.2} s")).unwrap_or_default();
            rows.push((
                "load",
                if shown.is_empty() { "not readable here".into() } else { format!("{}{steal}", shown.trim_start_matches("load ")) },
            ));
            rows.push(("measured", chrono::Utc::now().format("%Y-%m-%d %H:%M:%S UTC").to_string()));
        }
        rows
    }

    /// `AMD EPYC 7B13 · 2 CPUs (1 core × 2 threads) · 7.8 GiB · KVM`, with the load when given.
    pub fn line(&self, load: Option<&LoadSpan>) -> String {
        let mut parts = vec![self.cpu.clone().unwrap_or_else(|| self.arch.clone()), self.cpus_text()];
        if self.available_cpus < self.logical_cpus {
            parts.push(format!("{} available", self.available_cpus));
        }
        parts.push(bytes(self.ram_bytes));
        parts.extend(self.virtual_layers.iter().cloned());
        parts.extend(load.map(LoadSpan::text).filter(|t| !t.is_empty()));
        parts.join(" · ")
    }

    /// The card as a collapsed block below a result.
    pub fn details_html(&self, load: Option<&LoadSpan>) -> String {
        let rows: String = self
            .rows(load)
            .into_iter()
            .map(|(name, value)| {
                let cell = "padding:.1em .8em .1em 0;text-align:left;vertical-align:top";
                format!(
                    "<tr><th scope=\"row\" style=\"{cell};font-weight:normal;opacity:.75\">{}</th><td style=\"{cell}\">{}</td></tr>",
                    escape(name),
                    escape(&value)
                )
            })
            .collect();
        format!(
            "<details style=\"margin:.4em 0\"><summary style=\"cursor:pointer\">Machine: {}</summary><table style=\"{};font-size:.92em;margin:.3em 0 0 1em\">{rows}</table></details>",
            escape(&self.line(None)),
            crate::html::TABLE,
        )
    }

    /// The card as aligned text.
    pub fn text(&self, load: Option<&LoadSpan>) -> String {
        self.rows(load).into_iter().map(|(name, value)| format!("{name:<18}{value}\n")).collect()
    }

    fn cpus_text(&self) -> String {
        let many = |n: usize, what: &str| if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") };
        match (self.physical_cores, self.smt()) {
            (Some(cores), Some(smt)) => {
                format!("{} ({} × {smt} threads)", many(self.logical_cpus, "CPU"), many(cores, "core"))
            }
            _ => many(self.logical_cpus, "CPU"),
        }
    }

    fn caches_text(&self) -> String {
        if self.caches.is_empty() {
            return "not readable here".into();
        }
        let shown = self.caches.iter().map(|c| {
            let shared = c.shared_by.filter(|n| *n > 1).map(|n| format!(" per {n} CPUs")).unwrap_or_default();
            format!("{} {}{shared}", c.name(), bytes(c.bytes))
        });
        shown.collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_card_is_collapsed_escaped_and_complete() {
        let machine = Machine { cpu: Some("<b>CPU</b>".into()), ..Machine::read().clone() };
        let html = machine.details_html(Some(&LoadSpan::default()));
        assert!(html.starts_with("<details") && !html.contains("<b>CPU"), "{html}");
        for name in ["caches", "memory", "cgroup CPU quota", "virtualisation", "compiler", "load"] {
            assert!(html.contains(&format!(">{name}</th>")), "{name}");
        }
        assert!(!html.contains("<script"));
    }

    #[test]
    fn the_line_is_short() {
        let machine = Machine {
            cpu: Some("AMD EPYC 7B13".into()),
            logical_cpus: 2,
            physical_cores: Some(1),
            available_cpus: 2,
            ram_bytes: 8_375_186_227,
            virtual_layers: vec!["KVM".into()],
            ..Machine::read().clone()
        };
        assert_eq!(machine.line(None), "AMD EPYC 7B13 · 2 CPUs (1 core × 2 threads) · 7.8 GiB · KVM");
    }
}
