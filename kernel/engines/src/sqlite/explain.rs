//! `EXPLAIN QUERY PLAN` as an indented tree.

use std::collections::HashMap;

use rusqlite::Statement;

/// The plan of a prepared `EXPLAIN QUERY PLAN`: one line per step, children two spaces further in.
pub fn tree(statement: &mut Statement<'_>) -> rusqlite::Result<String> {
    let mut rows = statement.raw_query();
    let mut depths: HashMap<i64, usize> = HashMap::new();
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, parent, detail): (i64, i64, String) = (row.get(0)?, row.get(1)?, row.get(3)?);
        let depth = depths.get(&parent).map_or(0, |depth| depth + 1);
        depths.insert(id, depth);
        lines.push(format!("{}{detail}", "  ".repeat(depth)));
    }
    Ok(lines.join("\n"))
}
