//! Measuring Python: what is sent to the worker, and what it says of itself.
//!
//! The modules in `python/` are the twins of `lab::measure`: they collect samples and send the same events.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::MagicError;
use crate::host::Host;
use crate::measure::run::{Collected, Listener};
use crate::python_code::{self, Module};
use crate::registry::Call;

const USER_CODE: Module = Module { name: "benchbook_user_code", source: include_str!("python/user_code.py") };
const TIMING: Module = Module { name: "benchbook_timing", source: include_str!("python/timing.py") };
const CHECKING: Module = Module { name: "benchbook_checking", source: include_str!("python/checking.py") };
const WORKERS: Module = Module { name: "benchbook_workers", source: include_str!("python/workers.py") };
const PEAK_MEMORY: Module = Module { name: "benchbook_peak_memory", source: include_str!("python/peak_memory.py") };
const ROUND: Module = Module { name: "benchbook_round", source: include_str!("python/round.py") };
const PROFILE: Module = Module { name: "benchbook_profile", source: include_str!("python/profile.py") };
const PARALLEL: Module = Module { name: "benchbook_parallel", source: include_str!("python/parallel.py") };
const PARALLEL_MODULES: &[Module] = &[USER_CODE, TIMING, WORKERS, PARALLEL];

/// The interpreter that measured.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Interpreter {
    /// For example `CPython`.
    pub implementation: String,
    pub version: String,
    /// Whether a global interpreter lock lets one thread at a time run Python code.
    pub gil: bool,
}

impl Interpreter {
    /// As in the footer of a chart.
    pub fn text(&self) -> String {
        format!("{} {}, GIL {}", self.implementation, self.version, if self.gil { "on" } else { "off" })
    }

    /// As in a result object.
    pub fn json(&self) -> Value {
        json!({"implementation": self.implementation, "version": self.version, "gil": self.gil})
    }
}

/// `%%timeit`; `each` runs, untimed, before every iteration; `amounts` are names and expressions of what one works through.
pub fn timeit(call: &Call, each: Option<&str>, amounts: &[(&str, &str)], config: &Value) -> String {
    let each = each.map(|each| on_line(call, each));
    let amounts: serde_json::Map<String, Value> = amounts.iter().map(|(name, text)| ((*name).to_owned(), on_line(call, text))).collect();
    python_code::call(&[USER_CODE, TIMING], "timeit", &[with_code(call, &json!({"each": each, "config": config, "amounts": amounts}))])
}

/// `%%parallel` on these numbers of `backend` (`threads` or `processes`).
pub fn parallel(call: &Call, counts: &[usize], backend: &str, config: &Value) -> String {
    let more = json!({"counts": counts, "backend": backend, "config": config});
    python_code::call(PARALLEL_MODULES, "parallel", &[with_code(call, &more)])
}

/// Starts the workers of one series of several, whose code begins in line `line` of the cell; `key` names it in what follows.
pub fn series_begin(call: &Call, key: &str, (body, line): (&str, usize), counts: &[usize], backend: &str) -> String {
    let more = json!({
        "key": key, "counts": counts, "backend": backend, "body": {"text": body, "line": line, "column": 0},
        "setup": {"text": "", "line": line, "column": 0},
    });
    python_code::call(PARALLEL_MODULES, "begin", &[with_code(call, &more)])
}

/// One sample of a series with this many workers.
pub fn series_take(key: &str, count: usize) -> String {
    python_code::call(PARALLEL_MODULES, "take", &[json!({"key": key, "count": count})])
}

/// Ends the workers of all series.
pub fn series_close() -> String {
    python_code::call(PARALLEL_MODULES, "close", &[json!({})])
}

/// One part of a `%%check`: `what` is `define`, `gate` or `round`; `code` begins on this line of the cell. The first part of a check
/// is `fresh`.
pub fn check(call: &Call, what: &str, fresh: bool, code: &str, line: usize) -> String {
    let (magic, text) = cell_text(call);
    let arguments = json!({"magic": magic, "text": text, "body": {"text": code, "line": line, "column": 0}});
    python_code::call(&[USER_CODE, TIMING, CHECKING], "check", &[json!(what), json!(fresh), arguments])
}

/// One round of a variant of `%%compare`: `arguments` are those of `_round` in `python/round.py`.
pub fn round(arguments: &Value) -> String {
    python_code::call(&[USER_CODE, TIMING, PEAK_MEMORY, ROUND], "round", std::slice::from_ref(arguments))
}

/// Sets the swept variable.
pub fn sweep(name: &str, value: u64) -> String {
    python_code::call(&[USER_CODE, TIMING, PEAK_MEMORY, ROUND], "sweep", &[json!(name), json!(value)])
}

/// `%%profile`.
pub fn profile(call: &Call, config: &Value) -> String {
    python_code::call(&[USER_CODE, PROFILE], "profile", &[with_code(call, &json!({"config": config}))])
}

/// Binds a finished measurement to a variable of the user's.
pub fn bind_timing(name: &str, timing: &Value) -> String {
    python_code::call(&[USER_CODE, TIMING], "bind", &[json!({"name": name, "timing": timing})])
}

/// Runs `code`, one of those above; `doing` is shown live.
///
/// # Errors
/// As for [`crate::measure::run::run`].
pub fn run(host: &mut dyn Host, call: &Call, env: Option<&str>, code: &str, doing: &str) -> Result<Collected, MagicError> {
    let mut listener = Listener::new(&call.live, doing);
    let outcome = host.measure_python(code, env, &mut |event| listener.hear(event));
    listener.finish(outcome.map(|()| None), host)
}

/// The arguments that both magics have, and `more`: the code, and the cell around it, by which errors tell their places.
fn with_code(call: &Call, more: &Value) -> Value {
    let (name, text) = cell_text(call);
    let mut arguments = json!({
        "magic": name,
        "text": text,
        "body": {"text": call.body, "line": call.body_line, "column": call.body_column},
        "setup": on_line(call, &call.rest),
    });
    if let (Value::Object(arguments), Value::Object(more)) = (&mut arguments, more) {
        arguments.extend(more.clone());
    }
    arguments
}

/// What tracebacks call the cell, and its text, lines counted as in the notebook.
fn cell_text(call: &Call) -> (&str, String) {
    let line = call.options.line();
    let mut text = "\n".repeat(line.number.saturating_sub(1));
    text.push_str(&line.text);
    if call.is_cell {
        let lines = call.body_line.saturating_sub(line.number).max(1);
        text.push_str(&"\n".repeat(lines));
        text.push_str(&call.body);
    }
    let name = if call.is_cell { line.text.split_whitespace().next().unwrap_or_default() } else { "the cell" };
    (name, text)
}

/// A piece of code on the magic's own line.
fn on_line(call: &Call, text: &str) -> Value {
    let line = call.options.line();
    json!({"text": text, "line": line.number, "column": line.text.rfind(text).unwrap_or(0)})
}

#[cfg(test)]
#[path = "python_tests.rs"]
mod tests;
