//! The compiler's errors and warnings as text for a cell, in the compiler's own layout.

use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use magics::error::MagicError;

use super::locate;
use crate::cells::diagnostic::{Diagnostic, Span};
use crate::cells::origin::{Line, Origin};

/// The generated file that diagnostics speak of.
pub struct Generated<'a> {
    pub file: &'a str,
    pub lines: &'a [Line],
}

struct Mark {
    origin: Arc<Origin>,
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

/// The 1-based line of the cell for a line of its source, and how far its text was moved to the right there.
pub fn in_cell(origin: &Origin, line: usize) -> Option<(usize, isize)> {
    let own = origin.cell.lines().nth(line.checked_sub(1)?);
    if own.is_some() && origin.source.lines().nth(line - 1) == own {
        return Some((line, 0));
    }
    locate::in_cell(&origin.source, line, &origin.cell)
}

impl Generated<'_> {
    fn line(&self, number: usize) -> &Line {
        number.checked_sub(1).and_then(|index| self.lines.get(index)).unwrap_or(&Line::Generated)
    }

    /// Cell and byte offset of a place in the generated file.
    fn place(&self, line: usize, column: usize) -> Option<(Arc<Origin>, usize)> {
        let Line::User { origin, line, column: before } = self.line(line) else { return None };
        let (found, shift) = in_cell(origin, *line)?;
        let column = (column + before).checked_add_signed(-shift).unwrap_or(1).max(1);
        Some((Arc::clone(origin), offset(&origin.cell, found, column)))
    }

    fn mark(&self, span: &Span) -> Option<Mark> {
        let span_here = span.in_file(self.file)?;
        let (origin, start) = self.place(span_here.line_start, span_here.column_start)?;
        let end = self.place(span_here.line_end, span_here.column_end).filter(|(other, _)| Arc::ptr_eq(other, &origin));
        let end = end.map_or(start, |(_, end)| end.max(start));
        let end = if end == start { (end + 1).min(origin.cell.len()).max(start) } else { end };
        Some(Mark { end, origin, start, label: span.label.clone().unwrap_or_default(), primary: span.is_primary })
    }

    /// Whether one of the diagnostic's places, or of its notes', is on a generated line of this kind.
    fn touches<'a>(&'a self, diagnostic: &Diagnostic, wanted: impl Fn(&'a Line) -> Option<&'a String> + Copy) -> Option<&'a String> {
        let spans = diagnostic.spans.iter().chain(diagnostic.children.iter().flat_map(|child| &child.spans));
        spans.filter_map(|span| span.in_file(self.file)).find_map(|span| wanted(self.line(span.line_start)))
    }
}

fn line_of(origin: &Origin, byte: usize) -> usize {
    origin.cell[..byte.min(origin.cell.len())].matches('\n').count() + 1
}

/// All errors of a compilation as the one error of the cell.
pub fn compile_error(errors: &[Diagnostic], generated: &Generated<'_>) -> MagicError {
    let mut shown: Vec<String> = Vec::new();
    let mut first_place = None;
    if let Some(error) = errors.iter().find_map(|error| not_shown(&error.message)) {
        return error;
    }
    let errors: Vec<Diagnostic> = errors.iter().map(|error| in_our_terms(error, generated)).collect();
    for error in &errors {
        let marks: Vec<Mark> = error.spans.iter().filter_map(|span| generated.mark(span)).collect();
        let leading = marks.iter().find(|mark| mark.primary).or(marks.first());
        first_place = first_place.or_else(|| leading.map(|mark| (mark.origin.name(), line_of(&mark.origin, mark.start))));
        let text = render(error, &marks);
        if !shown.contains(&text) {
            shown.push(text);
        }
    }
    let message = errors.first().map_or_else(|| "the cell does not compile".to_owned(), |error| error.message.clone());
    let code = errors.first().map(Diagnostic::code).filter(|code| !code.is_empty()).map(|code| format!("[{code}]")).unwrap_or_default();
    let place = first_place.map(|(name, line)| format!(" ({name}, line {line})")).unwrap_or_default();
    let more = match shown.len() {
        0 | 1 => String::new(),
        n => format!(", and {} more", n - 1),
    };
    MagicError::new(format!("CompileError{code}"), format!("{}{place}{more}", message.lines().next().unwrap_or_default()))
        .traceback(shown.iter().flat_map(|text| text.lines().map(str::to_owned).chain([String::new()])).collect())
}

