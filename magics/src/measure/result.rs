//! The result object: what a measuring magic leaves in the output's metadata under `benchbook`.
//!
//! Times are seconds. Fields that do not apply are absent, never zero or null.

use serde_json::{Map, Value, json};

use crate::code_hash;
use crate::machine::{LoadSpan, build_json, card_json};
use crate::stats::bootstrap::Estimate;
use crate::stats::{Noise, Summary};

/// Builds an object field by field, leaving absent ones out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fields(Map<String, Value>);

impl Fields {
    /// Sets a field.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }

    /// Sets a field when there is a value.
    #[must_use]
    pub fn maybe(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Statistics of samples, in the names of DESIGN.
    #[must_use]
    pub fn summary(self, summary: &Summary, samples: &[f64]) -> Self {
        self.with("median_s", summary.median)
            .maybe("ci_s", summary.ci.map(|(low, high)| json!([low, high])))
            .with("min_s", summary.min)
            .with("max_s", summary.max)
            .maybe("mad_s", (summary.n > 1).then_some(summary.mad))
            .with("outliers", json!({"mild": summary.outliers.mild(), "severe": summary.outliers.severe()}))
            .with("samples_s", samples.to_vec())
    }

    /// An estimate with its interval as `name` and `name_ci`.
    #[must_use]
    pub fn estimate(self, name: &str, estimate: &Estimate) -> Self {
        self.with(name, estimate.value).maybe(&format!("{name}_ci"), estimate.ci.map(|(low, high)| json!([low, high])))
    }

    /// The finished object.
    pub fn value(self) -> Value {
        Value::Object(self.0)
    }
}

/// Fields of one measured Rust variant that came to its end.
pub fn rust_variant(label: &str) -> Fields {
    variant(label, "rust")
}

/// Fields of one measured variant that came to its end.
pub fn variant(label: &str, lang: &str) -> Fields {
    Fields::default().with("label", label).with("lang", lang).with("status", "ok")
}

/// The frame of every result object.
pub fn object(magic: &str, title: &str, variants: Vec<Value>, noise: Option<&Noise>, load: &LoadSpan) -> Fields {
    let mut machine = card_json();
    if let Value::Object(fields) = &mut machine {
        fields.extend(load.json());
    }
    Fields::default()
        .with("schema", 1)
        .with("magic", magic)
        .with("title", title)
        .with("variants", variants)
        .maybe("noise", noise.map(Noise::json))
        .with("build", build_json())
        .with("machine", machine)
        .maybe("code_sha256", code_hash::current())
        .with("utc", chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_fields_are_absent() {
        let few = [1.0, 2.0];
        let value = rust_variant("x").summary(&Summary::of(&few).unwrap(), &few).maybe("rows", None::<u64>).value();
        assert_eq!(value["status"], "ok");
        assert_eq!(value["median_s"], 1.5);
        assert!(value.get("ci_s").is_none() && value.get("rows").is_none());
    }

    #[test]
    fn the_frame_has_the_fields_of_the_design() {
        let value = object("timeit", "t", vec![], None, &LoadSpan::default()).value();
        assert_eq!((&value["schema"], &value["magic"]), (&json!(1), &json!("timeit")));
        assert_eq!(value["build"]["opt_level"], 3);
        assert_eq!(value["build"]["debug_assertions"], false);
        assert!(value["build"]["rustc"].is_string());
        assert!(value["machine"]["available_cpus"].is_number());
    }
}
