//! Finds the line of a cell that a line of generated source came from.
//!
//! evcxr and the measuring magics put a cell's lines, unchanged, among lines of their own, so a line is found
//! by its text; where the same text stands twice, its neighbours decide.

/// How far two texts agree around a pair of lines.
fn agreement(source: &[&str], at: usize, cell: &[&str], line: usize) -> usize {
    let same = |a: Option<&&str>, b: Option<&&str>| matches!((a, b), (Some(a), Some(b)) if a.trim() == b.trim());
    let before = (1..=at.min(line)).take_while(|n| same(source.get(at - n), cell.get(line - n))).count();
    let after = (1..).take_while(|n| same(source.get(at + n), cell.get(line + n))).count();
    before + after
}

/// The 1-based line of `cell` that stands at 1-based `line` of `source`, and how many characters its text was
/// moved to the right there.
pub fn in_cell(source: &str, line: usize, cell: &str) -> Option<(usize, isize)> {
    let source: Vec<&str> = source.lines().collect();
    let cell: Vec<&str> = cell.lines().collect();
    let at = line.checked_sub(1)?;
    let wanted = *source.get(at)?;
    let text = wanted.trim();
    if text.is_empty() {
        return None;
    }
    let exact = (0..cell.len()).filter(|&n| cell[n].trim() == text);
    let best = exact.max_by_key(|&n| (agreement(&source, at, &cell, n), cell[n] == wanted, usize::MAX - n));
    let found = best.or_else(|| {
        // A statement may share its line with generated code, or with another statement of the cell.
        let contained = (0..cell.len()).filter(|&n| {
            let own = cell[n].trim();
            own.len() > 2 && (wanted.contains(own) || own.contains(text) && text.len() > 2)
        });
        contained.max_by_key(|&n| cell[n].trim().len())
    })?;
    let own = cell[found];
    let column = |line: &str, text: &str| line.find(text).map_or(0, |byte| line[..byte].chars().count());
    let shift = if own.contains(text) {
        column(wanted, text) as isize - column(own, text) as isize
    } else {
        column(wanted, own.trim()) as isize - column(own, own.trim()) as isize
    };
    Some((found + 1, shift))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELL: &str = "let a = 1;\n\nfn f() {\n    panic!(\"x\");\n}\nf();\npanic!(\"x\");";

    #[test]
    fn repeated_lines_are_told_apart_by_their_neighbours() {
        let source = "#![allow(x)]\nfn f() {\n    panic!(\"x\");\n}\npub fn run() {\nlet a = 1;\nf();\npanic!(\"x\");\n}";
        assert_eq!(in_cell(source, 3, CELL), Some((4, 0)));
        assert_eq!(in_cell(source, 8, CELL), Some((7, 0)));
        assert_eq!(in_cell(source, 1, CELL), None);
    }

    #[test]
    fn a_body_after_generated_code_on_its_line_is_found_with_its_shift() {
        assert_eq!(in_cell("x", 5, CELL), None);
        assert_eq!(in_cell("for _ in 0..n { f(); }", 1, "%%timeit\nf();"), Some((2, 16)));
    }
}
