//! The patterns of a history search: `*`, `?` and `[…]`, over the whole text, case-sensitive.

/// Whether `text` matches `pattern`. Takes time in proportion to the product of their lengths at worst.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    let tokens = parse(pattern);
    let text: Vec<char> = text.chars().collect();
    let (mut token, mut at) = (0, 0);
    // Where to go on when a mismatch shows that the last star must take one character more.
    let mut retry = None;
    while at < text.len() {
        match tokens.get(token) {
            Some(Token::Star) => {
                retry = Some((token + 1, at));
                token += 1;
                continue;
            }
            Some(Token::One(one)) if one.accepts(text[at]) => {
                token += 1;
                at += 1;
                continue;
            }
            _ => {}
        }
        let Some((after_star, from)) = retry else { return false };
        retry = Some((after_star, from + 1));
        (token, at) = (after_star, from + 1);
    }
    tokens[token..].iter().all(|token| matches!(token, Token::Star))
}

enum Token {
    Star,
    One(One),
}

enum One {
    Any,
    Char(char),
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl One {
    fn accepts(&self, c: char) -> bool {
        match self {
            Self::Any => true,
            Self::Char(own) => *own == c,
            Self::Class { negated, ranges } => ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated,
        }
    }
}

fn parse(pattern: &str) -> Vec<Token> {
    let chars: Vec<char> = pattern.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = chars.get(at) {
        at += 1;
        tokens.push(match c {
            '*' => Token::Star,
            '?' => Token::One(One::Any),
            '[' => match class(&chars[at..]) {
                Some((class, length)) => {
                    at += length;
                    Token::One(class)
                }
                None => Token::One(One::Char('[')),
            },
            other => Token::One(One::Char(*other)),
        });
    }
    tokens
}

/// A class after its `[`, and how many characters it takes; `None` when it is never closed.
fn class(chars: &[char]) -> Option<(One, usize)> {
    let negated = matches!(chars.first(), Some('^' | '!'));
    let start = usize::from(negated);
    // A bracket in first place is a member.
    let end = start + 1 + chars.get(start + 1..)?.iter().position(|c| *c == ']')?;
    let mut members = &chars[start..end];
    let mut ranges = Vec::new();
    while let [low, rest @ ..] = members {
        match rest {
            ['-', high, rest @ ..] => {
                ranges.push((*low, *high));
                members = rest;
            }
            _ => {
                ranges.push((*low, *low));
                members = rest;
            }
        }
    }
    Some((One::Class { negated, ranges }, end + 1))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "any\nthing", true),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("*b*", "abc", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-b-d", false),
            ("abc", "abcd", false),
            ("?", "\u{1f980}", true),
            ("?", "", false),
            ("[a-c]1", "b1", true),
            ("[^a-c]1", "b1", false),
            ("[!a-c]1", "z1", true),
            ("[]]", "]", true),
            ("v[0", "v[0", true),
            ("A", "a", false),
            ("[", "[", true),
            ("[-a]", "-", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "`{pattern}` on `{text}`");
        }
    }

    #[test]
    fn many_stars_do_not_explode() {
        assert!(!matches(&"a*".repeat(200), &"a".repeat(199)));
        assert!(!matches(&format!("{}b", "*a".repeat(60)), &"a".repeat(5000)));
    }
}
