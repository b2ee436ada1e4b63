//! Whether a cell is finished: what `is_complete_request` asks.

use crate::cell::{MagicCall, Segment, parse};
use crate::registry;
use crate::rust_text::{Token, TokenKind, tokens};
use crate::spec::Kind;

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completeness {
    Complete,
    /// More is to come; `indent` is what the next line should start with.
    Incomplete {
        indent: String,
    },
    Invalid,
}

/// Whether `code` can run as it is.
pub fn completeness(code: &str) -> Completeness {
    let parsed = parse(code);
    if !parsed.diagnostics.is_empty() {
        return Completeness::Invalid;
    }
    let last = parsed.segments.len().saturating_sub(1);
    for (index, segment) in parsed.segments.iter().enumerate() {
        let answer = match segment {
            Segment::Magic(magic) if magic.is_cell => cell_magic(magic),
            Segment::Code(text) => rust(&text.text),
            _ => Completeness::Complete,
        };
        // A magic after unfinished Rust ends it: only the compiler can say what is wrong then.
        if answer == Completeness::Invalid || (index == last && answer != Completeness::Complete) {
            return answer;
        }
    }
    // A comment that is still open makes no segment.
    if parsed.segments.is_empty() { rust(code) } else { Completeness::Complete }
}

/// As in IPython: a blank line ends the body.
fn cell_magic(magic: &MagicCall) -> Completeness {
    let line_only = registry::find(&magic.name).is_some_and(|m| m.spec().kind == Kind::Line);
    let help = magic.help || magic.line_text[magic.args_start..].split_whitespace().any(|word| word == "--help");
    let blank_end = magic.body.ends_with('\n') || magic.body.lines().last().is_some_and(|line| line.trim().is_empty());
    if line_only || help || (blank_end && !magic.body.trim().is_empty()) {
        return Completeness::Complete;
    }
    let last = magic.body.lines().last().unwrap_or("");
    Completeness::Incomplete { indent: indent_of(last).to_owned() }
}

/// Whether Rust text is finished.
pub fn rust(code: &str) -> Completeness {
    let mut open: Vec<Token> = Vec::new();
    let mut statement = Statement::default();
    for token in tokens(code) {
        if !token.terminated {
            return if token.kind == TokenKind::Char { Completeness::Invalid } else { Completeness::Incomplete { indent: String::new() } };
        }
        if !token.is_code() {
            continue;
        }
        let text = token.text(code);
        match token.kind {
            TokenKind::Open => open.push(token),
            TokenKind::Close => match open.pop() {
                Some(opener) if matches!((opener.text(code), text), ("(", ")") | ("[", "]") | ("{", "}")) => {}
                _ => return Completeness::Invalid,
            },
            _ => {}
        }
        if open.is_empty() || (open.len() == 1 && token.kind == TokenKind::Open) {
            statement.add(code, token);
        }
    }
    if let Some(opener) = open.last() {
        let line = line_of(code, opener.start);
        return Completeness::Incomplete { indent: format!("{}    ", indent_of(line)) };
    }
    if statement.unfinished(code) {
        let last = code.trim_end().lines().last().unwrap_or("");
        let first_line = statement.first.is_some_and(|first| line_of(code, first.start) == last);
        let block = statement.waits_for_block(code);
        let indent = if first_line && !block { format!("{}    ", indent_of(last)) } else { indent_of(last).to_owned() };
        return Completeness::Incomplete { indent };
    }
    Completeness::Complete
}

/// The last statement's tokens outside brackets.
#[derive(Default)]
struct Statement {
    first: Option<Token>,
    /// First word that is not `pub`, `async`, `unsafe`, `const` before `fn`, an attribute or a label.
    head: Option<Token>,
    before_last: Option<Token>,
    last: Option<Token>,
    has_block: bool,
    attribute: bool,
}

