//! The report as a text of at most 140 columns.

use std::fmt::Write as _;

use magics::machine::Machine;
use magics::units::{decimals_for_digits, time};

use super::kernels::Who;
use super::options::{Options, Part};
use super::report::{Estimate, Judged, Limit, Report, Row, Unit, estimate};

const WIDTH: usize = 140;
/// Competitors with a column of their own.
const COLUMNS: [Who; 5] = [Who::EvcxrPolars, Who::Evcxr, Who::Rustc, Who::Release, Who::Base];

/// The whole report.
#[must_use]
pub fn text(report: &Report, options: &Options) -> String {
    let mut out = String::new();
    line(&mut out, "Cells: Benchbook beside evcxr_jupyter and a bare compiler");
    let versions: Vec<String> = report.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
    line(&mut out, &versions.join(" · "));
    line(&mut out, &Machine::read().line(Some(&report.load)));
    let quick = if options.quick { " (quick: too few to publish)" } else { "" };
    line(
        &mut out,
        &format!(
            "{} rounds{quick}, the kernels take turns in each; median [95 % interval]; ratios from pairs of one round",
            options.rounds
        ),
    );
    for note in &report.notes {
        line(&mut out, &format!("note: {note}"));
    }
    for part in Part::ALL {
        let rows: Vec<&Row> = report.rows.iter().filter(|row| row.part == part).collect();
        if !rows.is_empty() {
            section(&mut out, part, &rows);
        }
    }
    ending(&mut out, report);
    out
}

fn section(out: &mut String, part: Part, rows: &[&Row]) {
    let columns: Vec<Who> = COLUMNS.into_iter().filter(|who| rows.iter().any(|row| row.of(*who).is_some())).collect();
    out.push('\n');
    let mut head = format!("{:<29} {:<21}", part.name().to_uppercase(), "ours");
    for who in &columns {
        let _ = write!(head, " {:>12}", who.name());
    }
    let _ = write!(head, "  {:<23} {:<18} ", "target", "measured");
    line(out, head.trim_end());
    line(out, &"-".repeat(WIDTH.min(head.chars().count() + 7)));
    let mut noted: Vec<&str> = Vec::new();
    for row in rows {
        let mut start =
            format!("{:<29} {:<21}", row.what, row.of(Who::Ours).map_or("-".into(), |values| shown(row.unit, estimate(values))));
        for who in &columns {
            let value = row.of(*who).map_or("-".into(), |values| number(row.unit, estimate(values).value));
            let _ = write!(start, " {value:>12}");
        }
        let indent = " ".repeat(start.chars().count());
        let judged = row.judged();
        if judged.is_empty() {
            line(out, start.trim_end());
        }
        for (at, one) in judged.iter().enumerate() {
            let text = format!(
                "{}  {:<23} {:<18} {}",
                if at == 0 { &start } else { &indent },
                wanted(row.unit, one.limit),
                found(row.unit, one),
                one.verdict.name()
            );
            line(out, text.trim_end());
        }
        if !row.note.is_empty() && !noted.contains(&row.note.as_str()) {
            noted.push(&row.note);
        }
    }
    for note in noted {
        line(out, &format!("  {note}"));
    }
}

fn ending(out: &mut String, report: &Report) {
    out.push('\n');
    let judged: Vec<Judged> = report.rows.iter().flat_map(Row::judged).collect();
    let count = |name: &str| judged.iter().filter(|one| one.verdict.name() == name).count();
    line(
        out,
        &format!("targets: {} hold, {} missed, {} unclear, {} not measured", count("holds"), count("MISSED"), count("unclear"), count("-")),
    );
    line(out, &format!("answers: {} checked, {} wrong", report.answers.checked, report.answers.wrong.len()));
    for wrong in report.answers.wrong.iter().take(10) {
        line(out, &format!("  WRONG {wrong}"));
    }
    for (part, why) in &report.failures {
        line(out, &format!("FAILED {}: {why}", part.name()));
    }
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

fn number(unit: Unit, value: f64) -> String {
    match unit {
        _ if !value.is_finite() => "no answer".into(),
        Unit::Seconds => time(value),
        Unit::Bytes => megabytes(value),
        Unit::Share => format!("{:.2} %", value * 100.0),
    }
}

fn megabytes(bytes: f64) -> String {
    let megabytes = bytes / 1e6;
    format!("{megabytes:.*} MB", decimals_for_digits(megabytes, 3).min(3))
}

/// `123 ms [120, 131]`.
fn shown(unit: Unit, estimate: Estimate) -> String {
    let middle = number(unit, estimate.value);
    let Some((low, high)) = estimate.ci else { return middle };
    let bare = |value: f64| {
        let text = number(unit, value);
        let own = text.split_whitespace().nth(1).unwrap_or_default().to_owned();
        // The unit is said once, unless an end of the interval has another.
        if middle.ends_with(&format!(" {own}")) { text.trim_end_matches(&own).trim_end().to_owned() } else { text }
    };
    format!("{middle} [{}, {}]", bare(low), bare(high))
}

fn wanted(unit: Unit, limit: Limit) -> String {
    match limit {
        Limit::TimesFaster(who, times) => format!("{} / ours ≥ {times}", who.name()),
        Limit::AtMostTimes(who, times) => format!("ours / {} ≤ {times}", who.name()),
        Limit::AtMost(most) => format!("≤ {}", number(unit, most)),
    }
}

fn found(unit: Unit, judged: &Judged) -> String {
    let Some(measured) = judged.measured else { return "-".into() };
    if matches!(judged.limit, Limit::AtMost(_)) {
        return number(unit, measured.value);
    }
    let digits = |value: f64| format!("{value:.*}", decimals_for_digits(value, 3).min(3));
    match measured.ci {
        Some((low, high)) => format!("{} [{}, {}]", digits(measured.value), digits(low), digits(high)),
        None => digits(measured.value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_said_once() {
        assert_eq!(shown(Unit::Seconds, Estimate { value: 0.123, ci: Some((0.12, 0.131)) }), "123 ms [120, 131]");
        assert_eq!(shown(Unit::Seconds, Estimate { value: 0.99, ci: Some((0.9, 1.1)) }), "990 ms [900, 1.10 s]");
        assert_eq!(shown(Unit::Bytes, Estimate { value: 52e6, ci: None }), "52.0 MB");
        assert_eq!(shown(Unit::Share, Estimate { value: 0.0, ci: None }), "0.00 %");
    }
}
