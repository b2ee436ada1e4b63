//! A small lexer of Rust text: enough to know what is code, string or comment, and which brackets are open.
//!
//! It never fails: text that is no Rust comes back as punctuation.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    Space,
    LineComment,
    BlockComment,
    /// Strings of all kinds, with their quotes; may span lines.
    Text,
    /// `'x'`, `b'x'`.
    Char,
    Lifetime,
    Ident,
    Number,
    Open,
    Close,
    Punct,
}

/// One token; bytes of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    pub kind: TokenKind,
    pub start: usize,
    pub end: usize,
    /// False for a string, character or comment that the text ends in.
    pub terminated: bool,
}

impl Token {
    /// The token's text.
    pub fn text<'a>(&self, source: &'a str) -> &'a str {
        &source[self.start..self.end]
    }

    /// Whether it is code, not space or comment.
    pub fn is_code(&self) -> bool {
        !matches!(self.kind, TokenKind::Space | TokenKind::LineComment | TokenKind::BlockComment)
    }
}

/// The token at byte `at`; `None` at the end. `at` must be a character boundary.
pub fn next_token(text: &str, at: usize) -> Option<Token> {
    let rest = &text[at..];
    let first = rest.chars().next()?;
    let (kind, len, terminated) = if first.is_whitespace() {
        (TokenKind::Space, prefix(rest, char::is_whitespace), true)
    } else if rest.starts_with("//") {
        (TokenKind::LineComment, rest.find('\n').unwrap_or(rest.len()), true)
    } else if rest.starts_with("/*") {
        let (len, terminated) = block_comment(rest);
        (TokenKind::BlockComment, len, terminated)
    } else if let Some((kind, len, terminated)) = literal(rest) {
        (kind, len, terminated)
    } else if is_ident_start(first) {
        let raw = if rest.starts_with("r#") && rest[2..].starts_with(is_ident_start) { 2 } else { 0 };
        (TokenKind::Ident, raw + prefix(&rest[raw..], is_ident_part), true)
    } else if first.is_ascii_digit() {
        (TokenKind::Number, number(rest), true)
    } else {
        let kind = match first {
            '(' | '[' | '{' => TokenKind::Open,
            ')' | ']' | '}' => TokenKind::Close,
            _ => TokenKind::Punct,
        };
        (kind, first.len_utf8(), true)
    };
    Some(Token { kind, start: at, end: at + len, terminated })
}

/// All tokens of a text.
pub fn tokens(text: &str) -> impl Iterator<Item = Token> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let token = next_token(text, at)?;
        at = token.end;
        Some(token)
    })
}

fn prefix(text: &str, wanted: impl Fn(char) -> bool) -> usize {
    text.find(|c| !wanted(c)).unwrap_or(text.len())
}

fn is_ident_start(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

fn is_ident_part(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn block_comment(text: &str) -> (usize, bool) {
    let bytes = text.as_bytes();
    let mut depth = 0usize;
    let mut at = 0;
    while at < bytes.len() {
        match bytes.get(at..at + 2) {
            Some(b"/*") => {
                depth += 1;
                at += 2;
            }
            Some(b"*/") => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return (at, true);
                }
            }
            _ => at += 1,
        }
    }
    (text.len(), false)
}

/// A string, raw string, byte string, C string, character or lifetime at the start of `text`.
fn literal(text: &str) -> Option<(TokenKind, usize, bool)> {
    let letters = ["br", "cr", "b", "c", "r", ""].into_iter().find(|p| text.starts_with(p)).unwrap_or("");
    let rest = &text[letters.len()..];
    if letters.ends_with('r') {
        let hashes = prefix(rest, |c| c == '#');
        if rest[hashes..].starts_with('"') {
            let (len, terminated) = raw_string(&rest[hashes..], hashes);
            return Some((TokenKind::Text, letters.len() + hashes + len, terminated));
        }
        return None;
    }
    if rest.starts_with('"') {
        let (len, terminated) = quoted(rest, '"', true);
        return Some((TokenKind::Text, letters.len() + len, terminated));
    }
    if rest.starts_with('\'') && (letters.is_empty() || letters == "b") {
        let (kind, len, terminated) = char_or_lifetime(rest);
        return Some((kind, letters.len() + len, terminated));
    }
    None
}

