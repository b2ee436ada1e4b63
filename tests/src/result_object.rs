//! The object under `benchbook` in the metadata of measuring magics, as DESIGN describes it.

use serde_json::Value;

const STATUS: [&str; 6] = ["ok", "unavailable", "timeout", "out_of_memory", "error", "wrong"];

/// Asserts that `object` is a valid result of `magic`: documented fields of the right types and consistent with each
/// other. No time is judged.
#[track_caller]
pub fn check(object: &Value, magic: &str) {
    let wrong = problems(object, magic);
    assert!(wrong.is_empty(), "the result object of {magic} is wrong:\n  {}\n{object:#}", wrong.join("\n  "));
}

/// What is wrong with a result object.
#[must_use]
pub fn problems(object: &Value, magic: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut demand = |holds: bool, what: &str| {
        if !holds {
            wrong.push(what.to_owned());
        }
    };
    demand(object["schema"] == 1, "`schema` is not 1");
    demand(object["magic"] == magic, "`magic` names another magic");
    demand(object["title"].as_str().is_some_and(|title| !title.is_empty()), "`title` is missing");
    demand(object.get("seed").is_none_or(Value::is_u64), "`seed` is no number");
    demand(object["build"]["opt_level"] == 3, "`build.opt_level` is not 3");
    demand(object["build"]["debug_assertions"] == false, "`build.debug_assertions` is not false");
    demand(object["build"]["rustc"].as_str().is_some_and(|version| version.starts_with("1.")), "`build.rustc` is no version");
    demand(object["machine"].as_object().is_some_and(|machine| !machine.is_empty()), "`machine` is empty");
    if let Some(noise) = object.get("noise") {
        demand(matches!(noise["level"].as_str(), Some("green" | "amber" | "red")), "`noise.level` is no level");
        demand(noise["reasons"].is_array(), "`noise.reasons` is no list");
    }
    for line in object["hot_lines"].as_array().into_iter().flatten() {
        let share = |key: &str| line[key].as_f64().is_some_and(|share| (0.0..=1.0 + 1e-9).contains(&share));
        let said = line["cell"].is_string() && line["line"].is_u64() && line["text"].is_string() && share("share") && share("total_share");
        demand(said, "a hot line lacks its cell, line, text or shares");
    }
    let variants = object["variants"].as_array().map_or(&[][..], Vec::as_slice);
    // A check without an effect measures nothing.
    demand(!variants.is_empty() || magic == "check", "`variants` is empty");
    for variant in variants {
        wrong.extend(variant_problems(variant));
    }
    let labels: Vec<&str> = variants.iter().filter_map(|variant| variant["label"].as_str()).collect();
    wrong.extend(comparison_problems(object, &labels));
    let specific = match magic {
        "timeit" => variants.iter().all(|variant| samples(variant).len() > 1),
        "parallel" => {
            // A section that could not be measured is told once, without a count.
            let counted = |variant: &Value| variant["threads"].as_u64().is_some_and(|threads| threads > 0);
            variants.iter().all(|variant| variant["status"] != "ok" || counted(variant))
        }
        "check" => gates_are_whole(object),
        "profile" if object["mode"] == "memory" => object["timeline"]
            .as_array()
            .is_some_and(|points| points.len() > 1 && points.iter().all(|point| point["s"].is_f64() && point["rss_bytes"].is_u64())),
        "profile" => object["hot"].as_array().is_some_and(|hot| {
            !hot.is_empty()
                && hot
                    .iter()
                    .all(|row| row["symbol"].is_string() && row["share"].as_f64().is_some_and(|share| (0.0..=1.0).contains(&share)))
        }),
        _ => true,
    };
    if !specific {
        wrong.push(format!("what every {magic} has is missing: several samples, `threads`, `hot` or `gates`"));
    }
    wrong
}

/// Whether each gate of a check has its name, verdict and message, and the whole follows from them.
fn gates_are_whole(object: &Value) -> bool {
    let gates = object["gates"].as_array().map_or(&[][..], Vec::as_slice);
    let verdicts: Vec<&str> = gates.iter().filter_map(|gate| gate["verdict"].as_str()).collect();
    let whole = if verdicts.contains(&"not yet") {
        "not yet"
    } else if verdicts.contains(&"inconclusive") {
        "inconclusive"
    } else {
        "passed"
    };
    let gate_is_whole = |gate: &Value| {
        let ratio = gate.get("ratio").is_none_or(|ratio| ratio.as_f64().is_some_and(|ratio| ratio > 0.0) && gate["at_least"].is_number());
        matches!(gate["name"].as_str(), Some("correct" | "effect" | "evidence" | "requires"))
            && matches!(gate["verdict"].as_str(), Some("passed" | "not yet" | "inconclusive" | "skipped"))
            && gate["message"].is_string()
            && ratio
    };
    let score = object
        .get("score")
        .is_none_or(|score| score.as_f64().zip(object["points"].as_f64()).is_some_and(|(score, points)| (0.0..=points).contains(&score)));
    !gates.is_empty() && gates.iter().all(gate_is_whole) && object["verdict"] == whole && object["exercise"].is_string() && score
}

