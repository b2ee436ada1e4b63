//! Short forms of DuckDB's, said in full.

use std::ops::ControlFlow;

use sqlparser::ast::{
    ExceptSelectItem, ExcludeSelectItem, Expr, GroupByExpr, Ident, JoinConstraint, JoinOperator, ObjectName, ObjectNamePart, OrderByExpr,
    OrderByKind, Query, Select, SelectFlavor, SelectItem, SetExpr, Value, Visit, Visitor, WildcardAdditionalOptions,
};

use super::rewrite::function_name;
use super::rule::{Dialect, Exclude};

/// Functions that make one value of many rows.
const AGGREGATES: &[&str] = &[
    "any_value",
    "arg_max",
    "arg_min",
    "avg",
    "bool_and",
    "bool_or",
    "corr",
    "count",
    "count_if",
    "first",
    "group_concat",
    "last",
    "list",
    "array_agg",
    "max",
    "max_by",
    "mean",
    "median",
    "min",
    "min_by",
    "mode",
    "percentile",
    "product",
    "quantile",
    "quantile_cont",
    "quantile_disc",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "string_agg",
    "sum",
    "var_pop",
    "var_samp",
    "variance",
];

/// `FROM t SELECT a` and `FROM t` in the usual order.
pub fn select_first(select: &mut Select) {
    if select.flavor == SelectFlavor::FromFirstNoSelect {
        select.projection = vec![SelectItem::Wildcard(WildcardAdditionalOptions::default())];
    }
    select.flavor = SelectFlavor::Standard;
}

/// `* EXCLUDE (a)` as the target says it.
///
/// # Errors
/// A target that cannot say it.
pub fn exclude(select: &mut Select, dialect: &Dialect) -> Result<(), String> {
    for item in &mut select.projection {
        let (SelectItem::Wildcard(options) | SelectItem::QualifiedWildcard(_, options)) = item else { continue };
        if options.opt_replace.is_some() && dialect.exclude != Exclude::AsItIs {
            return Err(format!("{} has no `* REPLACE`: name the columns", dialect.name));
        }
        let Some(excluded) = &options.opt_exclude else { continue };
        match dialect.exclude {
            Exclude::AsItIs => {}
            Exclude::Lacks => return Err(format!("{} has no `* EXCLUDE`: name the columns that you want", dialect.name)),
            Exclude::Except => {
                let columns = match excluded {
                    ExcludeSelectItem::Single(column) => vec![last_word(column)],
                    ExcludeSelectItem::Multiple(columns) => columns.iter().map(last_word).collect(),
                };
                let mut columns = columns.into_iter().flatten();
                if let Some(first_element) = columns.next() {
                    options.opt_except = Some(ExceptSelectItem { first_element, additional_elements: columns.collect() });
                    options.opt_exclude = None;
                }
            }
        }
    }
    Ok(())
}

fn last_word(name: &ObjectName) -> Option<Ident> {
    match name.0.last() {
        Some(ObjectNamePart::Identifier(word)) => Some(word.clone()),
        _ => None,
    }
}

/// `GROUP BY ALL` as the columns that aggregate nothing.
///
/// # Errors
/// `*`, whose columns are not known here.
pub fn group_by_all(select: &mut Select) -> Result<(), String> {
    if !matches!(&select.group_by, GroupByExpr::All(modifiers) if modifiers.is_empty()) {
        return Ok(());
    }
    let mut keys = Vec::new();
    for item in &select.projection {
        match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } if !aggregates(expr) => keys.push(expr.clone()),
            SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. } => {}
            _ => return Err("`GROUP BY ALL` with `*`: name the columns to group by".to_owned()),
        }
    }
    select.group_by = GroupByExpr::Expressions(keys, Vec::new());
    Ok(())
}

/// `GROUP BY alias` as the expression that has this alias.
pub fn group_by_alias(select: &mut Select) {
    let GroupByExpr::Expressions(keys, _) = &mut select.group_by else { return };
    for key in keys {
        let Expr::Identifier(word) = key else { continue };
        let named = select.projection.iter().find_map(|item| match item {
            SelectItem::ExprWithAlias { expr, alias } if alias.value.eq_ignore_ascii_case(&word.value) => Some(expr),
            _ => None,
        });
        if let Some(expr) = named {
            *key = expr.clone();
        }
    }
}

/// `ORDER BY ALL` as the numbers of the columns.
///
/// # Errors
/// `*`, whose columns are not known here.
pub fn order_by_all(query: &mut Query) -> Result<(), String> {
    let Some(order) = &mut query.order_by else { return Ok(()) };
    let OrderByKind::All(options) = order.kind.clone() else { return Ok(()) };
    let SetExpr::Select(select) = query.body.as_ref() else {
        return Err("`ORDER BY ALL` here: name the columns to order by".to_owned());
    };
    if select.projection.iter().any(|item| !matches!(item, SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. })) {
        return Err("`ORDER BY ALL` with `*`: name the columns to order by".to_owned());
    }
    let item = |number: usize| OrderByExpr {
        expr: Expr::Value(Value::Number(number.to_string(), false).into()),
        options: options.clone(),
        with_fill: None,
    };
    order.kind = OrderByKind::Expressions((1..=select.projection.len()).map(item).collect());
    Ok(())
}

/// Refuses `*` where `JOIN … USING` would bring columns twice.
///
/// # Errors
/// Such a `SELECT`.
pub fn no_wildcard_over_using(select: &Select, engine: &str) -> Result<(), String> {
    let wildcard = select.projection.iter().any(|item| matches!(item, SelectItem::Wildcard(_)));
    let mut joins = select.from.iter().flat_map(|from| &from.joins);
    let using = joins.any(|join| match &join.join_operator {
        JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint)
        | JoinOperator::FullOuter(constraint) => matches!(constraint, JoinConstraint::Using(_) | JoinConstraint::Natural),
        _ => false,
    });
    if wildcard && using {
        return Err(format!("{engine} repeats the columns of USING in `*`: name the columns"));
    }
    Ok(())
}

/// Gives columns without a name their text as one.
pub fn name_columns(select: &mut Select) {
    for item in &mut select.projection {
        if let SelectItem::UnnamedExpr(expr) = item
            && !matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_))
        {
            let alias = Ident::with_quote('"', expr.to_string().replace('"', "'"));
            *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
        }
    }
}

/// Whether an expression aggregates; subqueries and windows do not count.
fn aggregates(expr: &Expr) -> bool {
    struct Find;
    impl Visitor for Find {
        type Break = ();

        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::Function(call) if call.over.is_none() => {
                    let known = function_name(call).is_some_and(|name| AGGREGATES.contains(&name.as_str()));
                    if known || call.filter.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                }
                _ => ControlFlow::Continue(()),
            }
        }
    }
    !matches!(expr, Expr::Subquery(_)) && expr.visit(&mut Find).is_break()
}
