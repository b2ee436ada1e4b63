//! The report as a text of at most 140 columns.

use std::fmt::Write as _;

use magics::machine::Machine;
use magics::units::{TimeUnit, decimals_for_digits, time};

use super::report::{Competitor, Estimate, Judged, Limit, Report, Row, Section, Unit, estimate};

const WIDTH: usize = 140;

/// What is said above the table.
pub struct About<'a> {
    pub title: &'a str,
    pub rounds: usize,
    pub quick: bool,
}

/// The whole report.
#[must_use]
pub fn text<W: Competitor, P: Section>(report: &Report<W, P>, about: &About<'_>) -> String {
    let mut out = String::new();
    line(&mut out, about.title);
    let versions: Vec<String> = report.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
    wrapped(&mut out, &versions.join(" · "));
    wrapped(&mut out, &Machine::read().line(Some(&report.load)));
    let quick = if about.quick { " (quick: too few to publish)" } else { "" };
    let rounds = about.rounds;
    wrapped(
        &mut out,
        &format!("{rounds} rounds{quick}, the kernels take turns in each; median [95 % interval]; ratios from pairs of one round"),
    );
    wrapped(
        &mut out,
        "target: `≥ 5×` is the other's time over ours, `≤ 2×` and `±` ours over the other's; unclear: only the interval reaches it",
    );
    for note in &report.notes {
        wrapped(&mut out, &format!("note: {note}"));
    }
    for &part in P::ALL {
        let rows: Vec<&Row<W, P>> = report.rows.iter().filter(|row| row.part == part).collect();
        if !rows.is_empty() {
            section(&mut out, part, &rows);
        }
    }
    ending(&mut out, report);
    out
}

/// Widths of a competitor's column, its space included: the first one's name is the longest.
fn width(who: impl Competitor) -> usize {
    if who.name().len() > 8 { 13 } else { 10 }
}

fn section<W: Competitor, P: Section>(out: &mut String, part: P, rows: &[&Row<W, P>]) {
    let columns: Vec<W> = W::COLUMNS.iter().copied().filter(|who| rows.iter().any(|row| row.of(*who).is_some())).collect();
    out.push('\n');
    let mut head = format!("{:<27} {:<20}", part.name().to_uppercase(), "ours");
    for who in &columns {
        let _ = write!(head, "{:>width$}", who.name(), width = width(*who));
    }
    let _ = write!(head, "  {:<19} {:<19} ", "target", "measured");
    line(out, head.trim_end());
    line(out, &"-".repeat(WIDTH.min(head.chars().count() + 7)));
    let mut notes: Vec<&str> = Vec::new();
    for row in rows {
        let ours = row.of(W::OURS).map_or("-".into(), |values| shown(row.unit, estimate(values)));
        let mut start = format!("{:<27} {ours:<20}", row.what);
        for who in &columns {
            let value = row.of(*who).map_or("-".into(), |values| number(row.unit, estimate(values).value));
            let _ = write!(start, "{value:>width$}", width = width(*who));
        }
        let indent = " ".repeat(start.chars().count());
        let judged = row.judged();
        if judged.is_empty() {
            line(out, start.trim_end());
        }
        for (at, one) in judged.iter().enumerate() {
            let start = if at == 0 { &start } else { &indent };
            let (wanted, found) = (wanted(row.unit, one.limit), found(row.unit, one));
            line(out, format!("{start}  {wanted:<19} {found:<19} {}", one.verdict.name()).trim_end());
        }
        if !row.note.is_empty() && !notes.contains(&row.note.as_str()) {
            notes.push(&row.note);
        }
    }
    for note in notes {
        wrapped(out, &format!("  {note}"));
    }
}

fn ending<W: Competitor, P: Section>(out: &mut String, report: &Report<W, P>) {
    out.push('\n');
    let judged: Vec<Judged<W>> = report.rows.iter().flat_map(Row::judged).collect();
    let count = |name: &str| judged.iter().filter(|one| one.verdict.name() == name).count();
    line(
        out,
        &format!("targets: {} hold, {} missed, {} unclear, {} not measured", count("holds"), count("MISSED"), count("unclear"), count("-")),
    );
    line(out, &format!("answers: {} checked, {} wrong", report.answers.checked, report.answers.wrong.len()));
    for wrong in report.answers.wrong.iter().take(10) {
        wrapped(out, &format!("  WRONG {wrong}"));
    }
    for (part, why) in &report.failures {
        wrapped(out, &format!("FAILED {}: {why}", part.name()));
    }
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

/// Text in lines that fit, broken between words.
fn wrapped(out: &mut String, text: &str) {
    for one in text.lines() {
        let mut length = 0;
        for word in one.split_inclusive(' ') {
            let more = word.chars().count();
            if length > 0 && length + more > WIDTH {
                out.push_str("\n    ");
                length = 4;
            }
            out.push_str(word);
            length += more;
        }
        out.push('\n');
    }
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
    let bare = |value: f64| match unit {
        // The unit is said once, and is the median's.
        Unit::Seconds => {
            let own = TimeUnit::for_value(estimate.value);
            own.number(value, decimals_for_digits(value / own.seconds(), 3).min(3))
        }
        _ => number(unit, value).split_whitespace().next().unwrap_or_default().to_owned(),
    };
    if !estimate.value.is_finite() || !high.is_finite() {
        return middle;
    }
    format!("{middle} [{}, {}]", bare(low), bare(high))
}

fn wanted(unit: Unit, limit: Limit<impl Competitor>) -> String {
    match limit {
        Limit::TimesFaster(who, times) => format!("{} ≥ {times}×", who.name()),
        Limit::AtMostTimes(who, times) => format!("≤ {times}× {}", who.name()),
        Limit::Within(who, share) => format!("± {:.0} % {}", share * 100.0, who.name()),
        Limit::AtMost(most) => format!("≤ {}", number(unit, most)),
    }
}

fn found<W>(unit: Unit, judged: &Judged<W>) -> String {
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
    fn long_lines_are_broken() {
        let mut out = String::new();
        wrapped(&mut out, &"word ".repeat(100));
        assert!(out.lines().count() == 4 && out.lines().all(|line| line.chars().count() <= WIDTH), "{out}");
    }

    #[test]
    fn units_are_said_once() {
        assert_eq!(shown(Unit::Seconds, Estimate { value: 0.123, ci: Some((0.12, 0.131)) }), "123 ms [120, 131]");
        assert_eq!(shown(Unit::Seconds, Estimate { value: 0.99, ci: Some((0.9, 1.1)) }), "990 ms [900, 1100]");
        assert_eq!(shown(Unit::Bytes, Estimate { value: 52e6, ci: None }), "52.0 MB");
        assert_eq!(shown(Unit::Share, Estimate { value: 0.0, ci: None }), "0.00 %");
    }
}