/// Length of `"…"###` with that many hashes, from the quote on.
fn raw_string(text: &str, hashes: usize) -> (usize, bool) {
    let close = format!("\"{}", "#".repeat(hashes));
    match text[1..].find(&close) {
        Some(at) => (1 + at + close.len(), true),
        None => (text.len(), false),
    }
}

fn quoted(text: &str, quote: char, lines: bool) -> (usize, bool) {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\n' if !lines => return (at, false),
            c if c == quote => return (at + 1, true),
            _ => {}
        }
    }
    (text.len(), false)
}

fn char_or_lifetime(text: &str) -> (TokenKind, usize, bool) {
    let mut chars = text.char_indices().skip(1);
    let Some((_, first)) = chars.next() else {
        return (TokenKind::Char, text.len(), false);
    };
    let second = chars.next();
    if first != '\\' && first != '\n' && second.is_some_and(|(_, c)| c == '\'') {
        return (TokenKind::Char, second.map_or(text.len(), |(at, _)| at + 1), true);
    }
    if is_ident_start(first) {
        return (TokenKind::Lifetime, 1 + prefix(&text[1..], is_ident_part), true);
    }
    let (len, terminated) = quoted(text, '\'', false);
    (TokenKind::Char, len, terminated)
}

fn number(text: &str) -> usize {
    let mut len = prefix(text, is_ident_part);
    let hex = text.starts_with("0x");
    let fraction = &text[len..];
    if let Some(after) = fraction.strip_prefix('.')
        && !after.starts_with(|c: char| c == '.' || is_ident_start(c))
    {
        len += 1 + prefix(after, is_ident_part);
    }
    let exponent = !hex && text[..len].ends_with(['e', 'E']);
    if exponent && text[len..].starts_with(['+', '-']) {
        len += 1 + prefix(&text[len + 1..], is_ident_part);
    }
    len
}

#[cfg(test)]
mod tests {
    use super::{TokenKind, tokens};

    fn kinds(text: &str) -> Vec<(TokenKind, &str, bool)> {
        tokens(text).filter(super::Token::is_code).map(|t| (t.kind, t.text(text), t.terminated)).collect()
    }

    #[test]
    fn characters_are_not_lifetimes() {
        use TokenKind::{Char, Ident, Lifetime};
        assert_eq!(
            kinds("'a 'a' '\\'' b'x' 'static"),
            [(Lifetime, "'a", true), (Char, "'a'", true), (Char, "'\\''", true), (Char, "b'x'", true), (Lifetime, "'static", true),]
        );
        assert_eq!(kinds("r#type"), [(Ident, "r#type", true)]);
        assert_eq!(kinds("'\"'"), [(Char, "'\"'", true)]);
    }

    #[test]
    fn strings_of_all_kinds() {
        use TokenKind::Text;
        let source = "\"a\\\"b\" r\"\\\" r#\"x\"y\"# br##\"q\"# \"## c\"z\"";
        let texts: Vec<_> = kinds(source).into_iter().map(|(kind, text, _)| (kind, text)).collect();
        assert_eq!(texts, [(Text, "\"a\\\"b\""), (Text, "r\"\\\""), (Text, "r#\"x\"y\"#"), (Text, "br##\"q\"# \"##"), (Text, "c\"z\""),]);
        assert!(!kinds("\"open").last().unwrap().2);
        assert!(!kinds("r#\"open\"").last().unwrap().2);
    }

    #[test]
    fn comments_nest_and_numbers_hold_dots() {
        assert_eq!(kinds("/* a /* b */ c */ x").len(), 1);
        assert_eq!(
            kinds("1.0e-5 0..2 1.max(2)").iter().map(|k| k.1).collect::<Vec<_>>(),
            ["1.0e-5", "0", ".", ".", "2", "1", ".", "max", "(", "2", ")"]
        );
    }
}
