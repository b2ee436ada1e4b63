//! The result object, as ARCHITECTURE.md describes it.

use serde_json::{Value, json};

use super::outcome::EngineRun;
use super::run::Measured;
use super::settings::Settings;
use super::verdict::Verdicts;
use crate::measure::result::{Fields, object};

/// What was measured.
pub fn title(measured: &Measured) -> String {
    let names: Vec<&str> = measured.runs.iter().map(|run| run.name.as_str()).collect();
    format!("One query on {}", names.join(", "))
}

/// The object of all engines.
pub fn result(measured: &Measured, settings: &Settings, verdicts: &Verdicts) -> Value {
    let variants = measured.runs.iter().map(variant).collect();
    let name = |i: usize| measured.runs[i].name.clone();
    let against: Vec<Value> = verdicts
        .against
        .iter()
        .map(|against| {
            Fields::default()
                .with("label", name(against.engine))
                .with("ratio", against.ratio)
                .maybe("ci", against.ci.map(|(low, high)| json!([low, high])))
                .with("verdict", against.verdict.name())
                .maybe("p", against.p)
                .maybe("rounds_needed", against.rounds_needed)
                .value()
        })
        .collect();
    object("sql", &title(measured), variants, measured.noise().as_ref(), &measured.load)
        .with("seed", measured.seed)
        .with("rounds", settings.rounds)
        .with("tolerance", settings.tolerance)
        .with("timeout_s", settings.timeout_s)
        .maybe("equal", measured.equal)
        .maybe("reference", measured.reference.map(name))
        .maybe("baseline", verdicts.baseline.map(name))
        .with("verdicts", against)
        .maybe("partial", measured.interrupted.then_some(true))
        .value()
}

fn variant(run: &EngineRun) -> Value {
    let mut fields = Fields::default().with("label", run.name.as_str()).with("lang", "sql").with("engine", run.engine.as_str());
    fields = fields.with("status", run.status.name()).maybe("reason", (!run.reason.is_empty()).then_some(run.reason.as_str()));
    if let Some(summary) = run.summary() {
        fields = fields.summary(&summary, &run.samples).with("phases_s", json!(run.warm_phases()));
    }
    if let Some((reply, seconds)) = &run.cold {
        fields = fields
            .with("cold_s", *seconds)
            .with("cold_phases_s", json!(reply.phases))
            .with("rows", reply.row_count)
            .maybe("threads", (reply.threads > 0).then_some(reply.threads))
            .maybe("engine_version", Some(reply.engine_version.as_str()).filter(|version| !version.is_empty()))
            .maybe("loaded", reply.loaded.map(|moved| json!(moved)))
            .maybe("fetched", reply.fetched.map(|moved| json!(moved)))
            .maybe("notes", (!reply.notes.is_empty()).then(|| json!(reply.notes)));
    }
    fields.maybe("sql", run.translated.then_some(run.sql.as_str())).value()
}
