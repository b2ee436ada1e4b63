//! Dates, intervals and their parts, as the rules need them.

use chrono::{Days, Months, NaiveDate};
use sqlparser::ast::{DataType, DateTimeField, Expr, Interval, TypedString, UnaryOperator, Value};

use super::template::literal_text;

/// A unit of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

impl Unit {
    /// In the singular, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::Month => "month",
            Self::Day => "day",
            Self::Hour => "hour",
            Self::Minute => "minute",
            Self::Second => "second",
        }
    }

    /// Whether it leaves the time of day alone.
    pub fn is_whole_days(self) -> bool {
        matches!(self, Self::Year | Self::Month | Self::Day)
    }
}

/// Weeks are days, quarters are months.
fn unit(name: &str) -> Option<(Unit, i64)> {
    Some(match name.trim_end_matches(['s', 'S']).to_ascii_lowercase().as_str() {
        "year" => (Unit::Year, 1),
        "quarter" => (Unit::Month, 3),
        "month" => (Unit::Month, 1),
        "week" => (Unit::Day, 7),
        "day" => (Unit::Day, 1),
        "hour" => (Unit::Hour, 1),
        "minute" => (Unit::Minute, 1),
        "second" => (Unit::Second, 1),
        _ => return None,
    })
}

/// An interval of one unit with a whole number: `INTERVAL '3' MONTH`, `INTERVAL 3 MONTH`, `INTERVAL '3 months'`.
pub fn plain_interval(expr: &Expr) -> Option<(i64, Unit)> {
    let Expr::Interval(Interval { value, leading_field, last_field: None, .. }) = expr else { return None };
    let written = match (literal_text(value), value.as_ref()) {
        (Some(text), _) => text.to_owned(),
        (None, Expr::Value(number)) => match &number.value {
            Value::Number(digits, _) => digits.clone(),
            _ => return None,
        },
        (None, Expr::UnaryOp { op: UnaryOperator::Minus, expr }) => format!("-{expr}"),
        _ => return None,
    };
    let (number, name) = match (leading_field, written.trim().split_once(' ')) {
        (Some(field), None) => (written.trim().to_owned(), field.to_string()),
        (None, Some((number, name))) => (number.to_owned(), name.trim().to_owned()),
        _ => return None,
    };
    let (unit, times) = unit(&name)?;
    number.parse::<i64>().ok()?.checked_mul(times).map(|number| (number, unit))
}

/// The day of `DATE '…'`.
pub fn date_literal(expr: &Expr) -> Option<NaiveDate> {
    let Expr::TypedString(TypedString { data_type: DataType::Date, value, .. }) = expr else { return None };
    match &value.value {
        Value::SingleQuotedString(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The day that many units later; `None` beyond the calendar, and for units within a day.
pub fn shifted(day: NaiveDate, number: i64, unit: Unit) -> Option<NaiveDate> {
    let count = number.unsigned_abs();
    let months = |count: u64| u32::try_from(count).ok().map(Months::new);
    match (unit, number < 0) {
        (Unit::Year, false) => day.checked_add_months(months(count.checked_mul(12)?)?),
        (Unit::Year, true) => day.checked_sub_months(months(count.checked_mul(12)?)?),
        (Unit::Month, false) => day.checked_add_months(months(count)?),
        (Unit::Month, true) => day.checked_sub_months(months(count)?),
        (Unit::Day, false) => day.checked_add_days(Days::new(count)),
        (Unit::Day, true) => day.checked_sub_days(Days::new(count)),
        _ => None,
    }
}

/// A part of a date by DuckDB's names, in one spelling: `year`, `quarter`, `dow`, …
pub fn part_name(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "year" | "years" | "yr" | "y" => "year",
        "quarter" | "quarters" => "quarter",
        "month" | "months" | "mon" => "month",
        "week" | "weeks" | "weekofyear" => "week",
        "day" | "days" | "dayofmonth" => "day",
        "dow" | "dayofweek" | "weekday" => "dow",
        "isodow" => "isodow",
        "doy" | "dayofyear" => "doy",
        "hour" | "hours" => "hour",
        "minute" | "minutes" => "minute",
        "second" | "seconds" => "second",
        "epoch" => "epoch",
        _ => return None,
    })
}

/// The same of a field that the parser knows.
pub fn field_name(field: &DateTimeField) -> Option<&'static str> {
    match field {
        DateTimeField::Custom(word) => part_name(&word.value),
        other => part_name(other.to_string().trim_matches('\'')),
    }
}