/// Errors that come from keeping variables between cells, said in these terms.
fn in_our_terms(error: &Diagnostic, generated: &Generated<'_>) -> Diagnostic {
    let mut error = error.clone();
    let help = |message: String| Diagnostic { message, level: "help".into(), ..Diagnostic::default() };
    let kept = generated.touches(&error, |line| if let Line::Keep(name) = line { Some(name) } else { None });
    let loaded = generated.touches(&error, |line| if let Line::Load(name) = line { Some(name) } else { None });
    if let Some(name) =
        kept.filter(|_| matches!(error.code(), "E0597" | "E0505" | "E0716" | "E0521" | "E0506" | "E0499" | "E0502" | "E0310"))
    {
        error.message = format!("`{name}` borrows from another value, so it cannot be kept for later cells");
        error.spans.iter_mut().for_each(|span| {
            if span.label.as_deref().is_some_and(|label| label.contains("'static")) {
                span.label = None;
            }
        });
        error.children.clear();
        error.children.push(help(format!("keep an owned value in `{name}` (`.clone()`, `.to_vec()`, `.to_owned()`)")));
        error.children.push(help("or put braces `{ … }` around the cell, and none of its variables is kept".to_owned()));
    } else if let Some(name) = loaded.filter(|_| matches!(error.code(), "E0596" | "E0594")) {
        error.children.retain(|child| child.level != "help");
        error.children.push(help(format!("write `let mut {name}` in the cell that defines it, and run that again")));
    }
    error
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
fn notes(error: &Diagnostic) -> Vec<(&str, String)> {
    error
        .children
        .iter()
        .filter(|child| {
            !child.message.contains("benchbook") && !child.message.starts_with("`#[warn(") && !child.message.starts_with("`#[deny(")
        })
        .map(|child| {
            let suggestion = child.spans.first().and_then(|span| span.suggested_replacement.as_deref());
            let text = match suggestion.map(str::trim).filter(|text| !text.is_empty()) {
                Some(text) => format!("{}: `{text}`", child.message),
                None => child.message.clone(),
            };
            (child.level.as_str(), text)
        })
        .collect()
}

fn render(error: &Diagnostic, marks: &[Mark]) -> String {
    let mut title = Level::ERROR.primary_title(error.message.clone());
    if !error.code().is_empty() {
        title = title.id(error.code().to_owned());
    }
    let mut origins: Vec<&Arc<Origin>> = Vec::new();
    // The cell with the error itself comes first.
    for mark in marks.iter().filter(|mark| mark.primary).chain(marks) {
        if !origins.iter().any(|known| Arc::ptr_eq(known, &mark.origin)) {
            origins.push(&mark.origin);
        }
    }
    let mut group: Option<Group<'_>> = None;
    for origin in origins {
        let mut snippet = Snippet::source(origin.cell.as_str()).path(origin.name()).line_start(1);
        for mark in marks.iter().filter(|mark| Arc::ptr_eq(&mark.origin, origin)) {
            let kind = if mark.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            let annotation = kind.span(mark.start..mark.end);
            snippet = snippet.annotation(if mark.label.is_empty() { annotation } else { annotation.label(mark.label.clone()) });
        }
        group = Some(match group {
            None => title.clone().element(snippet),
            Some(group) => group.element(snippet),
        });
    }
    let mut group = group.unwrap_or_else(|| Group::with_title(title));
    for (level, text) in notes(error) {
        let level = if level == "help" { Level::HELP } else { Level::NOTE };
        group = group.element(level.message(text));
    }
    Renderer::styled().render(&[group]).to_string()
}

/// A compiler warning as `line: message` for the person, or nothing when it is about generated code or another cell.
pub fn warning(diagnostic: &Diagnostic, generated: &Generated<'_>, cell: &Arc<Origin>) -> Option<String> {
    let span = diagnostic.spans.iter().find(|span| span.is_primary)?.in_file(generated.file)?;
    let Line::User { origin, line, .. } = generated.line(span.line_start) else { return None };
    if !Arc::ptr_eq(origin, cell) || diagnostic.message.contains("benchbook") {
        return None;
    }
    let (line, _) = in_cell(origin, *line)?;
    Some(format!("line {line}: {}", diagnostic.message))
}
