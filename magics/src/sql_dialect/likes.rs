//! Patterns of `LIKE`.

/// A `LIKE` pattern as a `GLOB` pattern, which minds letter case everywhere in SQLite.
pub fn glob(pattern: &str) -> String {
    pattern.chars().fold(String::new(), |mut out, c| {
        match c {
            '%' => out.push('*'),
            '_' => out.push('?'),
            '*' | '?' | '[' => out.extend(['[', c, ']']),
            c => out.push(c),
        }
        out
    })
}
