//! `--mode alloc`: which places allocate, how often and how much.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{HOT, SPEC, Task, sent};
use crate::bundle::Bundle;
use crate::charts::flame::Flame;
use crate::error::MagicError;
use crate::host::{Host, SourceLine};
use crate::measure::hot_lines::HotLines;
use crate::measure::report;
use crate::measure::stacks::Profile as Stacks;
use crate::measure::{result, run, symbols};
use crate::table::{Heading, Table};
use crate::units::{bytes, count, percent};

/// A place that allocates: a line of a cell, where there is one, and the function that wanted the memory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Site {
    cell: Option<(String, usize, String)>,
    function: String,
}

/// Sites with allocations and bytes, most bytes first.
fn sites(told: &Value, place: &mut dyn FnMut(&str, usize) -> Option<SourceLine>) -> Vec<(Site, u64, u64)> {
    let mut found: BTreeMap<Site, (u64, u64)> = BTreeMap::new();
    for site in told.as_array().into_iter().flatten() {
        let line = site["line"].as_u64().and_then(|line| usize::try_from(line).ok());
        let at = site["file"].as_str().zip(line).and_then(|(file, line)| place(file, line));
        let cell = at.map(|at| {
            let text = at.source.lines().nth(at.line - 1).unwrap_or_default().trim().to_owned();
            (at.cell, at.line, text)
        });
        let key = Site { cell, function: symbols::short(site["function"].as_str().unwrap_or_default()) };
        let entry = found.entry(key).or_default();
        entry.0 += site["allocations"].as_u64().unwrap_or(0);
        entry.1 += site["bytes"].as_u64().unwrap_or(0);
    }
    let mut sites: Vec<_> = found.into_iter().map(|(site, (n, size))| (site, n, size)).collect();
    sites.sort_by_key(|(_, n, size)| std::cmp::Reverse((*size, *n)));
    sites
}

pub fn show(task: &Task<'_>, host: &mut dyn Host) -> Result<(), MagicError> {
    let collected = task.run(host)?;
    let told = sent(&collected)?;
    let title = run::title(&task.call.body);
    let total = |name: &str| told[name].as_u64().unwrap_or(0);
    let (allocations, size, peak) = (total("allocations"), total("allocated_bytes"), total("peak_bytes"));
    let stacks = Stacks::from_json(&told["stacks"]);
    let lines = HotLines::read(&told["lines"], stacks.total() as f64, &mut |file, line| host.source_line(file, line));
    let sites = sites(&told["sites"], &mut |file, line| host.source_line(file, line));
    let hot: Vec<Value> =
        stacks.hot(HOT).iter().map(|hot| json!({"symbol": hot.symbol, "share": hot.self_share, "total_share": hot.total_share})).collect();
    let site_json = |(site, n, size): &(Site, u64, u64)| {
        let mut value = json!({"symbol": site.function, "allocations": n, "bytes": size});
        if let Some((cell, line, text)) = &site.cell {
            value["cell"] = json!(cell);
            value["line"] = json!(line);
            value["text"] = json!(text);
        }
        value
    };
    let variant = result::rust_variant(&title)
        .with("runs", 2)
        .with("allocations", allocations)
        .with("allocated_bytes", size)
        .with("peak_bytes", peak)
        .with("samples", total("samples"))
        .maybe("compile_s", collected.compile_s);
    let object = result::object(SPEC.name, &title, vec![variant.value()], None, &collected.load)
        .with("mode", "alloc")
        .with("hot", hot)
        .with("hot_lines", lines.json())
        .with("sites", sites.iter().take(50).map(site_json).collect::<Vec<_>>())
        .value();
    if stacks.total() == 0 {
        let text = "The code allocates nothing.";
        host.display(&Bundle::text(text).with("text/html", text).with_result(object));
        return Ok(());
    }
    let how = match told["interval_bytes"].as_f64() {
        None => "the stack of every allocation was noted".to_owned(),
        Some(interval) => format!(
            "{} stacks were noted at random, one in about {} allocated: shares are estimates, totals exact",
            count(total("samples")),
            bytes(interval as u64)
        ),
    };
    let note = format!("{} allocations of {}, at most {} live at once; {how}.", count(allocations), bytes(size), bytes(peak));
    let footer = report::footer(&collected.load, None);
    let flame = Flame { title, note: note.clone(), profile: stacks, of: "allocated bytes", samples: None, against: None, footer };
    host.display(&flame.draw()?.bundle().with_result(object.clone()));
    if let Some(table) = lines.table("allocated bytes") {
        host.display(&table.bundle().with_result(object.clone()));
    }
    host.display(&report::bundle(&table(&sites, size, note), &[], &collected.load).with_result(object));
    Ok(())
}

fn table(sites: &[(Site, u64, u64)], total: u64, note: String) -> Table {
    let row = |(site, n, size): &(Site, u64, u64)| {
        let place = site.cell.as_ref().map_or_else(|| "not in a cell".to_owned(), |(cell, line, text)| format!("{cell}:{line}  {text}"));
        let share = percent(*size as f64 / total.max(1) as f64);
        vec![Some(place), Some(site.function.clone()), Some(count(*n)), Some(bytes(*size)), Some(bytes(size / (*n).max(1))), Some(share)]
    };
    let headings = vec![
        Heading::text("place"),
        Heading::text("function"),
        Heading::number("allocations"),
        Heading::number("bytes"),
        Heading::number("mean size"),
        Heading::number("share"),
    ];
    let caption = vec![note, "one run; a block that grows counts again, with its new size".into()];
    Table { headings, rows: sites.iter().take(HOT).map(row).collect(), caption, marked: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_of_one_line_are_joined() {
        let told = json!([
            {"function": "alloc::vec::Vec<T>::push", "file": "cell_1.rs", "line": 7, "allocations": 2, "bytes": 100},
            {"function": "alloc::vec::Vec<U>::push", "file": "cell_1.rs", "line": 7, "allocations": 1, "bytes": 900},
            {"function": "start_thread", "allocations": 1, "bytes": 10},
        ]);
        let sites = sites(&told, &mut |_, line| {
            Some(SourceLine { cell: "cell [1]".into(), line: line - 5, source: "%%profile\n v.push(1);".into() })
        });
        let vec = Site { cell: Some(("cell [1]".into(), 2, "v.push(1);".into())), function: "Vec::push".into() };
        assert_eq!(sites[0], (vec, 3, 1000));
        assert_eq!(sites[1].0.cell, None);
        let text = table(&sites, 1010, String::new()).text();
        assert!(text.contains("cell [1]:2 v.push(1);") || text.contains("cell [1]:2  v.push(1);"), "{text}");
        assert!(text.contains("99.0 %") && text.contains("not in a cell"), "{text}");
    }
}
