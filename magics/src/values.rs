//! Values of options: numbers, times, names, lists.

use crate::home;
use crate::spec::ValueKind;

/// A parsed option value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Flag,
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<String>),
}

/// The text as a value of this kind; `None` when it is not allowed.
pub(crate) fn typed(kind: ValueKind, text: &str) -> Option<Value> {
    Some(match kind {
        ValueKind::Int => Value::Int(parse_int(text)?),
        ValueKind::Float => Value::Float(parse_float(text)?),
        ValueKind::PerScale => Value::Text(parse_per_scale(text)?),
        ValueKind::Duration => Value::Float(parse_duration_s(text)?),
        ValueKind::Text | ValueKind::Path if text.is_empty() => return None,
        ValueKind::Text => Value::Text(text.to_owned()),
        ValueKind::Path => Value::Text(home::expanded(text)),
        ValueKind::Name => Value::Text(Some(text).filter(|text| is_rust_name(text))?.to_owned()),
        ValueKind::Choice(choices) => Value::Text(choices.iter().find(|choice| **choice == text)?.to_string()),
        ValueKind::Choices(choices) => {
            let items: Vec<String> = text.split(',').map(|item| item.trim().to_owned()).collect();
            let known = items.iter().all(|item| choices.contains(&item.as_str()));
            let twice = items.iter().enumerate().any(|(at, item)| items[..at].contains(item));
            if !known || twice {
                return None;
            }
            Value::List(items)
        }
        ValueKind::List => {
            let items: Vec<String> = text.split(',').map(|item| item.trim().to_owned()).collect();
            if items.iter().any(String::is_empty) {
                return None;
            }
            Value::List(items)
        }
    })
}

/// A whole number; `1e6` and `1_000` are understood.
pub fn parse_int(text: &str) -> Option<i64> {
    let plain = text.replace('_', "");
    if let Ok(value) = plain.parse() {
        return Some(value);
    }
    // Only scientific notation is left; whole numbers beyond 2^53 are not exact there.
    let value = parse_float(text)?;
    (value.fract() == 0.0 && value.abs() <= 9.0e15).then_some(value as i64)
}

fn parse_float(text: &str) -> Option<f64> {
    text.replace('_', "").parse::<f64>().ok().filter(|value| value.is_finite())
}

/// One number, or three between slashes; as they are written, without `_`.
fn parse_per_scale(text: &str) -> Option<String> {
    let plain = text.replace('_', "");
    let numbers: Vec<&str> = plain.split('/').map(str::trim).collect();
    let valid = matches!(numbers.len(), 1 | 3) && numbers.iter().all(|number| parse_float(number).is_some());
    valid.then(|| numbers.join("/"))
}

/// A length of time in seconds: `3s`, `500ms`, `2us`, `10ns`, `1m`, `1h`, or a bare number of seconds.
pub fn parse_duration_s(text: &str) -> Option<f64> {
    let digits = text.trim_end_matches(|c: char| c.is_alphabetic());
    let scale = match &text[digits.len()..] {
        "" | "s" => 1.0,
        "ns" => 1e-9,
        "us" | "µs" | "μs" => 1e-6,
        "ms" => 1e-3,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    parse_float(digits).filter(|value| *value >= 0.0).map(|value| value * scale)
}

/// Whether `text` can be the name of a Rust variable.
pub fn is_rust_name(text: &str) -> bool {
    const KEYWORDS: &[&str] = &[
        "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern", "false", "fn", "for", "gen", "if",
        "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return", "self", "Self", "static", "struct", "super",
        "trait", "true", "type", "unsafe", "use", "where", "while", "abstract", "become", "box", "do", "final", "macro", "override",
        "priv", "try", "typeof", "unsized", "virtual", "yield",
    ];
    let mut chars = text.chars();
    let starts = matches!(chars.next(), Some(c) if c == '_' || c.is_ascii_alphabetic());
    starts && text != "_" && chars.all(|c| c == '_' || c.is_ascii_alphanumeric()) && !KEYWORDS.contains(&text)
}
