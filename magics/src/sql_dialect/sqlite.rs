//! SQLite: no types for dates and times (they are texts), no decimals, no statistics.

use sqlparser::ast::{BinaryOperator, CastKind, DataType, ExactNumberInfo, Expr, TrimWhereField, TypedString, Value};

use super::common::{call, cast, date_part, format_date, inexact_division, is_real, operand};
use super::dates::{Unit, field_name, part_name, plain_interval, shifted};
use super::likes::glob;
use super::rule::{Dialect, Exclude, Expression, Function, Nulls};
use super::template::{fill, literal_text, text};

/// How SQLite differs.
pub static DIALECT: Dialect = Dialect {
    engine: "sqlite",
    name: "SQLite",
    functions: FUNCTIONS,
    expressions: EXPRESSIONS,
    nulls: Nulls { last_when_ascending: false, last_when_descending: true },
    exclude: Exclude::Lacks,
    by_all: false,
    group_by_alias: true,
    semi_join: false,
    left_semi_join: false,
    distinct_on: false,
    qualify: false,
    names_columns: false,
    outer_join_on_columns_only: false,
    repeats_using: false,
    finish: None,
};

const STATISTICS: &str = "compute it outside, or use another engine";

static FUNCTIONS: &[Function] = &[
    Function::name(&["mean"], "avg"),
    Function::name(&["len"], "length"),
    Function::name(&["strlen"], "octet_length"),
    Function::name(&["ucase"], "upper"),
    Function::name(&["lcase"], "lower"),
    Function::text(&["strpos", "instr", "position"], 2, "instr($0, $1)"),
    Function::text(&["contains"], 2, "(instr($0, $1) > 0)"),
    Function::text(&["starts_with", "prefix"], 2, "(substr($0, 1, length($1)) = $1)"),
    Function::text(&["ends_with", "suffix"], 2, "(substr($0, length($0) - length($1) + 1) = $1)"),
    Function::text(&["left"], 2, "substr($0, 1, $1)"),
    Function::text(&["right"], 2, "substr($0, -($1))"),
    Function::text(&["greatest"], 2, "max(coalesce($0, $1), coalesce($1, $0))"),
    Function::text(&["least"], 2, "min(coalesce($0, $1), coalesce($1, $0))"),
    Function::text(&["count_if", "countif"], 1, "count(CASE WHEN $0 THEN 1 END)"),
    Function::text(&["bool_and"], 1, "min($0)"),
    Function::text(&["bool_or"], 1, "max($0)"),
    Function::text(&["year"], 1, "CAST(strftime('%Y', $0) AS INTEGER)"),
    Function::text(&["month"], 1, "CAST(strftime('%m', $0) AS INTEGER)"),
    Function::text(&["day", "dayofmonth"], 1, "CAST(strftime('%d', $0) AS INTEGER)"),
    Function::text(&["hour"], 1, "CAST(strftime('%H', $0) AS INTEGER)"),
    Function::text(&["minute"], 1, "CAST(strftime('%M', $0) AS INTEGER)"),
    Function::text(&["second"], 1, "CAST(strftime('%S', $0) AS INTEGER)"),
    Function::text(&["quarter"], 1, "((CAST(strftime('%m', $0) AS INTEGER) + 2) / 3)"),
    Function::text(&["week", "weekofyear"], 1, "CAST(strftime('%V', $0) AS INTEGER)"),
    Function::text(&["dayofweek", "weekday"], 1, "CAST(strftime('%w', $0) AS INTEGER)"),
    Function::text(&["isodow"], 1, "CAST(strftime('%u', $0) AS INTEGER)"),
    Function::text(&["dayofyear"], 1, "CAST(strftime('%j', $0) AS INTEGER)"),
    Function::text(&["last_day"], 1, "date($0, 'start of month', '+1 month', '-1 day')"),
    Function::text(&["make_date"], 3, "printf('%04d-%02d-%02d', $0, $1, $2)"),
    Function::text(&["now"], 0, "CURRENT_TIMESTAMP"),
    Function::text(&["today"], 0, "CURRENT_DATE"),
    Function::lacks(&["median"], "order the rows and take the middle one, or use another engine"),
    Function::lacks(&["mode", "quantile", "quantile_cont", "quantile_disc", "approx_quantile"], STATISTICS),
    Function::lacks(&["stddev", "stddev_samp", "stddev_pop", "variance", "var_samp", "var_pop"], STATISTICS),
    Function::lacks(&["corr", "covar_pop", "covar_samp", "regr_slope", "regr_intercept", "regr_r2"], STATISTICS),
    Function::lacks(&["approx_count_distinct"], "count(DISTINCT …) is exact"),
    Function::lacks(&["arg_max", "arg_min", "max_by", "min_by", "first", "last"], "number the rows with row_number() and keep one"),
    Function::lacks(&["list", "array_agg", "unnest", "list_value"], "it has no lists"),
    Function::lacks(
        &["regexp_matches", "regexp_replace", "regexp_extract", "string_split", "split_part"],
        "LIKE and instr() are all it has",
    ),
    Function::lacks(&["lpad", "rpad"], "use printf('%5d', …)"),
];

