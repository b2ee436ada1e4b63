//! `--sweep`: the comparison at each value of a variable; curves, exponents and crossings.

use serde_json::{Value, json};

use super::super::sql::many::outcome::Status;
use super::measure::{self, Measured};
use super::object;
use super::parse::{Lang, Sections};
use super::runner::Runner;
use super::settings::Settings;
use super::show;
use super::variant::Variant;
use crate::bundle::Bundle;
use crate::charts::colours::{Look, OTHER, look, series};
use crate::charts::curves::{Curve, Curves, Point as Drawn};
use crate::error::MagicError;
use crate::host::Host;
use crate::machine::{LoadSpan, Machine};
use crate::measure::fooled;
use crate::measure::report::{self, Remark};
use crate::measure::result::{Fields, object as frame};
use crate::measure::sweep::{Sweep, forecast};
use crate::results;
use crate::stats::bootstrap::{Estimate, SEED};
use crate::stats::growth::{self, Crossing, Point};
use crate::stats::independent::Median;
use crate::stats::{Noise, quantile, verdict::Verdict};
use crate::table::{Heading, Table};
use crate::units::{self, Scale, short_number, time};

/// Runs that a variant costs at least at one value: the first, a warm-up, the rounds.
const RUNS: f64 = 9.0;
/// A variant is left out where these runs would take more than this share of the whole budget.
const SHARE: f64 = 0.5;

/// All values that were measured.
struct Swept<'a> {
    sweep: &'a Sweep,
    settings: &'a Settings,
    labels: Vec<String>,
    points: Vec<(u64, Measured)>,
}

/// Runs the sweep and shows what there is, also after an interrupt.
///
/// # Errors
/// A set-up that fails, an interrupt, no worker.
pub fn run(
    runner: &mut Runner<'_>,
    sections: &Sections,
    settings: &Settings,
    sweep: &Sweep,
    host: &mut dyn Host,
) -> Result<(), MagicError> {
    let begin = std::time::Instant::now();
    let labels = sections.variants.iter().map(|section| section.label.clone()).collect();
    let mut swept = Swept { sweep, settings, labels, points: Vec::new() };
    // What failed for good, by variant.
    let mut out: Vec<Option<(Status, String)>> = vec![None; sections.variants.len()];
    let mut interrupted = None;
    for (done, value) in sweep.values.iter().copied().enumerate() {
        match runner.prepare(Some(value), host) {
            Err(error) if error.name == "Interrupted" && !swept.points.is_empty() => {
                interrupted = Some(error);
                break;
            }
            prepared => prepared?,
        }
        let variants: Vec<Variant> = sections.variants.iter().cloned().map(Variant::new).collect();
        let variants = variants.into_iter().enumerate().map(|(i, variant)| swept.left_out(i, value, variant, &out[i]));
        let left_s = settings.budget_s - begin.elapsed().as_secs_f64();
        let budget_s = (left_s / (sweep.values.len() - done) as f64).max(0.1 * settings.budget_s / sweep.values.len() as f64);
        let measured = measure::measure(runner, settings, variants.collect(), budget_s, host)?;
        for (i, variant) in measured.variants.iter().enumerate() {
            if matches!(variant.status, Status::Error | Status::Unavailable | Status::Wrong) {
                out[i].get_or_insert_with(|| (variant.status, variant.reason.clone()));
            }
        }
        show::differences(&measured, host);
        show::errors(&measured.variants, host);
        let stop = measured.interrupted;
        swept.points.push((value, measured));
        if stop {
            interrupted = Some(MagicError::interrupted());
            break;
        }
    }
    let result = results::record(swept.result(interrupted.is_some()), settings.label.as_deref());
    if swept.points.iter().any(|(_, measured)| measured.variants.iter().any(Variant::is_timed)) {
        host.display(&swept.chart(interrupted.is_some()).draw()?.bundle().with_result(result.clone()));
    }
    host.display(&swept.numbers(interrupted.is_some()).with_result(result));
    interrupted.map_or(Ok(()), Err)
}

