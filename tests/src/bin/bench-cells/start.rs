//! Part `start`: from starting the kernel to the first answer, and the first variables.

use anyhow::Result;

use super::kernels::Who;
use super::options::Part;
use super::report::{Limit, Row};
use super::run::Run;

/// Loading Polars takes evcxr_jupyter a quarter of a minute: fewer rounds show that as well.
const LOADING: usize = 5;

pub fn run(run: &mut Run) -> Result<()> {
    let note = format!("evcxr+Polars loads Polars from a warm build folder before its first answer; at most {LOADING} rounds of it");
    let mut first = Row::new(Part::Start, "start to first answer").target(Limit::AtMost(1.5)).note(note);
    let mut first_let = Row::new(Part::Start, "first let").target(Limit::AtMost(0.5));
    let mut polars_let = Row::new(Part::Start, "first let, a Polars type").target(Limit::AtMost(0.5));
    let mut all = vec![Who::Ours];
    all.extend(run.launcher.evcxr_kernels());
    // Round 0 warms the disk's cache up and is not kept.
    for round in 0..=run.options.rounds {
        run.say(&format!("round {round} of {}", run.options.rounds));
        for turn in 0..all.len() {
            let who = all[(turn + round) % all.len()];
            if who == Who::EvcxrPolars && !(1..=LOADING).contains(&round) {
                continue;
            }
            let mut samples: Vec<(&mut Row, Option<f64>)> = Vec::new();
            let n = run.fresh();
            let mut kernel = run.launcher.start(who)?;
            if who == Who::EvcxrPolars {
                run.launcher.load_polars(&mut kernel)?;
            }
            let right = run.time(&mut kernel, &format!("{n}_i64 + 1"), &(n + 1).to_string())?.is_some();
            samples.push((&mut first, right.then(|| kernel.spawned.elapsed().as_secs_f64())));
            samples.push((&mut first_let, run.time(&mut kernel, &format!("let first = {n}_i64;"), "")?));
            run.time(&mut kernel, "first", &n.to_string())?;
            drop(kernel);
            if who.has_polars() {
                let mut kernel = run.launcher.ready(who)?;
                let time = run.time(&mut kernel, &format!("let column = Series::new(\"a\".into(), [{n}_i64, 2, 3]);"), "")?;
                samples.push((&mut polars_let, time));
                run.time(&mut kernel, "column.len()", "3")?;
            }
            for (row, sample) in samples {
                if let (Some(time), true) = (sample, round > 0) {
                    row.push(who, time);
                }
            }
        }
    }
    run.rows.extend([first, first_let, polars_let]);
    Ok(())
}
