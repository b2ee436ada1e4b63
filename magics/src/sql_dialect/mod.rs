//! One query in the dialect of each engine: DuckDB's reading is the source, the others are targets.
//!
//! A query is parsed by `sqlparser`, its tree is rewritten after tables of rules, one file per target, and printed. A rewrite
//! keeps the meaning exactly, or the query is refused in a sentence that says what the engine lacks. What no rule is about is
//! passed on as it is: then the engine's own error is shown. A query that no rule changes keeps its very text.
//!
//! | file | says |
//! |---|---|
//! | [`sqlite`], [`polars`], [`spark`], [`trino`] | what each target says in another way, and what it lacks |
//! | [`rule`] | what a rule can be |
//! | [`rewrite`] | the walk over the tree: functions, expressions, order of NULLs, `GROUP BY ALL`, … |
//! | [`template`] | replacements written as SQL |
//! | [`common`], [`dates`], [`likes`] | what several targets share; intervals and patterns |
//! | [`expand`] | short forms, said in full |
//! | [`relations`] | tables and files that a query names, and other names for them |

pub mod common;
pub mod dates;
pub mod expand;
pub mod likes;
pub mod polars;
pub mod relations;
pub mod rewrite;
pub mod rule;
pub mod spark;
pub mod sqlite;
pub mod template;
pub mod trino;

use sqlparser::ast::{OrderByKind, Query, SetExpr, Statement};
use sqlparser::dialect::DuckDbDialect;
use sqlparser::parser::Parser;

use rule::Dialect;

/// The dialect of an engine; none for DuckDB, whose reading is the source, and for engines that are not known.
pub fn dialect(engine: &str) -> Option<&'static Dialect> {
    [&sqlite::DIALECT, &polars::DIALECT, &spark::DIALECT, &trino::DIALECT].into_iter().find(|dialect| dialect.engine == engine)
}

/// Parses the one query of a text.
///
/// # Errors
/// In a sentence: no SQL that can be read, several statements, no query.
pub fn parse(sql: &str) -> Result<Query, String> {
    let mut statements = Parser::parse_sql(&DuckDbDialect {}, sql).map_err(|error| {
        let words = error.to_string();
        let words = words.strip_prefix("sql parser error: ").unwrap_or(&words);
        format!("the query cannot be read: {words}")
    })?;
    match (statements.pop(), statements.is_empty()) {
        (Some(Statement::Query(query)), true) => Ok(*query),
        (Some(_), true) => Err("this is no query: only a SELECT can run on several engines".to_owned()),
        (Some(_), false) => Err("there are several statements: only one SELECT can run on several engines".to_owned()),
        (None, _) => Err("there is no query".to_owned()),
    }
}

/// Whether the outermost query orders its rows, so that their order counts.
pub fn is_ordered(query: &Query) -> bool {
    if let SetExpr::Query(inner) = query.body.as_ref()
        && query.order_by.is_none()
    {
        return is_ordered(inner);
    }
    query.order_by.as_ref().is_some_and(|order| match &order.kind {
        OrderByKind::All(_) => true,
        OrderByKind::Expressions(expressions) => !expressions.is_empty(),
    })
}

/// The query in the dialect of `engine`, when a rule changed it; `None`: its text serves as it is.
///
/// # Errors
/// In a sentence, what the engine has no words for.
pub fn translate(query: &Query, engine: &str) -> Result<Option<String>, String> {
    let Some(dialect) = dialect(engine) else { return Ok(None) };
    let mut changed = query.clone();
    rewrite::rewrite(&mut changed, dialect)?;
    let printed = changed.to_string();
    let finished = dialect.finish.map_or_else(|| Ok(printed.clone()), |finish| finish(&printed))?;
    // Only spaces and letter case differ from the source where no rule applied.
    Ok((finished != query.to_string()).then_some(finished))
}

#[cfg(test)]
mod tests;
