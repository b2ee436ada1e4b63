//! Polars' SQL: near to DuckDB's, with its own NULL order, decimals and names of columns.

use sqlparser::ast::{BinaryOperator, CastKind, DataType, Expr};

use super::common::{cast, divide_as_double, may_have_fraction, power};
use super::rule::{Dialect, Exclude, Expression, Function, Nulls};
use super::template::fill;

/// How Polars differs.
pub static DIALECT: Dialect = Dialect {
    engine: "polars",
    name: "Polars",
    functions: FUNCTIONS,
    expressions: EXPRESSIONS,
    nulls: Nulls { last_when_ascending: true, last_when_descending: false },
    exclude: Exclude::AsItIs,
    by_all: true,
    group_by_alias: true,
    semi_join: true,
    left_semi_join: false,
    distinct_on: true,
    qualify: true,
    names_columns: true,
    repeats_using: true,
    finish: None,
};

static FUNCTIONS: &[Function] = &[
    Function::name(&["mean"], "avg"),
    Function::name(&["prefix"], "starts_with"),
    Function::name(&["suffix"], "ends_with"),
    Function::name(&["instr", "position"], "strpos"),
    Function::name(&["len"], "length"),
    Function::name(&["strlen"], "octet_length"),
    Function::text(&["contains"], 2, "(strpos($0, $1) > 0)"),
    Function::text(&["count_if", "countif"], 1, "count(CASE WHEN $0 THEN 1 END)"),
    Function::lacks(&["arg_max", "arg_min", "max_by", "min_by"], "number the rows with row_number() and keep one"),
];

static EXPRESSIONS: &[Expression] = &[
    Expression { about: "a / b of decimals keeps all its digits", apply: divide_as_double },
    Expression { about: "a ^ b is pow(a, b)", apply: power },
    Expression { about: "a // b of whole numbers cuts", apply: divide_whole },
    Expression { about: "CAST to a whole number rounds", apply: cast_whole },
];

fn divide_whole(expr: &Expr) -> Result<Option<Expr>, String> {
    match expr {
        Expr::BinaryOp { left, op: BinaryOperator::DuckIntegerDivide, right } if may_have_fraction(left) || may_have_fraction(right) => {
            Err("Polars cuts where DuckDB rounds down in `//` of fractions: write floor(a / b)".to_owned())
        }
        _ => Ok(None),
    }
}

fn cast_whole(expr: &Expr) -> Result<Option<Expr>, String> {
    let Expr::Cast { kind: CastKind::Cast, expr: inner, data_type, .. } = expr else { return Ok(None) };
    let whole = matches!(data_type, DataType::Int(_) | DataType::Integer(_) | DataType::BigInt(_) | DataType::SmallInt(_));
    if whole && may_have_fraction(inner) {
        return Ok(Some(cast(fill("round($0)", std::slice::from_ref(inner))?, data_type.clone())));
    }
    Ok(None)
}
