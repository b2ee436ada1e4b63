//! Difference, chart, table and rows.

use serde_json::Value;

use super::object::title;
use super::outcome::{EngineRun, Status, told};
use super::prepare::answer;
use super::run::Measured;
use super::settings::Settings;
use super::verdict::Verdicts;
use crate::bundle::Bundle;
use crate::charts::colours::look;
use crate::charts::phases::{Part, Phases, Row, Stack, Warm};
use crate::error::MagicError;
use crate::host::Host;
use crate::html;
use crate::magics::sql::render::{plural, rows_table};
use crate::measure::report::{self, Remark, footer};
use crate::registry::Call;
use crate::sql_wire::{self, Moved};
use crate::stats::independent::Median;
use crate::table::{Heading, Table};
use crate::units::{self, Scale, time};

/// Shows what there is: differing answers first, then chart, table and the rows, once.
///
/// # Errors
/// A chart that cannot be drawn, a result that cannot be bound.
pub fn show(
    call: &Call,
    measured: &Measured,
    settings: &Settings,
    verdicts: &Verdicts,
    result: &Value,
    host: &mut dyn Host,
) -> Result<(), MagicError> {
    for (engine, comparison) in &measured.differences {
        host.display(&difference(measured, *engine, comparison));
    }
    host.display(&chart(measured, verdicts, settings).draw()?.bundle().with_result(result.clone()));
    host.display(&numbers(measured, verdicts, settings).with_result(result.clone()));
    let Some(reference) = measured.reference else { return Ok(()) };
    let run = &measured.runs[reference];
    let Some((reply, _)) = &run.cold else { return Ok(()) };
    let mut caption = vec![said_rows(measured, run, settings)];
    if let (Some(name), false) = (&settings.out, measured.interrupted) {
        // The answer's file is removed after this: the variable needs one of its own.
        let (from, to) = (answer(&run.engine, host.session_dir()), host.session_dir().join(format!("out_{name}.arrow")));
        std::fs::rename(&from, &to).map_err(|error| {
            MagicError::new("SqlError", format!("the rows could not be kept for `{name}`: {error}")).hint("run the cell again")
        })?;
        caption.push(crate::magics::sql::bind_result(call, name, &to.to_string_lossy(), reply, host)?);
    }
    host.display(&rows_table(reply, caption).bundle());
    Ok(())
}

fn difference(measured: &Measured, engine: usize, comparison: &sql_wire::Comparison) -> Bundle {
    let first = measured.reference.map_or("first", |i| measured.runs[i].name.as_str());
    side_by_side(first, &measured.runs[engine].name, comparison)
}

/// The first row that differs of two answers, side by side.
pub fn side_by_side(first: &str, other: &str, comparison: &sql_wire::Comparison) -> Bundle {
    let title = format!("{other} and {first} give different answers: {}", comparison.reason);
    let mut table = Table {
        headings: vec![Heading::text("column"), Heading::text(first), Heading::text(other), Heading::text("")],
        caption: vec!["no ranking: times of different answers cannot be compared".into()],
        ..Table::default()
    };
    if let Some(row) = &comparison.row {
        let value = |values: &Option<Vec<Option<String>>>, i: usize| match values {
            Some(values) => values.get(i).cloned().unwrap_or_default(),
            None => Some("(no such row)".into()),
        };
        table.rows = (0..row.columns.len())
            .map(|i| {
                let (a, b) = (value(&row.first, i), value(&row.other, i));
                let differs = if a == b { "" } else { "≠" };
                vec![Some(row.columns[i].clone()), a, b, Some(differs.into())]
            })
            .collect();
        table.caption.insert(0, format!("the first differing row, number {} in the order compared", row.index + 1));
    }
    let body = if table.rows.is_empty() { Table { headings: Vec::new(), ..table } } else { table };
    let heading = format!("<div style=\"font-weight:bold;margin:.3em 0\">{}</div>\n", html::escape(&title));
    Bundle::text(format!("{title}\n{}", body.text())).with("text/html", format!("{heading}{}", body.html()))
}

