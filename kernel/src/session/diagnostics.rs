//! The compiler's errors and warnings as text for a cell, in the compiler's own layout.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use evcxr::CompilationError;
use magics::error::MagicError;
use serde_json::Value;

use super::locate;

/// What a diagnostic refers to.
pub struct Origin<'a> {
    /// The cell as the person wrote it.
    pub cell: &'a str,
    /// The code that was given to evcxr, which may have generated lines around the cell's.
    pub source: &'a str,
    /// How the cell is called, for example `cell [3]`.
    pub name: &'a str,
}

struct Mark {
    start: usize,
    end: usize,
    label: String,
    primary: bool,
}

/// Byte offset of a 1-based line and column (in characters) of `text`.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = text[start.min(text.len())..].split('\n').next().unwrap_or_default();
    let within = rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(byte, _)| byte);
    start + within
}

impl Origin<'_> {
    /// A span of the source as byte offsets of the cell.
    fn mark(&self, from: (usize, usize), to: (usize, usize), label: String, primary: bool) -> Option<Mark> {
        let place = |(line, column): (usize, usize)| -> Option<usize> {
            let same = self.source.lines().nth(line - 1) == self.cell.lines().nth(line - 1) && self.cell.lines().nth(line - 1).is_some();
            let (line, shift) = if same { (line, 0) } else { locate::in_cell(self.source, line, self.cell)? };
            let column = column.checked_add_signed(-shift).unwrap_or(1).max(1);
            Some(offset(self.cell, line, column))
        };
        let start = place(from)?;
        let end = place(to).unwrap_or(start).max(start);
        Some(Mark { start, end: if end == start { (end + 1).min(self.cell.len()).max(start) } else { end }, label, primary })
    }

    fn line_of(&self, byte: usize) -> usize {
        self.cell[..byte.min(self.cell.len())].matches('\n').count() + 1
    }
}

fn strip_level(label: &str) -> String {
    // evcxr puts the whole message into labels that have none of their own.
    if label.starts_with("error: ") || label.starts_with("warning: ") { String::new() } else { label.to_owned() }
}

/// All errors of a compilation as the one error of the cell.
pub fn compile_error(errors: &[CompilationError], origin: &Origin<'_>) -> MagicError {
    let mut shown: Vec<String> = Vec::new();
    let mut first_line = None;
    if let Some(error) = errors.iter().find_map(|error| not_shown(&error.message())) {
        return error;
    }
    for error in errors {
        let marks: Vec<Mark> = error
            .spanned_messages()
            .iter()
            .filter_map(|message| {
                let span = message.span?;
                origin.mark(
                    (span.start_line, span.start_column),
                    (span.end_line, span.end_column),
                    strip_level(&message.label),
                    message.is_primary,
                )
            })
            .collect();
        first_line = first_line.or_else(|| marks.iter().find(|mark| mark.primary).or(marks.first()).map(|mark| origin.line_of(mark.start)));
        let text = render(&error.message(), error.code(), &marks, &notes(&error.json), error.evcxr_extra_hint(), origin);
        if !shown.contains(&text) {
            shown.push(text);
        }
    }
    let message = errors.first().map_or_else(|| "the cell does not compile".to_owned(), CompilationError::message);
    let code = errors.first().and_then(CompilationError::code).map(|code| format!("[{code}]")).unwrap_or_default();
    let place = first_line.map(|line| format!(" ({}, line {line})", origin.name)).unwrap_or_default();
    let more = match shown.len() {
        0 | 1 => String::new(),
        n => format!(", and {} more", n - 1),
    };
    MagicError::new(format!("CompileError{code}"), format!("{}{place}{more}", message.lines().next().unwrap_or_default()))
        .traceback(shown.iter().flat_map(|text| text.lines().map(str::to_owned).chain([String::new()])).collect())
}

/// The last expression's type has neither `Show` nor `Debug`: the compiler speaks of our method, people need not.
fn not_shown(message: &str) -> Option<MagicError> {
    if !message.contains("`evcxr_display`") {
        return None;
    }
    let name = message.split("reference `&").nth(1).and_then(|rest| rest.split('`').next()).unwrap_or("this type");
    let text = format!("`{name}` doesn't implement `Debug`, so the value of the cell's last line cannot be shown");
    Some(
        MagicError::new("CompileError[E0277]", text)
            .hint(format!("put `#[derive(Debug)]` before `{name}`, implement `Show` for it, or end the line with `;`")),
    )
}

/// The compiler's notes and suggestions: level and text.
fn notes(json: &Value) -> Vec<(String, String)> {
    let children = json["children"].as_array().map_or(&[][..], Vec::as_slice);
    children
        .iter()
        .filter_map(|child| {
            let message = child["message"].as_str()?;
            let level = child["level"].as_str().unwrap_or("note");
            if message.contains("evcxr") || message.starts_with("`#[warn(") || message.starts_with("`#[deny(") {
                return None;
            }
            let suggestion = child["spans"][0]["suggested_replacement"].as_str().map(str::trim).filter(|text| !text.is_empty());
            let text = match suggestion {
                Some(text) => format!("{message}: `{text}`"),
                None => message.to_owned(),
            };
            Some((level.to_owned(), text))
        })
        .collect()
}

fn render(
    message: &str,
    code: Option<&str>,
    marks: &[Mark],
    notes: &[(String, String)],
    hint: Option<&str>,
    origin: &Origin<'_>,
) -> String {
    let mut title = Level::ERROR.primary_title(message.to_owned());
    if let Some(code) = code {
        title = title.id(code.to_owned());
    }
    let mut group: Group<'_> = if marks.is_empty() {
        Group::with_title(title)
    } else {
        let mut snippet = Snippet::source(origin.cell).path(origin.name).line_start(1);
        for mark in marks {
            let kind = if mark.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            let annotation = kind.span(mark.start..mark.end);
            snippet = snippet.annotation(if mark.label.is_empty() { annotation } else { annotation.label(mark.label.clone()) });
        }
        title.element(snippet)
    };
    for (level, text) in notes {
        let level = if level == "help" { Level::HELP } else { Level::NOTE };
        group = group.element(level.message(text.clone()));
    }
    if let Some(hint) = hint {
        group = group.element(Level::HELP.message(hint));
    }
    Renderer::styled().render(&[group]).to_string()
}

/// A compiler warning as `line: message` for the person, or nothing when it is about generated code.
pub fn warning(diagnostic: &Value, origin: &Origin<'_>, generated: &str) -> Option<String> {
    let span = diagnostic["spans"].as_array()?.iter().find(|span| span["is_primary"] == true)?;
    let line = usize::try_from(span["line_start"].as_u64()?).ok()?;
    let (line, _) = locate::in_cell(generated, line, origin.cell)?;
    let message = diagnostic["message"].as_str()?;
    if message.contains("evcxr") {
        return None;
    }
    Some(format!("line {line}: {message}"))
}
