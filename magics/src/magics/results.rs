//! `%results`: the measurements of this session in one chart and one table.

mod curves;
mod stored;
pub(super) mod words;

use serde_json::{Value, json};
use words::{ratio_text, reading, short_ratio};

use crate::bundle::Bundle;
use crate::charts::bars::{Bar, Bars, Outcome};
use crate::charts::{Footer, colours};
use crate::error::MagicError;
use crate::host::Host;
use crate::html;
use crate::machine::{LoadSpan, build_line};
use crate::measure::report::{self, Remark};
use crate::measure::result;
use crate::registry::{Call, Magic};
use crate::results::{Measured, Store};
use crate::spec::{Example, Kind, OptionSpec, Positional, PositionalKind, Spec, ValueKind};
use crate::stats::independent::{Median, Ratio, Verdict};
use crate::stats::noise::Level;
use crate::table::{Heading, Table};
use crate::units::{self, Scale};

/// Rows of a chart that names no labels.
const MOST_ROWS: usize = 24;

static SPEC: Spec = Spec {
    name: "results",
    kind: Kind::Line,
    summary: "Shows the measurements of this session side by side: chart, intervals, ratios to a baseline",
    category: "Measuring",
    options: &[
        OptionSpec::value("baseline", ValueKind::Text, "label that the others are compared with")
            .short('b')
            .default("the first with a time"),
        OptionSpec::value("title", ValueKind::Text, "title of the chart").short('t'),
        OptionSpec::value("x", ValueKind::Text, "draws curves of measurements labelled `series @ size`; says what the sizes are")
            .short('x'),
        OptionSpec::flag("all", "the measurements of all notebooks, of this session and earlier ones; the latest of each label").short('a'),
        OptionSpec::value("magic", ValueKind::Text, "only those of this magic"),
        OptionSpec::value("label", ValueKind::Text, "only labels that fit this pattern; `*` is any text, `?` any character").short('l'),
        OptionSpec::value("notebook", ValueKind::Text, "only those of notebooks whose name fits this pattern; implies `--all`"),
        OptionSpec::value("since", ValueKind::Text, "only those from then on: `2026-11-26`, `3h`, `2d`; implies `--all`"),
        OptionSpec::value("export", ValueKind::Path, "writes them to a file instead: `.csv`, a row per variant, or `.json`, whole results"),
        OptionSpec::value("show", ValueKind::Text, "draws the chart of this label again, from its stored samples"),
    ],
    positional: Some(Positional {
        name: "labels…",
        kind: PositionalKind::Words(64),
        required: false,
        help: "which measurements (with `--x`: which series), in this order; without labels all of them. Quote labels with spaces",
    }),
    examples: &[
        Example { code: "%results", about: "Everything measured so far" },
        Example { code: "%results pandas.q1 duckdb.q1 --baseline pandas.q1 --title \"TPC-H query 1\"", about: "Two of them" },
        Example { code: "%results 'timeit #1' 'timeit #2'", about: "Measurements that were given no name" },
        Example { code: "%results --all --notebook '31*' --since 7d", about: "What notebook 31 measured this week" },
        Example { code: "%results --all --export results.csv", about: "Everything ever measured, every repetition, for a spreadsheet" },
        Example { code: "%results --show sorting", about: "The chart of a measurement, without measuring again" },
        Example { code: "%results --x megabytes pickle Parquet", about: "`pickle @ 1`, `pickle @ 10`, `Parquet @ 1`, … as two curves" },
    ],
    details: "`%%timeit`, `%%parallel` and `%%sql` with `--repeat` or `--label` leave their results here; one measured again under its \
label replaces the earlier one. A variant is called faster or slower only when the two 95 % intervals do not overlap. The measurements \
were made one after another, so a machine that changed in between changes the ratio, and nothing checks that they computed the same.\n\n\
All kernels also append to one file, `~/.local/share/benchbook/results.jsonl`; `BENCHBOOK_RESULTS` names another, `off` none. Past 64 MiB it is put \
aside as `….1` in place of the one before.",
};

/// The magic.
pub struct Results;

impl Magic for Results {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn run(&self, call: &Call, host: &mut dyn Host) -> Result<(), MagicError> {
        let source = stored::source(call)?;
        if let Some(note) = source.note() {
            host.display(&Bundle::text(note.clone()).with("text/html", html::inline(&note)));
        }
        if let Some(path) = call.options.text("export") {
            return stored::export(call, path, &source, host);
        }
        if let Some(label) = call.options.text("show") {
            return stored::show(label, &source, host);
        }
        if let Some(x_title) = call.options.text("x") {
            curves::show(call, x_title, &source.store)?.iter().for_each(|bundle| host.display(bundle));
            return Ok(());
        }
        let (chosen, total) = chosen(call, &source.store)?;
        if chosen.is_empty() && source.is_narrowed() {
            let line = "No measurement fits.";
            host.display(&Bundle::text(line).with("text/html", html::inline(line)));
            return Ok(());
        }
        if chosen.is_empty() {
            let line = "Nothing is measured yet: run `%%timeit --label NAME` or `%%sql --repeat 11 --label NAME` first.";
            host.display(&Bundle::text(line).with("text/html", html::inline(line)));
            return Ok(());
        }
        let table = Comparison::new(chosen, call, total, &source)?;
        let result = table.result();
        host.display(&table.chart()?.bundle().with_result(result.clone()));
        host.display(&table.report().with_result(result));
        Ok(())
    }
}

