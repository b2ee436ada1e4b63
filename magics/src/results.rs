//! Every measurement of this session: what measuring magics found, under the labels that `%results` and `%claim` use.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

pub mod file;
pub mod select;

use crate::error::MagicError;
use crate::nearest::nearest;
use crate::stats::independent::Median;
use crate::stats::{interval, quantile};

/// One variant of one measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Unique in the store.
    pub label: String,
    /// The variant's part of the result object.
    pub variant: Value,
    /// The whole result object it came in.
    pub result: Arc<Value>,
}

impl Measured {
    /// The magic that measured it, without percent signs.
    pub fn magic(&self) -> &str {
        self.result["magic"].as_str().unwrap_or("")
    }

    /// `ok`, `unavailable`, `timeout`, `out_of_memory`, `error` or `wrong`.
    pub fn status(&self) -> &str {
        self.variant["status"].as_str().unwrap_or("ok")
    }

    /// The engine, or the language when there is none.
    pub fn engine(&self) -> &str {
        self.variant["engine"].as_str().or(self.variant["lang"].as_str()).unwrap_or("")
    }

    /// What it was, in a few words: the engine's version, or the measured code.
    pub fn detail(&self) -> &str {
        self.variant["engine_version"].as_str().or(self.result["title"].as_str()).unwrap_or("")
    }

    /// Samples in seconds, in the order taken.
    pub fn samples(&self) -> Vec<f64> {
        self.variant["samples_s"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
    }

    /// The median with its interval; `None` for a failure.
    pub fn median(&self) -> Option<Median> {
        if self.status() != "ok" {
            return None;
        }
        let value = self.variant["median_s"].as_f64()?;
        let told = self.variant["ci_s"][0].as_f64().zip(self.variant["ci_s"][1].as_f64());
        Some(Median { value, ci: told.or_else(|| interval::median_ci(&quantile::sorted(&self.samples()))) })
    }

    /// The fastest sample in seconds.
    pub fn min_s(&self) -> Option<f64> {
        self.variant["min_s"].as_f64().or_else(|| self.samples().into_iter().reduce(f64::min))
    }

    /// Why there is no time, in words.
    pub fn failure(&self) -> String {
        let words = match self.status() {
            "unavailable" => "not available here",
            "timeout" => "stopped: took too long",
            "out_of_memory" => "out of memory",
            "wrong" => "wrong result",
            "ok" => "no time was measured",
            _ => "failed",
        };
        match self.variant["reason"].as_str() {
            Some(reason) => format!("{words}: {reason}"),
            None => words.to_owned(),
        }
    }
}

/// Measurements in the order in which their labels first appeared.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Store {
    entries: Vec<Measured>,
    /// How many unnamed measurements each magic has left.
    unnamed: BTreeMap<String, usize>,
}

impl Store {
    /// An empty store.
    pub const fn new() -> Self {
        Self { entries: Vec::new(), unnamed: BTreeMap::new() }
    }

    /// Keeps the variants of a result object that have a time or a failure; see [`record`]. Returns their labels.
    pub fn record(&mut self, result: &Value, name: Option<&str>) -> Vec<String> {
        let partial = result["partial"].as_bool().unwrap_or(false);
        let variants = timings(result);
        if partial || variants.is_empty() {
            return Vec::new();
        }
        let magic = result["magic"].as_str().unwrap_or("result");
        let result_object = Arc::new(result.clone());
        // Variants of `%%compare` are named by the person; those of other magics need the measurement's name.
        let own_names = magic == "compare" && name.is_none();
        let name = match name {
            Some(name) => name.to_owned(),
            None if own_names => String::new(),
            None => {
                let number = self.unnamed.entry(magic.to_owned()).or_default();
                *number += 1;
                format!("{magic} #{number}")
            }
        };
        let mut labels = Vec::with_capacity(variants.len());
        for variant in &variants {
            let own = variant["label"].as_str().unwrap_or("");
            let label = match (own_names, variants.len()) {
                (true, _) => own.to_owned(),
                // A size, which makes every variant a series of its own.
                (false, _) if name.starts_with('@') => format!("{own} {name}"),
                (false, 1) => name.clone(),
                (false, _) => format!("{name}: {own}"),
            };
            labels.push(label.clone());
            self.put(Measured { label, variant: (*variant).clone(), result: Arc::clone(&result_object) });
        }
        labels
    }

