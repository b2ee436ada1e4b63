//! `%claim`: what an experiment is to show, checked against what was measured.

mod parse;

use parse::Claim as Parsed;
use serde_json::{Value, json};

use super::results::words::{ratio_text, reading};
use crate::bundle::Bundle;
use crate::error::MagicError;
use crate::host::Host;
use crate::html;
use crate::registry::{Call, Magic};
use crate::results::{Measured, with_store};
use crate::spec::{Example, Kind, Positional, PositionalKind, Spec};
use crate::stats::independent::{Ratio, Verdict};

static SPEC: Spec = Spec {
    name: "claim",
    kind: Kind::Line,
    summary: "Checks a claim on measured times: reproduced, not reproduced or inconclusive",
    category: "Measuring",
    options: &[],
    positional: Some(Positional {
        name: "claim",
        kind: PositionalKind::Code,
        required: true,
        help: "`a <= 0.5 * b` with labels of measurements; `<=`, `<`, `>=` or `>`; quote labels with operators in them",
    }),
    examples: &[
        Example { code: "%claim duckdb.q1 <= 0.5 * pandas.q1", about: "At most half of the time" },
        Example { code: "%claim 'sorted input' < 'random input'", about: "Less time; labels with spaces in quotes" },
        Example { code: "%claim pandas.q1 >= 3 * polars.q1", about: "At least three times the time" },
    ],
    details: "`a <= k * b` is reproduced when the upper end of a's 95 % interval is at most k times the lower end of b's, not reproduced \
when a's lower end is above k times b's upper end, and inconclusive otherwise. A claim that is not reproduced does not fail the notebook: \
times differ between machines. Only a malformed claim or an unknown label is an error.",
};

/// The magic.
pub struct Claim;

/// What the measurements say of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Reproduced,
    NotReproduced,
    Inconclusive,
}

impl Status {
    /// As in the result object and in text.
    pub fn name(self) -> &'static str {
        match self {
            Status::Reproduced => "reproduced",
            Status::NotReproduced => "not reproduced",
            Status::Inconclusive => "inconclusive",
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Status::Reproduced => "✔",
            Status::NotReproduced => "✘",
            Status::Inconclusive => "?",
        }
    }

    /// Colours that read on white and on black; sign, word and border style say the same.
    fn style(self) -> &'static str {
        match self {
            Status::Reproduced => "border:2px solid var(--jp-success-color0,#00855f)",
            Status::NotReproduced => "border:2px dashed var(--jp-error-color0,#d55e00)",
            Status::Inconclusive => "border:2px dotted var(--jp-border-color1,#757575)",
        }
    }
}

impl Magic for Claim {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn run(&self, call: &Call, host: &mut dyn Host) -> Result<(), MagicError> {
        let claim = Parsed::of(call)?;
        let (left, right) = with_store(|store| Ok::<_, MagicError>((store.get(&claim.left)?.clone(), store.get(&claim.right)?.clone())))?;
        let (status, why) = evaluate(&claim, &left, &right);
        host.display(&bundle(&claim, status, &why, &left, &right));
        Ok(())
    }
}

/// Status and the reason in words.
fn evaluate(claim: &Parsed, left: &Measured, right: &Measured) -> (Status, String) {
    let (a, b) = match (left.median(), right.median()) {
        (Some(a), Some(b)) => (a, b),
        (a, _) => {
            let missing = if a.is_none() { left } else { right };
            return (Status::Inconclusive, format!("{} has no time ({})", missing.label, missing.failure()));
        }
    };
    let Some(ratio) = Ratio::of(a, b) else {
        return (Status::Inconclusive, format!("{} took no measurable time", right.label));
    };
    let (Some((a_low, a_high)), Some((b_low, b_high))) = (a.ci, b.ci) else {
        let few = if a.ci.is_none() { left } else { right };
        let why = format!("{} has too few samples for an interval; 6 or more are needed, ratio {}", few.label, ratio_text(&ratio));
        return (Status::Inconclusive, why);
    };
    let k = claim.factor;
    let (holds, fails) = if claim.at_most { (a_high <= k * b_low, a_low > k * b_high) } else { (a_low >= k * b_high, a_high < k * b_low) };
    let status = match (holds, fails) {
        (true, _) => Status::Reproduced,
        (false, true) => Status::NotReproduced,
        (false, false) => Status::Inconclusive,
    };
    let said = match (status, ratio.verdict) {
        (_, Verdict::Faster | Verdict::Slower) => format!("{} {}", left.label, reading(&ratio, &right.label)),
        _ => format!("cannot tell which of {} and {} is faster", left.label, right.label),
    };
    let limit = if status == Status::Inconclusive { format!("; the intervals leave {} open", claim.factor_text) } else { String::new() };
    (status, format!("{said}, ratio {}{limit}", ratio_text(&ratio)))
}

fn bundle(claim: &Parsed, status: Status, why: &str, left: &Measured, right: &Measured) -> Bundle {
    let text = format!("{} {}: {} ({why})", status.sign(), status.name(), claim.text);
    let badge = format!(
        "<div style=\"margin:.3em 0\"><span style=\"{};border-radius:4px;padding:.05em .5em;font-weight:bold;white-space:nowrap\">{} {}</span> \
<code>{}</code> <span style=\"{}\">{}</span></div>",
        status.style(),
        status.sign(),
        status.name(),
        html::escape(&claim.text),
        html::MUTED,
        html::escape(why)
    );
    let ratio = left.median().zip(right.median()).and_then(|(a, b)| Ratio::of(a, b));
    let mut result: Value = json!({"schema": 1, "magic": "claim", "claim": claim.text, "status": status.name(), "reason": why,
        "left": left.label, "right": right.label, "factor": claim.factor});
    if let Some(ratio) = ratio {
        result["ratio"] = json!(ratio.value);
        if let Some((low, high)) = ratio.ci {
            result["ci"] = json!([low, high]);
        }
    }
    Bundle::text(text).with("text/html", badge).with_result(result)
}

#[cfg(test)]
mod tests;
