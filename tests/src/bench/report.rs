//! What was measured, judged against the targets: as a model and as JSON.

use magics::machine::{self, LoadSpan};
use magics::stats::bootstrap::{SEED, ratio_of_pairs};
use magics::stats::independent::{Median, Ratio};
use magics::stats::interval::median_ci;
use magics::stats::quantile::{median, sorted};
use serde_json::{Value, json};

pub use magics::stats::bootstrap::Estimate;

/// Somebody who is measured.
pub trait Competitor: Copy + Eq + 'static {
    /// Whose numbers are judged.
    const OURS: Self;
    /// The others that have a column of their own.
    const COLUMNS: &'static [Self];

    /// As the table's columns and the JSON have it.
    fn name(self) -> &'static str;
}

/// A part of the table.
pub trait Section: Copy + Eq + 'static {
    /// In the table's order.
    const ALL: &'static [Self];

    /// As on the command line.
    fn name(self) -> &'static str;
}

/// What a row's numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Seconds,
    Bytes,
    /// CPU seconds per second.
    Share,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Bytes => "bytes",
            Self::Share => "cpu seconds per second",
        }
    }
}

/// The samples of one competitor.
#[derive(Debug, Clone)]
pub struct Samples<W> {
    pub who: W,
    pub values: Vec<f64>,
}

/// What must hold.
#[derive(Debug, Clone, Copy)]
pub enum Limit<W> {
    /// The other takes at least so many times ours.
    TimesFaster(W, f64),
    /// Ours takes at most so many times the other's.
    AtMostTimes(W, f64),
    /// Ours and the other's differ by at most this share, either way.
    Within(W, f64),
    /// Ours is at most so much, in the row's unit.
    AtMost(f64),
}

/// Whether a target holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Holds,
    Missed,
    /// The estimate misses it, its interval does not.
    Unclear,
    NotMeasured,
}

impl Verdict {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Missed => "MISSED",
            Self::Unclear => "unclear",
            Self::NotMeasured => "-",
        }
    }
}

/// A target with what was measured.
#[derive(Debug, Clone)]
pub struct Judged<W> {
    pub limit: Limit<W>,
    pub measured: Option<Estimate>,
    pub verdict: Verdict,
}

/// One line of the table.
#[derive(Debug, Clone)]
pub struct Row<W, P> {
    pub part: P,
    pub what: String,
    pub unit: Unit,
    /// Ours first. Samples of one round have the same index, where rounds exist.
    pub samples: Vec<Samples<W>>,
    pub targets: Vec<Limit<W>>,
    pub note: String,
}

impl<W: Competitor, P: Section> Row<W, P> {
    #[must_use]
    pub fn new(part: P, what: impl Into<String>) -> Self {
        Self { part, what: what.into(), unit: Unit::Seconds, samples: vec![], targets: vec![], note: String::new() }
    }

    #[must_use]
    pub fn unit(mut self, unit: Unit) -> Self {
        self.unit = unit;
        self
    }

    #[must_use]
    pub fn target(mut self, limit: Limit<W>) -> Self {
        self.targets.push(limit);
        self
    }

    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// Adds a sample.
    pub fn push(&mut self, who: W, value: f64) {
        match self.samples.iter_mut().find(|samples| samples.who == who) {
            Some(samples) => samples.values.push(value),
            None => self.samples.push(Samples { who, values: vec![value] }),
        }
    }

    /// The samples of a competitor; none is none.
    #[must_use]
    pub fn of(&self, who: W) -> Option<&[f64]> {
        self.samples.iter().find(|samples| samples.who == who && !samples.values.is_empty()).map(|samples| samples.values.as_slice())
    }

    /// `a / b`, from pairs of the same round where both have all rounds.
    #[must_use]
    pub fn ratio(&self, a: W, b: W) -> Option<Estimate> {
        let (a, b) = (self.of(a)?, self.of(b)?);
        if a.len() == b.len() {
            return ratio_of_pairs(a, b, SEED);
        }
        // Fewer rounds of one of them: no pairs, so only the medians' own intervals can be used.
        let alone = |values| {
            let Estimate { value, ci } = estimate(values);
            Median { value, ci }
        };
        Ratio::of(alone(a), alone(b)).map(|ratio| Estimate { value: ratio.value, ci: ratio.ci })
    }

