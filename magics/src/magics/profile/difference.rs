//! Two pieces of code, profiled one after the other: what has become more, what less.

use serde_json::{Value, json};

use super::cpu::{OF_SAMPLES, Sampled};
use super::sections::{Pair, Section};
use super::{HOT, SPEC, Task};
use crate::charts::flame::{self, Against, ENOUGH_SAMPLES, Flame, points};
use crate::error::MagicError;
use crate::host::Host;
use crate::measure::changes::changes;
use crate::measure::report::{self, Remark};
use crate::measure::result;
use crate::table::{Heading, Table};
use crate::units::{percent, time};

pub fn show(task: &Task<'_>, pair: &Pair, host: &mut dyn Host) -> Result<(), MagicError> {
    let setup = format!("{}\n{}", task.call.rest, pair.setup);
    let mut profile = |section: &Section| {
        host.status(&format!("profiling {}", section.label));
        let code = task.code(&section.code, &setup, host);
        let collected = task.run_code(&code, host)?;
        Sampled::rust(&section.code, collected, host)
    };
    let before = profile(&pair.before)?;
    let after = profile(&pair.after)?;
    let names = (pair.before.label.as_str(), pair.after.label.as_str());
    let differing = changes(&before.stacks, &after.stacks);
    let hot: Vec<Value> = differing
        .iter()
        .take(2 * HOT)
        .map(|c| json!({"symbol": c.symbol, "share": c.after, "share_before": c.before, "difference": c.difference()}))
        .collect();
    let title = format!("{} → {}", names.0, names.1);
    let variants = vec![before.variant(names.0).value(), after.variant(names.1).value()];
    let object = result::object(SPEC.name, &title, variants, None, &after.collected.load)
        .with("mode", "cpu")
        .with("hz", after.number("hz"))
        .with("hot", hot)
        .with("hot_lines", after.lines.json())
        .with("baseline", names.0)
        .value();
    let ratio = after.run_s() / before.run_s().max(1e-12);
    let runs = format!(
        "One run: {} {}, {} {} ({ratio:.2} of it; profiled one after the other, not a comparison of times: `%%compare`)",
        names.0,
        time(before.run_s()),
        names.1,
        time(after.run_s())
    );
    if after.stacks.total() > 0 && before.stacks.total() > 0 {
        let flame = Flame {
            title: title.clone(),
            note: format!("{}: {} {}: {} {runs}.", names.0, before.note(), names.1, after.note()),
            profile: after.stacks.clone(),
            of: OF_SAMPLES,
            samples: Some(before.samples.min(after.samples)),
            against: Some(Against { drawn: names.1.to_owned(), with: names.0.to_owned(), profile: before.stacks.clone() }),
            footer: report::footer(&after.collected.load, None),
        };
        host.display(&flame.draw()?.bundle().with_result(object.clone()));
    }
    let share = |share: f64| Some(if share > 0.0 { percent(share) } else { "–".to_owned() });
    let rows = differing
        .iter()
        .take(HOT)
        .map(|c| vec![Some(c.symbol.clone()), share(c.before), share(c.after), Some(points(c.difference()))])
        .collect();
    let headings = vec![Heading::text("function"), Heading::number(names.0), Heading::number(names.1), Heading::number("points")];
    let caption = vec![runs, "shares of samples with this function innermost; points: the difference of the shares".into()];
    let table = Table { headings, rows, caption, marked: false };
    let mut remarks = Vec::new();
    for (sampled, name) in [(&before, names.0), (&after, names.1)] {
        if sampled.samples < ENOUGH_SAMPLES {
            remarks.push(Remark::warning(format!("{name}: {}", flame::too_few(sampled.samples)), ""));
        }
    }
    host.display(&report::bundle(&table, &remarks, &after.collected.load).with_result(object));
    Ok(())
}