static EXPRESSIONS: &[Expression] = &[
    Expression { about: "DATE '1994-01-01' is the text '1994-01-01'", apply: date_literal },
    Expression { about: "date ± INTERVAL is date(date, '+n units'), folded for literals", apply: shift },
    Expression { about: "EXTRACT(YEAR FROM d) is CAST(strftime('%Y', d) AS INTEGER)", apply: extract },
    Expression { about: "date_trunc('month', d) is date(d, 'start of month')", apply: truncate },
    Expression { about: "date_diff('day', a, b) is a difference of Julian days", apply: difference },
    Expression { about: "strftime(d, '%Y') has its format first", apply: format },
    Expression { about: "CAST to a type that SQLite has", apply: cast_type },
    Expression { about: "a / b of whole numbers has a fraction", apply: divide },
    Expression { about: "a // b has none", apply: divide_whole },
    Expression { about: "a ^ 2 is a product", apply: square },
    Expression { about: "LIKE minds letter case as GLOB does", apply: like },
    Expression { about: "SUBSTRING, POSITION, TRIM, FLOOR and CEIL are functions", apply: spelled_out },
    Expression { about: "no grouping sets", apply: grouping_sets },
];

fn date_literal(expr: &Expr) -> Result<Option<Expr>, String> {
    let Expr::TypedString(TypedString { data_type, value, .. }) = expr else { return Ok(None) };
    let Value::SingleQuotedString(written) = &value.value else { return Ok(None) };
    match data_type {
        DataType::Date | DataType::Time(..) | DataType::Timestamp(..) | DataType::Datetime(_) => Ok(Some(text(written.trim()))),
        _ => Ok(None),
    }
}

fn shift(expr: &Expr) -> Result<Option<Expr>, String> {
    let Expr::BinaryOp { left, op, right } = expr else { return Ok(None) };
    let (date, interval, sign) = match (op, left.as_ref(), right.as_ref()) {
        (BinaryOperator::Plus, date, interval @ Expr::Interval(_)) | (BinaryOperator::Plus, interval @ Expr::Interval(_), date) => {
            (date, interval, 1)
        }
        (BinaryOperator::Minus, date, interval @ Expr::Interval(_)) => (date, interval, -1),
        _ => return Ok(None),
    };
    let Some((number, unit)) = plain_interval(interval) else {
        return Err(format!("SQLite has no `{interval}`: only a whole number of one unit can be said"));
    };
    let number = number.saturating_mul(sign);
    if let Some(day) = literal_text(date).and_then(|text| text.parse().ok())
        && let Some(later) = shifted(day, number, unit)
    {
        return Ok(Some(text(later.format("%Y-%m-%d").to_string())));
    }
    // `floor` keeps 31 January + 1 month in February, as DuckDB does.
    let floor = if matches!(unit, Unit::Year | Unit::Month) { ", 'floor'" } else { "" };
    let by = format!("'{number:+} {}'{floor}", unit.name());
    let arguments = [date.clone()];
    if !unit.is_whole_days() {
        return fill(&format!("datetime($0, {by})"), &arguments).map(Some);
    }
    let is_date = literal_text(date).is_some() || call(date, &["date"], 1).is_some();
    if is_date {
        return fill(&format!("date($0, {by})"), &arguments).map(Some);
    }
    // A column is a date or a time: their texts differ in length.
    fill(&format!("iif(length($0) > 10, datetime($0, {by}), date($0, {by}))"), &arguments).map(Some)
}

fn part(name: &str, date: &Expr) -> Result<Expr, String> {
    let code = match part_name(name) {
        Some("year") => "%Y",
        Some("month") => "%m",
        Some("day") => "%d",
        Some("hour") => "%H",
        Some("minute") => "%M",
        Some("second") => "%S",
        Some("week") => "%V",
        Some("dow") => "%w",
        Some("isodow") => "%u",
        Some("doy") => "%j",
        Some("quarter") => return fill("((CAST(strftime('%m', $0) AS INTEGER) + 2) / 3)", std::slice::from_ref(date)),
        Some("epoch") => return fill("CAST(strftime('%s', $0) AS REAL)", std::slice::from_ref(date)),
        _ => return Err(format!("SQLite has no `{name}` of a date")),
    };
    fill(&format!("CAST(strftime('{code}', $0) AS INTEGER)"), std::slice::from_ref(date))
}

