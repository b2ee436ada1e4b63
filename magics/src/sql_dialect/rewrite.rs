//! The walk over a query: every expression, `SELECT` and query is given to the rules of the target.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, CastKind, Distinct, DuplicateTreatment, Expr, Function as Call, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArguments, JoinConstraint, JoinOperator, ObjectNamePart, OrderByExpr, OrderByKind, Query, Select, SetExpr, TableFactor,
    VisitMut, VisitorMut, WindowType,
};

use super::expand;
use super::rule::{Change, Dialect, Function, Nulls};
use super::template::fill;

/// Rewrites a query for a target.
///
/// # Errors
/// In a sentence, what the target has no words for.
pub fn rewrite(query: &mut Query, dialect: &Dialect) -> Result<(), String> {
    match VisitMut::visit(query, &mut Rewrite { dialect }) {
        ControlFlow::Break(why) => Err(why),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct Rewrite<'a> {
    dialect: &'a Dialect,
}

impl VisitorMut for Rewrite<'_> {
    type Break = String;

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<String> {
        flow(self.expression(expr))
    }

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<String> {
        flow(self.select(select))
    }

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<String> {
        flow(self.query(query))
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<String> {
        let name = self.dialect.name;
        match factor {
            TableFactor::Pivot { .. } | TableFactor::Unpivot { .. } if self.dialect.engine != "spark" => {
                ControlFlow::Break(format!("{name} has no PIVOT: write one `sum(CASE WHEN … THEN … END)` per column"))
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

fn flow(result: Result<(), String>) -> ControlFlow<String> {
    match result {
        Ok(()) => ControlFlow::Continue(()),
        Err(why) => ControlFlow::Break(why),
    }
}

impl Rewrite<'_> {
    fn expression(&self, expr: &mut Expr) -> Result<(), String> {
        if let Expr::Cast { kind: kind @ CastKind::DoubleColon, .. } = expr {
            *kind = CastKind::Cast;
        }
        for rule in self.dialect.expressions {
            if let Some(new) = (rule.apply)(expr)? {
                *expr = new;
                return Ok(());
            }
        }
        let Expr::Function(call) = expr else { return Ok(()) };
        self.orders_inside(call);
        let Some(name) = function_name(call) else { return Ok(()) };
        let count = plain_arguments(call).map(|arguments| arguments.len());
        let fits = |rule: &&Function| {
            rule.names.contains(&name.as_str()) && (rule.arguments.is_none() || (rule.arguments == count && count.is_some()))
        };
        let Some(rule) = self.dialect.functions.iter().find(fits) else { return Ok(()) };
        match rule.change {
            Change::Lacks(what_to_do) => {
                return Err(format!("{} has no `{}`: {what_to_do}", self.dialect.name, name.to_uppercase()));
            }
            Change::Name(new) => {
                if let Some(ObjectNamePart::Identifier(word)) = call.name.0.first_mut() {
                    word.value = new.to_owned();
                }
            }
            Change::Argument(template) => {
                if let FunctionArguments::List(list) = &mut call.args
                    && let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(first))) = list.args.first_mut()
                {
                    *first = fill(template, std::slice::from_ref(first))?;
                }
            }
            Change::Text(template) => {
                let Some(arguments) = plain_arguments(call) else { return Ok(()) };
                if call.over.is_none() && call.filter.is_none() {
                    *expr = fill(template, &arguments)?;
                }
            }
        }
        Ok(())
    }

    /// Order of NULLs in `OVER (ORDER BY …)` and in ordered aggregates.
    fn orders_inside(&self, call: &mut Call) {
        if let Some(WindowType::WindowSpec(window)) = &mut call.over {
            say_nulls(&mut window.order_by, self.dialect.nulls);
        }
        if let FunctionArguments::List(list) = &mut call.args {
            for clause in &mut list.clauses {
                if let FunctionArgumentClause::OrderBy(order) = clause {
                    say_nulls(order, self.dialect.nulls);
                }
            }
        }
    }

    fn select(&self, select: &mut Select) -> Result<(), String> {
        let dialect = self.dialect;
        expand::select_first(select);
        expand::exclude(select, dialect)?;
        if !dialect.by_all {
            expand::group_by_all(select)?;
        }
        if !dialect.group_by_alias {
            expand::group_by_alias(select);
        }
        if dialect.names_columns {
            expand::name_columns(select);
        }
        if select.qualify.is_some() && !dialect.qualify {
            return Err(format!("{} has no QUALIFY: put the query in parentheses after FROM and filter outside, with WHERE", dialect.name));
        }
        if matches!(select.distinct, Some(Distinct::On(_))) && !dialect.distinct_on {
            return Err(format!("{} has no DISTINCT ON: number the rows with row_number() and keep the first", dialect.name));
        }
        for join in select.from.iter_mut().flat_map(|from| &mut from.joins) {
            self.join(&mut join.join_operator)?;
        }
        if dialect.repeats_using {
            expand::no_wildcard_over_using(select, dialect.name)?;
        }
        for window in &mut select.named_window {
            if let sqlparser::ast::NamedWindowExpr::WindowSpec(spec) = &mut window.1 {
                say_nulls(&mut spec.order_by, dialect.nulls);
            }
        }
        Ok(())
    }

    fn join(&self, operator: &mut JoinOperator) -> Result<(), String> {
        let name = self.dialect.name;
        if self.dialect.outer_join_on_columns_only
            && let JoinOperator::Left(on) | JoinOperator::LeftOuter(on) | JoinOperator::RightOuter(on) | JoinOperator::FullOuter(on) =
                operator
            && let JoinConstraint::On(condition) = on
            && !compares_columns(condition)
        {
            return Err(format!("{name} loses rows of an outer join ON `{condition}`: filter that table in a WITH table before the join"));
        }
        match operator {
            JoinOperator::AsOf { .. } => Err(format!("{name} has no ASOF JOIN: join on a range and keep the last row of each")),
            JoinOperator::Semi(_) | JoinOperator::LeftSemi(_) | JoinOperator::Anti(_) | JoinOperator::LeftAnti(_)
                if !self.dialect.semi_join =>
            {
                Err(format!("{name} has no SEMI or ANTI JOIN: write WHERE … IN (SELECT …) or NOT EXISTS (…)"))
            }
            JoinOperator::Semi(constraint) if self.dialect.left_semi_join => {
                *operator = JoinOperator::LeftSemi(constraint.clone());
                Ok(())
            }
            JoinOperator::Anti(constraint) if self.dialect.left_semi_join => {
                *operator = JoinOperator::LeftAnti(constraint.clone());
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn query(&self, query: &mut Query) -> Result<(), String> {
        if !self.dialect.by_all {
            expand::order_by_all(query)?;
        }
        if let Some(order) = &mut query.order_by
            && let OrderByKind::Expressions(expressions) = &mut order.kind
        {
            say_nulls(expressions, self.dialect.nulls);
        }
        // `(SELECT …) UNION …` in parentheses is no syntax of SQLite's, and means the same without them when nothing is in them.
        if let SetExpr::SetOperation { left, right, .. } = query.body.as_mut() {
            for side in [left, right] {
                if let SetExpr::Query(inner) = side.as_ref()
                    && inner.with.is_none()
                    && inner.order_by.is_none()
                    && inner.limit_clause.is_none()
                    && matches!(inner.body.as_ref(), SetExpr::Select(_))
                {
                    *side = inner.body.clone();
                }
            }
        }
        Ok(())
    }
}

/// Whether a condition is equalities of columns only, joined by AND.
fn compares_columns(condition: &Expr) -> bool {
    let column = |expr: &Expr| matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
    match condition {
        Expr::Nested(inner) => compares_columns(inner),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => compares_columns(left) && compares_columns(right),
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => column(left) && column(right),
        _ => false,
    }
}

/// Says that NULLs stand last where the target would put them first.
fn say_nulls(order: &mut [OrderByExpr], nulls: Nulls) {
    for item in order {
        let last = if item.options.asc == Some(false) { nulls.last_when_descending } else { nulls.last_when_ascending };
        if !last && item.options.nulls_first.is_none() {
            item.options.nulls_first = Some(false);
        }
    }
}

/// The name of a function without schema, in lower case.
pub fn function_name(call: &Call) -> Option<String> {
    match call.name.0.as_slice() {
        [ObjectNamePart::Identifier(word)] => Some(word.value.to_lowercase()),
        _ => None,
    }
}

/// The arguments, when all are plain expressions and nothing is said about them.
pub fn plain_arguments(call: &Call) -> Option<Vec<Expr>> {
    let FunctionArguments::List(list) = &call.args else { return None };
    if list.duplicate_treatment == Some(DuplicateTreatment::Distinct) && !list.clauses.is_empty() {
        return None;
    }
    list.args
        .iter()
        .map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
            _ => None,
        })
        .collect()
}
