//! The one option grammar of all magics.
//!
//! `--long value`, `--long=value`, `-s value`, `-svalue`, flags, `--help`; `--` ends the options; quotes `'…'` and
//! `"…"` hold spaces. What an option accepts comes from its [`OptionSpec`].

use std::ops::Range;

use crate::caret;
use crate::error::MagicError;
use crate::nearest::suggestion;
use crate::spec::{OptionSpec, PositionalKind, Spec, ValueKind};
use crate::values::{Value, typed};
pub use crate::values::{is_rust_name, parse_duration_s, parse_int};
use crate::words::{Word, next_word};

/// The line a magic stands on, for error messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// 1-based line number in the cell.
    pub number: usize,
    /// The whole line, percent signs and all.
    pub text: String,
}

/// One option that was given.
#[derive(Debug, Clone, PartialEq)]
struct Given {
    long: &'static str,
    value: Value,
    /// Bytes of the line: the value, or the option itself for a flag.
    span: Range<usize>,
}

/// Parsed options with typed getters. A getter for an option that was not given says `None`, `false` or empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parsed {
    line: Line,
    given: Vec<Given>,
    words: Vec<String>,
}

impl Parsed {
    fn last(&self, long: &str) -> Option<&Given> {
        self.given.iter().rev().find(|given| given.long == long)
    }

    /// Whether the option was given at all.
    pub fn has(&self, long: &str) -> bool {
        self.last(long).is_some()
    }

    /// Whether the flag was given.
    pub fn flag(&self, long: &str) -> bool {
        self.has(long)
    }

    /// Value of an `Int` option.
    pub fn int(&self, long: &str) -> Option<i64> {
        match self.last(long)?.value {
            Value::Int(value) => Some(value),
            _ => None,
        }
    }

    /// Value of a `Float` option.
    pub fn float(&self, long: &str) -> Option<f64> {
        match self.last(long)?.value {
            Value::Float(value) => Some(value),
            Value::Int(value) => Some(value as f64),
            _ => None,
        }
    }

    /// Value of a `Duration` option, in seconds.
    pub fn duration_s(&self, long: &str) -> Option<f64> {
        self.float(long)
    }

