//! Where statements begin in an SQL text: after `;`, but not inside strings, names or comments.

/// Byte offsets at which statements begin (past white space and comments); empty statements are left out.
pub fn statements(sql: &str) -> Vec<usize> {
    let bytes = sql.as_bytes();
    let mut starts = Vec::new();
    let mut inside = false;
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let step = match rest {
            [b'-', b'-', ..] => line_comment(rest),
            [b'/', b'*', ..] => block_comment(rest),
            [b';', ..] => {
                inside = false;
                at += 1;
                continue;
            }
            [c, ..] if c.is_ascii_whitespace() => 1,
            _ => {
                if !inside {
                    starts.push(at);
                    inside = true;
                }
                token(bytes, at)
            }
        };
        at += step;
    }
    starts
}

/// Length of the token at `at`: a whole string or quoted name, or one byte of anything else.
fn token(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    match rest[0] {
        b'\'' => {
            // E'...' knows backslash escapes; the letter must not be the end of a longer word.
            let letter = at.checked_sub(1).map(|i| bytes[i]);
            let before = at.checked_sub(2).map(|i| bytes[i]);
            let escapes = matches!(letter, Some(b'e' | b'E')) && !before.is_some_and(is_word);
            quoted(rest, b'\'', escapes)
        }
        b'"' => quoted(rest, b'"', false),
        b'$' => dollar(bytes, at),
        _ => 1,
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn line_comment(rest: &[u8]) -> usize {
    rest.iter().position(|b| *b == b'\n').map_or(rest.len(), |end| end + 1)
}

/// Block comments nest.
fn block_comment(rest: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    while at + 1 < rest.len() {
        match &rest[at..at + 2] {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn quoted(rest: &[u8], quote: u8, escapes: bool) -> usize {
    let mut at = 1;
    while at < rest.len() {
        let escaped = escapes && rest[at] == b'\\';
        let doubled = rest[at] == quote && rest.get(at + 1) == Some(&quote);
        if escaped || doubled {
            at += 2;
        } else if rest[at] == quote {
            return at + 1;
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// `$tag$ ... $tag$`; a `$name` parameter is one byte at a time.
fn dollar(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    if at.checked_sub(1).is_some_and(|i| is_word(bytes[i])) {
        return 1;
    }
    let Some(tag_end) = rest[1..].iter().position(|b| !is_word(*b)).map(|i| i + 1) else { return 1 };
    if rest[tag_end] != b'$' || rest[1].is_ascii_digit() {
        return 1;
    }
    let tag = &rest[..=tag_end];
    let body = &rest[tag.len()..];
    match body.windows(tag.len()).position(|window| window == tag) {
        Some(end) => tag.len() + end + tag.len(),
        None => rest.len(),
    }
}
