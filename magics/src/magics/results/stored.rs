//! `%results --all`, `--export` and `--show`: the results of all notebooks, and what is made of results without measuring.

use std::path::PathBuf;

use chrono::Utc;
use serde_json::{Value, json};

use super::footer;
use crate::bundle::Bundle;
use crate::charts::distribution::Distribution;
use crate::error::MagicError;
use crate::host::Host;
use crate::html;
use crate::machine::Machine;
use crate::registry::Call;
use crate::results::file::{self, Line};
use crate::results::select::{self, Filters};
use crate::results::{Measured, Store, with_store};

/// Where the measurements come from.
pub struct Source {
    pub store: Store,
    /// Every stored measurement that fits; empty for those of the session.
    lines: Vec<Line>,
    /// The file of all notebooks, when it was asked for.
    path: Option<PathBuf>,
    broken: usize,
    filters: Filters,
}

/// The measurements that the options ask for.
///
/// # Errors
/// A file that cannot be read, a time that is none.
pub fn source(call: &Call) -> Result<Source, MagicError> {
    let text = |name: &str| call.options.text(name).map(str::to_owned);
    let mut filters = Filters { magic: text("magic"), label: text("label"), notebook: text("notebook"), since: None };
    if let Some(word) = call.options.text("since") {
        let hint = "write a day such as `2026-11-26`, or how long ago: `90m`, `3h`, `2d`, `1w`";
        let time = select::since(word, Utc::now());
        let time = time.ok_or_else(|| call.options.error_at("since", format!("`{word}` is no point in time"), Some(hint.into())))?;
        filters.since = Some(time);
    }
    let session =
        || Source { store: with_store(|store| filters.session(store)), lines: Vec::new(), path: None, broken: 0, filters: filters.clone() };
    if !["all", "notebook", "since"].iter().any(|option| call.options.has(option)) {
        return Ok(session());
    }
    let Some(path) = file::place() else {
        let hint = "`BENCHBOOK_RESULTS` says where; `off` keeps nothing. Without `--all` the session's results are shown";
        return Err(MagicError::new("ResultsError", "results are not kept beyond the session here").hint(hint));
    };
    let found = file::read(&path).map_err(|error| {
        let hint = "check the file; `BENCHBOOK_RESULTS` names another";
        MagicError::new("ResultsError", format!("{} cannot be read: {error}", path.display())).hint(hint)
    })?;
    let lines = filters.lines(found.lines);
    Ok(Source { store: filters.store(&lines), lines, path: Some(path), broken: found.broken, filters })
}

impl Source {
    /// The chart's title, unless another is given.
    pub fn title(&self) -> &'static str {
        if self.path.is_some() { "Results of all notebooks" } else { "Results of this session" }
    }

    /// Whether there may be measurements that do not fit.
    pub fn is_narrowed(&self) -> bool {
        self.path.is_some() || self.filters != Filters::default()
    }

    /// What is wrong with the file.
    pub fn note(&self) -> Option<String> {
        let path = self.path.as_ref().filter(|_| self.broken > 0)?;
        let lines = if self.broken == 1 { "1 line".to_owned() } else { format!("{} lines", self.broken) };
        Some(format!("{lines} of {} could not be read and {} left out.", path.display(), if self.broken == 1 { "is" } else { "are" }))
    }

    /// Everything that fits: each repetition of all notebooks, or what the session has.
    fn every(&self) -> Vec<Line> {
        if self.path.is_some() {
            return self.lines.clone();
        }
        self.store.all().iter().map(line_of).collect()
    }
}

fn line_of(measured: &Measured) -> Line {
    let mut result = (*measured.result).clone();
    result["variants"] = json!([measured.variant]);
    Line::now(vec![measured.label.clone()], &result)
}

/// Writes the measurements to a file.
///
/// # Errors
/// Another ending than `.csv` or `.json`, a label that is not there, a file that cannot be written.
pub fn export(call: &Call, path: &str, source: &Source, host: &mut dyn Host) -> Result<(), MagicError> {
    let lines = if call.options.words().is_empty() {
        source.every()
    } else if source.path.is_some() {
        let hint = "`--label PATTERN` chooses among the results of all notebooks";
        return Err(MagicError::usage("labels choose among the results of this session only").hint(hint));
    } else {
        super::chosen(call, &source.store)?.0.iter().map(line_of).collect()
    };
    let text = match std::path::Path::new(path).extension().and_then(|ending| ending.to_str()) {
        Some("csv") => select::csv(&lines),
        Some("json") => serde_json::to_string_pretty(&lines).unwrap_or_default(),
        _ => {
            let hint = Some("end its name in `.csv` or `.json`".to_owned());
            return Err(call.options.error_at("export", format!("`{path}` says no format that results can be written in"), hint));
        }
    };
    std::fs::write(path, text).map_err(|error| {
        let hint = Some("check the path; relative paths start at the notebook's folder".to_owned());
        call.options.error_at("export", format!("`{path}` cannot be written: {error}"), hint)
    })?;
    let variants: usize = lines.iter().map(|line| line.labels.len()).sum();
    let said = format!("{variants} measurements of {} results are in `{path}`.", lines.len());
    host.display(&Bundle::text(said.clone()).with("text/html", html::inline(&said)));
    Ok(())
}

/// Draws the distribution of a stored measurement.
///
/// # Errors
/// No such label, no samples.
pub fn show(label: &str, source: &Source, host: &mut dyn Host) -> Result<(), MagicError> {
    let measured = source.store.get(label)?;
    let samples = measured.samples();
    if samples.is_empty() {
        let why = if measured.status() == "ok" { "its samples were not kept".to_owned() } else { measured.failure() };
        return Err(MagicError::usage(format!("`{label}` cannot be drawn: {why}")).hint("`%results` lists what there is"));
    }
    let when = measured.result["utc"].as_str().unwrap_or("an unknown time");
    let chart = Distribution {
        title: measured.label.clone(),
        note: format!("{} samples, measured {when} by %{}; drawn again, nothing was measured.", samples.len(), measured.magic()),
        samples,
        guess: measured.variant["predicted_s"].as_f64(),
        footer: footer(&[measured], super::noise(&[measured])),
    };
    let mut result = (*measured.result).clone();
    result["variants"] = json!([measured.variant]);
    host.display(&chart.draw()?.bundle().with_result(result));
    Ok(())
}

/// The machines that measured: this one in full, others by their processor.
pub fn machines(measured: &[&Measured]) -> String {
    let of = |machine: &Value| -> Option<String> {
        let cpus = machine["available_cpus"].as_u64()?;
        Some(format!("{} · {cpus} CPUs", machine["cpu"].as_str().or(machine["arch"].as_str())?))
    };
    let here = serde_json::to_value(Machine::read()).ok().and_then(|machine| of(&machine));
    let mut others: Vec<String> =
        measured.iter().filter_map(|measured| of(&measured.result["machine"])).filter(|m| Some(m) != here.as_ref()).collect();
    others.sort();
    others.dedup();
    let all_elsewhere = measured.iter().all(|measured| of(&measured.result["machine"]).is_some_and(|m| Some(&m) != here.as_ref()));
    match (others.is_empty(), all_elsewhere) {
        (true, _) => Machine::read().line(None),
        (false, true) => others.join("; "),
        (false, false) => format!("{}; also {}", Machine::read().line(None), others.join("; ")),
    }
}