    /// Value of a `Text`, `Name`, `Choice`, `PerScale` or `Path` option.
    pub fn text(&self, long: &str) -> Option<&str> {
        match &self.last(long)?.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// All values of a repeated `Text`, `Name`, `Choice` or `Path` option, in order.
    pub fn texts(&self, long: &str) -> Vec<&str> {
        let values = self.given.iter().filter(|given| given.long == long);
        values.filter_map(|given| if let Value::Text(text) = &given.value { Some(text.as_str()) } else { None }).collect()
    }

    /// Items of a `List` or `Choices` option.
    pub fn list(&self, long: &str) -> Option<&[String]> {
        match &self.last(long)?.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// Words that are no options (positional `Words` and `Choice`).
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// The magic's own line.
    pub fn line(&self) -> &Line {
        &self.line
    }

    /// A usage error that points at the value of option `long` (or at the whole line when it was not given).
    pub fn error_at(&self, long: &str, message: impl Into<String>, hint: Option<String>) -> MagicError {
        let span = self.last(long).map_or(0..self.line.text.trim_end().len(), |given| given.span.clone());
        usage_error(&self.line, span, message, hint)
    }
}

/// What a magic's line asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// `--help` or `-h`.
    Help,
    /// Options and the text after them.
    Run {
        options: Parsed,
        /// Text after the options (positional `Code`), trimmed.
        rest: String,
        /// Byte column of `rest` in the line.
        rest_column: usize,
    },
}

/// A usage error with a caret line.
pub fn usage_error(line: &Line, span: Range<usize>, message: impl Into<String>, hint: Option<String>) -> MagicError {
    let mut error = MagicError::usage(message);
    let place = caret::point_at(line.number, line.text.trim_end(), span);
    error.traceback = caret::error_lines(&error.name, &error.message, place, hint.as_deref());
    error.hint = hint;
    error
}

/// Parses the arguments in `line.text[start..]` by `spec`.
///
/// # Errors
/// Unknown option (with the nearest one), missing or bad value, an option given twice, unexpected words.
pub fn parse(spec: &Spec, line: &Line, start: usize) -> Result<Request, MagicError> {
    let mut parsed = Parsed { line: line.clone(), ..Parsed::default() };
    let code = matches!(spec.positional, Some(p) if p.kind == PositionalKind::Code);
    let mut at = start;
    let mut options_ended = false;
    let mut first_word = None;
    loop {
        let rest_start = skip_spaces(&line.text, at);
        let rest = &line.text[rest_start..];
        let is_option = looks_like_option(rest) && !options_ended;
        if rest.is_empty() || (code && !is_option) {
            let rest = rest.trim_end();
            check_required(spec, line, &parsed, rest)?;
            return Ok(Request::Run { options: parsed, rest: rest.to_owned(), rest_column: rest_start });
        }
        let word = take_word(line, rest_start)?;
        at = word.span.end;
        if !is_option {
            first_word.get_or_insert_with(|| word.span.clone());
            positional_word(spec, line, &mut parsed, &word)?;
        } else if word.text == "--" {
            options_ended = true;
        } else if word.text == "--help" || (word.text == "-h" && !spec.options.iter().any(|o| o.short == Some('h'))) {
            return Ok(Request::Help);
        } else {
            at = option(spec, line, &mut parsed, &word)?;
        }
    }
}

/// Parses one option that starts at `word`; says where the next word may start.
fn option(spec: &Spec, line: &Line, parsed: &mut Parsed, word: &Word) -> Result<usize, MagicError> {
    let (option, mut inline, name_len) = find_option(spec, line, word)?;
    let name_span = word.span.start..word.span.start + name_len.min(word.span.len());
    let shown = &line.text[name_span.clone()];
    if !option.repeat && parsed.has(option.long) {
        return Err(usage_error(line, name_span, format!("option `{shown}` is given twice"), None));
    }
    let Some(kind) = option.value else {
        if inline.is_some() {
            let message = format!("option `{shown}` is a flag: it takes no value");
            return Err(usage_error(line, word.span.clone(), message, None));
        }
        parsed.given.push(Given { long: option.long, value: Value::Flag, span: name_span });
        return Ok(word.span.end);
    };
    let mut end = word.span.end;
    let mut span = name_span.end.min(end)..end;
    if inline.is_some() && line.text[span.clone()].starts_with('=') {
        span.start += 1;
    }
    if inline.is_none() {
        let next = skip_spaces(&line.text, end);
        let missing = next >= line.text.trim_end().len() || line.text[next..].starts_with("--");
        if missing {
            let message = format!("option `{shown}` needs a value");
            return Err(usage_error(line, name_span, message, Some(format!("it takes {}", kind.allowed()))));
        }
        let value = take_word(line, next)?;
        end = value.span.end;
        span = value.span.clone();
        inline = Some(value.text);
    }
    let text = inline.unwrap_or_default();
    let value = typed(kind, &text).ok_or_else(|| {
        let near = match kind {
            ValueKind::Choice(choices) => suggestion(&text, choices.iter().copied()),
            ValueKind::Choices(choices) => {
                let unknown = text.split(',').map(str::trim).find(|item| !choices.contains(item));
                unknown.and_then(|item| suggestion(item, choices.iter().copied()))
            }
            _ => None,
        };
        let hint = near.map_or_else(|| format!("it takes {}", kind.allowed()), |near| format!("{near} It takes {}", kind.allowed()));
        usage_error(line, span.clone(), format!("bad value `{text}` for option `{shown}`"), Some(hint))
    })?;
    parsed.given.push(Given { long: option.long, value, span });
    Ok(end)
}

/// The option a word names, its inline value, and the byte length of the name in the line.
fn find_option(spec: &Spec, line: &Line, word: &Word) -> Result<(&'static OptionSpec, Option<String>, usize), MagicError> {
    if let Some(long) = word.text.strip_prefix("--") {
        let (name, inline) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (long, None),
        };
        let name_len = 2 + name.len();
        let found = spec.options.iter().find(|option| option.long == name);
        return match found {
            Some(option) => Ok((option, inline, name_len)),
            None => Err(unknown_option(spec, line, word.span.start..word.span.start + name_len, name)),
        };
    }
    let mut chars = word.text.chars();
    chars.next();
    let short = chars.next().unwrap_or('-');
    let inline = Some(chars.as_str()).filter(|text| !text.is_empty());
    match spec.options.iter().find(|option| option.short == Some(short)) {
        Some(option) => {
            let inline = inline.map(|text| text.strip_prefix('=').unwrap_or(text).to_owned());
            Ok((option, inline, 1 + short.len_utf8()))
        }
        None => Err(unknown_option(spec, line, word.span.clone(), word.text.trim_start_matches('-'))),
    }
}