    /// The targets with their verdicts.
    #[must_use]
    pub fn judged(&self) -> Vec<Judged<W>> {
        self.targets
            .iter()
            .map(|&limit| {
                let measured = match limit {
                    Limit::TimesFaster(who, _) => self.ratio(who, W::OURS),
                    Limit::AtMostTimes(who, _) | Limit::Within(who, _) => self.ratio(W::OURS, who),
                    Limit::AtMost(_) => self.of(W::OURS).map(estimate),
                };
                Judged { limit, measured, verdict: verdict(limit, measured) }
            })
            .collect()
    }
}

/// The median with its interval.
#[must_use]
pub fn estimate(values: &[f64]) -> Estimate {
    Estimate { value: median(values), ci: median_ci(&sorted(values)) }
}

fn verdict<W>(limit: Limit<W>, measured: Option<Estimate>) -> Verdict {
    let Some(Estimate { value, ci }) = measured else { return Verdict::NotMeasured };
    let (holds, may_hold) = match limit {
        Limit::TimesFaster(_, least) => (value >= least, ci.is_some_and(|(_, high)| high >= least)),
        Limit::AtMostTimes(_, most) | Limit::AtMost(most) => (value <= most, ci.is_some_and(|(low, _)| low <= most)),
        Limit::Within(_, share) => {
            let (least, most) = (1.0 - share, 1.0 + share);
            ((least..=most).contains(&value), ci.is_some_and(|(low, high)| low <= most && high >= least))
        }
    };
    match (holds, may_hold) {
        (true, _) => Verdict::Holds,
        (false, true) => Verdict::Unclear,
        (false, false) => Verdict::Missed,
    }
}

/// Answers that were looked at.
#[derive(Debug, Default)]
pub struct Answers {
    pub checked: usize,
    pub wrong: Vec<String>,
}

impl Answers {
    /// Counts an answer; `false` when it is wrong, and then it must not be timed.
    pub fn check(&mut self, who: impl Competitor, code: &str, right: bool, got: &str) -> bool {
        self.checked += 1;
        if !right {
            let got: String = got.chars().take(600).collect();
            self.wrong.push(format!("{}: {}\n  gave: {got}", who.name(), code.lines().last().unwrap_or_default()));
        }
        right
    }
}

/// Everything.
pub struct Report<W, P> {
    pub rows: Vec<Row<W, P>>,
    pub answers: Answers,
    /// Name and version of what was compared.
    pub versions: Vec<(String, String)>,
    pub load: LoadSpan,
    /// What one must know to read the numbers.
    pub notes: Vec<String>,
    /// Parts that broke off, and why.
    pub failures: Vec<(P, String)>,
}

impl<W: Competitor, P: Section> Report<W, P> {
    /// Whether any target is missed.
    #[must_use]
    pub fn missed(&self) -> bool {
        self.rows.iter().flat_map(Row::judged).any(|judged| judged.verdict == Verdict::Missed)
    }

    /// Everything, with every sample; `options` is an object that says what was asked for.
    #[must_use]
    pub fn json(&self, options: Value) -> Value {
        let mut machine = machine::card_json();
        if let Value::Object(fields) = &mut machine {
            fields.extend(self.load.json());
        }
        let mut report = json!({
            "schema": 1,
            "seed": SEED,
            "versions": self.versions.iter().map(|(name, version)| (name.clone(), json!(version))).collect::<serde_json::Map<_, _>>(),
            "machine": machine,
            "answers": { "checked": self.answers.checked, "wrong": self.answers.wrong },
            "failures": self.failures.iter().map(|(part, why)| json!({ "part": part.name(), "why": why })).collect::<Vec<_>>(),
            "notes": self.notes,
            "rows": self.rows.iter().map(row_json).collect::<Vec<_>>(),
        });
        if let (Value::Object(report), Value::Object(options)) = (&mut report, options) {
            report.extend(options);
        }
        report
    }
}

fn estimate_json(estimate: Estimate) -> Value {
    json!({ "value": estimate.value, "ci95": estimate.ci.map(|(low, high)| [low, high]) })
}

