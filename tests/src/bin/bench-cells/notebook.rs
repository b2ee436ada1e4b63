//! Part `notebook`: a cell late in a notebook of definitions against the same cell early in it.

use anyhow::Result;

use super::kernels::{Kernel, Who};
use super::options::Part;
use super::report::{Limit, Row};
use super::run::Run;

/// Cells before the early cell.
const EARLY: u64 = 4;
/// How much slower the late one may be.
const SLOWER: f64 = 1.3;

/// A cell that defines something: mostly functions, every fourth one a type, some that use what was defined before.
fn definition(at: u64) -> String {
    match at % 4 {
        0 => format!(
            "#[derive(Debug, Clone, PartialEq)]\nstruct Point{at} {{ x: f64, y: f64 }}\nimpl Point{at} {{\n    fn length(&self) -> f64 {{ self.x.hypot(self.y) }}\n}}"
        ),
        3 => format!("fn step{at}(values: &[i64]) -> i64 {{ values.iter().map(|v| step{}(*v)).sum() }}", at - 1),
        _ => format!("fn step{at}(x: i64) -> i64 {{ x * {at} + 1 }}"),
    }
}

/// Starts a kernel and runs `count` definitions in it.
fn notebook(run: &mut Run, who: Who, count: u64) -> Result<Kernel> {
    let mut kernel = run.launcher.ready(who)?;
    for at in 1..=count {
        run.say(&format!("{}: definition {at} of {count}", who.name()));
        kernel.must(&definition(at))?;
    }
    Ok(kernel)
}

pub fn run(run: &mut Run) -> Result<()> {
    let total = if run.options.quick { 40 } else { 200 };
    let mut early_row = Row::new(Part::Notebook, format!("cell {}", EARLY + 1));
    let mut late_row = Row::new(Part::Notebook, format!("cell {total} of {total} definitions"))
        .target(Limit::AtMostTimes(Who::Base, SLOWER))
        .note("the cell redefines a function and calls it and an earlier one; base: ours early in the notebook, in the same rounds");
    let mut kernels = Vec::new();
    // evcxr with Polars would take minutes for the definitions and shows the same.
    let mut all = vec![Who::Ours];
    all.extend(run.launcher.evcxr_kernels().into_iter().filter(|who| *who == Who::Evcxr));
    for who in all {
        kernels.push((true, notebook(run, who, EARLY)?));
        kernels.push((false, notebook(run, who, total - 1)?));
    }
    // Round 0 warms up and is not kept.
    for round in 0..=run.options.rounds {
        run.say(&format!("round {round} of {}", run.options.rounds));
        let count = kernels.len();
        for turn in 0..count {
            let (early, kernel) = &mut kernels[(turn + round) % count];
            let n = run.fresh();
            let code = format!("fn probe(x: i64) -> i64 {{ x + {n} }}\nprobe(step2(1))");
            let time = run.time(kernel, &code, &(n + 3).to_string())?;
            let (Some(time), true) = (time, round > 0) else { continue };
            let who = kernel.who;
            if *early {
                early_row.push(who, time);
                if who == Who::Ours {
                    late_row.push(Who::Base, time);
                }
            } else {
                late_row.push(who, time);
            }
        }
    }
    run.rows.extend([early_row, late_row]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_name_only_what_comes_before() {
        assert!(definition(7).contains("step6"));
        assert!(definition(6).starts_with("fn step6"));
        assert!(definition(2).contains("x * 2 + 1"));
    }
}
