//! Coloured terminal text as HTML, and without its colours.

use crate::html::escape;

/// The text without escape sequences.
pub fn plain(text: &str) -> String {
    pieces(text).map(|(_, piece)| piece).collect()
}

/// The text as HTML: bold and the standard colours, which follow the theme of the frontend.
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut style = Style::default();
    for (codes, piece) in pieces(text) {
        if let Some(codes) = codes {
            style.change(codes);
        }
        match (style.css(), piece.is_empty()) {
            (_, true) => {}
            (css, false) if css.is_empty() => out.push_str(&escape(piece)),
            (css, false) => out.push_str(&format!("<span style=\"{css}\">{}</span>", escape(piece))),
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

/// How the next stretch looks.
#[derive(Default)]
struct Style {
    bold: bool,
    colour: Option<&'static str>,
}

impl Style {
    /// Applies the codes of one sequence; a colour takes the place of the one before.
    fn change(&mut self, codes: &str) {
        let mut codes = codes.split(';');
        while let Some(code) = codes.next() {
            match code.trim_start_matches('0') {
                "" => *self = Self::default(),
                "1" => self.bold = true,
                "22" => self.bold = false,
                "39" => self.colour = None,
                "31" | "91" => self.colour = Some("red-intense"),
                "32" | "92" => self.colour = Some("green-intense"),
                "33" | "93" => self.colour = Some("yellow-intense"),
                "34" | "94" => self.colour = Some("blue-intense"),
                "35" | "95" => self.colour = Some("magenta-intense"),
                "36" | "96" => self.colour = Some("cyan-intense"),
                // Colours out of a palette or of three parts: their numbers are no codes, and no theme knows them.
                "38" | "48" => {
                    let numbers = if codes.next() == Some("2") { 3 } else { 1 };
                    let _ = codes.by_ref().take(numbers).count();
                    if code == "38" {
                        self.colour = None;
                    }
                }
                _ => {}
            }
        }
    }

    fn css(&self) -> String {
        let mut css = self.colour.map_or_else(String::new, |colour| format!("color:var(--ansi-{colour},inherit);"));
        if self.bold {
            css.push_str("font-weight:bold;");
        }
        css
    }
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

    #[test]
    fn a_colour_takes_the_place_of_the_one_before() {
        let text = "\u{1b}[31ma\u{1b}[32mb\u{1b}[39mc\u{1b}[38;5;34md\u{1b}[01;38;2;1;2;34me\u{1b}[22mf";
        let wanted = "<span style=\"color:var(--ansi-red-intense,inherit);\">a</span>\
                      <span style=\"color:var(--ansi-green-intense,inherit);\">b</span>cd<span style=\"font-weight:bold;\">e</span>f";
        assert_eq!(html(text), wanted);
        assert_eq!(plain(text), "abcdef");
    }
}
