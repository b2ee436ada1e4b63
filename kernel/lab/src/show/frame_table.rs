//! Polars frames and series as tables: shape, names, types, first and last rows.

use std::fmt::Write as _;

use polars::prelude::{DataFrame, DataType, IntoColumn, LazyFrame, Series};

use super::html::escape;
use super::{Display, Show};

/// Rows shown from the start and from the end of a longer frame.
const HEAD: usize = 10;
const TAIL: usize = 5;
/// Columns shown from the start and from the end of a wider frame.
const COLUMNS: usize = 24;
/// Characters of one cell.
const CELL: usize = 200;

fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(c);
    }
    text
}

fn cell_text(frame: &DataFrame, column: usize, row: usize) -> Option<String> {
    let value = frame.columns()[column].get(row).ok()?;
    if value.is_null() {
        return None;
    }
    let mut text = match value.get_str() {
        Some(text) => text.to_owned(),
        None => value.to_string(),
    };
    if text.chars().count() > CELL {
        text = text.chars().take(CELL).chain(['…']).collect();
    }
    Some(text)
}

fn numeric(dtype: &DataType) -> bool {
    dtype.is_numeric() || dtype.is_decimal()
}

fn shown_columns(width: usize) -> Vec<Option<usize>> {
    if width <= COLUMNS {
        return (0..width).map(Some).collect();
    }
    let half = COLUMNS / 2;
    (0..half).map(Some).chain([None]).chain((width - half..width).map(Some)).collect()
}

fn push_row(html: &mut String, frame: &DataFrame, columns: &[Option<usize>], row: usize) {
    html.push_str("<tr>");
    for column in columns {
        match column.map(|index| (index, cell_text(frame, index, row))) {
            None => html.push_str("<td>…</td>"),
            Some((_, None)) => html.push_str("<td style=\"opacity:.55;font-style:italic\">null</td>"),
            Some((index, Some(text))) => {
                let align = if numeric(frame.columns()[index].dtype()) { "right" } else { "left" };
                let _ = write!(html, "<td style=\"text-align:{align};white-space:pre\">{}</td>", escape(&text));
            }
        }
    }
    html.push_str("</tr>");
}

/// The frame as a static HTML table.
pub fn html_table(frame: &DataFrame) -> String {
    let (rows, width) = frame.shape();
    let columns = shown_columns(width);
    let mut html = String::from("<div style=\"overflow-x:auto\"><table class=\"benchbook-frame\">");
    let _ = write!(
        html,
        "<caption style=\"text-align:left;caption-side:top;opacity:.75\">{} rows × {} columns</caption><thead><tr>",
        grouped(rows),
        grouped(width)
    );
    for column in &columns {
        match column {
            None => html.push_str("<th>…</th>"),
            Some(index) => {
                let column = &frame.columns()[*index];
                let align = if numeric(column.dtype()) { "right" } else { "left" };
                let _ = write!(
                    html,
                    "<th style=\"text-align:{align}\">{}<br><span style=\"font-weight:normal;opacity:.65\">{}</span></th>",
                    escape(column.name()),
                    escape(&column.dtype().to_string())
                );
            }
        }
    }
    html.push_str("</tr></thead><tbody>");
    if rows <= HEAD + TAIL {
        (0..rows).for_each(|row| push_row(&mut html, frame, &columns, row));
    } else {
        (0..HEAD).for_each(|row| push_row(&mut html, frame, &columns, row));
        let _ = write!(
            html,
            "<tr><td colspan=\"{}\" style=\"text-align:center;opacity:.65\">… {} more rows …</td></tr>",
            columns.len().max(1),
            grouped(rows - HEAD - TAIL)
        );
        (rows - TAIL..rows).for_each(|row| push_row(&mut html, frame, &columns, row));
    }
    html.push_str("</tbody></table></div>");
    html
}

impl Show for DataFrame {
    fn show(&self) -> Display {
        Display::text(self.to_string()).html(html_table(self))
    }
}

impl Show for Series {
    fn show(&self) -> Display {
        let text = self.to_string();
        match DataFrame::new(self.len(), vec![self.clone().into_column()]) {
            Ok(frame) => Display::text(text).html(html_table(&frame)),
            Err(_) => Display::text(text),
        }
    }
}

impl Show for LazyFrame {
    fn show(&self) -> Display {
        let plan = match self.describe_optimized_plan() {
            Ok(plan) => plan,
            Err(error) => format!("this query cannot be planned: {error}"),
        };
        let text = format!("LazyFrame (nothing has run yet; `.collect()?` runs it). Optimised plan:\n{plan}");
        let html = format!(
            "<div>LazyFrame: nothing has run yet, <code>.collect()?</code> runs it. Optimised plan:</div><pre>{}</pre>",
            escape(&plan)
        );
        Display::text(text).html(html)
    }
}
