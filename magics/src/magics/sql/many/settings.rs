//! The options of a comparison.

use super::super::engines::{ENGINES, shown};
use crate::error::MagicError;
use crate::machine::Machine;
use crate::nearest::suggestion;
use crate::registry::Call;
use crate::stats::verdict::fewest_rounds;

/// Counted rounds when `--repeat` is absent: the fewest that give an interval; several engines need more to be told apart.
pub const ROUNDS: usize = 6;
/// Seconds after which an engine is given up when `--timeout` is absent.
pub const TIMEOUT_S: f64 = 60.0;
/// Relative tolerance of floats and decimals when `--tolerance` is absent.
pub const TOLERANCE: f64 = 1e-9;

/// What was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// At least one, each once.
    pub engines: Vec<String>,
    /// The engine whose answer and time the others are held against, when one was named.
    pub baseline: Option<String>,
    pub tolerance: f64,
    pub rounds: usize,
    pub threads: usize,
    pub timeout_s: f64,
    pub connect: Option<String>,
    /// Rows shown.
    pub limit: usize,
    pub label: Option<String>,
    /// Rust variable that takes the rows.
    pub out: Option<String>,
}

impl Settings {
    /// The options of a call; `None` without `--engines`.
    ///
    /// # Errors
    /// Options that exclude each other, values out of range, options that need `--engines`.
    pub fn of(call: &Call, limit: usize, rounds: Option<usize>, out: Option<String>) -> Result<Option<Self>, MagicError> {
        let options = &call.options;
        let Some(engines) = options.list("engines") else {
            for option in ["baseline", "tolerance"] {
                if options.has(option) {
                    let hint = format!("add `--engines {}` to run the query on several engines", ENGINES[..3].join(","));
                    return Err(options.error_at(option, format!("`--{option}` compares engines"), Some(hint)));
                }
            }
            return Ok(None);
        };
        for option in ["engine", "explain", "profile"] {
            if options.has(option) {
                let message = format!("`--{option}` and `--engines` exclude each other");
                return Err(options.error_at(option, message, Some("leave one out".into())));
            }
        }
        let baseline = options.text("baseline").map(str::to_owned);
        if let Some(name) = baseline.as_deref().filter(|name| !engines.iter().any(|engine| engine == name)) {
            let near = suggestion(name, engines.iter().map(String::as_str)).unwrap_or_default();
            let hint = format!("{near} `--engines` names {}", engines.join(", "));
            return Err(options.error_at("baseline", format!("`{name}` is not among the engines"), Some(hint.trim().to_owned())));
        }
        let tolerance = options.float("tolerance").unwrap_or(TOLERANCE);
        if !(0.0..1.0).contains(&tolerance) {
            let hint = Some(format!("it is relative: 0 for exact, {TOLERANCE:e} by default"));
            return Err(options.error_at("tolerance", format!("`{tolerance}` is no tolerance"), hint));
        }
        let connect = options.text("connect").map(str::to_owned);
        if let Some(server) = connect.as_deref().map(server_of).filter(|server| !engines.iter().any(|engine| engine == server)) {
            let message = format!("this is the address of {}, which is not among the engines", shown(server));
            return Err(options.error_at("connect", message, Some(format!("add `{server}` to `--engines`"))));
        }
        Ok(Some(Self {
            engines: engines.to_vec(),
            baseline,
            tolerance,
            rounds: rounds.unwrap_or_else(|| ROUNDS.max(fewest_rounds(engines.len().saturating_sub(1)))),
            threads: threads(call)?.unwrap_or_else(|| Machine::read().available_cpus),
            timeout_s: timeout_s(call)?.unwrap_or(TIMEOUT_S),
            connect,
            limit,
            label: options.text("label").map(str::to_owned).or_else(|| out.clone()),
            out,
        }))
    }

    /// The address for an engine, when the one that was given is its.
    pub fn address(&self, engine: &str) -> Option<String> {
        self.connect.clone().filter(|address| server_of(address) == engine)
    }
}

/// The engine that an address belongs to.
fn server_of(address: &str) -> &'static str {
    if address.starts_with("sc://") { "spark" } else { "trino" }
}

/// `--threads`.
///
/// # Errors
/// None at all, or too many.
pub fn threads(call: &Call) -> Result<Option<usize>, MagicError> {
    match call.options.int("threads") {
        None => Ok(None),
        Some(threads @ 1..=1024) => Ok(usize::try_from(threads).ok()),
        Some(threads) => {
            Err(call.options.error_at("threads", format!("cannot use {threads} threads"), Some("give a number from 1 to 1024".into())))
        }
    }
}

/// `--timeout` in seconds.
///
/// # Errors
/// No time at all.
pub fn timeout_s(call: &Call) -> Result<Option<f64>, MagicError> {
    match call.options.duration_s("timeout") {
        Some(seconds) if seconds <= 0.0 => {
            Err(call.options.error_at("timeout", "the time limit must be longer than nothing", Some("for example `--timeout 30s`".into())))
        }
        seconds => Ok(seconds),
    }
}
