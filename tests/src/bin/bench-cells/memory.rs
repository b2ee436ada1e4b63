//! Part `memory`: what the kernels hold with Polars in scope, after a completion; and CPU time when nothing is asked.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;

use super::kernels::Who;
use super::machine;
use super::options::Part;
use super::report::{Limit, Row, Unit};
use super::run::Run;

/// How long idling is watched.
const IDLE: Duration = Duration::from_secs(10);
/// How long the analyzer may take for a completion, and may go on working after it.
const COMPLETION: Duration = Duration::from_secs(180);
const SETTLE: Duration = Duration::from_secs(3);
/// CPU time that counts as none: one clock tick in ten seconds.
const NOTHING: f64 = 0.001;

pub fn run(run: &mut Run) -> Result<()> {
    let mut kernel_row = Row::new(Part::Memory, "kernel process, resident")
        .unit(Unit::Bytes)
        .target(Limit::AtMostTimes(Who::EvcxrPolars, 0.5))
        .note("with a DataFrame and after a completion; proportional: shared pages count in part; one sample each");
    let mut family_row = Row::new(Part::Memory, "all processes, resident").unit(Unit::Bytes);
    let mut proportional_row = Row::new(Part::Memory, "all processes, proportional").unit(Unit::Bytes);
    let mut idle_row =
        Row::new(Part::Memory, format!("CPU when idle, {} s", IDLE.as_secs())).unit(Unit::Share).target(Limit::AtMost(NOTHING));
    let mut all = vec![Who::Ours];
    all.extend(run.launcher.evcxr_kernels());
    let mut kernels = Vec::new();
    for who in all {
        run.say(&format!("starting {}", who.name()));
        let mut kernel = run.launcher.ready(who)?;
        let (cell, code) = if who.has_polars() {
            ("let frame = df!(\"a\" => [1_i64, 2, 3]).unwrap();", "frame.clone().lazy().gro")
        } else {
            ("let frame = vec![1_i64, 2, 3];", "frame.iter().ma")
        };
        kernel.must(cell)?;
        kernel.client.ask("complete_request", json!({ "code": code, "cursor_pos": code.chars().count() }), COMPLETION)?;
        kernels.push(kernel);
    }
    std::thread::sleep(SETTLE);
    run.say("idling");
    let before: Vec<Option<f64>> = kernels.iter().map(|kernel| machine::cpu_seconds(kernel.pid())).collect();
    let started = Instant::now();
    std::thread::sleep(IDLE);
    for (kernel, before) in kernels.iter().zip(before) {
        let (who, pid) = (kernel.who, kernel.pid());
        if let (Some(before), Some(after)) = (before, machine::cpu_seconds(pid)) {
            idle_row.push(who, (after - before) / started.elapsed().as_secs_f64());
        }
        let memory = [
            (&mut kernel_row, machine::resident(pid)),
            (&mut family_row, machine::of_family(pid, machine::resident)),
            (&mut proportional_row, machine::of_family(pid, machine::proportional)),
        ];
        for (row, bytes) in memory {
            if let Some(bytes) = bytes {
                row.push(who, bytes);
            }
        }
    }
    run.rows.extend([kernel_row, family_row, proportional_row, idle_row]);
    Ok(())
}
