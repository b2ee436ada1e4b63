//! Replacements written as SQL: `$0`, `$1`, … stand for expressions.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Value, VisitMut, VisitorMut};
use sqlparser::dialect::DuckDbDialect;
use sqlparser::parser::Parser;

/// The template with `arguments` in their places. Parentheses round a place are kept where the argument needs them.
///
/// # Errors
/// A template that is no expression, which a test excludes for all tables.
pub fn fill(template: &str, arguments: &[Expr]) -> Result<Expr, String> {
    let parsed = Parser::new(&DuckDbDialect {}).try_with_sql(template).and_then(|mut parser| parser.parse_expr());
    let mut expr = parsed.map_err(|error| format!("`{template}` is no expression: {error}"))?;
    let _ = VisitMut::visit(&mut expr, &mut Fill(arguments));
    Ok(expr)
}

struct Fill<'a>(&'a [Expr]);

impl Fill<'_> {
    /// The argument that a place stands for.
    fn argument(&self, expr: &Expr) -> Option<&Expr> {
        let Expr::Value(value) = expr else { return None };
        let Value::Placeholder(name) = &value.value else { return None };
        name.strip_prefix('$')?.parse::<usize>().ok().and_then(|index| self.0.get(index))
    }
}

impl VisitorMut for Fill<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        // A place in parentheses: they go where the argument stands alone anyway.
        if let Expr::Nested(inner) = expr
            && let Some(argument) = self.argument(inner)
            && is_atom(argument)
        {
            **inner = argument.clone();
            let inner = std::mem::replace(inner.as_mut(), Expr::Value(Value::Null.into()));
            *expr = inner;
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Some(argument) = self.argument(expr) {
            *expr = argument.clone();
        }
        ControlFlow::Continue(())
    }
}

/// Whether an expression needs no parentheses anywhere.
pub fn is_atom(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Identifier(_)
            | Expr::CompoundIdentifier(_)
            | Expr::Value(_)
            | Expr::Nested(_)
            | Expr::Function(_)
            | Expr::Cast { .. }
            | Expr::Extract { .. }
            | Expr::Substring { .. }
            | Expr::Trim { .. }
            | Expr::Subquery(_)
            | Expr::Case { .. }
    )
}

/// In parentheses, unless it needs none.
pub fn nested(expr: Expr) -> Expr {
    if is_atom(&expr) { expr } else { Expr::Nested(Box::new(expr)) }
}

/// A text as an expression.
pub fn text(value: impl Into<String>) -> Expr {
    Expr::Value(Value::SingleQuotedString(value.into()).into())
}

/// The text of a literal.
pub fn literal_text(expr: &Expr) -> Option<&str> {
    let Expr::Value(value) = expr else { return None };
    match &value.value {
        Value::SingleQuotedString(text) => Some(text),
        _ => None,
    }
}
