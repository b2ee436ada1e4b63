//! `%%check`: is the answer right, is the effect real, is it there for the right reason?
//!
//! | file | job |
//! |---|---|
//! | `sections` | the cell's text in sections |
//! | `ask` | code of one gate, or one round, in the worker of its language |
//! | `effect` | rounds of baseline and solution |
//! | `verdict` | what the rounds say; the score |
//! | `card` | what is shown |

use serde_json::Value;

use crate::error::MagicError;
use crate::exercises::{Exercise, with_exercises};
use crate::host::Host;
use crate::machine::{LoadSpan, Machine};
use crate::magics::exercise::{POINTS, id, points};
use crate::measure::result;
use crate::nested;
use crate::registry::{Call, Magic};
use crate::results;
use crate::spec::{Example, Kind, Positional, PositionalKind, Spec};
use crate::stats::bootstrap::SEED;
use crate::stats::{Noise, Summary};

mod ask;
mod card;
mod effect;
mod sections;
mod verdict;

pub use sections::section_at;

use ask::{Ground, Told, message_alone};
use card::{Card, Line};
use effect::Failure;
use sections::{Code, Gate, Lang, Part, Question, Sections};
use verdict::Verdict;

static SPEC: Spec = Spec {
    name: "check",
    kind: Kind::Cell,
    summary: "The automatic check of an exercise: correct, effect, evidence",
    category: "Teaching",
    options: &[nested::LANG, POINTS],
    positional: Some(Positional { name: "name", kind: PositionalKind::Words(1), required: true, help: "the exercise that it checks" }),
    examples: &[
        Example {
            code: "%%check sum_fast\n%% setup\nlet v: Vec<u64> = (0..100_000).collect();\n%% correct\nassert_eq!(sum_fast(&v), 4_999_950_000, \"the sum of 0 to 99,999\");\n\
%% effect at-least=3 at-most=1000\n%% baseline\nsum_slow(&v)\n%% solution\nsum_fast(&v)\n%% hint\nAn iterator needs no bounds check.",
            about: "The right answer, and at least three times as fast",
        },
        Example {
            code: "%%check views --lang python --points 2\n%% correct\ngot = views(table)\nassert got.sum() == 10, f\"the sum is 10, not {got.sum()}\"\n\
%% evidence says=\"the values were copied: their address is another\"\naddress(got) == address(table)",
            about: "In Python, for two points",
        },
        Example {
            code: "%%check filter --lang python\n%% correct\nanswer == 42\n%% evidence plan=INDEX plan-lacks=SCAN engine=sqlite\nSELECT * FROM orders WHERE id = 7",
            about: "What the plan of a query must have, and must not",
        },
    ],
    details: "Sections begin with lines `%% word`. Code of a gate is Rust unless `--lang`, or `lang=` on its line, says otherwise; it is true, or its \
asserts pass; what a failing assert says is what the student reads (else `says=\"…\"`). Code above all headers is `%% correct`.\n\n\
`%% setup`: code before the gates of its language; the notebook does not see what it defines. `%% requires`: what the machine must have; \
where it does not hold, the check is inconclusive.\n\n\
`%% correct`: is the answer right? Where it is not, nothing after it is looked at.\n\n\
`%% effect at-least=3 at-most=1000`: is it as many times as fast as `%% baseline`? Both are measured in turn, in random order, 15 rounds \
(`rounds=`); the ratio is paired by round and has a 95 % interval. An interval that holds a bound is inconclusive; so is, when the noise verdict is red, \
an answer that a sign test over the rounds does not confirm at 1 %. Above `at-most`, the compiler may have removed the work.\n\n\
`%% evidence`: is it for the right reason? Code that is true; or, with `plan=` and `plan-lacks=`, a query whose plan must have these texts, or must not.\n\n\
`%% hint text` is shown by `%hint`.\n\nNOT YET is an error of the cell; INCONCLUSIVE is none. With `--points` the cell's value is the score, an equal share for each gate \
that passed or that only the machine kept from passing.",
};

/// The magic.
pub struct Check;

/// A gate's line, and what else came of it.
struct Looked {
    line: Line,
    /// The error of code that broke, for the traceback.
    broken: Option<MagicError>,
    variants: Vec<Value>,
    noise: Option<Noise>,
    load: LoadSpan,
}

impl Looked {
    fn at(part: Part, verdict: Verdict, message: impl Into<String>) -> Self {
        let line = Line { name: part.name(), verdict, message: message.into(), ratio: None, bounds: None };
        Self { line, broken: None, variants: Vec::new(), noise: None, load: LoadSpan::default() }
    }
}

