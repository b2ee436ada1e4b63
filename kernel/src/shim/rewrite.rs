//! Edits the code that evcxr generates around a cell. Line numbers never change.

/// evcxr's own variable store and where it ends.
const STORE: &str = "mod evcxr_internal_runtime {";
const AFTER_STORE: &str = "#[unsafe(no_mangle)]";
const FALLBACK_OPEN: &str = "evcxr_send_text_plain(&format!(\"{:?}\",&(";
const FALLBACK_CLOSE: &str = ")));";
const SHOWN: &str = ").benchbook_ref().evcxr_display();";

/// Replaces generated parts by calls into `lab`: the variable store (compiled once instead of in every cell),
/// the markers for panics and failing `?` (which must not mix with printed text), and the display of the last
/// expression (so that it compiles at the first try).
pub fn generated_code(source: &str) -> String {
    let lines: Vec<&str> = source.lines().collect();
    let mut out: Vec<String> = Vec::with_capacity(lines.len());
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        if line == STORE
            && let Some(end) = store_end(&lines, at)
        {
            out.push("use ::lab::runtime::variables as evcxr_internal_runtime;".to_owned());
            out.extend(std::iter::repeat_n(String::new(), end - at));
            at = end + 1;
            continue;
        }
        out.push(one_line(line));
        at += 1;
    }
    rewrite_fallback(&mut out);
    out.push(String::new());
    out.join("\n")
}

/// evcxr's second way to show the last expression, used after an error in it: made the same as the first.
fn rewrite_fallback(lines: &mut [String]) {
    let Some(open) = lines.iter().position(|line| line == FALLBACK_OPEN) else { return };
    // The expression itself may hold such a line; no generated line after it does.
    let Some(close) = lines.iter().rposition(|line| line == FALLBACK_CLOSE).filter(|&close| close > open) else { return };
    lines[open] = "(".to_owned();
    lines[close] = SHOWN.to_owned();
    if let Some(definition) = lines[..open].iter().rposition(|line| line.starts_with("fn evcxr_send_text_plain(")) {
        lines[definition..open].iter_mut().for_each(String::clear);
    }
}

fn store_end(lines: &[&str], start: usize) -> Option<usize> {
    (start + 1..lines.len().saturating_sub(1)).find(|&at| lines[at] == "}" && lines[at + 1] == AFTER_STORE)
}

fn one_line(line: &str) -> String {
    match line.trim() {
        "println!(\"EVCXR_PANIC_NOTIFICATION\");" => "::lab::runtime::cell_panicked();".to_owned(),
        "fn from(error: T) -> Self {" => "#[track_caller] fn from(error: T) -> Self {".to_owned(),
        "eprintln!(\"{}\", error);" => "::lab::runtime::cell_failed(&format!(\"{}\", error));".to_owned(),
        "println!(\"{}\", evcxr_internal_runtime::USER_ERROR_OCCURRED);" => String::new(),
        ").evcxr_display();" => SHOWN.to_owned(),
        // Marks the cell's entry point; what shows values must be in scope there whatever the cell imports.
        AFTER_STORE => format!("use ::lab::show::dispatch::{{ViaDebug as _, ViaRef as _, ViaShow as _}}; {AFTER_STORE}"),
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_numbers() {
        let source = "#![allow(x)]\nmod evcxr_internal_runtime {\npub struct S {\n}\n}\n#[unsafe(no_mangle)]\npub fn f() {\nuser code\n}\n";
        let rewritten = generated_code(source);
        assert_eq!(rewritten.lines().count(), source.lines().count());
        assert_eq!(rewritten.lines().nth(7), Some("user code"));
        assert!(rewritten.contains("use ::lab::runtime::variables"));
        assert!(!rewritten.contains("pub struct S"));
    }

    #[test]
    fn the_fallback_shows_the_expression_in_the_same_way() {
        let source = "fn evcxr_send_text_plain(text: &str) {\n}\nevcxr_send_text_plain(&format!(\"{:?}\",&(\nf((g(\n1\n)))\n)));\n}\n";
        let rewritten = generated_code(source);
        assert_eq!(rewritten, "\n\n(\nf((g(\n1\n)))\n).benchbook_ref().evcxr_display();\n}\n");
    }

    #[test]
    fn the_last_expression_is_shown_by_reference() {
        assert_eq!(generated_code("(\nx\n).evcxr_display();\n"), "(\nx\n).benchbook_ref().evcxr_display();\n");
    }
}
