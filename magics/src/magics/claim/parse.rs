//! The text of a claim: `label <= factor * label`.

use crate::error::MagicError;
use crate::options::usage_error;
use crate::registry::Call;
use crate::words::next_word;

const FORM: &str = "write `%claim a <= 0.5 * b`, with `<=`, `<`, `>=` or `>` and labels that `%results` shows; quote labels with spaces";

/// A claim as written.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The whole claim, as written.
    pub text: String,
    pub left: String,
    /// `<=` or `<`; else `>=` or `>`. Intervals do not tell strict from not strict.
    pub at_most: bool,
    pub factor: f64,
    /// The factor as written; `1` when there is none.
    pub factor_text: String,
    pub right: String,
}

/// Operators, longer ones first.
const OPERATORS: &[(&str, bool)] = &[("<=", true), (">=", false), ("≤", true), ("≥", false), ("<", true), (">", false)];

impl Claim {
    /// Parses the claim of a call.
    ///
    /// # Errors
    /// No or two operators, an empty label, a factor that is no positive number, an open quote.
    pub fn of(call: &Call) -> Result<Self, MagicError> {
        parse(&call.rest).map_err(|message| {
            let line = call.options.line();
            let end = line.text.trim_end().len();
            let start = line.text.find(call.rest.as_str()).unwrap_or(0);
            usage_error(line, start..end, message, Some(FORM.into()))
        })
    }
}

fn parse(text: &str) -> Result<Claim, String> {
    let text = text.trim();
    let found: Vec<_> = outside_quotes(text)?.into_iter().filter_map(|at| operator(text, at)).collect();
    // `<=` is found at its first byte only: its `=` starts no operator.
    let [(at, operator, at_most)] = found.as_slice() else {
        return Err(if found.is_empty() { "the claim has no comparison" } else { "the claim has more than one comparison" }.into());
    };
    let (left, right) = (&text[..*at], &text[at + operator.len()..]);
    let stars: Vec<usize> = outside_quotes(right)?.into_iter().filter(|at| right[*at..].starts_with('*')).collect();
    let (factor_text, label) = match stars.as_slice() {
        [] => ("1", right),
        [star] => {
            let (before, after) = (right[..*star].trim(), right[star + 1..].trim());
            // `b * 0.5` means the same.
            if number(before).is_none() && number(after).is_some() { (after, before) } else { (before, after) }
        }
        _ => return Err("the claim has more than one `*`".into()),
    };
    let factor = number(factor_text).ok_or_else(|| format!("`{factor_text}` is no factor: it takes a number above zero"))?;
    let (left, right) = (label_of(left, "left")?, label_of(label, "right")?);
    Ok(Claim { text: text.to_owned(), left, at_most: *at_most, factor, factor_text: factor_text.to_owned(), right })
}

fn operator(text: &str, at: usize) -> Option<(usize, &'static str, bool)> {
    let (operator, at_most) = OPERATORS.iter().find(|(operator, _)| text[at..].starts_with(operator))?;
    Some((at, operator, *at_most))
}

fn number(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|factor| factor.is_finite() && *factor > 0.0)
}

/// Byte offsets of the characters outside quotes.
fn outside_quotes(text: &str) -> Result<Vec<usize>, String> {
    let mut quote = None;
    let mut outside = Vec::new();
    for (at, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => quote = Some(c),
            None => outside.push(at),
        }
    }
    if quote.is_some() { Err("a quote in the claim is never closed".into()) } else { Ok(outside) }
}

/// A label without its quotes; spaces inside need none.
fn label_of(text: &str, side: &str) -> Result<String, String> {
    let text = text.trim();
    let quoted = text.starts_with(['"', '\'']);
    let label = match next_word(text, 0) {
        Ok(word) if quoted && word.span.end == text.len() => word.text,
        _ => text.to_owned(),
    };
    if label.is_empty() { Err(format!("the {side} side of the claim names no measurement")) } else { Ok(label) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims() {
        for (text, left, at_most, factor, right) in [
            ("duckdb.q1 <= 0.5 * pandas.q1", "duckdb.q1", true, 0.5, "pandas.q1"),
            ("a<b", "a", true, 1.0, "b"),
            ("timeit #1 >= 3*'timeit #2'", "timeit #1", false, 3.0, "timeit #2"),
            ("\"x <= y\" > 2e-1 * 'a * b'", "x <= y", false, 0.2, "a * b"),
            ("a ≤ b * 0.5", "a", true, 0.5, "b"),
        ] {
            let claim = parse(text).unwrap();
            assert_eq!((claim.left.as_str(), claim.at_most, claim.factor, claim.right.as_str()), (left, at_most, factor, right), "{text}");
        }
    }

    #[test]
    fn malformed_claims() {
        for (text, part) in [
            ("a b", "no comparison"),
            ("a = b", "no comparison"),
            ("a <= b <= c", "more than one comparison"),
            ("<= b", "left side"),
            ("a <=", "right side"),
            ("a <= 0.5 *", "right side"),
            ("a <= x * b", "no factor"),
            ("a <= -2 * b", "no factor"),
            ("a <= 2 * 3 * b", "more than one `*`"),
            ("a <= 'b", "never closed"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