fn stack(phases: &sql_wire::Phases, whole: f64) -> Stack {
    let parts: Stack = [
        (Part::Open, phases.open),
        (Part::Load, phases.load),
        (Part::Plan, phases.plan),
        (Part::Execute, phases.execute),
        (Part::Fetch, phases.fetch),
    ]
    .into_iter()
    .filter_map(|(part, seconds)| Some((part, seconds?)))
    .collect();
    // An engine that tells no parts has executed.
    if parts.is_empty() { vec![(Part::Execute, whole)] } else { parts }
}

fn chart(measured: &Measured, verdicts: &Verdicts, settings: &Settings) -> Phases {
    let against = |i: usize| match verdicts.baseline {
        Some(baseline) if baseline == i => "baseline".to_owned(),
        _ => verdicts.against.iter().find(|against| against.engine == i).map_or_else(String::new, |against| against.short()),
    };
    let row = |(i, run): (usize, &EngineRun)| {
        let reply = run.cold.as_ref().map(|(reply, _)| reply);
        let counted = |reply: &sql_wire::SqlReply| {
            let threads = (reply.threads > 0).then(|| plural(reply.threads as u64, "thread"));
            [threads, Some(plural(reply.row_count, "row"))].into_iter().flatten().collect::<Vec<_>>().join(" · ")
        };
        let warm = run.summary().filter(|_| run.is_ok()).map(|summary| Warm {
            median: Median { value: summary.median, ci: summary.ci },
            parts: stack(&run.warm_phases(), summary.median),
        });
        let gap = match (run.is_ok(), &warm) {
            (false, _) => Some(run.gap().replace('`', "")),
            (true, None) if measured.interrupted => Some("interrupted".to_owned()),
            (true, _) => None,
        };
        Row {
            label: run.name.clone(),
            detail: reply.map(|reply| reply.engine_version.clone()).unwrap_or_default(),
            detail_2: reply.map(counted).unwrap_or_default(),
            look: look(&run.engine),
            warm,
            cold: run.cold.as_ref().map(|(reply, seconds)| stack(&reply.phases, *seconds)),
            gap,
            against: against(i),
        }
    };
    let rounds = measured.runs.iter().map(|run| run.samples.len()).max().unwrap_or(0);
    let equal = match measured.equal {
        Some(true) => "All answers are equal.",
        Some(false) => "Answers differ: no ranking.",
        None => "",
    };
    let interrupted = if measured.interrupted { "Interrupted. " } else { "" };
    Phases {
        title: match &settings.label {
            // A size, which says nothing alone.
            Some(label) if label.starts_with('@') => format!("{} {label}", title(measured)),
            Some(label) => label.clone(),
            None => title(measured),
        },
        note: format!("{interrupted}{}. {equal}", plural(rounds as u64, "round")).trim().to_owned(),
        against: if verdicts.against.is_empty() { String::new() } else { "of the baseline".into() },
        baseline: verdicts.baseline,
        rows: measured.runs.iter().enumerate().map(row).collect(),
        footer: footer(&measured.load, measured.noise().as_ref()),
    }
}

