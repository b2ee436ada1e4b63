//! What the person waiting sees: which step runs, about how long it takes, and for how long it has run.

use std::io::{IsTerminal, Write};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How steps are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// One line, redrawn every second.
    Terminal,
    /// Plain lines, one every half minute while a step runs.
    Log,
    Silent,
}

/// Shows the steps of a set-up on standard error.
#[derive(Debug)]
pub struct Progress {
    style: Style,
    start: Instant,
    steps: usize,
}

impl Progress {
    /// For a person: redraws one line on a terminal, prints plain lines elsewhere.
    #[must_use]
    pub fn stderr() -> Self {
        let terminal = std::io::stderr().is_terminal() && std::env::var_os("CI").is_none();
        Self { style: if terminal { Style::Terminal } else { Style::Log }, start: Instant::now(), steps: 7 }
    }

    /// Shows nothing.
    #[must_use]
    pub fn silent() -> Self {
        Self { style: Style::Silent, start: Instant::now(), steps: 7 }
    }

    /// Time since this was made.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Begins step `number` (from 1); nothing is shown until it works or is done.
    #[must_use]
    pub fn step(&self, number: usize, title: &str) -> Step {
        let title = format!("[{number}/{}] {title}", self.steps);
        Step { style: self.style, title, start: Instant::now(), text: Arc::default(), ticker: None }
    }

    /// Begins something that is not one of the numbered steps.
    #[must_use]
    pub fn task(&self, title: &str) -> Step {
        Step { style: self.style, title: title.to_owned(), start: Instant::now(), text: Arc::default(), ticker: None }
    }

    /// One line of its own.
    pub fn say(&self, text: &str) {
        if self.style != Style::Silent {
            put(&format!("{text}\n"));
        }
    }
}

/// One step under way; dropped without [`Step::done`], it leaves its last line standing.
#[derive(Debug)]
pub struct Step {
    style: Style,
    title: String,
    start: Instant,
    text: Arc<Mutex<String>>,
    ticker: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Step {
    /// There is something to do, and it takes about this long (`about a minute`).
    pub fn work(&mut self, about: &str) {
        if self.style == Style::Silent || self.ticker.is_some() {
            return;
        }
        put(&format!("{}: {about}\n", self.title));
        let (stop, stopped) = channel();
        let (style, start, text) = (self.style, self.start, Arc::clone(&self.text));
        let every = Duration::from_secs(if style == Style::Terminal { 1 } else { 30 });
        let thread = std::thread::spawn(move || {
            while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                let text = text.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let line = format!("      {:>7}  {text}", seconds(start.elapsed()));
                put(&if style == Style::Terminal { format!("\r\x1b[2K{}", clip(&line, 110)) } else { format!("{line}\n") });
            }
        });
        self.ticker = Some((stop, thread));
    }

    /// What it does right now; cheap to call often.
    pub fn say(&self, text: &str) {
        text.trim().clone_into(&mut self.text.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// A line that stays, such as a warning.
    pub fn note(&self, text: &str) {
        if self.style != Style::Silent {
            put(&format!("{}      {text}\n", self.erase()));
        }
    }

    /// It is over; `result` is a few words (`up to date`).
    pub fn done(mut self, result: &str) {
        self.stop();
        if self.style != Style::Silent {
            put(&format!("{}{}: {result} ({})\n", self.erase(), self.title, seconds(self.start.elapsed())));
        }
    }

    fn erase(&self) -> &'static str {
        if self.style == Style::Terminal { "\r\x1b[2K" } else { "" }
    }

    fn stop(&mut self) {
        if let Some((stop, thread)) = self.ticker.take() {
            drop(stop);
            // A ticker that panicked has nothing left to show.
            let _ = thread.join();
        }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if self.ticker.is_some() {
            self.stop();
            put(if self.style == Style::Terminal { "\n" } else { "" });
        }
    }
}

/// Straight to standard error: the test harness captures `eprint!`, and then a long build would look dead.
fn put(text: &str) {
    let mut err = std::io::stderr().lock();
    // Nobody can be told that standard error is closed.
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

fn clip(line: &str, width: usize) -> String {
    line.chars().take(width).collect()
}

/// `0.4 s`, `34 s`, `12 min 5 s`.
#[must_use]
pub fn seconds(time: Duration) -> String {
    let s = time.as_secs_f64();
    if s < 10.0 {
        format!("{s:.1} s")
    } else if s < 60.0 {
        format!("{s:.0} s")
    } else {
        format!("{} min {} s", time.as_secs() / 60, time.as_secs() % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_well() {
        assert_eq!(seconds(Duration::from_millis(420)), "0.4 s");
        assert_eq!(seconds(Duration::from_secs(34)), "34 s");
        assert_eq!(seconds(Duration::from_secs(725)), "12 min 5 s");
    }

    #[test]
    fn a_silent_step_runs_no_thread() {
        let mut step = Progress::silent().step(1, "x");
        step.work("long");
        assert!(step.ticker.is_none());
        step.done("ok");
    }
}
