//! Part `select`: the smallest query there is.

use anyhow::{Context as _, Result};

use super::kernels::{Kernel, Who};
use super::options::Part;
use super::report::{Limit, Row};
use super::run::{Run, engine_seconds, shown};

/// What `%%sql` may take beyond the engine's own time.
const OVERHEAD_S: f64 = 2e-3;
/// The round trip is short: many more of it cost little.
const TIMES: usize = 10;

/// How a small query or expression is written in a kernel.
struct Cell {
    row: usize,
    who: Who,
    /// The kernel it runs in.
    kernel: usize,
    code: &'static str,
    expected: &'static str,
}

pub fn run(run: &mut Run) -> Result<()> {
    let mut kernels = vec![run.launcher.start(Who::Ours)?, run.launcher.start(Who::Ipykernel)?];
    if run.has_jupysql() {
        kernels.push(jupysql(run)?);
    }
    for kernel in &kernels[..2] {
        let name = if kernel.who == Who::Ours { "benchbook" } else { "IPython" };
        run.version(name, &kernel.client.version);
    }
    let known = "Rust: an unchanged cell, whose library is in the cell cache";
    let mut rows = [
        Row::new(Part::Select, "SELECT 42").target(Limit::TimesFaster(Who::Jupysql, 2.0)),
        Row::new(Part::Select, "beyond the engine's time")
            .target(Limit::AtMost(OVERHEAD_S))
            .note("the round trip without the engine's own phases"),
        Row::new(Part::Select, "1 + 1 in Rust").note(known),
        Row::new(Part::Select, "1 + 1 in Python").note("ours: `%%python`, which asks an ipykernel"),
    ];
    let mut cells = vec![
        Cell { row: 0, who: Who::Ours, kernel: 0, code: "%%sql\nSELECT 42 AS answer", expected: "42" },
        Cell { row: 2, who: Who::Ours, kernel: 0, code: "1 + 1", expected: "2" },
        Cell { row: 3, who: Who::Ours, kernel: 0, code: "%%python\n1 + 1", expected: "2" },
        Cell { row: 2, who: Who::Ipykernel, kernel: 1, code: "1 + 1", expected: "2" },
        Cell { row: 3, who: Who::Ipykernel, kernel: 1, code: "1 + 1", expected: "2" },
    ];
    if run.has_jupysql() {
        cells.push(Cell { row: 0, who: Who::Jupysql, kernel: 2, code: "%%sql\nSELECT 42 AS answer", expected: "42" });
    }
    let rounds = run.options.rounds * TIMES;
    // The first rounds start workers and fill caches; they are not kept.
    let warm_up = 5;
    for round in 0..rounds + warm_up {
        if round % 10 == 0 {
            run.say(&format!("round {round} of {rounds}"));
        }
        for turn in 0..cells.len() {
            let cell = &cells[(turn + round) % cells.len()];
            let answer = kernels[cell.kernel].run(cell.code)?;
            let right = shown(&answer).contains(cell.expected);
            if !run.check(cell.who, cell.code, &answer, right) || round < warm_up {
                continue;
            }
            let seconds = answer.time.as_secs_f64();
            rows[cell.row].push(cell.who, seconds);
            if cell.row == 0 && cell.who == Who::Ours {
                let engine = engine_seconds(&answer).context("`%%sql` tells no phases")?;
                rows[1].push(Who::Ours, seconds - engine);
            }
        }
    }
    run.rows.extend(rows);
    Ok(())
}

/// A kernel with jupysql connected to a DuckDB in memory, and that connection as `con`.
pub fn jupysql(run: &mut Run) -> Result<Kernel> {
    let mut kernel = run.launcher.start(Who::Jupysql)?;
    let versions = kernel.must(
        "import duckdb, time\nfrom importlib.metadata import version\ncon = duckdb.connect()\nprint(version('jupysql'), duckdb.__version__)",
    )?;
    if let Some((jupysql, duckdb)) = versions.text.trim().split_once(' ') {
        run.version("jupysql", jupysql);
        run.version("duckdb (package)", duckdb);
    }
    kernel.must("%load_ext sql")?;
    kernel.must("%sql con --alias duckdb")?;
    Ok(kernel)
}
