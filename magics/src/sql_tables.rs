//! Names of tables in a query: those in the place of a table, not names of columns, aliases or common table expressions.

use std::ops::ControlFlow;

use sqlparser::ast::{ObjectName, ObjectNamePart, Query, Visit, Visitor};
use sqlparser::dialect::DuckDbDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer, Word};

/// Table names in `sql`, in order, without repetition. Names with a schema and file names are left out.
pub fn table_names(sql: &str) -> Vec<String> {
    let Ok(tokens) = Tokenizer::new(&DuckDbDialect {}, sql).tokenize() else { return Vec::new() };
    match Parser::new(&DuckDbDialect {}).with_tokens(tokens.clone()).parse_statements() {
        Ok(statements) => {
            let mut relations = Relations::default();
            let _ = statements.visit(&mut relations);
            relations.names
        }
        // DuckDB understands more than the parser.
        Err(_) => by_position(&tokens),
    }
}

fn add(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}

/// A query with the names that its `WITH` defines.
struct Scope {
    /// Each name with the address of its query.
    defined: Vec<(String, usize)>,
    recursive: bool,
    /// The definition that is being visited: it sees those before it.
    within: Option<usize>,
}

impl Scope {
    fn hides(&self, name: &str) -> bool {
        let visible = match self.within {
            Some(index) if !self.recursive => &self.defined[..index],
            _ => &self.defined[..],
        };
        visible.iter().any(|(defined, _)| defined.eq_ignore_ascii_case(name))
    }
}

#[derive(Default)]
struct Relations {
    names: Vec<String>,
    scopes: Vec<Scope>,
}

fn address(query: &Query) -> usize {
    std::ptr::from_ref(query).addr()
}

impl Visitor for Relations {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if let Some(outer) = self.scopes.last_mut() {
            outer.within = outer.defined.iter().position(|(_, place)| *place == address(query)).or(outer.within);
        }
        let with = query.with.as_ref();
        let defined = with.iter().flat_map(|with| &with.cte_tables).map(|table| (table.alias.name.value.clone(), address(&table.query)));
        self.scopes.push(Scope { defined: defined.collect(), recursive: with.is_some_and(|with| with.recursive), within: None });
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.scopes.pop();
        if let Some(outer) = self.scopes.last_mut()
            && outer.within.is_some_and(|index| outer.defined[index].1 == address(query))
        {
            outer.within = None;
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        if let [ObjectNamePart::Identifier(name)] = relation.0.as_slice()
            && name.quote_style != Some('\'')
            && !self.scopes.iter().any(|scope| scope.hides(&name.value))
        {
            add(&mut self.names, &name.value);
        }
        ControlFlow::Continue(())
    }
}

/// Words after which a table stands.
const BEFORE: &[&str] =
    &["FROM", "JOIN", "INTO", "UPDATE", "TABLE", "DESCRIBE", "SUMMARIZE", "PIVOT", "PIVOT_WIDER", "UNPIVOT", "POSITIONAL"];
/// Words that end a list of tables.
const AFTER: &[&str] =
    &["WHERE", "GROUP", "ORDER", "SELECT", "ON", "USING", "HAVING", "LIMIT", "WINDOW", "QUALIFY", "UNION", "SET", "VALUES"];

/// By the words around: a word after `FROM`, `JOIN` and the like, or after a comma in the list that `FROM` begins.
fn by_position(tokens: &[Token]) -> Vec<String> {
    let code: Vec<&Token> = tokens.iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect();
    let at = |index: usize| code.get(index).copied().unwrap_or(&Token::EOF);
    let is = |token: &Token, words: &[&str]| matches!(token, Token::Word(Word { value, quote_style: None, .. }) if words.iter().any(|word| word.eq_ignore_ascii_case(value)));
    let mut names = Vec::new();
    let mut defined: Vec<&str> = Vec::new();
    // Whether the list of tables goes on, at each depth of brackets.
    let mut lists = vec![false];
    for index in 0..code.len() {
        let before = if index == 0 { &Token::EOF } else { at(index - 1) };
        match at(index) {
            Token::LParen => lists.push(false),
            Token::RParen if lists.len() > 1 => {
                lists.pop();
            }
            token if is(token, AFTER) => *lists.last_mut().unwrap_or(&mut false) = false,
            token if is(token, &["FROM"]) => *lists.last_mut().unwrap_or(&mut false) = true,
            Token::Word(word)
                if matches!(at(index + 1), Token::Word(_)) && is(at(index + 1), &["AS"]) && at(index + 2) == &Token::LParen =>
            {
                defined.push(&word.value);
            }
            Token::Word(word) => {
                let in_place = is(before, BEFORE) || (before == &Token::Comma && lists.last() == Some(&true));
                let is_part = matches!(at(index + 1), Token::Period | Token::LParen);
                if in_place && !is_part && !is(at(index), BEFORE) && word.quote_style != Some('\'') {
                    add(&mut names, &word.value);
                }
            }
            _ => {}
        }
    }
    names.retain(|name| !defined.iter().any(|known| known.eq_ignore_ascii_case(name)));
    names
}

#[cfg(test)]
mod tests {
    use super::table_names;

    #[test]
    fn tables_and_nothing_else() {
        for (sql, expected) in [
            ("SELECT a, df.b, count(*) c FROM df JOIN \"other one\" AS o ON o.k = df.k WHERE price > 3", vec!["df", "other one"]),
            ("SELECT price FROM t, u x, (SELECT * FROM v)", vec!["t", "u", "v"]),
            ("SELECT * FROM 'file.parquet'", vec![]),
            ("SELECT * FROM a.b", vec![]),
            ("INSERT INTO t SELECT * FROM df", vec!["t", "df"]),
            ("SELECT 1; SELECT (SELECT max(x) FROM deep)", vec!["deep"]),
            ("SELECT * FROM t WHERE x IN (SELECT y FROM u)", vec!["t", "u"]),
            ("SELECT * FROM t WHERE x > $p ", vec!["t"]),
        ] {
            assert_eq!(table_names(sql), expected, "{sql}");
        }
    }

    #[test]
    fn common_table_expressions_are_no_tables() {
        for (sql, expected) in [
            ("WITH w AS (SELECT * FROM df) SELECT * FROM w", vec!["df"]),
            // Its own name means the table outside.
            ("WITH df AS (SELECT * FROM df) SELECT * FROM df", vec!["df"]),
            ("WITH a AS (SELECT 1), b AS (SELECT * FROM a) SELECT * FROM b, c", vec!["c"]),
            ("WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT * FROM r) SELECT * FROM r", vec![]),
            ("SELECT * FROM (WITH w AS (SELECT 1) SELECT * FROM w), w", vec!["w"]),
        ] {
            assert_eq!(table_names(sql), expected, "{sql}");
        }
    }

    #[test]
    fn what_only_duckdb_understands() {
        for (sql, expected) in [
            ("SUMMARIZE df", vec!["df"]),
            ("FROM df SELECT a, COLUMNS('x.*') EXCLUDE", vec!["df"]),
            ("PIVOT df ON year USING sum(price)", vec!["df"]),
            ("SELECT * FROM df POSITIONAL JOIN other, third WHERE a ^@ b, price", vec!["df", "other", "third"]),
            ("SELECT unnest(l), price FROM t ASOF JOIN u USING (k, price)", vec!["t", "u"]),
        ] {
            assert_eq!(table_names(sql), expected, "{sql}");
        }
    }

    #[test]
    fn any_text_has_an_answer() {
        crate::testing::any_texts(3000, |text| drop(table_names(text)));
    }
}
