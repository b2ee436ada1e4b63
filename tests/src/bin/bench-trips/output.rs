//! Part `output`: many printed lines.

use anyhow::Result;

use super::kernels::Who;
use super::options::Part;
use super::report::{Limit, Row};
use super::run::Run;

const LINES: usize = 200_000;
const QUICK_LINES: usize = 20_000;
/// A round takes seconds: fewer of them.
const FEWER: usize = 3;

pub fn run(run: &mut Run) -> Result<()> {
    let lines = if run.options.quick { QUICK_LINES } else { LINES };
    let expected: String = (0..lines).map(|i| format!("line {i}\n")).collect();
    let rust = format!("for i in 0..{lines} {{ println!(\"line {{i}}\"); }}");
    let python = format!("for i in range({lines}):\n    print(\"line\", i)");
    let in_python = format!("%%python\n{python}");
    let mut kernels = [run.launcher.start(Who::Ours)?, run.launcher.start(Who::Ipykernel)?];
    run.version("benchbook", &kernels[0].client.version);
    run.version("IPython", &kernels[1].client.version);
    let note = "until the last line, the reply and idle have arrived; Rust: an unchanged cell, whose library is in the cell cache";
    let title = |language: &str| format!("{lines} lines from {language}");
    let mut rows = [
        Row::new(Part::Output, title("Rust")).target(Limit::TimesFaster(Who::Ipykernel, 2.0)).note(note),
        Row::new(Part::Output, title("Python")).note("ours: `%%python`, where an ipykernel prints as well: no target"),
    ];
    let rounds = run.options.rounds.div_ceil(FEWER);
    // Round 0 starts workers and fills caches; it is not kept.
    for round in 0..=rounds {
        run.say(&format!("round {round} of {rounds}"));
        for turn in 0..3 {
            let (kernel, code, row) = match (turn + round) % 3 {
                0 => (&mut kernels[0], &rust, Some(0)),
                1 => (&mut kernels[0], &in_python, Some(1)),
                _ => (&mut kernels[1], &python, None),
            };
            let who = kernel.who;
            let answer = kernel.run_until(code, |text| text.len() >= expected.len())?;
            let right = answer.text == expected;
            if !run.check(who, code, &answer, right) || round == 0 {
                continue;
            }
            let seconds = answer.printed.as_secs_f64();
            match row {
                Some(row) => rows[row].push(who, seconds),
                None => rows.iter_mut().for_each(|row| row.push(who, seconds)),
            }
        }
    }
    run.rows.extend(rows);
    Ok(())
}