/// The measurements that are asked for, and how many there are in all.
fn chosen(call: &Call, store: &Store) -> Result<(Vec<Measured>, usize), MagicError> {
    let labels = call.options.words();
    let all = store.all();
    if labels.is_empty() {
        return Ok((all[all.len().saturating_sub(MOST_ROWS)..].to_vec(), all.len()));
    }
    let mut found: Vec<Measured> = Vec::new();
    for label in labels {
        let measured = store.get(label)?;
        if !found.iter().any(|known| known.label == measured.label) {
            found.push(measured.clone());
        }
    }
    Ok((found, all.len()))
}

/// One measurement with its ratio to the baseline.
struct Row {
    measured: Measured,
    median: Option<Median>,
    ratio: Option<Ratio>,
}

struct Comparison {
    title: String,
    rows: Vec<Row>,
    baseline: Option<usize>,
    /// How many were left out.
    hidden: usize,
}

impl Comparison {
    fn new(mut chosen: Vec<Measured>, call: &Call, total: usize, source: &stored::Source) -> Result<Self, MagicError> {
        let hidden = if call.options.words().is_empty() { total - chosen.len() } else { 0 };
        let baseline = match call.options.text("baseline") {
            None => chosen.iter().position(|measured| measured.median().is_some()),
            Some(label) => {
                let wanted = source.store.get(label)?.clone();
                if wanted.median().is_none() {
                    let message = format!("`{label}` cannot be the baseline: {}", wanted.failure());
                    return Err(call.options.error_at("baseline", message, None));
                }
                if !chosen.iter().any(|measured| measured.label == wanted.label) {
                    chosen.insert(0, wanted);
                }
                chosen.iter().position(|measured| measured.label == label)
            }
        };
        let base = baseline.and_then(|i| chosen[i].median());
        let rows = chosen.into_iter().enumerate().map(|(i, measured)| {
            let median = measured.median();
            let ratio = if baseline == Some(i) { None } else { median.zip(base).and_then(|(a, b)| Ratio::of(a, b)) };
            Row { measured, median, ratio }
        });
        let title = call.options.text("title").unwrap_or(source.title()).to_owned();
        Ok(Self { title, rows: rows.collect(), baseline, hidden })
    }

    fn baseline_label(&self) -> &str {
        self.baseline.map_or("", |i| &self.rows[i].measured.label)
    }

    fn chart(&self) -> Result<crate::charts::Chart, MagicError> {
        let bars = self.rows.iter().enumerate().map(|(i, row)| {
            let outcome = match row.median {
                Some(median) => {
                    let against = if self.baseline == Some(i) { "baseline".into() } else { short_ratio(row.ratio.as_ref()) };
                    Outcome::Time { median, samples: row.measured.samples(), against }
                }
                None => Outcome::Gap(row.measured.failure()),
            };
            let detail = if row.measured.detail() == row.measured.label { "" } else { row.measured.detail() };
            Bar {
                label: row.measured.label.clone(),
                detail: detail.into(),
                look: colours::look(row.measured.engine()),
                outcome,
                peak_bytes: None,
            }
        });
        let several = self.rows.len() > 1;
        let unclear = self.rows.iter().any(|row| row.ratio.is_some_and(|ratio| ratio.verdict == Verdict::Overlap));
        let chart = Bars {
            title: self.title.clone(),
            note: if unclear { "≈: the intervals overlap, so one cannot tell which is faster.".into() } else { String::new() },
            against: if several { "ratio to the baseline".into() } else { String::new() },
            baseline: self.baseline.filter(|_| several),
            bars: bars.collect(),
            footer: self.footer(),
        };
        chart.draw()
    }

    fn footer(&self) -> Footer {
        footer(&self.measured(), self.noise())
    }

    fn noise(&self) -> Option<(Level, String)> {
        noise(&self.measured())
    }

    fn measured(&self) -> Vec<&Measured> {
        self.rows.iter().map(|row| &row.measured).collect()
    }

