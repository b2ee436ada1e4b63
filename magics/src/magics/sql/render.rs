//! How a result looks.

use serde_json::{Value, json};

use super::engines::shown;
use super::repeat::Timed;
use crate::bundle::Bundle;
use crate::measure::result::{Fields, object};
use crate::sql_wire::{Phases, Plan, SqlReply};
use crate::table::{Heading, Table};
use crate::units;
use crate::{home, html};

/// The result or the plan as text, HTML and result object; `wall_s` serves when the engine told no times.
pub fn render(engine: &str, plan: Plan, reply: &SqlReply, wall_s: f64, timed: Option<&Timed>, bound: Option<String>) -> Bundle {
    let total_s = total_s(&reply.phases).unwrap_or(wall_s);
    let engine_name = if reply.engine_version.is_empty() { shown(engine) } else { reply.engine_version.as_str() };
    let by = if reply.threads > 0 { format!("{engine_name}, {}", plural(reply.threads as u64, "thread")) } else { engine_name.to_owned() };
    let result = result_object(engine, reply, total_s, timed);
    if plan != Plan::No {
        let text = home::shortened_in_plan(reply.plan_text.as_deref().unwrap_or("(the engine gave no plan)").trim_end());
        let what = if plan == Plan::Explain { "Plan, not run".to_owned() } else { format!("Plan with times · {}", units::time(total_s)) };
        let caption = format!("{what} · {by}");
        let html = format!("{}<div style=\"{};font-size:.9em\">{}</div>", html::pre(&text), html::MUTED, html::escape(&caption));
        return Bundle::text(format!("{text}\n{caption}")).with("text/html", html).with_result(result);
    }
    let mut caption = Vec::new();
    let took = if timed.is_some() { String::new() } else { format!("{} · ", units::time(total_s)) };
    if reply.has_rows {
        let shown = reply.rows.len() as u64;
        let rows = if shown < reply.row_count {
            format!("showing {shown} of {}", plural(reply.row_count, "row"))
        } else {
            plural(reply.row_count, "row")
        };
        let columns = plural(reply.columns.len() as u64, "column");
        caption.push(format!("{rows} × {columns} · {took}{by}"));
    } else {
        caption.push(format!("done, no rows · {took}{by}"));
    }
    caption.extend(timed.map(Timed::caption).unwrap_or_default());
    caption.extend(bound);
    let table = rows_table(reply, caption);
    let bundle = if reply.has_rows {
        table.bundle()
    } else {
        let lines: Vec<String> =
            table.caption.iter().map(|line| format!("<div style=\"{}\">{}</div>", html::MUTED, html::inline(line))).collect();
        Bundle::text(table.text()).with("text/html", lines.join("\n"))
    };
    bundle.with_result(result)
}

/// The rows that came back, with lines under them.
pub fn rows_table(reply: &SqlReply, caption: Vec<String>) -> Table {
    let headings = if reply.has_rows { reply.columns.iter().map(heading).collect() } else { Vec::new() };
    Table { headings, rows: reply.rows.clone(), caption, marked: false }
}

fn heading(column: &crate::sql_wire::Column) -> Heading {
    Heading { name: column.name.clone(), type_name: Some(column.type_name.clone()), numeric: is_numeric(&column.type_name) }
}

fn is_numeric(type_name: &str) -> bool {
    let base = type_name.split('(').next().unwrap_or("").trim().to_ascii_uppercase();
    // Arrow's and Polars' own names: `Int64`, `u32`, `f64`.
    let sized = base.trim_end_matches(|c: char| c.is_ascii_digit());
    let arrow = sized.len() < base.len() && ["INT", "UINT", "FLOAT", "I", "U", "F"].contains(&sized);
    let list = type_name.ends_with(']');
    let numbers = [
        "TINYINT",
        "SMALLINT",
        "INTEGER",
        "INT",
        "BIGINT",
        "HUGEINT",
        "UTINYINT",
        "USMALLINT",
        "UINTEGER",
        "UBIGINT",
        "UHUGEINT",
        "FLOAT",
        "DOUBLE",
        "REAL",
        "DECIMAL",
        "NUMERIC",
        "BIGNUM",
        "LONG",
        "SHORT",
        "BYTE",
    ];
    !list && (arrow || numbers.contains(&base.as_str()))
}

fn total_s(phases: &Phases) -> Option<f64> {
    let known: Vec<f64> = [phases.open, phases.load, phases.plan, phases.execute, phases.fetch].into_iter().flatten().collect();
    (!known.is_empty()).then(|| known.iter().sum())
}

/// The machine-readable result, as ARCHITECTURE.md describes it; what is not known is absent.
fn result_object(engine: &str, reply: &SqlReply, total_s: f64, timed: Option<&Timed>) -> Value {
    let phases = timed.map_or(&reply.phases, |timed| &timed.phases);
    let mut variant = Fields::default().with("label", shown(engine)).with("lang", "sql").with("engine", engine).with("status", "ok");
    variant = match timed {
        Some(timed) => variant.summary(&timed.summary, &timed.samples).with("first_s", timed.first_s),
        None => variant.with("median_s", total_s).with("samples_s", vec![total_s]),
    };
    let variant = variant
        .with("phases_s", json!(phases))
        .maybe("rows", reply.has_rows.then_some(reply.row_count))
        .maybe("threads", (reply.threads > 0).then_some(reply.threads))
        .maybe("engine_version", Some(reply.engine_version.as_str()).filter(|version| !version.is_empty()));
    let load = timed.map(|timed| timed.load).unwrap_or_default();
    object("sql", &format!("SQL on {}", shown(engine)), vec![variant.value()], timed.map(|timed| &timed.noise), &load).value()
}

/// `1 row`, `2 rows`.
pub fn plural(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
