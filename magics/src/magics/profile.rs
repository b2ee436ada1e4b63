//! `%%profile`: where a piece of code spends its time or its memory.
//!
//! | file | what |
//! |---|---|
//! | `cpu` | stacks sampled by CPU time: flame graph, hot functions, hot lines, counters |
//! | `difference` | the same of two pieces of code, side by side |
//! | `memory` | memory of the process over time |
//! | `alloc` | allocations by the place that made them |
//! | `asm` | the assembly of the hot function |
//! | `sections` | the grammar of a cell with two pieces of code |

use serde_json::{Value, json};

use crate::error::MagicError;
use crate::host::Host;
use crate::measure::codegen::Wrap;
use crate::measure::language::{ENV, LANG, Language};
use crate::measure::names;
use crate::measure::run::{self, Collected};
use crate::registry::{Call, Magic};
use crate::spec::{Example, Kind, OptionSpec, Positional, PositionalKind, Spec, ValueKind};

mod alloc;
mod asm;
mod cpu;
mod difference;
mod memory;
mod sections;

const BUDGET_S: f64 = 2.0;
const HZ: i64 = 997;
/// Rows of the table of hot functions.
const HOT: usize = 10;

static SPEC: Spec = Spec {
    name: "profile",
    kind: Kind::Both,
    summary: "Where code spends its time or its memory: flame graph, hot lines, counters, allocations",
    category: "Measuring",
    options: &[
        OptionSpec::value("mode", ValueKind::Choice(&["cpu", "memory", "alloc"]), "CPU time, memory over time, or allocations by place")
            .default("cpu"),
        LANG,
        ENV,
        OptionSpec::value("hz", ValueKind::Int, "Samples per second of CPU time").default("997"),
        OptionSpec::value("budget", ValueKind::Duration, "Repeat the code until this time has passed").default("2s"),
        OptionSpec::flag("once", "Run the code once, however short it is"),
        OptionSpec::value("against", ValueKind::Text, "Compare with this code: what has become more, what less"),
        OptionSpec::value("asm", ValueKind::Text, "Show the assembly of the function with this in its name; `hot`: of the hottest"),
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
        Example { code: "%%profile --mode alloc\n(0..1000).map(|i| i.to_string()).collect::<Vec<_>>()", about: "Which lines allocate" },
        Example { code: "%%profile --mode memory\nlet v = vec![1u8; 256 << 20];\nv.len()", about: "Memory while the code runs" },
        Example { code: "%profile --asm hot v.iter().sum::<u64>()", about: "The machine code of the hot loop, vector instructions marked" },
        Example { code: "%%profile --lang python\nsorted(data)", about: "Python, with the same picture" },
        Example {
            code: "%%profile\n%% before\nlines.iter().map(|l| l.to_owned()).collect::<Vec<_>>()\n%% after\nlines.clone()",
            about: "What differs between two pieces of code",
        },
    ],
    details: "The code runs in the release profile and is repeated until the budget is used. A timer of CPU time interrupts it and \
notes the stack; all threads are seen. The cell is compiled with a table of lines (and the same optimisation), so inlined functions \
and the lines of cells are known. Below about 200 samples shares are too uncertain to rank functions.\n\nTwo pieces of code, below \
the lines `%% before` and `%% after`, are profiled one after the other; what stands above `%% before` is set-up of both.\n\n\
`--mode alloc` runs the code twice: once to count, once to note the stacks of allocations, all of them or, beyond 20 000, a random \
part. `--mode memory` and `--mode alloc` need Linux. `--lang python` samples the main thread by a timer of CPU time as well; a call \
of C code gets its whole time.",
};

/// The magic.
pub struct Profile;

impl Magic for Profile {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn run(&self, call: &Call, host: &mut dyn Host) -> Result<(), MagicError> {
        run::require_code(&call.body, SPEC.name)?;
        let language = Language::of(call, &[])?;
        let mode = call.options.text("mode").unwrap_or("cpu");
        let pair = sections::pair(&call.body, call.options.text("against"))?;
        refuse(call, language, mode, pair.is_some())?;
        let task = Task { call, config: config(call, mode)? };
        match (language, mode, pair) {
            (Language::Python { env }, _, _) => cpu::python(&task, env, host),
            (_, "memory", _) => memory::show(&task, host),
            (_, "alloc", _) => alloc::show(&task, host),
            (_, _, Some(pair)) => difference::show(&task, &pair, host),
            (_, _, None) => cpu::rust(&task, host),
        }
    }
}

/// Refuses options that do not go together.
fn refuse(call: &Call, language: Language<'_>, mode: &str, pair: bool) -> Result<(), MagicError> {
    let python = language != Language::Rust;
    let error = |option: &str, what: String, hint: &str| {
        if call.options.has(option) {
            call.options.error_at(option, what, Some(hint.to_owned()))
        } else {
            MagicError::usage(what).hint(hint)
        }
    };
    if python && mode != "cpu" {
        return Err(error("mode", format!("`--mode {mode}` is for Rust code"), "leave `--mode` out, or profile Rust"));
    }
    if python && call.options.has("asm") {
        return Err(error("asm", "Python has no assembly to show".into(), "leave `--asm` out"));
    }
    if pair && (python || mode != "cpu" || call.options.has("asm")) {
        let hint = "leave `--lang`, `--mode` and `--asm` out, or profile one piece of code at a time";
        return Err(error("against", "two pieces of code are compared by the CPU time of Rust only".into(), hint));
    }
    if mode != "cpu" && call.options.has("asm") {
        return Err(error("asm", format!("`--asm` follows CPU samples, not `--mode {mode}`"), "leave `--mode` out"));
    }
    Ok(())
}

/// What is to be profiled, and how.
struct Task<'a> {
    call: &'a Call,
    config: Value,
}

impl Task<'_> {
    /// The Rust that profiles `body`.
    fn code(&self, body: &str, setup: &str, host: &mut dyn Host) -> String {
        let variables = host.variables();
        let inputs = names::inputs(body, &[setup], &variables);
        Wrap { body, setup, inputs: &inputs, config: self.config.clone() }.profile()
    }

    /// Profiles the call's own code.
    fn run(&self, host: &mut dyn Host) -> Result<Collected, MagicError> {
        let code = self.code(&self.call.body, &self.call.rest, host);
        self.run_code(&code, host)
    }

    fn run_code(&self, code: &str, host: &mut dyn Host) -> Result<Collected, MagicError> {
        run::profile(host, &self.call.live, code, "profiling", SPEC.name)
    }
}

/// What the worker has sent.
fn sent(collected: &Collected) -> Result<&Value, MagicError> {
    collected.result.as_ref().ok_or_else(|| {
        MagicError::new("MeasureError", "the profiler sent no result").hint("run the cell again; `%doctor` checks the worker")
    })
}

fn config(call: &Call, mode: &str) -> Result<Value, MagicError> {
    let hz = call.options.int("hz").unwrap_or(HZ);
    if !(1..=10_000).contains(&hz) {
        let hint = Some("give a whole number from 1 to 10000; odd numbers such as 997 do not run in step with the code".into());
        return Err(call.options.error_at("hz", format!("`{hz}` is out of range"), hint));
    }
    let budget = call.options.duration_s("budget").unwrap_or(BUDGET_S);
    Ok(json!({"mode": mode, "hz": hz, "budget_s": budget, "repeat": !call.options.flag("once")}))
}

/// For example `1 run`, `7 runs`.
fn many(n: u64, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{} {what}s", crate::units::count(n)) }
}

#[cfg(test)]
mod tests;
