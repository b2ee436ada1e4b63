//! The exercises of this session: what the student wrote, how it ran, and the hints of its check.

use std::collections::BTreeMap;

use crate::code_hash;
use crate::error::MagicError;

/// One exercise.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Exercise {
    /// The text as it ran last, without the magic's line; `None` before the cell has run.
    pub source: Option<String>,
    /// How that ended: the error, if there was one.
    pub failed: Option<String>,
    /// Labels of what was measured in it, as in `%results`.
    pub measured: Vec<String>,
    /// Points that its cell gives it.
    pub points: Option<f64>,
    /// Hints of its check, first to last.
    pub hints: Vec<String>,
    /// How many of them were shown.
    pub hints_shown: usize,
    /// What its check said last: `passed`, `not yet` or `inconclusive`.
    pub verdict: Option<&'static str>,
}

impl Exercise {
    /// SHA-256 of the text.
    pub fn code_sha256(&self) -> Option<String> {
        self.source.as_deref().map(code_hash::sha256)
    }
}

/// Exercises by their names.
pub type Exercises = BTreeMap<String, Exercise>;

/// Whether this can name an exercise.
///
/// # Errors
/// A name with other characters than letters, digits, `_`, `-` and `.`.
pub fn check_id(id: &str) -> Result<(), MagicError> {
    if !id.is_empty() && id.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c)) {
        return Ok(());
    }
    Err(MagicError::usage(format!("`{id}` cannot name an exercise")).hint("use letters, digits, `_`, `-` and `.`"))
}

/// Does something with the session's exercises.
#[cfg(not(test))]
pub fn with_exercises<T>(action: impl FnOnce(&mut Exercises) -> T) -> T {
    static EXERCISES: std::sync::Mutex<Exercises> = std::sync::Mutex::new(Exercises::new());
    action(&mut EXERCISES.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
}

/// Does something with the exercises of this test: each runs in a thread of its own.
#[cfg(test)]
pub fn with_exercises<T>(action: impl FnOnce(&mut Exercises) -> T) -> T {
    thread_local!(static EXERCISES: std::cell::RefCell<Exercises> = const { std::cell::RefCell::new(Exercises::new()) });
    EXERCISES.with(|exercises| action(&mut exercises.borrow_mut()))
}
