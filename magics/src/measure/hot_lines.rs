//! Which lines of which cells cost how much.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use crate::charts::text::bar;
use crate::host::SourceLine;
use crate::table::{Heading, Table};
use crate::units::percent;

/// A cell is shown whole between its first and its last hot line, up to this many lines.
const WHOLE: usize = 30;
/// Lines with less of everything are not hot.
const LEAST: f64 = 0.005;
const BAR: usize = 12;

/// One line of a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct HotLine {
    pub cell: String,
    /// 1-based line of the cell.
    pub line: usize,
    pub text: String,
    /// Share of everything that is spent in this line and in library code it calls.
    pub share: f64,
    /// The same with functions of cells that it calls.
    pub total_share: f64,
}

/// Hot lines, by cell and line.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HotLines {
    pub lines: Vec<HotLine>,
    /// Text of each cell.
    sources: HashMap<String, String>,
}

impl HotLines {
    /// Reads `[{"file", "line", "self", "total"}, …]`; `place` finds a line's cell, `total` is the weight of everything.
    pub fn read(lines: &Value, total: f64, place: &mut dyn FnMut(&str, usize) -> Option<SourceLine>) -> Self {
        let mut found: BTreeMap<(String, usize), (f64, f64)> = BTreeMap::new();
        let mut sources = HashMap::new();
        for told in lines.as_array().into_iter().flatten() {
            let line = told["line"].as_u64().and_then(|line| usize::try_from(line).ok()).unwrap_or(0);
            let Some(at) = place(told["file"].as_str().unwrap_or_default(), line) else { continue };
            let weight = |name: &str| told[name].as_f64().unwrap_or(0.0) / total.max(1e-300);
            let entry = found.entry((at.cell.clone(), at.line)).or_default();
            // Weights are rounded on the way.
            entry.0 = (entry.0 + weight("self")).min(1.0);
            // Two generated lines of one line of the cell may be on the same stack.
            entry.1 = (entry.1 + weight("total")).min(1.0);
            sources.entry(at.cell).or_insert(at.source);
        }
        let lines = found
            .into_iter()
            .filter(|(_, (own, all))| *own >= LEAST || *all >= LEAST)
            .map(|((cell, line), (share, total_share))| {
                let text = sources.get(&cell).and_then(|source: &String| source.lines().nth(line - 1)).unwrap_or_default().to_owned();
                HotLine { cell, line, text, share, total_share }
            })
            .collect();
        Self { lines, sources }
    }

    /// The line with the largest share of its own.
    pub fn hottest(&self) -> Option<&HotLine> {
        self.lines.iter().max_by(|a, b| a.share.total_cmp(&b.share))
    }

    /// `hot_lines` of the result object: hottest first.
    pub fn json(&self) -> Value {
        let mut lines: Vec<&HotLine> = self.lines.iter().collect();
        lines.sort_by(|a, b| b.share.total_cmp(&a.share));
        lines
            .iter()
            .map(|hot| json!({"cell": hot.cell, "line": hot.line, "text": hot.text.trim(), "share": hot.share, "total_share": hot.total_share}))
            .collect()
    }

    /// The source with the shares beside it; none when no line is known. `what` is for example `samples`.
    pub fn table(&self, what: &str) -> Option<Table> {
        let mut rows = Vec::new();
        let mut cells: Vec<&str> = self.lines.iter().map(|hot| hot.cell.as_str()).collect();
        cells.dedup();
        let several = cells.len() > 1;
        for cell in cells {
            let hot: Vec<&HotLine> = self.lines.iter().filter(|hot| hot.cell == cell).collect();
            let (Some(first), Some(last)) = (hot.first(), hot.last()) else { continue };
            let source: Vec<&str> = self.sources.get(cell).map(|source| source.lines().collect()).unwrap_or_default();
            let whole = last.line - first.line < WHOLE;
            for line in first.line..=last.line {
                let found = hot.iter().find(|hot| hot.line == line);
                if found.is_none() && !whole {
                    continue;
                }
                let place = if several { format!("{cell}:{line}") } else { line.to_string() };
                let share = |of: fn(&HotLine) -> f64| found.map(|hot| of(hot)).filter(|share| *share > 0.0);
                let own = share(|hot| hot.share);
                rows.push(vec![
                    Some(place),
                    Some(own.map_or_else(String::new, percent)),
                    Some(share(|hot| hot.total_share).map_or_else(String::new, percent)),
                    Some(own.map_or_else(String::new, |share| bar(share, BAR))),
                    Some(source.get(line - 1).copied().unwrap_or_default().to_owned()),
                ]);
            }
        }
        if rows.is_empty() {
            return None;
        }
        let headings = vec![
            Heading::number("line"),
            Heading::number("self"),
            Heading::number("total"),
            Heading::text("heat"),
            Heading::text("source"),
        ];
        let caption = vec![format!(
            "{what} by line; self: in this line and in library code it calls; total: also in functions of cells that it calls"
        )];
        Some(Table { headings, rows, caption, marked: false })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELL: &str = "%%profile\nlet a = slow();\n\nfast(a)";

    fn place(file: &str, line: usize) -> Option<SourceLine> {
        // Generated lines 11.. are the cell's.
        (file == "cell_1.rs" && line > 10).then(|| SourceLine { cell: "cell [2]".into(), line: line - 10, source: CELL.into() })
    }

    #[test]
    fn shares_stand_beside_the_source() {
        let told = json!([
            {"file": "cell_1.rs", "line": 12, "self": 60.0, "total": 75.0}, {"file": "cell_1.rs", "line": 14, "self": 25.0, "total": 25.0},
            {"file": "cell_1.rs", "line": 3, "self": 15.0, "total": 15.0},
        ]);
        let lines = HotLines::read(&told, 100.0, &mut place);
        let hottest = lines.hottest().unwrap();
        assert_eq!((hottest.line, hottest.text.as_str(), hottest.share, hottest.total_share), (2, "let a = slow();", 0.6, 0.75));
        let text = lines.table("samples").unwrap().text();
        assert!(text.contains("│    2 │ 60.0 % │ 75.0 % │ ███████"), "{text}");
        assert!(text.contains("│    3 │        │        │"), "the line between is shown too:\n{text}");
        assert_eq!(lines.json()[0], json!({"cell": "cell [2]", "line": 2, "text": "let a = slow();", "share": 0.6, "total_share": 0.75}));
    }

    #[test]
    fn unknown_and_cold_lines_are_left_out() {
        let told = json!([{"file": "cell_9.rs", "line": 12, "self": 1.0, "total": 1.0}, {"file": "cell_1.rs", "line": 12, "self": 0.1, "total": 0.1}]);
        let lines = HotLines::read(&told, 100.0, &mut place);
        assert!(lines.table("samples").is_none() && lines.hottest().is_none());
        assert_eq!(HotLines::read(&Value::Null, 0.0, &mut place).json(), json!([]));
    }
}
