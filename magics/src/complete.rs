//! Completion and Shift-Tab in magic and command lines; positions are bytes of the cell.

use std::ops::Range;

use crate::bundle::Bundle;
use crate::caret::floor_boundary;
use crate::cell::{MagicCall, Segment, parse};
use crate::commands::COMMANDS;
use crate::help::{about, help, option_help};
use crate::magics::{check, compare};
use crate::measure::language;
use crate::nested;
use crate::registry::{MAGICS, find};
use crate::spec::{Kind, OptionSpec, PositionalKind, Spec, ValueKind};
use crate::words::next_word;

/// One completion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    pub text: String,
    /// `magic`, `option`, `value` or `command`.
    pub kind: &'static str,
    /// What it does, one line.
    pub about: String,
}

/// Completions that replace these bytes of the cell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suggestions {
    pub matches: Vec<Suggestion>,
    pub start: usize,
    pub end: usize,
}

/// What a position of the cell is for an assistant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Rust: these bytes of the cell form one piece of Rust text that holds the position.
    Rust(Range<usize>),
    /// The body of a cell magic in another language, for example `sql`; measured code counts as that of its language.
    Body { magic: String, span: Range<usize> },
    /// A magic, `:command` or `!shell` line, or nothing.
    Other,
}

/// Magics whose code is not Rust.
const NOT_RUST: &[&str] = &["sql", "python", "bash"];

/// What stands at `position`.
pub fn place(code: &str, position: usize) -> Place {
    let position = floor_boundary(code, position);
    for segment in parse(code).segments {
        match segment {
            Segment::Code(text) if text.span.start <= position && position <= text.span.end => {
                return Place::Rust(text.span);
            }
            Segment::Magic(magic) if magic.is_cell && position > magic.span.start + magic.line_text.len() => {
                let span = magic.span.end.saturating_sub(magic.body.len())..magic.span.end;
                if magic.name == "compare" {
                    return section(&magic, span.start, position);
                }
                return inner(code, position, &magic, &span).unwrap_or_else(|| body(&magic, span));
            }
            Segment::Magic(magic) if magic.span.contains(&position) || position == magic.span.end => {
                let column = position.saturating_sub(magic.span.start);
                return match find(&magic.name).map(|found| argument(found.spec(), &magic, column)) {
                    Some(Argument::Code(start)) => body(&magic, magic.span.start + start..magic.span.start + magic.line_text.len()),
                    _ => Place::Other,
                };
            }
            _ => {}
        }
    }
    Place::Other
}

/// What stands in the body of a magic that holds a whole cell, or sections in several languages.
fn inner(code: &str, position: usize, magic: &MagicCall, span: &Range<usize>) -> Option<Place> {
    let wraps = nested::WRAPPERS.contains(&magic.name.as_str());
    if !wraps && magic.name != "check" {
        return None;
    }
    let call = crate::registry::call(find(&magic.name)?.spec(), magic).ok().flatten()?;
    let lang = call.options.text(nested::LANG.long).unwrap_or("rust").to_owned();
    let in_language = |lang: &str, span: Range<usize>| match lang {
        "rust" => Place::Rust(span),
        other => Place::Body { magic: other.to_owned(), span },
    };
    if wraps {
        if lang != "rust" {
            return Some(in_language(&lang, span.clone()));
        }
        return Some(match place(&nested::masked(code, magic), position) {
            // Blank lines before Rust are part of it; here they are the wrapper's own line.
            Place::Rust(inside) => Place::Rust(inside.start.max(span.start)..inside.end),
            other => other,
        });
    }
    match check::section_at(&magic.body, position.checked_sub(span.start)?) {
        Some((own, here)) => Some(in_language(own.unwrap_or(&lang), span.start + here.start..span.start + here.end)),
        None => Some(Place::Other),
    }
}

fn body(magic: &MagicCall, span: Range<usize>) -> Place {
    if let Some(lang) = language::named(magic) {
        return Place::Body { magic: lang.to_owned(), span };
    }
    if NOT_RUST.contains(&magic.name.as_str()) { Place::Body { magic: magic.name.clone(), span } } else { Place::Rust(span) }
}

/// In `%%compare`, each section has its language.
fn section(magic: &MagicCall, start: usize, position: usize) -> Place {
    match compare::section_at(&magic.body, position.saturating_sub(start)) {
        Some((compare::Lang::Rust, span)) => Place::Rust(start + span.start..start + span.end),
        Some((lang, span)) => Place::Body { magic: lang.name().to_owned(), span: start + span.start..start + span.end },
        None => Place::Other,
    }
}