/// Everything in numbers, the verdicts in words, and the SQL that was run where it was translated.
fn numbers(measured: &Measured, verdicts: &Verdicts, settings: &Settings) -> Bundle {
    let phases = ["open", "load", "plan", "execute", "fetch"];
    let of = |run: &EngineRun, name: &str| {
        let seconds = |phases: &sql_wire::Phases| told(phases).into_iter().find(|(known, _)| *known == name).map(|(_, seconds)| seconds);
        (run.cold.as_ref().and_then(|(reply, _)| seconds(&reply.phases)), seconds(&run.warm_phases()))
    };
    let shown: Vec<&str> = phases.into_iter().filter(|name| measured.runs.iter().any(|run| of(run, name) != (None, None))).collect();
    let moved = |moved: Option<Moved>| moved.map_or_else(String::new, |moved| units::bytes(moved.bytes));
    let row = |run: &EngineRun| {
        let reply = run.cold.as_ref().map(|(reply, _)| reply);
        let warm = run.summary().map(|summary| Scale::of(summary.median, summary.ci).with_ci(summary.median, summary.ci));
        let mut cells = vec![
            run.name.clone(),
            reply.map(|reply| reply.engine_version.clone()).unwrap_or_default(),
            reply.filter(|reply| reply.threads > 0).map(|reply| reply.threads.to_string()).unwrap_or_default(),
            run.status.words().to_owned(),
            run.cold.as_ref().map(|(_, seconds)| time(*seconds)).unwrap_or_default(),
            warm.unwrap_or_default(),
        ];
        cells.extend(shown.iter().map(|name| {
            let said = |seconds: Option<f64>| seconds.map_or_else(|| "–".into(), time);
            match of(run, name) {
                (None, None) => String::new(),
                (cold, warm) => format!("{} / {}", said(cold), said(warm)),
            }
        }));
        cells.push(reply.map(|reply| units::count(reply.row_count)).unwrap_or_default());
        cells.push(moved(reply.and_then(|reply| reply.loaded)));
        cells.push(moved(reply.and_then(|reply| reply.fetched)));
        cells.into_iter().map(Some).collect()
    };
    let mut headings = vec![
        Heading::text("engine"),
        Heading::text("version"),
        Heading::number("threads"),
        Heading::text("status"),
        Heading::number("cold"),
        Heading::number("warm, median [95 %]"),
    ];
    headings.extend(shown.iter().map(|name| Heading::number(&format!("{name}, cold / warm"))));
    headings.extend(["rows", "loaded", "fetched"].map(Heading::number));
    let mut caption = verdicts.sentences(measured);
    caption.push(format!(
        "{} in random order (seed {}), at most {} for each run, {} asked for",
        plural(settings.rounds as u64, "round"),
        measured.seed,
        time(settings.timeout_s),
        plural(settings.threads as u64, "thread"),
    ));
    let table = Table { headings, rows: measured.runs.iter().map(row).collect(), caption, marked: false };
    let mut remarks: Vec<Remark> = Vec::new();
    for run in &measured.runs {
        if !run.is_ok() {
            remarks.push(Remark::warning(format!("{}: {}", run.name, run.gap()), remedy(run.status)));
        }
        let notes = run.cold.iter().flat_map(|(reply, _)| &reply.notes);
        remarks.extend(notes.map(|note| Remark::note(format!("{}: {note}", run.name), "")));
    }
    remarks.extend(measured.noise().iter().flat_map(report::noise_remarks));
    with_sql(report::bundle(&table, &remarks, &measured.load), measured)
}

fn remedy(status: Status) -> &'static str {
    match status {
        Status::Timeout => "`--timeout 5m`, or less data",
        Status::OutOfMemory => "fewer rows or columns",
        _ => "",
    }
}

/// Adds the SQL of the engines whose dialect differs.
fn with_sql(mut bundle: Bundle, measured: &Measured) -> Bundle {
    let translated: Vec<&EngineRun> = measured.runs.iter().filter(|run| run.translated).collect();
    let (mut text, mut page) = (String::new(), String::new());
    for run in translated {
        text.push_str(&format!("\nSQL run on {}:\n{}", run.name, run.sql.trim()));
        page.push_str(&format!(
            "<details style=\"margin:.3em 0\"><summary>SQL run on {}</summary>{}</details>\n",
            html::escape(&run.name),
            html::pre(run.sql.trim())
        ));
    }
    for (mime, more) in [("text/plain", text), ("text/html", page)] {
        if let Some(Value::String(content)) = bundle.data.get_mut(mime) {
            content.push_str(&more);
        }
    }
    bundle
}

/// Where the rows come from, and who agrees.
fn said_rows(measured: &Measured, run: &EngineRun, settings: &Settings) -> String {
    let others: Vec<&str> = measured
        .runs
        .iter()
        .filter(|other| other.cold.is_some() && other.status != Status::Wrong && other.engine != run.engine)
        .map(|other| other.name.as_str())
        .collect();
    let order = if measured.ordered { "" } else { ", the order of rows left aside" };
    if measured.equal.is_none() || others.is_empty() {
        return format!("the answer of {}", run.name);
    }
    format!("the answer of {}; equal on {} (floats and decimals within {:e}{order})", run.name, others.join(", "), settings.tolerance)
}
