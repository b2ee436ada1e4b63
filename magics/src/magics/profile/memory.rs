//! `--mode memory`: memory of the process while the code runs once.

use serde_json::{Value, json};

use super::{SPEC, Task, sent};
use crate::charts::timeline::{Point, Timeline};
use crate::error::MagicError;
use crate::host::Host;
use crate::measure::report::{self, Remark};
use crate::measure::{result, run};
use crate::units::{bytes, count, time};

pub fn show(task: &Task<'_>, host: &mut dyn Host) -> Result<(), MagicError> {
    let collected = task.run(host)?;
    let told = sent(&collected)?;
    let title = run::title(&task.call.body);
    let number = |name: &str| told[name].as_f64();
    let start = number("start_rss_bytes").unwrap_or(0.0);
    let points: Vec<Point> = told["points"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|point| {
            let resident = point["rss_bytes"].as_f64()? - start;
            Some(Point { s: point["s"].as_f64()?, resident, live: point["live_bytes"].as_f64() })
        })
        .collect();
    let wall = number("wall_s").unwrap_or(0.0);
    let every = number("every_s").unwrap_or(0.0);
    let peak_resident = number("peak_rss_bytes").unwrap_or(start) - start;
    let peak_live = number("peak_bytes");
    let variant = result::rust_variant(&title)
        .with("wall_s", wall)
        .with("runs", 1)
        .maybe("peak_bytes", told["peak_bytes"].as_u64())
        .maybe("peak_rss_bytes", told["peak_rss_bytes"].as_u64())
        .maybe("allocations", told["allocations"].as_u64())
        .maybe("allocated_bytes", told["allocated_bytes"].as_u64())
        .maybe("compile_s", collected.compile_s);
    let timeline: Vec<Value> = told["points"].as_array().cloned().unwrap_or_default();
    let object = result::object(SPEC.name, &title, vec![variant.value()], None, &collected.load)
        .with("mode", "memory")
        .with("start_rss_bytes", json!(told["start_rss_bytes"]))
        .with("timeline", timeline)
        .value();
    let chart = Timeline {
        title,
        note: format!("One run of {}, read every {}.", time(wall), time(every)),
        points,
        peak_resident,
        peak_live,
        footer: report::footer(&collected.load, None),
    };
    host.display(&chart.draw()?.bundle().with_result(object.clone()));

    let mut rows = vec![
        ("resident memory at the start", bytes(start as u64)),
        ("its peak (beyond the start)", format!("{} ({})", bytes((start + peak_resident) as u64), bytes(peak_resident.max(0.0) as u64))),
    ];
    if let (Some(peak), Some(n), Some(all)) = (peak_live, told["allocations"].as_u64(), told["allocated_bytes"].as_u64()) {
        rows.push(("peak of live heap bytes", bytes(peak as u64)));
        rows.push(("allocations, bytes in all", format!("{}, {}", count(n), bytes(all))));
    }
    let mut table = report::facts(rows);
    table.caption.push("resident: pages in RAM; a page counts from its first use on, and freed memory may stay with the process".into());
    let mut remarks = Vec::new();
    if wall < 20.0 * every {
        remarks
            .push(Remark::note("the run was short: the curve has few points; the peaks are exact all the same", "give the code more work"));
    }
    host.display(&report::bundle(&table, &remarks, &collected.load).with_result(object));
    Ok(())
}