fn extract(expr: &Expr) -> Result<Option<Expr>, String> {
    if let Expr::Extract { field, expr: date, .. } = expr {
        let name = field_name(field).ok_or_else(|| format!("SQLite has no `{field}` of a date"))?;
        return part(name, date).map(Some);
    }
    match date_part(expr) {
        Some((name, date)) => part(&name, &date).map(Some),
        None => Ok(None),
    }
}

fn truncate(expr: &Expr) -> Result<Option<Expr>, String> {
    let Some(arguments) = call(expr, &["date_trunc", "datetrunc"], 2) else { return Ok(None) };
    let [unit, date] = arguments.as_slice() else { return Ok(None) };
    let Some(name) = literal_text(unit) else { return Err("SQLite needs the unit of date_trunc as a literal".to_owned()) };
    let template = match part_name(name) {
        Some("year") => "date($0, 'start of year')",
        Some("quarter") => "date($0, 'start of month', '-' || ((CAST(strftime('%m', $0) AS INTEGER) - 1) % 3) || ' months')",
        Some("month") => "date($0, 'start of month')",
        Some("week") => "date($0, '-6 days', 'weekday 1')",
        Some("day") => "date($0)",
        Some("hour") => "strftime('%Y-%m-%d %H:00:00', $0)",
        Some("minute") => "strftime('%Y-%m-%d %H:%M:00', $0)",
        Some("second") => "datetime($0)",
        _ => return Err(format!("SQLite cannot truncate a date to `{name}`")),
    };
    fill(template, std::slice::from_ref(date)).map(Some)
}

fn difference(expr: &Expr) -> Result<Option<Expr>, String> {
    let Some(arguments) = call(expr, &["date_diff", "datediff"], 3) else { return Ok(None) };
    match literal_text(&arguments[0]).and_then(part_name) {
        Some("day") => fill("CAST(julianday(date($1)) - julianday(date($0)) AS INTEGER)", &arguments[1..]).map(Some),
        _ => Err("SQLite counts only days between dates".to_owned()),
    }
}

fn format(expr: &Expr) -> Result<Option<Expr>, String> {
    let code = |letter| {
        Some(match letter {
            'Y' => "%Y",
            'm' => "%m",
            'd' => "%d",
            'H' => "%H",
            'M' => "%M",
            'S' => "%S",
            'j' => "%j",
            'w' => "%w",
            'u' => "%u",
            'V' => "%V",
            'G' => "%G",
            '%' => "%%",
            _ => return None,
        })
    };
    match format_date(expr, "SQLite", code, |c| c.to_string())? {
        Some((date, format)) => fill("strftime($0, $1)", &[format, date]).map(Some),
        None => Ok(None),
    }
}

fn cast_type(expr: &Expr) -> Result<Option<Expr>, String> {
    let Expr::Cast { kind, expr: inner, data_type, .. } = expr else { return Ok(None) };
    if matches!(kind, CastKind::TryCast | CastKind::SafeCast) {
        return Err("SQLite has no TRY_CAST: its CAST makes 0 of what it cannot read".to_owned());
    }
    let one = std::slice::from_ref(inner.as_ref());
    match data_type {
        DataType::Date => fill("date($0)", one).map(Some),
        DataType::Timestamp(..) | DataType::Datetime(_) => fill("datetime($0)", one).map(Some),
        DataType::Decimal(size) | DataType::Numeric(size) | DataType::Dec(size) => match size {
            ExactNumberInfo::PrecisionAndScale(_, scale) => fill(&format!("round(CAST($0 AS REAL), {scale})"), one).map(Some),
            _ => fill("round(CAST($0 AS REAL), 3)", one).map(Some),
        },
        DataType::Int(_) | DataType::Integer(_) | DataType::BigInt(_) | DataType::SmallInt(_) | DataType::TinyInt(_)
            if !rounds_already(inner) =>
        {
            // DuckDB rounds, SQLite cuts.
            let rounded =
                if is_real(inner, true) { fill("round($0)", one)? } else { fill("iif(typeof($0) = 'real', round($0), $0)", one)? };
            Ok(Some(cast(rounded, DataType::Integer(None))))
        }
        _ => Ok(None),
    }
}

/// Whether a cast to a whole number has nothing to round: literals, and functions that our own rules put there.
fn rounds_already(expr: &Expr) -> bool {
    literal_text(expr).is_some()
        || matches!(expr, Expr::Value(value) if matches!(&value.value, Value::Number(digits, _) if !digits.contains('.')))
}

