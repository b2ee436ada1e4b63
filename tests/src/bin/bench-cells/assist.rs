//! Part `assist`: completion and inspection with Polars in scope, at rest and while a cell runs.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use super::kernels::{CELL, Kernel, Who};
use super::options::Part;
use super::report::{Limit, Row};
use super::run::Run;

/// The median that is demanded.
const SOON: f64 = 0.3;
/// How long an answer may take; the first one waits for the analyzer.
const AT_MOST: Duration = Duration::from_secs(180);
/// How long the cell runs that is in the way.
const BUSY: u64 = 1500;

/// What is asked for; the methods differ so that no answer is the last one again.
const METHODS: [(&str, &str); 5] =
    [("gro", "group_by"), ("sel", "select"), ("with_col", "with_columns"), ("fil", "filter"), ("uniq", "unique")];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Question {
    Complete,
    Inspect,
}

const QUESTIONS: [Question; 2] = [Question::Complete, Question::Inspect];

impl Question {
    /// Asks about the method number `round`; the seconds, which are infinite when the answer does not name it.
    fn ask(self, kernel: &mut Kernel, round: usize) -> Result<f64> {
        let (prefix, method) = METHODS[round % METHODS.len()];
        let (kind, last) = if self == Self::Complete { ("complete_request", prefix) } else { ("inspect_request", method) };
        let code = format!("frame.clone().lazy().{last}");
        let mut content = json!({ "code": code, "cursor_pos": code.chars().count() });
        if self == Self::Inspect {
            content["detail_level"] = json!(0);
        }
        let answer = kernel.client.ask(kind, content, AT_MOST)?;
        let names_it = if self == Self::Complete {
            let mut matches = answer.reply["matches"].as_array().into_iter().flatten().filter_map(|name| name.as_str());
            matches.any(|found| found.starts_with(method))
        } else {
            answer.reply["found"] == true && answer.reply["data"]["text/plain"].as_str().is_some_and(|text| text.contains(method))
        };
        Ok(if names_it { answer.time.as_secs_f64() } else { f64::INFINITY })
    }
}

pub fn run(run: &mut Run) -> Result<()> {
    let row = |what: &str| Row::new(Part::Assist, what).target(Limit::AtMost(SOON));
    let note = format!("no answer: an empty one, or one without the method; the cell that runs sleeps {BUSY} ms");
    let mut rest = [row("completion").note(note), row("inspection")];
    let mut busy = [row("completion, a cell running"), row("inspection, a cell running")];
    let mut all = vec![Who::Ours];
    all.extend(run.launcher.evcxr_kernels().into_iter().filter(|who| who.has_polars()));
    let mut kernels = Vec::new();
    for who in all {
        run.say(&format!("starting {}", who.name()));
        let mut kernel = run.launcher.ready(who)?;
        kernel.must("let frame = df!(\"a\" => [1_i64, 2, 3]).unwrap();")?;
        kernels.push(kernel);
    }
    // The first rounds warm up and are not kept.
    for round in 0..run.options.rounds + 2 {
        let keep = round >= 2;
        run.say(&format!("round {round} of {}", run.options.rounds + 1));
        for kernel in &mut kernels {
            let mut times = Vec::new();
            for question in QUESTIONS {
                times.push(question.ask(kernel, round)?);
            }
            let pending = kernel.client.begin(&format!(
                "println!(\"running\");\nstd::thread::sleep(std::time::Duration::from_millis({BUSY}));\nprintln!(\"over\");"
            ))?;
            kernel.client.output_of(&pending, CELL)?;
            for question in QUESTIONS {
                times.push(question.ask(kernel, round)?);
            }
            let ended = kernel.client.end(pending, CELL, |text| text.contains("over"))?;
            run.answers.check(kernel.who, "the cell that runs meanwhile", ended.text.contains("over"), &ended.errors);
            for (time, row) in times.into_iter().zip(rest.iter_mut().chain(&mut busy)) {
                if keep {
                    run.answers.checked += 1;
                    row.push(kernel.who, time);
                }
            }
        }
    }
    run.rows.extend(rest);
    run.rows.extend(busy);
    Ok(())
}