/// Completions at `position`; `None` where Rust, SQL or nothing stands.
pub fn complete(code: &str, position: usize) -> Option<Suggestions> {
    let position = floor_boundary(code, position);
    let line_start = code[..position].rfind('\n').map_or(0, |line_break| line_break + 1);
    for segment in parse(code).segments {
        match segment {
            Segment::Magic(magic) if on_line(&magic, position) => {
                let column = position - magic.span.start;
                let found = if column <= magic.args_start {
                    names(code, &magic, column)
                } else {
                    arguments(find(&magic.name)?.spec(), &magic, column)
                };
                return found.map(|mut found| {
                    found.start += magic.span.start;
                    found.end += magic.span.start;
                    found
                });
            }
            Segment::Command(text) if text.span.start <= position && position <= text.span.end => {
                let word = code[text.span.start..position].to_owned();
                let end = text.span.start + text.text.find(char::is_whitespace).unwrap_or(text.text.len());
                return (position <= end).then(|| commands(&word, text.span.start, end));
            }
            _ => {}
        }
    }
    // `:` alone is no command yet, but asks for one.
    let before = code[line_start..position].trim_start();
    let first_rust = parse(&code[..line_start]).segments.iter().any(|segment| matches!(segment, Segment::Code(_)));
    (before == ":" && !first_rust).then(|| commands(":", position - 1, position))
}

/// Help for the magic, option or command at `position`.
pub fn inspect(code: &str, position: usize) -> Option<Bundle> {
    let position = floor_boundary(code, position);
    for segment in parse(code).segments {
        match segment {
            Segment::Magic(magic) if on_line(&magic, position) => {
                let spec = find(&magic.name)?.spec();
                let column = position - magic.span.start;
                return Some(option_at(spec, &magic, column).map_or_else(|| help(spec), |option| option_help(spec, option)));
            }
            Segment::Command(text) if text.span.start <= position && position <= text.span.end => {
                let name = text.text.split_whitespace().next()?;
                let command = COMMANDS.iter().find(|command| command.name == name)?;
                let plain = format!("{}: {}", command.name, command.about);
                return Some(Bundle::text(plain.clone()).with("text/html", format!("<p>{}</p>", crate::html::inline(&plain))));
            }
            _ => {}
        }
    }
    None
}

fn on_line(magic: &MagicCall, position: usize) -> bool {
    magic.span.start <= position && position <= magic.span.start + magic.line_text.len()
}

fn commands(word: &str, start: usize, end: usize) -> Suggestions {
    let found = COMMANDS.iter().filter(|command| command.name.starts_with(word));
    let matches = found.map(|c| Suggestion { text: c.name.into(), kind: "command", about: c.about.into() }).collect();
    Suggestions { matches, start, end }
}

/// Magic names; columns of the line.
fn names(code: &str, magic: &MagicCall, column: usize) -> Option<Suggestions> {
    let start = magic.name_span.start;
    let typed = magic.line_text.get(start..column)?.trim_start_matches('%');
    let first_line = code[..magic.span.start].trim().is_empty();
    let matches = MAGICS.iter().map(|magic| magic.spec()).filter(|spec| spec.name.starts_with(typed)).flat_map(|spec| {
        let line = spec.kind != Kind::Cell && !magic.is_cell;
        let cell = spec.kind != Kind::Line && first_line;
        let suggest = |signs: &str| Suggestion { text: format!("{signs}{}", spec.name), kind: "magic", about: spec.summary.to_owned() };
        [line.then(|| suggest("%")), cell.then(|| suggest("%%"))]
    });
    let mut matches: Vec<_> = matches.flatten().collect();
    matches.sort_by(|a, b| a.text.trim_start_matches('%').cmp(b.text.trim_start_matches('%')));
    Some(Suggestions { matches, start, end: magic.name_span.end })
}

