//! Which variables a piece of code uses: a scan of its tokens, without strings and comments.
//!
//! A name found by mistake costs nothing (the variable is shown to the optimiser for no need), a name missed costs
//! honesty (the optimiser may compute with its value), so the scan leans towards finding.

use crate::host::Variable;
use crate::rust_text::{Token, TokenKind, tokens};

/// Names out of `known` that `code` uses, in order of `known`.
pub fn used<'a>(code: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let found: Vec<Token> = tokens(code).filter(Token::is_code).collect();
    let text = |at: usize| found.get(at).map_or("", |t| t.text(code));
    let uses = |name: &str| {
        found.iter().enumerate().any(|(at, token)| {
            token.kind == TokenKind::Ident && token.text(code) == name && {
                let before = if at > 0 { text(at - 1) } else { "" };
                let range = at > 1 && before == "." && text(at - 2) == ".";
                let field = before == "." && !range;
                let path = before == ":" && at > 1 && text(at - 2) == ":";
                let label = text(at + 1) == ":" && text(at + 2) != ":";
                let path_start = text(at + 1) == ":" && text(at + 2) == ":";
                let macro_name = text(at + 1) == "!" && text(at + 2) != "=";
                !(field || path || label || path_start || macro_name)
            }
        })
    };
    known.into_iter().filter(|name| uses(name)).collect()
}

/// Names bound by `let` at the outermost level of `code`.
pub fn bound(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut depth = 0_usize;
    let mut pattern = false;
    for token in tokens(code).filter(Token::is_code) {
        let text = token.text(code);
        match (token.kind, text) {
            // Brackets of the pattern itself do not count: `let (a, b) = …`.
            (TokenKind::Open, _) if !pattern => depth += 1,
            (TokenKind::Close, _) if !pattern => depth = depth.saturating_sub(1),
            (TokenKind::Ident, "let") if depth == 0 => pattern = true,
            (TokenKind::Punct, "=" | ":" | ";") => pattern = false,
            (TokenKind::Ident, name) if pattern => {
                let plain = name.starts_with(|c: char| c == '_' || c.is_lowercase()) && name != "_";
                if plain && !["mut", "ref"].contains(&name) {
                    names.push(name.to_owned());
                }
            }
            _ => {}
        }
    }
    names
}

/// What is kept opaque to the optimiser: session variables and names bound in the set-ups that `body` uses.
pub fn inputs(body: &str, setups: &[&str], variables: &[Variable]) -> Vec<String> {
    let mut known: Vec<String> = setups.iter().flat_map(|s| bound(s)).collect();
    for variable in variables {
        if !known.contains(&variable.name) {
            known.push(variable.name.clone());
        }
    }
    known.dedup();
    used(body, known.iter().map(String::as_str)).into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_comments_fields_and_paths_are_no_uses() {
        let code = "// df\nlet s = \"df\"; /* df */ a.df + b::df + df::new() + df!(1) + S { df: 1 }";
        assert!(used(code, ["df"]).is_empty());
        assert_eq!(used("0..df", ["df"]), ["df"]);
        assert_eq!(used("f(&df, S { n })", ["df", "n", "other"]), ["df", "n"]);
        assert_eq!(used("if df != 3 { }", ["df"]), ["df"]);
    }

    #[test]
    fn lets_at_the_outermost_level() {
        assert_eq!(bound("let v: Vec<u8> = { let inner = 1; vec![inner] }; let (a, mut b) = (1, 2)"), ["v", "a", "b"]);
        assert_eq!(bound("let Some(x) = y else { return };"), ["x"]);
        assert!(bound("f(); // let x = 1").is_empty());
    }

    #[test]
    fn inputs_come_from_session_and_setup() {
        let variables = [Variable { name: "df".into(), type_name: "DataFrame".into() }];
        assert_eq!(inputs("df.height() + n", &["let n = 3;"], &variables), ["n", "df"]);
    }
}