fn divide(expr: &Expr) -> Result<Option<Expr>, String> {
    let Some((left, right)) = inexact_division(expr, true) else { return Ok(None) };
    let left = cast(left.clone(), DataType::Real);
    Ok(Some(Expr::BinaryOp { left: Box::new(left), op: BinaryOperator::Divide, right: Box::new(right.clone()) }))
}

fn divide_whole(expr: &Expr) -> Result<Option<Expr>, String> {
    match expr {
        Expr::BinaryOp { left, op: BinaryOperator::DuckIntegerDivide, right } => {
            let quotient = Expr::BinaryOp { left: operand(left), op: BinaryOperator::Divide, right: right.clone() };
            Ok(Some(cast(quotient, DataType::Integer(None))))
        }
        _ => Ok(None),
    }
}

fn square(expr: &Expr) -> Result<Option<Expr>, String> {
    let Expr::BinaryOp { left, op: BinaryOperator::BitwiseXor, right } = expr else { return Ok(None) };
    match right.to_string().as_str() {
        "2" => fill("(CAST($0 AS REAL) * ($0))", std::slice::from_ref(left)).map(Some),
        other => Err(format!("SQLite has no powers: `^ {other}` cannot be said, `^ 2` can")),
    }
}

fn like(expr: &Expr) -> Result<Option<Expr>, String> {
    let (negated, inner, pattern, escape, fold) = match expr {
        Expr::Like { negated, any: false, expr, pattern, escape_char } => (*negated, expr, pattern, escape_char, false),
        Expr::ILike { negated, any: false, expr, pattern, escape_char } => (*negated, expr, pattern, escape_char, true),
        _ => return Ok(None),
    };
    let (Some(pattern), None) = (literal_text(pattern), escape) else {
        return Err("SQLite's LIKE takes `a` for `A`: only a literal pattern without ESCAPE can be said as GLOB".to_owned());
    };
    let (subject, pattern) = if fold {
        (fill("lower($0)", std::slice::from_ref(inner))?, glob(&pattern.to_lowercase()))
    } else {
        (inner.as_ref().clone(), glob(pattern))
    };
    let op = BinaryOperator::Custom(if negated { "NOT GLOB" } else { "GLOB" }.to_owned());
    Ok(Some(Expr::BinaryOp { left: operand(&subject), op, right: Box::new(text(pattern)) }))
}

fn spelled_out(expr: &Expr) -> Result<Option<Expr>, String> {
    let filled = match expr {
        Expr::Substring { expr, substring_from, substring_for, .. } => {
            let one = Expr::Value(Value::Number("1".into(), false).into());
            let from = substring_from.as_deref().cloned().unwrap_or(one);
            match substring_for {
                Some(length) => fill("substr($0, $1, $2)", &[expr.as_ref().clone(), from, length.as_ref().clone()]),
                None => fill("substr($0, $1)", &[expr.as_ref().clone(), from]),
            }
        }
        Expr::Position { expr, r#in } => fill("instr($0, $1)", &[r#in.as_ref().clone(), expr.as_ref().clone()]),
        Expr::Trim { trim_where, trim_what, expr, trim_characters: None } if trim_where.is_some() || trim_what.is_some() => {
            let name = match trim_where {
                Some(TrimWhereField::Leading) => "ltrim",
                Some(TrimWhereField::Trailing) => "rtrim",
                Some(TrimWhereField::Both) | None => "trim",
            };
            match trim_what {
                Some(what) => fill(&format!("{name}($0, $1)"), &[expr.as_ref().clone(), what.as_ref().clone()]),
                None => fill(&format!("{name}($0)"), std::slice::from_ref(expr)),
            }
        }
        Expr::Floor { expr, .. } => fill("(CAST($0 AS INTEGER) - (($0) < CAST($0 AS INTEGER)))", std::slice::from_ref(expr)),
        Expr::Ceil { expr, .. } => fill("(CAST($0 AS INTEGER) + (($0) > CAST($0 AS INTEGER)))", std::slice::from_ref(expr)),
        _ => return Ok(None),
    };
    filled.map(Some)
}

fn grouping_sets(expr: &Expr) -> Result<Option<Expr>, String> {
    match expr {
        Expr::Rollup(_) | Expr::Cube(_) | Expr::GroupingSets(_) => {
            Err("SQLite has no ROLLUP, CUBE or GROUPING SETS: write one query per set and join them with UNION ALL".to_owned())
        }
        _ => Ok(None),
    }
}
