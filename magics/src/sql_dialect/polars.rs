//! Polars' SQL: near to DuckDB's, with its own NULL order, decimals and names of columns.

use sqlparser::ast::{BinaryOperator, CastKind, DataType, ExactNumberInfo, Expr, Interval, TypedString, Value};

use super::common::{call, cast, divide_as_double, is_real, may_have_fraction, power};
use super::dates::{part_name, plain_interval, shifted};
use super::rule::{Dialect, Exclude, Expression, Function, Nulls};
use super::template::{fill, literal_text, text};

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
    outer_join_on_columns_only: true,
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
    Function::text(&["year"], 1, "EXTRACT(YEAR FROM $0)"),
    Function::text(&["quarter"], 1, "EXTRACT(QUARTER FROM $0)"),
    Function::text(&["month"], 1, "EXTRACT(MONTH FROM $0)"),
    Function::text(&["week", "weekofyear"], 1, "EXTRACT(WEEK FROM $0)"),
    Function::text(&["day", "dayofmonth"], 1, "EXTRACT(DAY FROM $0)"),
    Function::text(&["dayofyear"], 1, "EXTRACT(DOY FROM $0)"),
    Function::text(&["hour"], 1, "EXTRACT(HOUR FROM $0)"),
    Function::text(&["minute"], 1, "EXTRACT(MINUTE FROM $0)"),
    Function::text(&["second"], 1, "EXTRACT(SECOND FROM $0)"),
    Function::lacks(&["arg_max", "arg_min", "max_by", "min_by"], "number the rows with row_number() and keep one"),
];

static EXPRESSIONS: &[Expression] = &[
    Expression { about: "DATE '1994-01-01' is DATE('1994-01-01')", apply: date_literal },
    Expression { about: "date ± INTERVAL is folded for literals; INTERVAL '3' MONTH is INTERVAL '3 months'", apply: shift },
    Expression { about: "a * b of decimals keeps all its digits", apply: multiply },
    Expression { about: "a / b of decimals keeps all its digits", apply: divide_as_double },
    Expression { about: "a ^ b is pow(a, b)", apply: power },
    Expression { about: "a // b and a % b of whole numbers cut", apply: divide_whole },
    Expression { about: "date_trunc('month', d) goes by its text", apply: truncate },
    Expression { about: "CAST to a whole number rounds", apply: cast_whole },
];

fn date_literal(expr: &Expr) -> Result<Option<Expr>, String> {
    let Expr::TypedString(TypedString { data_type: DataType::Date, value, .. }) = expr else { return Ok(None) };
    let Value::SingleQuotedString(written) = &value.value else { return Ok(None) };
    fill("DATE($0)", &[text(written.trim())]).map(Some)
}

fn shift(expr: &Expr) -> Result<Option<Expr>, String> {
    if let Some((number, unit)) = plain_interval(expr) {
        let spelled = Expr::Interval(Interval {
            value: Box::new(text(format!("{number} {}s", unit.name()))),
            leading_field: None,
            leading_precision: None,
            last_field: None,
            fractional_seconds_precision: None,
        });
        return Ok(Some(spelled));
    }
    let Expr::BinaryOp { left, op, right } = expr else { return Ok(None) };
    let (date, interval, sign) = match op {
        BinaryOperator::Plus if plain_interval(left).is_some() => (right, left, 1),
        BinaryOperator::Plus => (left, right, 1),
        BinaryOperator::Minus => (left, right, -1),
        _ => return Ok(None),
    };
    let (Some((number, unit)), Some(arguments)) = (plain_interval(interval), call(date, &["date"], 1)) else { return Ok(None) };
    let day = arguments.first().and_then(literal_text).and_then(|text| text.parse().ok());
    match day.and_then(|day| shifted(day, number.saturating_mul(sign), unit)) {
        Some(later) => fill("DATE($0)", &[text(later.format("%Y-%m-%d").to_string())]).map(Some),
        None => Ok(None),
    }
}

/// A product of two decimals has the digits of one of them in Polars: two after the point for prices.
fn multiply(expr: &Expr) -> Result<Option<Expr>, String> {
    let Expr::BinaryOp { left, op: BinaryOperator::Multiply, right } = expr else { return Ok(None) };
    if is_real(left, false) || is_real(right, false) || is_whole_literal(left) || is_whole_literal(right) {
        return Ok(None);
    }
    let left = cast(left.as_ref().clone(), DataType::Double(ExactNumberInfo::None));
    Ok(Some(Expr::BinaryOp { left: Box::new(left), op: BinaryOperator::Multiply, right: right.clone() }))
}

fn is_whole_literal(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if matches!(&value.value, Value::Number(digits, _) if !digits.contains(['.', 'e', 'E'])))
}

/// Polars rounds down where DuckDB cuts, and its remainder has the sign of the divisor.
fn divide_whole(expr: &Expr) -> Result<Option<Expr>, String> {
    let Expr::BinaryOp { left, op, right } = expr else { return Ok(None) };
    let operands = [left.as_ref().clone(), right.as_ref().clone()];
    match op {
        BinaryOperator::DuckIntegerDivide if may_have_fraction(left) || may_have_fraction(right) => {
            Err("Polars rounds `//` of fractions, DuckDB does not: write floor(a / b)".to_owned())
        }
        BinaryOperator::DuckIntegerDivide => fill("CAST(CAST($0 AS DOUBLE) / ($1) AS BIGINT)", &operands).map(Some),
        BinaryOperator::Modulo => fill("(($0) - ($1) * CAST(CAST($0 AS DOUBLE) / ($1) AS BIGINT))", &operands).map(Some),
        _ => Ok(None),
    }
}

fn truncate(expr: &Expr) -> Result<Option<Expr>, String> {
    let Some(arguments) = call(expr, &["date_trunc", "datetrunc"], 2) else { return Ok(None) };
    let [unit, date] = arguments.as_slice() else { return Ok(None) };
    let template = match literal_text(unit).and_then(part_name) {
        Some("year") => "DATE(strftime($0, '%Y-01-01'))",
        Some("month") => "DATE(strftime($0, '%Y-%m-01'))",
        Some("day") => "DATE(strftime($0, '%Y-%m-%d'))",
        _ => return Err(format!("Polars cannot truncate a date to {unit}")),
    };
    fill(template, std::slice::from_ref(date)).map(Some)
}

fn cast_whole(expr: &Expr) -> Result<Option<Expr>, String> {
    let Expr::Cast { kind: CastKind::Cast, expr: inner, data_type, .. } = expr else { return Ok(None) };
    let whole = matches!(data_type, DataType::Int(_) | DataType::Integer(_) | DataType::BigInt(_) | DataType::SmallInt(_));
    if whole && may_have_fraction(inner) {
        return Ok(Some(cast(fill("round($0)", std::slice::from_ref(inner))?, data_type.clone())));
    }
    Ok(None)
}