fn row_json<W: Competitor, P: Section>(row: &Row<W, P>) -> Value {
    let samples = row.samples.iter().map(|one| {
        let summary = if one.values.is_empty() { Value::Null } else { estimate_json(estimate(&one.values)) };
        json!({ "who": one.who.name(), "median": summary, "samples": one.values })
    });
    let targets = row.judged().into_iter().map(|judged| {
        let (kind, who, limit) = match judged.limit {
            Limit::TimesFaster(who, limit) => ("times_faster_than", Some(who), limit),
            Limit::AtMostTimes(who, limit) => ("at_most_times", Some(who), limit),
            Limit::Within(who, limit) => ("within", Some(who), limit),
            Limit::AtMost(limit) => ("at_most", None, limit),
        };
        json!({
            "kind": kind, "who": who.map(W::name), "limit": limit,
            "measured": judged.measured.map(estimate_json), "verdict": if judged.verdict == Verdict::NotMeasured { "not measured".to_owned() } else { judged.verdict.name().to_lowercase() },
        })
    });
    json!({
        "part": row.part.name(), "what": row.what, "unit": row.unit.name(), "note": row.note,
        "samples": samples.collect::<Vec<_>>(), "targets": targets.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Who {
        Ours,
        Evcxr,
    }

    impl Competitor for Who {
        const OURS: Self = Self::Ours;
        const COLUMNS: &'static [Self] = &[Self::Evcxr];

        fn name(self) -> &'static str {
            if self == Self::Ours { "ours" } else { "evcxr" }
        }
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    struct Cells;

    impl Section for Cells {
        const ALL: &'static [Self] = &[Self];

        fn name(self) -> &'static str {
            "cells"
        }
    }

    fn row(ours: &[f64], other: &[f64]) -> Row<Who, Cells> {
        let mut row = Row::new(Cells, "x").target(Limit::TimesFaster(Who::Evcxr, 5.0)).target(Limit::AtMost(0.2));
        ours.iter().for_each(|&value| row.push(Who::Ours, value));
        other.iter().for_each(|&value| row.push(Who::Evcxr, value));
        row
    }

    #[test]
    fn targets_are_judged() {
        let verdicts = |row: &Row<Who, Cells>| row.judged().iter().map(|judged| judged.verdict).collect::<Vec<_>>();
        assert_eq!(verdicts(&row(&[0.1; 8], &[0.6; 8])), [Verdict::Holds, Verdict::Holds]);
        assert_eq!(verdicts(&row(&[0.3; 8], &[0.6; 8])), [Verdict::Missed, Verdict::Missed]);
        assert_eq!(verdicts(&row(&[0.1; 8], &[])), [Verdict::NotMeasured, Verdict::Holds]);
        let alike = |ours: f64| {
            let mut row = Row::new(Cells, "x").target(Limit::Within(Who::Evcxr, 0.03));
            (0..8).for_each(|_| row.push(Who::Ours, ours));
            (0..8).for_each(|_| row.push(Who::Evcxr, 1.0));
            verdicts(&row)
        };
        assert_eq!((alike(0.98), alike(1.02)), (vec![Verdict::Holds], vec![Verdict::Holds]));
        assert_eq!((alike(0.9), alike(1.1)), (vec![Verdict::Missed], vec![Verdict::Missed]), "quicker is as wrong as slower");
        let noisy = [0.1, 0.1, 0.1, 0.3, 0.3, 0.3, 0.3, 0.1, 0.3];
        assert_eq!(verdicts(&row(&noisy, &[0.6; 9])), [Verdict::Unclear, Verdict::Unclear]);
    }

    #[test]
    fn uneven_rounds_give_a_ratio_of_medians() {
        let ratio = row(&[0.1; 30], &[0.6; 8]).ratio(Who::Evcxr, Who::Ours).unwrap();
        assert!((ratio.value - 6.0).abs() < 1e-9 && ratio.ci.is_some(), "{ratio:?}");
        assert_eq!(row(&[0.1; 30], &[0.6; 3]).ratio(Who::Evcxr, Who::Ours).unwrap().ci, None);
    }

    #[test]
    fn wrong_answers_are_kept() {
        let mut answers = Answers::default();
        assert!(answers.check(Who::Ours, "1 + 1", true, "2"));
        assert!(!answers.check(Who::Ours, "1 + 1", false, "3"));
        assert_eq!((answers.checked, answers.wrong.len()), (2, 1));
    }
}
