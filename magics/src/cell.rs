//! The pure parser of a cell: magics, `:command` and `!shell` lines, and Rust between them.
//!
//! Parsing never fails. What cannot be run as written is a [`Diagnostic`]; the kernel shows it and runs nothing.

use std::ops::Range;

use crate::caret;
use crate::error::MagicError;
use crate::magic_line::MagicLine;
use crate::registry;
use crate::rust_text::{Token, TokenKind, next_token};

/// One use of a magic, as written; options are not parsed yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MagicCall {
    /// Without percent signs.
    pub name: String,
    /// Written `%%name`.
    pub is_cell: bool,
    /// `%name?`, `?%name`: show help.
    pub help: bool,
    /// `x` of `x << %name …`.
    pub assign: Option<String>,
    /// 1-based line in the cell.
    pub line: usize,
    /// The magic's whole line.
    pub line_text: String,
    /// Bytes of `line_text`: percent signs and name.
    pub name_span: Range<usize>,
    /// Byte of `line_text` after the name.
    pub args_start: usize,
    /// Text below a cell magic's line, with its line breaks.
    pub body: String,
    /// 1-based line of the body's first line.
    pub body_line: usize,
    /// Bytes of the cell: the line, and the body of a cell magic.
    pub span: Range<usize>,
}

/// A stretch of cell text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    pub text: String,
    /// 1-based line in the cell where it starts.
    pub line: usize,
    /// Bytes of the cell.
    pub span: Range<usize>,
}

/// One part of a cell, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    Magic(MagicCall),
    /// An evcxr command with its colon.
    Command(Text),
    /// A shell line without its `!`.
    Shell(Text),
    /// Rust.
    Code(Text),
}

/// Something in the cell that cannot be run as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// 1-based line in the cell.
    pub line: usize,
    pub line_text: String,
    /// Bytes of `line_text`.
    pub span: Range<usize>,
    pub message: String,
    pub hint: String,
}

impl Diagnostic {
    /// As an error with a caret line.
    pub fn error(&self) -> MagicError {
        let place = caret::point_at(self.line, &self.line_text, self.span.clone());
        let lines = caret::error_lines("UsageError", &self.message, place, Some(&self.hint));
        MagicError::usage(self.message.clone()).hint(self.hint.clone()).traceback(lines)
    }
}

/// A cell in parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParsedCell {
    pub segments: Vec<Segment>,
    pub diagnostics: Vec<Diagnostic>,
}

impl ParsedCell {
    /// Fails with the first diagnostic.
    ///
    /// # Errors
    /// When the cell cannot be run as written.
    pub fn check(&self) -> Result<(), MagicError> {
        self.diagnostics.first().map_or(Ok(()), |diagnostic| Err(diagnostic.error()))
    }
}

/// A line of the cell without its line break.
#[derive(Debug, Clone, Copy)]
struct CellLine<'a> {
    text: &'a str,
    /// 1-based.
    number: usize,
    start: usize,
    /// Where the next line starts.
    next: usize,
}

/// Splits a cell into segments.
pub fn parse(code: &str) -> ParsedCell {
    let mut parser = Parser {
        code,
        at: 0,
        line: 1,
        rust: None,
        rust_has_code: false,
        seen_rust: false,
        seen_text: false,
        last: None,
        open: 0,
        parsed: ParsedCell::default(),
    };
    while parser.at < code.len() {
        let line = parser.current_line();
        if parser.open > 0 || !parser.special(&line) {
            parser.rust_line(&line);
        }
    }
    parser.end_rust(code.len());
    parser.parsed
}

/// The cell magic the cell starts with, if any: what Tab, Shift-Tab and `is_complete` need first.
pub fn cell_magic(code: &str) -> Option<MagicCall> {
    match parse(code).segments.into_iter().next() {
        Some(Segment::Magic(magic)) if magic.is_cell => Some(magic),
        _ => None,
    }
}

struct Parser<'a> {
    code: &'a str,
    /// Always the start of a line between two steps.
    at: usize,
    line: usize,
    /// Start and line of the Rust text being collected.
    rust: Option<(usize, usize)>,
    rust_has_code: bool,
    seen_rust: bool,
    /// Whether any line that is not blank came before.
    seen_text: bool,
    /// Last Rust token that is code, since the last magic.
    last: Option<Token>,
    open: usize,
    parsed: ParsedCell,
}

