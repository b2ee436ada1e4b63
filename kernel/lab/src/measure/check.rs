//! `%%check`: what a gate's code says, and one round of an expression that is compared with another.

use std::fmt::Display;

use serde_json::json;

use super::Sample;
use crate::AnyError;
use crate::runtime::{Quiet, event};

/// What the code of a gate may end with.
pub trait Gate {
    /// Whether it holds; a text says why it does not.
    ///
    /// # Errors
    /// The text.
    fn holds(self) -> Result<bool, String>;
}

/// Code of `assert!`s that all passed.
impl Gate for () {
    fn holds(self) -> Result<bool, String> {
        Ok(true)
    }
}

impl Gate for bool {
    fn holds(self) -> Result<bool, String> {
        Ok(self)
    }
}

impl<T: Gate, E: Display> Gate for Result<T, E> {
    fn holds(self) -> Result<bool, String> {
        match self {
            Ok(value) => value.holds(),
            Err(why) => Err(why.to_string()),
        }
    }
}

/// Sends `gate`: `holds`, and `message` when the code said why not.
pub fn gate(value: impl Gate) {
    match value.holds() {
        Ok(holds) => event("gate", &json!({"holds": holds})),
        Err(message) => event("gate", &json!({"holds": false, "message": message})),
    }
}

/// Least length of a round's batch.
const ROUND_S: f64 = 2e-3;

/// One round: batches of 1, 2, 4 … iterations until one is long enough; that one counts, those before it warm up.
/// `sample` runs the code as often as it is told and returns the time of that batch.
///
/// Sends one `sample` (`s`: seconds per iteration, `n`: iterations).
///
/// # Errors
/// The first error of the measured code.
pub fn round(mut sample: impl FnMut(u64) -> Result<Sample, AnyError>) -> Result<(), AnyError> {
    let _quiet = Quiet::new();
    let mut n = 1_u64;
    loop {
        let seconds = sample(n)?.seconds();
        if seconds >= ROUND_S || n >= 1 << 36 {
            event("sample", &json!({"s": seconds / n as f64, "n": n}));
            return Ok(());
        }
        n *= 2;
    }
}
