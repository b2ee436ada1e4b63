//! Whether all variants give the same value; nothing is ranked before that is known.

use super::super::sql::many::outcome::Status;
use super::parse::Lang;
use super::settings::{Order, Settings};
use super::variant::{Answer, Variant};
use crate::error::MagicError;
use crate::host::Host;
use crate::sql_wire::{CompareRequest, Comparison, DifferingRow};

/// What the comparison of values has shown.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gate {
    /// `None`: something could not be compared, or nothing was.
    pub equal: Option<bool>,
    /// The variant with whose value the others were compared.
    pub reference: Option<usize>,
    pub differences: Vec<(usize, Comparison)>,
    /// What could not be compared, in sentences.
    pub not_compared: Vec<String>,
    /// Whether the order of rows was compared, of any pair.
    pub order_counted: bool,
    /// Whether it was left aside, of any pair.
    pub order_left_aside: bool,
    /// What to say of values that are equal all the same.
    pub notes: Vec<String>,
}

/// Compares the values of all variants that have run with the baseline's, or with the first one's when the baseline has none. A variant
/// that differs is out.
///
/// # Errors
/// An interrupt.
pub fn check(variants: &mut [Variant], settings: &Settings, host: &mut dyn Host) -> Result<Gate, MagicError> {
    let ran: Vec<usize> = (0..variants.len()).filter(|i| variants[*i].is_ok()).collect();
    let reference = ran.iter().copied().find(|i| *i == settings.baseline).or(ran.first().copied());
    let mut gate = Gate { reference, ..Gate::default() };
    let Some(reference) = reference.filter(|_| ran.len() > 1) else { return Ok(gate) };
    host.status("comparing the values");
    for other in ran.into_iter().filter(|i| *i != reference) {
        match compare(&variants[reference], &variants[other], settings, &mut gate, host)? {
            Ok(comparison) if comparison.equal => {
                // Only tables have columns whose names mean something.
                let tables = [reference, other].iter().all(|i| matches!(variants[*i].answer, Answer::Table { ordered: false, .. }));
                if tables && !comparison.reason.is_empty() {
                    gate.notes.push(format!("{}: {}", variants[other].label(), comparison.reason));
                }
            }
            Ok(comparison) => {
                let reason = format!("not {}'s: {}", variants[reference].label(), comparison.reason);
                variants[other].fail(Status::Wrong, reason);
                gate.differences.push((other, comparison));
            }
            Err(why) => gate.not_compared.push(why),
        }
    }
    gate.equal = match (gate.differences.is_empty(), gate.not_compared.is_empty()) {
        (false, _) => Some(false),
        (true, true) => Some(true),
        (true, false) => None,
    };
    Ok(gate)
}

/// Two values, or a sentence why they cannot be compared.
fn compare(
    first: &Variant,
    other: &Variant,
    settings: &Settings,
    gate: &mut Gate,
    host: &mut dyn Host,
) -> Result<Result<Comparison, String>, MagicError> {
    let names = format!("{} and {}", first.label(), other.label());
    match (&first.answer, &other.answer) {
        (Answer::Table { path: a, ordered: a_ordered }, Answer::Table { path: b, ordered: b_ordered }) => {
            let ordered = match settings.order {
                Order::Always => true,
                Order::Never => false,
                Order::Sequences => *a_ordered && *b_ordered,
            };
            gate.order_counted |= ordered;
            gate.order_left_aside |= !ordered;
            let mut request = CompareRequest { files: vec![a.clone(), b.clone()], ordered, tolerance: settings.tolerance };
            match host.compare(&request) {
                Ok(comparisons) => {
                    let comparison = comparisons.into_iter().next().unwrap_or_default();
                    // The same rows in another order are worth a word of their own.
                    if ordered && !comparison.equal {
                        request.ordered = false;
                        let same_rows = host.compare(&request)?.first().is_some_and(|found| found.equal);
                        if same_rows {
                            let reason = format!("{}; the same values in another order (`--unordered` leaves it aside)", comparison.reason);
                            return Ok(Ok(Comparison { reason, ..comparison }));
                        }
                    }
                    Ok(Ok(comparison))
                }
                Err(error) if error.name == "Interrupted" || host.is_cancelled() => Err(error),
                Err(error) => Ok(Err(format!("{names}: {}", error.message))),
            }
        }
        (Answer::Text(a), Answer::Text(b)) if first.section.lang == Lang::Rust && other.section.lang == Lang::Rust => Ok(Ok(texts(a, b))),
        (Answer::Nothing(why), _) => Ok(Err(format!("{names}: of {}, {why}", first.label()))),
        (_, Answer::Nothing(why)) => Ok(Err(format!("{names}: of {}, {why}", other.label()))),
        (Answer::NotTaken, _) | (_, Answer::NotTaken) => Ok(Err(format!("{names}: a value is missing"))),
        _ => Ok(Err(format!("{names}: one value is a table, of the other there is only Rust's `Debug` text"))),
    }
}

fn texts(a: &str, b: &str) -> Comparison {
    if a == b {
        return Comparison { equal: true, ..Comparison::default() };
    }
    // Enough of both from a little before the first difference.
    let common = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    let from = crate::caret::floor_boundary(a, common.saturating_sub(20)).min(crate::caret::floor_boundary(b, common.saturating_sub(20)));
    let cut = |text: &str| text[crate::caret::floor_boundary(text, from)..].chars().take(120).collect::<String>();
    let row =
        DifferingRow { index: 0, columns: vec!["Debug text".into()], first: Some(vec![Some(cut(a))]), other: Some(vec![Some(cut(b))]) };
    Comparison { equal: false, reason: format!("the texts differ at byte {}", common + 1), row: Some(row) }
}
