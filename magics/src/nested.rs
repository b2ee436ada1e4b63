//! A cell inside a cell: the body of `%%exercise` and `%%expect_error` runs as if it stood alone, on its own lines.

use crate::cell::{MagicCall, ParsedCell, Segment, Text, parse};
use crate::error::MagicError;
use crate::host::Host;
use crate::registry::{self, Call};
use crate::spec::{OptionSpec, ValueKind};

/// `--lang` of magics that wrap a cell.
pub const LANG: OptionSpec =
    OptionSpec::value("lang", ValueKind::Choice(&["rust", "python", "sql"]), "Language of the cell; or begin it with its own magic")
        .default("rust");

/// Magics whose body is a cell.
pub const WRAPPERS: &[&str] = &["exercise", "expect_error"];

/// The body as a cell whose lines have the numbers they have in the whole cell.
pub fn text(body: &str, body_line: usize, lang: &str) -> String {
    let blank = body_line.saturating_sub(1);
    match lang {
        "python" | "sql" => format!("{}%%{lang}\n{body}", "\n".repeat(blank.saturating_sub(1))),
        _ => format!("{}{body}", "\n".repeat(blank)),
    }
}

/// The body of a wrapper, in place of the whole cell: same bytes, everything before it blank.
pub fn masked(code: &str, magic: &MagicCall) -> String {
    let start = magic.span.end.saturating_sub(magic.body.len());
    let blank = code[..start].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' });
    blank.chain(code[start..].chars()).collect()
}

/// Runs the body of `call`.
///
/// # Errors
/// A cell that cannot be run as written; whatever its code fails with.
pub fn run(call: &Call, host: &mut dyn Host) -> Result<(), MagicError> {
    let lang = call.options.text(LANG.long).unwrap_or("rust");
    let parsed = parse(&text(&call.body, call.body_line, lang));
    parsed.check()?;
    reject(&parsed)?;
    for segment in parsed.segments {
        if host.is_cancelled() {
            return Err(MagicError::interrupted());
        }
        match segment {
            Segment::Magic(magic) => registry::run(&magic, host, call.live.clone())?,
            Segment::Shell(text) => host.bash(&text.text)?,
            Segment::Code(Text { text, line, .. }) => {
                host.eval_rust(&format!("{}{text}", "\n".repeat(line - 1)))?;
            }
            Segment::Command(_) => {}
        }
    }
    Ok(())
}

/// What cannot stand inside: commands of the session, and a wrapper once more.
fn reject(parsed: &ParsedCell) -> Result<(), MagicError> {
    for segment in &parsed.segments {
        let what = match segment {
            Segment::Command(text) => format!("the command `{}`", text.text),
            Segment::Magic(magic) if WRAPPERS.contains(&magic.name.as_str()) || magic.name == "check" => format!("`%%{}`", magic.name),
            _ => continue,
        };
        return Err(MagicError::usage(format!("{what} cannot stand inside another magic")).hint("put it into a cell of its own"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{Recorder, plain, run_cell};

    #[test]
    fn a_body_runs_on_its_own_lines() {
        let mut host = Recorder::default();
        run_cell("%%exercise a\nlet x = 1;\n%vars\nx", &mut host).unwrap();
        assert_eq!(host.rust, ["\nlet x = 1;\n", "\n\n\nx"]);
        run_cell("%%exercise a --lang python\nx = 1", &mut host).unwrap();
        run_cell("%%exercise a\n%%python\nx = 2", &mut host).unwrap();
        let code: Vec<&str> = host.python.iter().map(|(code, _)| code.as_str()).collect();
        assert_eq!(code, ["x = 1", "x = 2"]);
        run_cell("%%exercise a --lang sql\nSELECT 1", &mut host).unwrap();
        assert!(host.sql[0].sql.ends_with("SELECT 1"));
    }

    #[test]
    fn completion_knows_what_is_inside() {
        use crate::complete::{Place, place};
        let is = |code: &str, wanted: &str| match place(code, code.len()) {
            Place::Rust(span) => wanted == "rust" && !code[span].contains("%%"),
            Place::Body { magic, span } => magic == wanted && !code[span].contains("%%"),
            Place::Other => false,
        };
        assert!(is("%%exercise a\nlet é = v.le", "rust") && is("%%exercise a --lang python\nv.le", "python"));
        assert!(is("%%expect_error X\n%%sql\nSELECT", "sql") && is("%%exercise a\n%%python\nv.le", "python"));
        assert!(is("%%check a\n%% correct\nv.le", "rust") && is("%%check a --lang python\n%% correct\nv.le", "python"));
        assert_eq!(place("%%check a\n%% corr", 17), Place::Other);
    }

    #[test]
    fn what_cannot_stand_inside_is_said() {
        for inner in ["%%exercise b\n1", ":vars", "%%check b\n1"] {
            let error = plain(&run_cell(&format!("%%exercise a\n{inner}"), &mut Recorder::default()).unwrap_err());
            assert!(error.contains("cannot stand inside") && error.contains("cell of its own"), "{error}");
        }
    }
}