impl Magic for Check {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn run(&self, call: &Call, host: &mut dyn Host) -> Result<(), MagicError> {
        let id = id(call)?;
        let lang = call.options.text(nested::LANG.long).and_then(Lang::named).unwrap_or(Lang::Rust);
        let sections = sections::parse(&call.body, call.body_line, lang)?;
        let exercise = with_exercises(|all| {
            let known = all.entry(id.to_owned()).or_default();
            known.hints.clone_from(&sections.hints);
            known.clone()
        });
        let looked = match before(&exercise, id) {
            Some(line) => vec![line],
            None => look(call, &sections, host)?,
        };
        answer(call, &exercise, &sections, looked, host)
    }
}

/// Why the gates need not be looked at.
fn before(exercise: &Exercise, id: &str) -> Option<Looked> {
    if exercise.source.is_none() {
        let message = format!("the exercise has not run yet: run the cell `%%exercise {id}` first");
        return Some(Looked::at(Part::Correct, Verdict::NotYet, message));
    }
    let error = exercise.failed.as_ref()?;
    Some(Looked::at(Part::Correct, Verdict::NotYet, format!("the exercise's cell ended with an error, which comes first: {error}")))
}

/// Goes through the gates in order.
fn look(call: &Call, sections: &Sections, host: &mut dyn Host) -> Result<Vec<Looked>, MagicError> {
    let mut ground = Ground::new(call, &sections.setups);
    let mut looked: Vec<Looked> = Vec::new();
    let mut stopped: Option<&str> = None;
    for gate in &sections.gates {
        if host.is_cancelled() {
            return Err(MagicError::interrupted());
        }
        if let Some(why) = stopped {
            looked.push(Looked::at(gate.part, Verdict::Skipped, why));
            continue;
        }
        call.live.status(&format!("checking: {}", gate.part.name()));
        let now = gate_of(&mut ground, gate, host)?;
        stopped = match (gate.part, now.line.verdict) {
            (Part::Correct, Verdict::NotYet) => Some("first the answer must be right"),
            (Part::Requires, Verdict::Inconclusive) => Some("this machine lacks what the check requires"),
            _ => None,
        };
        // What is required and there is not worth a line.
        if gate.part != Part::Requires || now.line.verdict != Verdict::Passed {
            looked.push(now);
        }
    }
    Ok(looked)
}

fn gate_of(ground: &mut Ground<'_>, gate: &Gate, host: &mut dyn Host) -> Result<Looked, MagicError> {
    match &gate.question {
        Question::Holds(code) => Ok(holds(gate, code, ground.holds(code, host)?)),
        Question::Plan { code, engine, has, lacks } => Ok(match ground.plan(code, engine, host)? {
            Ok(plan) => plan_gate(gate, &plan, has, lacks),
            Err(error) => broken(gate.part, error),
        }),
        Question::Effect { bounds, rounds, baseline, solution } => {
            let rounds = match effect::measure(ground, baseline, solution, *rounds, host) {
                Ok(rounds) => rounds,
                Err(Failure::Baseline(error)) => return Err(error),
                Err(Failure::Solution(error)) => return Ok(holds(gate, solution, ask::failed(error)?)),
            };
            let found = verdict::judge(&rounds.baseline, &rounds.solution, *bounds, rounds.is_noisy(), Some(Machine::read().cycle_s()));
            let mut message = found.message;
            if let Some(says) = gate.says.as_ref().filter(|_| found.verdict == Verdict::NotYet) {
                message = format!("{says}: {message}");
            }
            let mut looked = Looked::at(gate.part, found.verdict, message);
            looked.line.ratio = found.ratio;
            looked.line.bounds = Some((bounds.at_least, bounds.at_most));
            let variant = |label: &str, lang: Lang, samples: &[f64]| {
                let fields = result::variant(label, lang.name());
                Summary::of(samples).map_or_else(|| fields.clone(), |summary| fields.clone().summary(&summary, samples)).value()
            };
            looked.variants =
                vec![variant("baseline", baseline.lang, &rounds.baseline), variant("solution", solution.lang, &rounds.solution)];
            looked.noise = rounds.noise();
            looked.load = rounds.load;
            Ok(looked)
        }
    }
}

