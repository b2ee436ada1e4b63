//! `$name` parameters. Polars SQL cannot bind values, so a statement is taken apart, its placeholders are replaced by
//! literals in the syntax tree, and it is written again. No text is pasted into text.

use std::ops::ControlFlow;

use engines::engine::failure;
use engines::params::lookup;
use engines::sql_wire::SqlFailure;
use serde_json::Map;
use sqlparser::ast::{Expr, Statement, Value, visit_expressions_mut};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::{Parser, ParserError, ParserOptions};

/// The statements of `text`, read with the same options as Polars does.
pub fn parse(text: &str) -> Result<Vec<Statement>, ParserError> {
    let options = ParserOptions { trailing_commas: true, ..ParserOptions::default() };
    Parser::new(&GenericDialect).with_options(options).try_with_sql(text)?.parse_statements()
}

/// The text of `statement` with its parameters as literals; `None` when it has none.
pub fn bind(statement: &Statement, values: &Map<String, serde_json::Value>) -> Result<Option<String>, SqlFailure> {
    let mut statement = statement.clone();
    let mut found = false;
    let flow = visit_expressions_mut(&mut statement, |expression| {
        let Expr::Value(value) = expression else { return ControlFlow::Continue(()) };
        let Value::Placeholder(placeholder) = &value.value else { return ControlFlow::Continue(()) };
        let name = placeholder.trim_start_matches(['$', ':', '@']);
        match lookup(values, name).and_then(|value| literal(name, value)) {
            Ok(literal) => {
                found = true;
                *expression = literal;
                ControlFlow::Continue(())
            }
            Err(failure) => ControlFlow::Break(failure),
        }
    });
    match flow {
        ControlFlow::Break(failure) => Err(failure),
        ControlFlow::Continue(()) => Ok(found.then(|| statement.to_string())),
    }
}

fn literal(name: &str, value: &serde_json::Value) -> Result<Expr, SqlFailure> {
    use serde_json::Value as Json;
    let plain = |value: Value| Expr::Value(value.with_empty_span());
    Ok(match value {
        Json::Null => plain(Value::Null),
        Json::Bool(flag) => plain(Value::Boolean(*flag)),
        Json::Number(number) => {
            let text = number.to_string();
            match text.starts_with('-') {
                // `-$x` must not become `--1`, which is a comment.
                true => Expr::Nested(Box::new(plain(Value::Number(text, false)))),
                false => plain(Value::Number(text, false)),
            }
        }
        Json::String(text) => plain(Value::SingleQuotedString(text.clone())),
        Json::Array(_) | Json::Object(_) => {
            let message = format!("parameter ${name}: a list or struct cannot be a parameter; publish it as a table and join with it");
            return Err(failure("Binder Error", message));
        }
    })
}