fn unknown_option(spec: &Spec, line: &Line, span: Range<usize>, name: &str) -> MagicError {
    let shown = &line.text[span.start..caret::floor_boundary(&line.text, span.end)];
    let message = format!("unknown option `{shown}`");
    let near = crate::nearest::nearest(name, spec.options.iter().map(|option| option.long).chain(["help"]));
    let hint = match near {
        Some(near) => format!("did you mean `--{near}`?"),
        None => {
            let all: Vec<_> = spec.options.iter().map(|option| format!("`--{}`", option.long)).collect();
            let all = if all.is_empty() { "no options".to_owned() } else { all.join(", ") };
            format!("{} takes {all}; `{} --help` explains", spec.written(), spec.written())
        }
    };
    usage_error(line, span, message, Some(hint))
}

fn positional_word(spec: &Spec, line: &Line, parsed: &mut Parsed, word: &Word) -> Result<(), MagicError> {
    let help = format!("`{} --help` explains", spec.written());
    let limit = match spec.positional.map(|positional| positional.kind) {
        Some(PositionalKind::Words(limit)) => limit,
        Some(PositionalKind::Choice(choices)) => {
            if !choices.contains(&word.text.as_str()) {
                let allowed = ValueKind::Choice(choices).allowed();
                let near = suggestion(&word.text, choices.iter().copied()).map(|near| format!("{near} "));
                let hint = format!("{}It takes {allowed}", near.unwrap_or_default());
                let what = spec.positional.map_or("word", |positional| positional.name);
                return Err(usage_error(line, word.span.clone(), format!("unknown {what} `{}`", word.text), Some(hint)));
            }
            1
        }
        // `parse` keeps code apart; words after `--` cannot reach here for it.
        Some(PositionalKind::Code) | None => 0,
    };
    if parsed.words.len() >= limit {
        let message = format!("unexpected `{}` after {}", word.text, spec.written());
        return Err(usage_error(line, word.span.clone(), message, Some(help)));
    }
    parsed.words.push(word.text.clone());
    Ok(())
}

fn check_required(spec: &Spec, line: &Line, parsed: &Parsed, rest: &str) -> Result<(), MagicError> {
    match spec.positional {
        Some(positional) if positional.required && parsed.words.is_empty() && rest.is_empty() => {
            let hint = format!("write `{}`", spec.usage());
            let span = 0..line.text.trim_end().len();
            Err(usage_error(line, span, format!("{} needs {}: {}", spec.written(), positional.name, positional.help), Some(hint)))
        }
        _ => Ok(()),
    }
}

fn take_word(line: &Line, start: usize) -> Result<Word, MagicError> {
    next_word(&line.text, start).map_err(|quote| {
        let message = "this quote is never closed".to_owned();
        usage_error(line, quote..line.text.trim_end().len(), message, Some("close it with the same quote".into()))
    })
}

/// `-x`, `--x` or `--`; a lone `-` and negative numbers are values.
fn looks_like_option(text: &str) -> bool {
    let mut chars = text.chars();
    if chars.next() != Some('-') {
        return false;
    }
    matches!(chars.next(), Some(c) if c == '-' || c.is_alphabetic())
}

fn skip_spaces(text: &str, at: usize) -> usize {
    let at = caret::floor_boundary(text, at);
    text.len() - text[at..].trim_start().len()
}

#[cfg(test)]
#[path = "options_tests.rs"]
mod tests;
