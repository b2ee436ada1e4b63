//! Completion, Shift-Tab and completeness: asked at any time, also while a cell runs.

use std::sync::Arc;

use magics::bundle::Bundle;
use magics::complete::{Place, place};

use crate::engine::{Assist, Completeness, Completion, Completions, EngineInfo};

use super::python;
use super::shared::Shared;

/// Answers questions about code.
pub struct SessionAssist(pub Arc<Shared>);

fn rust_range(code: &str, position: usize) -> Option<std::ops::Range<usize>> {
    match place(code, position) {
        Place::Rust(range) => Some(range),
        Place::Body { magic, span } if !matches!(magic.as_str(), "sql" | "python" | "bash") => Some(span),
        Place::Body { .. } | Place::Other => None,
    }
}

/// The Python text at the position, and the `--env` of its magic.
fn python_range(code: &str, position: usize) -> Option<(Option<String>, std::ops::Range<usize>)> {
    match place(code, position) {
        Place::Body { magic, span } if magic == "python" => Some((magics::magics::python::env_at(code, span.start), span)),
        _ => None,
    }
}

/// The end of the identifier that the position is in or just behind.
fn word_end(code: &str, position: usize) -> usize {
    position + code[position..].find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(code.len() - position)
}

impl Assist for SessionAssist {
    fn info(&self) -> EngineInfo {
        EngineInfo {
            banner: format!("Benchbook {}: Rust, SQL and magics that measure. `%lsmagic` lists the magics.", env!("CARGO_PKG_VERSION")),
            implementation: "benchbook".into(),
            implementation_version: env!("CARGO_PKG_VERSION").into(),
            language_name: "rust".into(),
            language_version: "1.95.0".into(),
            mimetype: "text/rust".into(),
            file_extension: ".rs".into(),
            pygments_lexer: "rust".into(),
            codemirror_mode: "rust".into(),
            help_links: vec![
                ("Rust standard library".into(), "https://doc.rust-lang.org/std/".into()),
                ("Polars".into(), "https://docs.rs/polars/0.55.2/polars/".into()),
                ("DuckDB SQL".into(), "https://duckdb.org/docs/stable/sql/introduction".into()),
            ],
        }
    }

    fn complete(&self, code: &str, position: usize) -> Completions {
        if let Some(found) = magics::complete::complete(code, position) {
            let matches =
                found.matches.into_iter().map(|one| Completion { text: one.text, kind: one.kind.into(), signature: one.about }).collect();
            return Completions { matches, start: found.start, end: found.end };
        }
        if let Some((env, span)) = python_range(code, position) {
            return python::complete(&self.0.python, env.as_deref(), code, span, position);
        }
        let none = Completions { matches: Vec::new(), start: position, end: position };
        let Some(range) = rust_range(code, position) else { return none };
        let Some(found) = self.0.analyzer.completions(&code[range.clone()], position - range.start) else { return none };
        let matches = found
            .completions
            .into_iter()
            .map(|one| Completion { text: one.code, kind: one.kind.to_owned(), signature: one.label })
            .collect();
        Completions { matches, start: found.start_offset + range.start, end: found.end_offset + range.start }
    }

    fn inspect(&self, code: &str, position: usize, detail: u8) -> Option<Bundle> {
        if let Some(found) = magics::complete::inspect(code, position) {
            return Some(found);
        }
        if let Some((env, span)) = python_range(code, position) {
            return python::inspect(&self.0.python, env.as_deref(), &code[span.clone()], position - span.start, detail);
        }
        let range = rust_range(code, position)?;
        let end = word_end(code, position).min(range.end);
        if end == range.start {
            return None;
        }
        let (text, html) = self.0.analyzer.hover(&code[range.clone()], end - range.start)?;
        let bundle = Bundle::text(text);
        Some(if html.is_empty() { bundle } else { bundle.with("text/html", html) })
    }

    fn is_complete(&self, code: &str) -> Completeness {
        match magics::completeness::completeness(code) {
            magics::completeness::Completeness::Complete => Completeness::Complete,
            magics::completeness::Completeness::Incomplete { indent } => Completeness::Incomplete { indent },
            magics::completeness::Completeness::Invalid => Completeness::Invalid,
        }
    }

    fn interrupt(&self) {
        self.0.stop_rust();
    }
}

#[cfg(test)]
mod tests {
    use super::word_end;

    #[test]
    fn the_word_under_the_cursor_is_taken_whole() {
        assert_eq!(word_end("let x = Vec::with_capacity(3);", 14), 26);
        assert_eq!(word_end("x.len()", 5), 5);
        assert_eq!(word_end("", 0), 0);
    }
}
