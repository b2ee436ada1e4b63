//! Arrow record batches as tables.

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use arrow::util::pretty::pretty_format_batches;
use std::fmt::Write as _;

use super::html::escape;
use super::{Display, Show};

const ROWS: usize = 15;

impl Show for RecordBatch {
    fn show(&self) -> Display {
        let head = self.slice(0, self.num_rows().min(ROWS));
        let text = match pretty_format_batches(std::slice::from_ref(&head)) {
            Ok(table) => format!("{} rows × {} columns\n{table}", self.num_rows(), self.num_columns()),
            Err(error) => format!("this batch cannot be shown: {error}"),
        };
        let mut html = format!(
            "<div style=\"overflow-x:auto\"><table class=\"benchbook-frame\"><caption style=\"text-align:left;\
             caption-side:top;opacity:.75\">Arrow RecordBatch, {} rows × {} columns</caption><thead><tr>",
            self.num_rows(),
            self.num_columns()
        );
        for field in self.schema().fields() {
            let _ = write!(
                html,
                "<th style=\"text-align:left\">{}<br><span style=\"font-weight:normal;opacity:.65\">{}</span></th>",
                escape(field.name()),
                escape(&field.data_type().to_string())
            );
        }
        html.push_str("</tr></thead><tbody>");
        let options = FormatOptions::default().with_null("null");
        let columns: Vec<_> = head.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).ok()).collect();
        for row in 0..head.num_rows() {
            html.push_str("<tr>");
            for column in &columns {
                let text = column.as_ref().map_or_else(|| "?".to_owned(), |column| column.value(row).to_string());
                let _ = write!(html, "<td style=\"text-align:left\">{}</td>", escape(&text));
            }
            html.push_str("</tr>");
        }
        if self.num_rows() > ROWS {
            let _ = write!(html, "<tr><td colspan=\"{}\">… {} more rows …</td></tr>", self.num_columns(), self.num_rows() - ROWS);
        }
        html.push_str("</tbody></table></div>");
        Display::text(text).html(html)
    }
}
