//! Differing values first, then chart, table, verdicts in words, warnings, and the errors of what failed.

use serde_json::Value;

use super::super::results::words::ratio_text;
use super::super::sql::many::show::side_by_side;
use super::super::sql::render::plural;
use super::measure::Measured;
use super::object::title;
use super::parse::Lang;
use super::settings::Settings;
use super::variant::Variant;
use crate::bundle::Bundle;
use crate::charts::bars::{Bar, Bars, Outcome};
use crate::charts::colours::look;
use crate::error::MagicError;
use crate::host::{Host, Stream};
use crate::machine::{Machine, build_line, build_line_of};
use crate::measure::fooled;
use crate::measure::report::{self, Remark};
use crate::stats::Level;
use crate::stats::bootstrap::Estimate;
use crate::stats::independent::{Median, Ratio, Verdict as Reading};
use crate::stats::verdict::{Against, Verdict};
use crate::table::{Heading, Table};
use crate::units::{Scale, percent, time};

/// Shows what there is.
///
/// # Errors
/// A chart that cannot be drawn.
pub fn show(measured: &Measured, settings: &Settings, result: &Value, host: &mut dyn Host) -> Result<(), MagicError> {
    differences(measured, host);
    // One variant alone is no comparison.
    let drawn = measured.variants.iter().filter(|variant| variant.is_timed()).count();
    if drawn > 1 || (drawn > 0 && measured.gate.differences.is_empty()) {
        host.display(&chart(measured, settings).draw()?.bundle().with_result(result.clone()));
    }
    host.display(&numbers(measured, settings).with_result(result.clone()));
    errors(&measured.variants, host);
    Ok(())
}

/// Both values of each pair that differs.
pub fn differences(measured: &Measured, host: &mut dyn Host) {
    let first = measured.gate.reference.map_or("first", |i| measured.variants[i].label());
    for (other, comparison) in &measured.gate.differences {
        host.display(&side_by_side(first, measured.variants[*other].label(), comparison));
    }
}

/// `0.31 [0.29, 0.33]`.
pub fn ratio(estimate: &Estimate) -> String {
    ratio_text(&Ratio { value: estimate.value, ci: estimate.ci, verdict: Reading::Overlap })
}

fn short(against: &Against) -> String {
    match (against.verdict, against.ratio.ci) {
        (_, None) => format!("{}, no interval", ratio(&against.ratio)),
        (Verdict::CannotTell | Verdict::Equivalent, _) => format!("≈ {}", ratio(&against.ratio)),
        _ => ratio(&against.ratio),
    }
}

/// How Rust is built and Python is run.
pub fn build(variants: &[Variant]) -> String {
    let python = variants.iter().find_map(|variant| variant.python.as_ref());
    let rust = variants.iter().any(|variant| variant.section.lang == Lang::Rust);
    match python {
        Some(python) if rust => format!("{} · {}", build_line(), python.text()),
        Some(python) => build_line_of(&python.text()),
        None => build_line(),
    }
}

fn gate_in_short(measured: &Measured, settings: &Settings) -> &'static str {
    match measured.gate.equal {
        _ if !settings.check => "Values were not compared.",
        Some(true) => "All values are equal.",
        Some(false) => "Values differ: no ranking.",
        None if measured.gate.not_compared.is_empty() => "",
        None => "Values could not be compared: no ranking.",
    }
}

fn chart(measured: &Measured, settings: &Settings) -> Bars {
    let bar = |(i, variant): (usize, &Variant)| {
        let outcome = match variant.summary().filter(|_| variant.is_ok()) {
            Some(summary) => Outcome::Time {
                median: Median { value: summary.median, ci: summary.ci },
                samples: variant.samples.clone(),
                against: match &measured.against[i] {
                    Some(against) => short(against),
                    None if measured.baseline == Some(i) => "baseline".into(),
                    None => "–".into(),
                },
            },
            None if variant.is_ok() => Outcome::Gap("interrupted before its first round".into()),
            None => Outcome::Gap(variant.gap().replace('`', "")),
        };
        Bar {
            label: variant.label().to_owned(),
            detail: variant.detail(),
            look: look(variant.look()),
            outcome,
            peak_bytes: variant.peak_rss_bytes.map(|bytes| bytes as f64),
        }
    };
    let interrupted = if measured.interrupted { "Interrupted, a part only: " } else { "" };
    Bars {
        title: title(&measured.variants, settings),
        note: format!("{interrupted}{}. {}", plural(measured.rounds as u64, "round"), gate_in_short(measured, settings))
            .trim_end()
            .to_owned(),
        against: if measured.baseline.is_some() { "of the baseline".into() } else { String::new() },
        baseline: measured.baseline,
        bars: measured.variants.iter().enumerate().map(bar).collect(),
        footer: report::footer_of(build(&measured.variants), &measured.load, measured.noise().as_ref()),
    }
}

