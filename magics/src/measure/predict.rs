//! Predict, then measure: the person's guess, its mark on the chart, and by how much it was off.

use std::collections::BTreeMap;

use crate::error::MagicError;
use crate::options::parse_duration_s;
use crate::registry::Call;
use crate::spec::{OptionSpec, ValueKind};
use crate::units::time;

/// `--predict` of magics that measure a time.
pub const TIME: OptionSpec =
    OptionSpec::value("predict", ValueKind::Text, "Your guess, such as `3ms`: marked on the chart, and told how far off it was")
        .default("what `%predict` said of this label");
/// `--predict` of magics that measure a factor.
pub const FACTOR: OptionSpec =
    OptionSpec::value("predict", ValueKind::Text, "Your guess of the largest count's speed-up, such as `1.8`: marked on the chart");

/// Guesses by label, as written.
pub type Guesses = BTreeMap<String, String>;

/// The guess of a time in seconds: that of the option, else that of `%predict` for the label.
///
/// # Errors
/// A guess that is no time.
pub fn time_of(call: &Call, label: Option<&str>) -> Result<Option<f64>, MagicError> {
    if let Some(text) = call.options.text(TIME.long) {
        let hint = "write a time, for example `--predict 3ms`";
        return match seconds(text) {
            Some(guess) => Ok(Some(guess)),
            None => Err(call.options.error_at(TIME.long, format!("`{text}` is no time that could be measured"), Some(hint.into()))),
        };
    }
    Ok(label.and_then(|label| with_guesses(|all| all.get(label).and_then(|text| seconds(text)))))
}

/// The guess of a factor.
///
/// # Errors
/// A guess that is none.
pub fn factor_of(call: &Call) -> Result<Option<f64>, MagicError> {
    let Some(text) = call.options.text(FACTOR.long) else { return Ok(None) };
    let hint = "write a number, for example `--predict 1.8`";
    match factor(text) {
        Some(guess) => Ok(Some(guess)),
        None => Err(call.options.error_at(FACTOR.long, format!("`{text}` is no factor"), Some(hint.into()))),
    }
}

/// A time above 0 in seconds.
pub fn seconds(text: &str) -> Option<f64> {
    parse_duration_s(text.trim()).filter(|guess| *guess > 0.0)
}

/// A number above 0, with or without a sign of multiplication.
pub fn factor(text: &str) -> Option<f64> {
    let number = text.trim().trim_end_matches(['x', '×']).trim_end();
    number.parse::<f64>().ok().filter(|guess| *guess > 0.0 && guess.is_finite())
}

/// What is said of a guess of a time, both in seconds.
pub fn time_sentence(guess: f64, measured: f64) -> String {
    sentence(guess, measured, &time(guess), &time(measured))
}

/// What is said of a guess of a factor.
pub fn factor_sentence(guess: f64, measured: f64) -> String {
    sentence(guess, measured, &format!("{guess:.2} ×"), &format!("{measured:.2} ×"))
}

fn sentence(guess: f64, measured: f64, guess_text: &str, measured_text: &str) -> String {
    let (off, direction) = if guess >= measured { (guess / measured, "high") } else { (measured / guess, "low") };
    // Few measurements are known better than to 5 %.
    let verdict = if off < 1.05 {
        "a good guess".to_owned()
    } else if off < 2.0 {
        format!("the guess was {:.0} % too {direction}", if direction == "high" { off - 1.0 } else { 1.0 - 1.0 / off } * 100.0)
    } else if off < 10.0 {
        format!("the guess was {off:.1} times too {direction}")
    } else {
        format!("the guess was {off:.0} times too {direction}")
    };
    format!("Your guess: {guess_text}; measured: {measured_text}: {verdict}.")
}

/// Does something with the session's guesses.
#[cfg(not(test))]
pub fn with_guesses<T>(action: impl FnOnce(&mut Guesses) -> T) -> T {
    static GUESSES: std::sync::Mutex<Guesses> = std::sync::Mutex::new(Guesses::new());
    action(&mut GUESSES.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
}

/// Does something with the guesses of this test: each runs in a thread of its own.
#[cfg(test)]
pub fn with_guesses<T>(action: impl FnOnce(&mut Guesses) -> T) -> T {
    thread_local!(static GUESSES: std::cell::RefCell<Guesses> = const { std::cell::RefCell::new(Guesses::new()) });
    GUESSES.with(|guesses| action(&mut guesses.borrow_mut()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_off() {
        assert_eq!(time_sentence(3e-3, 3.05e-3), "Your guess: 3.00 ms; measured: 3.05 ms: a good guess.");
        assert!(time_sentence(1.5, 1.0).ends_with("the guess was 50 % too high."));
        assert!(time_sentence(0.75, 1.0).ends_with("the guess was 25 % too low."));
        assert!(time_sentence(1e-3, 1.0).ends_with("the guess was 1000 times too low."));
        assert!(factor_sentence(8.0, 1.6).contains("8.00 ×; measured: 1.60 ×: the guess was 5.0 times too high."));
    }

    #[test]
    fn guesses_are_read() {
        assert_eq!((seconds("3ms"), seconds("0"), seconds("soon")), (Some(3e-3), None, None));
        assert_eq!((factor("1.8"), factor("2 ×"), factor("3x"), factor("-1")), (Some(1.8), Some(2.0), Some(3.0), None));
    }
}
