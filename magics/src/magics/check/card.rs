//! What a check shows: one line per gate, in words first.

use serde_json::{Value, json};

use super::verdict::Verdict;
use crate::bundle::Bundle;
use crate::html::{MUTED, escape, inline};
use crate::measure::result::Fields;
use crate::stats::Estimate;

/// How one gate ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// `correct`, `effect`, `evidence` or `requires`.
    pub name: &'static str,
    pub verdict: Verdict,
    /// One sentence: what was seen, or what to look at.
    pub message: String,
    pub ratio: Option<Estimate>,
    /// Bounds of an effect.
    pub bounds: Option<(f64, Option<f64>)>,
}

/// The whole answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    pub exercise: String,
    pub verdict: Verdict,
    pub lines: Vec<Line>,
    /// Score and points.
    pub score: Option<(f64, f64)>,
    /// Hints there are.
    pub hints: usize,
}

/// The verdict as it is read from afar.
fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "PASSED",
        Verdict::NotYet => "NOT YET",
        Verdict::Inconclusive => "INCONCLUSIVE",
        Verdict::Skipped => "NOT LOOKED AT",
    }
}

/// A sign and a word for one gate: never a colour alone.
fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "✓ passed",
        Verdict::NotYet => "✗ not yet",
        Verdict::Inconclusive => "? inconclusive",
        Verdict::Skipped => "– not looked at",
    }
}

impl Line {
    /// As in the result object.
    pub fn json(&self) -> Value {
        let fields = Fields::default().with("name", self.name).with("verdict", self.verdict.name()).with("message", self.message.as_str());
        let fields = match &self.ratio {
            Some(ratio) => fields.estimate("ratio", ratio),
            None => fields,
        };
        let (least, most) = self.bounds.map_or((None, None), |(least, most)| (Some(least), most));
        fields.maybe("at_least", least).maybe("at_most", most).value()
    }
}

impl Card {
    /// The headline.
    pub fn headline(&self) -> String {
        format!("{}: {}", word(self.verdict), self.exercise)
    }

    /// The first thing that is wrong, or that cannot be told.
    pub fn reason(&self) -> Option<&Line> {
        self.lines.iter().find(|line| line.verdict == self.verdict && line.verdict != Verdict::Passed)
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.verdict == Verdict::Inconclusive {
            notes.push("Nothing here is held against you: the machine, not the answer, is in the way.".to_owned());
        }
        if self.verdict != Verdict::Passed && self.hints > 0 {
            let count = if self.hints == 1 { "There is a hint".to_owned() } else { format!("There are {} hints", self.hints) };
            notes.push(format!("{count}: `%hint {}`.", self.exercise));
        }
        if let Some((score, points)) = self.score {
            notes.push(format!("Score: {score} of {points}."));
        }
        notes
    }

    /// As an output.
    pub fn bundle(&self) -> Bundle {
        let width = self.lines.iter().map(|line| line.name.len()).max().unwrap_or(0);
        let mut text = self.headline();
        let mut rows = String::new();
        for line in &self.lines {
            text.push_str(&format!("\n  {:width$}  {:<15} {}", line.name, sign(line.verdict), line.message.replace('\n', "\n    ")));
            text.truncate(text.trim_end().len());
            rows.push_str(&format!(
                "<tr><td style=\"text-align:left;padding:.15em .8em .15em 0;vertical-align:top\"><b>{}</b></td>\
                 <td style=\"text-align:left;padding:.15em .8em .15em 0;vertical-align:top;white-space:nowrap\">{}</td>\
                 <td style=\"text-align:left;padding:.15em 0;white-space:pre-wrap\">{}</td></tr>\n",
                escape(line.name),
                escape(sign(line.verdict)),
                inline(&line.message)
            ));
        }
        let mut html = String::new();
        for note in self.notes() {
            text.push_str(&format!("\n{note}"));
            html.push_str(&format!("<div style=\"{MUTED};margin:.2em 0\">{}</div>\n", inline(&note)));
        }
        // The border's form tells as much as its colour.
        let border = match self.verdict {
            Verdict::Passed => "4px solid var(--jp-success-color0,#1b7837)",
            Verdict::NotYet => "4px double var(--jp-error-color0,#b2182b)",
            Verdict::Inconclusive | Verdict::Skipped => "4px dotted var(--jp-warn-color0,#b35900)",
        };
        let html = format!(
            "<div role=\"status\" style=\"border-left:{border};padding:.3em .8em\">\n<div style=\"font-size:1.1em\"><b>{}</b>: {}</div>\n\
             <table style=\"border-collapse:collapse;margin:.3em 0;color:var(--jp-content-font-color1,inherit)\"><tbody>\n{rows}</tbody></table>\n{html}</div>",
            word(self.verdict),
            escape(&self.exercise)
        );
        Bundle::text(text).with("text/html", html)
    }

    /// The score as the cell's value: one number, which nbgrader reads.
    pub fn score_bundle(&self) -> Option<Bundle> {
        let (score, points) = self.score?;
        Some(Bundle::text(format!("{score:?}")).with("text/html", format!("<span style=\"{MUTED}\">{score} of {points} points</span>")))
    }

    /// Gates, verdict and score for the result object.
    pub fn fields(&self, fields: Fields) -> Fields {
        let gates: Vec<Value> = self.lines.iter().map(Line::json).collect();
        fields
            .with("exercise", self.exercise.as_str())
            .with("gates", gates)
            .with("verdict", self.verdict.name())
            .maybe("score", self.score.map(|(score, _)| json!(score)))
            .maybe("points", self.score.map(|(_, points)| json!(points)))
    }
}