fn holds(gate: &Gate, code: &Code, told: Told) -> Looked {
    match told {
        Told::Holds => Looked::at(gate.part, Verdict::Passed, ""),
        Told::Fails(message) => {
            let message = match (message.is_empty(), &gate.says) {
                (false, _) => message,
                (true, Some(says)) => says.clone(),
                (true, None) => format!("this is not true: `{}`", last_line(&code.text)),
            };
            // Not to have what is required is no mistake of the student's.
            let verdict = if gate.part == Part::Requires { Verdict::Inconclusive } else { Verdict::NotYet };
            Looked::at(gate.part, verdict, message)
        }
        Told::Broken(error) => broken(gate.part, error),
    }
}

fn broken(part: Part, error: MagicError) -> Looked {
    let verdict = if part == Part::Requires { Verdict::Inconclusive } else { Verdict::NotYet };
    let message = format!("the check could not go on: {}: {}", error.name, message_alone(&error));
    Looked { broken: Some(error), ..Looked::at(part, verdict, message) }
}

fn plan_gate(gate: &Gate, plan: &str, has: &[String], lacks: &[String]) -> Looked {
    // Plans break lines and pad with spaces inside of boxes.
    let flat = plan.split_whitespace().collect::<Vec<_>>().join(" ");
    let missing = has.iter().find(|text| !flat.contains(text.as_str())).map(|text| format!("the plan has no `{text}`"));
    let surplus = || lacks.iter().find(|text| flat.contains(text.as_str())).map(|text| format!("the plan has `{text}`"));
    match missing.or_else(surplus) {
        None => Looked::at(gate.part, Verdict::Passed, ""),
        Some(what) => {
            let says = gate.says.as_ref().map(|says| format!("{says}: ")).unwrap_or_default();
            Looked::at(gate.part, Verdict::NotYet, format!("{says}{what}; look at it with `%%sql --explain`"))
        }
    }
}

fn last_line(code: &str) -> &str {
    code.lines().rev().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("//") && !line.starts_with('#')).unwrap_or("")
}

/// Shows the card, the score, and fails when the answer is not right yet.
fn answer(call: &Call, exercise: &Exercise, sections: &Sections, looked: Vec<Looked>, host: &mut dyn Host) -> Result<(), MagicError> {
    let id = id(call)?;
    let judged: Vec<Verdict> = looked.iter().filter(|l| l.line.name != Part::Requires.name()).map(|l| l.line.verdict).collect();
    let all: Vec<Verdict> = looked.iter().map(|l| l.line.verdict).collect();
    let stopped = looked.iter().any(|l| l.line.name == Part::Requires.name());
    let points = points(call)?.or(exercise.points);
    let card = Card {
        exercise: id.to_owned(),
        verdict: verdict::together(&all),
        score: points.map(|points| (verdict::score(&judged, points, stopped), points)),
        lines: looked.iter().map(|l| l.line.clone()).collect(),
        hints: sections.hints.len(),
    };
    let variants: Vec<Value> = looked.iter().flat_map(|l| l.variants.clone()).collect();
    let noise = looked.iter().filter_map(|l| l.noise.as_ref()).max_by_key(|noise| noise.level);
    let load = looked.iter().find(|l| !l.variants.is_empty()).map_or_else(LoadSpan::default, |l| l.load);
    let object = result::object(SPEC.name, id, variants, noise, &load).with("seed", SEED).maybe("code_sha256", exercise.code_sha256());
    let object = results::record(card.fields(object).value(), Some(id));
    with_exercises(|all| {
        if let Some(known) = all.get_mut(id) {
            known.verdict = Some(card.verdict.name());
        }
    });
    host.display(&card.bundle().with_result(object.clone()));
    if let Some(score) = card.score_bundle() {
        host.result(&score);
    }
    match card.reason() {
        Some(line) if card.verdict == Verdict::NotYet => {
            Err(not_yet(id, line, looked.iter().find(|l| l.line == *line).and_then(|l| l.broken.as_ref())))
        }
        _ => Ok(()),
    }
}

fn not_yet(id: &str, line: &Line, broken: Option<&MagicError>) -> MagicError {
    let message = format!("{id}, {}: {}", line.name, line.message);
    let mut shown = vec![format!("\u{1b}[31;1mNotYet\u{1b}[0m: {message}")];
    if let Some(broken) = broken {
        shown.push(String::new());
        shown.extend(broken.shown());
    }
    MagicError::new("NotYet", message.lines().next().unwrap_or_default())
        .traceback(shown.iter().flat_map(|text| text.split('\n').map(str::to_owned)).collect())
}

#[cfg(test)]
#[path = "check/tests.rs"]
mod tests;