/// What is wrong with the fields that a comparison of engines or variants adds.
fn comparison_problems(object: &Value, labels: &[&str]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut demand = |holds: bool, what: &str| {
        if !holds {
            wrong.push(what.to_owned());
        }
    };
    demand(object.get("equal").is_none_or(Value::is_boolean), "`equal` is neither true nor false");
    for key in ["baseline", "reference"] {
        let named = object.get(key).is_none_or(|label| label.as_str().is_some_and(|label| labels.contains(&label)));
        demand(named, &format!("`{key}` names no variant"));
    }
    for key in ["tolerance", "timeout_s"] {
        demand(object.get(key).is_none_or(|value| value.as_f64().is_some_and(|value| value >= 0.0)), &format!("`{key}` is no number"));
    }
    for verdict in object["verdicts"].as_array().into_iter().flatten() {
        demand(verdict["label"].as_str().is_some_and(|label| labels.contains(&label)), "a verdict is about no variant");
        demand(verdict["ratio"].as_f64().is_some_and(|ratio| ratio > 0.0), "a verdict has no ratio");
        let words = ["faster", "slower", "equivalent", "cannot tell"];
        demand(verdict["verdict"].as_str().is_some_and(|word| words.contains(&word)), "a verdict has another word");
        demand(object["equal"] == true || object["unchecked"] == true, "a verdict without equal answers");
    }
    wrong
}

fn samples(variant: &Value) -> Vec<f64> {
    variant["samples_s"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
}

fn variant_problems(variant: &Value) -> Vec<String> {
    let label = variant["label"].as_str().unwrap_or_default();
    let mut wrong = Vec::new();
    let mut demand = |holds: bool, what: &str| {
        if !holds {
            wrong.push(format!("variant `{label}`: {what}"));
        }
    };
    demand(!label.is_empty(), "no label");
    demand(matches!(variant["lang"].as_str(), Some("rust" | "sql" | "python")), "`lang` is no language");
    let status = variant["status"].as_str().unwrap_or_default();
    demand(STATUS.contains(&status), "`status` is unknown");
    for key in ["rows", "peak_bytes", "peak_rss_bytes", "allocations", "allocated_bytes", "threads"] {
        demand(variant.get(key).is_none_or(Value::is_u64), &format!("`{key}` is no count"));
    }
    for key in ["loaded", "fetched"] {
        let moved = |value: &Value| value["rows"].is_u64() && value["bytes"].is_u64();
        demand(variant.get(key).is_none_or(moved), &format!("`{key}` has no rows and bytes"));
    }
    demand(variant.get("cold_s").is_none_or(|value| value.as_f64().is_some_and(|s| s >= 0.0)), "`cold_s` is no time");
    if status != "ok" {
        return wrong;
    }
    let samples = samples(variant);
    let number = |key: &str| variant[key].as_f64();
    if let (Some(median), false) = (number("median_s"), samples.is_empty()) {
        let (low, high) = samples.iter().fold((f64::MAX, 0.0_f64), |(low, high), &s| (low.min(s), high.max(s)));
        demand(samples.iter().all(|&s| s.is_finite() && s >= 0.0), "a sample is no time");
        demand((low..=high).contains(&median), "the median lies outside the samples");
        if let Some(min) = number("min_s") {
            demand((min - low).abs() <= low * 1e-9, "`min_s` is not the smallest sample");
        }
        if let Some(ci) = variant["ci_s"].as_array() {
            let ci: Vec<f64> = ci.iter().filter_map(Value::as_f64).collect();
            demand(ci.len() == 2 && ci[0] <= median && median <= ci[1], "`ci_s` does not hold the median");
        }
    }
    for phases in ["phases_s", "cold_phases_s"].iter().filter_map(|key| variant[*key].as_object()) {
        demand(phases.values().all(|value| value.as_f64().is_some_and(|s| s >= 0.0)), "a phase is no time");
    }
    wrong
}
