//! `{name}` parameters and tables of a query, found by tokens: strings and comments stay as they are.

use std::ops::Range;

use sqlparser::dialect::DuckDbDialect;
use sqlparser::tokenizer::{Location, Token, Tokenizer};

use crate::options::is_rust_name;
use crate::sql_tables::table_names;

/// One `{name}` in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    pub name: String,
    /// Bytes, braces included.
    pub span: Range<usize>,
}

/// A query with its parameters bound by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prepared {
    /// `{name}` rewritten as `$name` of the same length, so that every offset and line stays.
    pub sql: String,
    pub params: Vec<Param>,
    /// Names in the place of a table, in order, without repetition.
    pub tables: Vec<String>,
}

/// Finds parameters and tables. Text that has no tokens (an open string) comes back as it is: the engine says why.
pub fn prepare(sql: &str) -> Prepared {
    let mut prepared = Prepared { sql: sql.to_owned(), ..Prepared::default() };
    let Ok(tokens) = Tokenizer::new(&DuckDbDialect {}, sql).tokenize_with_location() else {
        return prepared;
    };
    let starts = line_starts(sql);
    let code: Vec<_> = tokens.iter().filter(|t| !matches!(t.token, Token::Whitespace(_) | Token::EOF)).collect();
    let mut index = 0;
    while index < code.len() {
        if let [Token::LBrace, Token::Word(word), Token::RBrace] = window(&code, index)
            && word.quote_style.is_none()
            && is_rust_name(&word.value)
        {
            let start = offset(sql, &starts, code[index].span.start);
            // The closing brace is one byte.
            let end = offset(sql, &starts, code[index + 2].span.start) + 1;
            if sql.get(start..end).is_some_and(|text| text.starts_with('{') && text.ends_with('}')) {
                prepared.params.push(Param { name: word.value.clone(), span: start..end });
            }
            index += 3;
            continue;
        }
        index += 1;
    }
    for param in &prepared.params {
        prepared.sql.replace_range(param.span.clone(), &same_length(&sql[param.span.clone()], &param.name));
    }
    prepared.tables = table_names(&prepared.sql);
    prepared
}

fn window<'a>(code: &[&'a sqlparser::tokenizer::TokenWithSpan], index: usize) -> [&'a Token; 3] {
    let at = |offset: usize| code.get(index + offset).map_or(&Token::EOF, |token| &token.token);
    [at(0), at(1), at(2)]
}

/// `$name` padded to the length of `{ name }`, with as many line breaks.
fn same_length(written: &str, name: &str) -> String {
    let mut text = format!("${name}");
    text.push_str(&"\n".repeat(written.matches('\n').count()));
    text.push_str(&" ".repeat(written.len().saturating_sub(text.len())));
    text
}

fn line_starts(sql: &str) -> Vec<usize> {
    std::iter::once(0).chain(sql.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

/// Byte offset of a location; columns count characters from 1.
fn offset(sql: &str, starts: &[usize], location: Location) -> usize {
    let line = usize::try_from(location.line).unwrap_or(1).saturating_sub(1);
    let column = usize::try_from(location.column).unwrap_or(1).saturating_sub(1);
    let start = starts.get(line).copied().unwrap_or(sql.len());
    start + sql[start..].chars().take(column).map(char::len_utf8).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::prepare;

    #[track_caller]
    fn check(sql: &str, expected: &str, names: &[&str]) {
        let prepared = prepare(sql);
        assert_eq!(prepared.sql, expected);
        assert_eq!(prepared.sql.len(), sql.len());
        assert_eq!(prepared.params.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), names);
    }

    #[test]
    fn parameters_are_bound_where_they_are_code() {
        check("SELECT {x}, {y}", "SELECT $x , $y ", &["x", "y"]);
        check("SELECT 'é' /* é */,\n  'ü', { n }+1", "SELECT 'é' /* é */,\n  'ü', $n   +1", &["n"]);
        check("a = {x}::int", "a = $x ::int", &["x"]);
    }

    #[test]
    fn strings_comments_and_structs_stay() {
        for sql in [
            "SELECT '{x}'",
            "-- {x}\nSELECT 1",
            "/* {x} */ 1",
            "SELECT {'a': 1}",
            "SELECT {a: 1}",
            "SELECT \"{x}\"",
            "$${x}$$",
            "SELECT {1}",
        ] {
            check(sql, sql, &[]);
        }
        check("SELECT 'open {x}", "SELECT 'open {x}", &[]);
    }

    #[test]
    fn syntax_of_duckdb_has_tokens() {
        for sql in [
            "SELECT list_transform(l, x -> x + 1), l[1:2], l[-1], #1, @a FROM t",
            "FROM 'f.parquet' SELECT * EXCLUDE (a) REPLACE (b::INT AS b)",
            "SELECT e'a\\n', 1_000, 0x1F, .5, 1e-3, a->>'$.b', x ^ 2, a // b, MAP {'k': {n: 1}}",
            "PRAGMA threads=4; SET x = 'y'; DESCRIBE t; SUMMARIZE t; SELECT ?, $1, $n",
            "SELECT a ~ 'x', b !~~ 'y', COLUMNS('c.*'), {'a': 1}.a, struct_pack(a := 1), 'it''s', \"q\"\"q\"",
            "/* a /* b */ */ SELECT 1 -- end",
        ] {
            let sql = format!("{sql}\n, {{p}}");
            assert_eq!(prepare(&sql).params.len(), 1, "{sql}");
        }
    }

    #[test]
    fn tables_beside_parameters() {
        let prepared = prepare("SELECT a FROM df WHERE k = {key} AND price > 1");
        assert_eq!((prepared.tables.as_slice(), prepared.params[0].name.as_str()), (&["df".to_owned()][..], "key"));
    }

    #[test]
    fn any_text_keeps_its_length() {
        crate::testing::any_texts(3000, |text| assert_eq!(prepare(text).sql.len(), text.len()));
    }
}
