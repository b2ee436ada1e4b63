//! Trino: standard SQL with decimals that keep their scale, no aliases in GROUP BY, intervals in one spelling.

use sqlparser::ast::{BinaryOperator, CastKind, DataType, DateTimeField, Expr, Interval};

use super::common::{call, cast, concat, date_part, divide_as_double, format_date, ilike_by_lower};
use super::dates::{Unit, field_name, part_name, plain_interval};
use super::rule::{Dialect, Exclude, Expression, Function, Nulls};
use super::template::{fill, literal_text, text};

/// How Trino differs.
pub static DIALECT: Dialect = Dialect {
    engine: "trino",
    name: "Trino",
    functions: FUNCTIONS,
    expressions: EXPRESSIONS,
    nulls: Nulls { last_when_ascending: true, last_when_descending: true },
    exclude: Exclude::Lacks,
    by_all: false,
    group_by_alias: false,
    semi_join: false,
    left_semi_join: false,
    distinct_on: false,
    qualify: false,
    names_columns: false,
    outer_join_on_columns_only: false,
    repeats_using: false,
    finish: None,
};

static FUNCTIONS: &[Function] = &[
    Function::argument(&["avg", "mean"], "CAST($0 AS DOUBLE)"),
    Function::name(&["arg_max"], "max_by"),
    Function::name(&["arg_min"], "min_by"),
    Function::name(&["countif"], "count_if"),
    Function::name(&["len"], "length"),
    Function::name(&["prefix"], "starts_with"),
    Function::name(&["instr", "position"], "strpos"),
    Function::text(&["ifnull"], 2, "coalesce($0, $1)"),
    Function::text(&["contains"], 2, "(strpos($0, $1) > 0)"),
    Function::text(&["left"], 2, "substr($0, 1, $1)"),
    Function::text(&["right"], 2, "substr($0, -($1))"),
    Function::text(&["greatest"], 2, "greatest(coalesce($0, $1), coalesce($1, $0))"),
    Function::text(&["least"], 2, "least(coalesce($0, $1), coalesce($1, $0))"),
    Function::text(&["string_agg"], 2, "array_join(array_agg($0), $1)"),
    Function::text(&["regexp_matches"], 2, "regexp_like($0, $1)"),
    Function::text(&["dayofweek", "weekday"], 1, "(day_of_week($0) % 7)"),
    Function::text(&["isodow"], 1, "day_of_week($0)"),
    Function::text(&["dayofyear"], 1, "day_of_year($0)"),
    Function::text(&["today"], 0, "current_date"),
    Function::lacks(&["median", "quantile_cont", "quantile_disc"], "approx_percentile(x, 0.5) is near it"),
];

static EXPRESSIONS: &[Expression] = &[
    Expression { about: "a / b of decimals and whole numbers has all its digits", apply: divide_as_double },
    Expression { about: "a // b of whole numbers is a / b", apply: divide_whole },
    Expression { about: "a ^ b is power(a, b)", apply: power },
    Expression { about: "INTERVAL '3' MONTH is the one spelling", apply: interval },
    Expression { about: "date_part('year', d) is EXTRACT(YEAR FROM d)", apply: extract },
    Expression { about: "date_diff counts whole units", apply: difference },
    Expression { about: "strftime is date_format with MySQL's letters", apply: format },
    Expression { about: "no ILIKE", apply: ilike_by_lower },
    Expression { about: "concat leaves NULLs out", apply: concat },
    Expression { about: "CAST to a type that Trino has", apply: cast_type },
];

fn divide_whole(expr: &Expr) -> Result<Option<Expr>, String> {
    match expr {
        Expr::BinaryOp { left, op: BinaryOperator::DuckIntegerDivide, right } => {
            Ok(Some(Expr::BinaryOp { left: left.clone(), op: BinaryOperator::Divide, right: right.clone() }))
        }
        _ => Ok(None),
    }
}

