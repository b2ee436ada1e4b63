//! HTML pieces: escaping, and colours that follow the theme.
//!
//! Colours are JupyterLab's CSS variables with fallbacks that read on white and on black; no script, no style sheet.

/// Style of secondary text.
pub const MUTED: &str = "opacity:.75";
/// Style of preformatted blocks.
pub const PRE: &str = "margin:.3em 0;padding:.5em;overflow-x:auto;white-space:pre;border:1px solid var(--jp-border-color2,#9e9e9e);\
color:var(--jp-content-font-color1,inherit);background:var(--jp-layout-color1,transparent);\
font-family:var(--jp-code-font-family,monospace);font-size:var(--jp-code-font-size,13px);line-height:1.3";
/// Style of tables.
pub const TABLE: &str = "border-collapse:collapse;color:var(--jp-content-font-color1,inherit);font-variant-numeric:tabular-nums";
/// Style of a head cell, without its alignment.
pub const HEAD: &str = "padding:.25em .7em;vertical-align:bottom;border-bottom:1px solid var(--jp-border-color1,#757575)";
/// Style of a cell, without its alignment.
pub const CELL: &str = "padding:.2em .7em;vertical-align:top";

/// Text made safe for HTML content and for attribute values in double or single quotes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() => out.push(char::REPLACEMENT_CHARACTER),
            c => out.push(c),
        }
    }
    out
}

/// Escaped text in which `back-ticked` words become code.
pub fn inline(text: &str) -> String {
    let mut out = String::new();
    for (index, part) in text.split('`').enumerate() {
        // An odd number of back-ticks leaves the last part as it is.
        if index % 2 == 1 {
            out.push_str(&format!("<code>{}</code>", escape(part)));
        } else {
            out.push_str(&escape(part));
        }
    }
    out
}

/// A preformatted block.
pub fn pre(text: &str) -> String {
    format!("<pre style=\"{PRE}\">{}</pre>", escape(text))
}

#[cfg(test)]
mod tests {
    use super::{escape, inline};

    #[test]
    fn nothing_gets_through() {
        assert_eq!(escape("<script a='\"'>&\u{1b}"), "&lt;script a=&#39;&quot;&#39;&gt;&amp;\u{fffd}");
        assert_eq!(inline("use `<T>` & go"), "use <code>&lt;T&gt;</code> &amp; go");
    }
}
