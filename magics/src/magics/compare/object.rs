//! The result object, as ARCHITECTURE.md describes it.

use serde_json::{Value, json};

use super::measure::Measured;
use super::parse::Lang;
use super::settings::Settings;
use super::variant::Variant;
use crate::measure::python::Interpreter;
use crate::measure::result::{Fields, object};
use crate::stats::verdict::Against;

/// What was compared.
pub fn title(variants: &[Variant], settings: &Settings) -> String {
    match settings.title.as_ref().or(settings.label.as_ref()) {
        Some(title) => title.clone(),
        None => variants.iter().map(Variant::label).collect::<Vec<_>>().join(" – "),
    }
}

/// The object of all variants.
pub fn result(measured: &Measured, settings: &Settings) -> Value {
    let variants = measured.variants.iter().map(variant).collect();
    let name = |i: usize| measured.variants[i].label().to_owned();
    let verdicts: Vec<Value> =
        (0..measured.variants.len()).filter_map(|i| measured.against[i].as_ref().map(|against| verdict(&name(i), against))).collect();
    let python: Option<&Interpreter> = measured.variants.iter().find_map(|variant| variant.python.as_ref());
    object("compare", &title(&measured.variants, settings), variants, measured.noise().as_ref(), &measured.load)
        .with("seed", measured.seed)
        .with("rounds", measured.rounds)
        .with("batch_s", measured.batch_s)
        .with("delta", settings.delta)
        .with("tolerance", settings.tolerance)
        .with("timeout_s", settings.timeout_s)
        .maybe("processes", (settings.processes > 1).then(|| json!(measured.processes)))
        .maybe("equal", measured.gate.equal)
        .maybe("unchecked", (!settings.check).then_some(true))
        .maybe("not_compared", (!measured.gate.not_compared.is_empty()).then(|| json!(measured.gate.not_compared)))
        .maybe("reference", measured.gate.reference.filter(|_| settings.check).map(name))
        .maybe("baseline", measured.baseline.map(name))
        .with("verdicts", verdicts)
        .maybe("python", python.map(Interpreter::json))
        .maybe("partial", measured.interrupted.then_some(true))
        .value()
}

/// One variant's verdict.
pub fn verdict(label: &str, against: &Against) -> Value {
    Fields::default()
        .with("label", label)
        .with("ratio", against.ratio.value)
        .maybe("ci", against.ratio.ci.map(|(low, high)| json!([low, high])))
        .with("verdict", against.verdict.name())
        .maybe("p", against.p)
        .maybe("rounds_needed", against.rounds_needed)
        .value()
}

/// One variant.
pub fn variant(variant: &Variant) -> Value {
    let mut fields = Fields::default().with("label", variant.label()).with("lang", variant.section.lang.name());
    fields = fields
        .maybe("engine", (variant.section.lang == Lang::Sql).then_some(variant.section.engine.as_str()))
        .with("status", variant.status.name())
        .maybe("reason", (!variant.reason.is_empty()).then_some(variant.reason.as_str()));
    if let Some(summary) = variant.summary().filter(|_| variant.is_ok()) {
        fields = fields.summary(&summary, &variant.samples).with("iterations", variant.iterations);
    }
    if variant.is_ok() && variant.section.lang == Lang::Sql && !variant.phases.is_empty() {
        fields = fields.with("phases_s", json!(crate::magics::sql::many::outcome::medians(&variant.phases)));
    }
    fields
        .maybe("cold_s", variant.first_s)
        .maybe("compile_s", variant.compile_s)
        .maybe("rows", variant.rows)
        .maybe("threads", variant.threads)
        .maybe("peak_rss_bytes", variant.peak_rss_bytes)
        .maybe("engine_version", (!variant.engine_version.is_empty()).then_some(variant.engine_version.as_str()))
        .value()
}
