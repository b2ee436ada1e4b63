//! Progress and results on a terminal, in a log, or as JSON lines.

use std::io::{IsTerminal, Write, stderr, stdout};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::make::Progress;

/// At most ten JSON lines a second.
const PAUSE: Duration = Duration::from_millis(100);

/// Where progress goes.
pub struct Screen {
    kind: Kind,
    name: String,
}

enum Kind {
    Bar(ProgressBar),
    Json { last: Option<Instant> },
    Lines { tenth: Option<u32> },
}

impl Screen {
    /// A bar on a terminal, else plain lines on standard error, or JSON lines on standard output.
    pub fn new(name: &str, json: bool) -> Self {
        let kind = if json {
            Kind::Json { last: None }
        } else if stderr().is_terminal() {
            let bar = ProgressBar::new(1000);
            if let Ok(style) = ProgressStyle::with_template("{prefix} [{bar:30}] {percent:>3} % {elapsed} {msg}") {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_prefix(name.to_owned());
            // The clock goes on while nothing is reported.
            bar.enable_steady_tick(Duration::from_millis(200));
            Kind::Bar(bar)
        } else {
            Kind::Lines { tenth: None }
        };
        Self { kind, name: name.to_owned() }
    }

    /// Shows how far the work is.
    pub fn progress(&mut self, now: &Progress) {
        match &mut self.kind {
            Kind::Bar(bar) => {
                bar.set_position((now.done * 1000.0) as u64);
                bar.set_message(now.what.clone());
            }
            Kind::Json { last } => {
                if last.is_none_or(|last| last.elapsed() >= PAUSE) || now.done >= 1.0 {
                    line(&json!({ "done": (now.done * 1000.0).round() / 1000.0, "what": now.what }).to_string());
                    *last = Some(Instant::now());
                }
            }
            Kind::Lines { tenth } => {
                let reached = (now.done * 10.0) as u32;
                if tenth.is_none_or(|tenth| reached > tenth) {
                    eprintln!("{}: {:>3} % {}", self.name, reached * 10, now.what);
                    *tenth = Some(reached);
                }
            }
        }
    }

    /// Removes the bar.
    pub fn clear(&self) {
        if let Kind::Bar(bar) = &self.kind {
            bar.finish_and_clear();
        }
    }
}

/// Prints a line at once; a reader that went away is not an error.
pub fn line(text: &str) {
    let mut out = stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Bytes for people, in powers of ten.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1000 => format!("{bytes} B"),
        1000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}

/// A count with commas between thousands.
pub fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{size, thousands};

    #[test]
    fn numbers_for_people() {
        assert_eq!((thousands(0), thousands(999), thousands(6_001_215)), ("0".into(), "999".into(), "6,001,215".into()));
        assert_eq!((size(12), size(33_000_000), size(1_100_000_000)), ("12 B".into(), "33.0 MB".into(), "1.10 GB".into()));
    }
}