/// What is said of a variant against the baseline; never more than the interval allows.
pub fn sentence(name: &str, base: &str, against: &Against, medians: Option<(f64, f64)>, rounds: usize, delta: f64) -> String {
    let number = ratio(&against.ratio);
    let absolute = medians.map_or_else(String::new, |(own, base)| format!(" ({} against {})", time(own), time(base)));
    match (against.verdict, against.ratio.ci) {
        (Verdict::Faster | Verdict::Slower, _) => format!("{name} takes {number} of {base}'s time{absolute}: {}", against.verdict.name()),
        (Verdict::Equivalent, _) => {
            format!("{name} and {base} take the same time within {}: {number}{absolute}: equivalent", percent(delta).replace(".0 %", " %"))
        }
        (Verdict::CannotTell, Some(_)) => {
            let more = against
                .rounds_needed
                .map(|needed| format!("; about {} may tell", plural(needed.saturating_sub(rounds).max(1) as u64, "more round")));
            format!(
                "{name} against {base}: cannot tell from {}, {number}{absolute}{}",
                plural(rounds as u64, "round"),
                more.unwrap_or_default()
            )
        }
        (Verdict::CannotTell, None) => {
            format!("{name} against {base}: {number} of the time{absolute}, but {} give no interval; 6 do", plural(rounds as u64, "round"))
        }
    }
}

fn sentences(measured: &Measured, settings: &Settings) -> Vec<String> {
    let Some(baseline) = measured.baseline else { return Vec::new() };
    let median = |i: usize| measured.variants[i].summary().map(|summary| summary.median);
    (0..measured.variants.len())
        .filter_map(|i| {
            let against = measured.against[i].as_ref()?;
            let (name, base) = (measured.variants[i].label(), measured.variants[baseline].label());
            Some(sentence(name, base, against, median(i).zip(median(baseline)), measured.rounds, settings.delta))
        })
        .collect()
}

fn numbers(measured: &Measured, settings: &Settings) -> Bundle {
    let row = |(i, variant): (usize, &Variant)| {
        let summary = variant.summary().filter(|_| variant.is_ok());
        let (against, verdict) = match &measured.against[i] {
            Some(against) => (ratio(&against.ratio), against.verdict.name().to_owned()),
            None if measured.baseline == Some(i) => ("1".into(), "baseline".into()),
            None if variant.is_ok() => (String::new(), String::new()),
            None => (String::new(), variant.status.words().to_owned()),
        };
        let mut cells = vec![
            variant.label().to_owned(),
            variant.detail(),
            summary.map(|s| Scale::of(s.median, s.ci).with_ci(s.median, s.ci)).unwrap_or_default(),
            against,
            verdict,
            variant.first_s.map(time).unwrap_or_default(),
            match (variant.section.lang, variant.compile_s) {
                (Lang::Rust, Some(seconds)) => time(seconds),
                (Lang::Rust, None) if variant.first_s.is_some() => "compiled before".into(),
                _ => String::new(),
            },
            if variant.is_timed() { crate::units::count(variant.iterations) } else { String::new() },
        ];
        if settings.memory {
            cells.push(variant.peak_rss_bytes.map(crate::units::bytes).unwrap_or_default());
        }
        cells.into_iter().map(Some).collect()
    };
    let mut headings = vec![
        Heading::text("variant"),
        Heading::text("language"),
        Heading::number("median [95 %]"),
        Heading::number("of the baseline [95 %]"),
        Heading::text("verdict"),
        Heading::number("first run"),
        Heading::number("compile time"),
        Heading::number("runs per sample"),
    ];
    if settings.memory {
        headings.push(Heading::number("peak memory"));
    }
    let mut caption = sentences(measured, settings);
    caption.push(said_values(measured, settings));
    let early = if measured.stopped_early { "; stopped once all ratios were known to 0.4 %" } else { "" };
    caption.push(format!(
        "{} of all variants in random order (seed {}), batches of about {}{early}",
        plural(measured.rounds as u64, "round"),
        measured.seed,
        time(measured.batch_s),
    ));
    if settings.memory {
        caption.push("peak memory: by how much the process grew at most during one warm run that is no sample".into());
    }
    if settings.processes > 1 {
        caption.push(format!("in {} fresh processes; intervals of ratios resample processes, then rounds", measured.processes.len()));
    }
    if measured.baseline.is_some() && measured.noise().is_some_and(|noise| noise.level == Level::Red) {
        caption.push("the noise verdict is about the times; ratios are of the same rounds, and their intervals carry the noise".into());
    }
    if measured.variants.iter().any(|variant| variant.section.lang == Lang::Sql) {
        caption.push("SQL: the engine's own seconds for plan, execute and fetch".into());
    }
    let table = Table { headings, rows: measured.variants.iter().enumerate().map(row).collect(), caption, marked: false };
    report::bundle_of(&build(&measured.variants), &table, &remarks(measured, settings), &measured.load)
}

