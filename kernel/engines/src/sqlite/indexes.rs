//! Indexes for correlated subqueries.
//!
//! SQLite makes an index by itself for a join, but not for a subquery that runs once for each row outside of it: that scans
//! its whole table each time, and a question on a hundred thousand rows would never be answered. So the columns which such a subquery
//! compares with the query around it are indexed, and the reader is told.

use std::ops::ControlFlow;

use sqlparser::ast::{BinaryOperator, Expr, Query, SetExpr, TableFactor, visit_expressions};
use sqlparser::dialect::SQLiteDialect;
use sqlparser::parser::Parser;

/// A table and its columns.
pub type Known<'a> = (&'a str, &'a [String]);

/// Tables in the `FROM` of a subquery: name there, name of the table.
type Scope = Vec<(String, String)>;

/// Table and column of each equality between a subquery's own table and the query around it. SQL that cannot be read has none.
pub fn wanted(sql: &str, known: &[Known<'_>]) -> Vec<(String, String)> {
    let Ok(statements) = Parser::parse_sql(&SQLiteDialect {}, sql) else { return Vec::new() };
    let mut wanted = Vec::new();
    let _ = visit_expressions(&statements, |expression| {
        if let Expr::Exists { subquery, .. } | Expr::Subquery(subquery) | Expr::InSubquery { subquery, .. } = expression {
            correlated(subquery, known, &mut wanted);
        }
        ControlFlow::<()>::Continue(())
    });
    wanted.sort();
    wanted.dedup();
    wanted
}

fn correlated(query: &Query, known: &[Known<'_>], wanted: &mut Vec<(String, String)>) {
    let SetExpr::Select(select) = query.body.as_ref() else { return };
    let tables = select.from.iter().flat_map(|from| std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation)));
    let scope: Scope = tables
        .filter_map(|table| {
            let TableFactor::Table { name, alias, .. } = table else { return None };
            let name = name.0.last()?.as_ident()?.value.clone();
            let (table, _) = known.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name))?;
            let seen = alias.as_ref().map_or_else(|| name.clone(), |alias| alias.name.value.clone());
            Some((seen, (*table).to_owned()))
        })
        .collect();
    let mut rest: Vec<&Expr> = select.selection.iter().collect();
    while let Some(expression) = rest.pop() {
        match expression {
            Expr::Nested(inner) => rest.push(inner),
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => rest.extend([left.as_ref(), right.as_ref()]),
            Expr::BinaryOp { left, op: BinaryOperator::Eq, right } if is_column(left) && is_column(right) => {
                match (resolve(left, &scope, known), resolve(right, &scope, known)) {
                    (Some(inside), None) | (None, Some(inside)) => wanted.push(inside),
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

fn is_column(expression: &Expr) -> bool {
    matches!(expression, Expr::Identifier(_) | Expr::CompoundIdentifier(_))
}

/// Table and column, when the column is one of the subquery's own tables.
fn resolve(expression: &Expr, scope: &Scope, known: &[Known<'_>]) -> Option<(String, String)> {
    let has = |table: &str, column: &str| {
        let (_, columns) = known.iter().find(|(known, _)| *known == table)?;
        columns.iter().find(|known| known.eq_ignore_ascii_case(column)).cloned()
    };
    match expression {
        Expr::CompoundIdentifier(parts) => {
            let [seen, column] = parts.as_slice() else { return None };
            let (_, table) = scope.iter().find(|(name, _)| name.eq_ignore_ascii_case(&seen.value))?;
            Some((table.clone(), has(table, &column.value)?))
        }
        Expr::Identifier(column) => scope.iter().find_map(|(_, table)| Some((table.clone(), has(table, &column.value)?))),
        _ => None,
    }
}
