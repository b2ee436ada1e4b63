//! The part of an error that points into the cell: line number, the line, carets under the span.

use std::ops::Range;

use unicode_width::UnicodeWidthStr;

/// Two lines: the source line with its cell line number (1-based), and carets under `span` (bytes of `line`).
pub fn point_at(line_number: usize, line: &str, span: Range<usize>) -> Vec<String> {
    let start = floor_boundary(line, span.start);
    let end = floor_boundary(line, span.end).max(start);
    let number = format!("line {line_number}");
    let gap = " ".repeat(number.len());
    let before = line[..start].replace('\t', "    ").width();
    let carets = line[start..end].replace('\t', "    ").width().max(1);
    vec![
        format!("\u{1b}[34m{number} |\u{1b}[0m {}", line.replace('\t', "    ")),
        format!("\u{1b}[34m{gap} |\u{1b}[0m {}\u{1b}[31;1m{}\u{1b}[0m", " ".repeat(before), "^".repeat(carets)),
    ]
}

/// The whole text of an error with a place: title, place, hint.
pub fn error_lines(name: &str, message: &str, place: Vec<String>, hint: Option<&str>) -> Vec<String> {
    let mut lines = vec![format!("\u{1b}[31;1m{name}\u{1b}[0m: {message}")];
    lines.extend(place);
    if let Some(hint) = hint {
        lines.push(format!("\u{1b}[1mhint\u{1b}[0m: {hint}"));
    }
    lines
}

/// The greatest character boundary that is not after `at`.
pub fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::point_at;

    #[test]
    fn carets_stand_under_wide_text() {
        let lines = point_at(3, "価 bad", 4..7);
        assert!(lines[0].ends_with("価 bad"));
        assert!(lines[1].contains("   \u{1b}[31;1m^^^"));
    }

    #[test]
    fn spans_outside_the_line_do_not_panic() {
        assert_eq!(point_at(1, "é", 1..90).len(), 2);
        assert_eq!(point_at(1, "", 7..9).len(), 2);
    }
}
