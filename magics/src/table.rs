//! Tables as HTML and as aligned text.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::bundle::Bundle;
use crate::html::{CELL, HEAD, MUTED, TABLE, escape, inline};

/// Text cells are cut at this width in plain text, so that a row stays on a line.
const TEXT_WIDTH: usize = 48;
/// Cells are cut at this many characters in HTML.
const HTML_CHARS: usize = 2000;

/// A column's heading and looks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heading {
    pub name: String,
    /// Shown small under the name.
    pub type_name: Option<String>,
    /// Numbers stand at the right.
    pub numeric: bool,
}

impl Heading {
    /// A column of text.
    pub fn text(name: &str) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// A column of numbers.
    pub fn number(name: &str) -> Self {
        Self { name: name.into(), numeric: true, ..Self::default() }
    }
}

/// Rows and columns to show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    pub headings: Vec<Heading>,
    /// `None` is shown as `NULL`.
    pub rows: Vec<Vec<Option<String>>>,
    /// Lines under the table; `back-ticks` mark code.
    pub caption: Vec<String>,
    /// Cells hold Markdown back-ticks of our own (help), not data.
    pub marked: bool,
}

impl Table {
    /// As `text/plain` and `text/html`.
    pub fn bundle(&self) -> Bundle {
        Bundle::text(self.text()).with("text/html", self.html())
    }

    /// As HTML; everything is escaped.
    pub fn html(&self) -> String {
        let mut out = format!("<table style=\"{TABLE}\">\n<thead><tr>");
        for heading in &self.headings {
            let align = align(heading.numeric);
            out.push_str(&format!("<th scope=\"col\" style=\"{HEAD};text-align:{align}\">{}", escape(&heading.name)));
            if let Some(type_name) = &heading.type_name {
                out.push_str(&format!("<br><small style=\"{MUTED};font-weight:normal\">{}</small>", escape(type_name)));
            }
            out.push_str("</th>");
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        for row in &self.rows {
            out.push_str("<tr>");
            for (index, value) in row.iter().enumerate() {
                let numeric = self.headings.get(index).is_some_and(|heading| heading.numeric);
                let content = match value {
                    None => format!("<i style=\"{MUTED}\">NULL</i>"),
                    Some(text) if self.marked => inline(text),
                    Some(text) => escape(&cut_chars(text)),
                };
                let wrap = if numeric { "white-space:nowrap" } else { "white-space:pre-wrap" };
                out.push_str(&format!("<td style=\"{CELL};{wrap};text-align:{}\">{content}</td>", align(numeric)));
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody>\n</table>\n");
        for line in &self.caption {
            out.push_str(&format!("<div style=\"{MUTED};font-size:.9em;margin:.2em 0\">{}</div>\n", inline(line)));
        }
        out
    }

    /// As an aligned box table.
    pub fn text(&self) -> String {
        let typed = self.headings.iter().any(|heading| heading.type_name.is_some());
        let mut grid: Vec<Vec<String>> = vec![self.headings.iter().map(|h| one_line(&h.name)).collect()];
        if typed {
            grid.push(self.headings.iter().map(|h| one_line(h.type_name.as_deref().unwrap_or(""))).collect());
        }
        let head_lines = grid.len();
        let value = |value: &Option<String>| value.as_deref().map_or_else(|| "NULL".into(), one_line);
        grid.extend(self.rows.iter().map(|row| row.iter().map(value).collect()));
        let widths: Vec<usize> = (0..self.headings.len())
            .map(|column| grid.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0))
            .collect();
        let rule = |left: &str, middle: &str, right: &str| {
            let bars: Vec<String> = widths.iter().map(|width| "─".repeat(width + 2)).collect();
            format!("{left}{}{right}\n", bars.join(middle))
        };
        let mut out = String::new();
        if !self.headings.is_empty() {
            out.push_str(&rule("┌", "┬", "┐"));
            for (number, row) in grid.iter().enumerate() {
                if number == head_lines {
                    out.push_str(&rule("├", "┼", "┤"));
                }
                out.push_str(&self.text_row(row, &widths));
            }
            out.push_str(&rule("└", "┴", "┘"));
        }
        for line in &self.caption {
            out.push_str(line);
            out.push('\n');
        }
        out.truncate(out.trim_end().len());
        out
    }

    fn text_row(&self, row: &[String], widths: &[usize]) -> String {
        let mut out = String::from("│");
        for (index, width) in widths.iter().enumerate() {
            let cell = row.get(index).map_or("", String::as_str);
            let space = " ".repeat(width.saturating_sub(cell.width()));
            if self.headings[index].numeric {
                out.push_str(&format!(" {space}{cell} │"));
            } else {
                out.push_str(&format!(" {cell}{space} │"));
            }
        }
        out.push('\n');
        out
    }
}

fn align(numeric: bool) -> &'static str {
    if numeric { "right" } else { "left" }
}

fn cut_chars(text: &str) -> String {
    match text.char_indices().nth(HTML_CHARS) {
        Some((at, _)) => format!("{}… ({} characters)", &text[..at], text.chars().count()),
        None => text.to_owned(),
    }
}

/// One line without control characters, cut at [`TEXT_WIDTH`].
fn one_line(text: &str) -> String {
    let mut out = String::new();
    let mut width = 0;
    for c in text.chars() {
        let c = match c {
            '\n' => '↵',
            '\t' => ' ',
            c if c.is_control() => char::REPLACEMENT_CHARACTER,
            c => c,
        };
        width += c.width().unwrap_or(0);
        if width > TEXT_WIDTH {
            out.push('…');
            break;
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Heading, Table};

    fn table() -> Table {
        Table {
            headings: vec![
                Heading { name: "<b>名".into(), type_name: Some("VARCHAR".into()), numeric: false },
                Heading { name: "n".into(), type_name: Some("BIGINT".into()), numeric: true },
            ],
            rows: vec![vec![Some("<script>\n".into()), Some("12".into())], vec![None, Some("3".into())]],
            caption: vec!["2 rows".into()],
            marked: false,
        }
    }

    #[test]
    fn text_is_aligned() {
        let expected = "\
┌───────────┬────────┐
│ <b>名     │      n │
│ VARCHAR   │ BIGINT │
├───────────┼────────┤
│ <script>↵ │     12 │
│ NULL      │      3 │
└───────────┴────────┘
2 rows";
        assert_eq!(table().text(), expected);
    }

    #[test]
    fn html_is_escaped_and_needs_no_script() {
        let html = table().html();
        assert!(html.contains("&lt;script&gt;") && html.contains("&lt;b&gt;名"));
        assert!(!html.contains("<script"));
        assert!(html.contains(">NULL</i>"));
        assert!(html.contains("text-align:right\">12</td>"));
    }

    #[test]
    fn uneven_rows_do_not_panic() {
        let mut uneven = table();
        uneven.rows.push(vec![]);
        uneven.rows.push(vec![Some("a".repeat(9000)), None, None]);
        assert!(uneven.text().contains('…'));
        assert!(uneven.html().contains("(9000 characters)"));
        assert_eq!(Table::default().text(), "");
    }
}