impl Swept<'_> {
    /// The variant, taken out where it has failed before or would take too long.
    fn left_out(&self, index: usize, value: u64, mut variant: Variant, failed: &Option<(Status, String)>) -> Variant {
        if let Some((status, reason)) = failed {
            variant.fail(*status, reason.clone());
            return variant;
        }
        let known: Vec<(u64, f64)> = self
            .points
            .iter()
            .filter_map(|(n, measured)| {
                let variant = &measured.variants[index];
                Some((*n, variant.summary().map(|s| s.median).or(variant.first_s)?))
            })
            .collect();
        if let Some(seconds) = forecast(&known, value).filter(|seconds| seconds * RUNS > SHARE * self.settings.budget_s) {
            variant.fail(Status::Timeout, format!("left out: one run would take about {}", time(seconds)));
        }
        variant
    }

    /// Times of one variant, by size.
    fn curve(&self, index: usize) -> Vec<Point> {
        self.points
            .iter()
            .filter(|(_, measured)| measured.variants[index].is_timed())
            .map(|(n, measured)| Point { n: *n as f64, samples: measured.variants[index].samples.clone() })
            .collect()
    }

    fn is_rust(&self, index: usize) -> bool {
        self.points.first().is_some_and(|(_, measured)| measured.variants[index].section.lang == Lang::Rust)
    }

    fn exponent(&self, index: usize) -> Option<Estimate> {
        growth::exponent(&self.curve(index), SEED)
    }

    fn crossings(&self) -> Vec<(usize, usize, Crossing)> {
        let count = self.labels.len();
        let pairs = (0..count).flat_map(|a| (a + 1..count).map(move |b| (a, b)));
        pairs.flat_map(|(a, b)| growth::crossings(&self.curve(a), &self.curve(b), SEED).into_iter().map(move |c| (a, b, c))).collect()
    }

    fn equal(&self) -> Option<bool> {
        let judged = || self.points.iter().map(|(_, measured)| &measured.gate).filter(|gate| gate.reference.is_some());
        if judged().any(|gate| gate.equal == Some(false)) {
            return Some(false);
        }
        let all = judged().all(|gate| gate.equal == Some(true) || gate.not_compared.is_empty());
        (all && judged().any(|gate| gate.equal == Some(true))).then_some(true)
    }

    fn noise(&self) -> Option<Noise> {
        let judged: Vec<Noise> = self.points.iter().filter_map(|(_, measured)| measured.noise()).collect();
        (!judged.is_empty()).then(|| Noise::worst(judged))
    }

    fn load(&self) -> LoadSpan {
        match (self.points.first(), self.points.last()) {
            (Some((_, first)), Some((_, last))) => LoadSpan { after: last.load.after, ..first.load },
            _ => LoadSpan::default(),
        }
    }

    fn title(&self) -> String {
        self.settings.title.clone().or_else(|| self.settings.label.clone()).unwrap_or_else(|| self.labels.join(" – "))
    }

    /// Each language and engine in its own colour; a second one of the same takes what is left.
    fn looks(&self) -> Vec<Look> {
        let Some((_, measured)) = self.points.first() else { return vec![OTHER; self.labels.len()] };
        let mut taken: Vec<Look> = Vec::new();
        let names: Vec<String> = measured
            .variants
            .iter()
            .enumerate()
            .map(|(i, variant)| {
                let own = look(variant.look());
                if taken.contains(&own) {
                    format!("variant {i}")
                } else {
                    taken.push(own);
                    own.name.to_owned()
                }
            })
            .collect();
        series(&names.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Sizes at which the data outgrow a cache.
    fn marks(&self) -> Vec<(f64, String)> {
        let Some(bytes) = self.settings.bytes else { return Vec::new() };
        let data = |kind: &str| kind == "Data" || kind == "Unified";
        let caches = Machine::read().caches.iter().filter(|cache| data(&cache.kind));
        caches.map(|cache| (cache.bytes as f64 / bytes, format!("{} ({})", cache.name(), units::bytes(cache.bytes)))).collect()
    }

    fn chart(&self, partial: bool) -> Curves {
        let curve = |(index, look): (usize, Look)| {
            let name = match self.exponent(index) {
                Some(fit) => format!("{} ∝ {}^{:.2}", self.labels[index], self.sweep.name, fit.value),
                None => self.labels[index].clone(),
            };
            let points = self.points.iter().filter_map(|(n, measured)| {
                let variant = &measured.variants[index];
                let summary = variant.summary().filter(|_| variant.is_timed())?;
                Some(Drawn { x: *n as f64, median: Median { value: summary.median, ci: summary.ci } })
            });
            let gaps = self.points.iter().filter(|(_, measured)| !measured.variants[index].is_ok());
            let gaps = gaps.map(|(n, measured)| (*n as f64, measured.variants[index].gap().replace('`', ""))).collect();
            Curve { name, look, points: points.collect(), gaps }
        };
        let equal = match self.equal() {
            _ if !self.settings.check => "Values were not compared.",
            Some(true) => "All values are equal at every size.",
            Some(false) => "Values differ: no ranking.",
            None => "Values could not be compared: no ranking.",
        };
        let marks = if self.marks().is_empty() { "" } else { " Dashed: where the data outgrow a cache." };
        let interrupted = if partial { "Interrupted, a part only. " } else { "" };
        let gaps = if self.points.iter().any(|(_, m)| m.variants.iter().any(|v| !v.is_ok())) { " ✕: no time, see below." } else { "" };
        let build = self.points.first().map_or_else(crate::machine::build_line, |(_, measured)| show::build(&measured.variants));
        Curves {
            title: self.title(),
            note: format!("{interrupted}{equal}{marks}{gaps}"),
            x_title: self.sweep.name.clone(),
            curves: self.looks().into_iter().enumerate().map(curve).collect(),
            marks: self.marks(),
            footer: report::footer_of(build, &self.load(), self.noise().as_ref()),
        }
    }

    fn numbers(&self, partial: bool) -> Bundle {
        let row = |(n, measured): &(u64, Measured)| {
            let cells = measured.variants.iter().enumerate().map(|(i, variant)| {
                let Some(summary) = variant.summary().filter(|_| variant.is_timed()) else { return variant.gap() };
                let own = Scale::of(summary.median, summary.ci).with_ci(summary.median, summary.ci);
                match &measured.against[i] {
                    Some(against) => {
                        let sign = if matches!(against.verdict, Verdict::Faster | Verdict::Slower) { "" } else { "≈ " };
                        format!("{own} · {sign}{}", show::ratio(&against.ratio))
                    }
                    None => own,
                }
            });
            std::iter::once(units::count(*n)).chain(cells).map(Some).collect()
        };
        let mut rows: Vec<Vec<Option<String>>> = self.points.iter().map(row).collect();
        let exponents = (0..self.labels.len()).map(|i| self.exponent(i).map_or_else(|| "–".into(), |fit| exponent(&fit)));
        rows.push(std::iter::once("exponent [95 %]".to_owned()).chain(exponents).map(Some).collect());
        let headings = std::iter::once(Heading::number(&self.sweep.name)).chain(self.labels.iter().map(|label| Heading::number(label)));
        let mut caption = Vec::new();
        let baseline = &self.labels[self.settings.baseline];
        caption.push(format!("medians with 95 % intervals; behind the dot: of the time of `{baseline}` in the same rounds"));
        caption
            .push(format!("exponent: the slope of the line through all points on logarithmic axes, time ∝ {}^exponent", self.sweep.name));
        for (a, b, crossing) in self.crossings() {
            let (a, b) = (&self.labels[a], &self.labels[b]);
            let winner = if crossing.first_wins_beyond { a } else { b };
            let place = match crossing.n.ci {
                Some((low, high)) => format!("{} [{}, {}]", whole(crossing.n.value), whole(low), whole(high)),
                None => format!("{}, which is uncertain", whole(crossing.n.value)),
            };
            let name = &self.sweep.name;
            caption.push(format!("`{a}` and `{b}` cross near {name} = {place}, interpolated: beyond, `{winner}` is faster"));
        }
        let rounds = || self.points.iter().map(|(_, measured)| measured.rounds);
        let (fewest, most) = (rounds().min().unwrap_or(0), rounds().max().unwrap_or(0));
        let range = if fewest == most { fewest.to_string() } else { format!("{fewest} to {most}") };
        caption.push(format!("{range} rounds per size in random order (seed {SEED})"));
        let table = Table { headings: headings.collect(), rows, caption, marked: false };
        let build = self.points.first().map_or_else(crate::machine::build_line, |(_, measured)| show::build(&measured.variants));
        report::bundle_of(&build, &table, &self.remarks(partial), &self.load())
    }

    /// Warnings of all sizes, each once.
    fn remarks(&self, partial: bool) -> Vec<Remark> {
        let mut all: Vec<Remark> = Vec::new();
        if partial {
            all.push(Remark::warning(format!("interrupted: this is the part measured so far, {} sizes", self.points.len()), ""));
        }
        for (index, label) in self.labels.iter().enumerate().filter(|(index, _)| self.is_rust(*index)) {
            let medians: Vec<(f64, f64)> = self.curve(index).iter().map(|point| (point.n, quantile::median(&point.samples))).collect();
            if let Some(sign) = fooled::flat_in_size(&medians) {
                all.push(Remark::warning(format!("{label}: {}", sign.text()), sign.remedy()));
            }
        }
        for (n, measured) in &self.points {
            let whole = Measured { interrupted: false, ..measured.clone() };
            for remark in show::remarks(&whole, self.settings) {
                let known =
                    |other: &Remark| other.remedy == remark.remedy && (!remark.remedy.is_empty() || other.text.contains(&remark.text));
                if !all.iter().any(known) {
                    all.push(Remark { text: format!("at {} = {}: {}", self.sweep.name, short_number(*n as f64), remark.text), ..remark });
                }
            }
        }
        all
    }

    fn result(&self, partial: bool) -> Value {
        let label = |index: usize, n: u64| format!("{} @ {n}", self.labels[index]);
        let mut variants = Vec::new();
        let mut verdicts = Vec::new();
        for (n, measured) in &self.points {
            for (i, variant) in measured.variants.iter().enumerate() {
                let mut fields = object::variant(variant);
                fields["label"] = json!(label(i, *n));
                fields["series"] = json!(self.labels[i]);
                fields["x"] = json!(n);
                variants.push(fields);
                if let (Some(against), true) = (&measured.against[i], self.equal() == Some(true) || !self.settings.check) {
                    verdicts.push(object::verdict(&label(i, *n), against));
                }
            }
        }
        let exponents: Vec<Value> = (0..self.labels.len())
            .filter_map(|i| Some(Fields::default().with("label", self.labels[i].as_str()).estimate("exponent", &self.exponent(i)?).value()))
            .collect();
        let crossings: Vec<Value> = self
            .crossings()
            .into_iter()
            .map(|(a, b, crossing)| {
                let names = [self.labels[a].as_str(), self.labels[b].as_str()];
                let winner = if crossing.first_wins_beyond { names[0] } else { names[1] };
                Fields::default().with("labels", names.to_vec()).estimate("at", &crossing.n).with("faster_beyond", winner).value()
            })
            .collect();
        let rounds = self.points.iter().map(|(_, measured)| measured.rounds).min().unwrap_or(0);
        let python =
            self.points.iter().flat_map(|(_, m)| &m.variants).find(|v| v.section.lang == Lang::Python).and_then(|v| v.python.clone());
        frame("compare", &self.title(), variants, self.noise().as_ref(), &self.load())
            .with("seed", SEED)
            .with("rounds", rounds)
            .with("delta", self.settings.delta)
            .with("tolerance", self.settings.tolerance)
            .maybe("equal", if self.settings.check { self.equal() } else { None })
            .maybe("unchecked", (!self.settings.check).then_some(true))
            .with("verdicts", verdicts)
            .with("sweep", json!({"name": self.sweep.name, "values": self.sweep.values, "baseline": self.labels[self.settings.baseline]}))
            .with("exponents", exponents)
            .with("crossings", crossings)
            .maybe("python", python.map(|python| python.json()))
            .maybe("partial", partial.then_some(true))
            .value()
    }
}

/// `1.03 [1.01, 1.05]`.
fn exponent(fit: &Estimate) -> String {
    match fit.ci {
        Some((low, high)) => format!("{:.2} [{low:.2}, {high:.2}]", fit.value),
        None => format!("{:.2}", fit.value),
    }
}

/// A size to three digits.
fn whole(n: f64) -> String {
    let unit = 10f64.powf((n.log10().floor() - 2.0).max(0.0));
    units::count(((n / unit).round() * unit) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_three_digits() {
        assert_eq!(whole(1234.5), "1\u{202f}230");
        assert_eq!(whole(7.4), "7");
        assert_eq!(exponent(&Estimate { value: 1.0, ci: Some((0.987, 1.012)) }), "1.00 [0.99, 1.01]");
    }
}
