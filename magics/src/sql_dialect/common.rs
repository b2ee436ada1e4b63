//! Rewrites that several targets share.

use sqlparser::ast::{BinaryOperator, CastKind, DataType, Expr, FunctionArguments, Value};

use super::rewrite::{function_name, plain_arguments};
use super::template::{fill, literal_text, nested, text};

/// `CAST(… AS …)`.
pub fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type, array: false, format: None }
}

/// Whether an expression is a binary floating-point number for certain; with `decimals`, a literal with a point counts.
pub fn is_real(expr: &Expr, decimals: bool) -> bool {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) => digits.contains(['e', 'E']) || (decimals && digits.contains('.')),
            _ => false,
        },
        Expr::Cast { data_type, .. } => {
            matches!(data_type, DataType::Real | DataType::Double(_) | DataType::DoublePrecision | DataType::Float(_) | DataType::Float64)
        }
        Expr::Function(call) => {
            function_name(call).is_some_and(|name| ["avg", "mean", "sqrt", "exp", "ln", "pow"].contains(&name.as_str()))
        }
        Expr::BinaryOp { left, op, right } => {
            *op == BinaryOperator::Divide || (is_arithmetic(op) && (is_real(left, decimals) || is_real(right, decimals)))
        }
        Expr::Nested(inner) | Expr::UnaryOp { expr: inner, .. } => is_real(inner, decimals),
        _ => false,
    }
}

/// Whether an expression may have a fraction, judging by its own text: columns do not count.
pub fn may_have_fraction(expr: &Expr) -> bool {
    is_real(expr, true)
}

fn is_arithmetic(op: &BinaryOperator) -> bool {
    matches!(op, BinaryOperator::Plus | BinaryOperator::Minus | BinaryOperator::Multiply)
}

/// The operands of `a / b` that DuckDB divides as floating-point numbers and the target perhaps not.
pub fn inexact_division(expr: &Expr, decimals: bool) -> Option<(&Expr, &Expr)> {
    match expr {
        Expr::BinaryOp { left, op: BinaryOperator::Divide, right } if !is_real(left, decimals) && !is_real(right, decimals) => {
            Some((left, right))
        }
        _ => None,
    }
}

/// `a / b` with `CAST(a AS DOUBLE)`, which is what DuckDB computes of whole numbers and decimals.
///
/// # Errors
/// None that can happen.
pub fn divide_as_double(expr: &Expr) -> Result<Option<Expr>, String> {
    let Some((left, right)) = inexact_division(expr, false) else { return Ok(None) };
    let left = cast(left.clone(), DataType::Double(sqlparser::ast::ExactNumberInfo::None));
    Ok(Some(Expr::BinaryOp { left: Box::new(left), op: BinaryOperator::Divide, right: Box::new(right.clone()) }))
}

/// `a ^ b` as a function.
///
/// # Errors
/// None that can happen.
pub fn power(expr: &Expr) -> Result<Option<Expr>, String> {
    match expr {
        Expr::BinaryOp { left, op: BinaryOperator::BitwiseXor, right } => {
            fill("pow($0, $1)", &[left.as_ref().clone(), right.as_ref().clone()]).map(Some)
        }
        _ => Ok(None),
    }
}

/// A call of a function by one of these names with so many plain arguments.
pub fn call(expr: &Expr, names: &[&str], arguments: usize) -> Option<Vec<Expr>> {
    let Expr::Function(call) = expr else { return None };
    let name = function_name(call)?;
    plain_arguments(call).filter(|given| given.len() == arguments && names.contains(&name.as_str()))
}

/// `concat(a, b, …)`, which leaves NULLs out, as `concat_ws('', a, b, …)`.
///
/// # Errors
/// None.
pub fn concat(expr: &Expr) -> Result<Option<Expr>, String> {
    let Expr::Function(call) = expr else { return Ok(None) };
    if function_name(call).as_deref() != Some("concat") {
        return Ok(None);
    }
    let Expr::Function(mut with_separator) = fill("concat_ws('')", &[])? else { return Ok(None) };
    if let (FunctionArguments::List(new), FunctionArguments::List(old)) = (&mut with_separator.args, &call.args) {
        new.args.extend(old.args.iter().cloned());
    }
    Ok(Some(Expr::Function(with_separator)))
}

/// `date_part('year', d)` as its part and its date.
pub fn date_part(expr: &Expr) -> Option<(String, Expr)> {
    let arguments = call(expr, &["date_part", "datepart"], 2)?;
    let [part, date] = arguments.as_slice() else { return None };
    Some((literal_text(part)?.to_owned(), date.clone()))
}

/// `strftime(d, '%Y')` with each code of the format said in the target's way by `code`; other text goes through `plain`.
///
/// # Errors
/// A code that the target does not have, a format that is no literal.
pub fn format_date(
    expr: &Expr,
    engine: &str,
    code: fn(char) -> Option<&'static str>,
    plain: fn(char) -> String,
) -> Result<Option<(Expr, Expr)>, String> {
    let Some(arguments) = call(expr, &["strftime"], 2) else { return Ok(None) };
    let [first, second] = arguments.as_slice() else { return Ok(None) };
    // DuckDB reads the two in either order.
    let (date, format) = match (literal_text(first), literal_text(second)) {
        (_, Some(format)) => (first, format),
        (Some(format), None) => (second, format),
        (None, None) => return Err(format!("{engine} needs the format of strftime as a literal")),
    };
    let mut said = String::new();
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            said.push_str(&plain(letter));
            continue;
        }
        match letters.next() {
            Some(letter) => match code(letter) {
                Some(words) => said.push_str(words),
                None => return Err(format!("{engine} has no `%{letter}` of strftime")),
            },
            None => said.push('%'),
        }
    }
    Ok(Some((date.clone(), text(said))))
}

/// `a ILIKE b` as `lower(a) LIKE lower(b)`.
///
/// # Errors
/// None.
pub fn ilike_by_lower(expr: &Expr) -> Result<Option<Expr>, String> {
    let Expr::ILike { negated, any: false, expr, pattern, escape_char } = expr else { return Ok(None) };
    let lower = |inner: &Expr| fill("lower($0)", std::slice::from_ref(inner)).map(Box::new);
    Ok(Some(Expr::Like { negated: *negated, any: false, expr: lower(expr)?, pattern: lower(pattern)?, escape_char: escape_char.clone() }))
}

/// In parentheses where it needs them.
pub fn operand(expr: &Expr) -> Box<Expr> {
    Box::new(nested(expr.clone()))
}