fn power(expr: &Expr) -> Result<Option<Expr>, String> {
    match expr {
        Expr::BinaryOp { left, op: BinaryOperator::BitwiseXor, right } => {
            fill("power($0, $1)", &[left.as_ref().clone(), right.as_ref().clone()]).map(Some)
        }
        _ => Ok(None),
    }
}

fn interval(expr: &Expr) -> Result<Option<Expr>, String> {
    let Expr::Interval(_) = expr else { return Ok(None) };
    let Some((number, unit)) = plain_interval(expr) else {
        return Err(format!("Trino has no `{expr}`: only a whole number of one unit can be said"));
    };
    let field = match unit {
        Unit::Year => DateTimeField::Year,
        Unit::Month => DateTimeField::Month,
        Unit::Day => DateTimeField::Day,
        Unit::Hour => DateTimeField::Hour,
        Unit::Minute => DateTimeField::Minute,
        Unit::Second => DateTimeField::Second,
    };
    Ok(Some(Expr::Interval(Interval {
        value: Box::new(text(number.to_string())),
        leading_field: Some(field),
        leading_precision: None,
        last_field: None,
        fractional_seconds_precision: None,
    })))
}

fn extract(expr: &Expr) -> Result<Option<Expr>, String> {
    let (name, date) = match (expr, date_part(expr)) {
        (Expr::Extract { field, expr: date, .. }, _) => match field_name(field) {
            Some(name @ ("dow" | "isodow" | "epoch")) => (name.to_owned(), date.as_ref().clone()),
            _ => return Ok(None),
        },
        (_, Some((name, date))) => (name, date),
        _ => return Ok(None),
    };
    let template = match part_name(&name) {
        Some("dow") => "(day_of_week($0) % 7)".to_owned(),
        Some("isodow") => "day_of_week($0)".to_owned(),
        Some("doy") => "day_of_year($0)".to_owned(),
        Some("epoch") => "to_unixtime($0)".to_owned(),
        Some(part) => format!("EXTRACT({} FROM $0)", part.to_uppercase()),
        None => return Err(format!("Trino has no `{name}` of a date")),
    };
    fill(&template, &[date]).map(Some)
}

fn difference(expr: &Expr) -> Result<Option<Expr>, String> {
    match call(expr, &["date_diff", "datediff"], 3) {
        Some(arguments) if literal_text(&arguments[0]).and_then(part_name) != Some("day") => {
            Err("Trino counts whole units between dates, DuckDB the borders crossed: only days mean the same".to_owned())
        }
        _ => Ok(None),
    }
}

fn format(expr: &Expr) -> Result<Option<Expr>, String> {
    let code = |letter| {
        Some(match letter {
            'Y' => "%Y",
            'y' => "%y",
            'm' => "%m",
            'd' => "%d",
            'H' => "%H",
            'I' => "%h",
            'M' => "%i",
            'S' => "%s",
            'j' => "%j",
            'p' => "%p",
            'B' => "%M",
            'b' => "%b",
            'A' => "%W",
            'a' => "%a",
            '%' => "%%",
            _ => return None,
        })
    };
    match format_date(expr, "Trino", code, |c| c.to_string())? {
        Some((date, format)) => fill("date_format($0, $1)", &[date, format]).map(Some),
        None => Ok(None),
    }
}

fn cast_type(expr: &Expr) -> Result<Option<Expr>, String> {
    let Expr::Cast { kind: CastKind::Cast, expr: inner, data_type, .. } = expr else { return Ok(None) };
    let new_type = match data_type {
        DataType::Text | DataType::String(_) => DataType::Varchar(None),
        DataType::Float(_) => DataType::Real,
        DataType::HugeInt => DataType::Decimal(sqlparser::ast::ExactNumberInfo::PrecisionAndScale(38, 0)),
        _ => return Ok(None),
    };
    Ok(Some(cast(inner.as_ref().clone(), new_type)))
}