/// What a column of the arguments is.
enum Argument {
    /// The value of this option; it starts at this column.
    Value(&'static OptionSpec, usize),
    /// An option name or a word; it starts at this column.
    Word(usize),
    /// Code, from this column on.
    Code(usize),
}

fn argument(spec: &Spec, magic: &MagicCall, column: usize) -> Argument {
    let line = &magic.line_text;
    let code = matches!(spec.positional, Some(positional) if positional.kind == PositionalKind::Code);
    let mut at = magic.args_start;
    let mut waiting: Option<&'static OptionSpec> = None;
    loop {
        let start = line.len() - line[at..].trim_start().len();
        if start >= column {
            return waiting.map_or(Argument::Word(column), |option| Argument::Value(option, column));
        }
        let is_option = line[start..].starts_with('-');
        if waiting.is_none() && !is_option && code {
            return Argument::Code(start);
        }
        let end = next_word(line, start).map_or(line.len(), |word| word.span.end);
        if column <= end {
            if let Some(option) = waiting {
                return Argument::Value(option, start);
            }
            let typed = &line[start..column];
            return match typed.split_once('=').map(|(name, _)| (option_named(spec, name), name.len() + 1)) {
                Some((Some(option), skip)) => Argument::Value(option, start + skip),
                _ => Argument::Word(start),
            };
        }
        let word = &line[start..end];
        waiting = match waiting {
            Some(_) => None,
            None => option_named(spec, word).filter(|option| option.value.is_some()),
        };
        at = end;
    }
}

fn option_named(spec: &Spec, word: &str) -> Option<&'static OptionSpec> {
    match word.strip_prefix("--") {
        Some(long) => spec.option(long),
        None => {
            let short = word.strip_prefix('-')?;
            spec.options.iter().find(|option| option.short.is_some_and(|c| short.chars().eq([c])))
        }
    }
}

fn option_at(spec: &Spec, magic: &MagicCall, column: usize) -> Option<&'static OptionSpec> {
    if column <= magic.args_start {
        return None;
    }
    match argument(spec, magic, column) {
        Argument::Value(option, _) => Some(option),
        Argument::Word(start) => {
            let word = magic.line_text[start..].split([' ', '\t', '=']).next()?;
            option_named(spec, word)
        }
        Argument::Code(_) => None,
    }
}

/// Options, values and words after the name; columns of the line.
fn arguments(spec: &Spec, magic: &MagicCall, column: usize) -> Option<Suggestions> {
    let line = &magic.line_text;
    let value = |text: &str, about: &str| Suggestion { text: text.into(), kind: "value", about: about.into() };
    let (start, all): (usize, Vec<Suggestion>) = match argument(spec, magic, column) {
        Argument::Code(_) => return None,
        Argument::Value(option, start) => match option.value {
            Some(ValueKind::Choice(choices)) => (start, choices.iter().map(|choice| value(choice, option.help)).collect()),
            Some(ValueKind::Choices(choices)) => {
                // Only the item at the cursor is completed; those before it are not offered again.
                let before = line.get(start..column)?.rfind(',').map_or(start, |comma| start + comma + 1);
                let given: Vec<&str> = line[start..before].split(',').collect();
                let left = choices.iter().filter(|choice| !given.contains(choice));
                (before, left.map(|choice| value(choice, option.help)).collect())
            }
            _ => (start, option.default.iter().filter(|d| !d.contains(' ')).map(|default| value(default, option.help)).collect()),
        },
        Argument::Word(start) => {
            let typed_option = line[start..column].starts_with('-');
            let given = |option: &OptionSpec| {
                !option.repeat
                    && line[..start].split(['=', ' ']).any(|word| option_named(spec, word).is_some_and(|o| o.long == option.long))
            };
            let options = spec.options.iter().filter(|option| !given(option));
            let mut all: Vec<_> =
                options.map(|option| Suggestion { text: format!("--{}", option.long), kind: "option", about: about(option) }).collect();
            all.push(Suggestion { text: "--help".into(), kind: "option", about: "shows help".into() });
            if let Some(PositionalKind::Choice(choices)) = spec.positional.map(|positional| positional.kind)
                && !typed_option
                && !line[magic.args_start..start].split_whitespace().any(|word| choices.contains(&word))
            {
                let about = spec.positional.map_or("", |positional| positional.help);
                all.splice(0..0, choices.iter().map(|choice| value(choice, about)));
            }
            (start, all)
        }
    };
    let typed = line.get(start..column)?;
    let rest = line[column..].find(|c: char| c.is_whitespace() || c == '=' || c == ',').unwrap_or(line.len() - column);
    let matches = all.into_iter().filter(|suggestion| suggestion.text.starts_with(typed)).collect();
    Some(Suggestions { matches, start, end: column + rest })
}

#[cfg(test)]
#[path = "complete_tests.rs"]
mod tests;
