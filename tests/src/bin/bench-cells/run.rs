//! One run of the benchmark: what all parts share.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use install::Progress;

use super::bare::Bare;
use super::kernels::{Kernel, Launcher};
use super::options::{Options, Part};
use super::report::{Answers, Row};
use super::{assist, cells, memory, notebook, rerun, speed, start};

/// State of a run.
pub struct Run {
    pub options: Options,
    pub launcher: Launcher,
    pub bare: Bare,
    pub rows: Vec<Row>,
    pub answers: Answers,
    pub failures: Vec<(Part, String)>,
    pub notes: Vec<String>,
    progress: Progress,
    step: Option<install::Step>,
    last: u64,
}

type Measure = fn(&mut Run) -> Result<()>;

/// What is measured together, with the parts it fills.
const GROUPS: [(&[Part], &str, Measure); 7] = [
    (&[Part::Cells, Part::Polars], "cells among live variables", cells::run),
    (&[Part::Start], "starting kernels", start::run),
    (&[Part::Rerun], "unchanged cells again", rerun::run),
    (&[Part::Notebook], "a long notebook", notebook::run),
    (&[Part::Assist], "completion and inspection", assist::run),
    (&[Part::Speed], "speed of the code", speed::run),
    (&[Part::Memory], "memory and idling", memory::run),
];

impl Run {
    #[must_use]
    pub fn new(options: Options, launcher: Launcher, bare: Bare) -> Self {
        // Numbers that no earlier run has used either, so that no cache can know the cells.
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        Self {
            options,
            launcher,
            bare,
            rows: vec![],
            answers: Answers::default(),
            failures: vec![],
            notes: vec![],
            progress: Progress::stderr(),
            step: None,
            last: 100_000 + seconds % 400_000,
        }
    }

    /// Measures what is asked for. A part that breaks off does not stop the others.
    pub fn measure(&mut self) {
        for (parts, title, measure) in GROUPS {
            let Some(&first) = parts.iter().find(|part| self.wants(**part)) else { continue };
            let title = title.to_owned();
            match self.task(&title, "measuring", measure) {
                Ok(()) => {}
                Err(error) => self.failures.push((first, format!("{error:#}"))),
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

    #[must_use]
    pub fn wants(&self, part: Part) -> bool {
        self.options.parts.contains(&part)
    }

    /// What is being done, for the person who waits.
    pub fn say(&self, text: &str) {
        if let Some(step) = &self.step {
            step.say(text);
        }
    }

    /// A number that no cell has had; small enough that sums of its squares fit.
    pub fn fresh(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Runs a cell and checks its answer; the seconds it took, or nothing when the answer is wrong.
    ///
    /// # Errors
    /// When the kernel does not answer.
    pub fn time(&mut self, kernel: &mut Kernel, code: &str, expected: &str) -> Result<Option<f64>> {
        let answer = kernel.run(code, expected)?;
        let right = answer.errors.is_empty() && answer.text.trim() == expected;
        let got = if answer.errors.is_empty() { &answer.text } else { &answer.errors };
        Ok(self.answers.check(kernel.who, code, right, got).then_some(answer.time.as_secs_f64()))
    }
}
