//! The numbers below a chart: table, remarks, collapsed machine card; as HTML and as text.

use crate::bundle::Bundle;
use crate::charts::Footer;
use crate::html::inline;
use crate::machine::{LoadSpan, Machine, build_line};
use crate::stats::Noise;
use crate::stats::noise::Level;
use crate::table::{Heading, Table};

/// How much a remark matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    Note,
    Warning,
}

/// One remark with what to try; `back-ticks` mark code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    pub weight: Weight,
    pub text: String,
    pub remedy: String,
}

impl Remark {
    /// A remark that doubts the number.
    pub fn warning(text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { weight: Weight::Warning, text: text.into(), remedy: remedy.into() }
    }

    /// A remark that explains.
    pub fn note(text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { weight: Weight::Note, text: text.into(), remedy: remedy.into() }
    }

    fn word(&self) -> &'static str {
        match self.weight {
            Weight::Note => "note",
            Weight::Warning => "warning",
        }
    }

    fn line(&self) -> String {
        if self.remedy.is_empty() { self.text.clone() } else { format!("{}. Try: {}.", self.text.trim_end_matches('.'), self.remedy) }
    }
}

/// Reasons of the noise verdict as remarks; reasons with the same remedy share one.
pub fn noise_remarks(noise: &Noise) -> Vec<Remark> {
    let mut remarks: Vec<Remark> = Vec::new();
    for reason in &noise.reasons {
        if let Some(same) = remarks.iter_mut().find(|r| r.remedy == reason.remedy()) {
            same.text.push_str("; ");
            same.text.push_str(&reason.text());
        } else {
            remarks.push(match noise.level {
                Level::Red => Remark::warning(reason.text(), reason.remedy()),
                Level::Amber | Level::Green => Remark::note(reason.text(), reason.remedy()),
            });
        }
    }
    remarks
}

/// The footer of a chart.
pub fn footer(load: &LoadSpan, noise: Option<&Noise>) -> Footer {
    footer_of(build_line(), load, noise)
}

/// The footer of a chart of code that was built or is run in another way: `build` says how.
pub fn footer_of(build: String, load: &LoadSpan, noise: Option<&Noise>) -> Footer {
    Footer { machine: Machine::read().line(Some(load)), build, noise: noise.map(|n| (n.level, n.short())) }
}

/// A two-column table of names and values.
pub fn facts(rows: Vec<(&str, String)>) -> Table {
    Table {
        headings: vec![Heading::text("measured"), Heading::text("value")],
        rows: rows.into_iter().map(|(name, value)| vec![Some(name.to_owned()), Some(value)]).collect(),
        caption: Vec::new(),
        marked: false,
    }
}

/// Table, remarks and card as one output.
pub fn bundle(table: &Table, remarks: &[Remark], load: &LoadSpan) -> Bundle {
    bundle_of(&build_line(), table, remarks, load)
}

/// As [`bundle`] for code that was built or is run in another way: `build` says how.
pub fn bundle_of(build: &str, table: &Table, remarks: &[Remark], load: &LoadSpan) -> Bundle {
    let machine = Machine::read();
    let mut html = table.html();
    let mut text = table.text();
    for remark in remarks {
        // The word says it, the colour only helps.
        let colour = match remark.weight {
            Weight::Warning => "var(--jp-warn-color0,#b35900)",
            Weight::Note => "var(--jp-border-color1,#757575)",
        };
        html.push_str(&format!(
            "<div style=\"border-left:3px solid {colour};padding:.1em .6em;margin:.3em 0\"><b>{}:</b> {}</div>\n",
            remark.word(),
            inline(&remark.line())
        ));
        text.push_str(&format!("\n{}: {}", remark.word(), remark.line()));
    }
    html.push_str(&machine.details_html(Some(load)));
    text.push_str(&format!("\nmachine: {}\nbuild: {build}", machine.line(Some(load))));
    Bundle::text(text).with("text/html", html)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_are_escaped_and_carry_their_remedy() {
        let remarks = [Remark::warning("a < b.", "use `<T>`")];
        let bundle = bundle(&facts(vec![("median", "1 ms".into())]), &remarks, &LoadSpan::default());
        let html = bundle.data["text/html"].as_str().unwrap();
        assert!(html.contains("<b>warning:</b> a &lt; b. Try: use <code>&lt;T&gt;</code>."), "{html}");
        assert!(html.contains("<details") && !html.contains("<script"));
        let text = bundle.data["text/plain"].as_str().unwrap();
        assert!(text.contains("warning: a < b. Try: use `<T>`.") && text.contains("machine: "), "{text}");
    }
}
