//! Coloured terminal text as HTML, and without its colours.

use crate::html::escape;

/// The text without escape sequences.
pub fn plain(text: &str) -> String {
    pieces(text).map(|(_, piece)| piece).collect()
}

/// The text as HTML: bold and the standard colours, which follow the theme of the frontend.
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut style = String::new();
    for (codes, piece) in pieces(text) {
        if let Some(codes) = codes {
            style = next_style(&style, codes);
        }
        match (style.as_str(), piece.is_empty()) {
            (_, true) => {}
            ("", false) => out.push_str(&escape(piece)),
            (style, false) => out.push_str(&format!("<span style=\"{style}\">{}</span>", escape(piece))),
        }
    }
    out
}

/// Stretches of text with the codes of the sequence before each.
fn pieces(text: &str) -> impl Iterator<Item = (Option<&str>, &str)> {
    let mut first = true;
    text.split('\u{1b}').map(move |part| {
        if std::mem::take(&mut first) {
            return (None, part);
        }
        // Other sequences than colours end with another letter; they say nothing in HTML.
        let Some(rest) = part.strip_prefix('[') else { return (None, part) };
        let end = rest.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let codes = rest[end..].starts_with('m').then_some(&rest[..end]);
        (codes, rest.get(end + 1..).unwrap_or(""))
    })
}

fn next_style(before: &str, codes: &str) -> String {
    let mut style = before.to_owned();
    for code in codes.split(';') {
        let colour = match code {
            "" | "0" => {
                style.clear();
                continue;
            }
            "1" => {
                style.push_str("font-weight:bold;");
                continue;
            }
            "31" | "91" => "red-intense",
            "32" | "92" => "green-intense",
            "33" | "93" => "yellow-intense",
            "34" | "94" => "blue-intense",
            "35" | "95" => "magenta-intense",
            "36" | "96" => "cyan-intense",
            _ => continue,
        };
        style.push_str(&format!("color:var(--ansi-{colour},inherit);"));
    }
    style
}

#[cfg(test)]
mod tests {
    use super::{html, plain};

    #[test]
    fn colours_become_spans_and_go() {
        let text = "\u{1b}[31;1merror\u{1b}[0m: a < b\u{1b}[2K";
        assert_eq!(plain(text), "error: a < b");
        let html = html(text);
        assert!(
            html.starts_with("<span style=\"color:var(--ansi-red-intense,inherit);font-weight:bold;\">error</span>: a &lt; b"),
            "{html}"
        );
    }
}