impl<'a> Parser<'a> {
    fn current_line(&self) -> CellLine<'a> {
        let rest = &self.code[self.at..];
        let (text, next) = match rest.find('\n') {
            Some(end) => (&rest[..end], self.at + end + 1),
            None => (rest, self.code.len()),
        };
        CellLine { text: text.strip_suffix('\r').unwrap_or(text), number: self.line, start: self.at, next }
    }

    /// Takes Rust tokens up to a line start (strings and comments may hold several lines).
    fn rust_line(&mut self, line: &CellLine<'_>) {
        self.rust.get_or_insert((line.start, line.number));
        self.seen_text |= !line.text.trim().is_empty();
        while let Some(token) = next_token(self.code, self.at) {
            let mut end = token.end;
            let line_break = token.text(self.code).find('\n').filter(|_| token.kind == TokenKind::Space);
            if let Some(offset) = line_break {
                end = token.start + offset + 1;
            }
            self.line += self.code[self.at..end].matches('\n').count();
            self.at = end;
            if token.is_code() {
                self.seen_rust = true;
                self.rust_has_code = true;
                self.last = Some(token);
            }
            match token.kind {
                TokenKind::Open => self.open += 1,
                TokenKind::Close => self.open = self.open.saturating_sub(1),
                _ => {}
            }
            if line_break.is_some() {
                return;
            }
        }
    }

    fn end_rust(&mut self, end: usize) {
        let Some((start, line)) = self.rust.take() else { return };
        if std::mem::take(&mut self.rust_has_code) {
            let text = self.code[start..end].to_owned();
            self.parsed.segments.push(Segment::Code(Text { text, line, span: start..end }));
        }
    }

    /// Ends the Rust text before `line`, steps over the line.
    fn take_line(&mut self, line: &CellLine<'_>) {
        self.end_rust(line.start);
        self.seen_text = true;
        self.last = None;
        self.at = line.next;
        self.line += 1;
    }

    /// Takes a line that is no Rust; false when it is Rust.
    fn special(&mut self, line: &CellLine<'a>) -> bool {
        let text = line.text.trim_start();
        let indent = line.text.len() - text.len();
        let ended = self.statement_ended();
        if let Some(found) = MagicLine::find(line.text) {
            let known = registry::find(found.name).is_some();
            // After an unfinished expression `%name` may be a remainder; only a known magic is taken for one.
            let likely = ended || (known && self.value_ended());
            let comment_ok = !found.comment || known || (found.is_cell && !self.seen_text);
            if likely && comment_ok {
                if found.is_cell && self.seen_text && !found.help {
                    self.misplaced_cell_magic(line, &found);
                } else {
                    self.magic(line, &found);
                }
                return true;
            }
            return false;
        }
        if ended && text.starts_with(':') && text[1..].starts_with(|c: char| c == '_' || c.is_alphabetic()) {
            let span = line.start + indent..line.start + line.text.len();
            if self.seen_rust {
                let word = text.find(char::is_whitespace).unwrap_or(text.len());
                let message = format!("command `{}` stands after Rust code", &text[..word]);
                let hint = "put `:` commands before the first line of Rust, or in a cell of their own";
                self.diagnose(line, indent..indent + word, message, hint.into());
                self.take_line(line);
            } else {
                self.take_line(line);
                let text = text.trim_end().to_owned();
                self.parsed.segments.push(Segment::Command(Text { text, line: line.number, span }));
            }
            return true;
        }
        if !self.seen_rust && line.text.starts_with('!') {
            let text = line.text.trim_start_matches('!').trim().to_owned();
            let span = line.start..line.start + line.text.len();
            self.take_line(line);
            self.parsed.segments.push(Segment::Shell(Text { text, line: line.number, span }));
            return true;
        }
        false
    }

    fn statement_ended(&self) -> bool {
        self.last.is_none_or(|token| matches!(token.text(self.code), ";" | "}"))
    }

    fn value_ended(&self) -> bool {
        self.last.is_some_and(|token| token.kind != TokenKind::Punct || token.text(self.code) == "?")
    }

    fn diagnose(&mut self, line: &CellLine<'_>, span: Range<usize>, message: String, hint: String) {
        let line_text = line.text.to_owned();
        self.parsed.diagnostics.push(Diagnostic { line: line.number, line_text, span, message, hint });
    }

    fn misplaced_cell_magic(&mut self, line: &CellLine<'_>, found: &MagicLine<'_>) {
        let message = format!("cell magic `%%{}` is not on the first line of the cell", found.name);
        let hint = format!("move it to the top, or put `%%{}` and what follows it in a cell of its own", found.name);
        self.diagnose(line, found.name_span.clone(), message, hint);
        self.take_line(line);
    }

    fn magic(&mut self, line: &CellLine<'a>, found: &MagicLine<'_>) {
        self.take_line(line);
        let mut call = MagicCall {
            name: found.name.to_owned(),
            is_cell: found.is_cell,
            help: found.help,
            assign: found.assign.map(str::to_owned),
            line: line.number,
            line_text: line.text.to_owned(),
            name_span: found.name_span.clone(),
            args_start: found.args_start,
            body: String::new(),
            body_line: line.number + 1,
            span: line.start..line.start + line.text.len(),
        };
        if found.is_cell && !found.help {
            let body = &self.code[line.next..];
            call.body = if found.comment { uncomment(body) } else { body.to_owned() };
            call.span.end = self.code.len();
            self.at = self.code.len();
        }
        self.parsed.segments.push(Segment::Magic(call));
    }
}

/// Takes the `//` off a body whose lines are all comments; columns stay.
fn uncomment(body: &str) -> String {
    let lines = || body.lines().filter(|line| !line.trim().is_empty());
    if lines().next().is_none() || !lines().all(|line| line.trim_start().starts_with("//")) {
        return body.to_owned();
    }
    body.split_inclusive('\n').map(|line| line.replacen("//", "  ", 1)).collect()
}

#[cfg(test)]
#[path = "cell_tests.rs"]
mod tests;
