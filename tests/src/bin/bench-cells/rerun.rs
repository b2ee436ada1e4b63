//! Part `rerun`: a cell that has not changed, in the same kernel and after a restart.

use anyhow::Result;

use super::kernels::{Kernel, Who};
use super::options::Part;
use super::report::{Limit, Row};
use super::run::Run;

/// No compiler is started: what is left is the messages and the code itself, which takes microseconds.
const AGAIN: f64 = 0.030;

/// The two cells, with their answers.
fn cells(n: u64) -> [(String, String); 2] {
    let table = format!("let made = df!(\"a\" => [{n}_i64, 2, 3]).unwrap();\nprintln!(\"{{}} {n}\", made.height());");
    [(format!("{n}_i64 + 1"), (n + 1).to_string()), (table, format!("3 {n}"))]
}

/// Runs the cells, those with Polars where there is some.
fn pass(run: &mut Run, kernel: &mut Kernel, n: u64) -> Result<Vec<Option<f64>>> {
    let cells = cells(n);
    let known = if kernel.who.has_polars() { &cells[..] } else { &cells[..1] };
    known.iter().map(|(code, answer)| run.time(kernel, code, answer)).collect()
}

pub fn run(run: &mut Run) -> Result<()> {
    let row = |what: &str| Row::new(Part::Rerun, what).target(Limit::AtMost(AGAIN)).note("base: ours, the same cell for the first time");
    let mut again = [row("expression again"), row("df! again")];
    let mut after = [row("expression, after a restart"), row("df!, after a restart")];
    let mut others = Vec::new();
    for who in run.launcher.evcxr_kernels() {
        run.say(&format!("starting {}", who.name()));
        others.push(run.launcher.ready(who)?);
    }
    // Round 0 warms up and is not kept.
    for round in 0..=run.options.rounds {
        run.say(&format!("round {round} of {}", run.options.rounds));
        let n = run.fresh();
        let keep = |rows: &mut [Row; 2], who: Who, times: Vec<Option<f64>>| {
            for (row, time) in rows.iter_mut().zip(times) {
                if let (Some(time), true) = (time, round > 0) {
                    row.push(who, time);
                }
            }
        };
        let mut kernel = run.launcher.ready(Who::Ours)?;
        let first = pass(run, &mut kernel, n)?;
        let second = pass(run, &mut kernel, n)?;
        drop(kernel);
        let mut restarted = run.launcher.ready(Who::Ours)?;
        let third = pass(run, &mut restarted, n)?;
        drop(restarted);
        keep(&mut again, Who::Ours, second);
        keep(&mut again, Who::Base, first.clone());
        keep(&mut after, Who::Ours, third);
        keep(&mut after, Who::Base, first);
        for other in &mut others {
            pass(run, other, n)?;
            let second = pass(run, other, n)?;
            keep(&mut again, other.who, second);
        }
    }
    run.rows.extend(again);
    run.rows.extend(after);
    Ok(())
}
