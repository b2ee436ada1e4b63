//! Words of a magic's line: spaces separate, quotes hold together.

use std::ops::Range;

/// One word with its quotes taken off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    pub text: String,
    /// Bytes in the line, quotes included.
    pub span: Range<usize>,
}

/// The word that starts at byte `start` (not a space).
///
/// # Errors
/// The byte offset of a quote that is never closed.
pub fn next_word(line: &str, start: usize) -> Result<Word, usize> {
    let mut text = String::new();
    let mut quote: Option<(char, usize)> = None;
    let mut chars = line[start..].char_indices().peekable();
    while let Some((offset, c)) = chars.next() {
        match quote {
            Some((open, _)) if c == open => quote = None,
            Some(('"', _)) if c == '\\' => match chars.peek() {
                Some((_, next @ ('"' | '\\'))) => {
                    text.push(*next);
                    chars.next();
                }
                _ => text.push('\\'),
            },
            Some(_) => text.push(c),
            None if c == '"' || c == '\'' => quote = Some((c, start + offset)),
            None if c.is_whitespace() => return Ok(Word { text, span: start..start + offset }),
            None => text.push(c),
        }
    }
    match quote {
        Some((_, at)) => Err(at),
        None => Ok(Word { text, span: start..line.len() }),
    }
}
