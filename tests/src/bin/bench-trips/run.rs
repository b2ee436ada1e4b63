//! One run of the benchmark: what all parts share.

use ::tests::bench::client::Answer;
use anyhow::Result;
use install::Progress;

use super::kernels::{Launcher, Who};
use super::options::{Options, Part};
use super::report::{Answers, Row};
use super::{group, output, select};

/// State of a run.
pub struct Run {
    pub options: Options,
    pub launcher: Launcher,
    pub rows: Vec<Row>,
    pub answers: Answers,
    pub versions: Vec<(String, String)>,
    pub failures: Vec<(Part, String)>,
    pub notes: Vec<String>,
    progress: Progress,
    step: Option<install::Step>,
}

impl Run {
    #[must_use]
    pub fn new(options: Options, launcher: Launcher) -> Self {
        let notes = if options.without_jupysql { vec!["without jupysql and DuckDB's package, as asked".to_owned()] } else { vec![] };
        Self {
            options,
            launcher,
            rows: vec![],
            answers: Answers::default(),
            versions: vec![],
            failures: vec![],
            notes,
            progress: Progress::stderr(),
            step: None,
        }
    }

    /// Measures what is asked for. A part that breaks off does not stop the others.
    pub fn measure(&mut self) {
        for part in self.options.parts.clone() {
            let (title, measure): (&str, fn(&mut Self) -> Result<()>) = match part {
                Part::Select => ("a small query", select::run),
                Part::Group => ("a large group-by", group::run),
                Part::Output => ("printed lines", output::run),
            };
            if let Err(error) = self.task(title, "measuring", |run| measure(run)) {
                self.failures.push((part, format!("{error:#}")));
            }
        }
    }

    /// Does something while its title, time and state are shown.
    ///
    /// # Errors
    /// What `work` fails with.
    pub fn task<T>(&mut self, title: &str, about: &str, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let mut step = self.progress.task(title);
        step.work(about);
        self.step = Some(step);
        let result = work(self);
        if let Some(step) = self.step.take() {
            step.done(if result.is_ok() { "done" } else { "failed" });
        }
        result
    }

    /// What is being done, for the person who waits.
    pub fn say(&self, text: &str) {
        if let Some(step) = &self.step {
            step.say(text);
        }
    }

    /// Whether jupysql and DuckDB's package take part.
    #[must_use]
    pub fn has_jupysql(&self) -> bool {
        self.launcher.jupysql.is_some()
    }

    /// A version for the head of the table, once.
    pub fn version(&mut self, name: &str, version: &str) {
        if !self.versions.iter().any(|(known, _)| known == name) {
            self.versions.push((name.to_owned(), version.to_owned()));
        }
    }

    /// Counts an answer; `false` when it is wrong.
    pub fn check(&mut self, who: Who, code: &str, answer: &Answer, right: bool) -> bool {
        let right = right && answer.errors.is_empty();
        let got = if answer.errors.is_empty() { shown(answer) } else { answer.errors.clone() };
        self.answers.check(who, code, right, &got)
    }
}

/// All text of an answer: printed, results and displays.
#[must_use]
pub fn shown(answer: &Answer) -> String {
    let displays = answer.displays.iter().filter_map(|content| content["data"]["text/plain"].as_str());
    std::iter::once(answer.text.as_str()).chain(displays).collect::<Vec<_>>().join("\n")
}

/// The object that our `%%sql` leaves in its output's metadata: its only variant.
#[must_use]
pub fn variant(answer: &Answer) -> Option<&serde_json::Value> {
    answer.displays.iter().find_map(|content| content["metadata"]["benchbook"]["variants"].get(0))
}

/// The engine's own seconds: all phases of our `%%sql`.
#[must_use]
pub fn engine_seconds(answer: &Answer) -> Option<f64> {
    let phases = variant(answer)?["phases_s"].as_object()?;
    Some(phases.values().filter_map(serde_json::Value::as_f64).sum())
}
