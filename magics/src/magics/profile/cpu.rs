//! Samples by CPU time: flame graph, hot lines, hot functions, counters.

use serde_json::{Value, json};

use super::{HOT, SPEC, Task, asm, many, sent};
use crate::bundle::Bundle;
use crate::charts::flame::{self, ENOUGH_SAMPLES, Flame};
use crate::error::MagicError;
use crate::host::{Host, SourceLine};
use crate::measure::hot_lines::HotLines;
use crate::measure::report::{self, Remark};
use crate::measure::run::{self, Collected};
use crate::measure::stacks::Profile as Stacks;
use crate::measure::{counters, python, result};
use crate::table::{Heading, Table};
use crate::units::{percent, time};

/// What a flame graph of samples is of.
pub const OF_SAMPLES: &str = "CPU samples";

/// One profiled piece of code.
pub struct Sampled {
    pub title: String,
    pub lang: &'static str,
    pub stacks: Stacks,
    pub lines: HotLines,
    pub samples: u64,
    pub collected: Collected,
}

/// Profiles the call's Rust code.
pub fn rust(task: &Task<'_>, host: &mut dyn Host) -> Result<(), MagicError> {
    let code = task.code(&task.call.body, &task.call.rest, host);
    let collected = task.run_code(&code, host)?;
    let sampled = Sampled::rust(&task.call.body, collected, host)?;
    sampled.show(host)?;
    match task.call.options.text("asm") {
        Some(wanted) => asm::show(wanted, &code, &sampled, host),
        None => Ok(()),
    }
}

/// Profiles the call's Python code.
pub fn python(task: &Task<'_>, env: Option<&str>, host: &mut dyn Host) -> Result<(), MagicError> {
    let code = python::profile(task.call, &task.config);
    let collected = python::run(host, task.call, env, &code, "profiling")?;
    let told = sent(&collected)?;
    let stacks = Stacks::from_json(&told["stacks"]);
    let sources = &told["sources"];
    let lines = HotLines::read(&told["lines"], stacks.total() as f64, &mut |file, line| {
        let text = |name: &str| sources[file][name].as_str().map(str::to_owned);
        Some(SourceLine { cell: text("cell")?, line, source: text("source")? })
    });
    let samples = told["samples"].as_u64().unwrap_or(0);
    let title = run::title_without(&task.call.body, "#");
    Sampled { title, lang: "python", stacks, lines, samples, collected }.show(host)
}

impl Sampled {
    /// What came back from profiling this piece of Rust.
    ///
    /// # Errors
    /// Nothing came back.
    pub fn rust(body: &str, collected: Collected, host: &mut dyn Host) -> Result<Self, MagicError> {
        let told = sent(&collected)?;
        let stacks = Stacks::from_json(&told["stacks"]);
        let lines = HotLines::read(&told["lines"], stacks.total() as f64, &mut |file, line| host.source_line(file, line));
        let samples = stacks.total();
        Ok(Self { title: run::title(body), lang: "rust", stacks, lines, samples, collected })
    }

    pub fn number(&self, name: &str) -> f64 {
        self.collected.number(name).unwrap_or(0.0)
    }

    fn python(&self) -> bool {
        self.lang == "python"
    }

    /// Seconds of one run.
    pub fn run_s(&self) -> f64 {
        self.number("wall_s") / self.number("runs").max(1.0)
    }

    pub fn note(&self) -> String {
        let (wall, runs, hz) = (self.number("wall_s"), self.number("runs") as u64, self.number("hz"));
        let mut note = format!("{} in {}, {} ({hz:.0} Hz asked for)", many(self.samples, "sample"), time(wall), many(runs, "run"));
        if self.python() {
            note.push_str("; each weighs as much as the CPU time since the last; the main thread alone is seen");
        }
        note + "."
    }

    /// Fields of the variant in the result object.
    pub fn variant(&self, label: &str) -> result::Fields {
        result::variant(label, self.lang)
            .with("wall_s", self.number("wall_s"))
            .with("runs", self.number("runs") as u64)
            .with("samples", self.samples)
            .maybe("compile_s", self.collected.compile_s)
    }

    /// The hot functions as `hot` of the result object.
    pub fn hot_json(&self) -> Value {
        self.stacks.hot(HOT).iter().map(|h| json!({"symbol": h.symbol, "share": h.self_share, "total_share": h.total_share})).collect()
    }

    fn result(&self) -> Value {
        let counted = self.collected.result.as_ref().map(|told| told["counters"].clone()).filter(Value::is_object);
        result::object(SPEC.name, &self.title, vec![self.variant(&self.title).value()], None, &self.collected.load)
            .with("mode", "cpu")
            .with("hz", self.number("hz"))
            .with("hot", self.hot_json())
            .with("hot_lines", self.lines.json())
            .maybe("counters", counted)
            .maybe("python", self.collected.python.as_ref().map(python::Interpreter::json))
            .value()
    }

    fn show(&self, host: &mut dyn Host) -> Result<(), MagicError> {
        let result = self.result();
        if self.stacks.total() == 0 {
            let wall = time(self.number("wall_s"));
            let text = format!("No samples in {wall}: the code used too little CPU time. Give it more work, or raise --budget or --hz.");
            host.display(&Bundle::text(text.clone()).with("text/html", crate::html::escape(&text)).with_result(result));
            return Ok(());
        }
        let build = self.collected.build_line();
        let flame = Flame {
            title: self.title.clone(),
            note: self.note(),
            profile: self.stacks.clone(),
            of: if self.python() { "CPU time" } else { OF_SAMPLES },
            samples: Some(self.samples),
            against: None,
            footer: report::footer_of(build.clone(), &self.collected.load, None),
        };
        host.display(&flame.draw()?.bundle().with_result(result.clone()));
        if let Some(table) = self.lines.table(if self.python() { "CPU time" } else { "samples" }) {
            host.display(&table.bundle().with_result(result.clone()));
        }
        host.display(&report::bundle_of(&build, &self.table(), &self.remarks(), &self.collected.load).with_result(result));
        Ok(())
    }

    fn table(&self) -> Table {
        let hot = self.stacks.hot(HOT);
        let rows = hot.iter().map(|h| vec![Some(h.symbol.clone()), Some(percent(h.self_share)), Some(percent(h.total_share))]).collect();
        let mut caption = vec![self.note(), "self: in this function; total: in it or in what it calls".into()];
        caption.extend(self.collected.compile_s.map(|s| format!("compile time {} (not sampled)", time(s))));
        caption.extend(self.collected.result.iter().flat_map(|told| counters::lines(&told["counters"])));
        let headings = vec![Heading::text("function"), Heading::number("self"), Heading::number("total")];
        Table { headings, rows, caption, marked: false }
    }

    fn remarks(&self) -> Vec<Remark> {
        let mut remarks = Vec::new();
        if self.samples < ENOUGH_SAMPLES {
            remarks.push(Remark::warning(flame::too_few(self.samples), ""));
        }
        let lost = self.number("lost");
        if lost > 0.0 {
            remarks
                .push(Remark::warning(format!("there was no room for {lost:.0} more samples"), "a shorter `--budget` or a lower `--hz`"));
        }
        let hz = self.number("hz");
        let rate = self.samples as f64 / self.number("wall_s").max(1e-9);
        if rate < 0.6 * hz {
            let text =
                format!("{rate:.0} samples per second came, {hz:.0} were asked for: the code waited, or the system's timer is coarser");
            remarks.push(Remark::note(text, "a longer `--budget` when more samples are needed"));
        }
        remarks
    }
}
