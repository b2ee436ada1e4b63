//! Spark SQL: identifiers in back-ticks, backslashes in texts, decimals with few digits after a division.

use sqlparser::ast::{BinaryOperator, CastKind, DataType, Expr};
use sqlparser::dialect::DuckDbDialect;
use sqlparser::tokenizer::{Token, Tokenizer};

use super::common::{call, cast, concat, divide_as_double, format_date, may_have_fraction, power};
use super::dates::{field_name, part_name};
use super::rule::{Dialect, Exclude, Expression, Function, Nulls};
use super::template::{fill, literal_text};

/// How Spark differs.
pub static DIALECT: Dialect = Dialect {
    engine: "spark",
    name: "Spark",
    functions: FUNCTIONS,
    expressions: EXPRESSIONS,
    nulls: Nulls { last_when_ascending: false, last_when_descending: true },
    exclude: Exclude::Except,
    by_all: false,
    group_by_alias: true,
    semi_join: true,
    left_semi_join: true,
    distinct_on: false,
    qualify: false,
    names_columns: false,
    outer_join_on_columns_only: false,
    repeats_using: false,
    finish: Some(finish),
};

static FUNCTIONS: &[Function] = &[
    Function::argument(&["avg", "mean"], "CAST($0 AS DOUBLE)"),
    Function::name(&["quantile_cont"], "percentile"),
    Function::name(&["arg_max"], "max_by"),
    Function::name(&["arg_min"], "min_by"),
    Function::name(&["countif"], "count_if"),
    Function::name(&["len"], "length"),
    Function::name(&["strlen"], "octet_length"),
    Function::name(&["starts_with", "prefix"], "startswith"),
    Function::name(&["ends_with", "suffix"], "endswith"),
    Function::name(&["strpos"], "instr"),
    Function::text(&["regexp_matches"], 2, "regexp_like($0, $1)"),
    Function::text(&["dayofweek", "weekday"], 1, "(dayofweek($0) - 1)"),
    Function::text(&["isodow"], 1, "(weekday($0) + 1)"),
    Function::text(&["week"], 1, "weekofyear($0)"),
    Function::text(&["today"], 0, "current_date()"),
    Function::lacks(&["quantile_disc"], "quantile_cont is percentile there"),
];

static EXPRESSIONS: &[Expression] = &[
    Expression { about: "a / b of decimals keeps all its digits", apply: divide_as_double },
    Expression { about: "a ^ b is pow(a, b)", apply: power },
    Expression { about: "a // b is a DIV b", apply: divide_whole },
    Expression { about: "concat leaves NULLs out", apply: concat },
    Expression { about: "days of the week count from 0, seconds are whole", apply: extract },
    Expression { about: "date_diff('day', a, b) is datediff(b, a)", apply: difference },
    Expression { about: "strftime is date_format with Java's letters", apply: format },
    Expression { about: "CAST to a type that Spark has", apply: cast_type },
];

fn divide_whole(expr: &Expr) -> Result<Option<Expr>, String> {
    match expr {
        Expr::BinaryOp { left, op: BinaryOperator::DuckIntegerDivide, right } => {
            Ok(Some(Expr::BinaryOp { left: left.clone(), op: BinaryOperator::MyIntegerDivide, right: right.clone() }))
        }
        _ => Ok(None),
    }
}

fn extract(expr: &Expr) -> Result<Option<Expr>, String> {
    let Expr::Extract { field, expr: date, .. } = expr else { return Ok(None) };
    let template = match field_name(field) {
        Some("dow") => "(dayofweek($0) - 1)",
        Some("isodow") => "(weekday($0) + 1)",
        Some("second") => "second($0)",
        Some("epoch") => "CAST(unix_timestamp($0) AS DOUBLE)",
        _ => return Ok(None),
    };
    fill(template, std::slice::from_ref(date)).map(Some)
}

fn difference(expr: &Expr) -> Result<Option<Expr>, String> {
    let Some(arguments) = call(expr, &["date_diff", "datediff"], 3) else { return Ok(None) };
    match literal_text(&arguments[0]).and_then(part_name) {
        Some("day") => fill("datediff($1, $0)", &arguments[1..]).map(Some),
        _ => Err("Spark counts whole units between dates, DuckDB the borders crossed: only days mean the same".to_owned()),
    }
}

fn format(expr: &Expr) -> Result<Option<Expr>, String> {
    let code = |letter| {
        Some(match letter {
            'Y' => "yyyy",
            'y' => "yy",
            'm' => "MM",
            'd' => "dd",
            'H' => "HH",
            'I' => "hh",
            'M' => "mm",
            'S' => "ss",
            'j' => "DDD",
            'p' => "a",
            'B' => "MMMM",
            'b' => "MMM",
            'A' => "EEEE",
            'a' => "EEE",
            '%' => "%",
            _ => return None,
        })
    };
    // Letters of their own stand in quotes.
    let plain = |c: char| match c {
        '\'' => "''".to_owned(),
        c if c.is_ascii_alphabetic() => format!("'{c}'"),
        c => c.to_string(),
    };
    match format_date(expr, "Spark", code, plain)? {
        Some((date, format)) => fill("date_format($0, $1)", &[date, format]).map(Some),
        None => Ok(None),
    }
}

fn cast_type(expr: &Expr) -> Result<Option<Expr>, String> {
    let Expr::Cast { kind, expr: inner, data_type, array, format } = expr else { return Ok(None) };
    let (new_type, whole) = match data_type {
        DataType::Varchar(_) | DataType::Text | DataType::Char(_) => (DataType::String(None), false),
        DataType::Integer(_) | DataType::Int(_) => (DataType::Int(None), true),
        DataType::BigInt(_) | DataType::SmallInt(_) | DataType::TinyInt(_) => (data_type.clone(), true),
        DataType::HugeInt => (DataType::Decimal(sqlparser::ast::ExactNumberInfo::PrecisionAndScale(38, 0)), true),
        _ => return Ok(None),
    };
    let rounds = whole && may_have_fraction(inner) && *kind == CastKind::Cast;
    let inner = if rounds { fill("bround($0)", std::slice::from_ref(inner))? } else { inner.as_ref().clone() };
    if *kind == CastKind::Cast {
        return Ok(Some(cast(inner, new_type)));
    }
    Ok(Some(Expr::Cast { kind: kind.clone(), expr: Box::new(inner), data_type: new_type, array: *array, format: format.clone() }))
}

/// Names in back-ticks, texts with Spark's escapes.
fn finish(sql: &str) -> Result<String, String> {
    let tokens =
        Tokenizer::new(&DuckDbDialect {}, sql).tokenize().map_err(|error| format!("the query for Spark cannot be read again: {error}"))?;
    let say = |token: Token| match token {
        Token::Word(word) if word.quote_style == Some('"') => format!("`{}`", word.value.replace('`', "``")),
        Token::SingleQuotedString(text) => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
        other => other.to_string(),
    };
    Ok(tokens.into_iter().map(say).collect())
}
