//! `%machine`: what this machine is, and what of it the notebook may use.

use serde_json::json;

use crate::error::MagicError;
use crate::host::Host;
use crate::machine::{LoadReading, LoadSpan, Machine as Card, build_json, card_json};
use crate::registry::{Call, Magic};
use crate::spec::{Example, Kind, Spec};
use crate::table::{Heading, Table};

static SPEC: Spec = Spec {
    name: "machine",
    kind: Kind::Line,
    summary: "Shows the machine card: CPU, caches, memory, limits, virtualisation, load, compiler",
    category: "Measuring",
    options: &[],
    positional: None,
    examples: &[Example { code: "%machine", about: "What the numbers of this notebook are measured on" }],
    details: "The same card travels, collapsed, with every measurement. Settings are read and told, never changed; what cannot be \
read is said to be so.",
};

/// The magic.
pub struct Machine;

impl Magic for Machine {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn run(&self, _call: &Call, host: &mut dyn Host) -> Result<(), MagicError> {
        let card = Card::read();
        let now = LoadReading::now();
        let mut rows: Vec<_> = card.rows(None).into_iter().map(|(name, value)| vec![Some(name.to_owned()), Some(value)]).collect();
        let load = now.load.map_or_else(|| "not readable here".into(), |load| format!("{load:.1} (mean of the last minute)"));
        rows.push(vec![Some("load".into()), Some(load)]);
        let table = Table { headings: vec![Heading::text("machine"), Heading::text("")], rows, caption: vec![], marked: false };
        let mut machine = card_json();
        if let Some(fields) = machine.as_object_mut() {
            fields.extend(LoadSpan { before: now, after: LoadReading::default() }.json());
        }
        let result = json!({"schema": 1, "magic": "machine", "title": card.line(None), "build": build_json(), "machine": machine});
        // Aligned text without a cut: the card's values may be long.
        let mut bundle = crate::bundle::Bundle::text(card.text(None).trim_end().to_owned());
        bundle = bundle.with("text/html", table.html()).with_result(result);
        host.display(&bundle);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Recorder, run_cell};

    #[test]
    fn the_card_is_shown_with_its_object() {
        let mut host = Recorder::default();
        run_cell("%machine", &mut host).unwrap();
        assert!(host.shown().contains("caches") && host.shown_html().contains("cgroup CPU quota"), "{}", host.shown());
        let result = &host.displays[0].metadata["benchbook"];
        assert_eq!(result["magic"], "machine");
        assert!(result["machine"]["ram_bytes"].as_u64().unwrap() > 0);
    }
}