impl Statement {
    fn add(&mut self, code: &str, token: Token) {
        let text = token.text(code);
        let previous = self.last.map(|last| last.text(code));
        if text == "[" && matches!(previous, Some("#")) {
            self.attribute = true;
        } else if self.attribute && text != "]" && previous == Some("]") {
            self.attribute = false;
            self.head = None;
        }
        // A new statement starts after `;`, and after `}` unless an operator or `else` goes on.
        let goes_on =
            matches!(text, "else" | "." | "?" | ")" | "]" | "}" | ";" | "," | "as") || (token.kind == TokenKind::Punct && text != "#");
        if previous == Some(";") || (previous == Some("}") && !goes_on) {
            *self = Self::default();
        }
        self.first.get_or_insert(token);
        let modifier = matches!(text, "pub" | "async" | "unsafe" | "const" | "extern" | "#" | "!" | "[" | "]" | "(" | ")");
        let qualified = token.kind == TokenKind::Text && self.head.is_none();
        if !self.attribute && self.head.is_none() && !modifier && !qualified {
            self.head = Some(token);
        }
        self.has_block |= text == "{";
        self.before_last = self.last;
        self.last = Some(token);
    }

    fn unfinished(&self, code: &str) -> bool {
        let Some(last) = self.last else { return false };
        let text = last.text(code);
        if text == ";" {
            return false;
        }
        if text == "}" {
            return self.head_is(code, &["let"]) || self.head_is(code, &["use"]);
        }
        let inner_attribute = self.first.is_some_and(|first| code[first.start..].starts_with("#!"));
        if self.attribute && text == "]" {
            return !inner_attribute;
        }
        if last.kind == TokenKind::Punct && self.operator_goes_on(code, last) {
            return true;
        }
        if last.kind == TokenKind::Ident && GOES_ON.contains(&text) {
            return true;
        }
        self.head_is(code, ITEMS) || self.head_is(code, &["let"]) || self.waits_for_block(code) || self.declares(code)
    }

    /// `const X: T` and `static X`, which start like `const fn`.
    fn declares(&self, code: &str) -> bool {
        self.first.is_some_and(|first| matches!(first.text(code), "const" | "pub"))
    }

    fn waits_for_block(&self, code: &str) -> bool {
        !self.has_block && self.head_is(code, &["if", "while", "for", "loop", "match", "fn", "impl", "trait", "mod", "enum", "union"])
    }

    fn head_is(&self, code: &str, words: &[&str]) -> bool {
        self.head.is_some_and(|head| words.contains(&head.text(code)))
    }

    fn operator_goes_on(&self, code: &str, last: Token) -> bool {
        let before = self.before_last.filter(|before| before.end == last.start).map(|before| before.text(code));
        match last.text(code) {
            "?" | "_" | "$" | "#" | "@" | "~" | "\\" => false,
            // `0..` is a value; `a.` waits for a name.
            "." => before != Some("."),
            // `Vec<u8>` ends a type; ` >`, `->` and `=>` wait.
            ">" => matches!(before, Some("-" | "=")) || code[..last.start].ends_with(char::is_whitespace),
            _ => true,
        }
    }
}

const ITEMS: &[&str] = &["fn", "struct", "enum", "trait", "impl", "mod", "use", "union", "type", "static"];

const GOES_ON: &[&str] = &[
    "let", "fn", "struct", "enum", "trait", "impl", "mod", "use", "type", "const", "static", "pub", "mut", "if", "else", "match", "for",
    "in", "while", "loop", "as", "unsafe", "async", "move", "ref", "where", "dyn", "extern",
];

fn line_of(code: &str, at: usize) -> &str {
    let start = code[..at].rfind('\n').map_or(0, |line_break| line_break + 1);
    code[start..].lines().next().unwrap_or("")
}

fn indent_of(line: &str) -> &str {
    &line[..line.len() - line.trim_start().len()]
}

#[cfg(test)]
#[path = "completeness_tests.rs"]
mod tests;
