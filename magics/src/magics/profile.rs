//! `%%profile`: where the CPU time of a piece of Rust goes.

use serde_json::{Value, json};

use crate::bundle::Bundle;
use crate::charts::flame::{self, ENOUGH_SAMPLES, Flame};
use crate::error::MagicError;
use crate::host::Host;
use crate::measure::codegen::Wrap;
use crate::measure::report::{self, Remark};
use crate::measure::run::{self, Collected};
use crate::measure::stacks::Profile as Stacks;
use crate::measure::{names, result};
use crate::registry::{Call, Magic};
use crate::spec::{Example, Kind, OptionSpec, Positional, PositionalKind, Spec, ValueKind};
use crate::table::{Heading, Table};
use crate::units::{percent, time};

const BUDGET_S: f64 = 2.0;
const HZ: i64 = 997;
/// Rows of the table of hot functions.
const HOT: usize = 10;

static SPEC: Spec = Spec {
    name: "profile",
    kind: Kind::Both,
    summary: "Samples Rust code while it runs: flame graph and hot functions",
    category: "Measuring",
    options: &[
        OptionSpec::value("mode", ValueKind::Choice(&["cpu"]), "What to sample").default("cpu"),
        OptionSpec::value("hz", ValueKind::Int, "Samples per second of CPU time").default("997"),
        OptionSpec::value("budget", ValueKind::Duration, "Repeat the code until this time has passed").default("2s"),
        OptionSpec::flag("once", "Run the code once, however short it is"),
    ],
    positional: Some(Positional {
        name: "code",
        kind: PositionalKind::Code,
        required: false,
        help: "`%profile`: the code to sample; `%%profile`: set-up code, run once and not sampled",
    }),
    examples: &[
        Example {
            code: "%%profile\nlet mut v: Vec<u64> = (0..1_000_000).rev().collect();\nv.sort();\nv",
            about: "Where a sort spends its time",
        },
        Example { code: "%profile --once --hz 4999 load(\"bars.csv\")?", about: "One run, sampled more often" },
    ],
    details: "The code runs in the release profile and is repeated until the budget is used. A timer of CPU time interrupts it and \
notes the stack; all threads are seen. Functions that the compiler has inlined are shown where their names are known. Frames of the \
measuring machinery are left out. Below about 200 samples shares are too uncertain to rank functions.",
};

/// The magic.
pub struct Profile;

impl Magic for Profile {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn run(&self, call: &Call, host: &mut dyn Host) -> Result<(), MagicError> {
        run::require_code(&call.body, SPEC.name)?;
        let config = config(call)?;
        let variables = host.variables();
        let inputs = names::inputs(&call.body, &[&call.rest], &variables);
        let wrap = Wrap { body: &call.body, setup: &call.rest, inputs: &inputs, config };
        let collected = run::run(host, &call.live, &wrap.profile(), "profiling", SPEC.name)?;
        let sampled = collected.result.as_ref().ok_or_else(|| {
            MagicError::new("MeasureError", "the profiler sent no result").hint("run the cell again; `%doctor` checks the worker")
        })?;
        let stacks = Stacks::from_json(&sampled["stacks"]);
        show(host, &run::title(&call.body), &stacks, &collected)
    }
}

fn config(call: &Call) -> Result<Value, MagicError> {
    let hz = call.options.int("hz").unwrap_or(HZ);
    if !(1..=10_000).contains(&hz) {
        let hint = Some("give a whole number from 1 to 10000; odd numbers such as 997 do not run in step with the code".into());
        return Err(call.options.error_at("hz", format!("`{hz}` is out of range"), hint));
    }
    let budget = call.options.duration_s("budget").unwrap_or(BUDGET_S);
    Ok(json!({"hz": hz, "budget_s": budget, "repeat": !call.options.flag("once")}))
}

fn show(host: &mut dyn Host, title: &str, stacks: &Stacks, collected: &Collected) -> Result<(), MagicError> {
    let total = stacks.total();
    let number = |name| collected.number(name).unwrap_or(0.0);
    let (wall, runs, hz) = (number("wall_s"), number("runs") as u64, number("hz"));
    let many = |n: u64, what: &str| if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") };
    // Sampling inside the C library could deadlock with its locks, so those samples are dropped.
    let note = format!(
        "{} in {}, {} ({hz:.0} Hz asked for); time inside the C library (malloc, memcpy) is not sampled.",
        many(total, "sample"),
        time(wall),
        many(runs, "run")
    );
    let hot = stacks.hot(HOT);
    let hot_json: Vec<Value> =
        hot.iter().map(|h| json!({"symbol": h.symbol, "share": h.self_share, "total_share": h.total_share})).collect();
    let variant =
        result::rust_variant(title).with("wall_s", wall).with("runs", runs).with("samples", total).maybe("compile_s", collected.compile_s);
    let result = result::object(SPEC.name, title, vec![variant.value()], None, &collected.load)
        .with("mode", "cpu")
        .with("hz", hz)
        .with("hot", hot_json)
        .value();
    if total == 0 {
        let text =
            format!("No samples in {}: the code used too little CPU time. Give it more work, or raise --budget or --hz.", time(wall));
        host.display(&Bundle::text(text.clone()).with("text/html", crate::html::escape(&text)).with_result(result));
        return Ok(());
    }
    let footer = report::footer(&collected.load, None);
    let flame = Flame { title: title.to_owned(), note: note.clone(), profile: stacks.clone(), footer };
    host.display(&flame.draw()?.bundle().with_result(result.clone()));

    let rows = hot.iter().map(|h| vec![Some(h.symbol.clone()), Some(percent(h.self_share)), Some(percent(h.total_share))]).collect();
    let mut caption = vec![note, "self: in this function; total: in it or in what it calls".into()];
    caption.extend(collected.compile_s.map(|s| format!("compile time {} (not sampled)", time(s))));
    let headings = vec![Heading::text("function"), Heading::number("self"), Heading::number("total")];
    let table = Table { headings, rows, caption, marked: false };
    let mut remarks = Vec::new();
    if total < ENOUGH_SAMPLES {
        remarks.push(Remark::warning(flame::too_few(total), ""));
    }
    let rate = total as f64 / wall.max(1e-9);
    if rate < 0.6 * hz {
        let text = format!("{rate:.0} samples per second came, {hz:.0} were asked for: the code waited, or the system's timer is coarser");
        remarks.push(Remark::note(text, "a longer `--budget` when more samples are needed"));
    }
    host.display(&report::bundle(&table, &remarks, &collected.load).with_result(result));
    Ok(())
}

#[cfg(test)]
#[path = "profile_tests.rs"]
mod tests;