    /// Takes in the variants of a result object that are labelled already.
    pub fn take(&mut self, result: &Value, labels: impl IntoIterator<Item = String>) {
        let object = Arc::new(result.clone());
        for (variant, label) in timings(result).into_iter().zip(labels) {
            self.put(Measured { label, variant: variant.clone(), result: Arc::clone(&object) });
        }
    }

    fn put(&mut self, measured: Measured) {
        match self.entries.iter_mut().find(|known| known.label == measured.label) {
            Some(known) => *known = measured,
            None => self.entries.push(measured),
        }
    }

    /// Everything, oldest label first.
    pub fn all(&self) -> &[Measured] {
        &self.entries
    }

    /// The measurement of this label.
    ///
    /// # Errors
    /// No such label; the hint names the nearest one, or what there is.
    pub fn get(&self, label: &str) -> Result<&Measured, MagicError> {
        self.entries.iter().find(|known| known.label == label).ok_or_else(|| {
            let labels = || self.entries.iter().map(|known| known.label.as_str());
            let hint = match nearest(label, labels()) {
                Some(near) => format!("did you mean `{near}`? `%results` shows all"),
                None if self.entries.is_empty() => {
                    "nothing is measured yet: run `%%timeit --label NAME` or `%%sql --repeat 11 --label NAME` first".to_owned()
                }
                None => {
                    let some: Vec<String> = labels().take(12).map(|label| format!("`{label}`")).collect();
                    let more = if self.entries.len() > some.len() { ", …" } else { "" };
                    format!("there are {}{more}; `%results` shows all", some.join(", "))
                }
            };
            MagicError::new("UsageError", format!("there is no measurement labelled `{label}`")).hint(hint)
        })
    }
}

/// The variants that are kept.
fn timings(result: &Value) -> Vec<&Value> {
    result["variants"].as_array().into_iter().flatten().filter(|v| is_timing(v)).collect()
}

/// A variant that says how long something took, or why it did not.
fn is_timing(variant: &Value) -> bool {
    variant["median_s"].is_number() || variant["status"].as_str().is_some_and(|status| status != "ok")
}

/// Keeps a finished measurement: a result object as in ARCHITECTURE.md. `name` is what the person called it; without
/// one it is stored as `timeit #1`, `timeit #2`, … A result that says `"partial": true` is not kept. It also goes into the file of all
/// notebooks' results ([`file`]).
///
/// Returns the object, whose only variant now carries the name.
pub fn record(mut result: Value, name: Option<&str>) -> Value {
    if let (Some(name), Some([variant])) = (name, result["variants"].as_array_mut().map(Vec::as_mut_slice)) {
        variant["label"] = json!(name);
    }
    let labels = with_store(|store| store.record(&result, name));
    if let Some(path) = file::place().filter(|_| !labels.is_empty()) {
        // A measurement is worth more than its place in the file of all; `%results --all` tells what is wrong with that.
        let _ = file::append(&path, &file::Line::now(labels, &result));
    }
    result
}

/// Does something with the session's store.
#[cfg(not(test))]
pub fn with_store<T>(action: impl FnOnce(&mut Store) -> T) -> T {
    static STORE: std::sync::Mutex<Store> = std::sync::Mutex::new(Store::new());
    // A panic elsewhere leaves whole entries: each is put in by one assignment.
    action(&mut STORE.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
}

/// Does something with the store of this test: each runs in a thread of its own.
#[cfg(test)]
pub fn with_store<T>(action: impl FnOnce(&mut Store) -> T) -> T {
    thread_local!(static STORE: std::cell::RefCell<Store> = const { std::cell::RefCell::new(Store::new()) });
    STORE.with(|store| action(&mut store.borrow_mut()))
}

#[cfg(test)]
#[path = "results_tests.rs"]
mod tests;