/// Which values are equal, and how far they were compared.
fn said_values(measured: &Measured, settings: &Settings) -> String {
    let gate = &measured.gate;
    if !settings.check {
        return "values were not compared (`--no-check`)".into();
    }
    let order = match (gate.order_counted, gate.order_left_aside) {
        (true, false) => ", in order",
        (false, true) => ", the order of rows left aside",
        (true, true) => ", in order where both sides are sequences",
        (false, false) => "",
    };
    match gate.equal {
        Some(true) => format!("all values are equal (floats and decimals within {:e}{order})", settings.tolerance),
        Some(false) => "values differ: times of different values cannot be compared, so nothing is ranked".into(),
        None if gate.not_compared.is_empty() => "there was nothing to compare".into(),
        None => "not compared, so nothing is ranked".into(),
    }
}

/// Warnings and notes.
pub fn remarks(measured: &Measured, settings: &Settings) -> Vec<Remark> {
    let mut remarks: Vec<Remark> = Vec::new();
    if measured.interrupted {
        remarks.push(Remark::warning(
            format!("interrupted: this is the part measured so far, {}", plural(measured.rounds as u64, "round")),
            "",
        ));
    }
    if !settings.check {
        remarks.push(Remark::warning(
            "`--no-check`: nobody has looked whether the variants compute the same",
            "end each variant with its value, and leave `--no-check` out",
        ));
    }
    for why in &measured.gate.not_compared {
        remarks.push(Remark::warning(
            format!("not compared: {why}"),
            "end each variant with its value (a number, a text, a vector, a table), or give `--no-check`",
        ));
    }
    for variant in &measured.variants {
        if !variant.is_ok() {
            remarks.push(Remark::warning(format!("{}: {}", variant.label(), variant.gap()), ""));
        }
    }
    remarks.extend(doubts(&measured.variants));
    remarks.extend(measured.gate.notes.iter().map(|note| Remark::note(note.as_str(), "")));
    remarks.extend(measured.noise().iter().flat_map(report::noise_remarks));
    remarks
}

/// "The compiler fooled you", of each Rust variant.
fn doubts(variants: &[Variant]) -> Vec<Remark> {
    let cycle_s = Machine::read().cycle_s();
    let rust = variants.iter().filter(|variant| variant.section.lang == Lang::Rust && variant.is_timed());
    rust.filter_map(|variant| {
        let facts = fooled::Facts {
            median_s: variant.summary()?.median,
            cycle_s,
            loop_s: None,
            unit_result: variant.unit_result,
            no_inputs: variant.no_inputs,
        };
        Some(
            fooled::signs(&facts)
                .into_iter()
                .map(move |sign| Remark::warning(format!("{}: {}", variant.label(), sign.text()), sign.remedy())),
        )
    })
    .flatten()
    .collect()
}

/// The whole errors of the variants that failed, as their cells would show them.
pub fn errors(variants: &[Variant], host: &mut dyn Host) {
    for variant in variants {
        let Some(error) = &variant.error else { continue };
        host.stream(Stream::Stderr, &format!("{} failed\n{}\n", variant.label(), error.shown().join("\n")));
    }
}
