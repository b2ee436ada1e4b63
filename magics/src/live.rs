//! Saying how far a blocking call of the host is, while that call borrows the host.

use std::sync::Arc;

type Status = dyn Fn(&str) + Send + Sync;

/// A handle on the cell's status line, usable inside the call-backs of [`crate::host::Host::sql`],
/// [`crate::host::Host::measure_rust`] and [`crate::host::Host::run_self`].
///
/// It does what [`crate::host::Host::status`] does; the default does nothing.
#[derive(Clone, Default)]
pub struct Live(Option<Arc<Status>>);

impl Live {
    /// A handle that passes each text to `status`.
    pub fn new(status: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(status)))
    }

    /// Says, live, what the cell is doing now.
    pub fn status(&self, doing: &str) {
        if let Some(status) = &self.0 {
            status(doing);
        }
    }

    /// Says what is done with a bar; `fraction` in 0..=1.
    pub fn progress(&self, doing: &str, fraction: f64) {
        self.status(&format!("{doing} {}", bar(fraction)));
    }
}

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Live" } else { "Live(silent)" })
    }
}

/// `█████░░░░░  50 %`; values outside 0..=1 are clamped.
pub fn bar(fraction: f64) -> String {
    const CELLS: usize = 20;
    let fraction = if fraction.is_finite() { fraction.clamp(0.0, 1.0) } else { 0.0 };
    let full = (fraction * CELLS as f64).round() as usize;
    format!("{}{} {:>3.0} %", "█".repeat(full), "░".repeat(CELLS - full), fraction * 100.0)
}

#[cfg(test)]
mod tests {
    use super::bar;

    #[test]
    fn a_bar_has_one_width() {
        assert_eq!(bar(0.5), "██████████░░░░░░░░░░  50 %");
        assert_eq!(bar(f64::NAN), bar(0.0));
        assert_eq!(bar(7.0).chars().count(), bar(-1.0).chars().count());
    }
}