    fn report(&self) -> Bundle {
        let row = |(i, row): (usize, &Row)| {
            let measured = &row.measured;
            let Some(median) = row.median else {
                let why = measured.failure();
                return [measured.label.clone(), "–".into(), "–".into(), "–".into(), "–".into(), why].map(Some).to_vec();
            };
            let scale = Scale::of(median.value, median.ci);
            let reading = match (&row.ratio, self.baseline == Some(i)) {
                (_, true) => "baseline".to_owned(),
                (Some(ratio), _) => reading(ratio, self.baseline_label()),
                (None, _) => "–".to_owned(),
            };
            let cells = [
                measured.label.clone(),
                scale.with_ci(median.value, median.ci),
                measured.min_s().map_or_else(|| "–".into(), units::time),
                measured.samples().len().to_string(),
                row.ratio.as_ref().map_or_else(|| "–".into(), ratio_text),
                reading,
            ];
            cells.map(Some).to_vec()
        };
        let mut caption = vec![
            "Intervals: 95 %. Ratio: time divided by the baseline's, with the range that the two intervals allow.".to_owned(),
            "Measured apart: nothing here checks that the results were equal.".to_owned(),
        ];
        if self.hidden > 0 {
            caption.push(format!(
                "The latest {} are shown; {} earlier ones are not: name labels to see them.",
                self.rows.len(),
                self.hidden
            ));
        }
        let table = Table {
            headings: vec![
                Heading::text("label"),
                Heading::number("median [95 % interval]"),
                Heading::number("fastest"),
                Heading::number("samples"),
                Heading::number("ratio"),
                Heading::text("reading"),
            ],
            rows: self.rows.iter().enumerate().map(row).collect(),
            caption,
            marked: false,
        };
        let remarks = match self.noise() {
            Some((Level::Red, text)) => vec![Remark::warning(text, "measure those again on a quieter machine, or with more samples")],
            _ => Vec::new(),
        };
        report::bundle(&table, &remarks, &LoadSpan::default())
    }

    fn result(&self) -> Value {
        let variants = self.rows.iter().map(|row| {
            let mut variant = row.measured.variant.clone();
            variant["label"] = json!(row.measured.label);
            variant["measured_by"] = json!(row.measured.magic());
            variant
        });
        let verdicts: Vec<Value> = self
            .rows
            .iter()
            .filter_map(|row| {
                let ratio = row.ratio?;
                let fields = result::Fields::default()
                    .with("label", row.measured.label.as_str())
                    .with("ratio", ratio.value)
                    .maybe("ci", ratio.ci.map(|(low, high)| json!([low, high])))
                    .with("verdict", ratio.verdict.name());
                Some(fields.value())
            })
            .collect();
        result::object(SPEC.name, &self.title, variants.collect(), None, &LoadSpan::default())
            .maybe("baseline", self.baseline.map(|_| self.baseline_label()))
            .with("verdicts", verdicts)
            .maybe("noise", self.noise().map(|(level, text)| json!({"level": level.name(), "reasons": [text]})))
            .value()
    }
}

/// Machine, load and versions of all these measurements.
fn footer(measured: &[&Measured], noise: Option<(Level, String)>) -> Footer {
    let loads: Vec<f64> = measured.iter().filter_map(|measured| measured.result["machine"]["load_before"].as_f64()).collect();
    let mut machine = stored::machines(measured);
    if let (Some(low), Some(high)) = (loads.iter().copied().reduce(f64::min), loads.iter().copied().reduce(f64::max)) {
        let (low, high) = (format!("{low:.1}"), format!("{high:.1}"));
        let load = if low == high { low } else { format!("{low} to {high}") };
        machine.push_str(&format!(" · load {load} before the measurements"));
    }
    let mut versions: Vec<&str> = measured.iter().filter_map(|measured| measured.variant["engine_version"].as_str()).collect();
    versions.sort_unstable();
    versions.dedup();
    let build = std::iter::once(build_line()).chain(versions.into_iter().map(str::to_owned)).collect::<Vec<_>>().join(" · ");
    Footer { machine, build, noise }
}

/// The worst verdict of all measurements, and which ones have it.
fn noise(measured: &[&Measured]) -> Option<(Level, String)> {
    let judged: Vec<(Level, &&Measured)> =
        measured.iter().filter_map(|measured| Some((level(measured.result["noise"]["level"].as_str()?)?, measured))).collect();
    let worst = judged.iter().map(|(level, _)| *level).max()?;
    if worst == Level::Green {
        return Some((worst, worst.word().to_owned()));
    }
    let with: Vec<&&Measured> = judged.iter().filter(|(level, _)| *level == worst).map(|(_, measured)| *measured).collect();
    let names: Vec<&str> = with.iter().take(3).map(|measured| measured.label.as_str()).collect();
    let more = if with.len() > names.len() { format!(" and {} more", with.len() - names.len()) } else { String::new() };
    let reason = with[0].result["noise"]["reasons"][0].as_str().map(|reason| format!(": {reason}")).unwrap_or_default();
    Some((worst, format!("{} ({}{more}{reason})", worst.word(), names.join(", "))))
}

/// The level of this name in a result object.
fn level(name: &str) -> Option<Level> {
    [Level::Green, Level::Amber, Level::Red].into_iter().find(|level| level.name() == name)
}

#[cfg(test)]
#[path = "results_tests.rs"]
mod tests;
